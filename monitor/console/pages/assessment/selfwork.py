"""Self-assessments (自评): a month's windows beside their ledgers, handing one in, and its review."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response

from monitor.access import Target, covers
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import MOST_TEXT, NUMBER, Told, carried_out, halls_of, link, told
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.ledgers import points
from monitor.supervision.assessment.cycle import selfboard, selfwork
from monitor.supervision.assessment.cycle.ground import (
    CONFIRM,
    READ,
    SELF,
    require,
    require_period,
    today,
    window_place,
)
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/self"


def add_selfwork(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    _add_handing_in(pages, deps)

    @pages.get(ADDRESS)
    def board(
        request: Request,
        hall: str = filter_of(),
        month: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The windows of one hall within reach, of one month: bounded by the hall."""
        with looked(deps) as look:
            halls = halls_of(look, signed, hall)
            of = hall or next(iter(halls), "")
            now = f"{today(look, of):%Y-%m}" if of else f"{look.now:%Y-%m}"
            shown = require_period(month, "month") if month else now
            lines, beside = selfboard.board(look, signed.person, of, shown) if of else ([], selfboard.Beside(scores={}))
            rows = [one.row for one in lines if one.row is not None]
            saying = told(look, request, cycle.SELF, rows)
            told_lines = [_line(one, saying, look, signed, shown) for one in lines]
        return page(
            request, "assess_selves.html", signed=signed, halls=halls, hall=of, month=shown, lines=told_lines,
            beside=beside, now=now, before=link(ADDRESS, {"hall": hall, "month": step(shown, -1)}),
            then=link(ADDRESS, {"hall": hall, "month": step(shown, 1)}) if shown < now else None,
            handed=len(rows), late=sum(one["late"] for one in told_lines if not one["id"]),
        )  # fmt: skip

    @pages.get(ADDRESS + "/{number}")
    def one(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.post(ADDRESS + "/{number}/review")
    def review(
        request: Request,
        number: int = NUMBER,
        score: str = Form("", max_length=12, alias="points"),
        reason: str = Form("", max_length=MOST_TEXT),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, CONFIRM)),
    ) -> Response:
        """Sign it off; it is locked from then on."""

        def act(look: Look) -> str:
            selfwork.review(look, signed.person, number, decimal(score), reason)
            return f"{ADDRESS}/{number}?done=reviewed"

        def again(status: int, fault: str) -> Response:
            return _one(request, deps, signed, number, status, fault, {"points": score, "reason": reason})

        return carried_out(deps, request, signed, csrf, act, again)


def _add_handing_in(pages: APIRouter, deps: Deps) -> None:
    lead = require_person(deps, SELF)

    @pages.get(ADDRESS + "/new")
    def form(
        request: Request, window: str = filter_of(), month: str = filter_of(), signed: Signed = Depends(lead)
    ) -> Response:
        """Empty, or with what was handed in before and nobody has reviewed."""
        return _form(request, deps, signed, window, month)

    @pages.post(ADDRESS)
    def hand_in(
        request: Request,
        window: str = Form("", max_length=64),
        month: str = Form("", max_length=7),
        score: str = Form("", max_length=12, alias="points"),
        text: str = Form("", max_length=MOST_TEXT),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(lead),
    ) -> Response:
        def act(look: Look) -> str:
            number = selfwork.hand_in(look, signed.person, window, month, decimal(score), text)
            return f"{ADDRESS}/{number}?done=handed"

        def again(status: int, fault: str) -> Response:
            return _form(request, deps, signed, window, month, status, fault, {"points": score, "text": text})

        return carried_out(deps, request, signed, csrf, act, again)


