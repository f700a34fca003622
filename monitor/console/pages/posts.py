"""Posts (在岗): each window's day on one scale, and one window with what stands behind each segment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response

from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.cardview import words_for
from monitor.console.pages.devices import PLAIN, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.postview import (
    PostWords,
    axis_of,
    file_view,
    key_of,
    people_of,
    row_view,
    scale_of,
    windows_beside,
)
from monitor.console.pages.session import require_person
from monitor.console.pages.windowday import WIDE
from monitor.store.facts.look import Look
from monitor.supervision.postdays import post_days
from monitor.supervision.postevidence import day_of, visible, window_file
from monitor.supervision.reach import halls_within
from monitor.supervision.signin import Signed

WINDOW: Final = Path(max_length=64, pattern=PLAIN)
PER_PAGE: Final = 20
"""Windows of one page: each of their days is told anew from all that was heard."""


def add_posts(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "attendance:read")
    _add_list(pages, deps, person)
    _add_one(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/posts")
    def posts(
        request: Request,
        hall: str = filter_of(),
        unit: str = filter_of(),
        day: str = filter_of("date"),
        after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The windows of a hall within reach on a day, PER_PAGE at once; without a hall the first one of them."""
        with looked(deps) as look:
            halls = halls_of(look, signed)
            chosen = hall if hall in halls else next(iter(halls), "")
            if hall and hall not in halls:
                raise no_hall(hall)
            when = day_of(day, look.now.astimezone(look.registry.zone_of(chosen)).date())
            windows = look.registry.windows
            mine = [w for w in visible(look.registry, signed.person, when) if windows[w].hall == chosen]
            units = sorted({u for w in mine if (u := windows[w].unit)})
            ids = [w for w in mine if unit in ("", windows[w].unit)]
            behind = [w for w in ids if w > after] if after else ids
            days = post_days(look, deps.policy.post, when, hall=chosen, among=behind[:PER_PAGE]) if behind else []
            said = _said(look, language_of(request), people_of(days), mine)
        scale = scale_of(days)
        zone = look.registry.zone_of(chosen)
        asked = {"hall": chosen if len(halls) > 1 else "", "unit": unit, "date": when.isoformat()}
        given = {name: value for name, value in asked.items() if value}
        today = look.now.astimezone(zone).date()
        return page(
            request, "posts.html", signed=signed, asked=asked, halls=halls, day=when, today=today,
            units=[(one, said.words.name("unit", one)) for one in units], rows=[row_view(d, scale, said) for d in days],
            key=key_of(said), axis=axis_of(scale, zone, WIDE) if scale else [], total=len(ids),
            next="/posts?" + urlencode({**given, "after": behind[PER_PAGE - 1]}) if len(behind) > PER_PAGE else None,
            link=lambda when: "/posts?" + urlencode({**given, "date": when.isoformat()}), step=timedelta(days=1),
            as_of=look.now.astimezone(zone), zone=str(zone),
        )  # fmt: skip


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/posts/{window}")
    def post(
        request: Request, window: str = WINDOW, day: str = filter_of("date"), signed: Signed = Depends(person)
    ) -> Response:
        """One window's day with everything behind it. 404 alike for one that there is not and one beyond reach."""
        with looked(deps) as look:
            known = look.registry.windows.get(window)
            zone = look.registry.zone_of(known.hall if known else None)
            when = day_of(day, look.now.astimezone(zone).date())
            theirs = visible(look.registry, signed.person, when)
            if known is None or window not in theirs:
                raise no_window(window)
            file = window_file(look, deps.policy.post, when, window)
            said = _said(look, language_of(request), people_of([file.day], [file]), theirs)
            windows = look.registry.windows
        beside = windows_beside([w for w in theirs if windows[w].hall == known.hall], window)
        scale = scale_of([file.day])
        return page(
            request, "post.html", signed=signed, w=file_view(file, scale, said), day=when,
            key=key_of(said), axis=axis_of(scale, zone, WIDE) if scale else [],
            link=lambda when: f"/posts/{window}?" + urlencode({"date": when.isoformat()}),
            step=timedelta(days=1), beside=[(one, said.words.name("window", one)) if one else None for one in beside],
            today=look.now.astimezone(zone).date(), as_of=look.now.astimezone(zone), zone=str(zone),
            may_devices=may(signed, "devices:read"), may_check=may(signed, "posts:check"),
        )  # fmt: skip


def halls_of(look: Look, signed: Signed) -> dict[str, str]:
    """Halls in which somebody may see windows, {id: name}: also those of their own posts."""
    found = halls_within(look.registry, signed.person)
    if signed.person.staff:
        hall = look.registry.hall_of_staff(signed.person.staff)
        if hall is not None and hall in look.registry.halls:
            found |= {hall: look.registry.halls[hall].name or hall}
    return found


def _said(look: Look, language: Language, people: list[str], theirs: list[str]) -> PostWords:
    return PostWords(words=words_for(look.conn, look.registry, language, people), theirs=frozenset(theirs))


def no_hall(hall: str) -> HTTPException:
    return HTTPException(404, f"{hall}: 没有此大厅 there is no such hall")


def no_window(window: str) -> HTTPException:
    return HTTPException(404, f"{window}: 没有此窗口 there is no such window")
