"""Notices of cards become items and deliveries (DESIGN §1B.3): one card, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from alerts.contents import notice_of, place_of, snapshot
from alerts.grouping import DIGEST_GROUP, flush_time, group_key, next_digest, single_key
from alerts.policy import AlertPolicy
from alerts.routing import Routed, route
from alerts.telling import Notice, Purpose, Telling, tell
from monitor import failpoints
from monitor.store import alerts as rows
from monitor.store.alerts import Told
from monitor.store.engine import STORE_AWAY, Store

log = structlog.get_logger(__name__)

CARDS_A_STEP: Final = 200
PUT_OFF: Final = timedelta(minutes=1)
"""Rest of a card that could not be planned, in real time."""
AgeOk = Callable[[datetime, datetime], bool]
"""(since, now) → whether a condition is young enough to be told at once (`alerts.max_age` working days)."""


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans what is told to whom. `ungrouped`: receivers whose messages stand alone; `real_now`: real time, aware."""

    store: Store
    policy: AlertPolicy
    ungrouped: frozenset[str]
    age_ok: AgeOk
    real_now: Callable[[], datetime]
    _failed: dict[int, datetime] = field(default_factory=dict, init=False)
    """Cards that could not be planned, with the real time until which they rest."""

    def plan_once(self, now: datetime) -> int:
        """Plan the notices that wait and fire the digests that are due; returns how many notices were planned.

        A card that fails is logged and rests for a minute; it does not hold the others.
        """
        real = self.real_now()
        resting = [number for number, until in self._failed.items() if until > real]
        with self.store.read() as conn:
            cards = rows.unplanned_cards(conn, CARDS_A_STEP, besides=resting)
            digests = rows.due_timers(conn, DIGEST_GROUP, now)
        planned = 0
        for number, since in cards:
            try:
                # asked before the transaction, for the answer may need a look at the calendar in the store
                young = self.age_ok(since, now)
                planned += self.store.step(lambda conn, n=number, y=young: self._card(conn, n, y, now))  # type: ignore[misc]
                failpoints.hit("plan.after_commit")
                self._failed.pop(number, None)
            except STORE_AWAY:
                raise  # the store's trouble, not the card's
            except Exception:
                self._failed[number] = real + PUT_OFF
                log.exception("a card could not be planned", action="alert.plan_failed", card=number)
        for address, version in digests:
            self.store.step(lambda conn, a=address, v=version: self._digest(conn, a, v, now))  # type: ignore[misc]
        return planned

    def _card(self, conn: Connection, number: int, young: bool, now: datetime) -> int:
        """1. lock the card 2. each waiting notice in sequence order: mark it, decide, write items and messages."""
        card = rows.claim_card(conn, number)
        if card is None:
            return 0
        stored = rows.notices(conn, number)
        history = [notice_of(row) for row in stored]
        planned = 0
        for notice, row in zip(history, stored, strict=True):
            if row["planned_at"] is None and rows.take_notice(conn, number, notice.sequence, now):
                self._notice(conn, card, notice, history, young, now)
                planned += 1
        failpoints.hit("plan.before_commit")
        return planned

    def _notice(
        self, conn: Connection, card: Mapping[str, Any], notice: Notice, history: Sequence[Notice], young: bool,
        now: datetime,
    ) -> None:  # fmt: skip
        told = rows.told(conn, card["number"])
        holders = _holders(told)
        telling = tell(
            notice,
            history,
            cleared_at=card["cleared_at"],
            historic=card["historic"],
            age_ok=young,
            was_fired=bool(holders),
            was_told=bool(told),
        )
        if telling.purpose is None:
            return
        place = place_of(card, notice.level)
        routed = {choice.receiver: choice for choice in route(self.policy, place)}
        if not routed and not telling.told_only:
            log.error("a card goes to nobody", action="alert.unrouted", card=card["number"], rule=card["rule"],
                      hall=card["hall"], level=notice.level)  # fmt: skip
        content = snapshot(card, notice, over=telling.over)
        for address, purpose in sorted(_addresses(telling, set(routed), holders, told).items()):
            choice = routed.get(address) or Routed(
                receiver=address, group=(), wait_seconds=self.policy.group_wait_seconds, why="was told before"
            )
            begun = _group_begun(told, address)
            group = group_key(choice, place) if begun is None else begun
            self._item(conn, card["number"], notice, purpose, choice, group, content, now)

    def _item(
        self, conn: Connection, card: int, notice: Notice, purpose: Purpose, choice: Routed, group: str,
        content: Mapping[str, Any], now: datetime,
    ) -> None:  # fmt: skip
        address = choice.receiver
        delivery: int | None = None
        if purpose == "digest":
            due = next_digest(now, self.policy.digest_at, self.policy.zone)
            rows.ensure_timer(conn, kind=DIGEST_GROUP, key=address, due_at=due)
        else:
            real = self.real_now()
            single = address in self.ungrouped
            flush = real if single else flush_time(real, choice.wait_seconds)
            name = single_key(card, notice.sequence, purpose) if single else group
            delivery = rows.open_delivery(conn, address=address, group=name, flush=flush, real=real)
        rows.add_item(conn, card=card, sequence=notice.sequence, address=address, purpose=purpose, content=content,
                      delivery=delivery)  # fmt: skip

    def _digest(self, conn: Connection, address: str, version: int, now: datetime) -> None:
        """1. set the timer to the next day (compare-and-set) 2. put the waiting lines, if any, into one message."""
        due = next_digest(now, self.policy.digest_at, self.policy.zone)
        if not rows.move_timer(conn, kind=DIGEST_GROUP, key=address, version=version, due_at=due):
            return
        if rows.waiting_digest(conn, address):
            real = self.real_now()
            delivery = rows.open_delivery(
                conn, address=address, group=DIGEST_GROUP, flush=real, real=real, kind="digest"
            )
            rows.assign_digest(conn, address, delivery)


def _holders(told: Sequence[Told]) -> set[str]:
    """Addresses that hold the card as open: their last word of it is a firing that was not given up."""
    last: dict[str, Told] = {}
    for entry in told:
        if entry.purpose in ("firing", "resolved") and entry.state not in ("dead", "dropped"):
            last[entry.address] = entry
    return {address for address, entry in last.items() if entry.purpose == "firing"}


def _addresses(telling: Telling, routed: set[str], holders: set[str], told: Sequence[Told]) -> dict[str, Purpose]:
    """Who hears of a notice, and as what."""
    assert telling.purpose is not None, "nobody is told"
    if telling.purpose == "digest" and telling.told_only:
        first = {entry.address for entry in told}
    elif telling.told_only:
        first = holders
    else:
        first = routed | holders if telling.purpose == "firing" else routed
    found: dict[str, Purpose] = dict.fromkeys(first, telling.purpose)
    if telling.others is not None:
        found |= dict.fromkeys(routed - first, telling.others)
    return found


def _group_begun(told: Sequence[Told], address: str) -> str | None:
    """The group in which the address first heard of the card: there all its messages keep their order."""
    return next((t.group for t in told if t.address == address and t.purpose != "digest"), None)
