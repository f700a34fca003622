"""While a backlog drains ingest goes first, and judging is not forgotten for it (docs/adr/0015)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from monitor.app.loop import GIVE_WAY_SECONDS, JudgingLoop
from monitor.clock import Clock
from monitor.ingest.subscriber import Subscriber
from monitor.mqtt import Delivery, Link, Options
from monitor.store.engine import Store
from monitor.store.schema import RawEvent
from tests.conftest import Eventually
from tests.halls import hall
from tests.ingest_world import NINE, count, message
from tests.integration.test_ingest_subscriber import Counted, Registered
from tests.world import World


class Queue:
    """A client whose broker holds batches of these sizes, and then nothing."""

    def __init__(self, *sizes: int) -> None:
        self.link = Link(connected=True, since=NINE)
        self.acknowledged = 0
        self._numbers = iter(range(sum(sizes)))
        self._batches = deque([[self._delivery(next(self._numbers)) for _ in range(size)] for size in sizes])
        self._idle = threading.Event()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def start(self) -> None: ...

    def stop(self) -> None:
        self._idle.set()

    def take(self, limit: int, timeout: float, patience: Any = None) -> list[Delivery]:
        if self._batches:
            return self._batches.popleft()
        self._idle.wait(timeout)
        return []

    def wake(self) -> None:
        self._idle.set()

    def unstored(self) -> list[Delivery]:
        return []

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        self.acknowledged += len(list(deliveries))

    @staticmethod
    def _delivery(number: int) -> Delivery:
        said = message("rating", id=f"e{number}")
        topic = f"jiancha/v1/{said.device}/{said.channel}"
        return Delivery(topic=topic, payload=said.payload, retained=False, received=said.received,
                        arrived=0.0, qos=1, mid=number + 1, connection=1)  # fmt: skip


def test_whole_batches_are_a_backlog_until_one_is_not_whole(store: Store, eventually: Eventually) -> None:
    queue = Queue(10, 10, 4, 10)
    seen: list[bool] = []
    subscriber = Subscriber(
        Options(client_id="daemon"), store=store, registry=Registered(), clock=Clock(), counters=Counted(),
        batch_size=10, after=lambda _: seen.append(subscriber.caught_up.is_set()), make_client=queue,
    )  # fmt: skip
    assert subscriber.caught_up.is_set()
    subscriber.start()
    eventually(lambda: queue.acknowledged == 34 and subscriber.caught_up.is_set(), what="all stored, nothing left")
    subscriber.stop()
    assert seen == [False, False, True, False]
    assert count(store, RawEvent) == 34


class Asked(threading.Event):
    """A backlog that never ends; who waits for its end is not kept waiting here."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.timeouts.append(timeout)
        return self.is_set()


def test_judging_waits_for_the_backlog_before_each_step_and_no_longer_than_so(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(2))
    judged = threading.Event()
    stepped: list[int] = []

    def beat(_: str | None) -> None:
        stepped.append(len(backlog.timeouts))
        loop.wake()
        if len(stepped) == 3:
            judged.set()

    backlog = Asked()
    loop = JudgingLoop(world.program, world.judging, beat=beat, after=lambda: None, caught_up=backlog)
    loop.start()
    assert judged.wait(30)
    loop.stop()
    assert stepped[:3] == [1, 2, 3]
    assert set(backlog.timeouts) == {GIVE_WAY_SECONDS}
