"""A hall's month as of one look: every slot that is over, judged by the loop's own rule (DESIGN §5, §7).

Nothing is read from verdicts stored before: the same facts at the same time give the same sheet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import select

from monitor.attendance.checkins import judge_slot
from monitor.attendance.facts import Slot, SlotFacts
from monitor.attendance.policy import CheckinPolicy, SlotPreset
from monitor.attendance.proof import is_approved
from monitor.attendance.slotcase import slot_case
from monitor.attendance.slots import slot_key, slots_on
from monitor.exports.attendance.symbols import Half, HalfDay, JudgedSlot, Punch, Symbol, half_day
from monitor.model import Hall, Outcome, SourceState
from monitor.store.cards import CARD
from monitor.store.facts.look import Look
from monitor.store.facts.slots import load_slots, terminals_of
from monitor.store.schema import StaffRow
from monitor.store.sql import chunks, table_of
from monitor.workcal import WorkCalendar

STAFF: Final = table_of(StaffRow)
DAYS_AT_ONCE: Final = 4
"""Days of one load: each reads the days around it too, and each person's rows are looked through for every day."""
NOON: Final = time(13)
"""A session that is named neither am nor pm is a forenoon's if its first due lies before this local time."""

DayPlan: TypeAlias = Mapping[Half, tuple[Slot, ...]]
Cells: TypeAlias = dict[tuple[date, Half], HalfDay]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A row of the sheet: names are filled in here (DESIGN §1F). Nothing is expected before `start`."""

    id: str
    name: str
    unit: str
    start: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card that a slot got."""

    number: int
    withdrawn: bool


@dataclass(frozen=True, kw_only=True)
class HallMonth:
    """What the sheet says. `cells` by person id; a half day that is not there is blank. `cards` by slot key."""

    hall: Hall
    preset: SlotPreset
    days: tuple[date, ...]
    zone: ZoneInfo
    published: bool
    made: datetime
    terminals: tuple[SourceState, ...]
    people: tuple[Person, ...]
    cells: Mapping[str, Cells]
    cards: Mapping[str, tuple[Card, ...]]


def read_month(look: Look, policy: CheckinPolicy, hall: Hall, preset: SlotPreset, first: date) -> HallMonth:
    """The month that begins on `first`, for everybody whose unit is in the hall now.

    1. Plan each local day up to today. 2. Load and judge the slots of half days that are over. 3. Fold them to cells,
    days off included. 4. Add the cards of what is not in order.
    """
    calendar = look.book.for_hall(look.registry, hall.id)
    days = tuple(_days_of_month(first))
    people = _people(look, hall)
    plans = {day: day_plan(preset, day, calendar) for day in days if day <= calendar.local_date(look.now)}
    cells: dict[str, Cells] = {person.id: _days_off(person, plans, calendar) for person in people}
    for person, day, facts in _loaded(look, people, plans):
        cells[person.id] |= _judged(look, policy, calendar, person, day, plans[day], facts)
    terminals = sorted({source for person in people for source in terminals_of(look.registry, person.id)})
    return HallMonth(
        hall=hall,
        preset=preset,
        days=days,
        zone=calendar.zone,
        published=calendar.is_published(first),
        made=look.now,
        terminals=look.sources.states(terminals),
        people=people,
        cells=cells,
        cards=_cards(look, (slot for mine in cells.values() for half in mine.values() for slot in half.slots)),
    )


def _days_of_month(first: date) -> Iterator[date]:
    day = first
    while (day.year, day.month) == (first.year, first.month):
        yield day
        day += timedelta(days=1)


def _people(look: Look, hall: Hall) -> tuple[Person, ...]:
    """Everybody of the hall, by unit and id."""
    registry = look.registry
    names: dict[str, str] = {row.id: row.name for row in look.conn.execute(select(STAFF.c.id, STAFF.c.name))}
    mine = [staff for staff in registry.staff.values() if registry.hall_of_staff(staff.id) == hall.id]
    return tuple(
        Person(
            id=staff.id,
            name=names.get(staff.id, ""),
            unit=registry.units[staff.unit or ""].name or staff.unit or "",
            start=max((at for at in (staff.expected_from, hall.expected_from) if at is not None), default=None),
        )
        for staff in sorted(mine, key=lambda staff: (staff.unit or "", staff.id))
    )


