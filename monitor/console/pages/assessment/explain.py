"""One score explained (考评说明), a person's or a window's: for themselves, their leads, the hall's supervision."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request, Response

from monitor.assessment.explained import Explained
from monitor.assessment.model import Ledger
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.actors import actors
from monitor.console.pages.assessment.explainview import (
    Behind,
    choices_view,
    left_view,
    sheet_view,
    steps_view,
    unknown_view,
)
from monitor.console.pages.assessment.scores import Period, choices, waits
from monitor.console.pages.assessment.scoreview import Said, effects_view, head_view
from monitor.console.pages.cardview import words_for
from monitor.console.pages.devices import PLAIN, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.console.previews import Made, Running
from monitor.console.scoreplace import Place, hall_of_whom, place_of
from monitor.store.facts.look import Look
from monitor.supervision.assessment.explain import card_rows, explanation, nobody, numbers_of
from monitor.supervision.assessment.months import month_now
from monitor.supervision.signin import Signed


def add_explained(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:read")

    @pages.get("/assessment/people/{staff}")
    def of_person(
        request: Request, staff: str = Path(max_length=64, pattern=PLAIN), hall: str = filter_of(),
        period: str = Period, signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """A person's score of the period, back to its facts and cards."""
        return _one(request, deps, signed, "staff", staff, hall, period)

    @pages.get("/assessment/windows/{window}")
    def of_window(
        request: Request, window: str = Path(max_length=64, pattern=PLAIN), hall: str = filter_of(),
        period: str = Period, signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """The same of a window."""
        return _one(request, deps, signed, "window", window, hall, period)


def _one(
    request: Request, deps: Deps, signed: Signed, ledger: Ledger, whom: str, hall: str, period: str
) -> Response:  # fmt: skip
    place, found = read(deps, signed, ledger, whom, hall, period)
    path = f"/assessment/{'windows' if ledger == 'window' else 'people'}/{whom}"
    shared = {**choices(request, place), "signed": signed, "path": path, "ledger": ledger}
    if isinstance(found, Running):
        return waits(request, "assess_explained.html", found, **shared)
    of = explanation(found.snapshot, ledger, whom, found.gathered, who=signed.person)
    with looked(deps) as look:
        said = Said(
            snapshot=found.snapshot, language=language_of(request), zone=look.registry.zone_of(found.snapshot.hall)
        )
        behind = _behind(look, of, said, signed)
    return page(
        request, "assess_explained.html", **shared, running=False, told=head_view(said, again=found.again),
        sheet=sheet_view(of, said), steps=steps_view(of, said, behind), adds_up=of.adds_up,
        sum=f"{of.steps[-1].total:.2f}", left=left_view(of, said, behind), complete=of.complete,
        unknown=unknown_view(of, said), effects=effects_view(said, of.effects), chosen=choices_view(of, said),
        of=urlencode(place.address), may_ask=may(signed, "scores:appeal"),
    )  # fmt: skip


def read(deps: Deps, signed: Signed, ledger: Ledger, whom: str, hall: str, period: str) -> tuple[Place, Made | Running]:
    """The hall of the sheet and what there is to tell of its period. Raises Refused, also for a hall without a book."""
    with looked(deps) as look:
        at = hall_of_whom(look, signed.person, ledger, whom, hall)
        place = place_of(look, signed.person, at, period)
    if not place.periods:
        raise nobody(whom)
    return place, deps.previews.of(deps, at, place.period)


def _behind(look: Look, of: Explained, said: Said, signed: Signed) -> Behind:
    rows = card_rows(look, of.cards, signed.person)
    words = words_for(look.conn, look.registry, said.language, [row.staff for row in rows])
    return Behind(
        cards={row.number: row for row in rows}, numbers=numbers_of(look.conn, of), words=words,
        actor=actors(look.conn, said.language),
    )  # fmt: skip


def own_sum(deps: Deps, look: Look, staff: str) -> str | None:
    """Of somebody's own page: their score of this month where it is known without counting; None where it is not."""
    hall = look.registry.hall_of_staff(staff)
    kept = deps.previews.peek(hall, month_now(look.registry, hall, look.now)) if hall is not None else None
    sheet = next((one for one in kept.people if one.id == staff), None) if kept is not None else None
    return f"{sheet.points:.2f}" if sheet is not None else None
