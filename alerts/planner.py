"""Notices of cards, and what time alone makes due, become items and deliveries (DESIGN §1B.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Connection

from alerts.cardplan import plan_card
from alerts.desk import Desk, DeskLoader
from alerts.grouping import DIGEST_GROUP
from alerts.matching import LEVEL_WORDS
from alerts.messages import Messages
from alerts.policy import AlertPolicy
from alerts.rounds import PATROL, Rounds
from monitor import failpoints, trace
from monitor.store import alerts as rows
from monitor.store.engine import STORE_AWAY, Store

log = structlog.get_logger(__name__)

CARDS_A_STEP: Final = 200
PUT_OFF: Final = timedelta(minutes=1)
"""Rest of a card that could not be planned, in real time."""
AgeOk = Callable[[datetime, datetime], bool]
"""(since, now) → whether a condition is young enough to be told at once (`alerts.max_age` working days)."""


class Lost(Protocol):
    """Counts cards that went to nobody (`monitor.metrics.Metrics` does)."""

    def unrouted(self, rule: str, level: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans what is told to whom. `ungrouped`: receivers whose messages stand alone; `real_now`: real time, aware."""

    store: Store
    policy: AlertPolicy
    ungrouped: frozenset[str]
    age_ok: AgeOk
    real_now: Callable[[], datetime]
    desks: DeskLoader
    counter: Lost
    _failed: dict[int, datetime] = field(default_factory=dict, init=False)
    """Cards that could not be planned, with the real time until which they rest."""

    def plan_once(self, now: datetime) -> int:
        """Plan the notices that wait and fire the timers that are due; returns how many notices were planned.

        A card that fails is logged and rests for a minute; it does not hold the others.
        """
        real = self.real_now()
        resting = [number for number, until in self._failed.items() if until > real]
        with self.store.read() as conn:
            cards = rows.unplanned_cards(conn, CARDS_A_STEP, besides=resting)
            again = rows.due_cards(conn, now, CARDS_A_STEP, besides=[*resting, *(one["number"] for one in cards)])
            digests = rows.due_timers(conn, DIGEST_GROUP, now)
            patrols = self._patrols(conn, now)
            desk = self.desks.load(conn, now) if cards or again else None
            known = rows.addresses(conn) if desk is not None else frozenset()
        young = self._young([*cards, *again], now, real)
        planned = 0
        if desk is not None:
            ahead = self._ahead(desk, [one for one in cards if young.get(one["number"])])
            messages = Messages(policy=self.policy, ungrouped=self.ungrouped, ahead=ahead, known=known)
            for number, is_young in young.items():
                planned += self._card(number, desk, messages, is_young, real)
        Rounds(store=self.store, policy=self.policy, real_now=self.real_now).fire(now, digests, patrols)
        return planned

    def _young(self, cards: Iterable[Mapping[str, Any]], now: datetime, real: datetime) -> dict[int, bool]:
        """Whether each card is young enough, without those of which that cannot be told: they rest. Asked before the
        transactions, for the answer may need a look at the calendar in the store.
        """
        found: dict[int, bool] = {}
        for one in cards:
            try:
                found[one["number"]] = self.age_ok(one["since"], now)
            except STORE_AWAY:
                raise  # the store's trouble, not the card's
            except Exception:
                self._put_off(one["number"], real)
        return found

    def _put_off(self, number: int, real: datetime) -> None:
        """To be called where the error is handled."""
        self._failed[number] = real + PUT_OFF
        log.exception("a card could not be planned", action="alert.plan_failed", card=number)

    def _ahead(self, desk: Desk, cards: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """How many of these cards each address will hear of, where they are enough for a storm."""
        found: Counter[str] = Counter()
        if self.policy.storm.cards and len(cards) > self.policy.storm.cards:
            for one in cards:
                if not one["historic"] and one["cleared_at"] is None and one["level"] in LEVEL_WORDS:
                    found.update(list(desk.routed(desk.place(one, one["level"]))[0]))
        return found

    def _card(self, number: int, desk: Desk, messages: Messages, young: bool, real: datetime) -> int:
        try:
            done = self.store.step(
                lambda conn: plan_card(conn, number, desk=desk, messages=messages, young=young, real=real)
            )
        except STORE_AWAY:
            raise  # the store's trouble, not the card's
        except Exception:
            self._put_off(number, real)
            return 0
        failpoints.hit("plan.after_commit")
        self._failed.pop(number, None)
        for rule, level in done.unrouted:
            self.counter.unrouted(rule, level)
        if done.notices:
            log.info("planned", action="alert.planned", card=number, notices=done.notices, **trace.fields(done.trace))
        return done.notices

    def _patrols(self, conn: Connection, now: datetime) -> Mapping[str, int | None]:
        """The version of each timer of the daily round that is due; None for a receiver that has no timer yet."""
        if self.policy.patrol.at is None:
            return {}
        known = rows.timers(conn, PATROL)
        found: dict[str, int | None] = {
            address: None for address in self.policy.patrol.receivers if address not in known
        }
        due = {address: version for address, (version, at) in known.items() if at <= now}
        return found | {address: version for address, version in due.items() if address in self.policy.patrol.receivers}
