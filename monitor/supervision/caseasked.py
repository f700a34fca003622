"""What a person or a program asks of cases and their statistics, as texts → what is looked for; or why it cannot be.

Pages and API say the same words (`number`, `hall`, `state` …) and hear the same refusals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Final

from monitor.access import Principal
from monitor.model import Registry
from monitor.store.facts.look import Look
from monitor.supervision.casesearch import CASE_STATES, CaseFilter, State, staff_named
from monitor.supervision.compare import Period
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.statistics import only_hall
from monitor.workcal import WorkCalendar
from monitor.workcal.days import FIRST_YEAR, LAST_YEAR

TEXT_MOST: Final = 200
NEAR_DAYS: Final = 3
NEAR_MOST: Final = 60
NAMED_MOST: Final = 200
"""Items or people of a name that contains the text, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Texts as they were given; empty: not asked for. Dates are YYYY-MM-DD in the zone of the hall, both included."""

    number: str = ""
    hall: str = ""
    unit: str = ""
    window: str = ""
    item: str = ""
    """An id, or a part of a name."""
    staff: str = ""
    """An id, or a part of a name."""
    state: str = ""
    days: str = ""
    """Of the state `near`: within so many working days."""
    received_from: str = ""
    received_to: str = ""
    due_from: str = ""
    due_to: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        """From a form or an address; what it does not know it leaves alone."""
        return cls(**{f.name: given[f.name].strip() for f in fields(cls) if f.name in given})

    def given(self) -> dict[str, str]:
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}


def case_filter(look: Look, asked: Asked, who: Principal) -> CaseFilter:
    """What is looked for. Raises Refused: `input` with the field, `missing` for a hall that there is not for `who`."""
    for name, value in asked.given().items():
        require_text(value, name)
    require_hall(look.registry, asked.hall, who)
    calendar = calendar_of(look, asked.hall)
    return CaseFilter(
        who=who,
        number=asked.number or None,
        hall=asked.hall or None,
        unit=asked.unit or None,
        window=asked.window or None,
        items=items_named(look.registry, asked.item) if asked.item else None,
        staff=staff_named(look.conn, asked.staff, NAMED_MOST) if asked.staff else None,
        state=_state(asked.state),
        received=_dates(calendar, asked.received_from, asked.received_to, "received"),
        due=_dates(calendar, asked.due_from, asked.due_to, "due") if asked.due_from or asked.due_to else None,
        near=within_days(calendar, look.now, _days(asked.days)),
    )


def require_text(text: str, field: str) -> None:
    """No key or name is so long or holds control characters; a database may not even take them."""
    if len(text) > TEXT_MOST:
        raise Refused(f"最多 {TEXT_MOST} 个字符 at most {TEXT_MOST} characters", field=field)
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise Refused("含有控制字符 it holds control characters", field=field)


def require_hall(registry: Registry, hall: str, who: Principal) -> None:
    if hall and hall not in halls_within(registry, who):
        raise Refused(f"{hall}: 没有此大厅 there is no such hall", field="hall", sort="missing")


def calendar_of(look: Look, hall: str) -> WorkCalendar:
    """That of the hall asked for, of the only one, else the default one."""
    return look.book.for_hall(look.registry, hall or only_hall(look.registry))


def items_named(registry: Registry, text: str) -> tuple[str, ...]:
    """The item with this id, else those whose name contains the text; the text itself where there are none: an item
    that the registry lacks has no more than its id.
    """
    if text in registry.items:
        return (text,)
    wanted = text.casefold()
    found = [i for i, versions in registry.items.items() if any(wanted in v.name.casefold() for v in versions)]
    return tuple(sorted(found)[:NAMED_MOST]) or (text,)


def within_days(calendar: WorkCalendar, now: datetime, days: int) -> datetime:
    """The midnight after the `days`-th working day that follows today."""
    day = calendar.local_date(now)
    for _ in range(days):
        day = calendar.next_workday(day)
    return midnight(calendar, day + timedelta(days=1))


def midnight(calendar: WorkCalendar, day: date) -> datetime:
    return calendar.local(day, time())


def parse_day(text: str, field: str) -> date:
    """Raises Refused for what is no date of the years that calendars know."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-01-01") else None
    except ValueError:
        day = None
    if day is None:
        raise Refused(f"{text[:40]!r} 不是日期 is no date; it is written YYYY-MM-DD", field=field)
    if not FIRST_YEAR < day.year < LAST_YEAR:
        raise Refused(f"{text}: 年份须在 the year must lie in {FIRST_YEAR + 1}–{LAST_YEAR - 1}", field=field)
    return day


def parse_period(look: Look, first: str, last: str, hall: str) -> Period:
    """As `report statistics` takes `--from` and `--to`: dates of the hall, the last one included, or instants with
    offset, the last one excluded; what lies after the present is cut off. Raises Refused.
    """
    calendar = calendar_of(look, hall)
    start, end = _edge(calendar, first, "from", 0), min(_edge(calendar, last, "to", 1), look.now)
    if start >= look.now:
        raise Refused("尚未到来，无从统计 it lies ahead: there is nothing to count yet", field="from")
    if start >= end:
        raise Refused(f"止于起始之前或当时 it does not lie after `from`, {first}", field="to")
    return Period(start=start, end=end)


def _edge(calendar: WorkCalendar, text: str, field: str, days: int) -> datetime:
    require_text(text, field)
    if "T" not in text:
        return midnight(calendar, parse_day(text, field) + timedelta(days=days))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Refused(
            f"{text[:40]!r} 不是带时区的时刻 is no instant with an offset, such as 2026-03-02T08:30:00+08:00",
            field=field,
        )
    if not FIRST_YEAR < instant.year < LAST_YEAR:
        raise Refused(f"年份须在 the year must lie in {FIRST_YEAR + 1}–{LAST_YEAR - 1}", field=field)
    return instant


def _state(text: str) -> State | None:
    for state in CASE_STATES:
        if state == text:
            return state
    if text:
        raise Refused(f"{text!r} 不在可选值之内 is none of {', '.join(CASE_STATES)}", field="state")
    return None


def _days(text: str) -> int:
    if not text:
        return NEAR_DAYS
    if not (text.isascii() and text.isdigit()) or len(text) > 3 or int(text) > NEAR_MOST:
        raise Refused(f"须为 must be 0–{NEAR_MOST} 个工作日 working days", field="days")
    return int(text)


def _dates(calendar: WorkCalendar, first: str, last: str, field: str) -> tuple[datetime | None, datetime | None]:
    start = parse_day(first, f"{field}_from") if first else None
    end = parse_day(last, f"{field}_to") if last else None
    if start is not None and end is not None and end < start:
        raise Refused("止于起始之前 it ends before it begins", field=f"{field}_to")
    return (
        midnight(calendar, start) if start is not None else None,
        midnight(calendar, end + timedelta(days=1)) if end is not None else None,
    )
