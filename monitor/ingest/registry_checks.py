"""What the rows of a registry import must be together, with each other and with what is stored (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from monitor.ingest.columns import Parsed, ParsedRow
from monitor.ingest.tables import InputError
from monitor.model import CASE_EVENT_NAMES, KIND_CHANNELS, Registry

EMITTED: Final[Mapping[str, tuple[str, ...]]] = {
    "rating": (),
    "duty": ("on", "off", "pause", "resume"),
    "presence": (),
    "checkin": ("in", "out"),
    "case": CASE_EVENT_NAMES,
    "task": ("opened", "answered", "verified", "rejected", "closed"),
}  # fmt: skip
"""What `devices.emits` may list, by channel; the channel's own name means everything on it."""


EVERYBODY: Final = "*"
"""In `serves`: the whole hall."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What an import may refer to: the stored registry, and the names of calendars and of check-in presets."""

    registry: Registry
    calendars: frozenset[str]
    presets: frozenset[str]


def known_ids(parsed: Parsed, registry: Registry) -> dict[str, frozenset[str]]:
    """The ids that are stored or in the input, by table; also those of rows with other faults, which are named once."""
    stored: Mapping[str, Mapping[str, Any]] = {
        "halls": registry.halls,
        "units": registry.units,
        "windows": registry.windows,
        "staff": registry.staff,
    }
    return {name: frozenset(rows) | {row.values["id"] for row in parsed.get(name, ())} for name, rows in stored.items()}


def fill_halls(parsed: Parsed, registry: Registry) -> None:
    """A window without a hall takes that of its unit, a device that of its window."""
    units = _halls("units", parsed, registry.units)
    for row in _of(parsed, "windows"):
        row.values["hall"] = row.values["hall"] or units.get(row.values["unit"])
    windows = _halls("windows", parsed, registry.windows)
    for row in _of(parsed, "devices"):
        row.values["hall"] = row.values["hall"] or windows.get(row.values["window"])


def cross_checks(parsed: Parsed, known: Known) -> Iterator[InputError]:
    """Every fault between columns and rows, table by table."""
    for row in _of(parsed, "halls"):
        yield from _unknown_name(row, "attendance", known.presets)
        yield from _unknown_name(row, "calendar", known.calendars)
    yield from _hall_circles(parsed, known.registry)
    for row in _of(parsed, "windows"):
        yield from _unknown_name(row, "calendar", known.calendars)
        yield from _without_hall(row, "unit")
    for row in _of(parsed, "posts"):
        yield from _post(row)
    for row in _of(parsed, "items"):
        yield from _limits(row)
    windows = _halls("windows", parsed, known.registry.windows)
    ids = known_ids(parsed, known.registry)
    for row in _of(parsed, "devices"):
        yield from _without_hall(row, "window")
        yield from _device_place(row, windows)
        yield from _device_words(row)
        yield from _served(row, ids["units"] | ids["staff"])


def _of(parsed: Parsed, table: str) -> list[ParsedRow]:
    return parsed.get(table, [])


def _halls(table: str, parsed: Parsed, stored: Mapping[str, Any]) -> dict[str | None, str | None]:
    """The hall of each unit or window; the input outranks the store."""
    found: dict[str | None, str | None] = {key: row.hall for key, row in stored.items()}
    return found | {row.values["id"]: row.values["hall"] for row in _of(parsed, table)}


def _unknown_name(row: ParsedRow, column: str, names: frozenset[str]) -> Iterator[InputError]:
    value = row.values[column]
    if value and value not in names:
        listed = ", ".join(sorted(names)) or "–"
        yield row.error(
            column, value, f"没有这个名称；可用：{listed}，或留空", f"no such name; known: {listed}; or leave it empty"
        )


def _without_hall(row: ParsedRow, other: str) -> Iterator[InputError]:
    if row.values["hall"] is None and not row.broken & {"hall", other}:
        yield row.error(
            "hall", None, f"缺少 hall；填写 hall 或 {other}", f"hall is missing; give it, or a {other} that has one"
        )


def _hall_circles(parsed: Parsed, registry: Registry) -> Iterator[InputError]:
    parents = {hall.id: hall.parent for hall in registry.halls.values()}
    parents |= {row.values["id"]: row.values["parent"] for row in _of(parsed, "halls")}
    for row in _of(parsed, "halls"):
        passed = set()
        above = row.values["parent"]
        while above is not None and above not in passed and above != row.values["id"]:
            passed.add(above)
            above = parents.get(above)
        if above is not None and above == row.values["id"]:
            yield row.error(
                "parent", row.values["parent"], "上级成环；改正其中一个", "halls in a circle; correct one parent"
            )


def _post(row: ParsedRow) -> Iterator[InputError]:
    starts, ends = row.values["valid_from"], row.values["valid_to"]
    if starts and ends and ends <= starts:
        yield row.error(
            "to", ends, f"应晚于 from（{starts}）；to 当日不含", f"must come after from ({starts}); to is exclusive"
        )


def _limits(row: ParsedRow) -> Iterator[InputError]:
    """Legal days are whole (DESIGN §4); a part of a day is given in working hours."""
    if row.values["unit_of_time"] == "workhour" or "unit_of_time" in row.broken:
        return
    for column in ("promised", "statutory"):
        value = row.values[column]
        if value is not None and not value.is_integer():
            zh, en = "天数应为整数；不足一天用 workhour", "days are whole; give a part of a day as workhour"
            yield row.error(column, value, zh, en)


def _device_place(row: ParsedRow, windows: Mapping[str | None, str | None]) -> Iterator[InputError]:
    hall, there = row.values["hall"], windows.get(row.values["window"])
    if hall and there and hall != there:
        zh, en = (
            f"该窗口在大厅 {there}，设备在 {hall}；改正其一",
            f"this window is in hall {there}, the device in {hall}; correct one",
        )
        yield row.error("window", row.values["window"], zh, en)


def _device_words(row: ParsedRow) -> Iterator[InputError]:
    kind = row.values["kind"]
    if kind is None:
        return
    own = KIND_CHANNELS[kind]
    words = [word for channel in own for word in (channel, *EMITTED[channel])]
    for column, allowed in (("channels", ("status", "heartbeat", *own)), ("emits", tuple(dict.fromkeys(words)))):
        for value in row.values[column] or ():
            if value not in allowed:
                listed = " ".join(allowed)
                yield row.error(
                    column, value, f"{kind} 设备没有此项；可用：{listed}", f"not of kind {kind}; known: {listed}"
                )


def _served(row: ParsedRow, known: frozenset[str]) -> Iterator[InputError]:
    for value in row.values["serves"] or ():
        if value != EVERYBODY and value not in known:
            zh, en = (
                "不是已登记的部门或人员编号，也不是 *",
                "names neither a unit nor a member of staff, nor * (the whole hall)",
            )
            yield row.error("serves", value, zh, en)
