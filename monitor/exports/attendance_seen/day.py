"""A hall's day (按日): everybody's slots within reach, as `report attendance` tells them, judged as of one look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import select

from monitor.access import Principal
from monitor.attendance.facts import SlotFacts
from monitor.attendance.policy import CheckinPolicy
from monitor.exports.attendance_lists import STAFF, left_posts, read_slots
from monitor.exports.attendance_rows import Line
from monitor.exports.attendance_seen.slots import GONE, DaySlot, masked, slot_of, with_came
from monitor.store.facts.look import Look
from monitor.store.sql import chunks
from monitor.supervision.attendancereach import Someone, learns_kinds, people_within

MOST: Final = 100
"""People of a page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is looked for. `only`: a kind of `attendance_rows.KINDS`, or `gone` for all that say somebody was not there;
    `text`: part of a name or an id; `after`: the person (unit, id) behind whom the page begins.
    """

    hall: str
    unit: str | None = None
    window: str | None = None
    only: str | None = None
    text: str = ""
    after: tuple[str, str] | None = None


@dataclass(kw_only=True, slots=True)
class PersonDay:
    """A person's day. `left`: windows that a card says they left empty. `kinds`: whether the reader learns the kind of
    a leave.
    """

    who: Someone
    name: str
    kinds: bool
    slots: list[DaySlot] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)

    def has(self, only: str) -> bool:
        wanted = GONE if only == "gone" else (only,)
        return any(slot.kind in wanted for slot in self.slots) or any(line.kind in wanted for line in self.left)

    @property
    def on_leave(self) -> bool:
        return any(slot.by == "leave" for slot in self.slots)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """`people`: one row more than the page holds where another follows; `counts` and `on_leave` are over everybody of
    hall, unit and window, whatever `only` and `text` say.
    """

    day: date
    people: tuple[PersonDay, ...]
    counts: Counter[str]
    everybody: int
    gone: int
    on_leave: tuple[PersonDay, ...]


def read_day(
    look: Look, policy: CheckinPolicy, who: Principal, day: date, asked: Asked, limit: int = MOST
) -> Day:  # fmt: skip
    """Everybody within reach on a local day, by unit and id.

    1. Judge everybody's slots; 2. count; 3. pick those asked for; 4. add check-ins to those of the page.
    """
    found = people_within(
        look.registry, who, day, day, hall=asked.hall, unit=asked.unit, window=asked.window
    )  # fmt: skip
    called = names_of(look, [one.id for one in found])
    people = {
        one.id: PersonDay(who=one, name=called.get(one.id, ""), kinds=learns_kinds(who, one)) for one in found
    }  # fmt: skip
    facts = fill(look, policy, people, day, day)
    counts: Counter[str] = Counter()
    for one in people.values():
        counts.update(slot.kind for slot in one.slots)
        counts.update(line.kind for line in one.left)
    shown = [one for one in people.values() if _wanted(one, asked)][: limit + 1]
    for one in shown:
        one.slots[:] = [told(slot, facts[slot.key], policy, look, kinds=one.kinds) for slot in one.slots]
    return Day(
        day=day, people=tuple(shown), counts=counts, everybody=len(people),
        gone=sum(one.has("gone") for one in people.values()),
        on_leave=tuple(one for one in people.values() if one.on_leave),
    )  # fmt: skip


def fill(
    look: Look, policy: CheckinPolicy, people: dict[str, PersonDay], first: date, last: date
) -> dict[str, SlotFacts]:
    """Add to each person their slots of the days first … last by due; gives the facts by slot key."""
    facts: dict[str, SlotFacts] = {}
    staff = [look.registry.staff[one] for one in people]
    for seen in read_slots(look, policy, first, last, staff):
        slot = slot_of(seen)
        if slot is not None:
            facts[slot.key] = seen.facts
            people[seen.facts.staff].slots.append(slot)
    for one, line in left_posts(look, first, last):
        if one in people:
            people[one].left.append(line)
    for person in people.values():
        person.slots.sort(key=lambda slot: (slot.day, slot.due, slot.name))
    return facts


def told(slot: DaySlot, facts: SlotFacts, policy: CheckinPolicy, look: Look, *, kinds: bool) -> DaySlot:
    """The slot with its check-ins, as far as the reader is told."""
    whole = with_came(slot, facts, policy, look.now)
    return whole if kinds else masked(whole)


def names_of(look: Look, staff: Sequence[str]) -> dict[str, str]:
    """Names by id."""
    found: dict[str, str] = {}
    for batch in chunks(staff):
        query = select(STAFF.c.id, STAFF.c.name).where(STAFF.c.id.in_(batch))
        found |= {row.id: row.name for row in look.conn.execute(query)}
    return found


def _wanted(one: PersonDay, asked: Asked) -> bool:
    if asked.after is not None and (one.who.unit, one.who.id) <= asked.after:
        return False
    text = asked.text.casefold()
    if not text and not one.slots and not one.left:
        return False  # of whom nothing was expected; who is looked for by name is shown all the same
    if text and text not in one.name.casefold() and text not in one.who.id.casefold():
        return False
    return asked.only is None or one.has(asked.only)
