"""Rule books (考评细则) that halls have in force, by month. Each function takes a connection and never commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, String, cast, func, insert, select

from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.schema_assessment import RuleBookRow
from monitor.store.sql import table_of

BOOK: Final = table_of(RuleBookRow)
KIND: Final = "rule_book"
"""The object of a change in the audit, its number that of the row."""


def in_force(conn: Connection, hall: str, month: str) -> Row[Any] | None:
    """The book in force in the month (YYYY-MM): that of the latest first month not after it, of these the newest."""
    query = select(BOOK).where(BOOK.c.hall == hall, BOOK.c.first_month <= month)
    return conn.execute(query.order_by(BOOK.c.first_month.desc(), BOOK.c.id.desc()).limit(1)).first()


def first_month(conn: Connection, hall: str) -> str | None:
    """The first month in which the hall had a book."""
    found: str | None = conn.execute(select(func.min(BOOK.c.first_month)).where(BOOK.c.hall == hall)).scalar()
    return found


def add(
    conn: Connection, *, hall: str, first_month: str, name: str, version: str, body: str, changed_by: str,
    changed_at: datetime,
) -> int:  # fmt: skip
    """Keep a book from the month on; its number."""
    values = {
        "hall": hall, "first_month": first_month, "name": name, "version": version, "body": body,
        "changed_by": changed_by, "changed_at": changed_at,
    }  # fmt: skip
    return int(conn.execute(insert(BOOK).values(values).returning(BOOK.c.id)).scalar_one())


def of_version(conn: Connection, hall: str, version: str) -> str | None:
    """The text of a version that the hall had, for reports of closed months."""
    query = select(BOOK.c.body).where(BOOK.c.hall == hall, BOOK.c.version == version).order_by(BOOK.c.id.desc())
    found: str | None = conn.execute(query.limit(1)).scalar()
    return found


def listed(conn: Connection, hall: str | None = None) -> list[Row[Any]]:
    """Every book that was put in force, without its text, the newest first, each with the reason where it is kept."""
    why = (
        select(PRIVATE.c.value)
        .join(AUDIT, AUDIT.c.id == PRIVATE.c.audit)
        .where(AUDIT.c.object_kind == KIND, AUDIT.c.object_id == cast(BOOK.c.id, String), PRIVATE.c.name == "why")
        .correlate(BOOK)
        .scalar_subquery()
    )
    columns = [column for column in BOOK.c if column.name != "body"]
    query = select(*columns, why.label("reason")).order_by(BOOK.c.id.desc())
    return list(conn.execute(query if hall is None else query.where(BOOK.c.hall == hall)))
