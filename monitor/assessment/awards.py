"""Awards (表彰): windows and people of the quarter, nominees, the annual award (rows G06, G08, H06). Pure.

Whom a tie at the last seat concerns, and whom a window nominates, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.assessment.book import RuleBook
from monitor.assessment.model import Ledger
from monitor.assessment.ranking import Place, Seats
from monitor.assessment.results import Award
from monitor.assessment.streaks import History, quarterly_awards
from monitor.model import Reason


def seats_as_awards(ledger: Ledger, period: str, seats: Seats, places: Mapping[str, Place], of: int) -> list[Award]:
    """The awards that places give: those who have a seat, and those who are equal for what is `left`. `of`: seats."""
    found = []
    for whom in (*seats.taken, *seats.tied):
        tied = whom in seats.tied
        figures = {ledger: whom, "counted": period, "place": places[whom].place, "seats": of}
        figures |= {"left": seats.left, "equals": len(seats.tied)} if tied else {}
        found.append(
            Award(
                ledger=ledger, whom=whom, period=period, place=places[whom].place,
                state="tied" if tied else "awarded",
                why=Reason(code="assessment.award.tied" if tied else "assessment.award", figures=figures),
            )
        )  # fmt: skip
    return found


def nominated(
    period: str, window: str, nominees: Sequence[str], chosen: frozenset[str], places: Mapping[str, Place]
) -> Award | None:
    """The person that an awarded window named (G08), where one of its nominees was; more than one are none."""
    named = [whom for whom in nominees if whom in chosen]
    if len(named) != 1:
        return None
    figures = {"staff": named[0], "window": window, "counted": period}
    return Award(
        ledger="staff", whom=named[0], period=period, place=places[named[0]].place, state="awarded",
        why=Reason(code="assessment.award.nominated", figures=figures),
    )  # fmt: skip


def annual(
    ledger: Ledger, year: str, who: Iterable[str], places: Mapping[str, Place], book: RuleBook, history: History
) -> list[Award]:
    """G06: whoever has `annual_after` quarterly awards of the year (以上 as `inclusive` says). `who`: not barred."""
    found = []
    for whom in sorted(who):
        quarters = quarterly_awards(year, history.of(ledger, whom))
        limit = book.cycle.annual_after
        if len(quarters) >= limit if book.choices.inclusive else len(quarters) > limit:
            figures = {ledger: whom, "counted": year, "count": len(quarters), "quarters": list(quarters)}
            found.append(
                Award(
                    ledger=ledger, whom=whom, period=year, place=places[whom].place, state="awarded",
                    why=Reason(code="assessment.award.annual", figures=figures),
                )
            )  # fmt: skip
    return found
