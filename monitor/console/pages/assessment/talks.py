"""Talks (谈话整改) with the last of a closed month: due, held, and entering one."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response

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
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.ledgers import points
from monitor.supervision.assessment.cycle import talks
from monitor.supervision.assessment.cycle.ground import MARK, READ, today
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/talks"


def add_talks(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)

    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        state: str = filter_of(),
        before: int | None = BEFORE,
        signed: Signed = Depends(person),
    ) -> Response:
        """Those to be held first; PER_PAGE at once, the newest first."""
        asked = {"hall": hall, "state": state}
        shown_state = state if state in talks.STATES else "due"
        with looked(deps) as look:
            halls = halls_of(look, signed, hall)
            found = talks.listed(
                look, signed.person, hall=hall or None, due=shown_state == "due", held=shown_state == "held",
                before=before, limit=PER_PAGE,
            )  # fmt: skip
            shown, following = of_page(found, ADDRESS, asked)
            saying = told(look, request, cycle.TALK, shown)
        return page(
            request, "assess_talks.html", signed=signed, halls=halls, asked=asked, state=shown_state, next=following,
            rows=[_row(row, saying, look) for row in shown], states=talks.STATES,
            link=lambda **more: link(ADDRESS, asked, **more), entering=may(signed, MARK),
        )  # fmt: skip

    @pages.get(ADDRESS + "/{number}")
    def one(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.post(ADDRESS + "/{number}/hold")
    def hold(
        request: Request,
        number: int = NUMBER,
        on: str = Form("", max_length=10),
        attended: str = Form("", max_length=MOST_TEXT),
        talked: str = Form("", max_length=MOST_TEXT),
        outcome: str = Form("", max_length=MOST_TEXT),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, MARK)),
    ) -> Response:
        """Enter that it was held, once; what people said is private."""
        said = {"attended": attended, "talked": talked, "outcome": outcome}

        def act(look: Look) -> str:
            talks.hold(look, signed.person, number, day_of(on), **said)
            return f"{ADDRESS}/{number}?done=held"

        def again(status: int, fault: str) -> Response:
            return _one(request, deps, signed, number, status, fault, {"on": on, **said})

        return carried_out(deps, request, signed, csrf, act, again)


def day_of(text: str) -> date:
    """Raises Refused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} 日期应写作 a date is written 2026-03-02", field="on") from None


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, status: int = 200, fault: str = "",
    given: dict[str, str] | None = None, *, done: str = "",
) -> Response:  # fmt: skip
    with looked(deps) as look:
        row = talks.one(look, signed.person, number)
        saying = told(look, request, cycle.TALK, [row])
        score = talks.score_of(look, row)
        now = today(look, row.hall)
    return page(
        request, "assess_talk.html", status, signed=signed, done=done, fault=fault, today=now.isoformat(),
        talk=_row(row, saying, look), said={name: saying.said(row, name) for name in talks.PARTS},
        score=points(score) if score is not None else None, most=MOST_TEXT,
        given=given or {"on": now.isoformat(), **dict.fromkeys(talks.PARTS, "")},
        entering=row.held_on is None and may(signed, MARK), own=signed.person.staff is not None
        and signed.person.staff == row.staff,
    )  # fmt: skip


def _row(row: Any, saying: Told, look: Look) -> dict[str, Any]:
    due = saying.at(row.due, row.hall)
    assert due is not None, "a column that is never empty"
    now = today(look, row.hall)
    waits = row.held_on is None
    return {
        "id": row.id, "period": row.period, "ledger": row.ledger, "by": saying.charged(row), "due": due.date(),
        "late": (now - due.date()).days if waits and row.due < look.now else 0, "today": waits and due.date() == now,
        "replaced": row.replaced, "held": row.held_on, "who": saying.user(row.entered_by),
        "at": saying.at(row.entered_at, row.hall),
        "whom": saying.words.name(row.ledger, row.whom),
    }  # fmt: skip
