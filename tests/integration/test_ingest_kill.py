"""Killed between any two steps of ingest: nothing lost, nothing doubled; acknowledged too early: lost (DESIGN §1B)."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Options
from monitor.store.engine import Store
from monitor.store.schema import RatingRow, RawEvent
from tests import forked
from tests.conftest import Eventually
from tests.ingest_world import columns, count, rows
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto


class Killable:
    """The subscriber as a process of its own, over one store and one broker."""

    def __init__(self, store: Store, broker: Mosquitto, version: str, batch: int = 20) -> None:
        self._arguments = [store.url, str(broker.port), version, str(batch)]
        self._process: forked.Child | None = None

    def start(self, failpoint: str = "", ack_first: bool = False) -> None:
        self._process = forked.start(
            [*self._arguments, "yes" if ack_first else "no"], env={**os.environ, "JIANCHA_FAILPOINT": failpoint},
            log=Path(os.devnull), entry="tests.killable:subscribe",
        )  # fmt: skip

    def wait_dead(self) -> int:
        assert self._process is not None
        return self._process.wait(30)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


@pytest.fixture
def killable(store: Store) -> Callable[..., Killable]:
    return lambda broker, version="5", batch=20: Killable(store, broker, version, batch)


def make_session(broker: Mosquitto, version: str, eventually: Eventually) -> None:
    """The daemon's session at the broker, so that what is published before its first start waits for it."""
    options = Options(client_id="daemon", port=broker.port, username=DAEMON, password=PASSWORD, version=version)  # type: ignore[arg-type]
    first = Client(options, clock=Clock(), subscriptions=["jiancha/v1/+/+"])
    first.start()
    eventually(lambda: first.link.connected)
    first.stop()


def publish(broker: Mosquitto, numbers: range) -> None:
    sender = Client(Options(client_id="ev-1", port=broker.port, username="ev-1", password=PASSWORD), clock=Clock())
    sender.start()
    at = Clock().now().isoformat()
    waiting = [
        sender.publish("jiancha/v1/ev-1/rating", json.dumps({"id": f"e{n}", "at": at, "score": 5}).encode())
        for n in numbers
    ]
    assert all(publication.wait(20) for publication in waiting)
    sender.stop()


def stored_ids(store: Store) -> list[str]:
    return sorted(row[0] for row in columns(rows(store, RawEvent), "event_id"))


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@pytest.mark.parametrize("failpoint", ["ingest.before_commit:2", "ingest.after_commit:2"])
def test_killed_at_a_failpoint_nothing_is_lost_and_nothing_doubled(
    mosquitto: Callable[..., Mosquitto],
    killable: Callable[..., Killable],
    store: Store,
    eventually: Eventually,
    version: str,
    failpoint: str,
) -> None:
    broker = mosquitto("ev-1")
    make_session(broker, version, eventually)
    publish(broker, range(100))
    daemon = killable(broker, version)
    daemon.start(failpoint)
    assert daemon.wait_dead() == -signal.SIGKILL
    assert 0 < count(store, RawEvent) < 100, "killed in the second of several batches"
    daemon.start()
    try:
        eventually(lambda: count(store, RawEvent) == 100, timeout=20)
    finally:
        daemon.kill()
    assert stored_ids(store) == sorted(f"e{n}" for n in range(100))
    assert count(store, RatingRow) == 100


def test_the_control_that_acknowledges_before_the_commit_loses_at_the_failpoint(
    mosquitto: Callable[..., Mosquitto], killable: Callable[..., Killable], store: Store, eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    make_session(broker, "5", eventually)
    publish(broker, range(100))
    daemon = killable(broker)
    daemon.start("ingest.before_commit:2", ack_first=True)
    assert daemon.wait_dead() == -signal.SIGKILL
    daemon.start()
    publish(broker, range(100, 101))
    try:
        eventually(lambda: "e100" in stored_ids(store), timeout=20)
    finally:
        daemon.kill()
    assert len(stored_ids(store)) < 101, "the second batch was acknowledged and never stored"


def killed_at_random(
    broker: Mosquitto, daemon: Killable, store: Store, eventually: Eventually, *, kills: int, events: int
) -> None:
    """Kill the daemon at random instants while events arrive; at the end every event is there once."""
    chance = random.Random(20260302)
    sending = threading.Thread(target=publish, args=(broker, range(events)))
    sending.start()
    for _ in range(kills):
        before = count(store, RawEvent)
        daemon.start()
        goal = before + chance.randint(1, max(1, events // (2 * kills)))
        eventually(lambda goal=goal: count(store, RawEvent) >= min(goal, events), timeout=30)  # type: ignore[misc]
        daemon.kill()
    sending.join()
    daemon.start()
    try:
        eventually(lambda: count(store, RawEvent) == events, timeout=60)
    finally:
        daemon.kill()
    assert stored_ids(store) == sorted(f"e{n}" for n in range(events))
    assert count(store, RatingRow) == events


def test_killed_three_times_at_random_every_event_is_stored_once(
    mosquitto: Callable[..., Mosquitto], killable: Callable[..., Killable], store: Store, eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    make_session(broker, "5", eventually)
    killed_at_random(broker, killable(broker), store, eventually, kills=3, events=1000)


@pytest.mark.long
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_killed_twenty_times_at_random_every_event_is_stored_once(
    mosquitto: Callable[..., Mosquitto],
    killable: Callable[..., Killable],
    store: Store,
    eventually: Eventually,
    version: str,
) -> None:
    broker = mosquitto("ev-1")
    make_session(broker, version, eventually)
    killed_at_random(broker, killable(broker, version, 50), store, eventually, kills=20, events=20_000)
