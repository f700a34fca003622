"""Versions of the policy (规则版本) in the store. Each function takes a connection and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from monitor.store import audit, meta
from monitor.store.schema_policy import PolicyChangeRow
from monitor.store.sql import table_of

CHANGE: Final = table_of(PolicyChangeRow)
COUNTER: Final = "policy_number"
"""The newest number. Raising it first keeps two changes at once apart on both databases: the second one waits."""


def newest(conn: Connection) -> int:
    """Number of the newest version; 0 where none was ever recorded. One look at a key: what a daemon polls."""
    return meta.version(conn, COUNTER)


def add(
    conn: Connection, *, version: str, source: str, base: int | None, body: Mapping[str, Any], actor: str,
    at: datetime, audit_row: int | None,
) -> int:  # fmt: skip
    """Record a version; its number. The caller has raised nothing before: the number is raised here."""
    number = meta.bump(conn, COUNTER)
    conn.execute(
        CHANGE.insert().values(
            number=number, version=version, source=source, base=base, body=dict(body), actor=actor, at=at,
            audit=audit_row,
        )
    )  # fmt: skip
    return number


def lock(conn: Connection) -> int:
    """Hold other changes off until the transaction ends; the newest number."""
    return meta.bump(conn, COUNTER, by=0)


def one(conn: Connection, number: int) -> Row[Any] | None:
    return conn.execute(select(CHANGE).where(CHANGE.c.number == number)).first()


def last(conn: Connection) -> Row[Any] | None:
    return conn.execute(select(CHANGE).order_by(CHANGE.c.number.desc()).limit(1)).first()


def of_version(conn: Connection, version: str) -> Row[Any] | None:
    """The newest row of a version's name."""
    query = select(CHANGE).where(CHANGE.c.version == version).order_by(CHANGE.c.number.desc()).limit(1)
    return conn.execute(query).first()


def held(conn: Connection, before: int | None = None, limit: int = 20) -> Sequence[Row[Any]]:
    """Versions changed in the store, the newest first: the first that loads is in force."""
    query = select(CHANGE).where(CHANGE.c.source == "store").order_by(CHANGE.c.number.desc()).limit(limit)
    return conn.execute(query if before is None else query.where(CHANGE.c.number < before)).all()


def listed(conn: Connection, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Every version, the newest first."""
    query = select(CHANGE).order_by(CHANGE.c.number.desc()).limit(limit)
    return conn.execute(query if before is None else query.where(CHANGE.c.number < before)).all()


def reasons(conn: Connection, audits: Iterable[int | None]) -> dict[int, str]:
    """The reasons that are still kept, by the number of their audit row."""
    wanted = [number for number in audits if number is not None]
    if not wanted:
        return {}
    kept = audit.PRIVATE
    query = select(kept.c.audit, kept.c.value).where(kept.c.audit.in_(wanted), kept.c.name == "why")
    return {row.audit: row.value for row in conn.execute(query)}
