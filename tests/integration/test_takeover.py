"""Taking over a dead member's session on a real broker: what it holds, in order, once; and who may do it (ADR 10)."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Connection

from monitor.clock import Clock
from monitor.ingest.decode import SUBSCRIPTION
from monitor.ingest.members import Members
from monitor.ingest.subscriber import subscriptions
from monitor.ingest.takeover import Taking
from monitor.model import Registry
from monitor.mqtt import Client, Options
from monitor.store import sessions
from monitor.store.engine import Store
from monitor.store.schema import DeviceStatus, HeartbeatRow, RawEvent
from monitor.store.sessions import Session
from tests.conftest import Eventually
from tests.ingest_world import REGISTRY, columns, count, rows
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.postgres import TEMPLATE, Postgres

Brokers = Callable[..., Mosquitto]
TOPICS = tuple(subscriptions([SUBSCRIPTION], "group"))
DEAD = Session(client_id="dead", topics=TOPICS, holder="dead/1", beat=1)
PER_VERSION = pytest.mark.parametrize("version", ["5", "3.1.1"])


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """PostgreSQL: on SQLite there is no group."""
    with postgres.database(TEMPLATE) as url:
        yield url


class Counted:
    """Counters of the metrics, as a fake."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self.links: list[bool] = []
        self.ends: list[str] = []
        self.running: list[int] = []

    def events(self, channel: str, result: str, count: int = 1) -> None:
        self.results[result] += count

    def dropped_keys(self, count: int) -> None: ...

    def ingest_lag(self, seconds: float) -> None: ...

    def broker(self, connected: bool) -> None:
        self.links.append(connected)

    def takeover(self, end: str) -> None:
        self.ends.append(end)

    def taking_over(self, sessions: int) -> None:
        self.running.append(sessions)


class Gated:
    """A registry that the writer waits for until the test opens it: a takeover that lasts."""

    def __init__(self, *, open_now: bool = True) -> None:
        self.open = threading.Event()
        if open_now:
            self.open.set()

    def get(self, conn: Connection) -> Registry:
        assert self.open.wait(30)
        return REGISTRY


class World:
    """A broker, a device that talks, and a member that heard some of it and died."""

    def __init__(self, broker: Mosquitto, store: Store, version: str, eventually: Eventually) -> None:
        self.broker, self.store, self.version, self.eventually = broker, store, version, eventually
        self.counted, self.gate = Counted(), Gated()
        self.device = Client(self.options("ev-1", user="ev-1"), clock=Clock())
        self.device.start()
        self.sent = 0
        self.takings: list[Taking] = []

    def options(self, client_id: str, user: str = DAEMON) -> Options:
        return Options(client_id=client_id, port=self.broker.port, username=user, password=PASSWORD,
                       backoff_first_seconds=0.05, version="5" if self.version == "5" else "3.1.1")  # fmt: skip

    def say(self, count: int) -> None:
        for n in range(self.sent, self.sent + count):
            at = datetime.now(UTC).isoformat()
            self.publish("rating", {"id": f"e{n}", "at": at, "score": 5, "seq": n + 1, "boot": "b"})
        self.sent += count

    def publish(self, channel: str, payload: dict[str, Any], *, retain: bool = False) -> None:
        sent = self.device.publish(f"jiancha/v1/ev-1/{channel}", json.dumps(payload).encode(), retain=retain)
        assert sent.wait(10)

    def member(self, client_id: str = "dead") -> Client:
        member = Client(self.options(client_id), clock=Clock(), subscriptions=TOPICS)
        member.start()
        self.eventually(lambda: member.link.connected)
        return member

    def die(self, *, in_flight: int, queued: int) -> None:
        """The only member is given messages, acknowledges none, and ends; more come while it is dead."""
        member = self.member()
        self.say(in_flight)
        self.eventually(lambda: member.waiting == in_flight)
        member.stop(farewell=False)
        self.say(queued)

    def take(self) -> Taking:
        taking = Taking(
            DEAD, self.options("alive"), store=self.store, registry=self.gate, clock=Clock(), counters=self.counted,
            batch_size=50,
        )  # fmt: skip
        self.takings.append(taking)
        return taking

    def stored(self) -> list[str]:
        return [row[0] for row in columns(rows(self.store, RawEvent), "event_id")]

    def ids(self) -> list[str]:
        return [f"e{n}" for n in range(self.sent)]

    def has_session(self, client_id: str = "dead") -> bool:
        """Whether the broker keeps one; MQTT 5 alone is asked to end it."""
        answered = threading.Event()
        present: list[bool] = []
        probe = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
        probe.username_pw_set(DAEMON, PASSWORD)

        def connected(_c: object, _u: object, flags: paho.ConnectFlags, *_: object) -> None:
            present.append(flags.session_present)
            answered.set()

        probe.on_connect = connected
        probe.connect("127.0.0.1", self.broker.port, clean_start=False)
        probe.loop_start()
        assert answered.wait(10)
        probe.disconnect()
        probe.loop_stop()
        return present[0]


