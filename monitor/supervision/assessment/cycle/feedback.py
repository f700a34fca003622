"""The written feedback on a closed period to each window's unit (书面反馈, G18): issued, acknowledged, answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, select

from monitor.access import Principal
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.sql import chunks
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    CLOSE,
    PAGE,
    SELF,
    after,
    calendar_of,
    record,
    require_closed,
    require_hall,
    require_period,
    require_row,
    rows_within,
    seen_row,
    today,
    words,
)
from monitor.supervision.refused import Refused

NAMED: Final = ("反馈", "feedback")
RECENT: Final = timedelta(days=366)
"""Of periods that were closed longer ago nobody is asked to issue it."""
STATES: Final = ("issued", "acknowledged", "answered", "late")
"""As they are asked for; late: the answer is owed, and its time is over."""


def waiting(look: Look, who: Principal, hall: str, period: str) -> Sequence[str]:
    """Ids of the windows that have a result of a closed period and no feedback on it yet. Raises Refused."""
    require_hall(look, who, CLOSE, hall)
    require_period(period, "month", "quarter", "half", "year")
    require_closed(look, hall, period)
    table = cycle.FEEDBACK
    have = set(
        look.conn.execute(select(table.c.window).where(table.c.hall == hall, table.c.period == period)).scalars()
    )
    results = cycle.results(look.conn, hall, period, cycle.RESULT.c.ledger == "window")
    return [row.whom for row in results if row.whom in look.registry.windows and row.whom not in have]


def issue(look: Look, who: Principal, hall: str, period: str) -> int:
    """Issue it to the unit of every window that has a result and none yet; how many. Raises Refused.

    Each unit owes an answer within the working days of the book for talks.
    """
    windows = waiting(look, who, hall, period)
    if not windows:
        raise Refused(f"{period} 无可反馈的窗口 no window is without it", field="period", sort="state")
    closed, book = require_closed(look, hall, period), book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    for window in (look.registry.windows[one] for one in windows):
        values = {"hall": hall, "period": period, "unit": window.unit, "window": window.id, "digest": closed.digest,
                  "issued_by": who.id, "issued_at": look.now}  # fmt: skip
        number = cycle.add(look.conn, cycle.FEEDBACK, values)
        if book is not None:
            due = after(calendar_of(look, hall), look.now, book.cycle.talk_days)
            owed = tasks.Owed(hall=hall, sort="answer", period=period, due=due, of=window.id, unit=window.unit,
                              window=window.id)  # fmt: skip
            tasks.open_all(look, [owed])
        body = {"hall": hall, "period": period, "window": window.id, "unit": window.unit, "digest": closed.digest}
        record(look, who, "assess.feedback_issued", cycle.FEEDBACK, number, body)
    tasks.done(look, hall, "feedback", period)
    return len(windows)


def acknowledge(look: Look, who: Principal, number: int) -> None:
    """The unit has received it (签收). Raises Refused."""
    row = require_row(look, who, SELF, cycle.FEEDBACK, number, NAMED)
    still = cycle.FEEDBACK.c.acknowledged_at.is_(None)
    values = {"acknowledged_by": who.id, "acknowledged_at": look.now}
    if not cycle.change(look.conn, cycle.FEEDBACK, number, still, **values):
        raise Refused(f"{number}: 已签收 was acknowledged already", sort="state")
    body = {"hall": row.hall, "period": row.period, "window": row.window}
    record(look, who, "assess.feedback_acknowledged", cycle.FEEDBACK, number, body)


def answer(look: Look, who: Principal, number: int, text: str) -> None:
    """The unit answers what it will put right; that acknowledges it too. Raises Refused."""
    row = require_row(look, who, SELF, cycle.FEEDBACK, number, NAMED)
    said = words(text=text)
    values: dict[str, Any] = {"answered_by": who.id, "answered_at": look.now}
    if row.acknowledged_at is None:
        values |= {"acknowledged_by": who.id, "acknowledged_at": look.now}
    if not cycle.change(look.conn, cycle.FEEDBACK, number, cycle.FEEDBACK.c.answered_at.is_(None), **values):
        raise Refused(f"{number}: 已回复 was answered already", sort="state")
    cycle.say(look.conn, cycle.FEEDBACK, number, {"answer": said["text"]}, author=who.id, about=None, now=look.now)
    tasks.done(look, row.hall, "answer", row.period, row.window)
    body = {"hall": row.hall, "period": row.period, "window": row.window}
    record(look, who, "assess.feedback_answered", cycle.FEEDBACK, number, body, private=said)


def shown(look: Look, who: Principal, number: int) -> Row[Any]:
    """One within reach. Raises Refused."""
    return seen_row(look, who, cycle.FEEDBACK, number, NAMED)


def listed(
    look: Look, who: Principal, *, hall: str | None = None, period: str | None = None, state: str | None = None,
    before: int | None = None, limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """`state`: one of STATES. The newest first, one more than `limit` where others follow."""
    wanted = [cycle.FEEDBACK.c[n] == v for n, v in (("hall", hall), ("period", period)) if v is not None]
    if state is not None:
        wanted.append(_is(look, state))
    return rows_within(look, who, cycle.FEEDBACK, *wanted, before=before, limit=limit)


def _is(look: Look, state: str) -> ColumnElement[bool]:
    table = cycle.FEEDBACK
    open_ = table.c.answered_at.is_(None)
    if state == "answered":
        return table.c.answered_at.is_not(None)
    if state == "acknowledged":
        return and_(open_, table.c.acknowledged_at.is_not(None))
    if state == "issued":
        return and_(open_, table.c.acknowledged_at.is_(None))
    task = cycle.TASK
    late = (task.c.sort == "answer", task.c.hall == table.c.hall, task.c.period == table.c.period,
            task.c.window == table.c.window, task.c.done_at.is_(None), task.c.due < look.now)  # fmt: skip
    return and_(open_, select(task.c.id).where(*late).exists())


def dues(look: Look, rows: Sequence[Row[Any]]) -> dict[int, Row[Any]]:
    """By number the task (due, done_at, lifted_by) of the unit's answer; what nobody was told of owes none."""
    keys = {tasks.key_of(row.hall, "answer", row.period, row.window): row.id for row in rows}
    found: dict[int, Row[Any]] = {}
    for batch in chunks(sorted(keys)):
        query = select(cycle.TASK).where(cycle.TASK.c.task.in_(batch))
        found |= {keys[row.task]: row for row in look.conn.execute(query)}
    return found


def is_late(look: Look, row: Row[Any], task: Row[Any] | None) -> bool:
    """Whether its answer is owed, and its time is over."""
    return row.answered_at is None and task is not None and task.done_at is None and task.due < look.now


def state_of(row: Row[Any]) -> str:
    return "answered" if row.answered_at else "acknowledged" if row.acknowledged_at else "issued"
