"""Working calendars (工作日历): a year's months with what each day is by, and counting a limit."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.calendarwork import YEARS, Unit, count_limit, instant_in, pauses_in
from monitor.console.deps import Deps
from monitor.console.pages.calendarimport import add_calendar_import
from monitor.console.pages.calendarview import MARKS, count_view, listed_view, year_view
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.model import Registry
from monitor.store.calendars import CalendarBook, paper_of
from monitor.store.registry import DEFAULT_CALENDAR
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.render import pick


def add_calendars(pages: APIRouter, deps: Deps) -> None:
    _add_year(pages, deps)
    _add_due(pages, deps)
    add_calendar_import(pages, deps)


def _add_year(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:read")

    @pages.get("/calendars")
    def calendars(
        request: Request,
        calendar: str = filter_of(),
        year: int | None = Query(None, ge=YEARS[0], le=YEARS[1]),
        done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """One calendar's year as twelve months; where its days come from; who goes by it."""
        name = _chosen(deps, calendar)
        with deps.store.read() as conn:
            registry, book = deps.registry.get(conn), deps.calendars.get(conn)
            found = book.calendar(name)
            today = deps.clock.now().astimezone(found.zone).date()
            shown = year or today.year
            paper = paper_of(conn, shown)
        language = language_of(request)
        return page(
            request, "calendars.html", signed=signed, name=name, names=sorted(deps.calendars.specs), year=shown,
            this_year=today.year, months=year_view(found, shown, today, language), done=done,
            listed=listed_view(found, shown, language), published=found.is_published(date(shown, 7, 1)),
            imported_at=_local(book, shown, found.zone), paper=paper, covered_until=found.covered_until,
            endless=found.covered_until == date.max, zone=str(found.zone),
            marks={kind: pick(texts, language) for kind, texts in MARKS.items()},
            users=_users(registry, signed, name),
            link=lambda **more: "/calendars?" + urlencode({"calendar": name, "year": shown, **more}),
        )  # fmt: skip


def _local(book: CalendarBook, year: int, zone: Any) -> Any:
    at = book.imported_at(year)
    return at.astimezone(zone) if at is not None else None


def _users(registry: Registry, signed: Signed, name: str) -> list[str]:
    """Halls and windows within reach that go by the calendar of this name."""
    halls = halls_within(registry, signed.person)
    found = [called for hall, called in halls.items() if registry.halls[hall].calendar == name]
    found += [
        f"{halls[window.hall]} {window.name or window.id}"
        for window in sorted(registry.windows.values(), key=lambda one: one.id)
        if window.calendar == name and window.hall in halls
    ]
    return found


def _chosen(deps: Deps, name: str) -> str:
    return name if name in deps.calendars.specs else DEFAULT_CALENDAR


def _add_due(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:read")

    @pages.get("/calendars/due")
    def due(
        request: Request,
        calendar: str = filter_of(),
        begins: str = Query("", max_length=40, alias="from"),
        amount: float = Query(5),
        unit: Unit = "workday",
        pauses: str = Query("", max_length=2000),
        signed: Signed = Depends(person),
    ) -> Response:
        """A limit counted from an instant, date by date; what is asked for stands in the address."""
        name = _chosen(deps, calendar)
        with deps.store.read() as conn:
            book = deps.calendars.get(conn)
        chosen = book.calendar(name)
        counted, fault, field = None, "", ""
        try:
            if begins:
                spans = pauses_in(pauses, chosen)
                deadline = count_limit(chosen, instant_in(begins, "from", chosen), amount, unit, spans)
                counted = count_view(deadline, chosen, language_of(request))
        except Refused as error:
            fault, field = error.text, error.field or ""
        now = deps.clock.now().astimezone(chosen.zone)
        return page(
            request, "calendar_due.html", 422 if fault else 200, signed=signed, name=name,
            names=sorted(deps.calendars.specs), fault=fault, field=field, counted=counted, zone=str(chosen.zone),
            asked={
                "from": begins or f"{now:%Y-%m-%dT%H:%M}", "amount": f"{amount:g}", "unit": unit, "pauses": pauses,
            },
        )  # fmt: skip
