"""Every fact of a hall's month that assessment (考评) may cost or reward, with what is not known of it.

One module for each group of sources (`monitor.assessment.sources`); all but `award.window`, which closing finds. What
is unknown, unproven or in doubt is an `Unknown` and never a fact; a card that was withdrawn, or closed as unfounded or
explained (不属实、说明成立), gives no fact. What each is, and to which month it belongs: docs/assessment-facts.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.assessment.book import Choices
from monitor.assessment.model import Fact, Unknown
from monitor.assessment.scoring import Scoring
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.store.facts.scoring_attendance import (
    attendance_facts,
    days_known,
    posts_of_month,
    slots_of_month,
    unknown_time,
)
from monitor.store.facts.scoring_awards import awards_of
from monitor.store.facts.scoring_cards import cards_of
from monitor.store.facts.scoring_cases import overdue_facts, timer_facts, unknown_cases
from monitor.store.facts.scoring_hand import bad_ratings, entered, found_by_hand
from monitor.store.facts.scoring_month import month_of
from monitor.store.facts.scoring_plans import item_facts, leave_facts, posting_facts, vacant_facts
from monitor.store.facts.scoring_record import entry_facts, record_facts, unrecorded_facts
from monitor.store.facts.scoring_shares import cases_of, share_facts
from monitor.store.facts.scoring_tasks import counts, ordered_facts, task_facts, tasks_of, unknown_tasks


def load_scoring(look: Look, hall: str, month: str, policy: Policy, choices: Choices) -> Scoring:
    """The hall's month `2026-03` as far as it is known at `look.now`. Raises ValueError for another text than a month,
    KeyError for a hall that there is not.
    """
    m = month_of(look, hall, month, policy, choices)
    slots, posts, cards = slots_of_month(m), posts_of_month(m), cards_of(m)
    duty, watched = days_known(m, slots, posts)
    tasks, cases = tasks_of(m, cards), cases_of(m)
    late, overdue = overdue_facts(m)
    facts = [
        *attendance_facts(m, slots, cards),
        *leave_facts(m),
        *posting_facts(m),
        *vacant_facts(m),
        *item_facts(m),
        *late,
        *timer_facts(m, cards),
        *record_facts(m),
        *unrecorded_facts(m),
        *entry_facts(m),
        *task_facts(m, tasks),
        *ordered_facts(m, cards),
        *bad_ratings(m, cards),
        *found_by_hand(m, cards),
        *entered(m),
        *share_facts(m, cases),
        *counts(m, tasks),
        *awards_of(m),
    ]
    return Scoring(
        hall=hall,
        month=month,
        first=m.first,
        last=m.last,
        facts=_ordered(facts),
        overdue=_ordered(overdue),
        unknowns=_sorted([*unknown_time(m, slots, posts), *unknown_cases(m), *unknown_tasks(m, tasks)]),
        duty=duty,
        watched=watched,
        cases=cases,
    )


def _ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """By time, ties by source and key; one of each."""
    known = {(fact.source, fact.key): fact for fact in facts}
    return tuple(sorted(known.values(), key=lambda f: (f.at, f.source, f.key)))


def _sorted(unknowns: Iterable[Unknown]) -> tuple[Unknown, ...]:
    known = {unknown.subject: unknown for unknown in unknowns}
    return tuple(sorted(known.values(), key=lambda u: (u.date, u.subject)))
