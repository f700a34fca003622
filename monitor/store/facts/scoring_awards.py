"""`award.window` (E23): windows that a closed quarter made excellent, with the people who stood at them.

The fact is of the day on which the quarter was signed off, so that it lies in a month that is open then.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.assessment.model import Fact
from monitor.store import closedperiods
from monitor.store.facts.scoring_month import HallMonth


def awards_of(m: HallMonth) -> Iterator[Fact]:
    """One fact for the window, one for each of its people, who have no window in it: each costs its own ledger once."""
    for one in closedperiods.awards_between(m.look.conn, m.hall, m.start, m.end):
        if not m.holds(one.at):
            continue
        figures = {"period": one.period, "window": one.window}
        if one.ledger == "window":
            yield m.fact("award.window", f"{one.period}/{one.whom}", one.at, window=one.whom, figures=figures)
        else:
            key = f"{one.period}/{one.window}/{one.whom}"
            yield m.fact("award.window", key, one.at, staff=one.whom, figures=figures)
