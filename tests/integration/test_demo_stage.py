"""What the demo plays on: found or missing broker, the daemon as a child, the receiver, what is left in the folder."""

from __future__ import annotations

import contextlib
import stat
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
import pytest

from monitor.agents.children import Broker, CannotStart, Child, Daemon, find_mosquitto
from monitor.agents.devices import HttpDevices
from monitor.agents.outbox import Sent
from monitor.agents.receiver import Receiver
from monitor.agents.stage import Stage
from monitor.settings import load
from monitor.supervision.views import report_events
from tests import plain_http
from tests.conftest import Eventually

ZONE = timezone(timedelta(hours=8))


def test_without_mosquitto_the_devices_use_http_and_it_says_so(tmp_path: Path, eventually: Eventually) -> None:
    said: list[str] = []
    others = set(psutil.Process().children(recursive=True))  # servers of other tests of this process
    with contextlib.ExitStack() as parts:
        stage = Stage(tmp_path, day_seconds=600, parts=parts, say=said.append, find_broker=lambda: None)
        clock, store, carrier = stage.open(threading.Event(), use_http=False)
        assert isinstance(carrier, HttpDevices)
        children = set(psutil.Process().children(recursive=True)) - others
        assert children
        rating = {"id": "r1", "at": clock.now().isoformat(), "seq": 1, "boot": "b", "score": 1, "window": "demo-w01"}
        carrier.send(Sent(device="demo-ev01", channel="rating", payload=rating))

        def told() -> bool:
            return any(alert["rule"] == "rating.bad" for alert in stage.receiver.alerts())

        eventually(told, 20, "the alert of the bad rating at the receiver")
        with store.read() as conn:
            assert report_events(conn)["stored"] == 1
    assert any("未找到 Mosquitto" in line and "HTTP 上报" in line for line in said)
    assert [child for child in children if child.is_running() and child.status() != "zombie"] == []


def test_what_is_left_is_a_configuration_for_later_at_the_demos_last_time(tmp_path: Path) -> None:
    with contextlib.ExitStack() as parts:
        stage = Stage(tmp_path, day_seconds=45, parts=parts, say=lambda _: None)
        ended = datetime(2026, 3, 4, 17, 50, 30, 123456, tzinfo=ZONE)
        stage.tidy(ended)
    left = load(stage.config, {})
    assert (left.clock.start, left.clock.rate, left.clock.anchor) == (ended.replace(microsecond=0), 1.0, None)
    assert left.store.url == f"sqlite:///{tmp_path / 'jiancha.sqlite'}"
    assert (left.mqtt.enabled, left.policy.name) == (False, "demo")


def test_a_broker_is_found_only_with_the_tool_that_hashes_its_passwords(tmp_path: Path) -> None:
    assert find_mosquitto(path=str(tmp_path)) is None
    program = tmp_path / "mosquitto"
    program.touch(mode=0o755)
    assert find_mosquitto(path=str(tmp_path)) is None
    (tmp_path / "mosquitto_passwd").touch(mode=0o755)
    assert find_mosquitto(path=str(tmp_path)) == (str(program), str(tmp_path / "mosquitto_passwd"))


def test_a_broker_that_does_not_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho 'Error: no such thing' >&2\nexit 3\n")
    program.chmod(0o755)
    broker = Broker((str(program), "/bin/true"), tmp_path / "broker", ["dev-1"])
    with pytest.raises(CannotStart, match="no such thing"):
        broker.start()


def test_the_brokers_passwords_are_its_own_and_nobody_else_reads_them(tmp_path: Path) -> None:
    first, second = (Broker(("mosquitto", "/bin/true"), tmp_path / name, ["dev-1", "dev-2"]) for name in ("a", "b"))
    assert set(first.passwords) == {"jiancha", "dev-1", "dev-2"}
    assert len({*first.passwords.values(), *second.passwords.values()}) == 6
    assert stat.S_IMODE((tmp_path / "a" / "jiancha.passwd").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_daemon_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    config = tmp_path / "jiancha.toml"
    config.write_text("[clock]\nspeed = 3\n")
    daemon = Daemon(config, 1, {})
    with pytest.raises(CannotStart, match="clock.speed"):
        daemon.wait_until_ready(threading.Event())
    assert not daemon.child.is_running


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    stubborn = Child(["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"], tmp_path / "log")
    for _ in range(1000):
        if stubborn.last_words() == "up":
            break
        threading.Event().wait(0.01)
    stubborn.end(seconds=0.2)
    assert not stubborn.is_running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    started.start()
    yield started
    started.stop()


def test_the_receiver_keeps_what_it_takes_in_order_and_refuses_the_rest(receiver: Receiver) -> None:
    answers = [
        plain_http.post(receiver.url, content=body).status_code
        for body in (b'{"card": 1}', b"{", b"[]", b'{"card": 2}')
    ]
    assert answers == [204, 400, 400, 204]
    assert receiver.alerts() == [{"card": 1}, {"card": 2}]
