"""Spot checks (抽查): ordered at random or by name, recorded with what was found, and what that proves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import look_of, looked
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.posts import no_hall
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.store.facts.look import Look
from monitor.supervision.commands import require_known
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.supervision.spotlist import (
    STATES,
    SpotFile,
    SpotsAsked,
    counts,
    list_spots,
    orderable,
    require_spot,
    spot_file,
)
from monitor.supervision.spotresults import RESULTS, Found, record
from monitor.supervision.spots import Order, order
from monitor.wording.posts import SPOT_CAUSES, SPOT_RESULTS, SPOT_STATES
from monitor.wording.render import pick

PER_PAGE: Final = 50
MOST_WINDOWS: Final = 200
SYSTEM: Final = ("系统", "the system")
_PLAIN_ORDER: Final[dict[str, Any]] = {"how": "random", "count": "1", "windows": []}
NUMBER: Final = Path(ge=1, le=INT64)


def add_spots(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_order(pages, deps)
    _add_one(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "posts:check")

    @pages.get("/spots")
    def spots(
        request: Request,
        hall: str = filter_of(),
        window: str = filter_of(),
        state: str = filter_of(),
        done: str = filter_of(),
        before: int | None = Query(None, ge=1, le=INT64),
        signed: Signed = Depends(person),
    ) -> Response:
        asked = {"hall": hall, "window": window, "state": state}
        return _list(request, deps, signed, asked, before=before, done=done)


def _list(
    request: Request, deps: Deps, signed: Signed, asked: dict[str, str], *, before: int | None = None, done: str = "",
    status: int = 200, fault: str = "", given: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    """PER_PAGE at once, the newest first, with the form that orders some more."""
    chosen = SpotsAsked(
        hall=asked["hall"] or None, window=asked["window"] or None, before=before,
        state=next((one for one in STATES if one == asked["state"]), None),
    )  # fmt: skip
    with looked(deps) as look:
        halls = halls_within(look.registry, signed.person)
        if asked["hall"] and asked["hall"] not in halls:
            raise no_hall(asked["hall"])
        rows = list_spots(look.conn, look.registry, look.now, signed.person, chosen, PER_PAGE)
        many = counts(look.conn, look.now, signed.person, chosen.hall)
        of = asked["hall"] if asked["hall"] in halls else next(iter(halls), "")
        free = orderable(look, signed.person, of) if of else []
        shown, last = cut(rows, PER_PAGE)
        words = words_for(look.conn, look.registry, language_of(request), [], [one["ordered_by"] for one in shown])
    kept = {name: value for name, value in asked.items() if value}
    windows = [
        (w.name or w.id, w.id)
        for _, w in sorted(look.registry.windows.items())
        if w.hall in halls and asked["hall"] in ("", w.hall)
    ]  # fmt: skip
    return page(
        request, "spots.html", status, signed=signed, asked=asked, filtered=bool(kept), halls=halls, hall=of,
        windows=windows, rows=[check_view(one, words) for one in shown], fault=fault, done=done,
        states=[(one, pick(SPOT_STATES[one], words.language), many[one]) for one in STATES],
        free=[(one, words.name("window", one)) for one in free],
        given=given or {**_PLAIN_ORDER, "within": str(deps.policy.post.spot_within_minutes)},
        next=f"/spots?{urlencode({**kept, 'before': last['id']})}" if last is not None else None,
        link=lambda **more: "/spots?" + urlencode({**kept, **more}),
    )  # fmt: skip


def check_view(check: dict[str, Any], words: Words) -> dict[str, Any]:
    """A check in words; instants as such."""
    language = words.language
    instants = {
        name: datetime.fromisoformat(check[name]) if check[name] else None
        for name in ("ordered_at", "due_at", "seen_at", "recorded_at")
    }
    return {
        **check,
        **instants,
        "place": words.name("window", check["window"]),
        "hall_name": words.name("hall", check["hall"]),
        "cause_word": pick(SPOT_CAUSES.get(check["cause"], (check["cause"],) * 2), language),
        "result_word": pick(SPOT_RESULTS[check["result"]], language) if check["result"] else "",
        "by": pick(SYSTEM, language) if check["ordered_by"] == "system" else words.name("user", check["ordered_by"]),
        "recorder": words.name("user", check["recorded_by"]),
    }


def _add_order(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "posts:check")

    @pages.post("/spots")
    def order_some(
        request: Request,
        hall: str = Form("", max_length=64),
        how: str = Form("random", max_length=10),
        count: str = Form("1", max_length=5),
        within: str = Form("", max_length=6),
        windows: list[str] = Form([], max_length=MOST_WINDOWS),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Order checks; then the list of the open ones, with the draw named."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"how": how, "count": count, "within": within, "windows": windows}

        with deps.store.read() as conn:
            require_known(deps.registry.get(conn), signed.person, hall=hall)

        def act(conn: Connection) -> None:
            look = look_of(deps, conn)
            order(look, deps.policy.post, _wanted(hall, how, count, within, windows), actor=signed.person)

        try:
            deps.store.step(act)
        except Refused as error:
            if error.sort != "input":
                raise
            asked = {"hall": hall, "window": "", "state": ""}
            return _list(request, deps, signed, asked, status=422, fault=error.text, given=given)
        deps.heard()
        return RedirectResponse("/spots?" + urlencode({"hall": hall, "state": "open", "done": "ordered"}), SEE_OTHER)


def _wanted(hall: str, how: str, count: str, within: str, windows: Iterable[str]) -> Order:
    """What the form asks for. Raises Refused."""
    minutes = whole(within, "within", 1, 24 * 60) if within else None
    span = timedelta(minutes=minutes) if minutes is not None else None
    if how == "named":
        named = tuple(one for one in windows if one)
        if not named:
            raise Refused("请选择窗口 choose a window", field="windows")
        return Order(hall=hall, named=named, within=span)
    return Order(hall=hall, count=whole(count, "count", 1, MOST_WINDOWS), within=span)


def whole(text: str, field: str, least: int, most: int) -> int:
    """A whole number of a form. Raises Refused."""
    found = int(text) if text.isascii() and text.isdigit() else -1
    if not least <= found <= most:
        raise Refused(
            f"{text[:20]!r} 应为 {least}–{most} 的整数 is no whole number from {least} to {most}", field=field
        )
    return found


def _add_one(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "posts:check")

    @pages.get("/spots/{number}")
    def spot(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.post("/spots/{number}/result")
    def result(
        request: Request,
        number: int = NUMBER,
        found: str = Form("", max_length=20),
        people: str = Form("", max_length=5),
        at: str = Form("", max_length=40),
        note: str = Form("", max_length=5000),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """What was found, once; again it is a correction, which needs a reason."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"found": found, "people": people, "at": at, "note": note}

        def act(conn: Connection) -> None:
            look = look_of(deps, conn)
            row = require_spot(conn, look.registry, signed.person, number)
            seen = _seen_at(at, look.registry.zone_of(row.hall), look.now)
            many = whole(people, "people", 0, 999) if people else None
            said = Found(result=found, at=seen, people=many, note=note)
            record(
                conn, number, said, look.registry, look.book, actor=signed.person, now=look.now,
                correct=row.result is not None,
            )  # fmt: skip

        try:
            deps.store.step(act)
        except Refused as error:
            if error.sort != "input":
                raise
            return _one(request, deps, signed, number, status=422, fault=error.text, given=given)
        deps.heard()
        return RedirectResponse(f"/spots/{number}?done=recorded", SEE_OTHER)


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with looked(deps) as look:
        file = spot_file(look, deps.policy.post, signed.person, number)
        acting = [file.check["ordered_by"], file.check["recorded_by"], *(one.by for one in file.records)]
        words = words_for(look.conn, look.registry, language_of(request), [], acting)
    zone = look.registry.zone_of(file.check["hall"])
    return page(
        request, "spot.html", status, signed=signed, check=check_view(file.check, words), done=done, fault=fault,
        given=given or {"found": "", "people": "", "at": "", "note": ""}, zone=str(zone),
        results=[(one, pick(SPOT_RESULTS[one], words.language)) for one in RESULTS], **_about(file, zone, words, look),
    )  # fmt: skip


