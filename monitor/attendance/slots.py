"""The check-in slots of a day, and the keys of slots and posts (STAFF/DATE/SLOT, WINDOW/DATE/HHMM; DESIGN §7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple

from monitor.attendance.facts import Slot
from monitor.attendance.policy import SlotPreset
from monitor.model import Span
from monitor.workcal import WorkCalendar

_HHMM: Final = re.compile(r"([01]\d|2[0-3])[0-5]\d")


class SlotKey(NamedTuple):
    staff: str
    date: date
    slot: str


class PostKey(NamedTuple):
    """`begins` is HHMM of the session's start in the hall's zone."""

    window: str
    date: date
    begins: str

    def starts(self, calendar: WorkCalendar) -> datetime:
        """The instant at which the session starts."""
        return calendar.local(self.date, time(int(self.begins[:2]), int(self.begins[2:])))


def slot_key(staff: str, day: date, slot: str) -> str:
    return f"{staff}/{day.isoformat()}/{slot}"


def post_key(window: str, session_start: datetime, calendar: WorkCalendar) -> str:
    """The key of the session of `window` that starts at this instant."""
    return f"{window}/{session_start.astimezone(calendar.zone):%Y-%m-%d/%H%M}"


def parse_slot_key(key: str) -> SlotKey:
    """Raises ValueError naming the key when it is not STAFF/DATE/SLOT."""
    staff, day, slot = _parts(key, "slot", "STAFF/DATE/SLOT")
    return SlotKey(staff, day, slot)


def parse_post_key(key: str) -> PostKey:
    """Raises ValueError naming the key when it is not WINDOW/DATE/HHMM."""
    window, day, begins = _parts(key, "post", "WINDOW/DATE/HHMM")
    if not _HHMM.fullmatch(begins):
        raise ValueError(f"post {key}: {begins!r} is no time of day HHMM")
    return PostKey(window, day, begins)


def _parts(key: str, kind: str, shape: str) -> tuple[str, date, str]:
    parts = key.split("/")
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"{kind} {key}: expected {shape}")
    try:
        return parts[0], date.fromisoformat(parts[1]), parts[2]
    except ValueError:
        raise ValueError(f"{kind} {key}: {parts[1]!r} is no date YYYY-MM-DD") from None


def slots_on(
    preset: SlotPreset,
    day: date,
    calendar: WorkCalendar,
    *,
    roles: Collection[str] = frozenset(),
    worked: Sequence[Span] | None = None,
) -> tuple[Slot, ...]:
    """The slots of a local date in the order of their `due`, for somebody with these roles on the day's rota; none on
    a day without work.

    A session of the preset is planned when there is service in it, so that a half day closed by an override (special
    hours) expects nobody; one that the rota plans (午间值班) on any day of work. `worked`: the service of the day where
    the person does not keep the calendar's (B10).
    """
    worked = calendar.sessions(day) if worked is None else worked
    if not worked:
        return ()
    rows = preset.on(day.isoweekday(), (day.month, day.day), roles)
    planned = [
        Slot(
            name=row.name,
            session=row.session,
            direction=row.direction,
            opens=calendar.local(day, row.opens),
            due=calendar.local(day, row.due),
            closes=calendar.local(day, row.closes),
            flex_minutes=row.flex_minutes,
        )
        for row in rows
    ]
    held = {row.session for row in rows if row.role}
    for session in {slot.session for slot in planned}:
        opens = min(slot.opens for slot in planned if slot.session == session)
        closes = max(slot.closes for slot in planned if slot.session == session)
        if any(start < closes and opens < end for start, end in worked):
            held.add(session)
    return tuple(slot for slot in planned if slot.session in held)
