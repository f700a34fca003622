"""The programs that take the same queue: ours, and a bare aiomqtt subscriber (the naive program is in `naive`).

`committed` holds the monotonic time at which each message was done, in order; `done` is set with the last.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from typing import Final, Protocol

import aiomqtt
from hall import SESSION, TOPIC, Hall
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.app.daemon import SWITCH_SECONDS
from monitor.app.loop import JudgingLoop
from monitor.ingest.subscriber import Subscriber
from monitor.ingest.writer import BatchResult
from monitor.metrics import Metrics
from monitor.mqtt import Options

PYTHON_SWITCHES: Final = sys.getswitchinterval()
PYTHON_COLLECTS: Final = gc.get_threshold()


def as_python_comes() -> None:
    """Undo for another program what the daemon sets for itself in `open_program`: it would not have that."""
    gc.set_threshold(*PYTHON_COLLECTS)


class Taker(Protocol):
    committed: list[float]
    done: threading.Event

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Ours:
    """The daemon's ingest in this process, with or without its judging loop."""

    def __init__(
        self, hall: Hall, total: int, *, batch: int, judging: bool, session: str = SESSION, group: str | None = None
    ) -> None:
        self.committed: list[float] = []
        self.done = threading.Event()
        self._total = total
        self._loop: JudgingLoop | None = None
        metrics = Metrics()
        options = hall.options(session, "jiancha")
        self._subscriber = Subscriber(
            options,
            store=hall.program.store,
            registry=hall.program.registry,
            clock=hall.program.clock,
            counters=metrics,
            batch_size=batch,
            shared_group=group,
            after=self._after,
        )
        if judging:
            judge, caught_up = hall.program.judge(metrics=metrics), self._subscriber.caught_up
            self._loop = JudgingLoop(
                hall.program, judge, beat=lambda why: None, after=lambda: None, caught_up=caught_up
            )

    def _after(self, result: BatchResult) -> None:
        if result.quarantined:
            raise SystemExit(f"quarantined: {[o.refused for o in result.outcomes if o.refused][0]}")
        self.committed += [time.perf_counter()] * len(result.outcomes)
        if self._loop is not None:
            self._loop.wake()
        if len(self.committed) >= self._total:
            self.done.set()

    @property
    def is_connected(self) -> bool:
        return self._subscriber.client.link.connected

    def start(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        if self._loop is not None:
            self._loop.start()
        self._subscriber.start()

    def stop(self) -> None:
        self._subscriber.stop()
        if self._loop is not None:
            self._loop.stop()
        sys.setswitchinterval(PYTHON_SWITCHES)


class Bare:
    """An aiomqtt subscriber that does nothing with a message; aiomqtt acknowledges as it takes it."""

    def __init__(self, options: Options, total: int) -> None:
        self.committed: list[float] = []
        self.done = threading.Event()
        self._options, self._total = options, total
        self._thread = threading.Thread(target=lambda: asyncio.run(self._take()))

    def start(self) -> None:
        as_python_comes()
        self._thread.start()

    def stop(self) -> None:
        self._thread.join()

    async def _take(self) -> None:
        o = self._options
        wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wanted.SessionExpiryInterval = o.session_expiry_seconds
        wanted.ReceiveMaximum = o.receive_maximum
        client = aiomqtt.Client(
            o.host,
            o.port,
            username=o.username,
            password=o.password,
            identifier=o.client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=wanted,
        )
        async with client:
            await client.subscribe(TOPIC, qos=1)
            async for _ in client.messages:
                self.committed.append(time.perf_counter())
                if len(self.committed) == self._total:
                    self.done.set()
                    return


def drained_a_second(program: Taker, total: int) -> float:
    """Messages a second from the start of the program to the commit of the last."""
    began = time.perf_counter()
    program.start()
    if not program.done.wait(600):
        raise SystemExit(f"only {len(program.committed)} of {total} were committed")
    spent = program.committed[total - 1] - began
    program.stop()
    return total / spent
