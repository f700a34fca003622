"""Facts of check-in slots (考勤时段)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.attendance.facts import CheckIn, Slot, SlotFacts
from monitor.attendance.slots import parse_slot_key, slots_on
from monitor.model import Device, Registry, SourceState
from monitor.store import plans
from monitor.store.facts.look import MARGIN, Loaded, Look, next_receipt, utc_span
from monitor.store.schema import CheckinRow
from monitor.store.sql import table_of

CHECKIN: Final = table_of(CheckinRow)


def load_slots(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of the slots by key (STAFF/DATE/SLOT); one query per kind of fact for all of them."""
    parsed = {key: parse_slot_key(key) for key in keys}
    people = sorted({staff for staff, _, _ in parsed.values()})
    days = [day for _, day, _ in parsed.values()]
    first, last = min(days), max(days)
    rows = _checkin_rows(look, people, first, last)
    start, end = utc_span(first, last)
    leaves = plans.leaves(look.conn, people, start, end)
    outings = plans.outings(look.conn, people, start, end)
    places = {
        key: look.once(("place", staff, day), partial(window_of, look.registry, staff, day))
        for key, (staff, day, _) in parsed.items()
    }
    closed = plans.closures(look.conn, start, end)
    loaded: dict[str, Loaded] = {}
    for key, (staff, day, name) in parsed.items():
        hall = look.registry.hall_of_staff(staff)
        window = places[key]
        calendar = look.book.for_hall(look.registry, hall)
        slots = slots_of(look, staff, day)
        slot = next((s for s in slots if s.name == name), None)
        mine = _of_day(rows.get(staff, ()), day)
        loaded[key] = Loaded(
            facts=SlotFacts(
                staff=staff,
                date=day,
                slot=slot or _gone(day, name),
                session=tuple(s for s in slots if slot and s.session == slot.session),
                checkins=_checkins(look, staff, day, mine),
                sources=look.once(("terminals", staff), partial(_terminal_states, look, staff)),
                watched_from=look.once(("watched", staff), partial(_watched_from, look, staff)),
                leaves=tuple(leaves.get(staff, ())),
                outings=tuple(outings.get(staff, ())),
                closures=plans.closures_for(closed, hall=hall, window=window),
                registry=look.registry,
                window=window,
                expected=slot is not None,
                published=calendar.is_published(day),
            ),
            calendar=calendar,
            hall=hall,
            more_at=next_receipt(mine, look.now),
        )
    return loaded


def slots_of(look: Look, staff: str, day: date) -> tuple[Slot, ...]:
    """The slots that the person's hall plans on that day; empty without a preset or a workday."""
    hall = look.registry.halls.get(look.registry.hall_of_staff(staff) or "")
    preset = look.presets.get(hall.attendance) if hall else None
    if hall is None or preset is None:
        return ()
    return look.once(("slots", hall.id, day), lambda: slots_on(preset, day, look.book.for_hall(look.registry, hall.id)))


def window_of(registry: Registry, staff: str, day: date) -> str | None:
    """The window where the person stands that day: the first of their posts, A before B before S."""
    held = [
        p
        for p in registry.posts
        if p.staff == staff
        and (p.valid_from is None or p.valid_from <= day)
        and (p.valid_to is None or day < p.valid_to)
    ]
    return min(held, key=lambda p: ("ABS".find(p.rank), p.window)).window if held else None


def terminals_of(registry: Registry, staff: str) -> tuple[str, ...]:
    """Terminals in service that the person may use (`devices.serves`, DESIGN §1C), by id."""
    hall = registry.hall_of_staff(staff)
    unit = registry.staff[staff].unit if staff in registry.staff else None
    return tuple(sorted(d.id for d in registry.devices.values() if d.hall == hall and _serves(d, staff, unit)))


def _serves(device: Device, staff: str, unit: str | None) -> bool:
    if device.kind not in ("terminal", "gateway") or not device.allows("checkin") or not device.reports("checkin"):
        return False
    if not device.serves:
        # A terminal without a list serves its whole hall; a gateway only where it is said, or it would hold everybody.
        return device.kind == "terminal" or "checkin" in device.channels
    return bool({"*", staff, unit} & set(device.serves))


def _checkin_rows(look: Look, people: list[str], first: date, last: date) -> dict[str, list[Row[Any]]]:
    start, end = utc_span(first, last)
    query = (
        select(CHECKIN)
        .where(CHECKIN.c.staff.in_(people), CHECKIN.c.at >= start - MARGIN, CHECKIN.c.at < end + MARGIN)
        .order_by(CHECKIN.c.at)
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in look.conn.execute(query):
        found.setdefault(row.staff, []).append(row)
    return found


def _of_day(rows: Sequence[Row[Any]], day: date) -> list[Row[Any]]:
    return [r for r in rows if abs(r.at.date() - day) <= MARGIN]


def _checkins(look: Look, staff: str, day: date, rows: Sequence[Row[Any]]) -> tuple[CheckIn, ...]:
    return look.once(("checkins", staff, day), lambda: tuple(_checkin(look, r) for r in rows if look.counts(r)))


def _watched_from(look: Look, staff: str) -> datetime | None:
    """When the first of the person's terminals came into service; None: it was always there, or there is none."""
    since = [look.registry.devices[source].expected_from for source in terminals_of(look.registry, staff)]
    return None if None in since else min((at for at in since if at is not None), default=None)


def _terminal_states(look: Look, staff: str) -> tuple[SourceState, ...]:
    return look.sources.states(terminals_of(look.registry, staff))


def _checkin(look: Look, row: Row[Any]) -> CheckIn:
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
    )


def _gone(day: date, name: str) -> Slot:
    """A stand-in for a slot that is no longer planned; its facts say `expected=False`."""
    start = datetime.combine(day, time(tzinfo=UTC))
    return Slot(name=name, session="", direction="in", opens=start, due=start, closes=start + timedelta(days=1))
