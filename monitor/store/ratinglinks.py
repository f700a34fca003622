"""Rows of rating links (评价链接): found by the digest of their secret, taken once. Statements alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update
from sqlalchemy import insert as insert_into

from monitor.store.facts.cases import CASE
from monitor.store.ratings import STAT
from monitor.store.retention import LINK


def add(conn: Connection, row: Mapping[str, Any]) -> int:
    """Its number."""
    return int(conn.execute(insert_into(LINK).returning(LINK.c.id), [dict(row)]).scalar_one())


def find(conn: Connection, digest: str) -> Row[Any] | None:
    return conn.execute(select(LINK).where(LINK.c.digest == digest)).first()


def digest_of(conn: Connection, number: int) -> str | None:
    found: str | None = conn.execute(select(LINK.c.digest).where(LINK.c.id == number)).scalar()
    return found


def take(conn: Connection, number: int, now: datetime) -> bool:
    """Mark it used; False where it was already. Of two at once one waits here for the other to commit."""
    unused = update(LINK).where(LINK.c.id == number, LINK.c.used_at.is_(None))
    return int(conn.execute(unused.values(used_at=now)).rowcount) == 1


def case_is_known(conn: Connection, case: str) -> bool:
    return bool(conn.execute(select(exists().where(CASE.c.case_key == case))).scalar())


def case_place(conn: Connection, case: str) -> Row[Any] | None:
    """The row of statistics of a case that was judged."""
    return conn.execute(select(STAT).where(STAT.c.case_key == case)).first()
