"""Where and when attendance is asked for, for pages and API alike: the hall, the day, the month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from monitor.access import Principal
from monitor.exports.attendance_rows import KINDS
from monitor.store.facts.look import Look
from monitor.supervision.attendancereach import halls_of_people
from monitor.supervision.refused import Refused

PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
ONLY: Final = ("gone", *KINDS)
"""What a day's people can be picked by."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one looks: the hall that is chosen (None: one that there is not, for them), all that they may choose."""

    hall: str | None
    halls: Mapping[str, str]
    zone: ZoneInfo
    today: date

    @property
    def address(self) -> dict[str, str]:
        """What of it stands in an address: nothing where there is no choice."""
        return {"hall": self.hall} if self.hall is not None and len(self.halls) > 1 else {}


def place_of(look: Look, who: Principal, hall: str) -> Place:
    """The hall asked for; else the first with check-in slots."""
    halls = halls_of_people(look.registry, who)
    first = next((one for one in halls if look.registry.halls[one].attendance), next(iter(halls), None))
    chosen = (hall if hall in halls else None) if hall else first
    calendar = look.book.for_hall(look.registry, chosen)
    return Place(hall=chosen, halls=halls, zone=calendar.zone, today=calendar.local_date(look.now))


def require_day(look: Look, hall: str | None, day: date) -> None:
    """Refused for a day that no calendar reaches."""
    try:
        look.book.for_hall(look.registry, hall).sessions(day)
    except ValueError as error:
        raise Refused(f"{day}: 超出日历范围 outside the calendar", field="date") from error


def month_asked(look: Look, hall: str | None, month: str, today: date) -> date:
    """The first day of the month asked for (YYYY-MM), else of this one. Refused for what is none, or has not begun."""
    try:
        first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    except ValueError:
        raise Refused(f"{month[:20]!r} 不是月份 is no month: 2026-03", field="month") from None
    if first > today:
        raise Refused(f"{month}: 该月尚未开始 the month has not begun", field="month")
    require_day(look, hall, first)
    return first
