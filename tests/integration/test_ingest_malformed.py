"""Whatever a device sends, nothing crashes; what is malformed stands in quarantine with its reason (DESIGN §3.1)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from monitor.ingest.decode import Message
from monitor.ingest.writer import Outcome, write_batch
from monitor.model import MAX_PAYLOAD_BYTES
from monitor.store.engine import Store
from monitor.store.schema import Quarantine, RawEvent
from monitor.store.sql import table_of
from tests.ingest_world import GOOD, NINE, REGISTRY, SENDER, count, message

pytestmark = pytest.mark.both_databases

SHORT, LONG = 500, 10_000
CHANNELS = st.sampled_from(sorted(GOOD))

NO_TEXT = st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers(), max_size=2) | st.just({})
NO_TIME = NO_TEXT | st.text(max_size=20).filter(lambda text: not text[:1].isdigit())
NO_SCORE = (
    st.text()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.integers(max_value=0)
    | st.integers(min_value=6)
    | st.lists(st.none())
)
LONG_ID = st.text(min_size=65, max_size=200) | st.just("")
WITH_NUL = st.text(max_size=20).map(lambda text: f"{text}\x00")
NO_ID = NO_TEXT | LONG_ID | WITH_NUL
NO_WORD = NO_TEXT | st.text(min_size=30, max_size=40)
"""Text of that length is in no vocabulary."""
NO_COUNT = (
    st.text() | st.floats() | st.integers(max_value=-1) | st.integers(min_value=2**63) | st.booleans() | st.just([])
)

WRONG: dict[str, list[tuple[str, st.SearchStrategy[Any]]]] = {
    "rating": [
        ("score", NO_SCORE),
        ("stage", NO_WORD.filter(lambda v: v is not None)),
        ("staff", LONG_ID.filter(bool)),
    ],
    "duty": [("action", NO_WORD), ("staff", NO_ID)],
    "presence": [("people", NO_COUNT), ("view", NO_WORD), ("confidence", st.text() | st.floats(min_value=1.001))],
    "checkin": [("staff", NO_ID), ("method", NO_WORD), ("distance", st.text() | st.floats(max_value=-0.001))],
    "case": [("case", NO_ID), ("event", NO_WORD), ("due", NO_TIME.filter(lambda v: v is not None))],
    "task": [("task", NO_ID), ("kind", NO_WORD), ("event", NO_WORD)],
}
ENVELOPE: list[tuple[str, st.SearchStrategy[Any]]] = [
    ("id", NO_ID),
    ("at", NO_TIME),
    ("seq", NO_COUNT),
    ("boot", LONG_ID.filter(bool)),
]


@st.composite
def one_wrong_field(draw: st.DrawFn) -> Message:
    """A valid event but for one field, which is wrong or missing. An optional field that is empty is not given."""
    channel = draw(CHANNELS)
    name, values = draw(st.sampled_from([*WRONG[channel], *ENVELOPE]))
    required = name in GOOD[channel] or name in ("id", "at")
    value = draw(st.one_of(values, st.just(...)) if required else values.filter(lambda v: v not in ("", None)))
    body = {"id": "e1", "at": NINE.isoformat(), **GOOD[channel], name: value}
    payload = json.dumps({k: v for k, v in body.items() if v is not ...}).encode()
    return Message(device=SENDER[channel], channel=channel, payload=payload, received=NINE)


def no_json_object(data: bytes) -> bool:
    try:
        return not isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return True


NO_OBJECT = (
    st.binary(max_size=200).filter(no_json_object)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")).filter(no_json_object)
    | st.integers(1, 30_000).map(lambda depth: b'{"a":[' * depth)
    | st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4))
    .map(json.dumps)
    .map(str.encode)
    | st.integers(1, 300).map(lambda cut: message("checkin").payload[:-cut])
)
BROKEN = st.builds(
    lambda channel, payload: Message(device=SENDER[channel], channel=channel, payload=payload, received=NINE),
    CHANNELS,
    NO_OBJECT,
)
LARGE = st.integers(1, 1000).map(lambda more: message(extra="x" * (MAX_PAYLOAD_BYTES + more)))
MALFORMED = st.one_of(one_wrong_field(), one_wrong_field(), BROKEN, LARGE)


def held_reasons(store: Store, sent: Message) -> list[str]:
    table = table_of(Quarantine)
    digest = hashlib.sha256(sent.payload).hexdigest()
    where = (table.c.device == sent.device, table.c.channel == sent.channel, table.c.digest == digest)
    with store.read() as conn:
        return list(conn.execute(select(table.c.reason).where(*where)).scalars())


def holds_them_all(store: Store, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(MALFORMED)
    def check(sent: Message) -> None:
        with store.write() as conn:
            (outcome,) = write_batch(conn, [sent], REGISTRY).outcomes
        expected = "too_large" if len(sent.payload) > MAX_PAYLOAD_BYTES else "malformed"
        assert outcome.refused is not None, sent.payload
        assert outcome.refused.reason == expected
        assert outcome.refused.detail
        assert held_reasons(store, sent) == [expected]

    check()
    assert count(store, RawEvent) == 0


def test_malformed_payloads_are_held_with_their_reason(store: Store) -> None:
    holds_them_all(store, SHORT)


@pytest.mark.long
def test_ten_thousand_malformed_payloads_are_held_with_their_reason(store: Store) -> None:
    holds_them_all(store, LONG)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)
KEYS = st.sampled_from(
    ["id", "at", "seq", "boot", "score", "event", "case", "staff", "state", "queue", "comment", "tags"]
)
ANY_OBJECT = st.dictionaries(KEYS | st.text(max_size=10), ANY_JSON, max_size=8).map(json.dumps).map(str.encode)


def test_any_payload_on_any_channel_has_a_fate(store: Store) -> None:
    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(["ev-1", "sys-1", "gate-1", "term-1", "nobody", "Ü", ""]),
        st.sampled_from([*GOOD, "heartbeat", "status", "other"]) | st.text(max_size=80),
        ANY_OBJECT | st.binary(max_size=100),
        st.booleans(),
    )
    def check(device: str, channel: str, payload: bytes, retained: bool) -> None:
        sent = Message(device=device, channel=channel, payload=payload, received=NINE, retained=retained)
        with store.write() as conn:
            outcomes = write_batch(conn, [sent, sent], REGISTRY).outcomes
        assert len(outcomes) == 2
        assert all(isinstance(o, Outcome) for o in outcomes)

    check()
