"""Facts of check-in slots (考勤时段)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, select

from monitor.attendance.facts import CheckIn, Correction, Slot, SlotFacts
from monitor.attendance.slots import parse_slot_key, slots_on
from monitor.model import Device, Registry, SourceState, Span
from monitor.store import plans, reviews
from monitor.store.facts.look import MARGIN, Loaded, Look, next_receipt, utc_span
from monitor.store.quick import QuickSelect
from monitor.store.schema import CheckinRow
from monitor.store.sql import chunks, table_of

CHECKIN: Final = table_of(CheckinRow)


def load_slots(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of the slots by key (STAFF/DATE/SLOT); one query per kind of fact for all of them."""
    parsed = {key: parse_slot_key(key) for key in keys}
    people = sorted({staff for staff, _, _ in parsed.values()})
    days = [day for _, day, _ in parsed.values()]
    first, last = min(days), max(days)
    came = _CheckIns(look, people, first, last)
    start, end = utc_span(first, last)
    leaves = plans.leaves(look.conn, people, start, end)
    outings = plans.outings(look.conn, people, start, end)
    places = {
        key: look.once(("place", staff, day), partial(window_of, look.registry, staff, day))
        for key, (staff, day, _) in parsed.items()
    }
    look.sources.look_at({device for staff in people for device in terminals_of(look.registry, staff)})
    closed = plans.closures(look.conn, start, end)
    corrections = plans.corrections(look.conn, people, first, last)
    remember_rota(look, first, last)
    loaded: dict[str, Loaded] = {}
    for key, (staff, day, name) in parsed.items():
        hall = look.registry.hall_of_staff(staff)
        window = places[key]
        calendar = look.book.for_hall(look.registry, hall)
        plan = look.once(("plan", staff, day), partial(plan_of, look, staff, day))
        slots = plan.slots
        slot = next((s for s in slots if s.name == name), None)
        written = corrections.get((staff, day), ())
        preset = look.presets.get(plan.preset)
        loaded[key] = Loaded(
            facts=SlotFacts(
                staff=staff,
                date=day,
                slot=slot or _gone(day, name),
                session=tuple(s for s in slots if slot and s.session == slot.session),
                checkins=(
                    *look.once(("checkins", staff, day), partial(came.facts, staff, day)),
                    *_written(written, slots),
                ),
                sources=look.once(("terminals", staff), partial(terminal_states, look, staff)),
                watched_from=look.once(("watched", staff), partial(_watched_from, look, staff)),
                leaves=tuple(leaves.get(staff, ())),
                outings=tuple(outings.get(staff, ())),
                closures=plans.closures_for(closed, hall=hall, window=window),
                registry=look.registry,
                window=window,
                expected=slot is not None,
                published=calendar.is_published(day),
                slots=slots,
                corrections=written,
                preset=plan.preset,
                shift=plan.shift,
                roles=plan.roles,
                own=preset.own if preset is not None else (),
            ),
            calendar=calendar,
            hall=hall,
            more_at=came.more_at(staff, day),
        )
    return loaded


class Plan(NamedTuple):
    """What is planned for a person on a day, and by what: preset, shift ("": the hall's row), roles of the rota."""

    preset: str
    shift: str
    roles: tuple[str, ...]
    slots: tuple[Slot, ...]


def slots_of(look: Look, staff: str, day: date) -> tuple[Slot, ...]:
    """The slots of a person on a local date; empty without a preset or a day of work."""
    return plan_of(look, staff, day).slots


def plan_of(look: Look, staff: str, day: date) -> Plan:
    """The person's slots by their shift (staff > unit > hall > `halls.attendance`) and the day's rota (B10).

    A role of `roster.workday_roles` makes a day off a day of work: in the hours that the person's window has that day,
    else in those of a make-up day of the hall.
    """
    held = look.once("shifts", partial(plans.shifts, look.conn)).of(look.registry, staff, day)
    preset = look.presets.get(held.preset)
    hall = look.registry.hall_of_staff(staff)
    if preset is None or hall is None:
        return Plan(held.preset, held.shift, (), ())
    roles = _rota_of(look, day).get(staff, frozenset()) & (preset.roles | look.workday_roles)
    calendar = look.book.for_hall(look.registry, hall)
    worked: tuple[Span, ...] | None = None
    if roles & look.workday_roles and not calendar.is_workday(day):
        worked = _worked_on(look, staff, day)
    slots = look.once(
        ("slots", held.preset, hall, day, roles, worked),
        lambda: slots_on(preset, day, calendar, roles=roles, worked=worked),
    )
    return Plan(held.preset, held.shift, tuple(sorted(roles)), slots)


