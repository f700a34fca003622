"""A member of a shared subscription dies, hangs or loses its database: another takes over what it was given (ADR 10).

The day is that of the crash tests, every event with its `seq`; what must stand at the end is read from DESIGN §5.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from monitor.clock import Clock
from monitor.ingest.decode import SUBSCRIPTION
from monitor.ingest.subscriber import subscriptions
from monitor.mqtt import Drain, Options
from monitor.store import sessions
from tests import plain_http
from tests.acceptance.test_crash import DEVICES, EXPECTED, REGISTRY, the_day
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import Feed, Line, at
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.postgres import TEMPLATE, Postgres
from tests.receivers import http_receiver
from tests.replicas import RAW, Replicas
from tests.tcp_proxy import TcpProxy

GROUP = "jiancha"
MORE = {name: {"id": name, "kind": "evaluator", "window": "w1", "watermark": "events"} for name in ("ev2", "ev3")}
HALL = {**REGISTRY, "devices": [*REGISTRY["devices"], *MORE.values()]}
BOUND = 30.0
"""Seconds in which everything must be there: 2 until the dead one counts as dead, a few for the work, some for CI."""
LOCKED = 75.0
"""More, where a process fell silent inside a transaction: the server ends its session, and its locks, after 60."""
Start = Callable[..., Replicas]


@pytest.fixture
def start(
    tmp_path: Path, postgres: Postgres, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> Iterator[Start]:
    made: list[Replicas] = []
    with postgres.database(TEMPLATE) as url, http_receiver() as receiver:

        def begin(takeover_seconds: float = 2.0, count: int = 2, proxy: TcpProxy | None = None) -> Replicas:
            common = {
                "JIANCHA_MQTT__SHARED_GROUP": GROUP,
                "JIANCHA_MQTT__TAKEOVER_SECONDS": str(takeover_seconds),
            }
            group = Replicas(tmp_path, url, mosquitto(*DEVICES, *MORE), receiver, HALL, count=count, environment=common)
            made.append(group)
            if proxy is not None:  # the first member's way to the database
                group.daemons[0].environment["JIANCHA_STORE__URL"] = url.replace(
                    f":{postgres.port}/", f":{proxy.port}/"
                )
            group.start(eventually)
            return group

        yield begin
        for group in made:
            group.stop()


def logged(daemon: Daemon, action: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in daemon.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("action") == action]


def members(group: Replicas) -> list[str]:
    with group.store.read() as conn:
        return [session.client_id for session in sessions.sessions(conn)]


def metric(daemon: Daemon, series: str) -> float:
    exposed = plain_http.get(f"{daemon.url}/metrics", timeout=20).raise_for_status().text
    return next(float(line.split()[-1]) for line in exposed.splitlines() if line.startswith(f"{series} "))


def ratings(count: int) -> list[Line]:
    """Satisfied citizens at two devices more: nothing to warn of, so that only the way into the store counts.

    All before the afternoon, in which the day has its window empty: a rating would prove somebody there.
    """
    feed = Feed()
    for n in range(count):
        feed.event(("ev2", "ev3")[n % 2], "rating", at("09:00") + timedelta(seconds=5) * n, score=5)
    return feed.lines()


def everything(sent: Sequence[Line]) -> set[tuple[str, str]]:
    return {(line.device, line.payload["id"]) for line in sent}


def stored_ids(group: Replicas) -> set[tuple[str, str]]:
    with group.store.read() as conn:
        return {(row.device, row.event_id) for row in conn.execute(RAW.select())}


# --------------------------------------------------------------------------- dead for good


def test_what_a_killed_member_was_given_is_stored_without_its_return(start: Start, eventually: Eventually) -> None:
    group, sent = start(), ratings(300)
    victim, living = group.daemons
    killed_in_the_middle(group, sent, eventually)
    eventually(lambda: group.stored() >= len(sent), BOUND, "not everything that was sent is stored")
    assert stored_ids(group) == everything(sent)
    assert group.stored() == len(sent)
    eventually(lambda: members(group) == ["jiancha-2"], what="the drained session is not struck out")
    (ended,) = logged(living, "takeover.drained")
    assert ended["client_id"] == "jiancha-1"
    assert ended["stored"] > 0
    assert metric(living, 'jiancha_takeovers_total{result="drained"}') == 1
    assert metric(living, "jiancha_takeovers_running") == 0


def test_without_takeover_it_stays_at_the_broker(start: Start, eventually: Eventually) -> None:
    """The control: what the living member never stores is what lies in the dead one's session."""
    group, sent = start(takeover_seconds=0), ratings(300)
    killed_in_the_middle(group, sent, eventually)
    eventually(lambda: not group.publishing, 60)
    held, wanted = held_for("jiancha-1", group.broker), everything(sent)
    eventually(lambda: len(stored_ids(group) | held) == len(wanted), what="more is missing than the dead one holds")
    assert len(wanted - stored_ids(group)) > 50


