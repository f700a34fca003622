"""Attendance (考勤): a hall's day, and a month's grid; `attendanceperson` has one person's month and one's own page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.access import Principal
from monitor.console.attendanceplace import ONLY, PLAIN, Place, month_asked, place_of, require_day
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.attendanceview import (
    Said,
    counts_told,
    grid_view,
    heads,
    legend,
    people_named,
    person_view,
)
from monitor.console.pages.cardview import words_for
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.params import Day
from monitor.console.pages.session import require_person
from monitor.console.pages.spans import month_of
from monitor.console.paging import cut
from monitor.exports.attendance_seen.day import MOST, Asked, read_day
from monitor.exports.attendance_seen.grid import Asked as GridAsked
from monitor.exports.attendance_seen.grid import read_grid
from monitor.store.facts.look import Look
from monitor.supervision.attendancereach import people_within
from monitor.supervision.reach import windows_within
from monitor.supervision.signin import Signed


def filter_of() -> Any:
    """A filter of the address: empty for any."""
    return Query("", max_length=100, pattern=PLAIN)


def said_for(deps: Deps, request: Request, look: Look, signed: Signed, zone: ZoneInfo, staff: list[str]) -> Said:
    words = words_for(look.conn, look.registry, language_of(request), staff)
    return Said(words=words, zone=zone, may_file=may(signed, "requests:file"))


def choices_of(look: Look, place: Place, said: Said, who: Principal, day: date) -> dict[str, Any]:
    """Halls, units and windows to choose from: those of people within reach."""
    people = people_within(look.registry, who, day, day, hall=place.hall) if place.hall is not None else []
    within = windows_within(look.registry, who)
    windows = {window for one in people for window in one.windows if window in within}
    return {
        "halls": list(place.halls.items()),
        "units": [(one, said.words.name("unit", one)) for one in sorted({one.unit for one in people})],
        "windows": [(one, said.words.name("window", one)) for one in sorted(windows)],
    }


def add_attendance(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "attendance:read")
    _add_day(pages, deps, person)
    _add_month(pages, deps, person)


def _add_day(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/attendance")
    def day_page(
        request: Request,
        hall: str = filter_of(),
        unit: str = filter_of(),
        window: str = filter_of(),
        q: str = filter_of(),
        only: str = filter_of(),
        after: str = filter_of(),
        day: Annotated[Day, Query(alias="date")] = None,
        signed: Signed = Depends(person),
    ) -> Response:
        """Everybody's slots of a day; filters stand in the address."""
        only = only if only in ONLY else ""
        behind, _, key = after.partition("/")
        with looked(deps) as look:
            place = place_of(look, signed.person, hall)
            chosen = day or place.today
            require_day(look, place.hall, chosen)
            asked = Asked(
                hall=place.hall or "", unit=unit or None, window=window or None, only=only or None, text=q.strip(),
                after=(behind, key) if key else None,
            )  # fmt: skip
            found = read_day(look, deps.policy.checkin, signed.person, chosen, asked)
            shown, last = cut(found.people, MOST)
            said = said_for(deps, request, look, signed, place.zone, [one.who.id for one in shown])
            choices = choices_of(look, place, said, signed.person, chosen)
            why = look.book.for_hall(look.registry, place.hall).plan_of(chosen).why
        asked_for = {"hall": hall, "unit": unit, "window": window, "q": q, "only": only}
        given = {name: value for name, value in asked_for.items() if value}
        at = {**given, "date": chosen.isoformat()}
        return page(
            request, "attendance_day.html", signed=signed, day=chosen, today=place.today, asked=asked_for,
            before=_address(at, date=chosen - timedelta(days=1)), then=_address(at, date=chosen + timedelta(days=1)),
            this=_address(given), people=[person_view(one, said) for one in shown],
            counts=counts_told(found.counts, said), gone=found.gone, everybody=found.everybody,
            on_leave=people_named(found.on_leave), filtered=bool(given),
            link=lambda **more: _address(at, **more), off=why if not found.counts else "",
            next=_address(at, after=f"{last.who.unit}/{last.who.id}") if last is not None else None,
            month=f"{chosen:%Y-%m}", **choices,
        )  # fmt: skip


def _address(given: Mapping[str, str], **more: Any) -> str:
    asked = {**given, **{name: str(value) for name, value in more.items()}}
    kept = {name: value for name, value in asked.items() if value}
    return "/attendance" + (f"?{urlencode(kept)}" if kept else "")


def _add_month(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/attendance/month")
    def month_page(
        request: Request,
        hall: str = filter_of(),
        unit: str = filter_of(),
        month: str = filter_of(),
        after: str = filter_of(),
        compare: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The month's grid, a hundred people a page."""
        with looked(deps) as look:
            place = place_of(look, signed.person, hall)
            span = month_of(month_asked(look, place.hall, month, place.today))
            said = said_for(deps, request, look, signed, place.zone, [])
            found = None
            if place.hall is not None:
                asked = GridAsked(
                    hall=place.hall, first=span.first, unit=unit or None, after=after or None, compared=bool(compare)
                )
                found = read_grid(look, deps.policy.checkin, signed.person, asked)
            choices = choices_of(look, place, said, signed.person, place.today)
        given = {name: value for name, value in {"hall": hall, "unit": unit}.items() if value}
        at = {**given, "month": span.name}
        length = span.last.day

        def address(**more: str) -> str:
            return "/attendance/month?" + urlencode({**at, **more})

        return page(
            request, "attendance_month.html", signed=signed, span=span, title=span.title(said.words.language),
            asked={"hall": hall, "unit": unit, "compare": compare}, grid=found,
            table=grid_view(found, span.first, length, said) if found is not None else None,
            heads=heads(found.days, span.first, length, said) if found is not None else [], legend=legend(said),
            before=address(month=span.before) if span.before else "", today=place.today,
            then=address(month=span.after(place.today)) if span.after(place.today) else "",
            closed_at=said.local(found.closed.at) if found is not None and found.closed is not None else None,
            compare=address(compare="1"), plain=address(),
            next=address(after=found.next) if found is not None and found.next is not None else None,
            first=address() if after else None, **choices,
        )  # fmt: skip
