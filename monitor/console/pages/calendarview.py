"""Working calendars in the words of their pages: the months of a year, a count day by day, a notice's preview."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.supervision.noticechange import NoticePreview
from monitor.wording import step_text
from monitor.wording.render import pick
from monitor.workcal import Deadline, WorkCalendar

MARKS: Final = {"work": ("", ""), "off": ("休", "H"), "make_up": ("班", "W"), "rest": ("", "")}
"""The sign on a day, as printed calendars have them."""


def kind_of(why: str, *, worked: bool) -> str:
    """`work`, `make_up` (a day off that is worked), `off` (a holiday), `rest` (the week has no hours)."""
    if worked:
        return "make_up" if why in ("make_up_day", "special_hours", "rota") else "work"
    return "off" if why.startswith("holiday:") else "rest"


def year_view(calendar: WorkCalendar, year: int, today: date, language: Language) -> list[dict[str, Any]]:
    """Twelve months of weeks from Monday; a day outside its month is None."""
    return [_month(calendar, year, month, today, language) for month in range(1, 13)]


def _month(calendar: WorkCalendar, year: int, month: int, today: date, language: Language) -> dict[str, Any]:
    first = date(year, month, 1)
    after = date(year + month // 12, month % 12 + 1, 1)
    days: list[dict[str, Any] | None] = [None] * first.weekday()
    days += [_day(calendar, first + timedelta(days=n), today, language) for n in range((after - first).days)]
    days += [None] * (-len(days) % 7)
    worked = sum(day is not None and day["worked"] for day in days)
    return {"month": month, "weeks": [days[n : n + 7] for n in range(0, len(days), 7)], "worked": worked}


def _day(calendar: WorkCalendar, day: date, today: date, language: Language) -> dict[str, Any]:
    plan = calendar.plan_of(day)
    worked = bool(plan.hours)
    kind = kind_of(plan.why, worked=worked)
    return {
        "day": day, "worked": worked, "kind": kind, "sign": pick(MARKS[kind], language),
        "guessed": not calendar.is_published(day),
        "today": day == today, "why": step_text(plan.why, language, plan.by.to_json() if plan.by is not None else None),
        "hours": " ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in plan.hours),
    }  # fmt: skip


def listed_view(calendar: WorkCalendar, year: int, language: Language) -> list[dict[str, Any]]:
    """The days of a year that are other than the week says: holidays on weekdays and weekends, days worked for them."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    plans = [(day, calendar.plan_of(day)) for day in days]
    return [
        {
            "day": day,
            "worked": bool(plan.hours),
            "why": step_text(plan.why, language, plan.by.to_json() if plan.by is not None else None),
        }
        for day, plan in plans
        if kind_of(plan.why, worked=bool(plan.hours)) in ("off", "make_up")
    ]


def count_view(deadline: Deadline, calendar: WorkCalendar, language: Language) -> dict[str, Any]:
    """A count: its due in the calendar's zone, and each date with whether it counts and why."""
    return {
        "at": deadline.at.astimezone(calendar.zone) if deadline.at is not None else None,
        "provisional": deadline.provisional,
        "steps": [
            {
                "date": step.date,
                "counted": step.counted,
                "why": step_text(step.why, language, step.by.to_json() if step.by is not None else None),
            }
            for step in deadline.steps
        ],
    }


def notice_view(found: NoticePreview, registry: Registry, language: Language) -> dict[str, Any]:
    """What a notice would mean, in words."""
    said: Callable[[str], str] = lambda why: step_text(why, language)  # noqa: E731
    halls = {hall.id: hall.name or hall.id for hall in registry.halls.values()}
    return {
        "found": found,
        "days": [
            {
                "day": one.day, "before": said(one.before), "after": said(one.after),
                "kind_before": kind_of(one.before, worked=one.worked_before),
                "kind_after": kind_of(one.after, worked=one.worked_after),
                "moves": one.worked_before != one.worked_after,
            }
            for one in found.days
        ],
        "closed": [(halls.get(hall, hall), month) for hall, month in found.closed],
    }  # fmt: skip
