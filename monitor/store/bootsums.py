"""What the heartbeats of a boot say together: the skew of its clock and the greatest number announced (DESIGN §3.1).

The median of all of them, read anew with each, grows with the boot: a device that has been up for a year has half a
million. So beside them a row a boot keeps the median in whole seconds with how many lie below and at it, which is
enough to know it after the next heartbeats too; only where the median moves are all of them counted again
(docs/adr/0061). The row is written in the transaction of the heartbeats, and says what they say, to the second.

A row answers for any time from its last receipt on. For one before it, and for a boot of an older store of which no
heartbeat has come since, the heartbeats themselves are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, func, select, text

from monitor.model import Heartbeat
from monitor.store.bulk import BulkInsert
from monitor.store.quick import QuickSelect
from monitor.store.schema import BootRow, HeartbeatRow
from monitor.store.sql import table_of

BEAT: Final = table_of(HeartbeatRow)
BOOT: Final = table_of(BootRow)

Key = tuple[str, str]
"""(device, boot)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """A row of `boot`. Its median lies in the middle: twice `below` < `count` < twice (`below` + `inside`), unless the
    two middle differences round to different seconds.
    """

    device: str
    boot: str
    count: int
    skew_seconds: int
    below: int
    inside: int
    last_seq: int | None
    received: datetime

    def with_beats(self, beats: Sequence[Heartbeat]) -> Sum | None:
        """The row after some more heartbeats; None where that does not tell the median."""
        seconds = [whole_seconds(delta_ms(beat)) for beat in beats]
        count, inside = self.count + len(seconds), self.inside + seconds.count(self.skew_seconds)
        below = self.below + sum(one < self.skew_seconds for one in seconds)
        if not 2 * below < count < 2 * (below + inside):
            return None
        numbers = [n for n in (self.last_seq, *(beat.last_seq for beat in beats)) if n is not None]
        return Sum(
            device=self.device, boot=self.boot, count=count, skew_seconds=self.skew_seconds, below=below, inside=inside,
            last_seq=max(numbers, default=None), received=max(self.received, *(beat.received for beat in beats)),
        )  # fmt: skip


def delta_ms(beat: Heartbeat) -> int:
    """received - at in whole milliseconds."""
    return (beat.received - beat.at) // timedelta(milliseconds=1)


def whole_seconds(milliseconds: float) -> int:
    """What is below a second is the way through the network, not the clock: counted in, the median of each heartbeat
    more would move every instant of the day by milliseconds, and every card that rests on one would be corrected again.
    """
    return round(milliseconds / 1000)


class News:
    """New heartbeats of a transaction, and what their boots come to with them: `sums`.

    Made when they are stored, saved as the last of the transaction: members of a group write heartbeats of one boot at
    the same time, and none keeps the others waiting for longer than that.
    """

    def __init__(self, conn: Connection, beats: Iterable[Heartbeat]) -> None:
        self._of: dict[Key, list[Heartbeat]] = {}
        for beat in beats:
            self._of.setdefault((beat.device, beat.boot), []).append(beat)
        self._keys = sorted(self._of)
        self._before = _rows(conn, self._keys)
        self.sums = {key: self._after(conn, key, self._before.get(key)) for key in self._keys}

    def skews(self) -> dict[Key, timedelta]:
        return {key: timedelta(seconds=one.skew_seconds) for key, one in self.sums.items()}

    def save(self, conn: Connection) -> None:
        """Write the rows; where another has written one meanwhile, that one and what is new here."""
        if conn.dialect.name != "sqlite" and self._keys:
            now = _locked(conn, self._keys, new=[key for key in self._keys if key not in self._before])
            for key in self._keys:
                if now.get(key) != self._before.get(key):
                    self.sums[key] = self._after(conn, key, now.get(key))
        _SAVED.run(conn, [{name: getattr(self.sums[key], name) for name in _COLUMNS} for key in self._keys])

    def _after(self, conn: Connection, key: Key, before: Sum | None) -> Sum:
        return (before.with_beats(self._of[key]) if before is not None else None) or _counted(conn, key)


def skew(conn: Connection, device: str, boot: str, now: datetime) -> timedelta | None:
    """Median of received - at over the heartbeats of a boot received by `now`, in whole seconds; None without any."""
    kept = _kept(conn, device, boot, now)
    return timedelta(seconds=kept.skew_seconds) if kept is not None else skew_of_all(conn, device, boot, now)