def day_plan(preset: SlotPreset, day: date, calendar: WorkCalendar) -> DayPlan:
    """The day's slots by the half of the day that their session belongs to."""
    slots = slots_on(preset, day, calendar)
    halves = {
        session: _half_of(session, min(slot.due for slot in slots if slot.session == session), calendar.zone)
        for session in {slot.session for slot in slots}
    }
    return {half: tuple(slot for slot in slots if halves[slot.session] is half) for half in Half}


def _half_of(session: str, due: datetime, zone: ZoneInfo) -> Half:
    named = {"am": Half.FORENOON, "pm": Half.AFTERNOON}
    return named.get(session) or (Half.FORENOON if due.astimezone(zone).time() < NOON else Half.AFTERNOON)


def _days_off(person: Person, plans: Mapping[date, DayPlan], calendar: WorkCalendar) -> Cells:
    """The half days without slots, from the person's first day on."""
    begun = calendar.local_date(person.start) if person.start else date.min
    return {
        (day, half): HalfDay(day=day, half=half, symbol=Symbol.REST)
        for day, plan in plans.items()
        if day >= begun
        for half in Half
        if not plan[half]
    }


def _loaded(
    look: Look, people: Sequence[Person], plans: Mapping[date, DayPlan]
) -> Iterator[tuple[Person, date, SlotFacts]]:
    """The facts of each person's days with slots: those of one slot, as all slots of a day share theirs."""
    first_slots = {
        day: slots[0] for day, plan in plans.items() if (slots := [s for half in plan.values() for s in half])
    }
    for days in chunks(first_slots, DAYS_AT_ONCE):
        keys = {(person, day): slot_key(person.id, day, first_slots[day].name) for day in days for person in people}
        loaded = load_slots(look, list(keys.values())) if keys else {}
        for (person, day), key in keys.items():
            yield person, day, loaded[key].facts


def _judged(
    look: Look,
    policy: CheckinPolicy,
    calendar: WorkCalendar,
    person: Person,
    day: date,
    plan: DayPlan,
    facts: SlotFacts,
) -> Cells:
    """The cells of the day's half days that are over; slots due before the person's start are not expected."""
    cells: Cells = {}
    for half, slots in plan.items():
        expected = [slot for slot in slots if person.start is None or slot.due >= person.start]
        if not expected or max(slot.closes for slot in slots) > look.now:
            continue
        of_slots = (facts_of(facts, slot, slots) for slot in expected)
        found = half_day(day, half, [_judge(look.now, policy, calendar, one) for one in of_slots])
        if found is not None:
            cells[day, half] = found
    return cells


def facts_of(facts: SlotFacts, slot: Slot, half: Iterable[Slot]) -> SlotFacts:
    """The facts of another slot of the same person and day."""
    return dataclasses.replace(facts, slot=slot, session=tuple(s for s in half if s.session == slot.session))


def _judge(now: datetime, policy: CheckinPolicy, calendar: WorkCalendar, facts: SlotFacts) -> JudgedSlot:
    verdict = judge_slot(facts, policy, calendar, now)
    judged = JudgedSlot(
        key=slot_key(facts.staff, facts.date, facts.slot.name),
        slot=facts.slot,
        outcome=verdict.outcome,
        reason=verdict.reason,
    )
    if verdict.outcome in (Outcome.OK, Outcome.MERGED):
        return judged
    return dataclasses.replace(
        judged,
        punches=tuple(
            Punch(at=came.at, direction=way, source=came.source, trusted=came.trusted)
            for came, way in slot_case(facts, policy, now).came
        ),
        unapproved=tuple(
            leave.id
            for leave in facts.leaves
            if leave.start <= facts.slot.due < leave.end and not is_approved(leave, now)
        ),
    )


def _cards(look: Look, slots: Iterable[JudgedSlot]) -> dict[str, tuple[Card, ...]]:
    """Cards issued by now for slots that are not in order, by slot key, lowest number first."""
    keys = [slot.key for slot in slots if slot.outcome is not Outcome.OK]
    found: dict[str, tuple[Card, ...]] = {}
    for batch in chunks(keys):
        query = (
            select(CARD.c.key, CARD.c.number, CARD.c.state)
            .where(CARD.c.kind == "slot", CARD.c.key.in_(batch), CARD.c.issued <= look.now)
            .order_by(CARD.c.number)
        )
        for row in look.conn.execute(query):
            card = Card(number=row.number, withdrawn=row.state == "withdrawn")
            found[row.key] = (*found.get(row.key, ()), card)
    return found
