"""What the database says of a run: what is stored, what is missing, when each event was committed, what it weighs.

The time of a commit is PostgreSQL's own (`track_commit_timestamp`), taken as the commit record is written: the flush to
disk that follows it, before the daemon acknowledges, is told beside it (`flush_ms`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import sql
from psycopg.types.json import Jsonb

from scale.province import Province
from scale.world import START, World

FACTS: Final = {
    "presence": "presence", "case": "case_event", "rating": "rating", "duty": "duty", "checkin": "checkin",
}  # fmt: skip
LAGS: Final = """
SELECT extract(epoch FROM at - %(zero)s)::float8,
  extract(epoch FROM pg_xact_commit_timestamp(xmin) - %(anchor)s)::float8
FROM raw_event WHERE at >= %(first)s AND at < %(last)s
"""
MISSING: Final = """
SELECT coalesce(sum(abs(s.sent - coalesce(r.stored, 0))), 0), count(*) FILTER (WHERE coalesce(r.last, 0) <> s.sent)
FROM jsonb_each_text(%s) AS t(device, count), LATERAL (SELECT t.count::int8 AS sent) s
LEFT JOIN LATERAL
  (SELECT count(DISTINCT seq) AS stored, max(seq) AS last FROM raw_event WHERE raw_event.device = t.device) r ON true
"""


class Base:
    """One connection that looks at the store beside the replicas."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._conn = world.postgres.connect("province")

    def close(self) -> None:
        self._conn.close()

    def one(self, query: str, given: Any = None) -> Any:
        row = self._conn.execute(query, given).fetchone()
        assert row is not None
        return row[0]

    def stored(self) -> int:
        """Events so far. Numbers have no gap while no event comes twice, so the last is asked for first."""
        return int(self.one("SELECT coalesce(max(id), 0) FROM raw_event"))

    def counted(self) -> int:
        return int(self.one("SELECT count(*) FROM raw_event"))

    def held(self) -> int:
        """In quarantine."""
        return int(self.one("SELECT count(*) FROM quarantine"))

    def lost(self, sent: Mapping[str, int]) -> tuple[int, int]:
        """Events that are missing or too many by number, and devices whose last number is not the last sent."""
        row = self._conn.execute(MISSING, (Jsonb(dict(sent)),)).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def without_fact(self) -> dict[str, int]:
        """Stored events by channel that have no row of their fact, or more than one: none may."""
        found = {}
        for channel, table in FACTS.items():
            events = self.one("SELECT count(*) FROM raw_event WHERE channel = %s", (channel,))
            found[channel] = int(events - self._count(table))
        return found

    def _count(self, table: str) -> int:
        return int(self.one(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))))

    def subjects_a_day(self, province: Province) -> dict[str, float]:
        """Slots of a person and sessions of a window, expected for a day."""
        days = "greatest(count(DISTINCT split_part(key, '/', 2)), 1)"
        each = f"SELECT count(*)::float8 / {days} FROM subject WHERE kind = %s"  # noqa: S608 - nothing from outside
        return {
            "staff": round(float(self.one(each, ("slot",))) / (province.halls * province.people), 2),
            "window": round(float(self.one(each, ("post",))) / (province.halls * province.windows), 2),
        }

    def flush_ms(self) -> float:
        """What a flush of the write-ahead log took, by the mean."""
        found = self.one("SELECT sum(fsync_time) / nullif(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'")
        return round(float(found or 0), 2)

    def due(self) -> int:
        """Subjects that wait to be judged now, by the province's clock."""
        now = START + (self._now() - self._world.anchor)
        return int(self.one("SELECT count(*) FROM subject WHERE next_check_at <= %s", (now,)))

    def _now(self) -> datetime:
        found: datetime = self.one("SELECT clock_timestamp()")
        return found

    def judged(self) -> Mapping[str, int]:
        """Verdicts by kind of subject."""
        rows = self._conn.execute("SELECT kind || ' ' || verdict, count(*) FROM subject GROUP BY 1 ORDER BY 1")
        return {str(name): int(count) for name, count in rows}

    def cards(self) -> Mapping[str, int]:
        rows = self._conn.execute("SELECT rule || ' ' || level, count(*) FROM card GROUP BY 1 ORDER BY 1")
        return {str(name): int(count) for name, count in rows}

    def tables(self) -> dict[str, Table]:
        """Live rows and bytes with indexes, of tables that have any."""
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        names = [str(row[0]) for row in self._conn.execute(query)]
        found = {}
        for name in sorted(names):
            rows = self._count(name)
            if rows:
                size = int(self.one("SELECT pg_total_relation_size(%s::regclass)", (f'"{name}"',)))
                found[name] = Table(rows=rows, size=size)
        return found

    def wal(self) -> int:
        """Bytes of the write-ahead log so far."""
        return int(self.one("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))

    def lags(self, first: str, last: str | None = None) -> Lags:
        """Of the events that happened from `first` to before `last`, by the province's clock."""
        until = datetime.fromisoformat(last) if last else START + timedelta(days=1)
        given = {"zero": START, "anchor": self._world.anchor, "first": datetime.fromisoformat(first), "last": until}
        rows = self._conn.execute(LAGS, given).fetchall()
        return Lags(said=sorted(r[0] for r in rows), committed=sorted(r[1] for r in rows),
                    seconds=sorted(r[1] - r[0] for r in rows))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Table:
    rows: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Lags:
    """Seconds since the start at which events were said and committed, and how long each took."""

    said: Sequence[float]
    committed: Sequence[float]
    seconds: Sequence[float]

    def quantile(self, share: float) -> float:
        return self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * share))]

    @property
    def rate(self) -> float:
        """Events committed a second, from the first to the last."""
        return len(self.committed) / max(self.committed[-1] - self.committed[0], 1e-9)

    @property
    def drained(self) -> float:
        """Seconds from the last event said to the last committed."""
        return self.committed[-1] - self.said[-1]

    def backlog(self, every: float = 1.0) -> list[tuple[float, int]]:
        """(seconds since the first event, events said and not committed) at steps of `every`."""
        found, said, committed = [], 0, 0
        at, end, zero = self.said[0], self.committed[-1], self.said[0]
        while at <= end + every:
            while said < len(self.said) and self.said[said] <= at:
                said += 1
            while committed < len(self.committed) and self.committed[committed] <= at:
                committed += 1
            found.append((round(at - zero, 1), said - committed))
            at += every
        return found
