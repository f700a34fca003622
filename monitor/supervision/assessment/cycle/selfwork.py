"""A window's own assessment of a month (自评, G07) and its review with sign-off (复核, G17), which locks it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.access import Principal, refusal
from monitor.store import cycle, owntasks
from monitor.store.facts.look import Look
from monitor.store.ledgers import cents, points
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    CONFIRM,
    PAGE,
    SELF,
    after,
    calendar_of,
    period_end,
    record,
    require,
    require_period,
    require_row,
    rows_within,
    seen_row,
    today,
    window_place,
    words,
)
from monitor.supervision.reach import windows_within
from monitor.supervision.refused import Refused

MOST_POINTS: Final = Decimal(200)
NAMED: Final = ("自评", "self-assessment")


def hand_in(look: Look, who: Principal, window: str, month: str, score: Decimal, text: str) -> int:
    """Hand in the window's own assessment, or another one while nobody has reviewed it; its number. Raises Refused."""
    place = window_place(look, window)
    require(look, who, SELF, place)
    assert place.hall is not None, "a window that there is"
    require_period(month, "month")
    if month > f"{today(look, place.hall):%Y-%m}":
        raise Refused(f"{month} 尚未开始 has not begun", field="month")
    if cycle.closed(look.conn, place.hall, month) is not None:
        raise Refused(f"{month} 已结账 is closed already", field="month", sort="state")
    claimed, said = _cents(score), words(text=text)
    table = cycle.SELF
    of_window = (table.c.hall == place.hall, table.c.month == month, table.c.window == window)
    row = cycle.find(look.conn, table, *of_window)
    values = {"points_cents": claimed, "handed_by": who.id, "handed_at": look.now}
    if row is None:
        named = {"hall": place.hall, "month": month, "unit": place.unit, "window": window}
        number = cycle.add(look.conn, table, {**named, **values})
    else:
        number = int(row.id)
        if not cycle.change(look.conn, table, number, table.c.reviewed_at.is_(None), **values):
            raise Refused(f"{month} 自评已复核锁定 was reviewed and is locked", sort="state")
    cycle.say(look.conn, table, number, said, author=who.id, about=None, now=look.now)
    tasks.done(look, place.hall, "self", month, window)
    _owe_review(look, place.hall, month, window)
    body = {"hall": place.hall, "month": month, "window": window, "points": str(points(claimed))}
    record(look, who, "assess.self", table, number, body, private=said)
    return number


def _owe_review(look: Look, hall: str, month: str, window: str) -> None:
    """Supervision owes its review: so many working days after the month, or after it was handed in where that is late.

    That it is late is no reason to hurry whoever reviews it.
    """
    book = book_of(look.conn, hall, month)
    if book is None:
        return
    calendar = calendar_of(look, hall)
    start = max(period_end(calendar, month), look.now)
    due = after(calendar, start, book.cycle.review_days)
    tasks.open_all(look, [tasks.Owed(hall=hall, sort="selfreview", period=month, due=due, of=window)])


def review(look: Look, who: Principal, number: int, score: Decimal, text: str) -> None:
    """Sign it off with the score that the review comes to. Raises Refused, also for whoever handed it in."""
    table = cycle.SELF
    row = require_row(look, who, CONFIRM, table, number, NAMED)
    found, said = _cents(score), words(reason=text)
    if row.handed_by == who.id:
        raise Refused("自评人不能复核自己的自评 whoever handed it in does not review it", sort="role")
    values = {"reviewed_cents": found, "reviewed_by": who.id, "reviewed_at": look.now}
    if not cycle.change(look.conn, table, number, table.c.reviewed_at.is_(None), **values):
        raise Refused(f"{number}: 已复核 was reviewed already", sort="state")
    cycle.say(look.conn, table, number, {"review": said["reason"]}, author=who.id, about=None, now=look.now)
    owntasks.ended(look.conn, tasks.key_of(row.hall, "selfreview", row.month, row.window), look.now)
    body = {"hall": row.hall, "month": row.month, "window": row.window, "claimed": str(points(row.points_cents)),
            "points": str(points(found))}  # fmt: skip
    record(look, who, "assess.self_reviewed", table, number, body, private=said)


def _cents(score: Decimal) -> int:
    try:
        found = cents(score)
    except ValueError:
        raise Refused(f"{score}: 至多两位小数 at most two decimal places", field="points") from None
    if not 0 <= score <= MOST_POINTS:
        raise Refused(f"{score}: 应在 0 至 {MOST_POINTS} 之间 lies between 0 and {MOST_POINTS}", field="points")
    return found


# --------------------------------------------------------------------------- what there is to see


def listed(
    look: Look, who: Principal, *, hall: str | None = None, month: str | None = None, window: str | None = None,
    before: int | None = None, limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    given = {"hall": hall, "month": month, "window": window}
    wanted = [cycle.SELF.c[n] == v for n, v in given.items() if v is not None]
    return rows_within(look, who, cycle.SELF, *wanted, before=before, limit=limit)


def one(look: Look, who: Principal, number: int) -> Row[Any]:
    """Raises Refused."""
    return seen_row(look, who, cycle.SELF, number, NAMED)


def of_window(look: Look, window: str, month: str) -> Row[Any] | None:
    """What the window handed in for the month."""
    query = select(cycle.SELF).where(cycle.SELF.c.window == window, cycle.SELF.c.month == month)
    return look.conn.execute(query).first()


def windows_of(look: Look, who: Principal) -> list[str]:
    """The windows that `who` may hand in for."""
    return sorted(windows_within(look.registry, who)) if refusal(who, SELF) is None else []


def handed_in(look: Look, hall: str, month: str) -> frozenset[str]:
    """The windows that have done it."""
    query = select(cycle.SELF.c.window).where(cycle.SELF.c.hall == hall, cycle.SELF.c.month == month)
    return frozenset(look.conn.execute(query).scalars())
