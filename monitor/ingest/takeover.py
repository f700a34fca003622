"""Taking over what the broker keeps for a dead member of the group: the ordinary way into the store (ADR 10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal, Protocol

import structlog

from monitor.ingest.adapters import Adapters
from monitor.ingest.check import FUTURE
from monitor.ingest.decode import TOPIC_PREFIX, split_topic
from monitor.ingest.subscriber import BATCH, Counters, Pace, Registries, Subscriber
from monitor.ingest.writer import BatchResult, Result
from monitor.mqtt import Client, Drain, Link, Options, Time
from monitor.store.engine import Store
from monitor.store.sessions import Session

log = structlog.get_logger(__name__)

TakeoverEnd = Literal["drained", "broken_off"]


class TakeoverCounters(Counters, Protocol):
    """What is counted beside the messages (`monitor.metrics.Metrics`)."""

    def takeover(self, end: TakeoverEnd) -> None: ...

    def taking_over(self, sessions: int) -> None: ...


class Taking:
    """One session being taken over. Begins at once; ends by itself when it is drained or the connection is lost.

    Lost is also what a taker sees whose session's own daemon has come back: the broker sends it off, and whatever was
    not acknowledged goes to that daemon. Statuses are passed over: the members that live heard each themselves, and an
    old one would now stand for the newest.
    """

    def __init__(
        self,
        session: Session,
        options: Options,
        *,
        store: Store,
        registry: Registries,
        clock: Pace,
        counters: TakeoverCounters,
        batch_size: int = BATCH,
        future: timedelta = FUTURE,
        adapters: Adapters | None = None,
        after: Callable[[BatchResult], None] = lambda result: None,
    ) -> None:
        self.session = session
        self._clock, self._counters, self._after = clock, counters, after
        self._began = clock.monotonic()
        self._results: Counter[Result] = Counter()
        self._subscriber = Subscriber(
            replace(options, client_id=session.client_id),
            store=store,
            registry=registry,
            clock=clock,
            counters=_OfAnother(counters),
            batch_size=batch_size,
            future=future,
            adapters=adapters,
            shared_group=_group_of(session),
            after=self._written,
            make_client=self._make_client,
        )
        counters.taking_over(1)
        self._subscriber.start()

    @property
    def ended(self) -> bool:
        return self._drain.drained.is_set() or self._drain.over.is_set()

    def finish(self) -> bool:
        drained, error = self._drain.drained.is_set() and not self._drain.over.is_set(), self._drain.link.error
        self._subscriber.stop()
        end: TakeoverEnd = "drained" if drained else "broken_off"
        self._counters.taking_over(0)
        self._counters.takeover(end)
        log.warning(
            "takeover ended",
            action=f"takeover.{end}",
            client_id=self.session.client_id,
            stored=self._results["stored"],
            duplicates=self._results["duplicate"],
            quarantined=self._results["quarantined"],
            seconds=round(self._clock.monotonic() - self._began, 1),
            error=error or None,
        )
        return drained

    def _make_client(
        self, options: Options, *, clock: Time, subscriptions: Sequence[str], on_link: Callable[[Link], None]
    ) -> Client:
        """What this daemon would subscribe to is nothing to a session that is to be left."""
        topics = self.session.topics or subscriptions
        self._drain = Drain(options, clock=clock, topics=topics, skip=_is_status, on_link=on_link)
        return self._drain

    def _written(self, result: BatchResult) -> None:
        self._results.update(outcome.result for outcome in result.outcomes)
        self._after(result)


class _OfAnother:
    """Counts messages; the link of another's session is not this daemon's link to the broker."""

    def __init__(self, counters: Counters) -> None:
        self.events, self.ingest_lag = counters.events, counters.ingest_lag
        self.dropped_keys = counters.dropped_keys

    def broker(self, connected: bool) -> None: ...


def _is_status(topic: str) -> bool:
    return topic.startswith(TOPIC_PREFIX) and split_topic(topic)[1] == "status"


def _group_of(session: Session) -> str:
    """The group that the session is in, by its topics `$share/GROUP/…`."""
    return next((topic.split("/")[1] for topic in session.topics if topic.startswith("$share/")), "")
