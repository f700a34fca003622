"""A vendor's message → an ordinary message of ours, which goes through the ordinary decoder (DESIGN §3.2). Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from monitor.ingest.adapters.expressions import TOPIC, Expression, Unreadable
from monitor.ingest.adapters.kinds import Kind, fields_of
from monitor.ingest.adapters.spec import DEVICE, PLACEHOLDER, Adapter, Translation, plain
from monitor.ingest.decode import DEVICE_ID, Message, Vendor

MAX_VENDOR_BYTES: Final = 1 << 20
"""The broker's own limit in the shipped configuration: terminals send pictures beside what is wanted."""
LONGEST_TEXT: Final = 2000
"""No field of ours is longer: a longer text is a picture under a name that the drop list does not know."""

_JSON: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_NO_OBJECT: Final = ("malformed", "payload: 不是 UTF-8 的 JSON 对象 no JSON object in UTF-8")


class _Fault(ValueError):
    """The payload does not give what the adapter asks for; the text names the adapter's key, never a value."""


class _Route:
    """One translation, compiled."""

    def __init__(self, adapter: Adapter, said: Translation) -> None:
        self._said = said
        self.channel: str = said.channel
        self._kinds = fields_of(said.channel)
        self._only = Expression(said.only) if said.only is not None else None
        self._device = Expression(adapter.device) if adapter.device is not None else None
        self._devices = adapter.devices
        self._fields = {name: Expression(text) for name, text in said.fields.items()}
        self._id = [Expression(text) for text in said.id]
        self._time = Expression(said.time.field) if said.time is not None else None
        self._reply = Expression(said.reply.payload) if said.reply is not None else None
        self._topic = _pattern(said.topic)
        self.dropped = frozenset(plain(name) for name in adapter.drop)

    def match(self, topic: str) -> Mapping[str, str] | None:
        """The placeholders' values where the topic is this one."""
        found = self._topic.fullmatch(topic)
        return None if found is None else found.groupdict()

    def wants(self, document: Mapping[str, Any]) -> bool:
        """Whether the message is an event of this translation; one that cannot be told is, so that it is seen."""
        try:
            return self._only is None or bool(self._only.of(document))
        except Unreadable:
            return True

    def device(self, document: Mapping[str, Any]) -> str:
        """The device's id; a serial number of the payload that `devices` does not name stays none of ours."""
        if self._device is None:
            serial = str(document[TOPIC][DEVICE])
            return self._devices.get(serial, serial)
        try:
            serial = _text(self._device.of(document))
        except Unreadable:
            serial = ""
        return self._devices.get(serial, f"?{serial[:63]}")

    def payload(self, document: Mapping[str, Any], received: datetime) -> tuple[dict[str, Any], str | None]:
        """(our payload, the first fault): what can be read is there even so, as quarantine shows id and time."""
        made: dict[str, Any] = {}
        faults: list[str] = []
        for step in (self._put_id, self._put_fields):
            try:
                step(made, document)
            except (_Fault, Unreadable) as error:
                faults.append(str(error))
        try:
            made["at"] = self._at(document, received).isoformat()
        except (_Fault, Unreadable) as error:
            faults.append(str(error))
        return made, faults[0] if faults else None

    def reply(self, document: Mapping[str, Any]) -> tuple[str, bytes] | None:
        if self._reply is None or self._said.reply is None:
            return None
        try:
            answer = self._reply.of(document)
        except Unreadable:
            answer = None
        if answer is None:  # what cannot be read has nothing to answer with; it is kept all the same
            return None
        payload = _ENCODER.encode(answer)
        return PLACEHOLDER.sub(lambda found: document[TOPIC][found[1]], self._said.reply.topic), payload

    def _put_fields(self, made: dict[str, Any], document: Mapping[str, Any]) -> None:
        made.update(self._said.constants)
        for name, expression in self._fields.items():
            value = expression.of(document)
            if value is not None and value != "":
                made[name] = self._value(name, value)

    def _put_id(self, made: dict[str, Any], document: Mapping[str, Any]) -> None:
        parts = [_text(part.of(document)) for part in self._id]
        if not parts:
            return
        for part, expression in zip(parts, self._id, strict=True):
            if not part:
                raise _Fault(f"id: {expression.text} 取不到值 gives nothing")
        made["id"] = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]

    def _at(self, document: Mapping[str, Any], received: datetime) -> datetime:
        if self._time is None:
            return received
        value = self._time.of(document)
        return self._instant("time", value if value is None else _text(value))

    def _instant(self, key: str, text: str | None) -> datetime:
        time = self._said.time
        if time is None:
            raise _Fault(
                f"{key}: 是时间，而适配器没有 a time, and the adapter has no [time] that says how times are written"
            )
        instant = time.instant(text) if text else None
        if instant is None:
            found = "不是时间 is no time" if text else "取不到值 gives nothing"
            raise _Fault(f"{key}: {time.field if key == 'time' else key} {found} (格式 format {time.format})")
        return instant

    def _value(self, name: str, value: Any) -> Any:
        table = self._said.values.get(name)
        if table == "inverted":
            return _inverted(name, value)
        if table is not None:
            text = _text(value)
            if text not in table and "*" not in table:
                raise _Fault(f"values.{name}: 对照表没有厂商所发的值 no entry for what the vendor sends")
            return table.get(text, table.get("*"))
        return self._converted(name, value, self._kinds[name])

    def _converted(self, name: str, value: Any, kind: Kind) -> Any:
        """Numbers as text and text as numbers are the commonest difference; what does not fit the decoder names."""
        if kind == "time":
            return self._instant(name, _text(value)).isoformat()
        if kind == "number" and isinstance(value, str):
            return _number(value.strip())
        if kind == "text" and not isinstance(value, (dict, list, bool)):
            return _text(value)
        return value