def _worked_on(look: Look, staff: str, day: date) -> tuple[Span, ...]:
    """The service of a day off for somebody who works on it (轮班)."""
    window = window_of(look.registry, staff, day)
    own = look.book.for_window(look.registry, window).sessions(day) if window in look.registry.windows else ()
    return own or look.book.for_hall(look.registry, look.registry.hall_of_staff(staff)).made_up_sessions(day)


_NO_ROTA: Final[Mapping[str, frozenset[str]]] = {}


def remember_rota(look: Look, first: date, last: date) -> None:
    """Read the rota of the days first … last at once, for `plan_of` to look at."""
    held = _rotas(look)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if any(day not in held for day in days):
        found = plans.rota(look.conn, first, last)
        held.update({day: found.get(day, _NO_ROTA) for day in days})


def _rota_of(look: Look, day: date) -> Mapping[str, frozenset[str]]:
    if day not in _rotas(look):
        remember_rota(look, day, day)
    return _rotas(look)[day]


def _rotas(look: Look) -> dict[date, Mapping[str, frozenset[str]]]:
    empty: dict[date, Mapping[str, frozenset[str]]] = {}
    return look.once("rota", lambda: empty)


def _written(corrections: Sequence[Correction], slots: Sequence[Slot]) -> Iterator[CheckIn]:
    """Approved corrections (补签) as check-ins of their slots; one that no longer fits its slot has no effect."""
    for row in corrections:
        slot = next((s for s in slots if row.fits(s)), None)
        if slot is not None and row.is_approved and row.approved_at is not None:
            yield CheckIn(
                id=f"correction/{row.id}",
                staff=row.staff,
                at=row.at,
                received=row.approved_at,
                source="correction",
                direction=slot.direction,
                method="manual",
                slot=slot.name,
            )


def window_of(registry: Registry, staff: str, day: date) -> str | None:
    """The window where the person stands that day: the first of their posts, A before B before S."""
    held = [
        p
        for p in registry.posts_of(staff)
        if (p.valid_from is None or p.valid_from <= day) and (p.valid_to is None or day < p.valid_to)
    ]
    return min(held, key=lambda p: ("ABS".find(p.rank), p.window)).window if held else None


def terminals_of(registry: Registry, staff: str) -> tuple[str, ...]:
    """Terminals in service that the person may use (`devices.serves`, DESIGN §1C), by id."""
    hall = registry.hall_of_staff(staff)
    unit = registry.staff[staff].unit if staff in registry.staff else None
    return tuple(sorted(d.id for d in registry.devices_of(hall) if _serves(d, staff, unit)))


def people_of(registry: Registry, device: str) -> tuple[str, ...]:
    """The staff whom a terminal in service serves, by id; empty for a device that takes no check-ins, or is unknown."""
    found = registry.devices.get(device)
    if found is None:
        return ()
    return tuple(
        sorted(
            person.id
            for person in registry.staff.values()
            if registry.hall_of_staff(person.id) == found.hall and _serves(found, person.id, person.unit)
        )
    )


def _serves(device: Device, staff: str, unit: str | None) -> bool:
    if device.kind not in ("terminal", "gateway") or not device.allows("checkin") or not device.reports("checkin"):
        return False
    if not device.serves:
        # A terminal without a list serves its whole hall; a gateway only where it is said, or it would hold everybody.
        return device.kind == "terminal" or "checkin" in device.channels
    return bool({"*", staff, unit} & set(device.serves))


def checkins_of(look: Look, people: Sequence[str], start: datetime, end: datetime) -> dict[str, tuple[CheckIn, ...]]:
    """The check-ins of each person within about [start, end) at their corrected times, those known now."""
    rows = {staff: mine for batch in chunks(people) for staff, mine in _rows_within(look, batch, start, end).items()}
    said = reviews.said_of(look.conn, [row for mine in rows.values() for row in mine], look.now)
    return {
        staff: tuple(_checkin(look, r, said.of(r)) for r in mine if look.counts(r) and said.of(r) != "is_not")
        for staff, mine in rows.items()
    }


def checkin_at(look: Look, row: Row[Any]) -> CheckIn:
    """A stored check-in at its corrected time, whatever was decided of it."""
    return _checkin(look, row)


