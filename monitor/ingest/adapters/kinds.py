"""Which kind of value each field of a channel takes, read off the payload models. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

import msgspec
from msgspec import Struct, inspect

from monitor.ingest.payloads import CASE_EVENTS, CHANNEL_MODELS

Kind = Literal["text", "number", "time", "flag", "list"]
_KINDS: Final[Mapping[type[inspect.Type], Kind]] = {
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.DateTimeType: "time",
    inspect.BoolType: "flag",
    inspect.ListType: "list",
}


@cache
def fields_of(channel: str) -> Mapping[str, Kind]:
    """Every field that an adapter may set, with its kind; `at` comes from `time`. Of `case`: of any of its events."""
    models = tuple(CASE_EVENTS.values()) if channel == "case" else (CHANNEL_MODELS[channel],)
    found: dict[str, Kind] = {"event": "text"} if channel == "case" else {}
    for model in models:
        found |= _kinds(model)
    found.pop("at")
    return found


def _kinds(model: type[Struct]) -> dict[str, Kind]:
    described = msgspec.inspect.type_info(model)
    assert isinstance(described, inspect.StructType)
    return {field.name: _kind(field.type) for field in described.fields}


def _kind(described: inspect.Type) -> Kind:
    options = described.types if isinstance(described, inspect.UnionType) else (described,)
    for option in options:
        known = _KINDS.get(type(option.type if isinstance(option, inspect.Metadata) else option))
        if known is not None:
            return known
    return "text"
