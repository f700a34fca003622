"""What the pages of devices read of the store: a few statements for all devices of a page. Statements alone.

A year of heartbeats lies in the table: each statement takes the newest of each device by an index, or a short span.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    case,
    column,
    func,
    literal,
    select,
    values,
)

from monitor.store.gauges import CARD, WORKED
from monitor.store.schema import DeviceRow, DeviceStatus, HeartbeatRow, LostSpan, Quarantine, RawEvent
from monitor.store.sql import chunks, table_of

DEVICE: Final = table_of(DeviceRow)
STATUS: Final = table_of(DeviceStatus)
BEAT: Final = table_of(HeartbeatRow)
LOST: Final = table_of(LostSpan)
HELD: Final = table_of(Quarantine)
RAW: Final = table_of(RawEvent)
OF_DEVICES: Final = ("device", "source")
"""Kinds of subjects whose key is the id of a device."""
NEWEST: Final = 9
"""Heartbeats that a list takes a clock from: their median is what the whole boot's is, unless the clock was set."""
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def with_newest_beat(conn: Connection, wanted: Sequence[ColumnElement[bool]], now: datetime) -> Sequence[Row[Any]]:
    """The devices by id: their row, their newest heartbeat by receipt (`beat_…`), what their last will or birth said
    (`status`, `status_at`), and `proven_at`: the latest time of that boot at which nothing was queued (uncorrected).
    """
    newest = (
        select(BEAT.c.id)
        .where(BEAT.c.device == DEVICE.c.id, BEAT.c.received <= now)
        .order_by(BEAT.c.received.desc())
        .limit(1)
        .correlate(DEVICE)
        .scalar_subquery()
    )
    emptied = BEAT.alias("emptied")
    proven = (
        select(emptied.c.at)
        .where(
            emptied.c.device == BEAT.c.device,
            emptied.c.boot == BEAT.c.boot,
            emptied.c.queue == 0,
            emptied.c.received <= now,
        )
        .order_by(emptied.c.at.desc())
        .limit(1)
        .correlate(BEAT)
        .scalar_subquery()
    )
    query = (
        select(
            DEVICE,
            *(BEAT.c[name].label(f"beat_{name}") for name in ("boot", "at", "received", "queue", "last_seq")),
            STATUS.c.state.label("status"),
            STATUS.c.received.label("status_at"),
            STATUS.c.firmware.label("firmware"),
            proven.label("proven_at"),
        )
        .select_from(DEVICE.outerjoin(BEAT, BEAT.c.id == newest).outerjoin(STATUS, STATUS.c.device == DEVICE.c.id))
        .where(*wanted)
        .order_by(DEVICE.c.id)
    )
    return conn.execute(query).all()


def newest_deltas(conn: Connection, boots: Mapping[str, str], now: datetime) -> dict[str, list[int]]:
    """received − at in milliseconds of the newest heartbeats of each device's boot (`boots`: device → boot), at most
    NEWEST of them.
    """
    found: dict[str, list[int]] = {}
    edge = (
        select(BEAT.c.received)
        .where(BEAT.c.device == DEVICE.c.id, BEAT.c.received <= now)
        .order_by(BEAT.c.received.desc())
        .limit(1)
        .offset(NEWEST - 1)
        .correlate(DEVICE)
        .scalar_subquery()
    )
    for batch in chunks(sorted(boots)):
        since = (
            select(DEVICE.c.id, func.coalesce(edge, literal(_EVER, BEAT.c.received.type)).label("since"))
            .where(DEVICE.c.id.in_(batch))
            .cte("since")
        )
        query = select(BEAT.c.device, BEAT.c.boot, BEAT.c.delta_ms).select_from(
            since.join(
                BEAT,
                and_(BEAT.c.device == since.c.id, BEAT.c.received >= since.c.since, BEAT.c.received <= now),
            )
        )
        for row in conn.execute(query):
            if boots[row.device] == row.boot:
                found.setdefault(row.device, []).append(row.delta_ms)
    return found