def _inverted(name: str, value: Any) -> int:
    text = _text(value)
    if text not in ("1", "2", "3", "4", "5"):
        raise _Fault(f"values.{name}: inverted: 应为 1 至 5 1 to 5 is wanted")
    return 6 - int(text)


def _number(text: str) -> Any:
    try:
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else float(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    """A scalar as text, as a table's keys and ids are written; nothing for what is none."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _pattern(topic: str) -> re.Pattern[str]:
    parts = PLACEHOLDER.split(topic)  # text and names by turns
    return re.compile("".join(f"(?P<{p}>[^/]+)" if n % 2 else re.escape(p) for n, p in enumerate(parts)))


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """A vendor's message on its way."""

    topic: str
    received: datetime
    retained: bool

    def message(self, device: str, channel: str, payload: bytes, vendor: Vendor) -> Message:
        return Message(
            device=device, channel=channel, payload=payload, received=self.received, retained=self.retained,
            vendor=vendor,
        )  # fmt: skip


class Adapters:
    """All adapters of a daemon: what to subscribe to, and what a vendor's message means."""

    def __init__(self, adapters: Iterable[Adapter] = ()) -> None:
        said = [(adapter, one) for adapter in adapters for one in adapter.translations]
        self._routes = [_Route(adapter, one) for adapter, one in said]
        self.subscriptions: tuple[str, ...] = tuple(dict.fromkeys(one.subscription for _, one in said))

    def message(self, topic: str, payload: bytes, received: datetime, *, retained: bool = False) -> Message:
        """The message as a device of ours would have sent it.

        1. What may not be kept is taken out before anything else looks at the payload; a payload nested too deep to
           be looked through is none.
        2. The first translation of the topic that wants the message makes the event; without one it is ignored.
           A topic that no adapter has is one of an adapter that was taken away: the broker's session still holds its
           subscription. Nothing says what of it may be kept.
        3. What cannot be translated carries its fault to quarantine, and the device is answered even so: it is kept.
        """
        routes = [(route, found) for route in self._routes if (found := route.match(topic)) is not None]
        heard = _Heard(topic=topic, received=received, retained=retained)
        if not routes:
            fault = (
                "unknown_channel",
                "topic: 没有适配器读它，启用一个，或让消息服务器忘记该会话 "
                "no adapter reads it; enable one, or let the broker forget the session",
            )
            return heard.message(topic, "", b"", Vendor(topic=topic, kept=payload, fault=fault))
        dropped = frozenset[str]().union(*(route.dropped for route, _ in routes))
        kept = _parsed(payload, dropped)
        first, names = routes[0]
        if kept is None:
            large = len(payload) > MAX_VENDOR_BYTES
            why = (
                ("too_large", f"payload: {len(payload)} 字节 bytes，上限 at most {MAX_VENDOR_BYTES}")
                if large
                else _NO_OBJECT
            )
            vendor = Vendor(topic=topic, kept=payload, fault=why)
            return heard.message(first.device({TOPIC: names}), first.channel, b"", vendor)
        encoded = _ENCODER.encode(kept)
        for route, found in routes:
            document = {**kept, TOPIC: found}
            if route.wants(document):
                return _translated(heard, route, document, encoded)
        document = {**kept, TOPIC: names}
        vendor = Vendor(topic=topic, kept=encoded, ignored=True, reply=first.reply(document))
        return heard.message(first.device(document), first.channel, b"", vendor)


def _translated(heard: _Heard, route: _Route, document: Mapping[str, Any], kept: bytes) -> Message:
    device = route.device(document)
    made, why = route.payload(document, heard.received)
    fault = ("malformed", why) if why is not None else None
    if not DEVICE_ID.fullmatch(device):
        fault = (
            "unknown_device",
            f"device: {device[:64]!r} 不是设备编号，在适配器的 `devices` 中写明 "
            "is no id of ours; name it in the adapter's `devices`",
        )
    vendor = Vendor(topic=heard.topic, kept=kept, fault=fault, reply=route.reply(document))
    return heard.message(device, route.channel, _ENCODER.encode(made), vendor)


def _parsed(payload: bytes, dropped: frozenset[str]) -> dict[str, Any] | None:
    """What may be kept of the payload; None where it is no JSON object."""
    if len(payload) > MAX_VENDOR_BYTES:
        return None
    try:
        said = _JSON.decode(payload)
        return _without(said, dropped) if isinstance(said, dict) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _without(value: Any, dropped: frozenset[str]) -> Any:
    """The payload without the dropped keys, at any depth, nor texts that are too long to be anything of ours."""
    if isinstance(value, dict):
        return {k: _without(v, dropped) for k, v in value.items() if plain(k) not in dropped and not _long(v)}
    if isinstance(value, list):
        return [_without(v, dropped) for v in value if not _long(v)]
    return value


def _long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONGEST_TEXT
