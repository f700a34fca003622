"""Cards: the inbox (待办), a card with what explains it and what may be done now, cards by hand (人工发牌)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.cardexport import MEDIA, exported
from monitor.console.cardfilter import STANDING, asked_cards
from monitor.console.cards import INT64, to_be_saved
from monitor.console.deps import Deps
from monitor.console.pages.cardread import card_page
from monitor.console.pages.cardview import inbox_row, words_for
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.params import Day
from monitor.console.pages.session import require_person
from monitor.console.paging import Page, asked_page, cut, key_of, sealed
from monitor.model import Registry
from monitor.store import attachments
from monitor.supervision.assessment.inbox import count_open
from monitor.supervision.assessment.proposals import CONFIRM
from monitor.supervision.cardfile import card_work
from monitor.supervision.cardlist import LEVELS, ORDERS, STATES, CardFilter, Order, counted, rows_of
from monitor.supervision.cardlist import key_of as card_key
from monitor.supervision.reach import halls_within, windows_within
from monitor.supervision.rules import RULES
from monitor.supervision.signin import Signed
from monitor.wording import level_word, rule_title, state_word

ROWS: Final = 50
Choices: TypeAlias = list[tuple[str, str]]


def add_cards(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "cards:read")

    @pages.get("/cards")
    def inbox(
        request: Request,
        chosen: CardFilter = Depends(asked_cards),
        begins: Page = Depends(asked_page),
        order: Order = "gravest",
        state: str = STANDING,
        day_from: Annotated[Day, Query(alias="from")] = None,
        day_to: Annotated[Day, Query(alias="to")] = None,
        done: int = Query(0, ge=0),
        signed: Signed = Depends(person),
    ) -> Response:
        """What somebody still has to end, red before yellow; filters stand in the address."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zone = _zone(registry, chosen.hall)
            chosen = _narrowed(chosen, state, day_from, day_to, zone, signed)
            shown = _inbox(conn, registry, request, chosen, begins, order)
            waiting = count_open(conn, signed.person) if may(signed, CONFIRM) else 0
        filters = {"state": state, "order": order, "from": day_from, "to": day_to}
        return page(
            request, "cards.html", signed=signed, chosen=chosen, filters=filters, done=done, waiting=waiting, **shown
        )

    @pages.get("/cards/since")
    def newer(request: Request, after: int = Query(ge=0, le=INT64), signed: Signed = Depends(person)) -> Response:
        """How many cards came since the inbox was opened; asked for every ten seconds."""
        chosen = CardFilter(standing=True, historic=False, who=signed.person)
        with deps.store.read() as conn:
            found = rows_of(conn, chosen, "oldest", (after,), ROWS)
        return page(request, "part_newer.html", count=len(found), most=ROWS)

    @pages.get("/cards/{number}")
    def card(
        request: Request, number: int = Path(ge=1, le=INT64), did: str = Query("", max_length=40),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        return card_page(deps, request, signed, number, did=did)

    @pages.get("/cards/{number}/files/{file}")
    def file(
        number: int = Path(ge=1, le=INT64), file: int = Path(ge=1, le=INT64), signed: Signed = Depends(person)
    ) -> Response:
        """A file that came with a step, to be saved."""
        with deps.store.read() as conn:
            seen = card_work(conn, number, {}, signed.person)
            found = attachments.content(conn, number, file) if seen is not None else None
        if found is None or found.content is None:
            raise HTTPException(404, f"card {number} has no file {file} 没有此附件, or it is erased 或已清除")
        return to_be_saved(found.content, found.name, found.media_type)

    _add_export(pages, deps)


def _add_export(pages: APIRouter, deps: Deps) -> None:
    auditing = require_person(deps, "audit:read")

    @pages.get("/cards/{number}/export.{suffix}")
    async def export(
        request: Request, suffix: str, number: int = Path(ge=1, le=INT64), signed: Signed = Depends(auditing)
    ) -> Response:
        """The card's whole file as evidence (牌卷)."""
        asked = next((one for one in MEDIA if one == suffix), None)
        if asked is None:
            raise HTTPException(404, f"{suffix}: 只有 pdf 与 json only pdf and json")
        return await run_in_threadpool(exported, deps, number, asked, signed.person, language_of(request))


def _inbox(
    conn: Connection, registry: Registry, request: Request, chosen: CardFilter, begins: Page, order: Order
) -> dict[str, Any]:
    language = language_of(request)
    after = key_of(begins, int, int) if order == "gravest" else key_of(begins, int)
    limit = min(begins.limit, ROWS)
    rows, last = cut(rows_of(conn, chosen, order, after, limit + 1), limit)
    words = words_for(conn, registry, language, [row.staff for row in rows])
    counts = counted(conn, chosen)
    newest = max((row.number for row in rows), default=0) if order != "oldest" else 0
    return {
        "rows": [inbox_row(row, words) for row in rows],
        "next": _with(request, cursor=sealed(card_key(last._asdict(), order))) if last is not None else None,
        "first": _with(request, cursor=None) if after is not None else None,
        "newest": newest,
        "levels": _levels(counts, request, language, chosen),
        "states": [(s, state_word(s, language), sum(n for (_, at), n in counts.items() if at == s)) for s in STATES],
        "standing": sum(n for (_, at), n in counts.items() if at in ("open", "acknowledged", "answered")),
        "choices": _choices(registry, chosen, language),
        "orders": ORDERS,
    }


def _levels(
    counts: Mapping[tuple[str, str], int], request: Request, language: Any, chosen: CardFilter
) -> list[dict[str, Any]]:
    """A chip a level, with how many there are of the states that are shown."""
    states = ("open", "acknowledged", "answered") if chosen.standing else (chosen.state,) if chosen.state else STATES
    found = []
    for level in reversed(LEVELS):
        count = sum(n for (own, at), n in counts.items() if own == level and at in states)
        is_on = chosen.level == level
        address = _with(request, level=None if is_on else level, cursor=None)
        found.append(
            {"level": level, "word": level_word(level, language), "count": count, "on": is_on, "href": address}
        )
    return found


def _choices(registry: Registry, chosen: CardFilter, language: Any) -> dict[str, Choices]:
    assert chosen.who is not None
    windows = windows_within(registry, chosen.who)
    halls = halls_within(registry, chosen.who)
    mine = sorted((w for w in registry.windows.values() if w.id in windows), key=lambda w: w.id)
    units = {w.unit for w in mine} | set(chosen.who.units)
    rules = sorted({rule.id for rules in RULES.values() for rule in rules})
    return {
        "hall": list(halls.items()) if len(halls) > 1 else [],
        "window": [(w.id, w.name or w.id) for w in mine],
        "unit": [(u.id, u.name or u.id) for u in sorted(registry.units.values(), key=lambda u: u.id) if u.id in units],
        "rule": [(rule, rule_title(rule, language)) for rule in rules],
    }


def _narrowed(
    chosen: CardFilter, state: str, day_from: date | None, day_to: date | None, zone: ZoneInfo, signed: Signed
) -> CardFilter:
    """The filter of the address for this person; days are those of the hall."""
    since = datetime.combine(day_from, datetime.min.time(), zone) if day_from else chosen.since
    until = datetime.combine(day_to, datetime.min.time(), zone) + timedelta(days=1) if day_to else chosen.until
    if state == STANDING:
        chosen = replace(chosen, standing=True, state=None)
    historic = False if chosen.historic is None else chosen.historic
    return replace(chosen, who=signed.person, since=since, until=until, historic=historic)


def _zone(registry: Registry, hall: str | None) -> ZoneInfo:
    return registry.zone_of(hall if hall in registry.halls else next(iter(registry.halls), None))


def _with(request: Request, **changed: str | None) -> str:
    """The page's own address with some parameters changed; None: without."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in (*changed, "done")]
    added = [(k, v) for k, v in changed.items() if v is not None]
    query = urlencode([*kept, *added])
    return f"{request.url.path}?{query}" if query else request.url.path


def back_to(path: str, **query: Any) -> Response:
    """303, so that loading the page anew sends nothing again."""
    told = urlencode({k: v for k, v in query.items() if v})
    return RedirectResponse(f"{path}?{told}" if told else path, 303)