@pytest.fixture
def world(
    request: pytest.FixtureRequest, mosquitto: Brokers, store: Store, eventually: Eventually
) -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def make(version: str = "5") -> World:
        made.append(World(mosquitto("ev-1"), store, version, eventually))
        return made[-1]

    yield make
    for one in made:
        one.gate.open.set()
        one.device.stop()
        for taking in one.takings:
            taking._subscriber.stop()


# --------------------------------------------------------------------------- one session


@PER_VERSION
def test_what_a_dead_member_holds_is_stored_once_and_in_order(
    world: Callable[[str], World], eventually: Eventually, version: str
) -> None:
    here = world(version)
    here.die(in_flight=120, queued=300)
    taking = here.take()
    eventually(lambda: taking.ended, 20, "not drained")
    assert taking.finish()
    assert here.stored() == here.ids()
    assert here.counted.results["stored"] == 420
    assert (here.counted.ends, here.counted.running) == (["drained"], [1, 0])
    assert here.counted.links == []  # its link is not that of this daemon
    if version == "5":
        assert not here.has_session()


@PER_VERSION
def test_from_the_first_moment_the_others_get_everything_new(
    world: Callable[[str], World], eventually: Eventually, version: str
) -> None:
    here = world(version)
    here.die(in_flight=5, queued=5)
    here.gate.open.clear()
    taking = here.take()
    eventually(lambda: taking._drain.link.connected)
    other = here.member("alive")
    here.say(20)
    eventually(lambda: other.waiting == 20)
    other.stop()
    here.gate.open.set()
    eventually(lambda: taking.ended)
    assert taking.finish()
    assert here.stored() == here.ids()[:10]


@PER_VERSION
def test_its_own_daemon_comes_back_in_the_middle(
    world: Callable[[str], World], eventually: Eventually, version: str
) -> None:
    here = world(version)
    here.die(in_flight=50, queued=150)
    here.gate.open.clear()
    taking = here.take()
    eventually(lambda: taking._drain._came >= 200, what="the taker was not given everything")
    owner = here.member()
    eventually(lambda: taking.ended, what="the taker was not sent off")
    here.gate.open.set()
    assert not taking.finish()
    assert here.counted.ends == ["broken_off"]
    # the batch in hand was stored and not acknowledged; the owner is given all of it, and stands in the group again
    eventually(lambda: owner.waiting == 200)
    here.say(10)
    eventually(lambda: owner.waiting == 210)
    owner.stop()
    left = here.stored()
    assert left == here.ids()[: len(left)]
    assert 0 < len(left) <= 50


def test_a_session_that_the_broker_has_forgotten_is_ended_at_once(
    world: Callable[[str], World], eventually: Eventually
) -> None:
    here = world("5")
    taking = here.take()
    eventually(lambda: taking.ended)
    assert taking.finish()
    assert not here.has_session()


def test_a_broker_that_is_away_breaks_it_off(world: Callable[[str], World], eventually: Eventually) -> None:
    here = world("5")
    here.die(in_flight=5, queued=5)
    here.broker.stop()
    taking = here.take()
    eventually(lambda: taking.ended)
    assert not taking.finish()
    here.broker.start()
    again = here.take()
    eventually(lambda: again.ended)
    assert again.finish()
    assert here.stored() == here.ids()


def test_an_old_status_does_not_stand_for_the_newest(world: Callable[[str], World], eventually: Eventually) -> None:
    here = world("5")
    here.die(in_flight=1, queued=1)
    here.publish("status", {"state": "offline"}, retain=True)
    here.publish("heartbeat", {"at": datetime.now(UTC).isoformat(), "queue": 0, "boot": "b", "last_seq": 2})
    taking = here.take()
    eventually(lambda: taking.ended)
    assert taking.finish()
    assert count(here.store, DeviceStatus) == 0
    assert count(here.store, HeartbeatRow) == 1
    assert here.stored() == here.ids()


# --------------------------------------------------------------------------- who may


def seen(store: Store) -> list[Session]:
    with store.read() as conn:
        return sessions.sessions(conn)


def test_of_two_that_see_the_same_dead_one_takes_over(store: Store) -> None:
    with store.write() as conn:
        sessions.enter(conn, "a", TOPICS, "a/1")
    (before,) = seen(store)
    assert (before.client_id, before.topics, before.holder) == ("a", TOPICS, "a/1")
    results = []
    for holder in ("b/1", "c/1"):
        with store.write() as conn:
            results.append(sessions.claim(conn, before, holder))
    assert results == [True, False]
    assert seen(store)[0].holder == "b/1"


def test_a_member_that_beat_in_between_is_not_claimed(store: Store) -> None:
    with store.write() as conn:
        sessions.enter(conn, "a", TOPICS, "a/1")
    (before,) = seen(store)
    with store.write() as conn:
        assert sessions.beat(conn, "a", "a/1")
        assert not sessions.claim(conn, before, "b/1")


