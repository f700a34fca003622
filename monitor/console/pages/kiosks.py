"""Kiosks (签到终端): how each is, its token; a token is made and shown once, or ended."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.answers import STATUS
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of, words_of
from monitor.console.pages.deviceview import line_view
from monitor.console.pages.frame import may, page
from monitor.console.pages.ratinglink import qr_code
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.supervision.devicelist import MOST
from monitor.supervision.kioskdesk import end_tokens, list_kiosks, make_token
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

DEVICE: Final = Path(max_length=64, pattern=PLAIN)
ITSELF: Final = ("localhost", "127.0.0.1", "::1")


def add_kiosks(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_tokens(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/kiosks")
    def kiosks(
        request: Request,
        after: str = filter_of(),
        done: str = filter_of(),
        signed: Signed = Depends(require_person(deps, "devices:read")),
    ) -> Response:
        """The terminals within reach by id, with the state that the page of devices tells."""
        return _list(request, deps, signed, after=after, done=done)


def _list(
    request: Request, deps: Deps, signed: Signed, *, after: str = "", done: str = "", fault: str = "", status: int = 200
) -> Response:
    with looked(deps) as look:
        found = list_kiosks(look, deps.policy.device, signed.person, after or None)
    said = words_of(deps, request, look)
    shown, last = cut(found, MOST)
    lines: list[dict[str, Any]] = []
    for one in shown:
        zone = said.zone(one.device.hall)
        tokens = [{"number": t.number, "created": t.created.astimezone(zone)} for t in one.tokens]
        lines.append({**line_view(one.device, said), "tokens": tokens, "whole_hall": set(one.serves) <= {"*"},
                      "serves": len(one.serves)})  # fmt: skip
    kiosks = deps.kiosks
    return page(
        request, "kiosks.html", status, signed=signed, lines=lines, done=done, fault=fault,
        may_change=may(signed, "settings:write"), enabled=kiosks is not None,
        with_faces=kiosks is not None and kiosks.faces is not None,
        many_halls=len({one["hall"] for one in lines}) > 1,
        next=f"/kiosks?after={last.device.id}" if last is not None else None,
    )  # fmt: skip


def _add_tokens(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.post("/kiosks/{device}/token")
    def token(
        request: Request, device: str = DEVICE, csrf: str = Form(""), signed: Signed = Depends(person)
    ) -> Response:
        """The address with the token is shown with this answer and never again."""
        require_own_form(request, signed, {"csrf": csrf})

        def step(conn: Connection) -> str:
            registry = deps.registry.get(conn)
            return make_token(conn, registry, device, actor=signed.person, now=deps.clock.now())

        try:
            text = deps.store.step(step)
        except Refused as error:
            if error.sort != "state":
                raise
            return _list(request, deps, signed, fault=error.text, status=STATUS[error.sort])
        base = base_of(request, deps)
        address = f"{base}/kiosk#token={text}"
        return page(
            request, "kiosk_token.html", signed=signed, device=device, address=address, code=qr_code(address),
            enabled=deps.kiosks is not None, has_camera=base.startswith("https") or urlsplit(base).hostname in ITSELF,
        )  # fmt: skip

    @pages.post("/kiosks/{device}/revoke")
    def revoke(
        request: Request,
        device: str = DEVICE,
        reason: str = Form("", max_length=5000),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})

        def step(conn: Connection) -> Any:
            registry = deps.registry.get(conn)
            return end_tokens(conn, registry, device, actor=signed.person, why=reason, now=deps.clock.now())

        try:
            deps.store.step(step)
        except Refused as error:
            if error.sort not in ("state", "input"):
                raise
            return _list(request, deps, signed, fault=error.text, status=STATUS[error.sort])
        return RedirectResponse("/kiosks?done=revoked", SEE_OTHER)


def base_of(request: Request, deps: Deps) -> str:
    """Where kiosks reach this server: by HTTPS where it is served, under the name that this browser used."""
    here = request.url
    if here.scheme != "https" and deps.https_port is not None and here.hostname not in ITSELF:
        host = f"[{here.hostname}]" if ":" in (here.hostname or "") else here.hostname
        return f"https://{host}" if deps.https_port == 443 else f"https://{host}:{deps.https_port}"
    return f"{here.scheme}://{here.netloc}"
