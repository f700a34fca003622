"""The limit that an explanation rests on, in words: which version of an item's limits, and how each was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.wording import Lang, words
from monitor.wording.words import Texts

_VERSION: Final[Mapping[str, Texts]] = {
    "item": ("事项", "item"),
    "promised": ("承诺", "promised"),
    "statutory": ("法定", "statutory"),
}
_SINCE: Final[Texts] = ("自 {} 起", "since {}")
_ALWAYS: Final[Texts] = ("始终有效", "always")
_FROM: Final[Texts] = ("{} 起算", "from {}")
_DUE: Final[Texts] = ("{} 届满", "due {}")
_OPEN: Final[Texts] = ("中止中，期限未定", "paused, not known yet")
_EVENT: Final[Texts] = ("由事件 {} 给定", "told by event {}")
_PAUSED: Final[Texts] = ("中止 {} 个工作日不计", "{} paused working days not counted")
_EXTENDED: Final[Texts] = ("延长 {} 个工作日", "extended by {} working days")
_REFUSED: Final[Texts] = ("迟到的期限不计：{}", "told too late, not counted: {}")
_PROVISIONAL: Final[Texts] = ("暂定", "provisional")
_DEFAULT: Final[Texts] = ("缺省", "default")
_TOLD: Final[Texts] = ("给定", "told")


def limit_lines(limit: Mapping[str, Any], zone: str, lang: Lang) -> Iterator[str]:
    """Of a case the version of its item, then a line for each limit; of a task the due in force."""
    at = lang == "en"
    if "counted" not in limit:
        yield _counted(limit, zone, at)
        return
    parts = [f"{text[at]} {_number(limit[key])}" for key, text in _VERSION.items() if limit.get(key) is not None]
    if limit.get("promised") is not None or limit.get("statutory") is not None:
        parts[-1] += f" {words.UNITS_OF_TIME[limit['unit_of_time']][at].removeprefix('个')}"
    parts.append(_SINCE[at].format(limit["from"]) if limit["from"] else _ALWAYS[at])
    yield _joined(parts, at)
    for one in limit["counted"]:
        yield "  " + _counted(one, zone, at)


def _counted(one: Mapping[str, Any], zone: str, at: bool) -> str:
    """One limit: {"limit","amount","unit","from","due","provisional","paused_days"} and what else there is."""
    source = one["limit"]
    title = {"default": _DEFAULT, "told": _TOLD}.get(source) or words.LIMIT_SOURCES.get(source, (source, source))
    head = title[at]
    if one["amount"] is not None:
        unit = words.UNITS_OF_TIME[one["unit"]][at]
        head += f" {_number(one['amount'])} {unit}"
    parts = [head, _FROM[at].format(_clock(one["from"], zone))]
    parts.append(_DUE[at].format(_clock(one["due"], zone)) if one["due"] else _OPEN[at])
    for key, text in (("event", _EVENT), ("paused_days", _PAUSED), ("extension_days", _EXTENDED)):
        if one.get(key):
            parts.append(text[at].format(one[key]))
    if one.get("refused"):
        parts.append(_REFUSED[at].format(", ".join(one["refused"])))
    if one["provisional"]:
        parts.append(_PROVISIONAL[at])
    return _joined(parts, at)


def _joined(parts: list[str], at: bool) -> str:
    return (", " if at else "，").join(parts)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _clock(instant: str, zone: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
