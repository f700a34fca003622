"""The service that takes what devices publish into the store: take → write → commit → acknowledge (DESIGN §1B.1).

A message is acknowledged only after the commit that holds it. Killed in between, the broker delivers it again and the
store knows it by its id; that is why nothing is lost and nothing doubled.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from monitor import failpoints
from monitor.ingest import heard, quarantine
from monitor.ingest.adapters import Adapters
from monitor.ingest.check import FUTURE, prepare
from monitor.ingest.decode import SIGNS_OF_LIFE, SUBSCRIPTION, TOPIC_PREFIX, Message, rejected, split_topic
from monitor.ingest.marks import Boots
from monitor.ingest.writer import BatchResult, Outcome, Result, Writing, write_prepared
from monitor.model import Registry, Span
from monitor.mqtt import Client, Delivery, Link, Options, Patience, Time
from monitor.pace import CALM_SECONDS, PERIOD_SECONDS, Tempo, second_of
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.facts.look import Path

log = structlog.get_logger(__name__)

BATCH: Final = 1000
IDLE_SECONDS: Final = 30.0
MORE_SECONDS: Final = 0.1
"""So long after a full batch, with nothing more, a backlog is over."""
HEARTBEAT: Final = "heartbeat"
PATIENT: Final = {HEARTBEAT: timedelta(seconds=3), "presence": timedelta(seconds=PERIOD_SECONDS)}
"""How long a message that comes alone waits for company: that it lives, or that somebody is seen, each device of a
hall tells each minute and is urgent to nobody, and a transaction for each costs more than all that is in it
(docs/adr/0061). Whatever else comes, or ENOUGH of these, ends the wait. So does ingest's last turn in that time, close
before those that look at what it stored (`monitor.pace`). In a calm hall turns are further apart, and heartbeats wait
for the next.
"""
QUIET_SECONDS: Final = 0.05
"""Alone is what comes so long after the last batch was done: where messages come fast they have company anyway."""
ENOUGH: Final = 32
RETRY_FIRST_SECONDS: Final = 0.1
RETRY_MOST_SECONDS: Final = 10.0
OUTAGES_KEPT: Final = 50
AWAY: Final = (*STORE_AWAY, OSError)
"""Errors of the store itself (locked, full, gone): the same batch may pass later. Others are the message's."""


class Counters(Protocol):
    """What is counted (`monitor.metrics.Metrics`)."""

    def events(self, channel: str, result: Result, count: int = 1) -> None: ...

    def dropped_keys(self, count: int) -> None: ...

    def ingest_lag(self, seconds: float) -> None: ...

    def broker(self, connected: bool) -> None: ...


class Registries(Protocol):
    """Gives the registry as a transaction sees it (`monitor.store.registry.RegistryCache`)."""

    def get(self, conn: Connection) -> Registry: ...


class Pace(Time, Protocol):
    """The program's clock, and how long it takes to show an instant."""

    def seconds_until(self, instant: datetime) -> float: ...


