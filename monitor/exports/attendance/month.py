"""A hall's month as of one look: every slot that is over, judged by the loop's own rule (DESIGN §5, §7).

No verdict stored before is read: the same facts at the same time give the same sheet. Cards are read, for what people
found of them: an off-post that was confirmed, a card that was taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import structs
from sqlalchemy import select

from monitor.attendance.facts import CheckIn, Correction, Slot, SlotFacts
from monitor.attendance.overtime import ProvenOvertime, Standing
from monitor.attendance.policy import CheckinPolicy, SlotPreset
from monitor.attendance.proof import is_approved
from monitor.attendance.slotcase import Seen
from monitor.attendance.slots import slot_key
from monitor.exports.attendance.cards import cards_of_slots, off_posts_of
from monitor.exports.attendance.local import one_line
from monitor.exports.attendance.oneday import judged_slots, of_the_day
from monitor.exports.attendance.symbols import Half, HalfDay, JudgedSlot, OffPost, Punch, Symbol, half_day
from monitor.model import Hall, Outcome, SourceState, Verdict
from monitor.store.facts.look import Look, utc_span
from monitor.store.facts.overtime import overtime_of
from monitor.store.facts.slots import Plan, load_slots, plan_of, remember_rota, terminals_of
from monitor.store.plans import outings
from monitor.store.schema import StaffRow
from monitor.store.sql import chunks, table_of
from monitor.workcal import WorkCalendar

STAFF: Final = table_of(StaffRow)
DAYS_AT_ONCE: Final = 11
PERSON_DAYS: Final = 8000
"""Days of one load, each of which reads the days around it too; all of them where people × days are so few."""
NOON: Final = time(13)
"""A session that is named neither am nor pm is a forenoon's if its first due lies before this local time."""

