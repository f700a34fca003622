"""Heartbeats of many devices: on PostgreSQL a statement for all of them, on SQLite one for each.

A province's devices are judged a thousand at a time; on a server each question takes longer than its answer, while
SQLite lies in this process and gains nothing by being asked for many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, select, text

from monitor.store.bootsums import of_boot
from monitor.store.facts.look import Look
from monitor.store.quick import QuickSelect
from monitor.store.schema import HeartbeatRow
from monitor.store.sql import table_of

BEAT: Final = table_of(HeartbeatRow)
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every heartbeat."""


def queued_since(look: Look, devices: Sequence[str]) -> dict[str, datetime | None]:
    """Since when each device has said, in every heartbeat, that it holds events back: `feed.backlog` counts from there
    and not from the last look. None while it holds nothing.
    """
    if _is_sqlite(look.conn):
        return {device: _queued_since(look, device) for device in devices}
    return {r.device: r.queued for r in look.conn.execute(_QUEUED, {"devices": list(devices), "now": look.now})}


def beats_before(look: Look, since: Mapping[str, datetime]) -> dict[str, datetime | None]:
    """Receipt of each device's last heartbeat before its time: where the look starts, to see the gap"""
    if _is_sqlite(look.conn):
        return {device: _beat_before(look, device, at) for device, at in since.items()}
    return {r.device: r.before for r in look.conn.execute(_BEFORE, _times(since))}


def beats_from(look: Look, since: Mapping[str, datetime]) -> dict[str, Sequence[Row[Any]]]:
    """Each device's heartbeats received from its time on, by receipt, also those that do not count yet."""
    if _is_sqlite(look.conn):
        return {device: _beats(look, device, at) for device, at in since.items()}
    found: dict[str, list[Row[Any]]] = {device: [] for device in since}
    for row in look.conn.execute(_FROM, _times(since)):
        found[row.device].append(row)
    return dict(found)


def boots_began(look: Look, boots: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """The time of the first heartbeat of each boot (device, boot), by the device's own clock."""
    wanted = list(boots)
    if _is_sqlite(look.conn):
        return {(d, b): _BEGAN.run(look.conn, device=d, boot=b, now=look.now)[0].began for d, b in wanted}
    given = {"devices": [d for d, _ in wanted], "boots": [b for _, b in wanted], "now": look.now}
    return {(r.device, r.boot): r.began for r in look.conn.execute(_BEGAN_OF, given)}


def _is_sqlite(conn: Connection) -> bool:
    return conn.dialect.name == "sqlite"


def _times(since: Mapping[str, datetime]) -> dict[str, Any]:
    return {"devices": list(since), "times": list(since.values())}


_BEGAN: Final = QuickSelect(lambda _: select(func.min(BEAT.c.at).label("began")).where(*of_boot()))


_DEVICE: Final[Any] = bindparam("device")


def _time(name: str) -> Any:
    return bindparam(name, type_=BEAT.c.received.type)


_LAST_BEFORE: Final = QuickSelect(
    lambda _: select(func.max(BEAT.c.received).label("before")).where(
        BEAT.c.device == _DEVICE, BEAT.c.received < _time("since")
    )
)
_SINCE: Final = QuickSelect(
    lambda _: (
        select(BEAT.c.boot, BEAT.c.at, BEAT.c.received, BEAT.c.queue)
        .where(BEAT.c.device == _DEVICE, BEAT.c.received >= _time("since"))
        .order_by(BEAT.c.received)
    )
)
_EMPTY: Final = QuickSelect(
    lambda _: (
        select(BEAT.c.received)
        .where(BEAT.c.device == _DEVICE, BEAT.c.received <= _time("now"), BEAT.c.queue == 0)
        .order_by(BEAT.c.received.desc())
        .limit(1)
    )
)
_FIRST_AFTER: Final = QuickSelect(
    lambda _: (
        select(BEAT.c.received)
        .where(BEAT.c.device == _DEVICE, BEAT.c.received <= _time("now"), BEAT.c.received > _time("after"))
        .order_by(BEAT.c.received)
        .limit(1)
    )
)


def _beat_before(look: Look, device: str, since: datetime) -> datetime | None:
    before: datetime | None = _LAST_BEFORE.run(look.conn, device=device, since=since)[0].before
    return before


def _beats(look: Look, device: str, since: datetime) -> Sequence[Row[Any]]:
    return _SINCE.run(look.conn, device=device, since=since)


def _queued_since(look: Look, device: str) -> datetime | None:
    empty = _EMPTY.run(look.conn, device=device, now=look.now)
    after = empty[0].received if empty else EVER
    first = _FIRST_AFTER.run(look.conn, device=device, now=look.now, after=after)
    return first[0].received if first else None


_QUEUED: Final = text("""
    SELECT k.device, q.received AS queued FROM unnest(CAST(:devices AS text[])) AS k(device)
    LEFT JOIN LATERAL (
        SELECT h.received FROM heartbeat h
        WHERE h.device = k.device COLLATE "C" AND h.received <= :now AND h.queue = 0
        ORDER BY h.received DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (
        SELECT h.received FROM heartbeat h
        WHERE h.device = k.device COLLATE "C" AND h.received <= :now
          AND h.received > coalesce(e.received, '-infinity')
        ORDER BY h.received LIMIT 1) q ON true
""")
_BEFORE: Final = text("""
    SELECT k.device,
      (SELECT max(h.received) FROM heartbeat h WHERE h.device = k.device COLLATE "C" AND h.received < k.at) AS before
    FROM unnest(CAST(:devices AS text[]), CAST(:times AS timestamptz[])) AS k(device, at)
""")
_FROM: Final = text("""
    SELECT h.device, h.boot, h.at, h.received, h.queue
    FROM unnest(CAST(:devices AS text[]), CAST(:times AS timestamptz[])) AS k(device, at)
    CROSS JOIN LATERAL (
        SELECT * FROM heartbeat h WHERE h.device = k.device COLLATE "C" AND h.received >= k.at ORDER BY h.received) h
""")
_BEGAN_OF: Final = text("""
    SELECT k.device, k.boot, (
        SELECT min(h.at) FROM heartbeat h
        WHERE h.device = k.device COLLATE "C" AND h.boot = k.boot COLLATE "C" AND h.received <= :now) AS began
    FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[])) AS k(device, boot)
""")