def decimal(text: str) -> Decimal:
    """Raises Refused."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Refused(f"{text[:12]!r} 不是分数 is no score", field="points")
    return found


def step(month: str, by: int) -> str:
    """The month before or after."""
    year, number = map(int, month.split("-"))
    years, left = divmod(number - 1 + by, 12)
    return f"{year + years:04}-{left + 1:02}"


def _form(
    request: Request, deps: Deps, signed: Signed, window: str, month: str, status: int = 200, fault: str = "",
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with looked(deps) as look:
        if window and not fault:
            require(look, signed.person, SELF, window_place(look, window))
        if month and not fault:
            require_period(month, "month")
        place = look.registry.windows.get(window)
        known = place is not None and covers(signed.person, Target(hall=place.hall, unit=place.unit, window=window))
        hall = place.hall if known and place is not None else ""
        shown = month or (f"{today(look, hall):%Y-%m}" if hall else f"{look.now:%Y-%m}")
        row = selfwork.of_window(look, window, shown) if known else None
        saying = told(look, request, cycle.SELF, [row] if row is not None else [])
        beside = selfboard.beside(look, hall, shown, [window]) if hall and is_month(shown) else None
        mine = selfwork.windows_of(look, signed.person)
    before = {"points": "", "text": ""}
    if row is not None:
        before = {"points": str(points(row.points_cents)), "text": saying.said(row, "text") or ""}
    return page(
        request, "assess_self_new.html", status, signed=signed, window=window, month=shown, fault=fault,
        given=given or before, again=row is not None, locked=row is not None and row.reviewed_at is not None,
        windows=[(one, saying.words.name("window", one)) for one in mine], beside=beside,
        score=beside.scores.get(window) if beside is not None else None, most=MOST_TEXT,
    )  # fmt: skip


def is_month(text: str) -> bool:
    try:
        date.fromisoformat(f"{text}-01")
    except ValueError:
        return False
    return True


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, status: int = 200, fault: str = "",
    given: dict[str, str] | None = None, *, done: str = "",
) -> Response:  # fmt: skip
    with looked(deps) as look:
        row = selfwork.one(look, signed.person, number)
        saying = told(look, request, cycle.SELF, [row])
        beside = selfboard.beside(look, row.hall, row.month, [row.window])
        anew = row.reviewed_at is None and may(signed, SELF) and cycle.closed(look.conn, row.hall, row.month) is None
    own = row.handed_by == signed.person.id
    claimed, score = points(row.points_cents), beside.scores.get(row.window)
    return page(
        request, "assess_self.html", status, signed=signed, done=done, fault=fault, own=own,
        one={
            "id": row.id, "month": row.month, "by": saying.charged(row), "claimed": claimed,
            "text": saying.said(row, "text"), "who": saying.user(row.handed_by),
            "at": saying.at(row.handed_at, row.hall), "reviewed": _points(row.reviewed_cents),
            "review": saying.said(row, "review"), "reviewer": saying.user(row.reviewed_by),
            "reviewed_at": saying.at(row.reviewed_at, row.hall),
        },
        beside=beside, score=score, difference=_signed(claimed - score) if score is not None else None,
        given=given or {"points": "", "reason": ""}, most=MOST_TEXT,
        reviewing=row.reviewed_at is None and may(signed, CONFIRM),
        anew=link(f"{ADDRESS}/new", {"window": row.window, "month": row.month}) if anew else None,
    )  # fmt: skip


def _line(line: selfboard.Line, saying: Told, look: Look, signed: Signed, month: str) -> dict[str, Any]:
    row, words = line.row, saying.words
    place = look.registry.windows[line.window]
    claimed = _points(row.points_cents) if row is not None else None
    waits = row is None and line.task is not None and line.task.done_at is None
    mine = may(signed, SELF) and (row is None or row.reviewed_at is None)
    return {
        "id": row.id if row is not None else None, "window": words.name("window", line.window),
        "window_id": line.window,
        "unit": words.name("unit", line.unit), "claimed": claimed, "score": line.score,
        "difference": _signed(claimed - line.score) if claimed is not None and line.score is not None else None,
        "reviewed": _points(row.reviewed_cents) if row is not None else None,
        "who": saying.user(row.handed_by) if row is not None else "",
        "at": saying.at(row.handed_at, place.hall) if row is not None else None,
        "due": saying.at(line.task.due, place.hall) if waits and line.task is not None else None,
        "late": line.late(look), "to_review": row is not None and row.reviewed_at is None and may(signed, CONFIRM),
        "hand_in": link(f"{ADDRESS}/new", {"window": line.window, "month": month}) if mine and row is None else None,
    }  # fmt: skip


def _points(cents: int | None) -> Decimal | None:
    return points(cents) if cents is not None else None


def _signed(difference: Decimal) -> str:
    """+0.50, −0.20; empty where there is none."""
    return f"{difference:+.2f}".replace("-", "−") if difference else ""
