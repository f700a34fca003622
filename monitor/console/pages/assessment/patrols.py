"""Patrols (巡查): the day's log, and entering one on a tablet: in order, reminded on the spot, or a card by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import (
    BEFORE,
    MOST_TEXT,
    PER_PAGE,
    Told,
    carried_out,
    halls_of,
    link,
    of_page,
    told,
)
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.model import Level
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import patrols
from monitor.supervision.assessment.cycle.ground import MARK, READ, today
from monitor.supervision.commands import require_known
from monitor.supervision.reach import windows_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording import HAND_RULES, level_word
from monitor.wording.render import pick

ADDRESS: Final = "/assessment/patrols"
LEVELS: Final = ("yellow", "red")
EMPTY: Final = {"round": "", "window": "", "staff": "", "text": "", "rule": "", "level": "yellow"}


def add_patrols(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    patroller = require_person(deps, MARK)

    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        day: str | None = Query(None, max_length=10, alias="date"),
        found: str = filter_of(),
        window: str = filter_of(),
        before: int | None = BEFORE,
        number: str = Query("", pattern=r"^\d{0,2}$", alias="round"),
        done: str = filter_of(),
        card: int | None = Query(None, ge=1, le=INT64),
        signed: Signed = Depends(person),
    ) -> Response:
        """Without a date today's; an empty one: of all days. PER_PAGE at once, the newest first."""
        asked = {"hall": hall, "date": day, "found": found, "window": window}
        given = {**EMPTY, "round": number, "window": window}
        return _log(request, deps, signed, asked, given, before=before, done=done, card=card)

    @pages.post(ADDRESS)
    def enter(
        request: Request,
        hall: str = Form("", max_length=64),
        number: str = Form("1", max_length=2, alias="round"),
        found: str = Form("", max_length=20),
        window: str = Form("", max_length=64),
        staff: str = Form("", max_length=64),
        text: str = Form("", max_length=MOST_TEXT),
        rule: str = Form("", max_length=20),
        level: str = Form("yellow", max_length=10),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(patroller),
    ) -> Response:
        """What one round found; a card by hand as the command line issues it."""
        require_own_form(request, signed, {"csrf": csrf})
        with deps.store.read() as conn:
            require_known(deps.registry.get(conn), signed.person, hall=hall)
        given = {"round": number, "window": window, "staff": staff, "text": text, "rule": rule, "level": level}

        def act(look: Look) -> str:
            _, card = patrols.enter(
                look, signed.person, hall, round_of(number), found, window=window or None, staff=staff or None,
                text=text, rule=rule or None, level=level_of(level), policy_version=deps.policy.version,
            )  # fmt: skip
            return link(ADDRESS, {"hall": hall, "done": found, "card": card})

        def again(status: int, fault: str) -> Response:
            asked = {"hall": hall, "date": None, "found": "", "window": ""}
            return _log(request, deps, signed, asked, given, status=status, fault=fault, tried=found)

        return carried_out(deps, request, signed, csrf, act, again)


def round_of(text: str) -> int:
    """0, which no round has, for what is no number."""
    return int(text) if text.isascii() and text.isdigit() else 0


def level_of(text: str) -> Level:
    """Raises Refused."""
    if text not in LEVELS:
        raise Refused(f"{text[:20]!r} 应为 yellow 或 red is neither yellow nor red", field="level")
    return Level.of(text)


def _log(
    request: Request, deps: Deps, signed: Signed, asked: Mapping[str, str | None], given: Mapping[str, str], *,
    before: int | None = None, done: str = "", card: int | None = None, status: int = 200, fault: str = "",
    tried: str = "",
) -> Response:  # fmt: skip
    language = language_of(request)
    with looked(deps) as look:
        hall_asked = asked["hall"] or ""
        halls = halls_of(look, signed, hall_asked)
        hall = hall_asked or next(iter(halls), "")
        now = today(look, hall) if hall else look.now.date()
        day = now if asked["date"] is None else day_of(asked["date"])
        rows = patrols.listed(
            look, signed.person, hall=hall or None, day=day, found=asked["found"] or None,
            window=asked["window"] or None, before=before, limit=PER_PAGE,
        )  # fmt: skip
        kept = {"hall": hall_asked, "date": day.isoformat() if day else "", **_filters(asked)}
        shown, following = of_page(rows, ADDRESS, kept)
        entering = may(signed, MARK) and bool(hall)
        rounds = patrols.rounds_of(look, signed.person, hall) if entering else []
        places = patrols.places_of(look, hall) if hall else patrols.Places()
        theirs = windows_within(look.registry, signed.person)
        saying = told(look, request, cycle.PATROL, shown, people=[one for one, _ in places.staff] if entering else [])
    name = saying.words.name
    return page(
        request, "assess_patrols.html", status, signed=signed, halls=halls, hall=hall, day=day, today=now,
        asked={**asked, "date": day.isoformat() if day else ""}, filtered=bool(_filters(asked)) or day != now,
        rows=[_row(row, saying) for row in shown], next=following, link=lambda **more: link(ADDRESS, kept, **more),
        founds=[(one, pick(texts, language)) for one, texts in patrols.FOUND.items()], done=done, card=card,
        done_word=pick(patrols.FOUND[done], language) if done in patrols.FOUND else "", fault=fault, tried=tried,
        entering=entering, rounds=[{"round": one.number, "at": saying.at(one.at, hall)} for one in rounds],
        given={**given, "round": given["round"] or str(next((one.number for one in rounds if one.at is None), 1))},
        windows=[(one, name("window", one)) for one in places.windows if one in theirs],
        staff=[(one, name("staff", one), name("window", window) if window else "") for one, window in places.staff],
        issuing=entering and may(signed, "cards:issue"), levels=[(one, level_word(one, language)) for one in LEVELS],
        rules=[(row, pick(rule.name, language), rule.where) for row, rule in sorted(HAND_RULES.items())],
    )  # fmt: skip


def _filters(asked: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name in ("found", "window") if (value := asked[name])}


def day_of(text: str | None) -> date | None:
    """None: of all days. Raises Refused."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(f"{text!r} 日期应写作 a date is written 2026-03-02", field="date") from None


def _row(row: Any, saying: Told) -> dict[str, Any]:
    found = patrols.FOUND.get(row.found, (row.found, row.found))
    return {
        "id": row.id, "date": row.date, "round": row.round, "found": row.found,
        "word": pick(found, saying.words.language), "by": saying.charged(row), "card": row.card,
        "text": saying.said(row, "text"), "at": saying.at(row.entered_at, row.hall), "who": saying.user(row.entered_by),
    }  # fmt: skip
