"""Public screens (电子显示屏): which there are, when each was last seen, making and revoking their tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.actors import actors
from monitor.console.pages.deviceview import ago
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.pages.statics import digest
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.screens import MAKE, MOST_NAME, PATH, create, list_screens, revoke
from monitor.supervision.signin import Signed

SEE_OTHER: Final = 303
SILENT: Final = timedelta(minutes=10)


def add_screens(pages: APIRouter, deps: Deps) -> None:
    person, maker = require_person(deps, "devices:read"), require_person(deps, MAKE)

    @pages.get("/screens")
    def screens(request: Request, done: str = "", signed: Signed = Depends(person)) -> Response:
        return _list(request, deps, signed, done=done[:20])

    @pages.post("/screens")
    def make(
        request: Request, hall: str = Form("", max_length=64), name: str = Form("", max_length=200),
        csrf: str = Form("", max_length=200), signed: Signed = Depends(maker),
    ) -> Response:  # fmt: skip
        """The address is shown with this answer and never again."""
        require_own_form(request, signed, {"csrf": csrf})

        def step(conn: Connection) -> tuple[int, str]:
            registry, now = deps.registry.get(conn), deps.clock.real_now()
            return create(conn, registry, hall, name, actor=signed.person, now=now)

        try:
            _, text = deps.store.step(step)
        except Refused as error:
            if error.sort != "input":
                raise
            return _list(request, deps, signed, fault=error.text, given={"hall": hall, "name": name}, status=422)
        address = f"{request.url.scheme}://{request.url.netloc}{PATH}#{text}"
        return _list(request, deps, signed, address=address)

    @pages.post("/screens/{number}/revoke")
    def post_revoke(
        request: Request, number: int = Path(ge=1, le=INT64), why: str = Form("", max_length=5000),
        csrf: str = Form("", max_length=200), signed: Signed = Depends(maker),
    ) -> Response:  # fmt: skip
        require_own_form(request, signed, {"csrf": csrf})
        now = deps.clock.real_now()
        try:
            deps.store.step(lambda conn: revoke(conn, number, actor=signed.person, why=why, now=now))
        except Refused as error:
            if error.sort != "input":
                raise
            return _list(request, deps, signed, fault=error.text, status=422)
        return RedirectResponse("/screens?done=revoked", SEE_OTHER)


def _list(
    request: Request, deps: Deps, signed: Signed, *, done: str = "", fault: str = "", address: str = "",
    given: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    language, now = language_of(request), deps.clock.real_now()
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        found = list_screens(conn, signed.person)
        who = actors(conn, language)

    def view(row: Any) -> dict[str, Any]:
        zone, hall = registry.zone_of(row.hall), registry.halls.get(row.hall)
        seen: datetime | None = row.seen_at
        return {
            "id": row.id, "name": row.name, "hall": (hall.name if hall else "") or row.hall, "token": row.token,
            "created": row.created.astimezone(zone), "by": who(row.created_by),
            "seen": seen.astimezone(zone) if seen is not None else None,
            "ago": ago(now - seen, language) if seen is not None else "",
            "silent": seen is not None and now - seen > SILENT, "old": bool(row.version) and row.version != digest(),
            "revoked": row.revoked_at.astimezone(zone) if row.revoked_at is not None else None,
        }  # fmt: skip

    return page(
        request, "screens.html", status, signed=signed, rows=[view(row) for row in found], done=done, fault=fault,
        address=address, given=given or {"hall": "", "name": ""}, halls=halls_within(registry, signed.person),
        may_make=may(signed, MAKE), most=MOST_NAME,
    )  # fmt: skip
