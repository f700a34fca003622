"""Who was sent a closed period's report, and when (报送、备案: G19, G20); the receivers are those of the rule book: of
each quarter and year, and of a month in which an effect stood that is to be reported (A06).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row

from monitor.access import Principal, Target, covers, refusal
from monitor.assessment.scores import kind_of
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    MARK,
    PAGE,
    READ,
    calendar_of,
    document,
    record,
    require_closed,
    require_hall,
    require_period,
    rows_within,
    today,
)
from monitor.supervision.refused import Refused

YEAR: Final = timedelta(days=366)
MOST: Final = 2_000
"""Rows of a year in one hall: some twenty periods, each with as many receivers as a list can have."""


def receivers(look: Look, hall: str) -> tuple[str, ...]:
    """All of the book in force now, in its order; a receiver's place in it names its task."""
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    if book is None:
        return ()
    told = (name for effect in book.effects for name in effect.report_to)
    return tuple(dict.fromkeys((*book.cycle.distribution, *told)))


def owing(look: Look, hall: str, period: str) -> tuple[str, ...]:
    """Who is to be sent the report of a closed period: of a quarter and year the distribution list (G19), of a month
    those who are told of an effect that stood as it was signed (A06, G20).
    """
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    if book is None:
        return ()
    kind = kind_of(period)
    if kind in ("quarter", "year"):
        return book.cycle.distribution
    if kind != "month":
        return ()
    stood = {one for row in cycle.results(look.conn, hall, period) for one in row.effects}
    told = (e.report_to for e in book.effects if e.report_to and f"{e.effect} {e.id}" in stood)
    return tuple(dict.fromkeys(name for names in told for name in names))


def tasks_of(look: Look, hall: str, period: str, due: datetime) -> list[tasks.Owed]:
    """What is owed of a closed period, each receiver by itself."""
    places = {name: str(number) for number, name in enumerate(receivers(look, hall), 1)}
    return [
        tasks.Owed(hall=hall, sort="sent", period=period, due=due, of=places[name])
        for name in owing(look, hall, period)
    ]


def enter(look: Look, who: Principal, hall: str, period: str, recipient: str, sent_on: date, numbered: str = "") -> int:
    """Enter that a receiver was sent the report as it is signed now; its number. Raises Refused."""
    require_hall(look, who, MARK, hall)
    require_period(period, "month", "quarter", "half", "year")
    closed, given = require_closed(look, hall, period), document(numbered)
    known = receivers(look, hall)
    if recipient not in known:
        raise Refused(
            f"{recipient[:40]!r} 不在报送名单 is not on the list: {', '.join(known) or '名单为空 it is empty'}",
            field="to",
        )
    calendar = calendar_of(look, hall)
    if sent_on < calendar.local_date(closed.closed_at):
        raise Refused(f"{sent_on} 早于结账 is before the period was signed off", field="on")
    if sent_on > today(look, hall):
        raise Refused(f"{sent_on} 尚未到 has not come yet", field="on")
    table = cycle.SENT
    values = {"hall": hall, "period": period, "digest": closed.digest, "recipient": recipient}
    if cycle.find(look.conn, table, *(table.c[name] == value for name, value in values.items())) is not None:
        raise Refused(f"{recipient}: 已登记 was entered already", sort="state")
    signed = {"sent_on": sent_on, "document": given, "entered_by": who.id, "entered_at": look.now}
    number = cycle.add(look.conn, table, {**values, **signed})
    tasks.done(look, hall, "sent", period, str(known.index(recipient) + 1))
    record(look, who, "assess.sent", table, number, {**values, "sent_on": sent_on, "document": given})
    return number


def listed(
    look: Look, who: Principal, *, hall: str | None = None, period: str | None = None, before: int | None = None,
    limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """What was sent, the newest first, one more than `limit` where others follow."""
    wanted = [cycle.SENT.c[n] == v for n, v in (("hall", hall), ("period", period)) if v is not None]
    return rows_within(look, who, cycle.SENT, *wanted, before=before, limit=limit)


class Owing(NamedTuple):
    """A receiver who is still to be sent a closed period's report. `due` (UTC): None where no task was opened for it,
    so that nobody is charged with it.
    """

    hall: str
    period: str
    recipient: str
    due: datetime | None


def owed(look: Look, who: Principal, *, hall: str | None = None) -> list[Owing]:
    """What is not sent yet of the periods that were closed within a year, in each hall within reach; the newest period
    first. What is lifted is owed no more.
    """
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    found: list[Owing] = []
    for one in sorted(look.registry.halls):
        if covers(who, Target(hall=one)) and hall in (None, one):
            found += _owed_in(look, one)
    return found


def _owed_in(look: Look, hall: str) -> Iterator[Owing]:
    periods = [row.period for row in cycle.closed_since(look.conn, hall, look.now - YEAR)]
    places = {name: str(number) for number, name in enumerate(receivers(look, hall), 1)}
    have = {(row.period, row.recipient) for row in cycle.listed(
        look.conn, cycle.SENT, [cycle.SENT.c.hall == hall, cycle.SENT.c.period.in_(periods)], None, MOST)}  # fmt: skip
    of_hall = (cycle.TASK.c.hall == hall, cycle.TASK.c.sort == "sent", cycle.TASK.c.period.in_(periods))
    opened = {row.task: row for row in cycle.listed(look.conn, cycle.TASK, of_hall, None, MOST)}
    for period in reversed(periods):
        for name in owing(look, hall, period):
            task = opened.get(tasks.key_of(hall, "sent", period, places[name]))
            if (period, name) not in have and (task is None or task.done_at is None):
                yield Owing(hall=hall, period=period, recipient=name, due=task.due if task is not None else None)
