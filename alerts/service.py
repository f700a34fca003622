"""Alerts as one part of the daemon: planning and sending in threads of their own, and what `alerts route` shows."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from alerts.channels.base import Channel, Unusable
from alerts.channels.factory import open_channels
from alerts.contents import notice_of
from alerts.desk import Desk, DeskLoader
from alerts.forecast import Forecast, Forecaster
from alerts.planner import AgeOk, Planner
from alerts.policy import AlertPolicy
from alerts.routing import Unrouted, unrouted
from alerts.sender import Counter, Sender
from alerts.standing import begun
from monitor.model import Level, Registry
from monitor.rounds import Rounds
from monitor.store import alerts as rows
from monitor.store.calendars import CalendarBook, CalendarCache
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.registry import RegistryCache

log = structlog.get_logger(__name__)

REST_SECONDS: Final = 1.0
"""Longest rest between two looks at the store, in real seconds, where nobody else looks for planner and senders."""


class AlertService:
    """Plans and sends. `now` of the caller is the program's clock; `real_now` is real time, for everything that waits.

    `age_ok(since, now)`: whether a condition is young enough to be told at once. Raises `channels.base.Unusable`
    (a ValueError) naming the receiver that cannot be opened.
    """

    def __init__(
        self,
        store: Store,
        policy: AlertPolicy,
        *,
        now: Callable[[], datetime],
        real_now: Callable[[], datetime],
        age_ok: AgeOk,
        counter: Counter,
        environ: Mapping[str, str] | None = None,
        registry: RegistryCache | None = None,
        calendars: Callable[[Connection], CalendarBook] | None = None,
    ) -> None:
        self.store, self.policy, self._now = store, policy, now
        self.channels: dict[str, Channel] = open_channels(
            policy, environ=os.environ if environ is None else environ, real_now=real_now
        )
        ungrouped = frozenset(name for name, channel in self.channels.items() if not channel.grouped)
        self.desks = DeskLoader(
            policy=policy, registry=registry or RegistryCache(), calendars=calendars or CalendarCache({}).get
        )
        self.planner = Planner(
            store=store, policy=policy, ungrouped=ungrouped, age_ok=age_ok, real_now=real_now, desks=self.desks,
            counter=counter,
        )  # fmt: skip
        self.sender = Sender(store=store, policy=policy, channels=self.channels, real_now=real_now, counter=counter)
        self._planning, self._sending = Rounds(), [Rounds() for _ in range(policy.senders)]

    def plan_once(self, now: datetime) -> int:
        """Plan up to 200 cards with waiting notices at `now` (program's clock); how many notices were planned."""
        planned = self.planner.plan_once(now)
        if planned:
            self.wake_senders()
        return planned

    def send_once(self) -> int:
        """Send until nothing is due, in this thread; how many tries were made."""
        return self.sender.run()

    def wake(self) -> None:
        """Cards changed: plan at once instead of at the next look."""
        self._planning.wake()

    def wake_senders(self) -> None:
        """A message is due."""
        for rounds in self._sending:
            rounds.wake()

    def run(self, stop: threading.Event, rest: float = REST_SECONDS) -> None:
        """Plan and send until `stop` is set; then at most one try per sender is still finished. Blocks; once in a life.

        `rest`: how long each rests where nobody wakes it.
        """
        threads = [
            threading.Thread(target=self._plan_loop, args=(self._planning, rest), name="alert-planner"),
            threading.Thread(target=self._warm_up, name="alert-warm-up"),
        ]
        threads += [
            threading.Thread(target=self._send_loop, args=(rounds, rest), name=f"alert-sender-{n}")
            for n, rounds in enumerate(self._sending)
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for rounds in (self._planning, *self._sending):
            rounds.end()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        for channel in self.channels.values():
            channel.close()

    def _warm_up(self) -> None:
        """Load what the channels need before the first message, and say which receiver cannot be used."""
        for name, channel in self.channels.items():
            try:
                channel.limit()
            except Unusable as error:
                log.error("a receiver cannot be used", action="alert.unusable", receiver=name, why=str(error))

    def _plan_loop(self, rounds: Rounds, rest: float) -> None:
        while rounds.begin():
            planned = 0
            try:
                planned = self.plan_once(self._now())
            except STORE_AWAY as error:
                log.warning("planning waits for the store", action="alert.waiting", error=str(error.orig))
            except Exception:
                log.exception("planning failed", action="alert.plan_failed")
            if not planned:
                rounds.rest(rest)

    def _send_loop(self, rounds: Rounds, rest: float) -> None:
        while rounds.begin():
            sent = 0
            try:
                sent = self.sender.run(lambda: not rounds.over)
            except STORE_AWAY as error:
                log.warning("sending waits for the store", action="alert.waiting", error=str(error.orig))
            except Exception:
                log.exception("sending failed", action="alert.send_failed")
            if not sent:
                rounds.rest(rest)

    # ------------------------------------------------------------- what would go where

    def forecast_card(self, number: int) -> Forecast:
        """Who would get a notice of this card at its present level. LookupError when there is no such card."""
        with self.store.read() as conn:
            row = rows.card_place(conn, number)
            if row is None:
                raise LookupError(f"card {number}: 没有这个号的牌 no such card")
            desk = self.desks.load(conn, self._now())
            since = begun([notice_of(notice) for notice in rows.notices(conn, number)])
            place = desk.place(row, row["level"])
            found = self._forecaster(desk).forecast(conn, place, card=number, since=since.at if since else None)
        # asked outside: the answer may need a look at the calendar in the store
        return replace(found, too_old=not self.planner.age_ok(row["since"], self._now()))

    def forecast(
        self, rule: str, level: Level, kind: str, hall: str | None, window: str | None, *, unit: str | None = None,
        at: datetime | None = None,
    ) -> Forecast:  # fmt: skip
        """Who would get such a card now, or at another time. LookupError for a window that the registry lacks."""
        with self.store.read() as conn:
            desk = self.desks.load(conn, at or self._now())
            found = desk.registry.windows.get(window or "")
            if window and found is None:
                raise LookupError(f"window {window}: 台账中没有此窗口 is not in the registry")
            where = {"hall": found.hall if found else hall, "unit": found.unit if found else unit, "window": window}
            row = {"rule": rule, "kind": kind, "key": "", **where}
            return self._forecaster(desk).forecast(conn, desk.place(row, level.word))

    def _forecaster(self, desk: Desk) -> Forecaster:
        return Forecaster(policy=self.policy, channels=self.channels, desk=desk)

    def unrouted(self, registry: Registry, rules: Iterable[tuple[str, str]]) -> tuple[Unrouted, ...]:
        """Yellow and red cards that would reach nobody; `rules` are pairs of rule id and subject kind."""
        return unrouted(self.policy, registry, rules)
