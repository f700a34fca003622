"""Of whom anything at all is known in a period, so that nobody is graded on nothing (不定等次). Pure.

The regulations grade what was observed (§7, §9) and have no word for whoever was not there; a full score of a month
without a day of duty, a case or a line would credit an absence of knowledge. Such a month has no grade and is left out
of the means of longer periods; so it neither lifts nor lowers anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from monitor.assessment.model import Entry, Ledger
from monitor.assessment.scoring import Scoring
from monitor.timeliness.statistics import Counts

Whom: TypeAlias = tuple[Ledger, str]
NOT_ASSESSED: Final = "none"
"""The grade of whoever nothing is known of; of no scale, and no step of a row of months or quarters."""
NOT_ASSESSED_NAME: Final = ("不定等次", "not assessed")


def known_of(scorings: Iterable[Scoring], stood: Mapping[str, str], entries: Iterable[Entry]) -> frozenset[Whom]:
    """Windows and people of whom the months say anything: a day of duty, a case, a day watched, a fact, a line.

    `stood`: the window of each person. Where nobody's check-ins are known at all (a hall without terminals, or with
    none that worked) a person is known by the window where they stood.
    """
    found: set[Whom] = {(entry.key.ledger, entry.key.whom) for entry in entries}
    checked = False
    for scoring in scorings:
        checked = checked or any(scoring.duty.values())
        found |= {("staff", staff) for staff, days in scoring.duty.items() if days}
        found |= {("window", window) for window, days in scoring.watched.items() if days}
        found |= {("window", window) for window, counts in scoring.cases.items() if counts != Counts()}
        for fact in scoring.facts:
            found |= {("staff", fact.staff)} if fact.staff is not None else set()
            found |= {("window", fact.window)} if fact.window is not None else set()
    if not checked:
        found |= {("staff", staff) for staff, window in stood.items() if ("window", window) in found}
    return frozenset(found)
