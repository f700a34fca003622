"""When a message that is held as `future` came in truly: the daemon's own clock may have been behind (docs/adr/0014).

A daemon that is started while its host's clock is behind takes its wrong time for the right one: what devices say then
seems to lie ahead of its receipt. Its receipt alone cannot tell whose clock was wrong. Heartbeats of other devices can:
where they were received at least as much too early, it was the daemon's (what was longer under way seems less ahead).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from monitor.ingest.check import FUTURE
from monitor.model import Event, Registry
from monitor.store import bootsums
from monitor.store.schema import HeartbeatRow
from monitor.store.sql import chunks, table_of

BEAT: Final = table_of(HeartbeatRow)
WITNESSES: Final = 2
"""So many other devices have to say the same: one may have stepped its own clock, in the same moment and by as much."""
AROUND: Final = timedelta(minutes=30)
"""Heartbeats received so long before or after are asked."""


def true_receipt(conn: Connection, registry: Registry, event: Event, now: datetime) -> datetime:
    """The receipt of an early event: as it was stamped; where other devices show that the daemon's clock was behind,
    the event's own time, corrected by what its device's heartbeats say, if that has come by `now`.
    """
    due = event.at + (bootsums.skew(conn, event.device, event.boot, now) or timedelta(0))
    behind = due - event.received
    if behind <= FUTURE or due > now:
        return event.received
    said = _witnesses(conn, registry, event, behind, now)
    return due if len(said) >= WITNESSES else event.received


def _witnesses(conn: Connection, registry: Registry, event: Event, behind: timedelta, now: datetime) -> set[str]:
    """Other devices of which a heartbeat was received so much too early about then, by what their boots say else."""
    others = sorted(device for device in registry.devices if device != event.device)
    first, last = event.received - AROUND, event.received + AROUND
    found: set[str] = set()
    for batch in chunks(others):
        query = select(BEAT.c.device, BEAT.c.boot, BEAT.c.delta_ms).where(
            BEAT.c.device.in_(batch), BEAT.c.received.between(first, last), BEAT.c.delta_ms < 0
        )
        for row in conn.execute(query):
            usual = bootsums.skew(conn, row.device, row.boot, now) or timedelta(0)
            early = usual - timedelta(milliseconds=row.delta_ms)
            if early + FUTURE >= behind:
                found.add(row.device)
    return found
