"""Feedback letters (书面反馈, G18): issued for each window, read by its unit, acknowledged and answered."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import Row

from monitor.access import Target, covers, refusal
from monitor.assessment.scores import kind_of
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import (
    BEFORE,
    MOST_TEXT,
    NUMBER,
    PER_PAGE,
    Told,
    carried_out,
    halls_of,
    link,
    of_page,
    told,
)
from monitor.console.pages.assessment.paper import PaperSuffix, feedback_letter, letter_file, paper_view
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import feedback
from monitor.supervision.assessment.cycle.ground import CLOSE, READ, SELF, place_of
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/feedback"


def add_feedback(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_issuing(pages, deps)
    _add_one(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        period: str = filter_of(),
        state: str = filter_of(),
        done: str = filter_of(),
        before: int | None = BEFORE,
        signed: Signed = Depends(require_person(deps, READ)),
    ) -> Response:
        """PER_PAGE at once, the newest first."""
        asked = {"hall": hall, "period": period, "state": state if state in feedback.STATES else ""}
        with looked(deps) as look:
            halls = halls_of(look, signed, hall)
            rows = feedback.listed(
                look, signed.person, hall=hall or None, period=period or None, state=asked["state"] or None,
                before=before, limit=PER_PAGE,
            )  # fmt: skip
            shown, following = of_page(rows, ADDRESS, asked)
            dues = feedback.dues(look, shown)
            saying = told(look, request, cycle.FEEDBACK, shown)
            lines = [_line(look, row, saying, dues.get(row.id)) for row in shown]
            issuable = list(_issuable(look, signed, list(halls.items())))
        return page(
            request, "assess_feedback.html", signed=signed, asked=asked, halls=halls, rows=lines, next=following,
            filtered=any(asked.values()), states=feedback.STATES, issuable=issuable, done=done,
        )  # fmt: skip


def _issuable(look: Look, signed: Signed, halls: list[tuple[str, str]]) -> Any:
    """Closed quarters and years of which a window has no letter yet, for whoever may issue it."""
    if not may(signed, CLOSE):
        return
    for hall, name in halls:
        for row in cycle.closed_since(look.conn, hall, look.now - feedback.RECENT):
            if kind_of(row.period) in ("quarter", "year"):
                waits = feedback.waiting(look, signed.person, hall, row.period)
                if waits:
                    yield {"hall": hall, "name": name, "period": row.period, "windows": len(waits)}


def _line(look: Look, row: Row[Any], saying: Told, task: Row[Any] | None) -> dict[str, Any]:
    return {
        "id": row.id, "by": saying.charged(row), "period": row.period, "state": feedback.state_of(row),
        "issuer": saying.user(row.issued_by), "issued": saying.at(row.issued_at, row.hall),
        "acknowledger": saying.user(row.acknowledged_by), "acknowledged": saying.at(row.acknowledged_at, row.hall),
        "answerer": saying.user(row.answered_by), "answered": saying.at(row.answered_at, row.hall),
        "due": saying.at(task.due, row.hall) if task is not None and row.answered_at is None else None,
        "late": feedback.is_late(look, row, task), "answer": saying.said(row, "answer"),
    }  # fmt: skip


# --------------------------------------------------------------------------- issuing


def _add_issuing(pages: APIRouter, deps: Deps) -> None:
    head = require_person(deps, CLOSE)

    @pages.get(ADDRESS + "/issue")
    def preview(
        request: Request, hall: str = filter_of(), period: str = filter_of(), signed: Signed = Depends(head)
    ) -> Response:
        """To whom it goes; nothing is written."""
        return _preview(request, deps, signed, hall, period)

    @pages.post(ADDRESS + "/issue")
    def issue(
        request: Request,
        hall: str = Form("", max_length=64),
        period: str = Form("", max_length=20),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(head),
    ) -> Response:
        """To the unit of every window that has none yet."""

        def act(look: Look) -> str:
            feedback.issue(look, signed.person, hall, period)
            return link(ADDRESS, {"hall": hall, "period": period, "done": "issued"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _preview(request, deps, signed, hall, period, status, fault),
        )  # fmt: skip


def _preview(
    request: Request, deps: Deps, signed: Signed, hall: str, period: str, status: int = 200, fault: str = ""
) -> Response:
    with looked(deps) as look:
        halls = {
            one: name for one, name in halls_of(look, signed, "").items() if covers(signed.person, Target(hall=one))
        }  # fmt: skip
        hall = hall if hall in halls else next(iter(halls), "")
        periods = [row.period for row in cycle.closed_periods(look.conn, hall)] if hall else []
        chosen = period if period in periods else ""
        windows = feedback.waiting(look, signed.person, hall, chosen) if chosen else []
        words = told(look, request, cycle.FEEDBACK, []).words
        units = {one: look.registry.windows[one].unit for one in windows}
    return page(
        request, "assess_feedback_issue.html", status, signed=signed, fault=fault, halls=halls, hall=hall,
        periods=[(one, one) for one in periods], period=chosen,
        windows=[(words.name("window", one), one, words.name("unit", units[one])) for one in windows],
    )  # fmt: skip


# --------------------------------------------------------------------------- one of them


def _add_one(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    unit = require_person(deps, SELF)

    @pages.get(ADDRESS + "/{number}")
    def one(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.get(ADDRESS + "/{number}/letter.{suffix}")
    def letter(suffix: PaperSuffix, number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        with looked(deps) as look:
            made = feedback_letter(look, feedback.shown(look, signed.person, number))
        return letter_file(deps, made, suffix)

    @pages.post(ADDRESS + "/{number}/acknowledge")
    def acknowledge(
        request: Request,
        number: int = NUMBER,
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(unit),
    ) -> Response:
        def act(look: Look) -> str:
            feedback.acknowledge(look, signed.person, number)
            return link(f"{ADDRESS}/{number}", {"done": "acknowledged"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _one(request, deps, signed, number, status=status, fault=fault),
        )  # fmt: skip

    @pages.post(ADDRESS + "/{number}/answer")
    def answer(
        request: Request,
        number: int = NUMBER,
        text: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(unit),
    ) -> Response:
        """It acknowledges the letter too."""

        def act(look: Look) -> str:
            feedback.answer(look, signed.person, number, text.replace("\r\n", "\n"))
            return link(f"{ADDRESS}/{number}", {"done": "answered"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _one(request, deps, signed, number, status=status, fault=fault, text=text),
        )  # fmt: skip


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
    text: str = "",
) -> Response:  # fmt: skip
    with looked(deps) as look:
        row = feedback.shown(look, signed.person, number)
        saying = told(look, request, cycle.FEEDBACK, [row])
        line = _line(look, row, saying, feedback.dues(look, [row]).get(row.id))
        letter = feedback_letter(look, row)
    return page(
        request, "assess_feedback_one.html", status, signed=signed, it=line, done=done, fault=fault, text=text,
        paper=paper_view(letter), may_answer=refusal(signed.person, SELF, place_of(row)) is None, most=MOST_TEXT,
    )  # fmt: skip
