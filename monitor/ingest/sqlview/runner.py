"""The thread that polls a view for as long as the daemon runs; whatever fails, it says so and tries again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from monitor.ingest.check import FUTURE
from monitor.ingest.sqlview.poll import Feed, Polled, poll
from monitor.ingest.subscriber import Counters, Registries
from monitor.mqtt import Time
from monitor.store.engine import Store

log = structlog.get_logger(__name__)

JOIN_SECONDS = 10.0


class FeedRunner:
    """Polls one feed every `poll_seconds` until it is stopped. `after` is called when a poll has brought something.

    A poll that fails moves no watermark: the source's silence shows as that of a device does (`device.silent`).
    """

    def __init__(
        self,
        feed: Feed,
        *,
        store: Store,
        registry: Registries,
        clock: Time,
        counters: Counters,
        future: timedelta = FUTURE,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._feed, self._store, self._registry = feed, store, registry
        self._clock, self._counters, self._future, self._after = clock, counters, future, after
        self._failing = False
        self._stop = threading.Event()
        # a driver may hang in a statement: the process does not wait for it at its end
        self._thread = threading.Thread(target=self._run, name=f"feed-{feed.id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def use(self, future: timedelta) -> None:
        """How far ahead an event may seem, from the next poll on."""
        self._future = future

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(JOIN_SECONDS)
        self._feed.view.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._poll()
            except Exception as error:  # the view, the network and the store may each be away: all of it passes
                self._failing = True
                cause = error.orig if isinstance(error, DBAPIError) else error
                log.error("a view could not be read", action="feed.failed", feed=self._feed.id, error=str(cause)[:300])
            self._stop.wait(self._feed.settings.poll_seconds)

    def _poll(self) -> None:
        with self._store.read() as conn:
            registry = self._registry.get(conn)
        polled = poll(
            self._store,
            self._feed,
            registry,
            now=self._clock.now,
            future=self._future,
            going_on=lambda: not self._stop.is_set(),
        )
        if polled is not None:
            self._tell(polled)

    def _tell(self, polled: Polled) -> None:
        for result in polled.results:
            for (channel, fate), count in result.by_channel().items():
                self._counters.events(channel, fate, count)
            self._counters.dropped_keys(result.dropped_keys)
        if self._failing or polled.fed.stored or polled.fed.quarantined:
            log.info(
                "a view was read",
                action="feed.read",
                feed=self._feed.id,
                rows=polled.rows,
                stored=polled.fed.stored,
                quarantined=polled.fed.quarantined,
            )
        self._failing = False
        self._after()