def test_the_owner_takes_it_back_and_the_taker_can_strike_it_out_no_more(store: Store) -> None:
    with store.write() as conn:
        sessions.enter(conn, "a", TOPICS, "a/1")
    with store.write() as conn:
        assert sessions.claim(conn, sessions.sessions(conn)[0], "b/1")
        assert not sessions.beat(conn, "a", "a/1")
        sessions.enter(conn, "a", ["other"], "a/1")
        assert not sessions.beat(conn, "a", "b/1")
        assert not sessions.forget(conn, "a", "b/1")
    (now,) = seen(store)
    assert (now.holder, now.topics) == ("a/1", ("other", *TOPICS))  # what was subscribed to once may still be


class FakeTakeover:
    """A takeover that ends when the test says so."""

    def __init__(self, session: Session, log: list[str], name: str) -> None:
        self.session, self._log, self._name = session, log, name
        self.done = threading.Event()
        log.append(f"{name} takes {session.client_id}")

    @property
    def ended(self) -> bool:
        return self.done.is_set()

    def finish(self) -> bool:
        self._log.append(f"{self._name} leaves {self.session.client_id}")
        return self.ended


class Group:
    """Members in threads on one store, with takeovers that do nothing."""

    def __init__(self, store: Store) -> None:
        self.store, self.log, self.takeovers = store, [], []  # type: tuple[Store, list[str], list[FakeTakeover]]
        self.members: dict[str, Members] = {}

    def add(self, name: str, *, after: float = 1.5, topics: tuple[str, ...] | None = TOPICS) -> Members:
        def take(session: Session) -> FakeTakeover:
            self.takeovers.append(FakeTakeover(session, self.log, name))
            return self.takeovers[-1]

        made = Members(self.store, clock=Clock(), client_id=name, topics=topics, after=after, take=take)
        self.members[name] = made
        made.start()
        return made


@pytest.fixture
def group(store: Store) -> Iterator[Group]:
    made = Group(store)
    yield made
    for member in made.members.values():
        member.stop()


def test_a_dead_member_is_taken_over_by_one_and_struck_out(group: Group, eventually: Eventually) -> None:
    dead = group.add("a")
    eventually(lambda: dead.gate() is None)
    dead.stop()
    for name in ("b", "c"):
        group.add(name)
    eventually(lambda: group.log, 20)
    eventually(lambda: {s.client_id: s.beat for s in seen(group.store)}["a"] > 5, 20)  # the taker beats for it
    assert len(group.log) == 1
    group.takeovers[0].done.set()
    eventually(lambda: [s.client_id for s in seen(group.store)] == ["b", "c"])
    assert group.log[1:] == [group.log[0].replace("takes", "leaves")]


def test_a_taker_whose_session_was_taken_back_leaves(group: Group, eventually: Eventually) -> None:
    first = group.add("a")
    eventually(lambda: first.gate() is None)
    first.stop()
    group.add("b")
    eventually(lambda: group.log == ["b takes a"], 20)
    again = group.add("a")
    eventually(lambda: "b leaves a" in group.log)
    eventually(lambda: again.gate() is None)
    assert sorted(s.holder.split("/")[0] for s in seen(group.store)) == ["a", "b"]


def test_a_taker_that_dies_is_followed_by_another(group: Group, eventually: Eventually) -> None:
    first = group.add("a")
    eventually(lambda: first.gate() is None)
    first.stop()
    taker = group.add("b")
    eventually(lambda: group.log == ["b takes a"], 20)
    taker.stop()
    group.add("c")
    eventually(lambda: {"c takes a", "c takes b"} & set(group.log), 20)
    group.takeovers[-1].done.set()
    eventually(lambda: {"c takes a", "c takes b"} <= set(group.log), 20)


def test_one_that_is_in_no_group_looks_after_what_others_left(group: Group, eventually: Eventually) -> None:
    first = group.add("a")
    eventually(lambda: first.gate() is None)
    first.stop()
    alone = group.add("b", topics=None)
    assert alone.gate() is None
    eventually(lambda: group.log == ["b takes a"], 20)
    group.takeovers[0].done.set()
    eventually(lambda: seen(group.store) == [])


def test_one_that_has_left_the_group_is_not_taken_over(group: Group, eventually: Eventually) -> None:
    first = group.add("a")
    eventually(lambda: first.gate() is None)
    first.stop()
    group.add("a", topics=None)
    eventually(lambda: seen(group.store) == [])


class Stopwatch(Clock):
    """A clock whose monotonic seconds a test puts forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_who_could_not_say_that_it_lives_does_not_connect(store: Store, eventually: Eventually) -> None:
    clock = Stopwatch()
    member = Members(
        store, clock=clock, client_id="a", topics=TOPICS, after=10, take=lambda s: pytest.fail("a takeover")
    )
    assert "not yet" in str(member.gate())
    member.start()
    eventually(lambda: member.gate() is None)
    member.stop()
    clock.ahead = 7.0
    assert member.gate() is None
    clock.ahead = 8.1
    assert "take it for dead" in str(member.gate())
