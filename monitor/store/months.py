"""Closed months of attendance (关账) and the sheets kept for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from monitor.store.schema import ClosedMonthRow, KeptSheetRow
from monitor.store.sql import table_of

CLOSED: Final = table_of(ClosedMonthRow)
KEPT: Final = table_of(KeptSheetRow)


def versions(conn: Connection, hall: str | None = None, month: str | None = None) -> list[Row[Any]]:
    """Closed versions by hall, month and version, each with `kept`: whether its sheet is still there."""
    query = select(CLOSED, KEPT.c.id.is_not(None).label("kept")).outerjoin(
        KEPT,
        (KEPT.c.hall == CLOSED.c.hall) & (KEPT.c.month == CLOSED.c.month) & (KEPT.c.version == CLOSED.c.version),
    )
    if hall is not None:
        query = query.where(CLOSED.c.hall == hall)
    if month is not None:
        query = query.where(CLOSED.c.month == month)
    return list(conn.execute(query.order_by(CLOSED.c.hall, CLOSED.c.month, CLOSED.c.version)))


def sheet(conn: Connection, hall: str, month: str, version: int) -> bytes | None:
    """The kept sheet of a version; None where its retention is over."""
    query = select(KEPT.c.body).where(KEPT.c.hall == hall, KEPT.c.month == month, KEPT.c.version == version)
    found: bytes | None = conn.execute(query).scalar()
    return found


def add(conn: Connection, values: Mapping[str, Any], body: bytes) -> None:
    """A version with its sheet. IntegrityError where another was faster."""
    conn.execute(insert(CLOSED), [dict(values)])
    conn.execute(
        insert(KEPT),
        [
            {
                **{name: values[name] for name in ("hall", "month", "version")},
                "kept_at": values["closed_at"],
                "body": body,
            }
        ],
    )
