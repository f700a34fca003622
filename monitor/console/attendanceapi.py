"""/api/v1/attendance: what the pages of attendance show, within the bearer's reach (scope `attendance:read`)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from monitor.console.answers import ERRORS, Responses, problem
from monitor.console.attendanceanswers import closed_json, month_person_json, person_day_json, person_month_json
from monitor.console.attendancebodies import DayOut, MonthOut, PersonMonthOut
from monitor.console.attendanceplace import ONLY, PLAIN, month_asked, place_of, require_day
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.exports.attendance_seen import day as days
from monitor.exports.attendance_seen import grid as grids
from monitor.exports.attendance_seen.person import read_person
from monitor.supervision.attendancereach import no_person
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such person for the bearer.")}
_MONTH: Final = r"^\d{4}-\d{2}$"
_ONLY: Final = f"^({'|'.join(ONLY)})$"


def _name(text: str | None = None) -> Any:
    return Query(None, max_length=64, pattern=PLAIN, description=text)


def add_attendance_api(api: APIRouter, deps: Deps) -> None:
    """A hall's day, a month's grid, one person's month."""
    reader = require(deps, "attendance:read")
    _add_day(api, deps, reader)
    _add_month(api, deps, reader)
    _add_person(api, deps, reader)


def _add_day(api: APIRouter, deps: Deps, reader: Any) -> None:
    @api.get("/attendance/day", responses=ERRORS, response_model=DayOut)
    def get_day(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = _name("Left out: the first one with check-in slots."),
        unit: str | None = _name(),
        window: str | None = _name(),
        only: str | None = Query(None, pattern=_ONLY, description="A kind, or `gone` for all that were not there."),
        q: str = Query("", max_length=100, pattern=PLAIN, description="A part of a name or an id."),
        day: date | None = Query(None, alias="date", description="In the hall's zone; left out: today."),
        grant: Grant = Depends(reader),
    ) -> dict[str, Any]:
        """Everybody's slots of a day within the bearer's reach, by unit and id, as `report attendance` judges them."""
        after = key_of(page, str, str)
        limit = min(page.limit, days.MOST)
        with looked(deps) as look:
            place = place_of(look, grant.principal, hall or "")
            chosen = day or place.today
            require_day(look, place.hall, chosen)
            asked = days.Asked(
                hall=place.hall or "", unit=unit, window=window, only=only, text=q.strip(),
                after=(after[0], after[1]) if after is not None else None,
            )  # fmt: skip
            found = days.read_day(look, deps.policy.checkin, grant.principal, chosen, asked, limit)
        shown, last = cut(found.people, limit)
        next_link(request, response, (last.who.unit, last.who.id) if last is not None else None)
        return {
            "date": chosen.isoformat(), "hall": place.hall, "as_of": stamp(look.now, place.zone),
            "counts": dict(found.counts), "everybody": found.everybody,
            "on_leave": [one.who.id for one in found.on_leave],
            "people": [person_day_json(one, place.zone) for one in shown],
        }  # fmt: skip


def _add_month(api: APIRouter, deps: Deps, reader: Any) -> None:
    @api.get("/attendance/month", responses=ERRORS, response_model=MonthOut)
    def get_month(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = _name("Left out: the first one with check-in slots."),
        unit: str | None = _name(),
        month: str = Query("", pattern=f"{_MONTH}|^$", description="YYYY-MM; left out: this month."),
        compare: bool = Query(False, description="Of a closed month: what differs today."),
        grant: Grant = Depends(reader),
    ) -> dict[str, Any]:
        """The month's sheet within the bearer's reach; a closed month as it was signed."""
        after = key_of(page, str)
        with looked(deps) as look:
            place = place_of(look, grant.principal, hall or "")
            first = month_asked(look, place.hall, month, place.today)
            if place.hall is None:
                return {"hall": None, "month": f"{first:%Y-%m}", "closed": None, "everybody": 0, "people": []}
            asked = grids.Asked(
                hall=place.hall, first=first, unit=unit, after=after[0] if after is not None else None,
                compared=compare,
            )  # fmt: skip
            limit = min(page.limit, grids.MOST)
            found = grids.read_grid(look, deps.policy.checkin, grant.principal, asked, limit)
        next_link(request, response, (found.next,) if found.next is not None else None)
        return {
            "hall": place.hall, "month": asked.month, "closed": closed_json(found, place.zone),
            "everybody": found.people,
            "people": [month_person_json(row, found, asked.last.day) for unit in found.units for row in unit.rows],
        }  # fmt: skip


def _add_person(api: APIRouter, deps: Deps, reader: Any) -> None:
    @api.get("/attendance/people/{staff}", responses=ERRORS | MISSING, response_model=PersonMonthOut)
    def get_person(
        staff: str = Path(min_length=1, max_length=64, pattern=PLAIN),
        month: str = Query("", pattern=f"{_MONTH}|^$", description="YYYY-MM; left out: this month."),
        grant: Grant = Depends(reader),
    ) -> dict[str, Any]:
        """One person's month: every slot with what it rests on, plans, cards."""
        with looked(deps) as look:
            place = place_of(look, grant.principal, look.registry.hall_of_staff(staff) or "-")
            first = month_asked(look, place.hall, month, place.today)
            found = read_person(look, deps.policy, grant.principal, staff, first)
        if found is None:
            raise no_person(staff)
        return {**person_month_json(found, place.zone), "as_of": stamp(look.now, place.zone)}
