"""The operator's part of a calendar: zone, weekly hours, seasons, dated overrides; and its TOML form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, TypeAlias, cast
from zoneinfo import ZoneInfo

Hours: TypeAlias = tuple[tuple[time, time], ...]
"""Sessions of one day as local (start, end), ascending; an end of 00:00 is the midnight that ends the day."""
Week: TypeAlias = tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours]
"""Monday to Sunday; an empty entry is a day without service."""

DAY_KEYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COUNTRIES: Final = ("CN", "none")
KINDS: Final = ("holiday", "make_up_day", "special_hours", "rota")
"""Kinds of a dated override: closed; worked instead of another day (调休上班); other hours; a rota's day (B10)."""

MIDNIGHT: Final = time(0, 0)


def week_of(hours: Mapping[int, Sequence[tuple[time, time]]]) -> Week:
    """A Week from weekday (0 = Monday … 6 = Sunday) -> sessions; weekdays left out have no service.

    Raises ValueError for another weekday number.
    """
    strange = sorted(set(hours) - set(range(7)))
    if strange:
        raise ValueError(f"weekday {strange[0]} is not within 0 (Monday) to 6 (Sunday)")
    return cast(Week, tuple(tuple(hours.get(weekday, ())) for weekday in range(7)))


_DEFAULT_DAY: Final[Hours] = ((time(8, 30), time(12, 0)), (time(14, 30), time(17, 30)))
DEFAULT_WEEK: Final[Week] = week_of(dict.fromkeys(range(5), _DEFAULT_DAY))
"""Monday to Friday 08:30-12:00 and 14:30-17:30 (DESIGN §7, defaults)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """Other weekly hours (夏令时, 冬令时) from `first` to `last`, both (month, day) and inclusive, every year.

    `last` before `first` runs over the new year.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    week: Week

    def holds_on(self, day: date) -> bool:
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """One dated exception; it outranks the notice, the seasons and the week.

    `hours`: required for `special_hours`, none for `holiday`; left empty for `make_up_day` and `rota` they are the
    hours of a make-up day (`CalendarSpec.make_up`).
    """

    date: date
    kind: str
    name: str = ""
    hours: Hours = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarSpec:
    """What an operator says of a calendar. Raises ValueError naming the key that is wrong.

    zone: IANA name. country: `CN` (published years, make-up days, provisional years) or `none` (the week alone, every
    year covered). make_up: sessions of a make-up day that has none of its own; empty: those of the first weekday
    that has service. name: the file it was read from, for explanations alone.
    """

    name: str = field(default="", compare=False)
    zone: str = "Asia/Shanghai"
    country: str = "CN"
    week: Week = DEFAULT_WEEK
    make_up: Hours = ()
    seasons: tuple[Season, ...] = ()
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        _check_zone(self.zone)
        if self.country not in COUNTRIES:
            raise ValueError(f"country: {self.country!r} is none of {', '.join(COUNTRIES)}")
        _check_week(self.week, "weekly")
        _check_hours(self.make_up, "make_up")
        for number, season in enumerate(self.seasons):
            _check_season(season, f"season[{number}]")
        seen: dict[date, int] = {}
        for number, override in enumerate(self.overrides):
            _check_override(override, f"override[{number}]")
            if seen.setdefault(override.date, number) != number:
                where = f"override[{number}].date"
                raise ValueError(f"{where}: {override.date} is already in override[{seen[override.date]}]; keep one")


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a folder's name gives an OSError
        raise ValueError(f"zone: {zone!r} is no IANA time zone such as Asia/Shanghai") from None


def _check_week(week: Week, where: str) -> None:
    if len(week) != 7:
        raise ValueError(f"{where}: {len(week)} days instead of 7")
    for key, hours in zip(DAY_KEYS, week, strict=True):
        _check_hours(hours, f"{where}.{key}")
    if not any(week):
        raise ValueError(f"{where}: no day has any service; give at least one session")


def _check_hours(hours: Hours, where: str) -> None:
    previous_end: time | None = None
    for start, end in hours:
        if start.tzinfo is not None or end.tzinfo is not None:
            raise ValueError(f"{where}: a session is given in local time, without a zone")
        if end != MIDNIGHT and end <= start:
            raise ValueError(f"{where}: {start:%H:%M}-{end:%H:%M} ends before it starts; split it at 24:00")
        if previous_end is not None and (previous_end == MIDNIGHT or start < previous_end):
            raise ValueError(f"{where}: {start:%H:%M}-{end:%H:%M} is out of order or overlaps the session before it")
        previous_end = end


def _check_season(season: Season, where: str) -> None:
    for key, (month, day) in (("from", season.first), ("to", season.last)):
        try:
            date(2004, month, day)  # a leap year: 02-29 may bound a season
        except ValueError:
            raise ValueError(f"{where}.{key}: {month:02d}-{day:02d} is no day of the year") from None
    _check_week(season.week, f"{where}.weekly")


