"""Trace ids: worked out, never kept; a device's own where it gives one that is one."""

from __future__ import annotations

import dataclasses
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor import trace
from monitor.mqtt.properties import traceparent
from monitor.supervision.evidence import trace_of

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
AT = datetime(2026, 3, 4, 1, 30, tzinfo=UTC)


@dataclasses.dataclass
class Said:
    id: str
    source: str
    received: datetime


@dataclasses.dataclass
class Facts:
    events: tuple[Any, ...] = ()
    others: tuple[Any, ...] = (AT,)


def test_an_operator_works_out_the_same_id_in_a_shell() -> None:
    line = r"printf '%s\0%s' ev-w01 e-17 | sha256sum | cut -c1-32"
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.strip()
    assert trace.of_event("ev-w01", "e-17") == said


def test_two_events_and_an_event_and_a_subject_have_different_ids() -> None:
    ids = [trace.of_event("a", "bc"), trace.of_event("ab", "c"), trace.of_subject("a", "bc")]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (PARENT, "4bf92f3577b34da6a3ce929d0e0e4736"),
        (PARENT + "-later", "4bf92f3577b34da6a3ce929d0e0e4736"),
        (PARENT.upper(), None),
        ("ff" + PARENT[2:], None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{'a' * 32}-{'0' * 16}-01", None),
        ("x", None),
        ("", None),
    ],
)
def test_a_traceparent_counts_only_if_it_is_one(text: str, found: str | None) -> None:
    assert trace.parent_of(text) == found


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=4), st.lists(st.tuples(TEXT, TEXT), max_size=4), st.booleans(),
    st.binary(max_size=9), st.integers(1, 268_435_455),
)  # fmt: skip
def test_it_is_found_among_all_other_properties(
    before: list[tuple[str, str]], after: list[tuple[str, str]], there: bool, correlation: bytes, subscription: int
) -> None:
    made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    made.PayloadFormatIndicator = 1
    made.MessageExpiryInterval = 600
    made.ContentType = "application/json"
    made.ResponseTopic = "traceparent/reply"
    made.CorrelationData = b"traceparent" + correlation
    made.SubscriptionIdentifier = subscription
    made.UserProperty = [*before, *([("traceparent", PARENT)] if there else []), *after]
    packed = made.pack()  # type: ignore[no-untyped-call]
    skipped = next(n for n in range(1, 5) if packed[n - 1] < 128)
    told = [value for name, value in [*before, *after] if name == "traceparent"]
    assert traceparent(packed[skipped:]) == (PARENT if there else (told or [""])[0])


@given(st.binary(max_size=60))
def test_properties_that_cannot_be_read_hold_none(data: bytes) -> None:
    assert isinstance(traceparent(data + b"traceparent"), str)


def test_the_newest_event_among_the_facts_gives_the_id() -> None:
    old, new = (Said(id=f"d/e{n}", source="d", received=AT + timedelta(minutes=n)) for n in (1, 2))
    spot = Said(id="spot/7", source="a-person", received=AT + timedelta(hours=1))
    assert trace_of(Facts(events=(new, spot, old))) == trace.of_event("d", "e2")
    assert trace_of(Facts(events=(spot,))) is None
    assert trace_of(Facts()) is None


def test_a_line_of_several_messages_names_each_once_and_the_devices_own_ids() -> None:
    trace.PARENTS.learn("t-b", "p-b")
    assert trace.fields("t-a") == {"trace": "t-a"}
    assert trace.fields("t-b") == {"trace": "t-b", "parent": "p-b"}
    assert trace.fields("t-a", "t-b", "t-a") == {"traces": ["t-a", "t-b"], "parents": ["p-b"]}


def test_only_the_newest_ids_of_devices_are_remembered() -> None:
    kept = trace.Parents(2)
    for name in ("a", "b", "c"):
        kept.learn(name, name)
    assert [kept.get(name) for name in ("a", "b", "c")] == [None, "b", "c"]
