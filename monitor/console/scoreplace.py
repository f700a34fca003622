"""Where and of when scores are asked for, for pages and API alike: the hall and the period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.access import Principal
from monitor.assessment.model import Ledger
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.previews import Made, Running
from monitor.store import rulebooks
from monitor.store.facts.look import Look
from monitor.supervision.assessment.explain import nobody
from monitor.supervision.assessment.gathered import no_hall
from monitor.supervision.assessment.months import month_now
from monitor.supervision.assessment.periods import Period, periods
from monitor.supervision.assessment.sheetreach import halls_to_read

PERIOD: Final = r"^[0-9QH-]*$"
AGAIN_SECONDS: Final = 2
"""A page that waits for a preview loads itself anew after so long."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The hall that is chosen (None: they read no hall's scores), all that they may choose; the period, and those that
    there are in the hall (none: it has no rule book).
    """

    hall: str | None
    halls: Mapping[str, str]
    period: str
    periods: tuple[Period, ...]

    @property
    def address(self) -> dict[str, str]:
        """What of it stands in an address."""
        return {"hall": self.hall or "", "period": self.period}


def place_of(look: Look, who: Principal, hall: str, period: str) -> Place:
    """The hall and period asked for; else the first hall with a rule book, and this month. Refused for a hall that
    there is not, for them.
    """
    halls = halls_to_read(look.registry, who)
    if hall and hall not in halls:
        raise no_hall(hall)
    chosen = hall or next((one for one in halls if rulebooks.first_month(look.conn, one)), next(iter(halls), None))
    if chosen is None:
        return Place(hall=None, halls=halls, period=period, periods=())
    return Place(
        hall=chosen, halls=halls, period=period or month_now(look.registry, chosen, look.now),
        periods=tuple(periods(look, chosen)),
    )  # fmt: skip


def hall_of_whom(look: Look, who: Principal, ledger: Ledger, whom: str, hall: str) -> str:
    """The hall of a person's or window's sheet: the one asked for, else theirs, else the first that `who` reads.

    Refused for a hall that there is not, for them; whoever lies in another is looked for in one of theirs, and is
    nobody.
    """
    halls = halls_to_read(look.registry, who)
    if hall and hall not in halls:
        raise no_hall(hall)
    at = look.registry.charge(
        window=whom if ledger == "window" else None, staff=whom if ledger == "staff" else None
    ).hall
    found = hall or (at if at in halls else next(iter(halls), None))
    if found is None:
        raise nobody(whom)
    return found


def told_of(deps: Deps, who: Principal, hall: str, period: str) -> tuple[Place, Made | Running | None]:
    """The place, and what there is to tell of its period; None in a hall without a rule book. Raises Refused, as
    `place_of` and `Previews.of`.
    """
    with looked(deps) as look:
        place = place_of(look, who, hall, period)
    if place.hall is None or not place.periods:
        return place, None
    return place, deps.previews.of(deps, place.hall, place.period)
