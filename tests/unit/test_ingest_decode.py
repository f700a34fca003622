"""Decoding: what is taken, in which types, and what is refused with which words (DESIGN §3.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.ingest.decode import Message, decode, kept_text, split_topic
from monitor.ingest.payloads import CASE_EVENTS, schemas
from monitor.model import CHANNELS, MAX_PAYLOAD_BYTES, Event, Heartbeat, Rejected, Status
from tests.ingest_world import GOOD, NINE, beat, message

SOMETIME = "2026-03-09T17:30:00+08:00"


def event(channel: str, **fields: Any) -> Event:
    said = decode(message(channel, **fields))
    assert isinstance(said, Event), said
    return said


def refusal(channel: str, **fields: Any) -> Rejected:
    said = decode(message(channel, **fields))
    assert isinstance(said, Rejected), said
    return said


@pytest.mark.parametrize("channel", GOOD)
def test_the_least_event_of_each_channel_is_taken(channel: str) -> None:
    said = event(channel)
    assert (said.id, said.at, said.seq, said.boot, said.dropped_keys) == ("e1", NINE, None, "", 0)
    assert dict(said.body) == GOOD[channel]


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("received", {}),
        ("supplement_requested", {}),
        ("supplemented", {}),
        ("accepted", {"due": SOMETIME}),
        ("rejected", {"reason": "x"}),
        ("suspended", {"procedure": "expert_review", "planned_days": 10}),
        ("resumed", {}),
        ("extended", {"days": 10, "approver": "boss", "approver_rank": "unit"}),
        ("stage", {"stage": "review", "limit_days": 3}),
        ("fallback", {"reason": "x"}),
        ("transferred", {"window": "w2", "staff": "s2"}),
        ("completed", {"result": "granted", "result_doc": "2026-17"}),
        ("delivered", {}),
        ("withdrawn", {}),
        ("returned", {}),
        ("reopened", {}),
        ("voided", {"voids": "e0"}),
    ],
)
def test_each_case_event_keeps_its_own_fields(name: str, own: dict[str, Any]) -> None:
    said = event("case", event=name, **own)
    instant = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
    expected = {k: instant if k == "due" else v for k, v in own.items()}
    assert dict(said.body) == {"case": "c1", "event": name, **expected}


def test_the_table_of_case_events_is_complete() -> None:
    assert len(CASE_EVENTS) == 17


def test_times_come_out_in_utc_whatever_their_offset() -> None:
    assert event("rating", at="2026-03-02T06:30:00+05:30").at == NINE
    assert event("rating", at="2026-03-02T01:00:00Z").at == NINE
    assert event("case", entered="2026-03-02T09:00:00+08:00").body["entered"] == NINE


def test_null_and_an_empty_text_mean_that_an_optional_field_is_not_given() -> None:
    assert dict(event("rating", window=None, staff="", comment="", boot=None).body) == {"score": 5}


NOT_GIVEN: list[tuple[str, dict[str, Any]]] = [
    ("rating", {"stage": "", "origin": "", "tags": "", "seq": ""}),
    ("checkin", {"direction": "", "distance": "", "liveness": ""}),
    ("presence", {"confidence": "", "window": ""}),
    ("case", {"due": "", "entered": "", "joint": "", "item": ""}),
    ("task", {"due": "", "unit": ""}),
]


@pytest.mark.parametrize(("channel", "empty"), NOT_GIVEN, ids=[channel for channel, _ in NOT_GIVEN])
def test_an_empty_text_is_a_missing_key_whatever_the_type_of_the_field(channel: str, empty: dict[str, Any]) -> None:
    assert event(channel, **empty) == event(channel)


def test_a_heartbeat_takes_empty_and_null_fields_for_missing_ones() -> None:
    assert decode(beat(queue="", boot="", last_seq=None)) == decode(beat())
    assert decode(beat(queue=None)) == decode(beat())


def test_a_required_field_that_is_empty_is_missing() -> None:
    assert refusal("rating", score="").detail == "score: 缺少 missing"
    assert refusal("rating", score="5", stage="").detail.startswith("score:")


def test_unknown_keys_are_dropped_and_counted_and_not_kept() -> None:
    said = event("checkin", picture="AAAA", firmware="1.2")
    assert said.dropped_keys == 2
    assert b"AAAA" not in said.payload
    assert set(said.body) == {"staff", "method"}


def test_a_comment_is_in_the_body_but_not_in_the_payload_that_is_kept() -> None:
    said = event("rating", comment="张三态度差")
    assert said.body["comment"] == "张三态度差"
    assert "comment" not in json.loads(said.payload)


def test_the_kept_payload_does_not_depend_on_the_order_of_keys() -> None:
    one = message(raw=b'{"id":"a","at":"2026-03-02T01:00:00Z","score":5}')
    two = message(raw=b'{"score":5, "at":"2026-03-02T01:00:00Z","id":"a","extra":1}')
    first, second = decode(one), decode(two)
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.payload == second.payload


def test_heartbeat_and_status() -> None:
    assert decode(beat(queue=3, boot="b1", last_seq=7)) == Heartbeat(
        device="ev-1", at=NINE, received=NINE + timedelta(seconds=1), queue=3, boot="b1", last_seq=7
    )
    received = NINE + timedelta(seconds=1)
    assert decode(message("status", raw=b'{"state":"offline","firmware":"2"}')) == Status(
        device="ev-1", state="offline", received=received, firmware="2"
    )


HUGE = 10**400
EXTENDED = {"event": "extended", "days": 5, "approver": "a", "approver_rank": "unit"}
BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("a score of six", "rating", {"score": 6}, "score:"),
    ("a score of nought", "rating", {"score": 0}, "score:"),
    ("a score in words", "rating", {"score": "5"}, "score:"),
    ("a score that is true", "rating", {"score": True}, "score:"),
    ("half a point", "rating", {"score": 4.5}, "score:"),
    ("no score", "rating", {"score": ...}, "score: 缺少 missing"),
    ("no id", "rating", {"id": ...}, "id: 缺少 missing"),
    ("an empty id", "rating", {"id": ""}, "id:"),
    ("an id of 65", "rating", {"id": "x" * 65}, "id:"),
    ("an id that is a number", "rating", {"id": 7}, "id:"),
    ("no time", "rating", {"at": ...}, "at: 缺少 missing"),
    ("a time without offset", "rating", {"at": "2026-03-02T09:00:00"}, "at:"),
    ("a time that is a number", "rating", {"at": 1772413200}, "at:"),
    ("a date alone", "rating", {"at": "2026-03-02"}, "at:"),
    ("a time of another language", "rating", {"at": "2026年3月2日"}, "at:"),
    ("a time of the year one", "rating", {"at": "0001-01-01T00:00:00+08:00"}, "at:"),
    ("a time of the year 9999", "rating", {"at": "9999-12-31T23:59:59-08:00"}, "at:"),
    ("a time before 1970", "rating", {"at": "1969-12-31T23:59:59Z"}, "at:"),
    ("a seq below zero", "rating", {"seq": -1}, "seq:"),
    ("a seq of 2^63", "rating", {"seq": 2**63}, "seq:"),
    ("a seq without end", "rating", {"seq": HUGE}, "seq:"),
    ("a window of 65", "rating", {"window": "w" * 65}, "window:"),
    ("an unknown stage of rating", "rating", {"stage": "later"}, "stage:"),
    ("an unknown origin", "rating", {"origin": "phone"}, "origin:"),
    ("tags that are one text", "rating", {"tags": "good"}, "tags:"),
    ("a tag that is a number", "rating", {"tags": [1]}, "tags[0]:"),
    ("a comment too long", "rating", {"comment": "x" * 2001}, "comment:"),
    ("a NUL in a name", "rating", {"staff": "a\x00b"}, "staff:"),
    ("a NUL in a tag", "rating", {"tags": ["a\x00"]}, "tags:"),
    ("duty without staff", "duty", {"staff": ...}, "staff: 缺少 missing"),
    ("an unknown action", "duty", {"action": "away"}, "action:"),
    ("fewer than nobody", "presence", {"people": -1}, "people:"),
    ("more people than numbers", "presence", {"people": HUGE}, "people:"),
    ("an unknown view", "presence", {"view": "fog"}, "view:"),
    ("no view", "presence", {"view": ...}, "view: 缺少 missing"),
    ("confidence above one", "presence", {"confidence": 1.01}, "confidence:"),
    ("confidence without end", "presence", {"confidence": HUGE}, "confidence:"),
    ("an unknown method", "checkin", {"method": "iris"}, "method:"),
    ("an unknown direction", "checkin", {"direction": "through"}, "direction:"),
    ("a distance below zero", "checkin", {"distance": -0.1}, "distance:"),
    ("no case", "case", {"case": ...}, "case: 缺少 missing"),
    ("no event", "case", {"event": ...}, "event:"),
    ("an unknown event", "case", {"event": "lost"}, "event: 'lost' 不在可选值之内 is none of received"),
    ("an event that is a list", "case", {"event": ["accepted"]}, "event:"),
    ("a due without offset", "case", {"due": "2026-03-09"}, "due:"),
    ("a due in the year 2500", "case", {"due": "2500-01-01T00:00:00Z"}, "due:"),
    ("suspended for nothing", "case", {"event": "suspended"}, "procedure: 缺少 missing"),
    ("an unknown procedure", "case", {"event": "suspended", "procedure": "party"}, "procedure:"),
    ("extended by nobody", "case", {"event": "extended", "days": 5, "approver_rank": "unit"}, "approver: 缺少 missing"),
    ("extended by no days", "case", {**EXTENDED, "days": 0}, "days:"),
    ("an unknown rank", "case", {**EXTENDED, "approver_rank": "x"}, "approver_rank:"),
    ("a stage without name", "case", {"event": "stage"}, "stage: 缺少 missing"),
    ("a fallback without reason", "case", {"event": "fallback"}, "reason: 缺少 missing"),
    ("an unknown result", "case", {"event": "completed", "result": "maybe"}, "result:"),
    ("voided, but what", "case", {"event": "voided"}, "voids: 缺少 missing"),
    ("an unknown kind of task", "task", {"kind": "wish"}, "kind:"),
    ("an unknown event of a task", "task", {"event": "lost"}, "event:"),
]  # fmt: skip


@pytest.mark.parametrize(("channel", "fields", "names"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_breaks_the_contract_is_malformed_and_the_field_is_named(
    channel: str, fields: dict[str, Any], names: str
) -> None:
    said = refusal(channel, **fields)
    assert said.reason == "malformed"
    assert said.detail.startswith(names), said.detail


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        (b"", "payload:"),
        (b"{", "payload:"),
        (b"null", "payload:"),
        (b"[1]", "payload:"),
        (b'"x"', "payload:"),
        (b'{"a":NaN}', "payload:"),
        (b'{"a":Infinity}', "payload:"),
        (b'{"a":1e999}', "payload:"),
        (b'{"id":"\\ud800"}', "payload:"),
        (b'{"id":"\xed\xa0\x80"}', "payload:"),
        (b'{"id":"\xff"}', "payload:"),
        (b"\xff\xfe{\x00}\x00", "payload:"),
        (b"\xef\xbb\xbf{}", "payload:"),
        (b"[" * 60_000, "payload:"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "payload:"),
        (b'{"seq":' + b"9" * 60_000 + b"}", ""),
        (b"{}", "id: 缺少 missing"),
    ],
)
def test_what_is_no_json_object_is_malformed(payload: bytes, names: str) -> None:
    said = decode(message(raw=payload))
    assert isinstance(said, Rejected)
    assert said.reason == "malformed"
    assert said.detail.startswith(names), said.detail


def test_a_misspelt_key_shows_in_the_detail() -> None:
    assert refusal("rating", score=..., scor=5).detail == "score: 缺少 missing (不认识的键 unknown keys: scor)"


def test_the_size_limit_is_64_kib_inclusive() -> None:
    filler = "x" * (MAX_PAYLOAD_BYTES - len(message(extra="").payload))
    assert isinstance(decode(message(extra=filler)), Event)
    assert refusal("rating", extra=filler + "x").reason == "too_large"


@pytest.mark.parametrize("channel", ["ratings", "", "RATING", "rating/x", "状态", "x" * 500])
def test_a_channel_that_is_none_of_ours(channel: str) -> None:
    said = decode(Message(device="ev-1", channel=channel, payload=b"{}", received=NINE))
    assert isinstance(said, Rejected)
    assert said.reason == "unknown_channel"


@pytest.mark.parametrize("device", ["EV-1", "-ev", "ev_1", "", "a" * 65, "ev 1", "设备"])
def test_a_device_id_that_breaks_the_pattern(device: str) -> None:
    said = decode(Message(device=device, channel="rating", payload=message().payload, received=NINE))
    assert isinstance(said, Rejected)
    assert (said.reason, said.detail.split(":")[0]) == ("malformed", "device")


def test_a_rejection_keeps_what_of_the_envelope_can_be_read() -> None:
    said = refusal("checkin", method="iris", seq=7, boot="b1")
    assert (said.id, said.at, said.seq, said.boot) == ("e1", NINE, 7, "b1")
    unreadable = refusal("checkin", id=5, at="yesterday", seq="7", boot=1)
    assert (unreadable.id, unreadable.at, unreadable.seq, unreadable.boot) == (None, None, None, "")
    naive = refusal("checkin", at="2026-03-02T09:00:00")
    assert naive.at is None


@pytest.mark.parametrize(
    ("topic", "parts"),
    [
        ("jiancha/v1/ev-1/rating", ("ev-1", "rating")),
        ("jiancha/v1/ev-1/a/b", ("jiancha/v1/ev-1/a/b", "")),
        ("jiancha/v2/ev-1/rating", ("jiancha/v2/ev-1/rating", "")),
        ("jiancha/v1//rating", ("", "rating")),
    ],
)
def test_topics(topic: str, parts: tuple[str, str]) -> None:
    assert split_topic(topic) == parts


def test_quarantine_keeps_known_keys_only_and_nothing_that_is_no_json() -> None:
    assert kept_text("rating", b'{"score":9,"picture":"AAAA"}') == '{"score":9}'
    assert kept_text("case", b'{"event":"lost","case":"1"}') == '{"case":"1","event":"lost"}'
    assert kept_text("rating", b"\xff") is None
    assert kept_text("rating", b'{"comment":"' + b"x" * MAX_PAYLOAD_BYTES + b'"}') is None


def test_there_is_a_schema_of_every_channel_that_names_the_required_fields() -> None:
    made = schemas()
    assert set(made) == set(CHANNELS)
    assert set(made["rating"]["$defs"]["RatingIn"]["required"]) == {"id", "at", "score"}
    assert len(made["case"]["oneOf"]) == len(CASE_EVENTS)
    json.dumps(made)
