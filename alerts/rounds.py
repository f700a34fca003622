"""What leaves at its hour: the digest of an address, and the daily round (日巡查, H02)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts.contents import snapshot
from alerts.grouping import DIGEST_GROUP, next_digest
from alerts.policy import AlertPolicy
from alerts.telling import Notice
from monitor.store import alert_holds
from monitor.store import alerts as rows
from monitor.store.engine import Store

PATROL: Final = "patrol"


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """Fires timers by address; each is set again when it fires (compare-and-set) and never taken away."""

    store: Store
    policy: AlertPolicy
    real_now: Callable[[], datetime]

    def fire(self, now: datetime, digests: Iterable[tuple[str, int]], patrols: Mapping[str, int | None]) -> None:
        """`patrols`: versions of the timers that are due; None: the receiver has none yet and gets one."""
        for address, version in digests:
            self.store.step(lambda conn, a=address, v=version: self._digest(conn, a, v, now))  # type: ignore[misc]
        for name, seen in patrols.items():
            self.store.step(lambda conn, a=name, v=seen: self._patrol(conn, a, v, now))  # type: ignore[misc]

    def _digest(self, conn: Connection, address: str, version: int, now: datetime) -> None:
        """1. set the timer to its next hour (compare-and-set) 2. put the waiting lines, if any, into one message."""
        due = next_digest(now, self.policy.digest_at, self.policy.zone)
        if not rows.move_timer(conn, kind=DIGEST_GROUP, key=address, version=version, due_at=due):
            return
        if rows.waiting_digest(conn, address):
            rows.assign_digest(conn, address, self._message(conn, address, DIGEST_GROUP))

    def _patrol(self, conn: Connection, address: str, version: int | None, now: datetime) -> None:
        """1. set the timer to the next day (compare-and-set) 2. every yellow and red that stands is a line."""
        at = self.policy.patrol.at
        assert at is not None, "asked before"
        due = next_digest(now, [at], self.policy.zone)
        if version is None:
            rows.ensure_timer(conn, kind=PATROL, key=address, due_at=due)
            return
        if not rows.move_timer(conn, kind=PATROL, key=address, version=version, due_at=due):
            return
        cards = alert_holds.standing_whole(conn, ("yellow", "red"))
        if not cards:
            return
        delivery = self._message(conn, address, PATROL)
        day = now.astimezone(ZoneInfo(self.policy.zone)).date()
        for card in cards:
            notice = Notice(sequence=card["sequence"], at=card["issued"], event="issued", level=card["level"])
            purpose, content = f"{PATROL}-{day}", snapshot(card, notice)
            rows.add_item(conn, card=card["number"], sequence=card["sequence"], address=address, purpose=purpose,
                          content=content, delivery=delivery, at=now)  # fmt: skip

    def _message(self, conn: Connection, address: str, group: str) -> int:
        real = self.real_now()
        return rows.open_delivery(conn, address=address, group=group, flush=real, real=real, kind=group)
