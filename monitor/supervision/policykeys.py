"""The keys of the policy one by one: values, texts to and from a form, what is allowed, what differs. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError

from monitor.settings import Policy, policy_faults

UNKNOWN: Final = "未知的键 unknown key; `jiancha config schema policy` 列出 lists the known ones"
LONGEST: Final = 4000
"""Characters of one value as text."""
UNITS: Final[tuple[tuple[str, str], ...]] = (
    ("calendar_reminder_month", "month"),
    ("calendar_reminder_day", "day_of_month"),
    ("half_days_per_day", "half_days"),
    ("provisional_grace_days", "calendar_days"),
    ("provisional_margin_days", "calendar_days"),
    ("quarter_months", "months"),
    ("year_months", "months"),
    ("corrections_per_month", "times"),
    ("_seconds", "seconds"),
    ("_minutes", "minutes"),
    ("days_before", "workdays"),
    ("_days", "workdays"),
    ("_days_max", "workdays"),
    ("_share", "share"),
    ("_times", "times"),
    ("_steps", "times"),
    ("_intervals", "intervals"),
    ("_cases", "cases"),
    ("_ratings", "ratings"),
    ("_hours", "hours"),
    ("_points", "points"),
    ("_px", "pixels"),
    ("_degrees", "degrees"),
    ("_characters", "characters"),
    ("bad_at_most", "score"),
    ("named_subjects", "subjects"),
    ("enrol_min", "photographs"),
    ("enrol_max", "photographs"),
    ("_brightness", "grey"),
    ("_contrast", "grey"),
    ("most_distance", "distance"),
    ("accept", "distance"),
    ("review", "distance"),
    ("margin", "distance"),
)
"""Ending of a key's name → its unit, worded in `wording.policykeys`; the first that fits."""
_ROW: Final = re.compile(r"\b([A-J]\d\d)\b|\b(A\.10)\b|(行政许可法 \d+)")


class BadPolicy(ValueError):
    """Values that cannot be used: (key, what is wrong and what is allowed), one for each fault."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"policy.{key}: {said}" for key, said in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key. `kind`: how it is asked for; `options` of a choice; `allowed`: its bounds as text, "" for any.

    `rows`: rows of the regulations that its meaning names, articles of the law as 行政许可法 N.
    """

    name: str
    section: str
    kind: Literal["number", "bool", "choice", "words", "text", "table"]
    options: tuple[str, ...]
    allowed: str
    unit: str
    rows: tuple[str, ...]
    meaning: str


@cache
def every_key() -> tuple[Key, ...]:
    """All keys in the order of their sections; `name` first."""
    found = [_key("", "name", Policy.model_fields["name"])]
    for section, outer in Policy.model_fields.items():
        if isinstance(outer.annotation, type) and issubclass(outer.annotation, BaseModel):
            found += [_key(section, name, inner) for name, inner in outer.annotation.model_fields.items()]
    return tuple(found)


@cache
def key_names() -> frozenset[str]:
    return frozenset(key.name for key in every_key())


def sections() -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.section for key in every_key() if key.section))


def _key(section: str, name: str, info: Any) -> Key:
    meaning = info.description or ""
    kind, options = _kind(info.annotation)
    return Key(
        name=f"{section}.{name}" if section else name, section=section, kind=kind, options=options,
        allowed=_bounds(info), meaning=meaning, rows=tuple(dict.fromkeys("".join(m) for m in _ROW.findall(meaning))),
        unit=next((unit for end, unit in UNITS if name.endswith(end)), "") if kind == "number" else "",
    )  # fmt: skip


def _kind(annotation: Any) -> tuple[Literal["number", "bool", "choice", "words", "text", "table"], tuple[str, ...]]:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if annotation is bool:
        return "bool", ("true", "false")
    if annotation in (int, float, Decimal):
        return "number", ()
    if get_origin(annotation) is Literal:
        return "choice", tuple(get_args(annotation))
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        if inner is str:
            return "words", ()
        if get_origin(inner) is Literal:
            return "words", tuple(get_args(inner))
        return "table", ()
    return ("text", ()) if annotation is str else ("table", ())


