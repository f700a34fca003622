"""What is due when (到期清单): how many open cases by day, over the next working days; those whose limit has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from monitor.store.facts.look import Look
from monitor.supervision.caseasked import midnight
from monitor.supervision.casesearch import CaseFilter, open_dues
from monitor.workcal import WorkCalendar
from monitor.workcal.tables import from_micros

WORKDAYS: Final = 10
"""So many working days after today are listed."""
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueDay:
    """Open cases that are due in [start, end). `day` None: all whose limit has passed. `overdue`: of these, past it as
    far as the sources' data prove it.
    """

    day: date | None
    start: datetime | None
    end: datetime
    workday: bool
    count: int = 0
    overdue: int = 0

    @property
    def name(self) -> str:
        """As it stands in an address: `past` or the date."""
        return self.day.isoformat() if self.day is not None else PAST


PAST: Final = "past"


def due_days(look: Look, calendar: WorkCalendar, chosen: CaseFilter) -> list[DueDay]:
    """Those whose limit has passed, then each working day from today on, and what days off have something due."""
    today = calendar.local_date(look.now)
    last = today
    for _ in range(WORKDAYS):
        last = calendar.next_workday(last)
    counts: dict[date | None, list[int]] = {None: [0, 0]}
    for micros_due, overdue in open_dues(look.conn, chosen):
        due = from_micros(micros_due)
        day = None if due <= look.now else calendar.local_date(due)
        both = counts.setdefault(day, [0, 0])
        both[0] += 1
        both[1] += overdue
    found = [_past(look.now, counts[None])]
    for ordinal in range(today.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        workday = calendar.is_workday(day)
        if workday or day in counts or day == today:
            found.append(_on(calendar, day, look.now, counts.get(day, [0, 0]), workday=workday))
    return found


def _past(now: datetime, counts: list[int]) -> DueDay:
    return DueDay(day=None, start=None, end=now + _MOMENT, workday=False, count=counts[0], overdue=counts[1])


def _on(calendar: WorkCalendar, day: date, now: datetime, counts: list[int], *, workday: bool) -> DueDay:
    start = max(midnight(calendar, day), now + _MOMENT)
    end = midnight(calendar, day + timedelta(days=1))
    return DueDay(day=day, start=start, end=end, workday=workday, count=counts[0], overdue=counts[1])


def due_json(days: list[DueDay]) -> list[dict[str, Any]]:
    return [
        {"day": d.day.isoformat() if d.day else None, "workday": d.workday, "count": d.count, "overdue": d.overdue}
        for d in days
    ]
