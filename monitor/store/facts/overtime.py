"""Booked overtime (加班, B11) with what check-ins prove of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitor.attendance.overtime import ProvenOvertime, prove
from monitor.attendance.policy import CheckinPolicy
from monitor.store import plans
from monitor.store.facts.doubted import policy_at
from monitor.store.facts.look import Look
from monitor.store.facts.slots import checkins_of, terminal_states


def overtime_of(
    look: Look, policy: CheckinPolicy, staff: Iterable[str], start: datetime, end: datetime
) -> dict[str, tuple[ProvenOvertime, ...]]:
    """What is proven of the overtime that these people booked for a span overlapping [start, end), by start; people
    without any are left out. A booking counts whole: cut it to the span where it reaches beyond.
    """
    booked = plans.overtimes(look.conn, staff, start, end)
    if not booked:
        return {}
    spans = [row for rows in booked.values() for row in rows]
    around = timedelta(days=1)
    came = checkins_of(look, sorted(booked), min(r.start for r in spans) - around, max(r.end for r in spans) + around)
    found: dict[str, tuple[ProvenOvertime, ...]] = {}
    for person, rows in booked.items():
        sources = terminal_states(look, person)
        found[person] = tuple(
            prove(row, came.get(person, ()), sources, policy_at(look, policy, person, row.start), look.now)
            for row in rows
        )
    return found
