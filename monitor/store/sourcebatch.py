"""What many sources' heartbeats say at a time T, read by a few statements: for `Sources`, on PostgreSQL.

A look at a province asks hundreds of devices, some ten questions each; on a server each question takes longer than its
answer. Only what needs no second look is told here: boots with a hole, devices with something in quarantine and boots
before the newest are asked for one by one, as on SQLite, which lies in this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from monitor.store.sequences import Prefixes


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """The newest boot of a device as of T. `whole`: every number that it announced is stored. `proven`: its last
    heartbeat that left nothing to send, which proves its time where the boot is whole. `later`: when the next heartbeat
    was received after T. `held`: something of the device may lie in quarantine.
    """

    boot: str
    skew: timedelta
    whole: bool
    proven: datetime | None
    later: datetime | None
    held: bool


def newest_boots(
    conn: Connection, devices: Iterable[str], now: datetime, prefixes: Prefixes, *, shared: bool
) -> dict[str, Newest]:
    """By device; those without a heartbeat by `now` are left out. `shared`: without a number nothing is proven."""
    wanted = sorted(set(devices))
    if not wanted or conn.dialect.name == "sqlite":
        return {}
    given = {"devices": wanted, "now": now}
    rows = conn.execute(_NEWEST, {**given, "unnumbered": not shared}).all()
    held = set(conn.execute(_HELD, given).scalars())
    announced = {(r.device, r.boot): int(r.announced or 0) for r in rows}
    whole = _whole(conn, announced, now, prefixes)
    return {
        r.device: Newest(
            boot=r.boot,
            skew=timedelta(seconds=round(r.middle / 1000)),
            whole=(r.device, r.boot) in whole,
            proven=r.proven,
            later=r.later,
            held=r.device in held,
        )
        for r in rows
    }


def _whole(
    conn: Connection, announced: Mapping[tuple[str, str], int], now: datetime, prefixes: Prefixes
) -> set[tuple[str, str]]:
    """Those of which nothing is missing among the events; what lies in quarantine counts too, but is not looked for."""
    known = {key: prefixes.at(*key, now) for key in announced}
    asked = [key for key, last in announced.items() if last > known[key]]
    given = {
        "devices": [device for device, _ in asked],
        "boots": [boot for _, boot in asked],
        "firsts": [known[key] + 1 for key in asked],
        "lasts": [announced[key] for key in asked],
        "now": now,
    }
    counted: Sequence[int] = conn.execute(_STORED, given).scalars().all() if asked else ()
    full = {key for key, count in zip(asked, counted, strict=True) if count == announced[key] - known[key]}
    for key in full:
        prefixes.keep(*key, announced[key], now)
    return full | (announced.keys() - set(asked))


_NEWEST: Final = text("""
    SELECT k.device, n.boot, coalesce(b.skew_seconds * 1000, s.middle) AS middle,
      CASE WHEN b.device IS NULL THEN s.announced ELSE b.last_seq END AS announced, p.at AS proven,
      (SELECT min(h.received) FROM heartbeat h WHERE h.device = k.device COLLATE "C" AND h.received > :now) AS later
    FROM unnest(CAST(:devices AS text[])) AS k(device)
    CROSS JOIN LATERAL (
        SELECT h.boot FROM heartbeat h WHERE h.device = k.device COLLATE "C" AND h.received <= :now
        ORDER BY h.received DESC LIMIT 1) n
    LEFT JOIN boot b ON b.device = k.device COLLATE "C" AND b.boot = n.boot AND b.received <= :now
    LEFT JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.delta_ms) AS middle, max(h.last_seq) AS announced
        FROM heartbeat h
        WHERE b.device IS NULL AND h.device = k.device COLLATE "C" AND h.boot = n.boot AND h.received <= :now) s ON true
    LEFT JOIN LATERAL (
        SELECT h.at FROM heartbeat h
        WHERE h.device = k.device COLLATE "C" AND h.boot = n.boot AND h.received <= :now AND h.queue = 0
          AND (h.last_seq IS NOT NULL OR :unnumbered) ORDER BY h.at DESC LIMIT 1) p ON true
""")
_HELD: Final = text("""
    SELECT DISTINCT q.device FROM quarantine q WHERE q.device COLLATE "C" = ANY(CAST(:devices AS text[]) COLLATE "C")
""")
_STORED: Final = text("""
    SELECT (SELECT count(DISTINCT r.seq) FROM raw_event r
        WHERE r.device = k.device COLLATE "C" AND r.boot = k.boot COLLATE "C" AND r.seq BETWEEN k.first AND k.last
          AND r.received <= :now)
    FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[]), CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]))
      WITH ORDINALITY AS k(device, boot, first, last, n) ORDER BY k.n
""")
