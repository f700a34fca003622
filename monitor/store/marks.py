"""What people entered for assessment (人工登记): read. Entering and withdrawing is `supervision.assessment.marks`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from monitor.store.schema_assessment import ScoreMarkRow
from monitor.store.sql import table_of

MARK: Final = table_of(ScoreMarkRow)


def of_days(conn: Connection, hall: str, first: date, last: date, now: datetime) -> Sequence[Row[Any]]:
    """The marks of a hall dated first … last that were entered by `now` and not withdrawn by then, in their order."""
    stands = or_(MARK.c.withdrawn_at.is_(None), MARK.c.withdrawn_at > now)
    query = select(MARK).where(
        MARK.c.hall == hall, MARK.c.date >= first, MARK.c.date <= last, MARK.c.entered_at <= now, stands
    )
    found: Sequence[Row[Any]] = conn.execute(query.order_by(MARK.c.id)).all()
    return found
