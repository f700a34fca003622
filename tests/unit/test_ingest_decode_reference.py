"""The decoder against a slow one that follows DESIGN §3.1 field by field: same body, same kept payload, same count."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.decode import Message, decode
from monitor.ingest.payloads import CASE_EVENTS, CHANNEL_MODELS, PRIVATE_FIELDS
from monitor.model import Event
from tests.ingest_world import GOOD, NINE, SENDER

TEXTS = st.sampled_from(["", "w1", "王五", "a" * 64])
TIMES = st.datetimes(
    NINE.replace(tzinfo=None, year=2025),
    NINE.replace(tzinfo=None, year=2027),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
).map(datetime.isoformat)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "window": TEXTS,
    "staff": TEXTS.filter(bool),
    "case": TEXTS.filter(bool),
    "item": TEXTS,
    "unit": TEXTS,
    "ticket": TEXTS,
    "reason": TEXTS.filter(bool),
    "comment": TEXTS,
    "boot": TEXTS,
    "seq": st.integers(0, 2**63 - 1),
    "tags": st.lists(TEXTS, max_size=3),
    "stage": st.just("accepted"),
    "origin": st.sampled_from(["device", "web"]),
    "confidence": st.integers(0, 1) | st.floats(0, 1),
    "distance": st.integers(0, 3) | st.floats(0, 3),
    "liveness": st.floats(0, 1),
    "direction": st.just("in"),
    "due": TIMES,
    "entered": TIMES,
    "joint": st.booleans() | TEXTS,
    "unknown": st.none() | st.integers(),
    "picture": st.just("…"),
}
NULLABLE = OPTIONAL.keys() - {"staff", "case", "reason"}


@st.composite
def payloads(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """(channel, payload) of a good event with any of the optional fields, nulls and unknown keys among them."""
    channel = draw(st.sampled_from(sorted(GOOD)))
    body: dict[str, Any] = {"id": draw(TEXTS.filter(bool)), "at": draw(TIMES), **GOOD[channel]}
    for name in draw(st.lists(st.sampled_from(sorted(OPTIONAL)), unique=True)):
        if name not in GOOD[channel]:
            body[name] = draw(OPTIONAL[name] | st.none() if name in NULLABLE else OPTIONAL[name])
    return channel, dict(draw(st.permutations(list(body.items()))))


def slowly(channel: str, said: dict[str, Any]) -> tuple[dict[str, Any], bytes, int]:
    """(body, kept payload, dropped keys)"""
    model = CASE_EVENTS[said["event"]] if channel == "case" else CHANNEL_MODELS[channel]
    fields = {*model.__struct_fields__} | ({"event"} if channel == "case" else set())
    kept = {key: value for key, value in said.items() if key in fields}
    body: dict[str, Any] = {}
    for field in msgspec.structs.fields(model):
        value = kept.get(field.name)
        if value is None or value == "" or field.name in ("id", "at", "seq", "boot"):
            continue
        if field.name in ("due", "entered"):
            value = datetime.fromisoformat(value).astimezone(UTC)
        body[field.name] = float(value) if field.name in ("confidence", "distance", "liveness") else value
    if channel == "case":
        body["event"] = said["event"]
    public = {key: value for key, value in kept.items() if key not in PRIVATE_FIELDS.get(channel, ())}
    return body, msgspec.json.encode(dict(sorted(public.items()))), len(said) - len(kept)


@given(payloads())
def test_the_decoder_says_what_the_slow_one_says(given: tuple[str, dict[str, Any]]) -> None:
    channel, said = given
    payload = json.dumps(said, ensure_ascii=False).encode()
    event = decode(Message(device=SENDER[channel], channel=channel, payload=payload, received=NINE))
    assert isinstance(event, Event), event
    body, kept, dropped = slowly(channel, said)
    assert (dict(event.body), event.payload, event.dropped_keys) == (body, kept, dropped)
    assert (event.id, event.seq, event.boot) == (said["id"], said.get("seq"), said.get("boot") or "")
    assert event.at == datetime.fromisoformat(said["at"])
    assert event.at.tzinfo is UTC
