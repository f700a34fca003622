"""What an adapter file may say (config/adapters/*.toml), checked when it is loaded (DESIGN §3.2); docs/adapters.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from monitor.ingest.adapters.expressions import Expression
from monitor.ingest.adapters.kinds import fields_of
from monitor.ingest.decode import DEVICE_ID, TOPIC_PREFIX
from monitor.ingest.maps import Section, TimeFormat
from monitor.model import CHANNELS

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
DEVICE: Final = "device"
TIMELESS: Final = ("heartbeat", "status")
"""Channels whose payload need not say when: their time is that of the receipt then."""
JAVA: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f"}
"""Patterns as vendors' documents write them, each part of a fixed width."""
_JAVA_PART: Final = re.compile(r"yyyy|MM|dd|HH|mm|SSS|ss|[A-SU-Za-z]")
_BY_NAME: Final = ("iso", "unix", "unix_ms")

Constant = str | int | float | bool


class BadAdapter(ValueError):
    """An adapter that cannot be used; the text names file and key."""


class VendorTime(TimeFormat):
    """Where the vendor says when it happened, and how it is written."""

    field: str = Field(description="JMESPath of the time.")
    format: str = Field(
        "iso", description='"iso", "unix", "unix_ms", a pattern as yyyyMMddHHmmss or as "%Y-%m-%d %H:%M:%S".'
    )

    @field_validator("field")
    @classmethod
    def _readable(cls, text: str) -> str:
        return Expression(text).text

    @field_validator("format")
    @classmethod
    def _usable(cls, text: str) -> str:
        pattern = _strptime(text)
        if text not in _BY_NAME:
            example = datetime(2026, 3, 2, 9, 5, 7, tzinfo=UTC).strftime(pattern)
            if datetime.strptime(example, pattern).replace(tzinfo=UTC).date().isoformat() != "2026-03-02":
                raise ValueError(f"{text!r} tells no date; a pattern needs year, month and day")
        return text

    @cached_property
    def _pattern(self) -> str:
        return _strptime(self.format)

    def parsed(self, text: str) -> datetime:
        if self.format in ("unix", "unix_ms"):
            return datetime.fromtimestamp(float(text) / (1000 if self.format == "unix_ms" else 1), UTC)
        if self.format == "iso":
            return super().parsed(text)
        if "%" not in self.format and len(text) != len(self.format):
            raise ValueError("another width than the pattern's")  # strptime takes 13 digits for 14
        return datetime.strptime(text, self._pattern)  # noqa: DTZ007 - the zone is added by the caller


def _strptime(text: str) -> str:
    """The pattern in Python's own letters. Raises ValueError for letters that are none of a pattern's."""
    if "%" in text or text in _BY_NAME:
        return text

    def part(found: re.Match[str]) -> str:
        if found[0] not in JAVA:
            raise ValueError(f"{found[0]!r} in {text!r} is none of {', '.join(JAVA)}; or use a %-pattern")
        return JAVA[found[0]]

    return _JAVA_PART.sub(part, text)


class Reply(Section):
    """What is published once the message is stored."""

    topic: str = Field(description="Topic, with the placeholders of the adapter's topic.")
    payload: str = Field(description="JMESPath over the message that gives the JSON to send.")

    @field_validator("payload")
    @classmethod
    def _readable(cls, text: str) -> str:
        return Expression(text).text


