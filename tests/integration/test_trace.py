"""One id leads through the log of the real daemon from a message at the broker to the notice that a receiver got."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor import trace
from tests.conftest import Eventually
from tests.halls import hall
from tests.mosquitto import PASSWORD, Mosquitto
from tests.outage import Watched
from tests.receivers import HttpReceiver, http_receiver, says

PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"
DEVICE = "ev1"
NAME = "诸葛追踪"
KEY = "robot-key-7f3a"
HALL = hall(2, devices=[{"id": DEVICE, "kind": "evaluator", "window": "w1"}])


@pytest.fixture
def log(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> Iterator[tuple[Mosquitto, Watched, HttpReceiver]]:
    """A running daemon that says everything, and its only receiver."""
    broker = mosquitto(DEVICE)
    with http_receiver(says({})) as receiver:
        config = f'[alerts]\ngroup_wait_seconds = 0\n[alerts.receivers]\nduty = {{ url = "{receiver.base}/{KEY}" }}\n'
        config += '[[alerts.routes]]\nreceivers = ["duty"]\n'
        watched = Watched(
            tmp_path / "daemon", broker.port, config, JIANCHA_LOG="DEBUG",
            JIANCHA_CLOCK__START="2026-03-04T09:30:00+08:00",
        )  # fmt: skip
        rows = {**HALL, "staff": [{**person, "name": NAME} for person in HALL["staff"]]}
        watched.register(rows)
        with watched.daemon:
            eventually(lambda: not watched.ready(), 30, "not ready")
            yield broker, watched, receiver


def rating(event_id: str, **more: Any) -> str:
    return json.dumps({"id": event_id, "at": "2026-03-04T09:30:01+08:00", "score": 1, "seq": 1, "boot": "b", **more})


def lines(watched: Watched, word: str) -> list[dict[str, Any]]:
    """What grep finds."""
    return [json.loads(line) for line in watched.daemon.log().splitlines() if word in line]


def actions(watched: Watched, word: str) -> list[str]:
    return [line["action"] for line in lines(watched, word)]


WAY = ["event.received", "card.issued", "alert.planned", "alert.sent"]


def test_one_grep_finds_the_way_from_the_message_to_the_alert(
    log: tuple[Mosquitto, Watched, HttpReceiver], eventually: Eventually
) -> None:
    broker, watched, receiver = log
    plain = trace.of_event(DEVICE, "plain-1")
    broker.publish(DEVICE, "rating", rating("plain-1"))
    eventually(lambda: set(WAY) <= set(actions(watched, plain)), 30, f"the log leads nowhere: {watched.daemon.log()}")
    assert sorted(actions(watched, plain), key=WAY.index) == WAY
    found = {line["action"]: line for line in lines(watched, plain)}
    # (a calendar without its year has a card of its own)
    assert any("rating.bad" in got.body.decode() for got in receiver.got)
    assert (
        found["event.received"] | {"channel": "rating", "device": DEVICE, "result": "stored"} == found["event.received"]
    )
    assert found["card.issued"]["rule"] == "rating.bad"
    assert found["alert.sent"]["cards"] == [found["card.issued"]["card"]]
    assert found["alert.sent"]["receiver"] == "duty"

    # a device that gives an id of its own is followed by it all the way, and by ours
    given = ["-V", "5", "-D", "PUBLISH", "user-property", "traceparent", f"00-{PARENT}-00f067aa0ba902b7-01"]
    broker.publish(DEVICE, "rating", rating("own-2", seq=2), *given)
    eventually(lambda: set(WAY) <= set(actions(watched, PARENT)), 30, "the device's own id leads nowhere")
    assert set(actions(watched, trace.of_event(DEVICE, "own-2"))) == set(WAY)

    # what is held says why under the same id, and leads no further
    broker.publish(DEVICE, "rating", rating("held-3", seq=3, window="nowhere"))
    held = trace.of_event(DEVICE, "held-3")
    eventually(lambda: actions(watched, held) == ["event.quarantined"], 20, "what is held is not told")
    assert lines(watched, held)[0]["reason"] == "unknown_ref"

    text = watched.daemon.log()
    for private in (NAME, KEY, PASSWORD):
        assert private not in text
