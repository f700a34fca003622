"""An item joins the message in which it leaves: its group, alone, or the storm of its receiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from alerts.grouping import STORM_GROUP, Burst, burst_after, flush_time, in_storm, single_key
from alerts.policy import AlertPolicy
from alerts.standing import is_firing
from monitor.store import alert_holds
from monitor.store import alerts as rows
from monitor.store.alerts import Told


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How an address is told: its group, how long a message collects, how long it is after the one before."""

    group: str
    wait_seconds: float
    interval_seconds: float = 0.0
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Writes items and their messages in the transaction of one card.

    `ungrouped`: receivers whose messages stand alone. `ahead`: firing cards that the same step still has for each
    address: a storm is seen before its first card has left. `known`: addresses that had their row when the step began.
    """

    policy: AlertPolicy
    ungrouped: frozenset[str]
    ahead: dict[str, int]
    known: frozenset[str] = frozenset()

    def say(
        self, conn: Connection, *, card: int, sequence: int, address: str, purpose: str, way: Way,
        content: Mapping[str, Any], told: Sequence[Told], now: datetime, real: datetime,
    ) -> Told | None:  # fmt: skip
        """One notice for one address; None: it was planned before. `told`: all that the card's items say so far."""
        if any((one.sequence, one.address, one.purpose) == (sequence, address, purpose) for one in told):
            return None
        if self._storms(conn, address, purpose, told, real):
            group, delivery = STORM_GROUP, self._storm(conn, address, real)
        else:
            single = address in self.ungrouped
            group = single_key(card, sequence, purpose) if single else way.group
            delivery = rows.open_delivery(
                conn,
                address=address,
                group=group,
                flush=real if single else flush_time(real, way.wait_seconds),
                real=real,
                interval=timedelta() if single else timedelta(seconds=way.interval_seconds),
                known=address in self.known,
            )
        rows.add_item(conn, card=card, sequence=sequence, address=address, purpose=purpose, content=content,
                      delivery=delivery, at=now)  # fmt: skip
        return Told(address=address, purpose=purpose, sequence=sequence, group=group, state="open", at=now)

    def _storms(self, conn: Connection, address: str, purpose: str, told: Sequence[Told], real: datetime) -> bool:
        """Whether the item joins a storm: one goes on, or begins with it, or told of the card before."""
        if not self.policy.storm.cards:
            return False
        if address not in self.known:
            rows.ensure_addresses(conn, [address])
        row = alert_holds.burst(conn, address)
        burst = Burst(begun=row["burst_begun"], last=row["burst_last"], cards=row["burst_cards"], storm=row["storm"])
        if is_firing(purpose):
            after = burst_after(burst, real, 1, self.policy.storm)
            foreseen = after.cards - 1 + self._foreseen(address) > self.policy.storm.cards
            after = Burst(**{**asdict(after), "storm": after.storm or foreseen})
            values = {"burst_begun": after.begun, "burst_last": after.last, "burst_cards": after.cards}
            alert_holds.set_burst(conn, address, {**values, "storm": after.storm})
            if after.storm and not in_storm(burst, real, self.policy.storm):
                alert_holds.fold(conn, address, self._storm(conn, address, real))
            burst = after
        # an end goes where its beginning is, or it would overtake it
        return in_storm(burst, real, self.policy.storm) or any(
            one.address == address and one.group == STORM_GROUP for one in told
        )

    def _foreseen(self, address: str) -> int:
        """Cards that the step still has for the address, this one among them."""
        left = self.ahead.get(address, 0)
        if left:
            self.ahead[address] = left - 1
        return left

    def _storm(self, conn: Connection, address: str, real: datetime) -> int:
        storm = self.policy.storm
        return rows.open_delivery(
            conn, address=address, group=STORM_GROUP, flush=flush_time(real, storm.wait_seconds), real=real,
            kind="storm", interval=timedelta(minutes=storm.minutes),
        )  # fmt: skip