Tell: TypeAlias = Callable[[int, int], None]
DayPlan: TypeAlias = Mapping[Half, tuple[Slot, ...]]
DayPlans: TypeAlias = dict[date, DayPlan]
Cells: TypeAlias = dict[tuple[date, Half], HalfDay]
Judged: TypeAlias = dict[tuple[date, Half], list[JudgedSlot]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A row of the sheet: names are filled in here (DESIGN §1F). Nothing is expected before `start`."""

    id: str
    name: str
    unit: str
    unit_id: str
    start: datetime | None


@dataclass(frozen=True, kw_only=True)
class HallMonth:
    """What the sheet says. By person id: `cells` (a half day that is not there is blank), `posts` (off-posts that
    windows tell of), `outings` (slips that begin in the month), `overtime` (that begins in it). `presets`: those that
    anybody had. `why` says of each day why it is worked or not.
    """

    hall: Hall
    presets: tuple[SlotPreset, ...]
    days: tuple[date, ...]
    why: Mapping[date, str]
    zone: ZoneInfo
    published: bool
    made: datetime
    terminals: tuple[SourceState, ...]
    people: tuple[Person, ...]
    cells: Mapping[str, Cells]
    posts: Mapping[str, tuple[OffPost, ...]]
    outings: Mapping[str, int]
    overtime: Mapping[str, tuple[ProvenOvertime, ...]]


def read_month(
    look: Look, policy: CheckinPolicy, hall: Hall, first: date, only: Collection[str] | None = None, *,
    tell: Tell | None = None,
) -> HallMonth:  # fmt: skip
    """The month that begins on `first`, for everybody whose unit is in the hall now, or `only` some of them by id.
    `tell` hears after each step how many days of how many are judged.

    1. Plan each person's local days up to today. 2. Load and judge the slots of half days that are over. 3. Add the
    cards of what is not in order. 4. Fold slots to cells, days off included. 5. Add what windows and slips tell.
    """
    calendar = look.book.for_hall(look.registry, hall.id)
    days = tuple(_days_of_month(first))
    people = _people(look, hall, only)
    begun = [day for day in days if day <= calendar.local_date(look.now)]
    plans = _plans(look, people, begun, calendar.zone)
    judged: dict[str, Judged] = {person.id: {} for person in people}
    for person, day, facts in _loaded(look, people, plans, tell):
        judged[person.id] |= _judged(look, policy, calendar, person, day, plans[person.id][day], facts)
    _add_cards(look, judged)
    terminals = sorted({source for person in people for source in terminals_of(look.registry, person.id)})
    return HallMonth(
        hall=hall,
        presets=_presets(look, hall, people, begun),
        days=days,
        why={day: calendar.plan_of(day).why for day in days},
        zone=calendar.zone,
        published=calendar.is_published(first),
        made=look.now,
        terminals=look.sources.states(terminals),
        people=people,
        cells={
            person.id: _days_off(person, plans[person.id], calendar) | _folded(judged[person.id]) for person in people
        },
        posts=off_posts_of(look, [person.id for person in people], days[0], days[-1]),
        outings=_outings(look, people, days, calendar.zone),
        overtime=_overtime(look, policy, people, days, calendar.zone),
    )


def _days_of_month(first: date) -> Iterator[date]:
    day = first
    while (day.year, day.month) == (first.year, first.month):
        yield day
        day += timedelta(days=1)


def _people(look: Look, hall: Hall, only: Collection[str] | None) -> tuple[Person, ...]:
    """Everybody of the hall, or only some of them, by unit and id."""
    registry = look.registry
    names: dict[str, str] = {row.id: row.name for row in look.conn.execute(select(STAFF.c.id, STAFF.c.name))}
    mine = [
        staff
        for staff in registry.staff.values()
        if registry.hall_of_staff(staff.id) == hall.id and (only is None or staff.id in only)
    ]
    return tuple(
        Person(
            id=staff.id,
            name=one_line(names.get(staff.id, "")),
            unit=one_line(registry.units[staff.unit or ""].name) or staff.unit or "",
            unit_id=staff.unit or "",
            start=max((at for at in (staff.expected_from, hall.expected_from) if at is not None), default=None),
        )
        for staff in sorted(mine, key=lambda staff: (staff.unit or "", staff.id))
    )


def _presets(look: Look, hall: Hall, people: Iterable[Person], days: Sequence[date]) -> tuple[SlotPreset, ...]:
    """The hall's preset first, then the others that shifts (班次) give."""
    used = {_plan(look, person, day).preset for person in people for day in days}
    names = [hall.attendance, *sorted(used - {hall.attendance})]
    return tuple(look.presets[name] for name in names if name in look.presets)


# --------------------------------------------------------------------------- what was expected


def _plans(look: Look, people: Iterable[Person], days: Sequence[date], zone: ZoneInfo) -> dict[str, DayPlans]:
    """Each person's and day's slots by half; people with the same slots share the plan."""
    if days:
        remember_rota(look, days[0], days[-1])
    known: dict[tuple[Slot, ...], DayPlan] = {}
    found: dict[str, DayPlans] = {}
    for person in people:
        found[person.id] = {}
        for day in days:
            slots = _plan(look, person, day).slots
            if slots not in known:
                known[slots] = day_plan(slots, zone)
            found[person.id][day] = known[slots]
    return found


def _plan(look: Look, person: Person, day: date) -> Plan:
    """As `load_slots` remembers it."""
    return look.once(("plan", person.id, day), partial(plan_of, look, person.id, day))


def day_plan(slots: Sequence[Slot], zone: ZoneInfo) -> DayPlan:
    """A day's slots by the half of the day that their session belongs to."""
    halves = {
        session: _half_of(session, min(slot.due for slot in slots if slot.session == session), zone)
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


# --------------------------------------------------------------------------- what was found


def _loaded(
    look: Look, people: Sequence[Person], plans: Mapping[str, DayPlans], tell: Tell | None
) -> Iterator[tuple[Person, date, SlotFacts]]:
    """The facts of each person's days with slots: those of one slot, as all slots of a day share theirs."""
    days = sorted({day for mine in plans.values() for day in mine})
    done = 0
    few = len(people) * len(days) <= PERSON_DAYS and tell is None
    for some in chunks(days, len(days) or 1 if few else DAYS_AT_ONCE):
        if tell is not None:
            tell(done, len(days))
        done += len(some)
        keys = {
            (person, day): slot_key(person.id, day, slots[0].name)
            for day in some
            for person in people
            if (slots := [slot for half in plans[person.id][day].values() for slot in half])
        }
        loaded = load_slots(look, list(keys.values())) if keys else {}
        for (person, day), key in keys.items():
            yield person, day, loaded[key].facts
    if tell is not None:
        tell(done, len(days))


def _judged(
    look: Look,
    policy: CheckinPolicy,
    calendar: WorkCalendar,
    person: Person,
    day: date,
    plan: DayPlan,
    facts: SlotFacts,
) -> Judged:
    """The slots of the day's half days that are over; slots due before the person's start are not expected."""
    found: Judged = {}
    facts = of_the_day(facts, [slot for slots in plan.values() for slot in slots])
    for half, slots in plan.items():
        expected = [slot for slot in slots if person.start is None or slot.due >= person.start]
        if expected and max(slot.closes for slot in slots) <= look.now:
            judged = judged_slots(facts, expected, slots, policy, calendar, look.now)
            found[day, half] = [_slot(look.now, *one) for one in judged]
    return found


def _slot(now: datetime, facts: SlotFacts, verdict: Verdict, seen: Seen) -> JudgedSlot:
    judged = JudgedSlot(
        key=slot_key(facts.staff, facts.date, facts.slot.name),
        slot=facts.slot,
        outcome=verdict.outcome,
        reason=verdict.reason,
        waiting=tuple(c.id for c in facts.corrections if c.fits(facts.slot) and not _counts(c, now)),
        idle=verdict.outcome is Outcome.EXCUSED and _takes_nothing(facts, str(verdict.reason.figures.get("id", ""))),
    )
    if verdict.outcome in (Outcome.OK, Outcome.MERGED) and not any(c.source == CORRECTION for c in facts.checkins):
        return judged
    return structs.replace(
        judged,
        punches=tuple(_punch(checkin, way) for checkin, way in seen.came),
        unapproved=tuple(
            leave.id
            for leave in facts.leaves
            if leave.start <= facts.slot.due < leave.end and not is_approved(leave, now)
        ),
    )


def _counts(correction: Correction, now: datetime) -> bool:
    return correction.is_approved and correction.approved_at is not None and correction.approved_at <= now


CORRECTION: Final = "correction"
"""The source of a check-in that was written down afterwards (补签)."""


def _punch(checkin: CheckIn, way: str) -> Punch:
    form = checkin.id.partition("/")[2] if checkin.source == CORRECTION else ""
    return Punch(at=checkin.at, direction=way, source=checkin.source, trusted=checkin.trusted, correction=form)


def _takes_nothing(facts: SlotFacts, leave: str) -> bool:
    """Leave that begins when leaving is due anyway: of that half day nothing is on leave (leave from noon on)."""
    found = next((one for one in facts.leaves if one.id == leave), None)
    return facts.slot.direction == "out" and found is not None and found.start >= facts.slot.due


def _add_cards(look: Look, judged: Mapping[str, Judged]) -> None:
    """The cards issued by now on slots that are not in order, in place."""
    keys = [
        slot.key
        for mine in judged.values()
        for slots in mine.values()
        for slot in slots
        if slot.outcome is not Outcome.OK
    ]
    cards = cards_of_slots(look, keys)
    for mine in judged.values():
        for slots in mine.values():
            slots[:] = [structs.replace(slot, cards=cards[slot.key]) if slot.key in cards else slot for slot in slots]


def _folded(judged: Judged) -> Cells:
    found = {(day, half): half_day(day, half, slots) for (day, half), slots in judged.items()}
    return {key: cell for key, cell in found.items() if cell is not None}


def _outings(look: Look, people: Sequence[Person], days: Sequence[date], zone: ZoneInfo) -> dict[str, int]:
    """How many slips (临时外出) of each person begin on a day of the month that is not after now."""
    start, end = utc_span(days[0], days[-1])
    within = set(days)
    return {
        person: sum(slip.start.astimezone(zone).date() in within and slip.start <= look.now for slip in slips)
        for person, slips in outings(look.conn, [person.id for person in people], start, end).items()
    }


def _overtime(
    look: Look, policy: CheckinPolicy, people: Sequence[Person], days: Sequence[date], zone: ZoneInfo
) -> dict[str, tuple[ProvenOvertime, ...]]:
    """Booked overtime (加班) of each person that begins on a day of the month and is over."""
    start, end = utc_span(days[0], days[-1])
    within = set(days)
    found = overtime_of(look, policy, [person.id for person in people], start, end)
    return {
        person: tuple(
            one
            for one in rows
            if one.booked.start.astimezone(zone).date() in within and one.standing is not Standing.PENDING
        )
        for person, rows in found.items()
    }
