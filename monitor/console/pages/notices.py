"""Notices for the public screen (公告): the list, writing one, a preview, release and taking back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, Row

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.actors import Who, actors
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.model import Registry
from monitor.supervision.notices import (
    KINDS,
    MOST_REFERENCE,
    MOST_TEXT,
    MOST_TITLE,
    RELEASE,
    WRITE,
    Chosen,
    Draft,
    list_notices,
    mark_of,
    release,
    require_notice,
    state_of,
    take_back,
    write,
)
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.screenfeed import as_shown, names_of
from monitor.supervision.signin import Signed
from monitor.wording.notices import KINDS as KIND_WORDS
from monitor.wording.notices import STATES as STATE_WORDS
from monitor.wording.render import pick

SEE_OTHER: Final = 303
PAGE: Final = 100
NUMBER: Final = Path(ge=1, le=INT64)
FIELDS: Final = ("hall", "kind", "title", "text", "from", "to", "card", "reference")
PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"


def add_notices(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, WRITE)
    _add_list(pages, deps, person)
    _add_writing(pages, deps, person)
    _add_one(pages, deps, person)
    _add_steps(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/notices")
    def notices(
        request: Request,
        hall: str = Query("", max_length=64, pattern=PLAIN),
        kind: str = Query("", max_length=20, pattern=PLAIN),
        after: str = Query("", pattern=r"^\d{0,18}$"),
        signed: Signed = Depends(person),
    ) -> Response:
        """100 a page, the newest first."""
        language, now = language_of(request), deps.clock.now()
        chosen = Chosen(hall=hall or None, kind=kind or None, before=int(after) if after else None)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = list_notices(conn, signed.person, chosen, PAGE)
            who = actors(conn, language)
        shown, last = cut(found, PAGE)
        given = {name: value for name, value in {"hall": hall, "kind": kind}.items() if value}
        return page(
            request, "notices.html", signed=signed, rows=[_row(row, registry, language, now, who) for row in shown],
            asked={"hall": hall, "kind": kind}, filtered=bool(given), halls=halls_within(registry, signed.person),
            kinds=[(one, pick(KIND_WORDS[one], language)) for one in KINDS],
            next=f"/notices?{urlencode({**given, 'after': last.id})}" if last is not None else None,
        )  # fmt: skip


def _row(row: Row[Any], registry: Registry, language: Language, now: datetime, who: Who) -> dict[str, Any]:
    zone = registry.zone_of(row.hall)
    state = state_of(row, zone, now)
    hall = registry.halls.get(row.hall)
    return {
        "id": row.id, "hall": (hall.name if hall else "") or row.hall, "kind": pick(KIND_WORDS[row.kind], language),
        "state": state, "word": pick(STATE_WORDS[state], language), "title": row.title, "text": row.text,
        "first": row.first, "last": row.last, "card": row.card, "reference": row.reference, "author": who(row.author),
        "written": row.written.astimezone(zone), "released_by": who(row.released_by), "ended_by": who(row.ended_by),
        "released_at": row.released_at.astimezone(zone) if row.released_at else None,
        "ended_at": row.ended_at.astimezone(zone) if row.ended_at else None,
    }  # fmt: skip


# --------------------------------------------------------------------------- writing


def _add_writing(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/notices/new")
    def new(
        request: Request,
        card: str = Query("", pattern=r"^\d{0,18}$"),
        signed: Signed = Depends(person),
    ) -> Response:
        """`card`: filled in, for links from a card's page."""
        given = dict.fromkeys(FIELDS, "") | ({"kind": "circular", "card": card} if card else {"kind": "notice"})
        return _form(request, deps, signed, given)

    @pages.post("/notices")
    def post(request: Request, given: dict[str, str] = Depends(_given), signed: Signed = Depends(person)) -> Response:
        return _written(request, deps, signed, given)

    @pages.post("/notices/{number}")
    def rewrite(
        request: Request,
        number: int = NUMBER,
        given: dict[str, str] = Depends(_given),
        signed: Signed = Depends(person),
    ) -> Response:
        """A draft alone; whoever writes it last is its writer."""
        return _written(request, deps, signed, given, number)


def _given(
    hall: str = Form("", max_length=64),
    kind: str = Form("", max_length=20),
    title: str = Form("", max_length=200),
    text: str = Form("", max_length=2000),
    first: str = Form("", max_length=10, alias="from"),
    last: str = Form("", max_length=10, alias="to"),
    card: str = Form("", max_length=20),
    reference: str = Form("", max_length=200),
    csrf: str = Form("", max_length=200),
) -> dict[str, str]:
    return {
        "hall": hall, "kind": kind, "title": title, "text": text, "from": first, "to": last, "card": card,
        "reference": reference, "csrf": csrf,
    }  # fmt: skip


