"""The weekly summary (周小结, H01): the week's figures as they stand when somebody makes it, with their words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.access import Principal
from monitor.store import cycle, weekfigures
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    MARK,
    PAGE,
    calendar_of,
    record,
    require_hall,
    rows_within,
    seen_row,
    today,
    words,
)
from monitor.supervision.refused import Refused

WAITING: Final = 4
"""Weeks back of which it is told that they have no summary."""


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


def mark_of(figures: Mapping[str, Any]) -> str:
    """Of what was read: the same figures have the same mark, whenever they were counted."""
    told = {name: value for name, value in figures.items() if name != "as_of"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def make(
    look: Look, who: Principal, hall: str, week: str, text: str, bad_at_most: int, *, seen: str | None = None
) -> int:
    """Keep the week's figures with what is said to them; its number. `seen`: the mark of those that were read.
    Raises Refused: for a week that is not over, for figures that are others by now.
    """
    require_hall(look, who, MARK, hall)
    said = words(text=text)
    if not is_over(look, hall, week):
        raise Refused(f"{week} 尚未结束 is not over yet", field="week", sort="state")
    table = cycle.WEEK
    if cycle.find(look.conn, table, table.c.hall == hall, table.c.week == week) is not None:
        raise Refused(f"{week} 已有小结 has its summary", field="week", sort="state")
    found = figures(look, hall, week, bad_at_most)
    if seen is not None and seen != mark_of(found):
        raise Refused("数字已有变化，请重新核对 the figures are others by now: read them again", sort="state")
    values = {"hall": hall, "week": week, "figures": found, "made_by": who.id, "made_at": look.now}
    number = cycle.add(look.conn, table, values)
    cycle.say(look.conn, table, number, said, author=who.id, about=None, now=look.now)
    tasks.done(look, hall, "week", week)
    record(look, who, "assess.week", table, number, {"hall": hall, "week": week}, private=said)
    return number


def is_over(look: Look, hall: str, week: str) -> bool:
    """Whether its last working day has closed. Raises Refused for what is no week."""
    return look.now >= _friday_evening(look, hall, days_of(week)[-1])


def of_week(look: Look, hall: str, week: str) -> int | None:
    """The number of the week's summary."""
    query = select(cycle.WEEK.c.id).where(cycle.WEEK.c.hall == hall, cycle.WEEK.c.week == week)
    found: int | None = look.conn.execute(query).scalar()
    return found


def waiting(look: Look, hall: str) -> list[str]:
    """Of the last weeks those that are over and have no summary, the newest first."""
    day = today(look, hall)
    names = [f"{day - timedelta(weeks=back):%G-W%V}" for back in range(WAITING + 1)]
    query = select(cycle.WEEK.c.week).where(cycle.WEEK.c.hall == hall, cycle.WEEK.c.week.in_(names))
    made = set(look.conn.execute(query).scalars())
    return [name for name in names if name not in made and is_over(look, hall, name)][:WAITING]


def one(look: Look, who: Principal, number: int) -> Row[Any]:
    """Raises Refused."""
    return seen_row(look, who, cycle.WEEK, number, ("周小结", "weekly summary"))


def days_of(week: str) -> list[date]:
    """Monday to Sunday of `2026-W10`. Raises Refused."""
    try:
        if not re.fullmatch(r"[0-9]{4}-W[0-9]{2}", week):
            raise ValueError(week)
        monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
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


def listed(
    look: Look, who: Principal, *, hall: str | None = None, before: int | None = None, limit: int = PAGE
) -> Sequence[Row[Any]]:
    wanted = [cycle.WEEK.c.hall == hall] if hall is not None else []
    return rows_within(look, who, cycle.WEEK, *wanted, before=before, limit=limit)
