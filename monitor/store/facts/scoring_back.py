"""Facts of an earlier month, of some sources alone: what effects look back to (a year of absences, of marks, D12).

A month in full reads every case; a year of them would take a minute where a glance at a few tables does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from monitor.assessment.book import Choices
from monitor.assessment.model import Fact
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.store.facts.scoring import load_scoring
from monitor.store.facts.scoring_attendance import attendance_facts, slots_of_month
from monitor.store.facts.scoring_cards import Held, cards_of
from monitor.store.facts.scoring_hand import entered, found_by_hand
from monitor.store.facts.scoring_month import HallMonth, month_of
from monitor.store.facts.scoring_plans import vacant_facts
from monitor.store.facts.scoring_record import entry_facts
from monitor.store.facts.scoring_tasks import task_facts, tasks_of

_Read = Callable[[HallMonth, Sequence[Held]], Iterable[Fact]]


def _attendance(m: HallMonth, cards: Sequence[Held]) -> Iterable[Fact]:
    return attendance_facts(m, slots_of_month(m), cards)


def _tasks(m: HallMonth, cards: Sequence[Held]) -> Iterable[Fact]:
    return task_facts(m, tasks_of(m, cards))


READERS: Final[Mapping[str, _Read]] = {
    **dict.fromkeys(("late", "early", "absent", "punch.missing", "off_post", "unstaffed"), _attendance),
    **dict.fromkeys(("complaint.verified", "complaint.in_time"), _tasks),
    "hand": found_by_hand,
    "mark": lambda m, _: entered(m),
    "posting.vacant": lambda m, _: vacant_facts(m),
    "case.late_entry": lambda m, _: entry_facts(m),
}
"""Sources that one reader tells of in full; for any other the month is read whole."""


def facts_back(
    look: Look, hall: str, month: str, policy: Policy, choices: Choices, sources: Collection[str]
) -> tuple[Fact, ...]:
    """Those of `load_scoring`, by time, ties by source and key. Raises as it does."""
    if not set(sources) <= READERS.keys():
        found: Iterable[Fact] = load_scoring(look, hall, month, policy, choices).facts
    else:
        m = month_of(look, hall, month, policy, choices)
        cards = cards_of(m)
        found = [fact for read in dict.fromkeys(READERS[one] for one in sorted(sources)) for fact in read(m, cards)]
    known = {(fact.source, fact.key): fact for fact in found if fact.source in sources}
    return tuple(sorted(known.values(), key=lambda f: (f.at, f.source, f.key)))
