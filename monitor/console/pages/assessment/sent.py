"""What was sent to whom (报送备案: G19, G20), what is still owed to which receiver, and entering one."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response

from monitor.access import Target, covers
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import BEFORE, PER_PAGE, carried_out, halls_of, link, of_page, told
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import sent
from monitor.supervision.assessment.cycle.ground import MARK, MOST_DOCUMENT, READ, today
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/sent"


def add_sent(pages: APIRouter, deps: Deps) -> None:
    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        period: str = filter_of(),
        to: str = filter_of(),
        done: str = filter_of(),
        before: int | None = BEFORE,
        signed: Signed = Depends(require_person(deps, READ)),
    ) -> Response:
        """What is owed, whole; what was sent, PER_PAGE at once, the newest first. `period`, `to` fill the form."""
        given = {"hall": hall, "period": period, "to": to, "on": "", "document": ""}
        return _list(request, deps, signed, {"hall": hall}, given, before=before, done=done)

    @pages.post(ADDRESS)
    def enter(
        request: Request,
        hall: str = Form("", max_length=64),
        period: str = Form("", max_length=20),
        to: str = Form("", max_length=200),
        on: str = Form("", max_length=10),
        document: str = Form("", max_length=200),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, MARK)),
    ) -> Response:
        given = {"hall": hall, "period": period, "to": to, "on": on, "document": document}

        def act(look: Look) -> str:
            sent.enter(look, signed.person, hall, period, to, day_of(on), document)
            return link(ADDRESS, {"hall": hall, "done": "entered"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _list(request, deps, signed, {"hall": ""}, given, status=status, fault=fault),
        )  # fmt: skip


def day_of(text: str) -> date:
    """Raises Refused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"日期应写作 write a day as 2026-03-04, not {text[:20]!r}", field="on") from None


def _list(
    request: Request, deps: Deps, signed: Signed, asked: dict[str, str], given: dict[str, str], *,
    before: int | None = None, done: str = "", status: int = 200, fault: str = "",
) -> Response:  # fmt: skip
    with looked(deps) as look:
        halls = halls_of(look, signed, asked["hall"])
        wanted = asked["hall"] or None
        rows, following = of_page(
            sent.listed(look, signed.person, hall=wanted, before=before, limit=PER_PAGE), ADDRESS, asked
        )
        saying = told(look, request, cycle.SENT, rows)
        owed = [
            {
                "hall": one.hall, "name": saying.words.name("hall", one.hall), "period": one.period,
                "to": one.recipient, "due": saying.at(one.due, one.hall),
                "late": one.due is not None and one.due < look.now,
            }
            for one in sent.owed(look, signed.person, hall=wanted)
        ]  # fmt: skip
        mine = [one for one in halls if covers(signed.person, Target(hall=one))]
        hall = given["hall"] if given["hall"] in mine else next(iter(mine), "")
        given = {**given, "hall": hall, "on": given["on"] or (today(look, hall).isoformat() if hall else "")}
        receivers = sent.receivers(look, hall) if hall else ()
        periods = [row.period for row in cycle.closed_periods(look.conn, hall)] if hall else []
    return page(
        request, "assess_sent.html", status, signed=signed, asked=asked, halls=halls, owed=owed, next=following,
        rows=[_line(row, saying) for row in rows], given=given, done=done, fault=fault, whole=bool(mine),
        receivers=[(one, one) for one in receivers], periods=[(one, one) for one in periods],
        may_enter=may(signed, MARK), most=MOST_DOCUMENT,
    )  # fmt: skip


def _line(row: Any, saying: Any) -> dict[str, Any]:
    return {
        "id": row.id, "hall": saying.words.name("hall", row.hall), "period": row.period, "to": row.recipient,
        "on": row.sent_on, "document": row.document, "by": saying.user(row.entered_by),
        "at": saying.at(row.entered_at, row.hall),
    }  # fmt: skip
