"""What is expected exists before any event does: slots, posts, devices and calendar years as subjects (DESIGN §1C).

Rows are made ahead and idempotently, so that absence has something to be judged on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from monitor.attendance.policy import SlotPreset
from monitor.attendance.slots import post_key, slot_key
from monitor.store import meta, subjects
from monitor.store.facts.look import Look
from monitor.store.facts.slots import remember_rota, slots_of
from monitor.store.subjects import SUBJECT

EXPECTED: Final = "expected"
"""Key in `meta`: up to which day, and for which versions, the subjects are made."""
AHEAD: Final = timedelta(days=1)
BACK: Final = timedelta(days=31)
"""How far back a changed registry or calendar may still add subjects."""


def is_needed(look: Look) -> bool:
    """Whether a new day has begun, or registry, calendar, shifts or rota changed, since subjects were last made."""
    kept = meta.several(look.conn, (EXPECTED, *_VERSIONS))
    return kept.get(EXPECTED) != _state(look, kept)


def expect(look: Look) -> int:
    """Make the subjects up to tomorrow of every hall's zone; gives how many are new. The caller commits.

    Nothing is expected before the first import of its registry row (DESIGN §5). When registry, calendar, shifts, rota
    or the presets changed since the last time the recent days are gone through again; rows that exist stay as they are.
    """
    if not is_needed(look):
        return 0
    wanted = _state(look)
    before = _newest(look.conn)
    rows = [*_devices(look), *_years(look)]
    days = list(_days(look))
    if days:
        remember_rota(look, days[0], days[-1])
    for day in days:
        rows += [*_slots(look, day), *_posts(look, day)]
    subjects.expect(look.conn, rows)
    meta.set_text(look.conn, EXPECTED, wanted)
    meta.forget(look.conn, meta.ROSTER_FROM)
    return _since(look.conn, before)


def recede(conn: Connection, day: date) -> None:
    """Have the subjects from `day` on made once more: their hours changed, and no version says so."""
    known = meta.text(conn, EXPECTED)
    if known is not None:
        until, *versions = json.loads(known)
        if day.isoformat() < until:
            meta.set_text(conn, EXPECTED, json.dumps([day.isoformat(), *versions]))


_VERSIONS: Final = (meta.ROSTER_VERSION, meta.REGISTRY_VERSION, meta.CALENDAR_VERSION)


def _state(look: Look, kept: Mapping[str, str] | None = None) -> str:
    until = (look.now + AHEAD + timedelta(hours=14)).date()  # no zone is further ahead of UTC
    kept = meta.several(look.conn, _VERSIONS) if kept is None else kept
    return json.dumps(
        [
            until.isoformat(),
            *(int(kept.get(key, 0)) for key in _VERSIONS),
            sorted(look.workday_roles),
            _told(look.presets),
        ]
    )


def _told(presets: Mapping[str, SlotPreset]) -> str:
    """A digest of the presets: of what they plan, not of their names alone."""
    if not _TOLD or _TOLD[0][0] is not presets:
        texts = [f"{name}: {preset.model_dump_json()}" for name, preset in sorted(presets.items())]
        _TOLD[:] = [(presets, hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16])]
    return _TOLD[0][1]


_TOLD: Final[list[tuple[Mapping[str, SlotPreset], str]]] = []
"""The presets last asked for, with their digest: they are asked for at each step of the loop."""


def _newest(conn: Connection) -> int:
    return int(conn.execute(select(func.max(SUBJECT.c.id))).scalar() or 0)


def _since(conn: Connection, number: int) -> int:
    """How many were made since; all of them, a million in a year, are not counted for it."""
    return int(conn.execute(select(func.count()).select_from(SUBJECT).where(SUBJECT.c.id > number)).scalar_one())


def _days(look: Look) -> Iterator[date]:
    """From the first import of any row (at most BACK ago), or from the day after the last that is made, to tomorrow."""
    registry = look.registry
    starts = [h.expected_from for h in registry.halls.values() if h.expected_from is not None]
    if not starts:
        return
    last = (look.now + AHEAD + timedelta(hours=14)).date()
    day = max(min(starts) - timedelta(days=1), look.now - BACK).date()
    known, wanted = (json.loads(text or "[]") for text in (meta.text(look.conn, EXPECTED), _state(look)))
    if known[2:] == wanted[2:]:
        made = date.fromisoformat(known[0])
        if known[1] != wanted[1]:  # shifts or rota changed since, from that day on
            told = meta.text(look.conn, meta.ROSTER_FROM)
            made = min(made, date.fromisoformat(told)) if told else day
        day = max(day, made)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _latest(*instants: datetime | None) -> datetime | None:
    return max((i for i in instants if i is not None), default=None)


def _slots(look: Look, day: date) -> Iterator[dict[str, Any]]:
    """Slots of every person who has a preset, from their first import on (a slot is on if its `due` is)."""
    for person in look.registry.staff.values():
        hall = look.registry.hall_of_staff(person.id)
        if hall is None:
            continue
        start = _latest(person.expected_from, look.registry.halls[hall].expected_from)
        for slot in slots_of(look, person.id, day):
            if start is None or slot.due >= start:
                key = slot_key(person.id, day, slot.name)
                yield {"kind": "slot", "key": key, "hall": hall, "next_check_at": slot.opens}


def _posts(look: Look, day: date) -> Iterator[dict[str, Any]]:
    """Sessions of every window, from its first import on (a session is on if its start is)."""
    for window in look.registry.windows.values():
        hall = look.registry.halls.get(window.hall)
        start = _latest(window.expected_from, hall.expected_from if hall else None)
        calendar = look.book.for_window(look.registry, window.id)
        for begins, _ in calendar.sessions(day):
            if start is None or begins >= start:
                key = post_key(window.id, begins, calendar)
                yield {"kind": "post", "key": key, "hall": window.hall, "next_check_at": begins}


def _devices(look: Look) -> Iterable[dict[str, Any]]:
    """Every device owes its heartbeats from its first import on."""
    return [
        {"kind": "device", "key": d.id, "hall": d.hall, "next_check_at": d.expected_from}
        for d in look.registry.devices.values()
    ]


def _years(look: Look) -> Iterable[dict[str, Any]]:
    """This year's and the next year's calendar."""
    year = look.book.default.local_date(look.now).year
    return [{"kind": "calendar", "key": str(y), "hall": None, "next_check_at": look.now} for y in (year, year + 1)]