def killed_in_the_middle(group: Replicas, sent: Sequence[Line], eventually: Eventually) -> None:
    group.publish(sent[: len(sent) // 3], pace=0.005)
    eventually(lambda: group.stored() > 20, 60)
    group.daemons[0].kill()
    group.publish(sent[len(sent) // 3 :], pace=0.005)


def held_for(client_id: str, broker: Mosquitto) -> set[tuple[str, str]]:
    """The events that the broker keeps for a client, taken away from it."""
    options = Options(client_id=client_id, port=broker.port, username=DAEMON, password=PASSWORD)
    drain = Drain(options, clock=Clock(), topics=subscriptions([SUBSCRIPTION], GROUP))
    drain.start()
    held = set()
    while not drain.drained.is_set():
        assert not drain.over.is_set(), drain.link.error
        deliveries = drain.take(500, 0.1)
        held |= {(d.topic.split("/")[2], json.loads(d.payload)["id"]) for d in deliveries}
        drain.ack(deliveries)
    drain.stop()
    return held


@pytest.mark.long
def test_the_cards_and_alerts_of_the_day_are_those_of_a_day_without_deaths(
    start: Start, eventually: Eventually
) -> None:
    group, sent = start(), the_day()
    group.publish(sent, pace=0.01)
    eventually(lambda: group.stored() > 100, 60)
    group.daemons[0].kill()
    group.settle(eventually, len(sent), EXPECTED, within=BOUND)
    group.check(len(sent), EXPECTED)


# --------------------------------------------------------------------------- not dead after all


@pytest.mark.long
def test_the_dead_member_comes_back_in_the_middle(start: Start, eventually: Eventually) -> None:
    """The takeover is held up by a lock on the table that it writes to, until its own daemon is back."""
    group, sent = start(), the_day()
    victim, living = group.daemons
    group.publish(sent, pace=0.01)
    eventually(lambda: group.stored() > 100, 60)
    with group.store.engine.connect() as conn, conn.begin():
        conn.execute(text("LOCK TABLE raw_event IN EXCLUSIVE MODE"))
        victim.kill()
        eventually(lambda: logged(living, "takeover.started"), BOUND)
        eventually(lambda: takeovers(living) == ["jiancha-1"], what="/readyz does not say who is taken over")
        victim.start()
        eventually(lambda: len(logged(victim, "members.entered")) == 2, BOUND)
        eventually(lambda: metric(victim, "jiancha_broker_connected") == 1)
        assert not logged(living, "takeover.drained")
    eventually(lambda: logged(living, "takeover.broken_off"), BOUND, "the taker has not left")
    group.settle(eventually, len(sent), EXPECTED, within=BOUND)
    assert group.check(len(sent), EXPECTED) == 0
    assert members(group) == ["jiancha-1", "jiancha-2"]
    assert takeovers(living) == []


def takeovers(daemon: Daemon) -> list[str]:
    return list(plain_http.get(f"{daemon.url}/readyz", timeout=20).json().get("takeovers", []))


@pytest.mark.long
def test_a_member_that_hangs_is_taken_over_and_comes_back(start: Start, eventually: Eventually) -> None:
    """SIGSTOP: its connections stand, it says nothing. Awake again it takes its session back, and its share with it."""
    group, sent = start(), the_day()
    sleeper, living = group.daemons
    half = len(sent) // 2
    group.publish(sent[:half], pace=0.01)
    eventually(lambda: group.stored() > 50, 60)
    process = sleeper._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        eventually(lambda: group.stored() == half, BOUND + LOCKED, "not everything is stored while it hangs")
        eventually(lambda: logged(living, "takeover.drained"), BOUND)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    eventually(lambda: len(logged(sleeper, "members.entered")) == 2, BOUND)
    eventually(lambda: metric(sleeper, "jiancha_broker_connected") == 1)
    before = metric(sleeper, 'jiancha_events_total{channel="presence",result="stored"}')
    group.publish(sent[half:], pace=0.01)
    group.settle(eventually, len(sent), EXPECTED, within=BOUND)
    assert group.check(len(sent), EXPECTED) == 0
    assert metric(sleeper, 'jiancha_events_total{channel="presence",result="stored"}') > before
    assert len(logged(living, "takeover.started")) == 1


@pytest.mark.long
@pytest.mark.parametrize("how", ["refused", "silent"])
def test_a_member_without_its_database_leaves_the_broker_to_the_others(
    start: Start, postgres: Postgres, eventually: Eventually, how: str
) -> None:
    """It lives and could come back to the broker at once; it does not before it has its database again."""
    with TcpProxy(postgres.port) as proxy:
        group = start(proxy=proxy)
        cut, living = group.daemons
        sent = the_day()
        half = len(sent) // 2
        group.publish(sent[:half], pace=0.01)
        eventually(lambda: group.stored() > 50, 60)
        proxy.refuse = how == "refused"
        proxy.blackhole = how == "silent"
        if proxy.refuse:
            proxy.cut()
        eventually(lambda: group.stored() == half, BOUND + LOCKED, "not everything is stored without it")
        eventually(lambda: logged(living, "takeover.drained"), BOUND)
        eventually(lambda: metric(cut, "jiancha_broker_connected") == 0)
        proxy.refuse = proxy.blackhole = False
        eventually(lambda: len(logged(cut, "members.entered")) == 2, BOUND)
        eventually(lambda: metric(cut, "jiancha_broker_connected") == 1)
        group.publish(sent[half:], pace=0.01)
        group.settle(eventually, len(sent), EXPECTED, within=BOUND)
        assert group.check(len(sent), EXPECTED) == 0
        assert len(logged(living, "takeover.started")) == 1  # nobody sent anybody off without end


# --------------------------------------------------------------------------- at random


@pytest.mark.long
@pytest.mark.parametrize("kills", [6, 20])
def test_killed_at_random_and_back_whenever_they_like(start: Start, eventually: Eventually, kills: int) -> None:
    """Of three at least one lives; the dead come back sooner or later than they are taken over, in the end not all."""
    chance, wait = random.Random(kills), threading.Event()
    group, day, more = start(count=3), the_day(), ratings(2800)
    sent = [*day, *more]
    group.publish(day, pace=0.016 * kills)
    group.publish(more, pace=0.004 * kills)
    for _ in range(kills):
        living = [daemon for daemon in group.daemons if daemon.runs]
        if len(living) > 1:
            chance.choice(living).kill()
        wait.wait(chance.uniform(0.0, 4.0))
        dead = [daemon for daemon in group.daemons if not daemon.runs]
        if len(dead) > 1 or chance.random() < 0.5:
            chance.choice(dead).start()
    for daemon in [daemon for daemon in group.daemons if daemon.runs][1:]:
        daemon.kill()
    group.settle(eventually, len(sent), EXPECTED)
    group.check(len(sent), EXPECTED)
    assert sum(len(logged(daemon, "takeover.drained")) for daemon in group.daemons) > 0
