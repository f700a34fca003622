"""Who was sent a closed period's report, and when (报送、备案: G19, G20); the receivers are those of the rule book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from monitor.access import Principal
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    MARK,
    document,
    record,
    require_closed,
    require_hall,
    require_period,
    rows_within,
    today,
)
from monitor.supervision.refused import Refused


def receivers(look: Look, hall: str) -> tuple[str, ...]:
    """Of the book in force now."""
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    return book.cycle.distribution if book is not None else ()


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


def listed(look: Look, who: Principal, *, hall: str | None = None, before: int | None = None) -> Sequence[Row[Any]]:
    wanted = [cycle.SENT.c.hall == hall] if hall is not None else []
    return rows_within(look, who, cycle.SENT, *wanted, before=before)