def stored_between(conn: Connection, asked: Sequence[tuple[str, str, int, int]]) -> dict[str, int]:
    """Of each (device, boot, low, high): how many of the sequence numbers low … high lie in the store as events."""
    found: dict[str, int] = {}
    for batch in chunks(asked, 100):
        wanted = (
            values(
                column("device", String), column("boot", String), column("low", BigInteger), column("high", BigInteger)
            )
            .data(batch)
            .cte("asked")
        )
        query = (
            select(wanted.c.device, func.count(RAW.c.seq.distinct()))
            .select_from(
                wanted.join(
                    RAW,
                    and_(
                        RAW.c.device == wanted.c.device,
                        RAW.c.boot == wanted.c.boot,
                        RAW.c.seq >= wanted.c.low,
                        RAW.c.seq <= wanted.c.high,
                    ),
                )
            )
            .group_by(wanted.c.device)
        )
        found.update((device, int(count)) for device, count in conn.execute(query))
    return found


def open_held(conn: Connection, devices: Sequence[str]) -> dict[str, int]:
    """Open rows of quarantine by device."""
    found: dict[str, int] = {}
    for batch in chunks(devices):
        mine = select(HELD.c.device, func.count()).where(HELD.c.device.in_(batch), HELD.c.state == "open")
        found.update((device, int(count)) for device, count in conn.execute(mine.group_by(HELD.c.device)))
    return found


def standing_cards(conn: Connection, devices: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Cards about each device that somebody still has to end, the gravest and then the newest last."""
    rank = case((CARD.c.level == "red", 3), (CARD.c.level == "yellow", 2), else_=1)
    named = ("number", "key", "rule", "level", "state", "since", "cleared_at")
    found: dict[str, list[Row[Any]]] = {}
    for batch in chunks(devices):
        query = select(*(CARD.c[name] for name in named)).where(
            CARD.c.kind.in_(OF_DEVICES), CARD.c.key.in_(batch), CARD.c.state.in_(WORKED), CARD.c.historic.is_(False)
        )
        for row in conn.execute(query.order_by(rank, CARD.c.number)):
            found.setdefault(row.key, []).append(row)
    return found


# --------------------------------------------------------------------------- one device


def beats_since(conn: Connection, device: str, since: datetime, now: datetime) -> Sequence[Any]:
    """(received, queue, boot) of its heartbeats received in [since, now], by receipt."""
    mine = (BEAT.c.device == device, BEAT.c.received >= since, BEAT.c.received <= now)
    return conn.execute(select(BEAT.c.received, BEAT.c.queue, BEAT.c.boot).where(*mine).order_by(BEAT.c.received)).all()


def beat_before(conn: Connection, device: str, before: datetime) -> datetime | None:
    """Receipt of its last heartbeat before an instant."""
    mine = (BEAT.c.device == device, BEAT.c.received < before)
    found: datetime | None = conn.execute(
        select(BEAT.c.received).where(*mine).order_by(BEAT.c.received.desc()).limit(1)
    ).scalar()
    return found


def span_of_boot(conn: Connection, device: str, boot: str) -> tuple[int, Any, Any]:
    """(how many heartbeats, the first one, the last one) of a boot by the device's time: counted in the index."""
    mine = (BEAT.c.device == device, BEAT.c.boot == boot)
    count = int(conn.execute(select(func.count()).select_from(BEAT).where(*mine)).scalar_one())
    ends = (BEAT.c.at.asc(), BEAT.c.at.desc())
    first, last = (
        conn.execute(select(BEAT.c.received, BEAT.c.last_seq).where(*mine).order_by(end).limit(1)).one() for end in ends
    )
    return count, first, last


def losses(conn: Connection, device: str) -> Sequence[Row[Any]]:
    """What was declared lost of it, the newest declaration first."""
    return conn.execute(select(LOST).where(LOST.c.device == device).order_by(LOST.c.id.desc())).all()


def latest_events(conn: Connection, device: str, most: int) -> Sequence[Row[Any]]:
    """Its newest events by its own time, the newest first: no payload."""
    named = ("id", "channel", "event_id", "at", "received", "seq", "boot")
    query: Select[Any] = select(*(RAW.c[name] for name in named)).where(RAW.c.device == device)
    return conn.execute(query.order_by(RAW.c.at.desc()).limit(most)).all()