class _CheckIns:
    """Check-ins of some people and days, each made once: a day's slots look at the days around it too."""

    def __init__(self, look: Look, people: Sequence[str], first: date, last: date) -> None:
        self._look = look
        self._made: dict[tuple[str, date], tuple[CheckIn, ...]] = {}
        self._rows: dict[str, dict[date, list[Row[Any]]]] = {}
        found = _rows_within(look, people, *utc_span(first, last))
        self._said = reviews.said_of(look.conn, [row for rows in found.values() for row in rows], look.now)
        for staff, rows in found.items():
            days = self._rows[staff] = {}
            for row in rows:
                days.setdefault(row.at.date(), []).append(row)
        received = [row.received for rows in found.values() for row in rows]
        self._last_receipt = max(received, default=None)

    def facts(self, staff: str, day: date) -> tuple[CheckIn, ...]:
        """Those around a day by their uncorrected time, in its order: as far as they are known now, at their corrected
        times, without those that people found to be somebody else's.
        """
        days, made = self._rows.get(staff, _NO_DAYS), self._made
        found: list[CheckIn] = []
        for one in _around(day):
            if one in days:
                if (staff, one) not in made:
                    made[staff, one] = tuple(self._facts_of(days[one]))
                found += made[staff, one]
        return tuple(found)

    def _facts_of(self, rows: Iterable[Row[Any]]) -> Iterator[CheckIn]:
        for row in rows:
            said = self._said.of(row)
            if self._look.counts(row) and said != "is_not":
                yield _checkin(self._look, row, said)

    def more_at(self, staff: str, day: date) -> datetime | None:
        """When the next of them comes into view, or the next decision about one of them."""
        if self._last_receipt is None or (self._last_receipt <= self._look.now and not self._said.ahead):
            return None  # nearly always: all that is stored is known
        days = self._rows.get(staff, _NO_DAYS)
        rows = [row for one in _around(day) for row in days.get(one, ())]
        times = (next_receipt(rows, self._look.now), self._said.next_at(rows))
        return min((at for at in times if at is not None), default=None)


_NO_DAYS: Final[Mapping[date, list[Row[Any]]]] = {}


@lru_cache(maxsize=1024)
def _around(day: date) -> tuple[date, ...]:
    return tuple(day + timedelta(days=n) for n in range(-MARGIN.days, MARGIN.days + 1))


_OF_PEOPLE: Final = QuickSelect(
    lambda among: (
        select(
            CHECKIN.c.source, CHECKIN.c.event_id, CHECKIN.c.at, CHECKIN.c.received, CHECKIN.c.boot, CHECKIN.c.staff,
            CHECKIN.c.method, CHECKIN.c.direction, CHECKIN.c.distance, CHECKIN.c.liveness,
        )
        .where(
            among(CHECKIN.c.staff),
            CHECKIN.c.at >= bindparam("start", type_=CHECKIN.c.at.type),
            CHECKIN.c.at < bindparam("end", type_=CHECKIN.c.at.type),
        )
        .order_by(CHECKIN.c.at)
    )
)  # fmt: skip


def _rows_within(look: Look, people: Sequence[str], start: datetime, end: datetime) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in _OF_PEOPLE.run(look.conn, people, start=start - MARGIN, end=end + MARGIN):
        found.setdefault(row.staff, []).append(row)
    return found


def _watched_from(look: Look, staff: str) -> datetime | None:
    """When the first of the person's terminals came into service; None: it was always there, or there is none."""
    since = [look.registry.devices[source].expected_from for source in terminals_of(look.registry, staff)]
    return None if None in since else min((at for at in since if at is not None), default=None)


def terminal_states(look: Look, staff: str) -> tuple[SourceState, ...]:
    """The states of the terminals that the person may use."""
    return look.sources.states(terminals_of(look.registry, staff))


def _checkin(look: Look, row: Row[Any], said: str | None = None) -> CheckIn:
    at, trusted = look.sources.correct(row.source, row.boot, row.at)
    return CheckIn(
        id=f"{row.source}/{row.event_id}",
        staff=row.staff,
        at=at,
        received=row.received,
        source=row.source,
        direction=row.direction,
        method=row.method,
        trusted=trusted,
        not_before=None if trusted else look.sources.empty_before(row.source, row.received),
        distance=row.distance,
        liveness=row.liveness,
        vouched=said == "is",
    )


def _gone(day: date, name: str) -> Slot:
    """A stand-in for a slot that is no longer planned; its facts say `expected=False`."""
    start = datetime.combine(day, time(tzinfo=UTC))
    return Slot(name=name, session="", direction="in", opens=start, due=start, closes=start + timedelta(days=1))
