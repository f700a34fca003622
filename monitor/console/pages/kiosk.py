"""The kiosk's page (签到终端): the page itself and its service worker; what it asks for is `/kiosk/api`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from monitor.console.deps import Deps
from monitor.console.pages.frame import page, texts
from monitor.console.pages.kioskwords import kiosk_words
from monitor.console.pages.statics import answer


def add_kiosk(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/kiosk")
    def kiosk(request: Request) -> Response:
        """For everybody: what it may do hangs on the kiosk's token, which the address holds behind `#`."""
        https = f"https://{request.url.hostname}:{deps.https_port}/kiosk" if deps.https_port else ""
        return page(request, "kiosk.html", words=kiosk_words(texts(request)), https=https)

    @pages.get("/kiosk/sw.js")
    def service_worker(request: Request) -> Response:
        """Not below /static/, for it must stand above the page that it serves."""
        return answer(request, "sw.js", **{"Service-Worker-Allowed": "/kiosk"})
