"""Pages of cases (办件): search, what is due when, one case with its limits day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from monitor.access import Principal, Target, covers
from monitor.console.casesapi import no_case
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.casesview import file_view, row_view, wanted_names
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person
from monitor.console.paging import Page, cut, key_of, opened, sealed
from monitor.model import Registry
from monitor.store import alerts
from monitor.store.facts.look import Look
from monitor.supervision.caseasked import Asked, calendar_of, case_filter, require_text
from monitor.supervision.casefile import case_file
from monitor.supervision.caserows import case_rows, item_names, names_of
from monitor.supervision.casesearch import CaseFilter, find_cases
from monitor.supervision.duelist import DueDay, due_days
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.casewords import ASKED
from monitor.wording.render import pick

ROWS: Final = 50
KEY_MOST: Final = 400


def add_cases(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "cases:read")

    @pages.get("/cases")
    def search(request: Request, signed: Signed = Depends(person)) -> Response:
        """Cases by number, place, person, state and time; without any filter those that are running."""
        given = given_of(request)
        asked = Asked.of(given) if given else Asked(state="running")
        language = language_of(request)
        with looked(deps) as look:
            chosen = case_filter(look, asked, signed.person)
            rows, after = listed(deps, look, chosen, request, signed.person, language)
            shown = choices(look.registry, signed.person, language)
        context = {"rows": rows, "next": next_address(request, after), "asked": asked, **shown}
        return page(request, "cases.html", signed=signed, by_due=chosen.by_due, **context)

    @pages.get("/cases/due")
    def due(request: Request, day: str = "", signed: Signed = Depends(person)) -> Response:
        """Open cases by the day they are due: overdue ones first, then the next working days."""
        asked = Asked.of({name: given_of(request).get(name, "") for name in ("hall", "unit", "window")})
        language = language_of(request)
        with looked(deps) as look:
            chosen = case_filter(look, asked, signed.person)
            calendar = calendar_of(look, asked.hall)
            days = due_days(look, calendar, chosen)
            open_day = chosen_day(days, day)
            of_day = replace(chosen, due=(open_day.start, open_day.end))
            rows, after = listed(deps, look, of_day, request, signed.person, language)
            shown = choices(look.registry, signed.person, language)
        context = {"days": days, "open_day": open_day, "rows": rows, "next": next_address(request, after), **shown}
        today = calendar.local_date(look.now)
        return page(request, "cases_due.html", signed=signed, asked=asked, today=today, by_due=True, **context)

    @pages.get("/cases/one")
    def one(request: Request, key: str = "", signed: Signed = Depends(person)) -> Response:
        """404 alike for a case that there is not and for one that is not theirs."""
        require_text(key[: KEY_MOST // 2], "key")
        require_text(key[KEY_MOST // 2 :], "key")
        cards, ratings = may(signed, "cards:read"), may(signed, "ratings:read")
        with looked(deps) as look:
            file = case_file(look, deps.policy.timeliness, key, signed.person, cards=cards, ratings=ratings)
            if file is None:
                raise no_case(key)
            names = names_of(look, [file.row]) | alerts.names(look.conn, wanted_names(file))
            names |= item_names(look, {event["item"] for event in file.events if event["item"]})
            shown = file_view(look, file, names, language_of(request))
        return page(request, "case.html", signed=signed, key=key, now=look.now.astimezone(file.row.zone), **shown)


def given_of(request: Request) -> dict[str, str]:
    """What the address asks for; the language and the page are no filters."""
    return {name: value for name, value in request.query_params.items() if name not in ("lang", "cursor", "day")}


def listed(
    deps: Deps, look: Look, chosen: CaseFilter, request: Request, who: Principal, language: Language
) -> tuple[list[dict[str, Any]], tuple[int, str] | None]:
    """One page of cases in words, and the key of its last row where another page follows."""
    cursor = request.query_params.get("cursor")
    after = key_of(Page(after=opened(cursor)), int, str) if cursor else None
    found, last = cut(find_cases(look.conn, chosen, ROWS, after), ROWS)
    rows = case_rows(look, deps.policy.timeliness, [key for _, key in found], who)
    names = names_of(look, rows)
    return [row_view(row, names, language) for row in rows], last


def next_address(request: Request, key: tuple[int, str] | None) -> str | None:
    if key is None:
        return None
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', sealed(key))])}"


def chosen_day(days: list[DueDay], name: str) -> DueDay:
    """The day that was asked for; without any the one of those whose limit has passed, if there are any, else today."""
    if not name:
        return days[0] if days[0].count else days[1]
    found = next((day for day in days if day.name == name), None)
    if found is None:
        raise Refused(f"{name[:40]!r} 不在到期清单内 is no day of the list", field="day")
    return found


def choices(registry: Registry, who: Principal, language: Language) -> dict[str, Any]:
    """What the filters offer: places within reach by name, states in words."""
    halls = halls_within(registry, who)
    units = {
        unit.id: unit.name or unit.id
        for unit in registry.units.values()
        if covers(who, Target(hall=unit.hall, unit=unit.id))
    }
    windows = {
        window.id: window.name or window.id
        for window in registry.windows.values()
        if covers(who, Target(hall=window.hall, unit=window.unit, window=window.id))
    }
    return {
        "halls": list(halls.items()) if len(halls) > 1 else [],
        "units": by_name(units),
        "windows": by_name(windows),
        "states": [(state, pick(texts, language)) for state, texts in ASKED.items()],
    }


def by_name(places: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(places.items(), key=lambda place: place[0])