def _bounds(info: Any) -> str:
    low = next((f"≥ {m.ge}" if isinstance(m, Ge) else f"> {m.gt}" for m in info.metadata if isinstance(m, Ge | Gt)), "")
    high = next(
        (f"≤ {m.le}" if isinstance(m, Le) else f"< {m.lt}" for m in info.metadata if isinstance(m, Le | Lt)), ""
    )
    return ", ".join(part for part in (low, high) if part)


# -- values


def loose(policy: Policy) -> dict[str, Any]:
    """Every value as JSON. What follows from another key (`checkin.most_distance`) stays open."""
    values = policy.model_dump(mode="json")
    if values["checkin"]["most_distance"] == values["face"]["accept"]:
        values["checkin"]["most_distance"] = None
    return values


def value_of(policy: Policy, key: str) -> Any:
    """The value as JSON has it."""
    section, _, name = key.rpartition(".")
    values = policy.model_dump(mode="json", include={section: {name}} if section else {name})
    return values[section][name] if section else values[name]


def values_of(policy: Policy) -> dict[str, Any]:
    """Every key with its value."""
    values = policy.model_dump(mode="json")
    return {key.name: values[key.section][key.name.rpartition(".")[2]] if key.section else values[key.name]
            for key in every_key()}  # fmt: skip


def differences(one: Policy, other: Policy) -> list[str]:
    """Keys whose values differ, in their order."""
    left, right = values_of(one), values_of(other)
    return [key for key in left if left[key] != right[key]]


def as_text(value: Any) -> str:
    """As the configuration file writes it, a line a row of a table; words with commas between, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            return ", ".join(value)
        return "[\n" + "".join(f"  {_toml(one)},\n" for one in value) + "]"
    if isinstance(value, str):
        return value
    return _toml(value)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_bare(k)} = {_toml(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else json.dumps(str(value), ensure_ascii=False)


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def changed(base: Policy, given: Mapping[str, str]) -> Policy:
    """The policy with these keys as text. Raises BadPolicy that names each key that cannot be used."""
    values, faults = loose(base), []
    keys = {key.name: key for key in every_key()}
    for name, text in given.items():
        key = keys.get(name)
        if key is None:
            faults.append((name[:80], UNKNOWN))
            continue
        try:
            value = _parsed(key, text)
        except ValueError as error:
            faults.append((name, str(error)))
            continue
        (values[key.section] if key.section else values)[name.rpartition(".")[2]] = value
    return made(values, faults)


def changed_by(base: Policy, given: Mapping[str, Any]) -> Policy:
    """The policy with these keys as JSON values. Raises BadPolicy."""
    values, faults = loose(base), []
    for name, value in given.items():
        if name not in key_names():
            faults.append((name[:80], UNKNOWN))
            continue
        section, _, own = name.rpartition(".")
        (values[section] if section else values)[own] = value
    return made(values, faults)


def made(values: Mapping[str, Any], faults: Sequence[tuple[str, str]] = ()) -> Policy:
    """The policy of these values. Raises BadPolicy, with what each key may be."""
    try:
        policy = Policy.model_validate(values)
    except ValidationError as error:
        allowed = {key.name: key for key in every_key()}
        raise BadPolicy(
            [*faults, *((key, _with_bounds(allowed, key, said)) for key, said in policy_faults(error))]
        ) from None
    if faults:
        raise BadPolicy(faults)
    return policy


def _with_bounds(keys: Mapping[str, Key], name: str, said: str) -> str:
    key = keys.get(".".join(name.split(".")[:2]))
    may = "" if key is None else key.allowed or ", ".join(key.options)
    return f"{said}（允许 allowed: {may}）" if may else said


def _parsed(key: Key, text: str) -> Any:
    """What a form gives → what the settings' types take. Raises ValueError."""
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"过长，至多 {LONGEST} 字 too long, at most {LONGEST} characters")
    if key.kind == "words":
        return [part.strip() for part in re.split(r"[,，\n]", text) if part.strip()]
    if key.kind == "table":
        try:
            return _plain(tomllib.loads(f"value = {text or '[]'}")["value"])
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"应按配置文件的写法 write it as in the configuration file (TOML): {error}") from None
    if key.kind == "number" and not text:
        return None
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else value