def skew_of_all(conn: Connection, device: str, boot: str, now: datetime) -> timedelta | None:
    """The same by the heartbeats themselves, those that this very transaction has stored included."""
    given: dict[str, Any] = {"device": device, "boot": boot, "now": now}
    count = _COUNT.run(conn, (), **given)[0].count
    if not count:
        return None
    rows = _MIDDLE.run(conn, (), **given, first=(count - 1) // 2, most=1 if count % 2 else 2)
    return timedelta(seconds=_mean([row.delta_ms for row in rows]))


def announced(conn: Connection, device: str, boot: str, now: datetime) -> int | None:
    """The greatest sequence number that heartbeats of a boot received by `now` have announced."""
    kept = _kept(conn, device, boot, now)
    found: int | None = kept.last_seq if kept is not None else _ANNOUNCED.run(
        conn, device=device, boot=boot, now=now
    )[0].last  # fmt: skip
    return found


def of_boot() -> tuple[Any, ...]:
    """The heartbeats of a boot that were received by `now`, of the parameters `device`, `boot`, `now`.

    The last condition is written so that SQLite does not read by the index on receipts: it would look up all that the
    device ever sent in the table, where the boot's own index answers by itself.
    """
    now = bindparam("now", type_=BEAT.c.received.type)
    return (
        BEAT.c.device == bindparam("device"), BEAT.c.boot == bindparam("boot"),
        func.coalesce(BEAT.c.received, now) <= now,
    )  # fmt: skip


def _mean(middle: Sequence[int]) -> int:
    return whole_seconds(sum(middle) / len(middle))


def _kept(conn: Connection, device: str, boot: str, now: datetime) -> Any:
    found = _ROW.run(conn, device=device, boot=boot)
    return found[0] if found and found[0].received <= now else None


def _rows(conn: Connection, keys: Sequence[Key]) -> dict[Key, Sum]:
    if conn.dialect.name == "sqlite":
        found = [row for device, boot in keys for row in _ROW.run(conn, device=device, boot=boot)]
    else:
        found = list(conn.execute(_ROWS, _arrays(keys)))
    return {(row.device, row.boot): Sum(**row._asdict()) for row in found}


def _locked(conn: Connection, keys: Sequence[Key], *, new: Sequence[Key]) -> dict[Key, Sum]:
    """The rows in the order of their keys, nobody else's until the transaction ends; of `new` keys one is made where
    there is none, and left out here: of two that count the same boot one waits for the other.
    """
    if new:
        conn.execute(_MADE, _arrays(new))
    found = (Sum(**row._asdict()) for row in conn.execute(_LOCKED, _arrays(keys)))
    return {(row.device, row.boot): row for row in found if row.count}


def _arrays(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"devices": [device for device, _ in keys], "boots": [boot for _, boot in keys]}


def _counted(conn: Connection, key: Key) -> Sum:
    """The row of a boot from all its heartbeats."""
    deltas = [(row.delta_ms, row.count) for row in _DELTAS.run(conn, device=key[0], boot=key[1])]
    last = _LAST.run(conn, device=key[0], boot=key[1])[0]
    count = sum(many for _, many in deltas)
    seconds = _mean([_at(deltas, (count - 1) // 2), _at(deltas, count // 2)])
    by_second = {s: sum(many for _, many in some) for s, some in groupby(deltas, key=lambda one: whole_seconds(one[0]))}
    return Sum(
        device=key[0],
        boot=key[1],
        count=count,
        skew_seconds=seconds,
        below=sum(many for second, many in by_second.items() if second < seconds),
        inside=by_second.get(seconds, 0),
        last_seq=last.last_seq,
        received=last.received,
    )


def _at(deltas: Sequence[tuple[int, int]], n: int) -> int:
    """The n-th difference, from 0, of ascending ones with how often each is there."""
    for delta, many in deltas:
        if n < many:
            return delta
        n -= many
    raise IndexError(n)


_COLUMNS: Final = [column.name for column in BOOT.columns]
_SAVED: Final = BulkInsert(
    BOOT,
    _COLUMNS,
    lambda statement: statement.on_conflict_do_update(
        index_elements=["device", "boot"], set_={name: statement.excluded[name] for name in _COLUMNS[2:]}
    ),
)
_MINE: Final = (BEAT.c.device == bindparam("device"), BEAT.c.boot == bindparam("boot"))
_ROW: Final = QuickSelect(
    lambda _: select(BOOT).where(BOOT.c.device == bindparam("device"), BOOT.c.boot == bindparam("boot"))
)
_DELTAS: Final = QuickSelect(
    lambda _: (
        select(BEAT.c.delta_ms, func.count().label("count"))
        .where(*_MINE)
        .group_by(BEAT.c.delta_ms)
        .order_by(BEAT.c.delta_ms)
    )
)
_LAST: Final = QuickSelect(
    lambda _: select(
        func.max(BEAT.c.last_seq).label("last_seq"),
        func.max(BEAT.c.received, type_=BEAT.c.received.type).label("received"),
    ).where(*_MINE)
)
_COUNT: Final = QuickSelect(lambda _: select(func.count().label("count")).select_from(BEAT).where(*of_boot()))
_MIDDLE: Final = QuickSelect(
    lambda _: (
        select(BEAT.c.delta_ms)
        .where(*of_boot())
        .order_by(BEAT.c.delta_ms)
        .offset(bindparam("first", type_=BigInteger()))
        .limit(bindparam("most", type_=BigInteger()))
    )
)
_ANNOUNCED: Final = QuickSelect(lambda _: select(func.max(BEAT.c.last_seq).label("last")).where(*of_boot()))
_FOUND: Final = """
    SELECT b.* FROM boot b JOIN unnest(CAST(:devices AS text[]), CAST(:boots AS text[])) AS k(device, boot)
      ON b.device = k.device COLLATE "C" AND b.boot = k.boot COLLATE "C" ORDER BY b.device, b.boot
"""
_ROWS: Final = text(_FOUND)
_LOCKED: Final = text(_FOUND + " FOR UPDATE OF b")
_MADE: Final = text("""
    INSERT INTO boot (device, boot, count, skew_seconds, below, inside, received)
    SELECT k.device, k.boot, 0, 0, 0, 0, 'epoch'
    FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[])) AS k(device, boot)
    ORDER BY k.device COLLATE "C", k.boot COLLATE "C" ON CONFLICT DO NOTHING
""")
