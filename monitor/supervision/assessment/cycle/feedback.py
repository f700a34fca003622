"""The written feedback on a closed period to each window's unit (书面反馈, G18): issued, acknowledged, answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from monitor.access import Principal
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    CLOSE,
    SELF,
    after,
    calendar_of,
    record,
    require_closed,
    require_hall,
    require_period,
    require_row,
    rows_within,
    today,
    words,
)
from monitor.supervision.refused import Refused


def issue(look: Look, who: Principal, hall: str, period: str) -> int:
    """Issue it to the unit of every window that has a result and none yet; how many. Raises Refused.

    Each unit owes an answer within the working days of the book for talks.
    """
    require_hall(look, who, CLOSE, hall)
    require_period(period, "month", "quarter", "half", "year")
    closed = require_closed(look, hall, period)
    table, issued = cycle.FEEDBACK, 0
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    for result in cycle.results(look.conn, hall, period, cycle.RESULT.c.ledger == "window"):
        window = look.registry.windows.get(result.whom)
        of_window = (table.c.hall == hall, table.c.period == period, table.c.window == result.whom)
        if window is None or cycle.find(look.conn, table, *of_window) is not None:
            continue
        values = {"hall": hall, "period": period, "unit": window.unit, "window": window.id, "digest": closed.digest,
                  "issued_by": who.id, "issued_at": look.now}  # fmt: skip
        number = cycle.add(look.conn, table, values)
        if book is not None:
            due = after(calendar_of(look, hall), look.now, book.cycle.talk_days)
            owed = tasks.Owed(hall=hall, sort="answer", period=period, due=due, of=window.id, unit=window.unit,
                              window=window.id)  # fmt: skip
            tasks.open_all(look, [owed])
        body = {"hall": hall, "period": period, "window": window.id, "unit": window.unit, "digest": closed.digest}
        record(look, who, "assess.feedback_issued", table, number, body)
        issued += 1
    if not issued:
        raise Refused(f"{period} 无可反馈的窗口 no window is without it", field="period", sort="state")
    tasks.done(look, hall, "feedback", period)
    return issued


def acknowledge(look: Look, who: Principal, number: int) -> None:
    """The unit has received it (签收). Raises Refused."""
    row = require_row(look, who, SELF, cycle.FEEDBACK, number, ("反馈", "feedback"))
    still = cycle.FEEDBACK.c.acknowledged_at.is_(None)
    values = {"acknowledged_by": who.id, "acknowledged_at": look.now}
    if not cycle.change(look.conn, cycle.FEEDBACK, number, still, **values):
        raise Refused(f"{number}: 已签收 was acknowledged already", sort="state")
    body = {"hall": row.hall, "period": row.period, "window": row.window}
    record(look, who, "assess.feedback_acknowledged", cycle.FEEDBACK, number, body)


def answer(look: Look, who: Principal, number: int, text: str) -> None:
    """The unit answers what it will put right; that acknowledges it too. Raises Refused."""
    row = require_row(look, who, SELF, cycle.FEEDBACK, number, ("反馈", "feedback"))
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


def listed(
    look: Look, who: Principal, *, hall: str | None = None, period: str | None = None, before: int | None = None
) -> Sequence[Row[Any]]:
    wanted = [cycle.FEEDBACK.c[n] == v for n, v in (("hall", hall), ("period", period)) if v is not None]
    return rows_within(look, who, cycle.FEEDBACK, *wanted, before=before)