class Translation(Section):
    """How the messages of one topic become events of one channel."""

    topic: str = Field(description="The vendor's topic; {device} and other {names} each stand for one level.")
    channel: Literal[CHANNELS] = Field(description="Channel of the events (DESIGN §3.1).")  # type: ignore[valid-type]
    only: str | None = Field(None, description="JMESPath; messages for which it gives nothing or false are no events.")
    fields: dict[str, str] = Field({}, description="Field of the event → JMESPath.")
    constants: dict[str, Constant] = Field({}, description="Field of the event → value.")
    values: dict[str, dict[str, Constant] | Literal["inverted"]] = Field(
        {}, description='Field → the vendor\'s value → ours ("*": any other), or "inverted": 1…5 becomes 5…1.'
    )
    time: VendorTime | None = Field(None, description="When it happened; heartbeats and status may lack it.")
    id: list[str] = Field([], description="JMESPaths that tell events apart, hashed; where no field is an id.")
    reply: Reply | None = Field(None, description="Answer that the vendor waits for.")

    @field_validator("topic")
    @classmethod
    def _levels(cls, topic: str) -> str:
        names = PLACEHOLDER.findall(topic)
        rest = PLACEHOLDER.sub("", topic)
        if topic.startswith((TOPIC_PREFIX, "$")) or not topic:
            raise ValueError(f"{topic!r}: a vendor's topic lies outside {TOPIC_PREFIX} and $SYS")
        if re.search(r"[+#{}\x00]", rest) or any("{" in s and not PLACEHOLDER.fullmatch(s) for s in topic.split("/")):
            raise ValueError(f"{topic!r}: each level is plain text or one {{name}}; no wildcards")
        if len(set(names)) != len(names):
            raise ValueError(f"{topic!r}: a placeholder stands there twice")
        return topic

    @field_validator("only")
    @classmethod
    def _condition(cls, text: str | None) -> str | None:
        return None if text is None else Expression(text).text

    @field_validator("fields")
    @classmethod
    def _readable(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, text in fields.items():
            _named(name, text)
        return fields

    @field_validator("id")
    @classmethod
    def _parts(cls, parts: list[str]) -> list[str]:
        for text in parts:
            _named("id", text)
        return parts

    @model_validator(mode="after")
    def _whole(self) -> Translation:
        known = fields_of(self.channel)
        for name in (*self.fields, *self.constants, *self.values):
            if name not in known:
                raise ValueError(f"{name}: no field of {self.channel}; known are {', '.join(sorted(known))}")
        if twice := self.fields.keys() & self.constants.keys():
            raise ValueError(f"{min(twice)}: stands in fields and in constants; leave one")
        if self.channel not in TIMELESS:
            if self.time is None:
                raise ValueError("time: missing; an event needs the time at which it happened")
            if bool(self.id) == ("id" in self.fields):
                raise ValueError("id: give either fields.id, the vendor's own number, or id, what is to be hashed")
        if self.reply and (unknown := set(PLACEHOLDER.findall(self.reply.topic)) - set(self.placeholders)):
            raise ValueError(f"reply.topic: {{{min(unknown)}}} is no placeholder of topic")
        return self

    @property
    def placeholders(self) -> list[str]:
        return PLACEHOLDER.findall(self.topic)

    @property
    def subscription(self) -> str:
        return PLACEHOLDER.sub("+", self.topic)

    def expressions(self) -> Iterator[tuple[str, str]]:
        """(key, JMESPath) of all that is read."""
        yield from ((f"fields.{name}", text) for name, text in self.fields.items())
        yield from (("id", text) for text in self.id)
        if self.only is not None:
            yield "only", self.only
        if self.time is not None:
            yield "time.field", self.time.field
        if self.reply is not None:
            yield "reply.payload", self.reply.payload


class Adapter(Translation):
    """One adapter file: the vendor's devices, what is never kept of their messages, and the topics."""

    drop: list[str] = Field([], description="Keys never stored or logged, at any depth; case, _ and - do not count.")
    device: str | None = Field(None, description="JMESPath of the serial number where no topic level holds it.")
    devices: dict[str, str] = Field({}, description="The vendor's serial number → device id of the registry.")
    also: list[Translation] = Field([], description="Further topics of the same devices.")

    @field_validator("devices")
    @classmethod
    def _ids(cls, devices: dict[str, str]) -> dict[str, str]:
        for serial, device in devices.items():
            if not DEVICE_ID.fullmatch(device):
                raise ValueError(f"{serial}: {device!r} is no device id; it is of a-z, 0-9 and -")
        return devices

    @field_validator("device")
    @classmethod
    def _serial(cls, text: str | None) -> str | None:
        return None if text is None else Expression(text).text

    @model_validator(mode="after")
    def _sound(self) -> Adapter:
        dropped = {plain(name) for name in self.drop}
        for translation in self.translations:
            if self.device is None and DEVICE not in translation.placeholders:
                raise ValueError(f"topic: {translation.topic!r} has no {{device}}; say by `device` where it stands")
            for key, text in (*translation.expressions(), *([("device", self.device)] if self.device else ())):
                for name in Expression(text).names():
                    if plain(name) in dropped:
                        raise ValueError(f"{key}: reads {name}, which is dropped")
        if self.device is not None and not self.devices:
            raise ValueError("devices: needed beside `device`: no broker rule keeps a payload from naming another")
        return self

    @property
    def translations(self) -> tuple[Translation, ...]:
        return (self, *self.also)


def plain(key: str) -> str:
    """A key as drop lists compare it: `user_name`, `user-name` and `userName` are one to a vendor's next firmware."""
    return key.casefold().translate(_NO_MARKS)


_NO_MARKS: Final = str.maketrans("", "", "_- ")


def _named(name: str, text: str) -> None:
    try:
        Expression(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def load_adapter(path: Path) -> Adapter:
    """Read an adapter file. BadAdapter names file and key."""
    try:
        return Adapter.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        raise BadAdapter(f"{path}: 没有这个文件 no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadAdapter(f"{path}: 不是 UTF-8 的 TOML no TOML in UTF-8: {error}") from None
    except ValidationError as error:
        raise BadAdapter(f"{path}: {'; '.join(map(_fault, error.errors()))}") from None


def _fault(fault: Any) -> str:
    """`key: what is wrong`; a check of the whole names its key in the text itself."""
    said = str(fault["msg"]).removeprefix("Value error, ")
    key = ".".join(str(part) for part in fault["loc"])
    return f"{key}: {said}" if key else said


def load_adapters(enabled: Sequence[str], files: Iterable[str | Path], folder: Path) -> dict[str, Adapter]:
    """The adapters by name: shipped ones of `folder` that are enabled, and files of one's own. Raises BadAdapter."""
    found: dict[str, Adapter] = {}
    for name in enabled:
        path = folder / f"{name}.toml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.toml")))
            raise BadAdapter(
                f"adapters.enabled: {name!r} 不在可选值之内 is none of {known}; "
                "自备文件写入 adapters.files takes files of your own"
            )
        found[name] = load_adapter(path)
    for given in map(Path, files):
        found[given.stem] = load_adapter(given)
    return found
