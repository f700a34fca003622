"""Boots before a device's newest: what they announced and never delivered still counts (DESIGN §1C, §3.1).

A power cut takes a broker and a terminal together: what the one had taken of the other is gone, and the terminal boots
anew, its numbers from 1 on. The new boot is whole; the day is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, text

from monitor.store.schema import HeartbeatRow
from monitor.store.sql import table_of

BEAT: Final = table_of(HeartbeatRow)
MOST: Final = 7
"""So many boots before the newest are looked at."""
SETTLES: Final = timedelta(hours=1)
"""So long after a boot's last heartbeat one more of it may still be on its way."""
# By the index on device, boot and time alone, a step for each boot: to sort a device's heartbeats by receipt would read
# all that it ever sent.
_BOOTS: Final = (
    text("""
    WITH RECURSIVE b(boot) AS (
        SELECT (SELECT h.boot FROM heartbeat h WHERE h.device = :device ORDER BY h.boot LIMIT 1)
        UNION ALL
        SELECT (SELECT h.boot FROM heartbeat h WHERE h.device = :device AND h.boot > b.boot ORDER BY h.boot LIMIT 1)
        FROM b WHERE b.boot IS NOT NULL)
    SELECT b.boot, (SELECT h.at FROM heartbeat h WHERE h.device = :device AND h.boot = b.boot
                    ORDER BY h.at DESC LIMIT 1) AS at
    FROM b WHERE b.boot IS NOT NULL
""")
    .bindparams(bindparam("device"))
    .columns(boot=BEAT.c.boot.type, at=BEAT.c.at.type)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """The boots `before` a device's `newest` with the time of their last heartbeat; until when that is held."""

    newest: str
    again: datetime
    before: tuple[tuple[str, datetime], ...]


class OlderBoots:
    """What is known of them between looks, of one process: which there are, and which are whole for good."""

    def __init__(self) -> None:
        self._found: dict[str, _Found] = {}
        self._settled: dict[str, dict[str, datetime]] = {}

    def unmended(
        self,
        conn: Connection,
        device: str,
        newest: str,
        now: datetime,
        missing: Callable[[str], int | None],
        *,
        for_good: bool,
    ) -> str | None:
        """The oldest boot before the newest of which something announced is `missing`; None: all of them are whole.

        `for_good`: what is whole stays so; not where it is only declared lost, which may be taken back.
        """
        oldest: str | None = None
        before = self._before(conn, device, newest, now)
        settled = self._settled.setdefault(device, {}) if before else {}
        for boot, last in before:
            since = settled.get(boot)
            if since is not None and since <= now:
                continue
            if missing(boot) is not None:
                oldest = boot
            elif for_good and last + SETTLES < now:
                settled[boot] = min(now, since or now)
        return oldest

    def _before(self, conn: Connection, device: str, newest: str, now: datetime) -> tuple[tuple[str, datetime], ...]:
        """(boot, time of its last heartbeat), newest first; looked for anew while a late one may bring one more."""
        held = self._found.get(device)
        if held is not None and held.newest == newest and now < held.again:
            return held.before
        rows = [(row.boot, row.at) for row in conn.execute(_BOOTS, {"device": device}) if row.boot != newest]
        found = tuple(sorted(rows, key=lambda row: row[1], reverse=True)[:MOST])
        again = now + timedelta(minutes=1) if found and found[0][1] + SETTLES > now else now + SETTLES
        self._found[device] = _Found(newest=newest, again=again, before=found)
        if device in self._settled:  # nothing is kept of boots that are not looked at any more
            there = {boot for boot, _ in found}
            self._settled[device] = {boot: at for boot, at in self._settled[device].items() if boot in there}
        return found
