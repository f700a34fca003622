"""The weekly summary (周小结, H01): the week's figures as they stand when somebody makes it, with their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row

from monitor.access import Principal
from monitor.store import cycle, weekfigures
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    MARK,
    calendar_of,
    record,
    require_hall,
    rows_within,
    words,
)
from monitor.supervision.refused import Refused


def figures(look: Look, hall: str, week: str, bad_at_most: int) -> dict[str, Any]:
    """Cards by rule and level, check-in slots by verdict, ratings, patrols of the week; nothing is written."""
    days = days_of(week)
    calendar = calendar_of(look, hall)
    start, end = (calendar.local(day, time()) for day in (days[0], days[-1] + timedelta(days=1)))
    windows = sorted(w.id for w in look.registry.windows.values() if w.hall == hall)
    return {
        "from": days[0].isoformat(),
        "to": days[-1].isoformat(),
        "as_of": look.now.isoformat(),
        "cards": weekfigures.cards(look.conn, hall, start, end),
        "checkins": weekfigures.slots(look.conn, hall, days),
        "ratings": weekfigures.ratings(look.conn, windows, start, end, bad_at_most),
        "patrols": weekfigures.patrols(look.conn, hall, days),
    }


def make(look: Look, who: Principal, hall: str, week: str, text: str, bad_at_most: int) -> int:
    """Keep the week's figures with what is said to them; its number. Raises Refused: for a week that is not over."""
    require_hall(look, who, MARK, hall)
    said = words(text=text)
    last = days_of(week)[-1]
    if look.now < _friday_evening(look, hall, last):
        raise Refused(f"{week} 尚未结束 is not over yet", field="week", sort="state")
    table = cycle.WEEK
    if cycle.find(look.conn, table, table.c.hall == hall, table.c.week == week) is not None:
        raise Refused(f"{week} 已有小结 has its summary", field="week", sort="state")
    found = figures(look, hall, week, bad_at_most)
    values = {"hall": hall, "week": week, "figures": found, "made_by": who.id, "made_at": look.now}
    number = cycle.add(look.conn, table, values)
    cycle.say(look.conn, table, number, said, author=who.id, about=None, now=look.now)
    tasks.done(look, hall, "week", week)
    record(look, who, "assess.week", table, number, {"hall": hall, "week": week}, private=said)
    return number


def days_of(week: str) -> list[date]:
    """Monday to Sunday of `2026-W10`. Raises Refused."""
    try:
        year, number = week.split("-W")
        monday = date.fromisocalendar(int(year), int(number), 1)
    except ValueError:
        raise Refused(f"{week[:20]!r} 周次应写作 a week is written 2026-W10", field="week") from None
    return [monday + timedelta(days=n) for n in range(7)]


def _friday_evening(look: Look, hall: str, sunday: date) -> datetime:
    """The close of the week's last working day: then it may be made. Of a week without any: its end."""
    calendar = calendar_of(look, hall)
    last = calendar.previous_workday(sunday + timedelta(days=1))
    if last <= sunday - timedelta(days=7):
        return calendar.local(sunday + timedelta(days=1), time())
    return calendar.close_of(last)


def listed(look: Look, who: Principal, *, hall: str | None = None, before: int | None = None) -> Sequence[Row[Any]]:
    wanted = [cycle.WEEK.c.hall == hall] if hall is not None else []
    return rows_within(look, who, cycle.WEEK, *wanted, before=before)