def _about(file: SpotFile, zone: ZoneInfo, words: Words, look: Look) -> dict[str, Any]:
    draw = file.draw
    known = look.registry.windows.get(file.check["window"])
    seen = file.check["seen_at"]
    return {
        "draw": None if draw is None else {
            **draw, "candidates": [words.name("window", one) for one in draw["candidates"]],
            "drawn": [words.name("window", one) for one in draw["drawn"]],
            "again": [words.name("window", one) for one in draw["again"]],
            "unknown": [words.name("window", one) for one in draw["unknown"]],
        },
        "records": [
            {
                "at": one.at.astimezone(zone), "by": words.name("user", one.by), "people": one.people, "note": one.note,
                "result": pick(SPOT_RESULTS[one.result], words.language),
                "seen_at": one.seen_at.astimezone(zone) if one.seen_at else None,
            }
            for one in file.records
        ],
        "holds_to": file.holds_to.astimezone(zone) if file.holds_to else None,
        "min_staff": known.min_staff if known else 1,
        "latest": f"{look.now.astimezone(zone):%Y-%m-%dT%H:%M}",
        "seen_day": _day(seen),
    }  # fmt: skip


def _day(seen: str | None) -> date | None:
    return datetime.fromisoformat(seen).date() if seen else None


def _seen_at(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """What `datetime-local` gives, in the hall's zone; empty: now. Raises Refused."""
    if not text:
        return now
    try:
        local = datetime.fromisoformat(text)
        return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            f"时间应写作 2026-03-04T09:30 a time is written 2026-03-04T09:30, not {text[:40]!r}", field="at"
        ) from None
