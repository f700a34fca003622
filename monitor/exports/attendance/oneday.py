"""A person's day of slots: their facts are loaded once, and what was seen of a session is found once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from monitor.attendance.checkins import judge_slot
from monitor.attendance.facts import Slot, SlotFacts
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.slotcase import Seen, session_seen
from monitor.model import Verdict
from monitor.workcal import WorkCalendar

BESIDE: Final = timedelta(hours=6)
"""Beside a day's slots; an outing slip moves one by no more than it lasts."""


def of_the_day(facts: SlotFacts, slots: Sequence[Slot]) -> SlotFacts:
    """The facts without check-ins of other days, which no slot of this day looks at; doubtful times stay."""
    if not slots:
        return facts
    beside = max([BESIDE, *(slip.end - slip.start for slip in facts.outings)])
    begins, ends = min([slot.opens for slot in slots]) - beside, max([slot.closes for slot in slots]) + beside
    mine = tuple([c for c in facts.checkins if begins <= c.at <= ends or not c.trusted])
    return structs.replace(facts, checkins=mine) if len(mine) < len(facts.checkins) else facts


def facts_of(facts: SlotFacts, slot: Slot, slots: Iterable[Slot]) -> SlotFacts:
    """The facts of another slot of the same person and day, whose slots are `slots`."""
    return structs.replace(facts, slot=slot, session=tuple([s for s in slots if s.session == slot.session]))


def judged_slots(
    facts: SlotFacts, slots: Iterable[Slot], of: Sequence[Slot], policy: CheckinPolicy, calendar: WorkCalendar,
    now: datetime,
) -> Iterator[tuple[SlotFacts, Verdict, Seen]]:  # fmt: skip
    """Each of `slots` judged as of `now`, with what was seen of its session. `facts`: those of any slot of the day;
    `of`: all slots of the day, or of the half of it.
    """
    seen: dict[str, Seen] = {}
    for slot in slots:
        one = facts_of(facts, slot, of)
        if slot.session not in seen:
            seen[slot.session] = session_seen(one, policy, now)
        yield one, judge_slot(one, policy, calendar, now, seen[slot.session]), seen[slot.session]
