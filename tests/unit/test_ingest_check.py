"""Checks against the registry, pure (DESIGN §3.1)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from monitor.ingest.check import is_future, prepare
from monitor.ingest.decode import Message
from monitor.model import Event, Rejected
from tests.ingest_world import NINE, REGISTRY, beat, message


def reason(said: object) -> tuple[str, str] | None:
    return (said.reason, said.detail) if isinstance(said, Rejected) else None


REFUSED: list[tuple[str, Message, str, str]] = [
    ("a device that nobody knows", message(device="ev-9"), "unknown_device", "device: ev-9"),
    ("a heartbeat of a stranger", beat("ev-9"), "unknown_device", "device: ev-9"),
    ("an evaluator that sends cases", message("case", device="ev-1"), "not_allowed", "channel: case"),
    ("a terminal that sends ratings", message("rating", device="term-1"), "not_allowed", "channel: rating"),
    ("a camera that signs on", message("duty", device="cam-1"), "not_allowed", "channel: duty"),
    ("a gateway narrowed to other channels", message("presence", device="gate-1"), "not_allowed", "channel: presence"),
    ("an unknown window", message(window="w9"), "unknown_ref", "window: 'w9'"),
    ("an unknown person", message("checkin", staff="s9"), "unknown_ref", "staff: 's9'"),
    ("an unknown item", message("case", item="i9"), "unknown_ref", "item: 'i9'"),
    ("an unknown unit", message("task", unit="u9"), "unknown_ref", "unit: 'u9'"),
    ("an event with the retain flag", message(retained=True), "retained", "channel: rating"),
    ("a heartbeat with the retain flag", Message(device="ev-1", channel="heartbeat",
     payload=b'{"at":"2026-03-02T01:00:00Z"}', received=NINE, retained=True), "retained", "channel: heartbeat"),
    ("a malformed one of a stranger", message(device="ev-9", score=9), "malformed", "score"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "why", "detail"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refusals(sent: Message, why: str, detail: str) -> None:
    found = reason(prepare(sent, REGISTRY).said)
    assert found is not None
    assert found[0] == why
    assert found[1].startswith(detail)
    assert re.search("[一-鿿]", found[1]), found[1]


ACCEPTED: list[tuple[str, Message]] = [
    ("a gateway on a channel of its list", message("rating", device="gate-1")),
    ("a heartbeat from a narrowed gateway", beat("gate-1")),
    ("a case number that nobody has seen", message("case", case="never-seen")),
    ("a ticket that nobody has seen", message("case", ticket="A001")),
    ("known names", message("case", item="i1", window="w2", staff="s2")),
    ("a retained status", Message(device="ev-1", channel="status", payload=b'{"state":"online"}',
     received=NINE, retained=True)),
]  # fmt: skip


@pytest.mark.parametrize("sent", [c[1] for c in ACCEPTED], ids=[c[0] for c in ACCEPTED])
def test_acceptances(sent: Message) -> None:
    assert reason(prepare(sent, REGISTRY).said) is None


def test_a_lenient_source_keeps_names_that_the_registry_lacks() -> None:
    said = prepare(message("case", item="bouwvergunning", staff="Resource21"), REGISTRY, lenient=True).said
    assert isinstance(said, Event)
    assert said.body["staff"] == "Resource21"


@pytest.mark.parametrize(
    ("ahead_seconds", "skew_seconds", "future"),
    [
        (60, None, False),
        (61, None, True),
        (3600, -3590, False),
        (3600, -3500, True),
        (-600, 600, False),
        (-600, 661, True),
    ],
)
def test_future_is_more_than_a_minute_ahead_after_correction(
    ahead_seconds: int, skew_seconds: int | None, future: bool
) -> None:
    fields: dict[str, Any] = {"device": "ev-1", "channel": "rating", "id": "e"}
    event = Event(at=NINE + timedelta(seconds=ahead_seconds), received=NINE, **fields)
    skew = timedelta(seconds=skew_seconds) if skew_seconds is not None else None
    assert is_future(event, skew) is future