def _form(
    request: Request, deps: Deps, signed: Signed, given: Mapping[str, str], number: int | None = None, fault: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    language = language_of(request)
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    halls = halls_within(registry, signed.person)
    today = deps.clock.now().astimezone(registry.zone_of(given["hall"] or next(iter(halls), None))).date()
    return page(
        request, "notice_form.html", status, signed=signed, given=given, fault=fault, number=number, halls=halls,
        kinds=[(one, pick(KIND_WORDS[one], language)) for one in KINDS], today=today.isoformat(),
        most={"title": MOST_TITLE, "text": MOST_TEXT, "reference": MOST_REFERENCE},
    )  # fmt: skip


def _written(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], number: int | None = None
) -> Response:
    require_own_form(request, signed, given)

    def step(conn: Connection) -> int:
        registry = deps.registry.get(conn)
        return write(
            conn, registry, draft_of(given), actor=signed.person, now=deps.clock.now(), number=number
        )  # fmt: skip

    try:
        made = deps.store.step(step)
    except Refused as error:
        if error.sort != "input":
            raise
        return _form(request, deps, signed, given, number, error.text, 422)
    return RedirectResponse(f"/notices/{made}?done=written", SEE_OTHER)


def draft_of(given: Mapping[str, str]) -> Draft:
    """Raises Refused."""
    card = given["card"].strip()
    if card and not (card.isascii() and card.isdigit() and int(card) <= INT64):
        raise Refused(f"{card[:20]!r} 不是牌号 is no card's number", field="card")
    return Draft(
        hall=given["hall"], kind=given["kind"], title=given["title"], text=given["text"].replace("\r\n", "\n"),
        first=_day(given["from"], "from"), last=_day(given["to"], "to"), card=int(card) if card else None,
        reference=given["reference"],
    )  # fmt: skip


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"日期应写作 write a day as 2026-03-04, not {text[:20]!r}", field=field) from None


# --------------------------------------------------------------------------- one of them


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/notices/{number}")
    def notice(
        request: Request, number: int = NUMBER, done: str = Query("", max_length=20), signed: Signed = Depends(person)
    ) -> Response:
        """As on the screen, and the steps that are open to whoever looks."""
        return _one(request, deps, signed, number, done)

    @pages.get("/notices/{number}/edit")
    def edit(request: Request, number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        with deps.store.read() as conn:
            row = require_notice(conn, signed.person, number)
        if row.state != "draft":
            raise Refused("已不是草稿，不能再改 it is no draft any more: take it back and write another", sort="state")
        given = {
            "hall": row.hall, "kind": row.kind, "title": row.title, "text": row.text, "from": row.first.isoformat(),
            "to": row.last.isoformat(), "card": str(row.card or ""), "reference": row.reference,
        }  # fmt: skip
        return _form(request, deps, signed, given, number)


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, done: str = "", fault: str = "", status: int = 200,
    why: str = "",
) -> Response:  # fmt: skip
    language = language_of(request)
    with looked(deps) as look:
        row = require_notice(look.conn, signed.person, number)
        shown = as_shown(row, names_of(look, row.hall, deps.screen.names))
        who = actors(look.conn, language)
    kinds = {"notice": "notices", "praise": "praise", "circular": "circulars"}
    told = _row(row, look.registry, language, look.now, who)
    return page(
        request, "notice.html", status, signed=signed, notice=told, shown=shown, done=done, fault=fault, why=why,
        on_show=kinds[row.kind] in deps.screen.show, names=deps.screen.names, is_author=row.author == signed.person.id,
        may_release=may(signed, RELEASE), zone=str(look.registry.zone_of(row.hall)), mark=mark_of(row),
        changed=shown["text"] != row.text
        or shown["title"] != row.title,
    )  # fmt: skip


def _add_steps(pages: APIRouter, deps: Deps, person: Any) -> None:
    releaser = require_person(deps, RELEASE)

    @pages.post("/notices/{number}/release")
    def post_release(
        request: Request, number: int = NUMBER, csrf: str = Form("", max_length=200),
        seen: str = Form("", max_length=40), signed: Signed = Depends(releaser),
    ) -> Response:  # fmt: skip
        """What was read is released: a draft that was written anew since is shown again (409)."""
        require_own_form(request, signed, {"csrf": csrf})
        try:
            deps.store.step(lambda conn: release(conn, number, actor=signed.person, now=deps.clock.now(), seen=seen))
        except Refused as error:
            if error.sort != "state":
                raise
            return _one(request, deps, signed, number, fault=error.text, status=409)
        return RedirectResponse(f"/notices/{number}?done=released", SEE_OTHER)

    @pages.post("/notices/{number}/take-back")
    def post_take_back(
        request: Request, number: int = NUMBER, why: str = Form("", max_length=5000),
        csrf: str = Form("", max_length=200), signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        require_own_form(request, signed, {"csrf": csrf})
        try:
            deps.store.step(lambda conn: take_back(conn, number, actor=signed.person, why=why, now=deps.clock.now()))
        except Refused as error:
            if error.sort != "input":
                raise
            return _one(request, deps, signed, number, fault=error.text, status=422, why=why)
        return RedirectResponse(f"/notices/{number}?done=taken_back", SEE_OTHER)
