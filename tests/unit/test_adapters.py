"""Vendors' payloads by adapter files: what they become, what is never kept, which files are refused (DESIGN §3.2)."""

from __future__ import annotations

import json
import re
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.adapters import Adapter, Adapters, BadAdapter, load_adapter, load_adapters
from monitor.ingest.decode import Decoded, Message, decode
from monitor.ingest.quarantine import _row as quarantine_row
from monitor.model import Event, Heartbeat, Rejected

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "config" / "adapters"
NAMES = sorted(path.stem for path in SHIPPED.glob("*.toml"))
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
RECORD = {
    "device_no": "1001", "sequence_no": 7, "cap_time": "2026/03/02 09:00:01.003", "match_result": 92,
    "match": {"person_id": "S1", "person_name": "王小明", "image": "AAAA", "person_attr": {"Name": "王小明"}},
    "person": {"temperatur": 36.5}, "closeup_pic": {"data": "BBBB", "format": "jpg"},
}  # fmt: skip
RATING = {
    "evalProcess": 1, "affairSerialNo": "4419-77", "affairDealNo": "S1", "evalStar": "2", "affairCode": "44-1",
    "evalTime": "20260302090000", "userName": "李四", "contactPhone": "13800000000", "certificateType": "10",
    "certificateNo": "440101199001011234",
}  # fmt: skip
FACE = "topic/face/capture/request/term-1"
EVALUATE = "evaluator/ev-1/evaluate"


def shipped(*names: str) -> Adapters:
    return Adapters(load_adapters(names or NAMES, (), SHIPPED).values())


def heard(adapters: Adapters, topic: str, payload: Any, *, retained: bool = False) -> Message:
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return adapters.message(topic, content, NOW, retained=retained)


def event(said: Decoded) -> Event:
    assert isinstance(said, Event), said
    return said


def refused(message: Message) -> Rejected:
    said = decode(message)
    assert isinstance(said, Rejected)
    return said


def answer(message: Message) -> Any:
    assert message.vendor is not None
    assert message.vendor.reply is not None
    topic, payload = message.vendor.reply
    return topic, json.loads(payload)


# ------------------------------------------------------------------ what is shipped


def test_a_record_of_the_face_terminal_is_a_check_in_and_is_answered_by_its_number() -> None:
    message = heard(shipped(), FACE, RECORD)
    said = event(decode(message))
    assert (said.device, said.channel, said.body) == ("term-1", "checkin", {"staff": "s1", "method": "face"})
    assert said.at == datetime(2026, 3, 2, 1, 0, 1, 3000, tzinfo=UTC)
    assert answer(message) == (
        "topic/face/capture/response/term-1",
        {"reply": "ACK", "cmd": "face", "code": 0, "sequence_no": 7, "cap_time": "2026/03/02 09:00:01.003"},
    )


def test_a_record_sent_again_is_the_same_event_and_the_next_one_is_another() -> None:
    adapters = shipped()
    first, again, later, elsewhere = (
        event(decode(heard(adapters, FACE, {**RECORD, **change})))
        for change in ({}, {"is_realtime": 0, "closeup_pic": {"data": "C"}}, {"sequence_no": 8}, {"device_no": "1002"})
    )
    assert (again.id, again.payload) == (first.id, first.payload)
    assert len({first.id, later.id, elsewhere.id}) == 3


def test_a_stranger_is_answered_and_is_no_event() -> None:
    message = heard(shipped(), FACE, {**RECORD, "match": None})
    assert message.vendor is not None
    assert message.vendor.ignored
    assert answer(message)[1]["sequence_no"] == 7


