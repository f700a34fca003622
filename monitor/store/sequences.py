"""Sequence numbers of a boot: the first that was announced but is not stored (DESIGN §3.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, union

from monitor.model import Span
from monitor.store import bootsums
from monitor.store.boots import OlderBoots
from monitor.store.schema import HeartbeatRow, Quarantine, RawEvent
from monitor.store.sql import table_of

BEAT: Final = table_of(HeartbeatRow)
RAW: Final = table_of(RawEvent)
HELD: Final = table_of(Quarantine)


class Prefixes:
    """How far each boot is known to be whole, and as of when: rows are never taken away, so that stays true later.

    `older`: the same of the boots before a device's newest.
    """

    def __init__(self) -> None:
        self.older = OlderBoots()
        self._known: dict[tuple[str, str], tuple[int, datetime]] = {}

    def at(self, device: str, boot: str, now: datetime) -> int:
        """The last number of the whole prefix known for a look at `now`; 0: nothing is known."""
        prefix, since = self._known.get((device, boot), (0, now))
        return prefix if since <= now else 0

    def keep(self, device: str, boot: str, prefix: int, now: datetime) -> None:
        if prefix > self.at(device, boot, now):
            self._known[(device, boot)] = (prefix, now)


def first_missing(
    conn: Connection, device: str, boot: str, now: datetime, lost: tuple[Span, ...], prefixes: Prefixes
) -> int | None:
    """The first sequence number of the boot, up to the highest announced, that is not stored by `now`.

    Stored includes duplicates and quarantined events with a readable seq. A hole whose neighbours' times touch a
    declared-lost span is mended (DESIGN §3.1). None: nothing is missing.
    """
    announced = bootsums.announced(conn, device, boot, now)
    if not announced or announced < 1:
        return None
    first = prefixes.at(device, boot, now) + 1
    stored = union(
        *(
            select(t.c.seq).where(
                t.c.device == device, t.c.boot == boot, t.c.seq.between(first, announced), t.c.received <= now
            )
            for t in (RAW, HELD)
        )
    ).subquery()
    if conn.execute(select(func.count()).select_from(stored)).scalar_one() == announced - first + 1:
        prefixes.keep(device, boot, announced, now)
        return None
    present = sorted(conn.execute(select(stored.c.seq)).scalars())
    holes = _holes(present, first, announced)
    prefixes.keep(device, boot, holes[0][0] - 1, now)
    for low, high in holes:
        if not _mended(conn, device, boot, low - 1, high + 1, now, lost):
            return low
    return None


def whole_prefix(
    conn: Connection, device: str, boot: str, now: datetime, lost: tuple[Span, ...], prefixes: Prefixes
) -> int:
    """The last number of a boot up to which every event is stored by `now`, or declared lost as in `first_missing`; 0
    where the first one is missing.
    """
    prefix = prefixes.at(device, boot, now)
    stored = union(
        *(
            select(t.c.seq).where(t.c.device == device, t.c.boot == boot, t.c.seq > prefix, t.c.received <= now)
            for t in (RAW, HELD)
        )
    )
    stepped_over = False
    for seq in sorted(conn.execute(stored).scalars()):
        if seq > prefix + 1:
            if not stepped_over:
                prefixes.keep(device, boot, prefix, now)
            if not _mended(conn, device, boot, prefix, seq, now, lost):
                return prefix
            stepped_over = True
        prefix = seq
    if not stepped_over:
        prefixes.keep(device, boot, prefix, now)
    return prefix


def _holes(present: list[int], first: int, announced: int) -> list[tuple[int, int]]:
    """Ranges (low, high) of the numbers in first … announced that are not in the ascending list."""
    holes: list[tuple[int, int]] = []
    expected = first
    for seq in [*present, announced + 1]:
        if seq > expected:
            holes.append((expected, seq - 1))
        expected = seq + 1
    return holes


def _mended(
    conn: Connection, device: str, boot: str, before: int, after: int, now: datetime, lost: tuple[Span, ...]
) -> bool:
    """Whether a lost span touches the time between the neighbours of a hole."""
    if not lost:
        return False
    left = _time_of(conn, device, boot, before, now)
    right = _time_of(conn, device, boot, after, now) or now
    return any((left is None or left < end) and start < right for start, end in lost)


def _time_of(conn: Connection, device: str, boot: str, seq: int, now: datetime) -> datetime | None:
    query = select(RAW.c.at).where(RAW.c.device == device, RAW.c.boot == boot, RAW.c.seq == seq)
    at: datetime | None = conn.execute(query.where(RAW.c.received <= now)).scalar()
    return at


def announced_at(conn: Connection, device: str, boot: str, missing: int, now: datetime) -> datetime:
    """When the device first announced a number at or past the missing one (receipt)."""
    query = select(func.min(BEAT.c.received)).where(
        BEAT.c.device == device, BEAT.c.boot == boot, BEAT.c.last_seq >= missing, BEAT.c.received <= now
    )
    at: datetime = conn.execute(query).scalar_one()
    return at
