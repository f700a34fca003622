"""What events said (`raw_payload`): on PostgreSQL a partition a month, made ahead, emptied as a whole (docs/adr/0056).

A month is one of UTC, by the time of receipt. What has no partition of its own lies in the default one: nothing is
ever refused. SQLite has no partitions: what is said stays with its event (`raw_event.payload`), for a second row each
would cost a tenth of what ingest takes in and gain nothing; in the table is only what a restore brought.

Locks: ingest writes to one partition and holds a weak lock on the table above it. Nothing here takes a strong lock on
that table but `drop_empty`, which gives up after a moment; the others lock a partition that ingest does not write to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from typing import Final

from sqlalchemy import Connection, Table, and_, delete, func, insert, literal, select, table, text
from sqlalchemy import column as named
from sqlalchemy.sql.elements import ColumnElement

from monitor.store import meta
from monitor.store.schema import RawEvent, RawPayload
from monitor.store.sql import table_of

PAYLOAD: Final = table_of(RawPayload)
RAW: Final = table_of(RawEvent)
BESIDE_UPTO: Final = "payloads_beside"
"""Key of `meta`: the last event of which what it said may lie in `raw_event` on PostgreSQL, as before revision 0030."""
DEFAULT: Final = "raw_payload_default"
AHEAD: Final = 3
"""Months that are made: the present one and those after it. A daemon that is away for weeks finds them made."""
MOVED_MOST: Final = 50_000
"""Rows of a month that the daemon takes out of the default partition when it makes the month its own; more of them it
leaves to `db upgrade`: that partition cannot be written to meanwhile.
"""
KEPT_MOST: Final = 10_000
"""Rows that are put back when the rest of a month goes at once; where more stay, the others go row by row."""
_TURN: Final = 560_030
"""Key of the lock under which months are made: replicas do it one after the other."""
_NAME: Final = re.compile(r"raw_payload_(\d{4})_(\d\d)")


@dataclass(frozen=True, kw_only=True, order=True)
class Month:
    """A month of UTC: [first, end)."""

    first: datetime

    @classmethod
    def of(cls, when: datetime) -> Month:
        when = when.astimezone(UTC)
        return cls(first=datetime(when.year, when.month, 1, tzinfo=UTC))

    @property
    def end(self) -> datetime:
        year, month = divmod(self.first.year * 12 + self.first.month, 12)
        return datetime(year, month + 1, 1, tzinfo=UTC)

    @property
    def name(self) -> str:
        """Of its partition."""
        return f"raw_payload_{self.first.year:04}_{self.first.month:02}"

    def holds(self, received: ColumnElement[datetime]) -> ColumnElement[bool]:
        return and_(received >= self.first, received < self.end)


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A month that went at once: rows that went, and the numbers of the first and the last of their events."""

    month: str
    rows: int
    first: int
    last: int


def by_month(conn: Connection) -> bool:
    """Whether what is said goes to `raw_payload`; else it stays with its event."""
    return conn.dialect.name == "postgresql"


def months(conn: Connection) -> list[Month]:
    """The months with a partition of their own, in order; none on SQLite."""
    if conn.dialect.name != "postgresql":
        return []
    query = "SELECT relname FROM pg_class JOIN pg_inherits ON oid = inhrelid WHERE inhparent = 'raw_payload'::regclass"
    found = (_NAME.fullmatch(name) for name in conn.execute(text(query)).scalars())
    return sorted(Month(first=datetime(int(m[1]), int(m[2]), 1, tzinfo=UTC)) for m in found if m is not None)


def wanted(now: datetime) -> list[Month]:
    """The months that have to have a partition at `now`, as far as the calendar goes."""
    found = [Month.of(now)]
    while len(found) < AHEAD and found[-1].end.year < MAXYEAR:
        found.append(Month.of(found[-1].end))
    return found


def missing(conn: Connection, now: datetime) -> list[Month]:
    """Of the wanted months those without a partition; none on SQLite."""
    if conn.dialect.name != "postgresql":
        return []
    return sorted(set(wanted(now)) - set(months(conn)))


def begun(conn: Connection) -> bool:
    """Whether there ever was a month, or anything to put into one."""
    return bool(months(conn)) or conn.execute(select(literal(1)).select_from(PAYLOAD).limit(1)).first() is not None


def make(conn: Connection, these: Iterable[Month], most: int | None = None) -> list[Month]:
    """Make the partitions that are not there; gives those that were made. Waits for a replica that is at it.

    What the default partition holds of a month goes to its own; where that is more than `most` rows it stays, and that
    month is not made. The table above is locked only as weakly as ATTACH does: ingest goes on. The caller commits.
    """
    if conn.dialect.name != "postgresql":
        return []
    conn.execute(text("SET LOCAL lock_timeout = '2s'"))
    conn.execute(select(func.pg_advisory_xact_lock(_TURN)))
    new = sorted(set(these) - set(months(conn)))
    return [month for month in new if _make(conn, month, most)]


