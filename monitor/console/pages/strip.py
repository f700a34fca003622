"""The legal clock day by day (工作时间逐日) as `part_strip.html` takes it: from the steps of an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from monitor.console.pages.languages import Language
from monitor.wording import step_text

WEEKDAYS: Final[Mapping[Language, tuple[str, ...]]] = {
    "zh": ("一", "二", "三", "四", "五", "六", "日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def days(steps: Iterable[Mapping[str, Any]], due: date | None, today: date, language: Language) -> list[dict[str, Any]]:
    """A dict a date: {"date","weekday","counted","n","why","more","is_today","is_due"}.

    `steps` are {"date","counted","why","by"?} as `jiancha explain N --json` gives them; `due` and `today` are dates in
    the hall's zone. `n` numbers the counted dates from 1 and is None for the others, and for all where working hours
    are counted. `why` is the short text, `more` the one that names the paper behind the day.
    """
    found, n = [], 0
    for step in steps:
        day = date.fromisoformat(step["date"])
        by_hours = str(step["why"]).startswith("hours:")
        n += bool(step["counted"]) and not by_hours
        found.append(
            {
                "date": day,
                "weekday": WEEKDAYS[language][day.weekday()],
                "counted": bool(step["counted"]),
                "n": n if step["counted"] and not by_hours else None,
                "why": step_text(step["why"], language),
                "more": step_text(step["why"], language, step.get("by")),
                "is_today": day == today,
                "is_due": day == due,
            }
        )
    return found
