"""Bytes → Event | Heartbeat | Status | Rejected: every rule of DESIGN §3.1 that needs no store. Pure; never raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from monitor.ingest.payloads import (
    BODY_FIELDS,
    CASE_EVENTS,
    CHANNEL_MODELS,
    INT64,
    KNOWN_KEYS,
    PRIVATE_FIELDS,
    Envelope,
    HeartbeatIn,
    Instant,
    StatusIn,
)
from monitor.model import CHANNELS, MAX_PAYLOAD_BYTES, Event, Heartbeat, Rejected, Status

Decoded: TypeAlias = Event | Heartbeat | Status | Rejected

TOPIC_PREFIX: Final = "jiancha/v1/"
SUBSCRIPTION: Final = "jiancha/v1/+/+"
SIGNS_OF_LIFE: Final = ("jiancha/v1/+/heartbeat", "jiancha/v1/+/status")
DEVICE_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A device whose clock was never set says 1970; its skew corrects it. Nothing is older."""
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

_JSON: Final = msgspec.json.Decoder()
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")
_AT_FIELD: Final = re.compile(r"^(?P<what>.*?) - at `\$\.?(?P<field>[^`]*)`$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<field>[^`]*)`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor:
    """What an adapter knows of the message that it translated (DESIGN §3.2).

    `kept`: the vendor's payload after the drop list, or as it came where it cannot be read: quarantine then keeps its
    digest and length. `fault`: (reason, detail) where it could not be translated. `ignored`: it is no event. `reply`:
    (topic, payload) to be published after the commit.
    """

    topic: str
    kept: bytes
    fault: tuple[str, str] | None = None
    ignored: bool = False
    reply: tuple[str, bytes] | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message as it came in: `received` aware UTC; `retained` as the broker flags it.

    `vendor` is set where an adapter made `payload` of another one.
    """

    device: str
    channel: str
    payload: bytes
    received: datetime
    retained: bool = False
    vendor: Vendor | None = None
    traceparent: str = ""
    """As the device gave it, unchecked."""


class Unusable(Exception):
    """The payload breaks the contract of its channel; the text names the field."""


@lru_cache(maxsize=4096)
def _is_device(name: str) -> bool:
    return DEVICE_ID.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def split_topic(topic: str) -> tuple[str, str]:
    """(device, channel) of `jiancha/v1/{device}/{channel}`; what does not fit is left in `device`, for quarantine."""
    parts = topic.removeprefix(TOPIC_PREFIX).split("/")
    if topic.startswith(TOPIC_PREFIX) and len(parts) == 2:
        return parts[0], parts[1]
    return topic, ""


def decode(message: Message) -> Decoded:
    """What the message says, or why it goes to quarantine: `too_large`, `unknown_channel` or `malformed`."""
    if message.vendor is not None and message.vendor.fault is not None:
        return rejected(message, *message.vendor.fault)
    if len(message.payload) > MAX_PAYLOAD_BYTES:
        return rejected(
            message, "too_large", f"payload: {len(message.payload)} 字节 bytes，上限 at most {MAX_PAYLOAD_BYTES}", None
        )
    if message.channel not in CHANNELS:
        return rejected(
            message,
            "unknown_channel",
            f"channel: {message.channel[:64]!r} 不在可选值之内 is none of {', '.join(CHANNELS)}",
        )
    raw: Any = None
    try:
        if not _is_device(message.device):
            raise Unusable(f"device: {message.device[:64]!r} 编号写法不对 does not match {DEVICE_ID.pattern}")
        raw = _object(message.payload)
        return _typed(message, raw)
    except Unusable as error:
        return rejected(message, "malformed", str(error), raw)


def rejected(message: Message, reason: str, detail: str, raw: Any = msgspec.UNSET) -> Rejected:
    """A rejection that keeps what of the envelope can be read (`raw`: the payload where it is already parsed)."""
    if raw is msgspec.UNSET:
        try:
            raw = _object(message.payload)
        except Unusable:
            raw = None
    envelope = raw if isinstance(raw, dict) else {}
    return Rejected(
        device=message.device,
        channel=message.channel,
        reason=reason,
        detail=detail[:300],
        received=message.received,
        payload=message.payload if message.vendor is None else message.vendor.kept,
        topic=None if message.vendor is None else message.vendor.topic,
        id=_readable_id(envelope.get("id")),
        at=_readable_time(envelope.get("at")),
        seq=_readable_seq(envelope.get("seq")),
        boot=_readable_id(envelope.get("boot")) or "",
    )


def kept_text(channel: str, payload: bytes, *, vendor: bool = False) -> str | None:
    """The payload as quarantine keeps it: unknown keys dropped; None where it is no JSON object or too large.

    `vendor`: what an adapter has left of a vendor's payload, kept whole, so that a mended adapter can read it again.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        raw = _object(payload)
        model = None if vendor else _model(channel, raw)
        kept = raw if model is None else {k: v for k, v in raw.items() if k in KNOWN_KEYS[model]}
        return _CANONICAL.encode(kept).decode()
    except (Unusable, RecursionError):
        return None


def _object(payload: bytes) -> dict[str, Any]:
    try:
        raw = _JSON.decode(payload)
    except RecursionError:
        raise Unusable("payload: 嵌套过深 nested too deep") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unusable(f"payload: 不是 UTF-8 的 JSON no JSON in UTF-8: {error}") from None
    if not isinstance(raw, dict):
        raise Unusable(f"payload: 应为 JSON 对象 a JSON object is wanted, not {type(raw).__name__}")
    return raw


def _model(channel: str, raw: Mapping[str, Any]) -> type[msgspec.Struct] | None:
    if channel != "case":
        return CHANNEL_MODELS.get(channel)
    event = raw.get("event")
    return CASE_EVENTS.get(event) if isinstance(event, str) else None


def _typed(message: Message, raw: dict[str, Any]) -> Event | Heartbeat | Status:
    model = _model(message.channel, raw)
    if model is None:
        raise Unusable(f"event: {str(raw.get('event'))[:64]!r} 不在可选值之内 is none of {', '.join(CASE_EVENTS)}")
    known = KNOWN_KEYS[model]
    unknown = [] if raw.keys() <= known else [key for key in raw if key not in known]
    kept = {k: v for k, v in raw.items() if k in known} if unknown else raw
    try:
        value = msgspec.convert(kept, model)
    except msgspec.ValidationError as error:
        kept = _given(kept, str(error), unknown)
        try:
            value = msgspec.convert(kept, model)
        except msgspec.ValidationError as again:
            raise Unusable(_explained(str(again), unknown)) from None
    if b"\\u0000" in message.payload:
        _refuse_nul(kept)
    if isinstance(value, HeartbeatIn):
        return _heartbeat(message, value)
    if isinstance(value, StatusIn):
        return Status(device=message.device, state=value.state, received=message.received, firmware=value.firmware)
    assert isinstance(value, Envelope)
    return _event(message, value, kept, len(unknown))


def _heartbeat(message: Message, value: HeartbeatIn) -> Heartbeat:
    return Heartbeat(
        device=message.device,
        at=_utc(value.at, "at"),
        received=message.received,
        queue=value.queue,
        boot=value.boot or "",
        last_seq=value.last_seq,
    )


def _event(message: Message, value: Envelope, kept: dict[str, Any], dropped: int) -> Event:
    body: dict[str, Any] = {}
    for name in BODY_FIELDS[type(value)]:
        if name in kept and (field := getattr(value, name)) is not None and field != "":
            body[name] = _utc(field, name) if type(field) is datetime else field
    if "event" in kept:
        body["event"] = kept["event"]
    private = PRIVATE_FIELDS.get(message.channel)
    public = {k: v for k, v in kept.items() if k not in private} if private else kept
    return Event(
        device=message.device,
        channel=message.channel,
        id=value.id,
        at=_utc(value.at, "at"),
        received=message.received,
        seq=value.seq,
        boot=value.boot or "",
        body=body,
        payload=_CANONICAL.encode(public),
        dropped_keys=dropped,
    )


def _utc(value: datetime, field: str) -> datetime:
    try:
        moved = value.astimezone(UTC)
    except OverflowError:
        moved = None
    if moved is None or not EARLIEST <= moved < LATEST:
        raise Unusable(f"{field}: {value.isoformat()} 超出范围 lies outside {EARLIEST.year} to {LATEST.year}")
    return moved


def _given(kept: dict[str, Any], error: str, unknown: list[str]) -> dict[str, Any]:
    """What is left without empty strings and nulls, which mean "not given" (DESIGN §7); Unusable where there are none.

    Asked only of what was refused, so that a payload without such keys pays nothing for it.
    """
    given = {key: value for key, value in kept.items() if value != "" and value is not None}
    if len(given) == len(kept):
        raise Unusable(_explained(error, unknown))
    return given


def _explained(error: str, unknown: list[str]) -> str:
    """msgspec's message with the field in front, and what was dropped beside it (a misspelt key shows there)."""
    if missing := _MISSING.match(error):
        text = f"{missing['field']}: 缺少 missing"
        return (
            f"{text} (不认识的键 unknown keys: {', '.join(k[:32] for k in sorted(unknown)[:8])})" if unknown else text
        )
    if found := _AT_FIELD.match(error):
        return f"{found['field']}: 值不合要求 {found['what']}"
    return f"payload: 内容不合要求 {error}"


def _strings(value: Any) -> str:
    """All text of a small, validated payload, run together."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_strings(v) for v in value.values())
    return "".join(_strings(v) for v in value) if isinstance(value, list) else ""


def _refuse_nul(kept: dict[str, Any]) -> None:
    """PostgreSQL stores no NUL in text."""
    for name, value in kept.items():
        if "\x00" in _strings(value):
            raise Unusable(f"{name}: 含 NUL 字符 holds the character NUL")


def _readable_id(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 64 and "\x00" not in value else None


def _readable_time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return _utc(msgspec.convert(value, Instant), "at")
    except (msgspec.ValidationError, Unusable):
        return None


def _readable_seq(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= INT64 else None