class Subscriber:
    """One writer thread behind one MQTT client. `path()` says how the way to the broker stands.

    `after` is called after each commit, but for what waited for company (PATIENT): that is urgent to nobody, and who
    looks each period finds it. `ack_first` acknowledges before the commit: only for the test that shows what
    is lost then. `adapters`: vendors' topics to hear beside our own, and how to read them.
    """

    def __init__(
        self,
        options: Options,
        *,
        store: Store,
        registry: Registries,
        clock: Pace,
        counters: Counters,
        batch_size: int = BATCH,
        future: timedelta = FUTURE,
        adapters: Adapters | None = None,
        shared_group: str | None = None,
        after: Callable[[BatchResult], None] | None = None,
        on_link: Callable[[Link], None] | None = None,
        ack_first: bool = False,
        make_client: Callable[..., Client] = Client,
        tempo: Tempo | None = None,
    ) -> None:
        if options.receive_maximum < 2 * batch_size:
            raise ValueError(f"receive_maximum: {options.receive_maximum} is less than two batches of {batch_size}")
        self._adapters = adapters or Adapters()
        topics = subscriptions([SUBSCRIPTION, *self._adapters.subscriptions], shared_group)
        self._path = Path(up=False, heard_since=None, deaf=())
        self.client = make_client(options, clock=clock, subscriptions=topics, on_link=self._linked)
        self._store, self._registry, self._clock, self._counters = store, registry, clock, counters
        self._batch_size, self._future = batch_size, future
        self._after, self._on_link, self._ack_first = after, on_link, ack_first
        self._boots, self._shared = Boots(), shared_group is not None
        self._tempo = tempo or Tempo(clock)
        self._patience = Patience(
            until=self._until, seconds_until=clock.seconds_until, enough=ENOUGH, every=lambda: self._tempo.seconds
        )
        self._outages: deque[Span] = deque(maxlen=OUTAGES_KEPT)
        self._down_since: datetime | None = None
        self._done_at = -math.inf
        """When the last batch was done."""
        self.caught_up = threading.Event()
        """Not set while a backlog drains: while each batch is a full one."""
        self.caught_up.set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest")

    def start(self) -> None:
        self._counters.broker(False)
        self.client.start()
        self._thread.start()

    def use(self, future: timedelta) -> None:
        """How far ahead an event may seem, from the next batch on."""
        self._future = future

    def stop(self) -> None:
        """Finish the batch in hand, acknowledge it and disconnect; what was not stored comes again next time."""
        self._stopping.set()
        self.client.wake()
        if self._thread.is_alive():
            self._thread.join()
        self.caught_up.set()
        self.client.stop()

    def path(self) -> Path:
        """The way to the broker as this process has seen it, for the rules on silent devices."""
        in_hand = _beating(self.client.unstored())
        return replace(self._path, in_hand=in_hand) if in_hand else self._path

    def _linked(self, link: Link) -> None:
        self._counters.broker(link.connected)
        if link.connected and self._down_since is not None and self._down_since < link.since:  # a clock may be set back
            self._outages.append((self._down_since, link.since))
        self._down_since = None if link.connected else link.since
        # In one piece: a look between the link's return and its outage would hold the silence against the devices.
        self._path = Path(
            up=link.connected, heard_since=link.since if link.connected else None, deaf=tuple(self._outages)
        )
        if self._on_link is not None:
            self._on_link(link)

    def _run(self) -> None:
        while not self._stopping.is_set():
            waits = IDLE_SECONDS if self.caught_up.is_set() else MORE_SECONDS
            deliveries = self.client.take(self._batch_size, waits, self._patience)
            if len(deliveries) < self._batch_size:
                self.caught_up.set()
            else:
                self.caught_up.clear()
            if deliveries:
                if self._ack_first:
                    self.client.ack(deliveries)
                    self.client.drain(1.0)
                with self._store.lock.going_first():
                    self._until_stored(deliveries)
                self._done_at = self._clock.monotonic()

    def _until(self, delivery: Delivery) -> datetime:
        """Until when a message may wait for others."""
        alone = delivery.arrived - self._done_at >= QUIET_SECONDS
        channel = split_topic(delivery.topic)[1] if alone and not delivery.retained else ""
        if channel == HEARTBEAT and self._tempo.seconds > PERIOD_SECONDS:
            return delivery.received + timedelta(seconds=CALM_SECONDS)
        return delivery.received + PATIENT.get(channel, timedelta(0))

    def _until_stored(self, deliveries: Sequence[Delivery]) -> None:
        """Store a batch and acknowledge it; while the store is away the batch waits, and the broker with it.

        A batch that the store refuses is halved down to the message at fault; that one goes to quarantine.
        """
        messages = [self._message(d) for d in deliveries]
        fault: Exception | None = None
        wait = RETRY_FIRST_SECONDS
        while not self._stopping.is_set():
            try:
                result = self._write(messages) if fault is None else self._hold(messages[0], fault)
            except Exception as error:
                if fault is None and not isinstance(error, AWAY):
                    if len(deliveries) > 1:
                        half = len(deliveries) // 2
                        self._until_stored(deliveries[:half])
                        self._until_stored(deliveries[half:])
                        return
                    fault = error
                    continue
                log.error("store away", action="ingest.waiting", error=_cause(error), messages=len(deliveries))
                self._stopping.wait(wait)
                wait = min(2 * wait, RETRY_MOST_SECONDS)
            else:
                failpoints.hit("ingest.after_commit")
                self._reply(messages)
                self._done(deliveries, result)
                return

    def _write(self, said: Sequence[Message]) -> BatchResult:
        messages = [m for m in said if m.vendor is None or not m.vendor.ignored]
        if not messages:
            return BatchResult()
        with self._store.read() as conn:
            registry = self._registry.get(conn)
        prepared = [prepare(m, registry) for m in messages]
        # a jump forward may be right: what then seems to come from the future is stored, not held
        future = self._future + max(self._clock.jump, timedelta(0))
        how = Writing(due=min(m.received for m in messages), future=future, boots=self._boots, shared=self._shared)

        def work(conn: Connection) -> BatchResult:
            result = write_prepared(conn, prepared, registry, how)
            failpoints.hit("ingest.before_commit")
            return result

        result = self._store.step(work, first=True)
        heard.tell(prepared, result.outcomes)
        return result

    def _hold(self, message: Message, fault: Exception) -> BatchResult:
        """Quarantine a message that no rule refused and the store cannot take."""
        log.error("message cannot be stored", action="ingest.refused", device=message.device, error=_cause(fault))
        refused = rejected(message, "malformed", f"无法入库 could not be stored: {_cause(fault)}")
        self._store.step(lambda conn: quarantine.put(conn, [refused]), first=True)
        return BatchResult(outcomes=(Outcome(channel=refused.channel, result="quarantined", refused=refused),))

    def _reply(self, messages: Sequence[Message]) -> None:
        """Answer the vendors' devices that wait for it: what they sent is stored, or held in quarantine (DESIGN §3.2).

        A crash before the answer costs nothing: the device, or the broker, sends again, and the duplicate is answered.
        """
        for message in messages:
            if message.vendor is not None and message.vendor.reply is not None:
                self.client.publish(*message.vendor.reply)

    def _done(self, deliveries: Sequence[Delivery], result: BatchResult) -> None:
        if not self._ack_first:
            self.client.ack(deliveries)
        committed = self._clock.monotonic()
        for delivery in deliveries:
            self._counters.ingest_lag(committed - delivery.arrived)
        for (channel, fate), count in result.by_channel().items():
            self._counters.events(channel, fate, count)
            if channel != HEARTBEAT:
                self._tempo.stir()
        self._counters.dropped_keys(result.dropped_keys)
        if self._after is not None and not self._had_time(deliveries):
            self._after(result)

    def _had_time(self, deliveries: Sequence[Delivery]) -> bool:
        """Whether all of them waited for company, by a clock that does not run fast: there a second is much."""
        return second_of(self._clock) > QUIET_SECONDS and all(self._until(one) > one.received for one in deliveries)

    def _message(self, delivery: Delivery) -> Message:
        topic, received, retained = delivery.topic, delivery.received, delivery.retained
        if not topic.startswith(TOPIC_PREFIX):
            return self._adapters.message(topic, delivery.payload, received, retained=retained)
        device, channel = split_topic(topic)
        return Message(
            device=device, channel=channel, payload=delivery.payload, received=received, retained=retained,
            traceparent=delivery.traceparent,
        )  # fmt: skip


def _beating(deliveries: Iterable[Delivery]) -> frozenset[str]:
    """The devices whose heartbeats are among these."""
    return frozenset(split_topic(d.topic)[0] for d in deliveries if d.topic.endswith("/heartbeat"))


def _cause(error: Exception) -> str:
    """What went wrong, without statement, parameters or traceback: those hold the message, and logs must not."""
    return repr(error.orig if isinstance(error, DBAPIError) else error)


def subscriptions(topics: Sequence[str], shared_group: str | None) -> list[str]:
    """What to subscribe to. In a group each event goes to one member; what tells that a device lives goes to all.

    Were heartbeats shared, a dead member's queue would hold some of every device's, and the device look silent.
    """
    if shared_group is None:
        return list(topics)
    return [*(f"$share/{shared_group}/{topic}" for topic in topics), *SIGNS_OF_LIFE]
