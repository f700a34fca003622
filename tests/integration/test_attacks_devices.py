"""A forged device and a replayed event, by a real Mosquitto with the shipped ACL and by the writer behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.clock import Clock
from monitor.ingest.check import prepare
from monitor.ingest.writer import write_batch
from monitor.model import Device, Hall, Registry, Rejected, Staff, Unit, Window
from monitor.mqtt import Options
from monitor.ops.doctor.probes import ANSWER_SECONDS, Visitor
from monitor.store.engine import Store
from monitor.store.schema import Quarantine, RatingRow, RawEvent
from tests.ingest_world import NINE, REGISTRY, columns, count, message, rows
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

END = "jiancha/doctor/end"
TWO_HALLS = replace(
    REGISTRY,
    halls={"city": Hall(id="city"), "h1": Hall(id="h1", parent="city"), "h2": Hall(id="h2", parent="city")},
    units={**REGISTRY.units, "u2": Unit(id="u2", hall="h2"), "u0": Unit(id="u0", hall="city")},
    windows={**REGISTRY.windows, "w9": Window(id="w9", hall="h2", unit="u2")},
    staff={**REGISTRY.staff, "s9": Staff(id="s9", unit="u2"), "s0": Staff(id="s0", unit="u0")},
    devices={**REGISTRY.devices, "cam-0": Device(id="cam-0", kind="camera", hall="city")},
)


# --------------------------------------------------------------------------- at the broker


def visit(
    broker: Mosquitto, user: str, client: str, *topics: str, password: str = PASSWORD, patience: float = ANSWER_SECONDS
) -> Visitor:
    options = Options(client_id=client, port=broker.port, username=user, password=password)
    return Visitor(options, Clock(), client, topics, patience=patience)


FORGED = {
    "another's events": "jiancha/v1/ev-02/rating",
    "another's heartbeat": "jiancha/v1/ev-02/heartbeat",
    "another's last word": "jiancha/v1/ev-02/status",
    "an alert of the daemon": "jiancha/alerts/h1",
    "the probe of the doctor": "jiancha/doctor/x",
    "all devices at once": "jiancha/v1/ev-02/rating/../../ev-01/rating",
    "a name that looks like another's": "jiancha/v1/ev-02 /rating",
}


def test_a_device_that_is_taken_over_is_heard_as_itself_alone(mosquitto: Callable[..., Mosquitto]) -> None:
    """Under its own client id and under that of another, it reaches no topic but its own."""
    broker = mosquitto("ev-01", "ev-02")
    own = "jiancha/v1/ev-01/rating"
    with visit(broker, DAEMON, "watcher", "jiancha/#", END) as watcher:
        for client in ("ev-01", "ev-02", DAEMON):
            with visit(broker, "ev-01", client) as thief:
                for topic in (*FORGED.values(), own):
                    thief.say(topic, b"{}")
        with visit(broker, DAEMON, "end") as end:
            end.say(END)
        heard = [delivery.topic for delivery in watcher.hear(END)][:-1]
    assert heard == [own] * 3


def test_nor_does_it_hear_what_others_say(mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto("ev-01", "ev-02")
    with (
        visit(broker, DAEMON, "watcher", END) as watcher,
        visit(broker, "ev-01", "thief", "#", "jiancha/#", patience=3.0) as thief,
    ):
        with visit(broker, "ev-02", "other") as other:
            other.say("jiancha/v1/ev-02/rating", b'{"staff": "s1"}')
        with visit(broker, DAEMON, "end") as end:
            end.say(END)
        assert [delivery.topic for delivery in watcher.hear(END)] == [END]
        heard = thief.hear("jiancha/v1/ev-02/rating")
        assert [delivery.topic for delivery in heard] == []


# --------------------------------------------------------------------------- in the payload


def refused(registry: Registry, channel: str, device: str | None = None, **fields: Any) -> str | None:
    said = prepare(message(channel, device=device, **fields), registry).said
    return said.reason if isinstance(said, Rejected) else None


CLAIMS: list[tuple[str, str, dict[str, Any]]] = [
    ("a bad rating at a window of another hall", "rating", {"score": 1, "window": "w9"}),
    ("a bad rating of somebody in another hall", "rating", {"score": 1, "staff": "s9"}),
    ("nobody at a window of another hall", "presence", {"people": 0, "window": "w9"}),
    ("an alibi for somebody in another hall", "checkin", {"staff": "s9"}),
    ("somebody of another hall goes off duty", "duty", {"action": "off", "staff": "s9"}),
]


@pytest.mark.parametrize(("channel", "fields"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
def test_a_device_gives_nobody_of_another_hall_a_card_or_an_alibi(channel: str, fields: dict[str, Any]) -> None:
    assert refused(TWO_HALLS, channel, **fields) == "not_allowed"


@pytest.mark.parametrize(
    ("channel", "device", "fields"),
    [
        ("rating", "ev-1", {"window": "w2"}),
        ("rating", "ev-1", {"staff": "s0"}),
        ("presence", "cam-0", {"window": "w9"}),
        ("case", "sys-1", {"window": "w9"}),
        ("rating", "gate-1", {"window": "w9"}),
    ],
    ids=["another window of the hall", "somebody of the hall above", "a camera above both", "a system of the city",
         "a gateway"],
)  # fmt: skip
def test_who_may_speak_for_more_than_a_window_still_does(channel: str, device: str, fields: dict[str, Any]) -> None:
    assert refused(TWO_HALLS, channel, device, **fields) is None


@pytest.mark.parametrize(
    ("channel", "device"), [("checkin", "ev-1"), ("case", "cam-1"), ("presence", "term-1"), ("rating", "sys-1")]
)
def test_a_device_says_what_its_kind_can_know_and_nothing_else(channel: str, device: str) -> None:
    assert refused(REGISTRY, channel, device) == "not_allowed"


def test_a_payload_cannot_say_whose_it_is() -> None:
    """`device` and `channel` in a payload are keys like any other: dropped."""
    said = prepare(message("rating", device="ev-1", device_id="ev-2", hall="h2"), REGISTRY).said
    assert not isinstance(said, Rejected)
    assert said.device == "ev-1"


# --------------------------------------------------------------------------- replayed


def write(store: Store, *messages: Any) -> None:
    with store.write() as conn:
        write_batch(conn, list(messages), REGISTRY)


@pytest.mark.both_databases
def test_a_replayed_event_counts_once_and_the_same_id_with_other_words_is_a_conflict(store: Store) -> None:
    write(store, message("rating", score=5))
    for _ in range(3):
        write(store, message("rating", score=5, received=NINE + timedelta(days=1)))
    assert (count(store, RawEvent), count(store, RatingRow), count(store, Quarantine)) == (1, 1, 0)
    write(store, message("rating", score=1))
    assert columns(rows(store, Quarantine), "reason") == [("conflict",)]
    assert columns(rows(store, RatingRow), "score") == [(5,)], "the first stands"


@pytest.mark.both_databases
def test_an_event_that_is_caught_and_sent_again_under_a_new_id_keeps_its_own_time(store: Store) -> None:
    """Whoever has a device's credentials may say anything in its name, an old event anew too. Then `at` is the old one:
    it proves nothing of today, and it stands beside the one that it repeats, with the time of its receipt.
    """
    write(store, message("checkin", id="e1"))
    write(store, message("checkin", id="e2", received=NINE + timedelta(days=3)))
    found = rows(store, RawEvent)
    assert [row["event_id"] for row in found] == ["e1", "e2"]
    assert len({row["at"] for row in found}) == 1
    assert found[1]["received"] - found[1]["at"] >= timedelta(days=3)


def test_the_time_is_part_of_what_is_said(store: Store) -> None:
    """To count today it has to say so, and then it is no replay but a lie of the device's own credentials; of the
    future it cannot speak at all.
    """
    write(store, message("checkin", id="e1", at=(NINE + timedelta(hours=2)).isoformat()))
    assert columns(rows(store, Quarantine), "reason") == [("future",)]
