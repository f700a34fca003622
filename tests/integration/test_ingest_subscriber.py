"""The subscriber between a real broker and a real store: counts, order, a store or a broker that goes away."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from monitor.clock import Clock
from monitor.ingest.subscriber import ENOUGH, Subscriber
from monitor.model import Registry
from monitor.mqtt import Client, Options
from monitor.pace import CALM_AFTER_SECONDS, CALM_SECONDS, PERIOD_SECONDS, Tempo
from monitor.store.engine import Store
from monitor.store.schema import HeartbeatRow, Quarantine, RatingRow, RawEvent, Subject
from tests.conftest import Eventually
from tests.ingest_world import REGISTRY, columns, count, rows
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

pytestmark = pytest.mark.both_databases

Brokers = Callable[..., Mosquitto]


class Counted:
    """Counters of the metrics, as a fake."""

    def __init__(self) -> None:
        self.results: Counter[tuple[str, str]] = Counter()
        self.lags: list[float] = []
        self.links: list[bool] = []
        self.dropped = 0

    def events(self, channel: str, result: str, count: int = 1) -> None:
        self.results[channel, result] += count

    def dropped_keys(self, count: int) -> None:
        self.dropped += count

    def ingest_lag(self, seconds: float) -> None:
        self.lags.append(seconds)

    def broker(self, connected: bool) -> None:
        self.links.append(connected)


class Registered:
    def __init__(self) -> None:
        self.away = 0
        """How many times the store is away when it is asked next."""

    def get(self, conn: Connection) -> Registry:
        if self.away:
            self.away -= 1
            raise OperationalError("SELECT", {}, Exception("database is locked"))
        return REGISTRY


class Running:
    def __init__(self, broker: Mosquitto, store: Store, **options: Any) -> None:
        self.counted, self.registered = Counted(), Registered()
        named = {"client_id": "daemon", "port": broker.port, "username": DAEMON, "password": PASSWORD,
                 "backoff_first_seconds": 0.05, "version": options.pop("version", "5")}  # fmt: skip
        self.subscriber = Subscriber(
            Options(**named),
            store=store,
            registry=self.registered,
            clock=options.pop("clock", Clock()),
            counters=self.counted,
            **options,
        )
        self.subscriber.start()

    def connected(self) -> bool:
        return self.subscriber.client.link.connected

    def total(self) -> int:
        return sum(self.counted.results.values())


@pytest.fixture
def run(store: Store) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(broker: Mosquitto, **options: Any) -> Running:
        running = Running(broker, store, **options)
        started.append(running)
        return running

    yield start
    for running in started:
        running.subscriber.stop()


def device(broker: Mosquitto, name: str = "ev-1") -> Client:
    client = Client(Options(client_id=name, port=broker.port, username=name, password=PASSWORD), clock=Clock())
    client.start()
    return client


def rating(number: int, **fields: Any) -> bytes:
    at = Clock().now().isoformat()
    return json.dumps({"id": f"e{number}", "at": at, "score": 5, "seq": number, "boot": "b", **fields}).encode()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_lines_of_mosquitto_pub_become_facts(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually, version: str
) -> None:
    broker = mosquitto("ev-1", "ev-2")
    running = run(broker, version=version)
    eventually(running.connected)
    now = Clock().now().isoformat()
    broker.publish("ev-1", "rating", f'{{"id":"a","at":"{now}","score":1,"comment":"慢","sn":"A1","fw":2}}')
    broker.publish("ev-1", "rating", f'{{"id":"a","at":"{now}","score":1,"comment":"慢"}}')
    broker.publish("ev-1", "rating", "nonsense")
    broker.publish("ev-1", "rating", f'{{"id":"b","at":"{now}","score":1}}', user="ev-2")
    broker.publish("ev-1", "status", '{"state":"online"}', "-r")
    broker.publish("ev-1", "heartbeat", f'{{"at":"{now}","queue":0}}')
    eventually(lambda: (running.total(), running.counted.dropped) == (5, 2))
    assert running.counted.results == {
        ("rating", "stored"): 1,
        ("rating", "duplicate"): 1,
        ("rating", "quarantined"): 1,
        ("status", "stored"): 1,
        ("heartbeat", "stored"): 1,
    }
    assert columns(rows(store, RatingRow), "event_id", "window") == [("a", "w1")]
    assert len(running.counted.lags) == 5
    assert all(0 <= lag < 5 for lag in running.counted.lags)


def test_signs_of_life_wait_for_company_and_what_is_urgent_takes_them_along(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    """By a clock so slow that a second of it outlasts the test: nothing but the rating ends the wait."""
    broker, batches = mosquitto("ev-1", "gate-1", "cam-1"), list[int]()
    slow = Clock.of(start=Clock().now(), rate=0.001)
    running = run(broker, clock=slow, after=lambda result: batches.append(len(result.outcomes)))
    eventually(running.connected)
    now = slow.now().isoformat()
    broker.publish("ev-1", "heartbeat", f'{{"at":"{now}","boot":"b","queue":0}}')
    eventually(lambda: running.subscriber.path().in_hand == {"ev-1"})
    broker.publish("cam-1", "presence", f'{{"id":"p","at":"{now}","people":1,"view":"ok"}}')
    broker.publish("gate-1", "heartbeat", f'{{"at":"{now}","boot":"b","queue":0}}')
    eventually(lambda: running.subscriber.path().in_hand == {"ev-1", "gate-1"})
    assert (batches, count(store, HeartbeatRow)) == ([], 0)
    broker.publish("ev-1", "rating", f'{{"id":"r","at":"{now}","score":1}}')
    eventually(lambda: batches)
    assert (batches, count(store, HeartbeatRow)) == ([4], 2)
    eventually(lambda: not running.subscriber.path().in_hand)


def test_what_waits_for_company_waits_no_longer_than_it_may(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    running = run(broker)
    eventually(running.connected)
    broker.publish("ev-1", "heartbeat", f'{{"at":"{Clock().now().isoformat()}","boot":"b","queue":0}}')
    eventually(lambda: running.counted.lags)
    assert running.counted.lags[0] >= 1.4  # the last turn of ingest within three seconds
    assert count(store, HeartbeatRow) == 1


def test_in_a_calm_hall_heartbeats_wait_longer_and_what_happens_ends_the_calm(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    """A minute without news is over at once. By a clock so slow that no turn ends the wait of a heartbeat meanwhile."""
    broker, elapsed, slow = mosquitto("ev-1"), [0.0], Clock.of(start=Clock().now(), rate=0.001)
    tempo = Tempo(slow, monotonic=lambda: elapsed[0])
    elapsed[0] = CALM_AFTER_SECONDS
    running = run(broker, clock=slow, tempo=tempo)
    eventually(running.connected)
    sender = device(broker)
    beat = f'{{"at":"{slow.now().isoformat()}","boot":"b","queue":0}}'.encode()
    sender.publish("jiancha/v1/ev-1/heartbeat", beat)
    eventually(lambda: running.subscriber.client.unstored())
    heard = running.subscriber.client.unstored()[0]
    assert running.subscriber._until(heard) - heard.received == timedelta(seconds=CALM_SECONDS)
    for _ in range(ENOUGH - 1):  # so many end the wait
        sender.publish("jiancha/v1/ev-1/heartbeat", beat)
    eventually(lambda: running.total() == ENOUGH)
    assert tempo.seconds == CALM_SECONDS, "a heartbeat is nothing that happens"
    sender.publish("jiancha/v1/ev-1/rating", rating(1))
    eventually(lambda: tempo.seconds == PERIOD_SECONDS)
    assert running.counted.results["rating", "stored"] == 1
    sender.stop()


def test_a_flood_is_stored_in_order_and_wholly(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    running = run(broker, batch_size=100)
    eventually(running.connected)
    sender = device(broker)
    sent = [sender.publish("jiancha/v1/ev-1/rating", rating(n)) for n in range(2000)]
    beat = json.dumps({"at": Clock().now().isoformat(), "queue": 0, "boot": "b", "last_seq": 1999}).encode()
    sent.append(sender.publish("jiancha/v1/ev-1/heartbeat", beat))
    eventually(lambda: running.total() == 2001, timeout=30)
    sender.stop()
    assert columns(rows(store, RawEvent), "seq") == [(n,) for n in range(2000)]
    assert count(store, HeartbeatRow) == 1
    assert count(store, Subject) == 2001


def test_while_the_store_is_away_nothing_is_acknowledged_and_nothing_lost(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    running = run(broker)
    eventually(running.connected)
    running.registered.away = 3
    sender = device(broker)
    for n in range(50):
        sender.publish("jiancha/v1/ev-1/rating", rating(n))
    eventually(lambda: running.total() == 50)  # counted after the commit
    sender.stop()
    assert count(store, RawEvent) == 50
    assert running.registered.away == 0
    assert running.counted.results == {("rating", "stored"): 50}


@pytest.mark.sqlite_only
def test_a_message_that_the_store_cannot_take_is_held_and_the_others_are_stored(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    """A trigger stands for whatever a database refuses that no rule of ours has thought of."""
    with store.write() as conn:
        conn.exec_driver_sql(
            "CREATE TRIGGER picky BEFORE INSERT ON rating WHEN NEW.event_id = 'e7' "
            "BEGIN SELECT RAISE(ABORT, 'no sevens'); END"
        )
    broker = mosquitto("ev-1")
    running = run(broker)
    eventually(running.connected)
    sender = device(broker)
    for n in range(20):
        sender.publish("jiancha/v1/ev-1/rating", rating(n))
    eventually(lambda: running.total() == 20)
    sender.stop()
    assert running.counted.results == {("rating", "stored"): 19, ("rating", "quarantined"): 1}
    (held,) = rows(store, Quarantine)
    assert (held["event_id"], held["reason"], held["seq"]) == ("e7", "malformed", 7)
    assert "no sevens" in held["detail"]


def test_the_path_tells_outages_of_the_broker(
    mosquitto: Brokers, run: Callable[..., Running], store: Store, eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    running = run(broker)
    assert not running.subscriber.path().up or running.connected()
    eventually(lambda: running.subscriber.path().up)
    up = running.subscriber.path()
    assert (up.up, up.deaf) == (True, ())
    assert up.heard_since is not None
    broker.stop()
    eventually(lambda: not running.subscriber.path().up)
    broker.start()
    eventually(lambda: running.subscriber.path().up)
    back = running.subscriber.path()
    ((down, again),) = back.deaf
    assert up.heard_since <= down < again == back.heard_since
    broker.publish("ev-1", "rating", rating(1).decode())
    eventually(lambda: count(store, RawEvent) == 1)
    told = [up for up, _ in groupby(running.counted.links)]  # each try that fails is told, however many
    assert told[-3:] == [True, False, True]


def test_a_window_smaller_than_two_batches_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="receive_maximum"):
        Subscriber(
            Options(client_id="x", receive_maximum=100),
            store=store, registry=Registered(), clock=Clock(), counters=Counted(), batch_size=51,
            future=timedelta(seconds=60),
        )  # fmt: skip
