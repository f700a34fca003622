"""Scores and places (得分与名次) of a hall's period: as they were signed, or as they stand by now."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.deps import Deps
from monitor.console.pages.assessment.scoreview import Said, counted, effects_view, head_view, periods_view, rows_view
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.console.previews import Made, Running
from monitor.console.scoreplace import AGAIN_SECONDS, PERIOD, Place, told_of
from monitor.supervision.assessment.sheetreach import reaches_hall, within_reach
from monitor.supervision.signin import Signed

Period: Any = Query("", max_length=10, pattern=PERIOD)


def add_scores(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:read")

    @pages.get("/assessment/scores")
    def scores(
        request: Request, hall: str = filter_of(), period: str = Period, signed: Signed = Depends(person)
    ) -> Response:
        """Windows and people within reach with score, grade and place; the address holds hall and period."""
        place, found = told_of(deps, signed.person, hall, period)
        if isinstance(found, Made):
            return _told(request, deps, signed, place, found)
        return waits(request, "assess_scores.html", found, signed=signed, **choices(request, place))


def choices(request: Request, place: Place) -> dict[str, Any]:
    """Hall and period as a form chooses them."""
    return {
        "place": place, "halls": place.halls, "asked": place.address,
        "periods": periods_view(place.periods, language_of(request)),
    }  # fmt: skip


def waits(request: Request, template: str, found: Running | None, **context: Any) -> Response:
    """The page without what it is to show: it is being counted, and the page loads itself anew; or there is no book."""
    response = page(request, template, told=None, running=found is not None, **context)
    if found is not None:
        response.headers["Refresh"] = str(AGAIN_SECONDS)
    return response


def _told(request: Request, deps: Deps, signed: Signed, place: Place, found: Made) -> Response:
    snapshot = within_reach(found.snapshot, signed.person)
    with deps.store.read() as conn:
        zone = deps.registry.get(conn).zone_of(place.hall)
    said = Said(snapshot=snapshot, language=language_of(request), zone=zone)
    whole = reaches_hall(signed.person, snapshot.hall)
    return page(
        request, "assess_scores.html", signed=signed, **choices(request, place), running=False, whole=whole,
        told=head_view(said, again=found.again), windows=rows_view(said, "window"), people=rows_view(said, "staff"),
        effects=effects_view(said, snapshot.effects), left=[said.reason(one) for one in snapshot.told],
        counts=counted(said), of=urlencode(place.address),
    )  # fmt: skip
