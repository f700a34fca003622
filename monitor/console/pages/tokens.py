"""Tokens of the API (令牌): whose, for what, until when, last used; making one, shown once, and revoking."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.people import Short, said_of
from monitor.console.pages.peopleview import Said
from monitor.console.pages.session import require_own_form, require_person, way_in
from monitor.console.paging import cut
from monitor.store import users
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.supervision.tokenlist import KINDS, MOST, TokenLine, list_tokens, make_token
from monitor.supervision.tokens import revoke_token
from monitor.wording.actors import actor_word

STATES: Final = ("in_use", "ended")


def add_tokens(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "people:write")

    @pages.get("/tokens")
    def tokens(
        request: Request,
        state: str = filter_of(),
        kind: str = filter_of(),
        user: str = filter_of(),
        after: str = filter_of(),
        done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The newest first, 200 a page. No token's text: it is kept nowhere."""
        return _list(request, deps, signed, state=state, kind=kind, user=user, after=after, done=done)

    @pages.post("/tokens")
    def make(
        request: Request, kind: Short = "", hall: Short = "", device: Short = "", user: Short = "", days: Short = "",
        csrf: Short = "", signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """Its text stands in the answer and nowhere else."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"kind": kind, "hall": hall, "device": device, "user": user, "days": days}
        whose = {"hall": hall, "user": user}.get(kind, device).strip()
        now = way_in(deps).now()
        try:
            good = _days(days)
            text = deps.store.step(
                lambda conn: make_token(
                    conn, deps.registry.get(conn), kind, whose, days=good, actor=signed.person, now=now
                )
            )
        except Refused as error:
            if error.sort == "role":
                raise
            return _list(request, deps, signed, fault=error.text, given=given, status=422)
        return _list(request, deps, signed, made=text)

    @pages.post("/tokens/revoke")
    def revoke(
        request: Request,
        number: Annotated[int, Form(ge=1, le=INT64)],
        reason: Annotated[str, Form(max_length=5000)] = "",
        csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = way_in(deps).now()
        try:
            deps.store.step(lambda conn: revoke_token(conn, number, actor=signed.person, why=reason.strip(), now=now))
        except Refused as error:
            if error.sort != "input":
                raise
            return _list(request, deps, signed, fault=error.text, status=422)
        return RedirectResponse("/tokens?done=revoked", SEE_OTHER)


def _days(text: str) -> int | None:
    """Raises Refused."""
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise Refused("有效天数须为整数 days is a whole number", field="days")
    return int(text.strip()[:6])


def _list(
    request: Request, deps: Deps, signed: Signed, *, state: str = "", kind: str = "", user: str = "", after: str = "",
    done: str = "", fault: str = "", made: str = "", given: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    now = way_in(deps).now()
    asked = {"state": state, "kind": kind, "user": user}
    with deps.store.read() as conn:
        found = list_tokens(
            conn, signed.person, now=now, state=state if state in STATES else None,
            kind=kind if kind in KINDS else None,
            user=user or None, after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None,
        )  # fmt: skip
        said = said_of(request, deps, conn, signed)
        people = {row.id: row.name or row.id for row in users.all_of_them(conn) if row.disabled_at is None}
        names = {row.id: row.name for row in users.all_of_them(conn)}
    shown, last = cut(found, MOST)
    filters = {name: value for name, value in asked.items() if value}
    return page(
        request, "tokens.html", status, signed=signed, tokens=[_view(one, said, names) for one in shown], asked=asked,
        filtered=bool(filters), done=done, fault=fault, made=made, kinds=KINDS,
        given=given or {"kind": "", "hall": "", "device": "", "user": "", "days": "365"},
        users=sorted(people.items(), key=lambda pair: pair[1]),
        halls=sorted((h.id, h.name or h.id) for h in said.registry.halls.values()),
        devices=sorted(said.registry.devices),
        next=f"/tokens?{urlencode({**filters, 'after': last.id})}" if last is not None else None,
        elsewhere=f"/tokens?{urlencode({**filters, 'lang': 'en' if said.language == 'zh' else 'zh'})}",
    )  # fmt: skip


def _view(line: TokenLine, said: Said, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": line.id, "kind": line.kind, "user": line.user, "user_name": names.get(line.user or "") or line.user,
        "devices": line.devices, "halls": [said.name("hall", one) for one in line.halls],
        "scopes": [said.action(one) for one in line.scopes], "created": said.at(line.created),
        "made_by": line.made_by, "made_by_name": actor_word(line.made_by, names, said.language),
        "expires": said.at(line.expires), "last_used": said.at(line.last_used), "revoked": said.at(line.revoked_at),
        "state": line.state,
    }  # fmt: skip
