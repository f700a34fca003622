"""Maps (映射): how the columns of a case log become case events (DESIGN §3.2), as TOML files in config/maps."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from monitor.ingest.payloads import CASE_EVENTS, ENVELOPE, KNOWN_KEYS
from monitor.values import known_zone

RESERVED: Final = ENVELOPE | {"event", "case"}
"""Keys of a case event that no map sets by `fields` or `constants`."""


class BadMap(ValueError):
    """The map cannot be used; the text names file and key."""


class Section(BaseModel):
    """A part of a map or adapter: frozen, and no key beside the known ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TimeFormat(Section):
    """How times are written."""

    format: str = Field("iso", description='"iso" or a strptime pattern such as "%Y/%m/%d %H:%M".')
    zone: str = Field("Asia/Shanghai", description="Zone of times without an offset.")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return known_zone(zone)

    def instant(self, cell: Any) -> datetime | None:
        """The cell as UTC; None where it is no time of this format, or one that the zone's clocks never showed.

        Of a time without offset that they showed twice (the end of summer time) the first is taken: nobody works in
        that hour, so no working time hangs on it.
        """
        try:
            value = cell if isinstance(cell, datetime) else self.parsed(str(cell))
            if value.tzinfo is not None:
                return value.astimezone(UTC)
            zone = ZoneInfo(self.zone)
            instant = value.replace(tzinfo=zone, fold=0).astimezone(UTC)
            return instant if instant.astimezone(zone).replace(tzinfo=None, fold=0) == value else None
        except (ValueError, OverflowError):
            return None

    def fault(self, cell: Any) -> str:
        """Why `instant` gives nothing for the cell."""
        try:
            value = cell if isinstance(cell, datetime) else self.parsed(str(cell))
        except (ValueError, OverflowError):
            wanted = "RFC 3339" if self.format == "iso" else self.format
            return f"不是时间 no time; 应写作 written as {wanted} it would be one"
        if value.tzinfo is not None:
            return "不是时间 no time"
        return f"{self.zone} 没有这一时刻，钟在此拨快 no such time there: the clocks were put forward over it"

    def parsed(self, text: str) -> datetime:
        """The time as it is written, without a zone where it names none. Raises ValueError."""
        if self.format == "iso":
            return datetime.fromisoformat(text)
        pattern = _digits(self.format)
        if pattern is not None and (found := pattern.fullmatch(text)) is not None:
            return datetime(**{name: int(digits) for name, digits in found.groupdict().items()})  # type: ignore[arg-type] # noqa: DTZ001
        return datetime.strptime(text, self.format)  # noqa: DTZ007


_PARTS: Final = {
    "%Y": r"(?P<year>\d{4})", "%m": r"(?P<month>\d{2})", "%d": r"(?P<day>\d{2})",
    "%H": r"(?P<hour>\d{2})", "%M": r"(?P<minute>\d{2})", "%S": r"(?P<second>\d{2})",
}  # fmt: skip


@lru_cache(maxsize=64)
def _digits(form: str) -> re.Pattern[str] | None:
    """The format as a pattern of digits that means the same where it matches, five times faster than strptime.

    None for a format of other parts, or one that names no whole date.
    """
    parts = re.split("(%.)", form)
    names = [part for part in parts if part.startswith("%")]
    if not {"%Y", "%m", "%d"} <= set(names) <= _PARTS.keys() or len(names) != len(set(names)) or " " * 2 in form:
        return None
    return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in parts), re.ASCII)


class EventRule(Section):
    """One event that a row may give."""

    event: Literal[tuple(CASE_EVENTS)]  # type: ignore[valid-type]
    at: str = Field(description="Column with the time.")
    optional: bool = Field(False, description="Rows without a time give no such event.")
    when: dict[str, list[str]] = Field({}, description="Column → values: only rows that have one of them.")
    fields: dict[str, str] = Field({}, description="Field of the event → column.")
    constants: dict[str, str | int | bool] = Field({}, description="Field of the event → value.")
    values: dict[str, dict[str, str | int | bool]] = Field({}, description="Field → text in the file → value.")
    id: list[str] = Field([], description="Columns that tell apart events of one case, kind and time.")

    @model_validator(mode="after")
    def _known_fields(self) -> EventRule:
        known = KNOWN_KEYS[CASE_EVENTS[self.event]] - RESERVED
        for name in (*self.fields, *self.constants, *self.values):
            if name not in known:
                raise ValueError(f"{name}: no field of {self.event}; known are {', '.join(sorted(known))}")
        return self


class CaseMap(Section):
    """A mapping of a case log."""

    case: str = Field(description="Column with the case number.")
    events: list[EventRule] = Field(min_length=1, description="The events that a row may give.")
    time: TimeFormat = TimeFormat()
    constants: dict[str, str | int | bool] = Field({}, description="Fields that are the same for every event.")
    registry: Literal["strict", "lenient"] = Field("strict", description="lenient: unknown names are kept as text.")
    as_of: AwareDatetime | None = Field(None, description="Up to when the file is complete.")
    calendar: str = Field("", description="Working calendar of these cases; empty: the hall's.")
    hall: str | None = Field(None, description="Hall of these cases.")
    namespace: str = Field("", max_length=64, description="Namespace of the case numbers; empty: the source's own.")
    sheet: str | None = Field(None, description="Sheet of a workbook; without it the first.")

    @field_validator("constants")
    @classmethod
    def _common(cls, constants: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
        common = frozenset.intersection(*(KNOWN_KEYS[model] for model in CASE_EVENTS.values())) - RESERVED
        for name in constants:
            if name not in common:
                raise ValueError(f"{name}: not a field of every event; known are {', '.join(sorted(common))}")
        return constants

    def columns(self) -> set[str]:
        """Every column that the map reads."""
        found = {self.case}
        for rule in self.events:
            found |= {rule.at, *rule.when, *rule.fields.values(), *rule.id}
        return found


def load_map(path: Path) -> CaseMap:
    """Read a map. BadMap names the key at fault; OSError where the file cannot be read."""
    try:
        return CaseMap.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMap(f"{path}: 不是 UTF-8 的 TOML no TOML in UTF-8: {error}") from None
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        )
        way_out = "`jiancha config schema map` 列出可用的键 lists the known keys"
        raise BadMap(f"{path}: 映射不可用 the map cannot be used: {faults}; {way_out}") from None
