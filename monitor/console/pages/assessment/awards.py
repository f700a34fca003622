"""Awards (表彰: G06, G08, H06): awarded windows, their nominees, the decision, the list; counts (I08, D20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response

from monitor.access import Principal, Target, covers
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import MOST_TEXT, NUMBER, Told, carried_out, halls_of, link, told
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import awards, tasks
from monitor.supervision.assessment.cycle.awardcounts import counted, praise_in
from monitor.supervision.assessment.cycle.ground import CLOSE, READ, SELF, today
from monitor.supervision.assessment.cycle.nominable import Candidate, Seat, awarded_periods, candidates, seats
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/awards"


def add_awards(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_nominating(pages, deps)
    _add_deciding(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        period: str = filter_of(),
        done: str = filter_of(),
        signed: Signed = Depends(require_person(deps, READ)),
    ) -> Response:
        """One closed quarter or year of one hall, the newest unless another is asked for."""
        return _list(request, deps, signed, hall, period, done=done)


def _list(
    request: Request, deps: Deps, signed: Signed, hall: str, period: str, *, done: str = "", status: int = 200,
    fault: str = "", of: int | None = None, reason: str = "",
) -> Response:  # fmt: skip
    """`of`: the nomination whose form is shown again, with the reason that was given."""
    language, who = language_of(request), signed.person
    with looked(deps) as look:
        halls = halls_of(look, signed, hall)
        hall = hall or next(iter(halls), "")
        periods = [row.period for row in awarded_periods(look, hall)] if hall else []
        period = period if period in periods else next(iter(periods), "")
        found = seats(look, who, hall, period) if period else []
        nominated = [one.nominated for one in found if one.nominated is not None]
        waits = sum(row.state == "nominated" for row in nominated)
        years = counted(look, who, hall) if hall else []
        people = {one for seat in found for one in seat.signed}
        saying = told(look, request, cycle.NOMINATION, nominated, people=people)
        whole = covers(who, Target(hall=hall)) if hall else False
        task = _task(look, hall, period) if period else None
        book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}") if hall else None
        rows = praise_in(look, hall) if years else {}
    return page(
        request, "assess_awards.html", status, signed=signed, halls=halls, hall=hall, period=period, fault=fault,
        periods=[(one, one) for one in periods], seats=[_seat(one, saying, who) for one in found], done=done, of=of,
        reason=reason, whole=whole, may_close=may(signed, CLOSE) and whole, waits=waits, most=MOST_TEXT,
        open=task is not None and task.done_at is None, finished=saying.at(task.done_at, hall) if task else None,
        annual_after=book.cycle.annual_after if book is not None else None,
        years=[_year(one, saying, rows, language) for one in years],
    )  # fmt: skip


def _task(look: Look, hall: str, period: str) -> Any:
    key = tasks.key_of(hall, "award", period)
    return next(iter(cycle.listed(look.conn, cycle.TASK, [cycle.TASK.c.task == key], None, 1)), None)


def _seat(one: Seat, saying: Told, who: Principal) -> dict[str, Any]:
    row = one.nominated
    return {
        "window": saying.words.name("window", one.window), "window_id": one.window, "points": one.points,
        "place": one.place, "may": one.may,
        "signed": [(saying.words.name("staff", staff), staff) for staff in one.signed],
        "nomination": None if row is None else {
            "id": row.id, "name": saying.words.name("staff", row.whom), "staff": row.whom, "state": row.state,
            "reason": saying.said(row, "reason"), "by": saying.user(row.nominated_by),
            "at": saying.at(row.nominated_at, row.hall), "decider": saying.user(row.decided_by),
            "decided": saying.at(row.decided_at, row.hall), "decision": saying.said(row, "decision"),
            "mine": row.nominated_by == who.id,
        },
    }  # fmt: skip


def _year(one: Any, saying: Told, rows: dict[str, Any], language: Language) -> dict[str, Any]:
    names = {row: (known.name.zh if language == "zh" else known.name.en) for row, known in rows.items()}
    windows = sorted(one.windows.items(), key=lambda item: (-item[1], item[0]))
    return {
        "year": one.year, "windows": len(one.windows), "times": sum(one.windows.values()),
        "people": len(one.people), "person_times": sum(one.people.values()),
        "each": [(saying.words.name("window", w), w, n, one.quarters.get(w, 0)) for w, n in windows],
        "praise": [(row, names.get(row, row), count) for row, count in sorted(one.praise.items())],
        "praises": sum(one.praise.values()),
    }  # fmt: skip


# --------------------------------------------------------------------------- nominating


def _add_nominating(pages: APIRouter, deps: Deps) -> None:
    lead = require_person(deps, SELF)

    @pages.get(ADDRESS + "/nominate")
    def form(
        request: Request, window: str = filter_of(), period: str = filter_of(), signed: Signed = Depends(lead)
    ) -> Response:
        """Who may be named, and of the others why not."""
        return _form(request, deps, signed, {"window": window, "period": period, "staff": "", "reason": ""})

    @pages.post(ADDRESS + "/nominate")
    def nominate(
        request: Request,
        window: str = Form("", max_length=64),
        period: str = Form("", max_length=20),
        staff: str = Form("", max_length=64),
        reason: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(lead),
    ) -> Response:
        given = {"window": window, "period": period, "staff": staff, "reason": reason.replace("\r\n", "\n")}

        def act(look: Look) -> str:
            awards.nominate(look, signed.person, window, period, staff, given["reason"])
            return link(ADDRESS, {"hall": look.registry.windows[window].hall, "period": period, "done": "nominated"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _form(request, deps, signed, given, status, fault),
        )  # fmt: skip


def _form(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], status: int = 200, fault: str = ""
) -> Response:
    """Raises Refused, alike for a window that there is not, that is beyond reach, and that was not awarded then."""
    with looked(deps) as look:
        found = look.registry.windows.get(given["window"])
        held = seats(look, signed.person, found.hall, given["period"]) if found is not None else []
        seat = next((one for one in held if one.window == given["window"]), None)
        if seat is None:
            raise Refused("该期没有此获表彰窗口 no such window was awarded in this period", sort="missing")
        people = candidates(look, seat.hall, seat.period, seat.window)
        known = [seat.nominated] if seat.nominated is not None else []
        saying = told(look, request, cycle.NOMINATION, known, people=[*(c.staff for c in people), *seat.signed])
        view = _seat(seat, saying, signed.person)
    return page(
        request, "assess_nominate.html", status, signed=signed, seat=view, period=seat.period, given=given, fault=fault,
        candidates=list(_candidates(people, saying)), most=MOST_TEXT,
    )  # fmt: skip


def _candidates(people: Sequence[Candidate], saying: Told) -> Iterator[dict[str, Any]]:
    for one in people:
        yield {
            "id": one.staff, "name": saying.words.name("staff", one.staff), "points": one.points, "here": one.here,
            "barred": [tuple(effect.partition(" ")[::2]) for effect in one.barred], "taken": one.taken, "may": one.may,
        }  # fmt: skip


# --------------------------------------------------------------------------- deciding


def _add_deciding(pages: APIRouter, deps: Deps) -> None:
    head = require_person(deps, CLOSE)

    @pages.post(ADDRESS + "/{number}/decide")
    def decide(
        request: Request,
        number: int = NUMBER,
        verdict: str = Form("", max_length=10),
        reason: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(head),
    ) -> Response:
        """`verdict`: confirm or refuse; that with the reason."""
        where = {"hall": "", "period": ""}

        def act(look: Look) -> str:
            row = awards.shown(look, signed.person, number)
            where.update(hall=row.hall, period=row.period)
            if verdict not in ("confirm", "refuse"):
                raise Refused("须选择确认或退回 confirm or refuse it", field="verdict")
            awards.decide(look, signed.person, number, verdict == "confirm", reason)
            return link(ADDRESS, {**where, "done": verdict})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _list(
                request, deps, signed, where["hall"], where["period"], status=status, fault=fault, of=number,
                reason=reason,
            ),
        )  # fmt: skip

    @pages.post(ADDRESS + "/finish")
    def finish(
        request: Request,
        hall: str = Form("", max_length=64),
        period: str = Form("", max_length=20),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(head),
    ) -> Response:
        """The list as a whole: from then on it is done."""

        def act(look: Look) -> str:
            awards.finish(look, signed.person, hall, period)
            return link(ADDRESS, {"hall": hall, "period": period, "done": "finished"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _list(request, deps, signed, "", period, status=status, fault=fault),
        )  # fmt: skip