def _check_override(override: Override, where: str) -> None:
    if override.kind not in KINDS:
        raise ValueError(f"{where}.kind: {override.kind!r} is none of {', '.join(KINDS)}")
    if override.kind == "holiday" and override.hours:
        raise ValueError(f"{where}.hours: a holiday has none; use kind special_hours for a part of the day")
    if override.kind == "special_hours" and not override.hours:
        raise ValueError(f"{where}.hours: missing; use kind holiday for a closed day")
    _check_hours(override.hours, f"{where}.hours")


# --------------------------------------------------------------------------- TOML

_TOP_KEYS: Final = ("zone", "country", "weekly", "make_up", "season", "override")
_SEASON_KEYS: Final = ("from", "to", "weekly")
_OVERRIDE_KEYS: Final = ("date", "kind", "name", "hours")


def load_spec(data: Mapping[str, Any], where: str) -> CalendarSpec:
    """A CalendarSpec from the parsed table of a config/calendar/*.toml; keys as in default.toml there.

    `where` (a file name) opens every message. Raises ValueError naming the key, also for unknown keys.
    """
    try:
        _refuse_unknown(data, _TOP_KEYS, "")
        return CalendarSpec(
            name=where.rpartition("/")[2],
            zone=_text(data, "zone", "", default="Asia/Shanghai"),
            country=_text(data, "country", "", default="CN"),
            week=_week(data["weekly"], "weekly") if "weekly" in data else DEFAULT_WEEK,
            make_up=_hours(data.get("make_up", []), "make_up"),
            seasons=tuple(_season(row, f"season[{i}]") for i, row in enumerate(_tables(data, "season"))),
            overrides=tuple(_override(row, f"override[{i}]") for i, row in enumerate(_tables(data, "override"))),
        )
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _refuse_unknown(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"{where}{key}: unknown key; known here: {', '.join(known)}")


def _text(table: Mapping[str, Any], key: str, where: str, *, default: str | None = None) -> str:
    value = table.get(key, default)
    if value is None:
        raise ValueError(f"{where}{key}: missing")
    if not isinstance(value, str):
        raise ValueError(f"{where}{key}: text expected, got {value!r}")
    return value


def _tables(data: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    rows = data.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(f"{key}: an array of tables expected, written [[{key}]]")
    return rows


def _week(table: object, where: str) -> Week:
    if not isinstance(table, Mapping):
        raise ValueError(f"{where}: a table of days expected ({', '.join(DAY_KEYS)})")
    _refuse_unknown(table, DAY_KEYS, f"{where}.")
    return week_of({i: _hours(table[key], f"{where}.{key}") for i, key in enumerate(DAY_KEYS) if key in table})


def _season(row: Mapping[str, Any], where: str) -> Season:
    _refuse_unknown(row, _SEASON_KEYS, f"{where}.")
    if "weekly" not in row:
        raise ValueError(f"{where}.weekly: missing")
    first, last = (_month_day(_text(row, key, f"{where}."), f"{where}.{key}") for key in ("from", "to"))
    return Season(first=first, last=last, week=_week(row["weekly"], f"{where}.weekly"))


def _month_day(value: str, where: str) -> tuple[int, int]:
    month, dash, day = value.partition("-")
    if not (dash and month.isdecimal() and day.isdecimal()):
        raise ValueError(f"{where}: {value!r} is no day of the year; write it as 06-01")
    return int(month), int(day)


def _override(row: Mapping[str, Any], where: str) -> Override:
    _refuse_unknown(row, _OVERRIDE_KEYS, f"{where}.")
    return Override(
        date=parse_date(row.get("date"), f"{where}.date"),
        kind=_text(row, "kind", f"{where}."),
        name=_text(row, "name", f"{where}.", default=""),
        hours=_hours(row.get("hours", []), f"{where}.hours"),
    )


def parse_date(value: object, where: str) -> date:
    """A date from a TOML date or ISO text (2026-05-20); ValueError opening with `where` for anything else."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # falls through to the one message below
    raise ValueError(f"{where}: a date such as 2026-05-20 expected, got {value!r}")


def _hours(value: object, where: str) -> Hours:
    if not isinstance(value, list):
        raise ValueError(f'{where}: a list such as ["08:30-12:00", "14:30-17:30"] expected, got {value!r}')
    return tuple(_session(text, f"{where}[{i}]") for i, text in enumerate(value))


def _session(text: object, where: str) -> tuple[time, time]:
    start, dash, end = text.partition("-") if isinstance(text, str) else ("", "", "")
    try:
        if dash:
            ends_day = end.strip() == "24:00"
            return _clock_time(start), MIDNIGHT if ends_day else _clock_time(end)
    except ValueError:
        pass  # falls through to the one message below
    raise ValueError(f"{where}: a session such as 08:30-12:00 expected, got {text!r}")


def _clock_time(text: str) -> time:
    return datetime.strptime(text.strip(), "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