def empty(conn: Connection, month: Month, before: datetime, stays: ColumnElement[bool]) -> Dropped | None:
    """Take all of a month's rows at once but those that stay; None where it is not out of time as a whole or too many
    stay: then they go row by row. `stays`: of the columns of PAYLOAD. The caller commits.

    TRUNCATE gives its room back at once and leaves nothing for vacuum; it locks this partition and no other. What
    stays is put back. Raises OperationalError (lock_not_available) while somebody reads the month, e.g. a backup.
    """
    if month.end > before:
        return None
    conn.execute(text("SET LOCAL lock_timeout = '2s'"))
    conn.execute(text(f"LOCK TABLE {month.name} IN ACCESS EXCLUSIVE MODE"))
    here = month.holds(PAYLOAD.c.received)
    kept = [dict(row) for row in conn.execute(select(PAYLOAD).where(here, stays).limit(KEPT_MOST + 1)).mappings()]
    if len(kept) > KEPT_MOST:
        return None
    number = PAYLOAD.c.raw_event
    rows, first, last = conn.execute(select(func.count(), func.min(number), func.max(number)).where(here)).one()
    if rows == len(kept):
        return None
    conn.execute(text(f"TRUNCATE {month.name}"))
    if kept:
        conn.execute(insert(PAYLOAD), kept)
    return Dropped(month=f"{month.first:%Y-%m}", rows=rows - len(kept), first=first, last=last)


def drop_empty(conn: Connection, before: datetime) -> list[Month]:
    """Drop the partitions of months out of time that hold nothing any more; the caller commits.

    The one step that stops ingest: for as long as the catalogue takes, and at most a fifth of a second where somebody
    reads the table. Raises OperationalError (lock_not_available) then; an empty partition does no harm.
    """
    old = [month for month in months(conn) if month.end <= before and not _holds_any(conn, month)]
    conn.execute(text("SET LOCAL lock_timeout = '200ms'"))
    for month in old:
        conn.execute(text(f"DROP TABLE {month.name}"))
    return old


def are_there(conn: Connection) -> bool:
    """Whether the store has partitions at all: it is PostgreSQL's, and not of a schema before revision 0030."""
    if conn.dialect.name != "postgresql":
        return False
    return conn.execute(select(func.to_regclass(PAYLOAD.name))).scalar() is not None


def hold(conn: Connection) -> None:
    """Keep months from being emptied as a whole up to the end of the transaction: TRUNCATE would take rows away from it
    although it sees an earlier moment.
    """
    conn.execute(text("LOCK TABLE raw_payload IN ACCESS SHARE MODE"))


def look_beside(conn: Connection) -> None:
    """After a restore into PostgreSQL, which may be of a store on SQLite: what lies with its event is looked for there.
    The caller commits.
    """
    if by_month(conn):
        last = conn.execute(select(func.max(RAW.c.id)).where(RAW.c.payload != "")).scalar()
        meta.set_text(conn, BESIDE_UPTO, str(last or 0))


def partitions(conn: Connection) -> frozenset[str]:
    """Tables that are a part of another one: what they hold is in that one, too."""
    if conn.dialect.name != "postgresql":
        return frozenset()
    query = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
    return frozenset(conn.execute(text(query)).scalars())


def _make(conn: Connection, month: Month, most: int | None) -> bool:
    """1. an empty table of the same shape; 2. what the default partition has of the month; 3. the table joins."""
    default = _partition(DEFAULT)
    here = month.holds(default.c.received)
    some = select(literal(1)).select_from(default).where(here).limit(None if most is None else most + 1)
    astray = conn.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    if most is not None and astray > most:
        return False
    conn.execute(text(f"CREATE TABLE {month.name} (LIKE raw_payload INCLUDING ALL)"))
    if astray:  # nobody writes there meanwhile: what came now would keep the month from joining
        conn.execute(text(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE"))
        own, names = _partition(month.name), [column.name for column in PAYLOAD.columns]
        gone = delete(default).where(here).returning(*(default.c[name] for name in names)).cte("gone")
        conn.execute(insert(own).from_select(names, select(*(gone.c[name] for name in names))))
    span = f"FROM ('{month.first.isoformat()}') TO ('{month.end.isoformat()}')"
    conn.execute(text(f"ALTER TABLE raw_payload ATTACH PARTITION {month.name} FOR VALUES {span}"))
    return True


def _holds_any(conn: Connection, month: Month) -> bool:
    return conn.execute(select(literal(1)).select_from(_partition(month.name)).limit(1)).first() is not None


def _partition(name: str) -> Table:
    return table(name, *(named(column.name, column.type) for column in PAYLOAD.columns))  # type: ignore[return-value]