@pytest.mark.parametrize(
    ("process", "stage"), [(1, "accepted"), ("1", "accepted"), (2, "completed")], ids=["1", "text", "2"]
)
def test_a_rating_of_the_guangdong_evaluator(process: object, stage: str) -> None:
    said = event(decode(heard(shipped(), EVALUATE, {**RATING, "evalProcess": process})))
    assert (said.device, said.channel, said.at) == ("ev-1", "rating", datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    assert said.body == {"case": "4419-77", "stage": stage, "staff": "s1", "score": 2, "origin": "device"}


def test_one_rating_for_each_case_and_stage() -> None:
    adapters = shipped()
    ids = [
        event(decode(heard(adapters, EVALUATE, {**RATING, **change}))).id
        for change in ({}, {"evalStar": "5", "evalTime": "20260302090500"}, {"evalProcess": 2}, {"affairSerialNo": "8"})
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_heartbeat_without_a_time_is_of_its_receipt() -> None:
    said = decode(heard(shipped(), "evaluator/ev-1/heartbeat", {}))
    assert said == Heartbeat(device="ev-1", at=NOW, received=NOW)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evalTime": "2026030209000"}, "time: "),
        ({"evalTime": "2026-03-02 09:00"}, "time: "),
        ({"evalTime": None}, "time: "),
        ({"evalProcess": 3}, "values.stage: no entry"),
        ({"affairSerialNo": None}, "id: affairSerialNo gives nothing"),
        ({"evalStar": 6}, "score: "),
        ({"evalStar": "gut"}, "score: "),
        ({"affairDealNo": ["S1"]}, "lower(affairDealNo) fails here"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_what_the_adapter_cannot_read_is_malformed_by_the_name_of_its_key(change: dict[str, Any], said: str) -> None:
    rejected = refused(heard(shipped(), EVALUATE, {**RATING, **change}))
    assert rejected.reason == "malformed"
    assert said in rejected.detail
    assert not any(str(value) in rejected.detail for value in change.values() if value and value != 6)


def test_a_serial_number_that_nobody_named_is_an_unknown_device() -> None:
    rejected = refused(heard(shipped(), "evaluator/GZ-TH-01/evaluate", RATING))
    assert (rejected.reason, rejected.device) == ("unknown_device", "GZ-TH-01")


# ------------------------------------------------------------------ what is never kept

SECRETS = ("李四", "13800000000", "440101199001011234", "王小明", "AAAA", "BBBB", "36.5")


@pytest.mark.parametrize("wrong", [{}, {"evalProcess": 9, "sequence_no": None}], ids=["an event", "refused"])
def test_personal_data_are_in_nothing_that_is_made_of_a_message(wrong: dict[str, Any]) -> None:
    for topic, payload in ((EVALUATE, RATING), (FACE, RECORD)):
        message = heard(shipped(), topic, {**payload, **wrong})
        said = decode(message)
        kept = [message.payload, repr(message), repr(said)]
        if isinstance(said, Rejected):
            kept.append(repr(quarantine_row(said)))
        assert not [secret for secret in SECRETS if secret in str(kept)]


def test_what_is_no_json_is_kept_as_digest_and_length_alone() -> None:
    row = quarantine_row(refused(heard(shipped(), EVALUATE, b'{"userName": "' + b"\xe6\x9d\x8e")))
    assert (row["reason"], row["payload"], row["length"]) == ("malformed", None, 17)
    assert len(row["digest"]) == 64


def test_a_message_beyond_the_brokers_limit_is_not_looked_at() -> None:
    rejected = refused(heard(shipped(), FACE, {**RECORD, "x": "y" * (1 << 20)}))
    assert (rejected.reason, quarantine_row(rejected)["payload"]) == ("too_large", None)


def test_a_picture_under_an_unknown_key_is_dropped_for_its_length() -> None:
    message = heard(shipped(), FACE, {**RECORD, "snapshot2": "P" * 90_000, "more": ["Q" * 3000]})
    assert message.vendor is not None
    assert b"PP" not in message.vendor.kept
    assert b"QQ" not in message.vendor.kept
    assert isinstance(decode(message), Event)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from([*RATING, *RECORD, "image", "USERNAME", "match"])


@given(payload=st.dictionaries(KEYS, JSON_VALUES) | JSON_VALUES | st.binary(), topic=st.sampled_from([FACE, EVALUATE]))
def test_whatever_comes_is_an_event_a_refusal_or_ignored(payload: Any, topic: str) -> None:
    message = heard(shipped(), topic, payload)
    said = decode(message)
    assert isinstance(said, Event | Rejected)


@given(
    secret=st.text(string.ascii_letters, min_size=12, max_size=40),
    key=st.sampled_from(["userName", "CONTACTPHONE", "user_name", "contact-phone", "Certificate_No", "linkPhone"]),
)
def test_a_dropped_key_is_dropped_at_any_depth_and_however_it_is_written(secret: str, key: str) -> None:
    message = heard(shipped(), EVALUATE, {**RATING, "more": [{"deep": {key: secret}}]})
    assert secret not in repr(message)


# ------------------------------------------------------------------ the language of the files


def adapter(**changes: Any) -> Adapter:
    plain = {
        "topic": "v/{device}/up",
        "channel": "checkin",
        "id": ["n"],
        "time": {"field": "t"},
        "fields": {"staff": "who"},
        "constants": {"method": "card"},
    }
    return Adapter.model_validate({k: v for k, v in {**plain, **changes}.items() if v is not ...})


def at(said: str, form: str, zone: str = "Asia/Shanghai") -> str | None:
    made = Adapters([adapter(time={"field": "t", "format": form, "zone": zone})])
    found = decode(heard(made, "v/d1/up", {"n": 1, "who": "s1", "t": said}))
    return found.at.isoformat() if isinstance(found, Event) else None


@pytest.mark.parametrize(
    ("said", "form", "wanted"),
    [
        ("20260302090000", "yyyyMMddHHmmss", "2026-03-02T01:00:00+00:00"),
        ("2026/03/02 09:00:00.250", "yyyy/MM/dd HH:mm:ss.SSS", "2026-03-02T01:00:00.250000+00:00"),
        ("2026-3-2 9:00", "%Y-%m-%d %H:%M", "2026-03-02T01:00:00+00:00"),
        ("2026-03-02T09:00:00", "iso", "2026-03-02T01:00:00+00:00"),
        ("2026-03-02T09:00:00Z", "iso", "2026-03-02T09:00:00+00:00"),
        ("1772413200", "unix", "2026-03-02T01:00:00+00:00"),
        ("1772413200500", "unix_ms", "2026-03-02T01:00:00.500000+00:00"),
        (1772413200, "unix", "2026-03-02T01:00:00+00:00"),
        ("2026030209000", "yyyyMMddHHmmss", None),
        ("20261302090000", "yyyyMMddHHmmss", None),
        ("99999999999999999999", "unix", None),
        ("nan", "unix", None),
    ],
)
def test_times(said: str, form: str, wanted: str | None) -> None:
    assert at(said, form) == wanted


def test_inverted_scales_tables_and_functions() -> None:
    made = Adapters([
        adapter(
            channel="rating", constants={}, fields={"score": "s", "staff": "replace(lower(w), '_', '-')", "stage": "p"},
            values={"score": "inverted", "stage": {"a": "accepted", "*": "completed"}},
        )
    ])  # fmt: skip
    body = event(decode(heard(made, "v/d1/up", {"n": 1, "t": NOW.isoformat(), "s": "1", "w": "S_1", "p": "z"}))).body
    assert body == {"score": 5, "staff": "s-1", "stage": "completed"}


def test_the_first_translation_that_wants_a_message_takes_it() -> None:
    duty = {
        "topic": "v/{device}/up", "channel": "duty", "only": "k == 'duty'", "id": ["n"], "time": {"field": "t"},
        "fields": {"staff": "who"}, "constants": {"action": "on"},
    }  # fmt: skip
    made = Adapters([adapter(only="k == 'in'", also=[duty])])
    payload = {"n": 1, "who": "s1", "t": NOW.isoformat()}
    channels = [heard(made, "v/d1/up", {**payload, "k": kind}) for kind in ("in", "duty", "other")]
    assert [(m.channel, m.vendor.ignored) for m in channels if m.vendor] == [
        ("checkin", False), ("duty", False), ("checkin", True),
    ]  # fmt: skip
    assert made.subscriptions == ("v/+/up",)


def test_a_device_named_in_the_payload_must_stand_in_the_table() -> None:
    made = Adapters([adapter(topic="v/up", device="sn", devices={"A7": "term-1"})])
    known, strange = ({"sn": sn, "n": 1, "who": "s1", "t": NOW.isoformat()} for sn in ("A7", "term-1"))
    assert event(decode(heard(made, "v/up", known))).device == "term-1"
    assert refused(heard(made, "v/up", strange)).reason == "unknown_device"


def test_a_topic_that_no_adapter_has_is_kept_as_digest_and_length_alone() -> None:
    for topic in ("evaluator/ev-1/other", "evaluator/a/b/evaluate"):
        rejected = refused(heard(shipped(), topic, RATING))
        assert (rejected.reason, rejected.topic) == ("unknown_channel", topic)
        assert quarantine_row(rejected)["payload"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"topic": "jiancha/v1/{device}/x"}, "topic: 'jiancha/v1/{device}/x': a vendor's topic lies outside"),
        ({"topic": "v/+/{device}"}, "no wildcards"),
        ({"topic": "v/x-{device}"}, "each level is plain text or one {name}"),
        ({"topic": "{device}/{device}"}, "stands there twice"),
        ({"topic": "v/up"}, "has no {device}"),
        ({"topic": "v/up", "device": "sn"}, "devices: needed beside `device`"),
        ({"channel": "checkins"}, "channel: "),
        ({"fields": {"staff": "who["}}, "fields: staff: 'who[' is no JMESPath"),
        ({"fields": {"stuff": "who"}}, "stuff: no field of checkin; known are "),
        ({"constants": {"at": "x"}}, "at: no field of checkin"),
        ({"fields": {"staff": "who", "method": "m"}}, "method: stands in fields and in constants"),
        ({"id": ...}, "id: give either"),
        ({"fields": {"staff": "who", "id": "n"}}, "id: give either"),
        ({"time": ...}, "time: missing"),
        ({"time": {"field": "t", "format": "yyyy-QQ"}}, "time.format: 'Q' in 'yyyy-QQ' is none of"),
        ({"time": {"field": "t", "format": "HH:mm"}}, "time.format: "),
        ({"time": {"field": "t", "zone": "Asia/Nowhere"}}, "time.zone: "),
        ({"drop": ["WHO"]}, "fields.staff: reads who, which is dropped"),
        ({"reply": {"topic": "v/{site}/down", "payload": "n"}}, "reply.topic: {site} is no placeholder"),
        ({"reply": {"topic": "v/{device}/down", "payload": "{"}}, "reply.payload: '{' is no JMESPath"),
        ({"devices": {"A": "Term 1"}}, "devices: A: 'Term 1' is no device id"),
        ({"wanted": 1}, "wanted: Extra inputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_used_names_its_key(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    plain = {
        "topic": "v/{device}/up", "channel": "checkin", "id": ["n"], "time": {"field": "t"},
        "fields": {"staff": "who"}, "constants": {"method": "card"},
    }  # fmt: skip
    file = tmp_path / "own.toml"
    file.write_text("\n".join(f"{k} = {toml(v)}" for k, v in {**plain, **changes}.items() if v is not ...))
    with pytest.raises(BadAdapter, match=re.escape(said)) as caught:
        load_adapter(file)
    assert str(caught.value).startswith(f"{file}: ")


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def test_a_name_that_is_not_shipped_lists_those_that_are() -> None:
    with pytest.raises(BadAdapter, match="'nobody' .* is none of face-terminal, guangdong-evaluator"):
        load_adapters(["nobody"], (), SHIPPED)


# ------------------------------------------------------------------ the docs


def test_the_adapter_of_the_docs_does_what_the_docs_say(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8").split("<!-- table")[0]
    _, file = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    sent, wanted, answered = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    path = tmp_path / "third.toml"
    path.write_text(file, encoding="utf-8")
    topics = re.findall(r"`(att/hall-1/K2207/\w+)`", page)
    message = heard(Adapters([load_adapter(path)]), topics[0], sent)
    said = event(decode(message))
    assert said.device == "reader-east"
    assert json.loads(said.payload) == {**wanted, "id": said.id}
    assert answer(message) == (topics[1], answered)
    assert sent["name"] not in repr(message)
