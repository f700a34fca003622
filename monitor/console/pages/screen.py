"""The page of a public screen (电子显示屏) and its service worker; what it asks for is /screen/api. Nobody signs in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from monitor.console.pages.frame import page, texts
from monitor.console.pages.screenwords import screen_words
from monitor.console.pages.statics import answer, digest


def add_screen(pages: APIRouter) -> None:
    @pages.get("/screen")
    def screen(request: Request) -> Response:
        """For everybody: what it may show hangs on the screen's token, which the address holds behind `#`."""
        return page(request, "screen.html", words=screen_words(texts(request)), version=digest())

    @pages.get("/screen/sw.js")
    def service_worker(request: Request) -> Response:
        """Not below /static/, for it must stand above the page that it serves."""
        return answer(request, "sw.js", **{"Service-Worker-Allowed": "/screen"})
