"""Reading the audit (审计): rows by actor, action, object and time, the newest first, in pages by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_

from monitor.store.audit import AUDIT
from monitor.store.seals import SEAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is asked for; None: any. `since` is included, `until` is not. `action` ends with `.` for a whole family."""

    actor: str | None = None
    action: str | None = None
    kind: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def statement(
    wanted: Wanted, within: ColumnElement[bool], after: tuple[datetime, int] | None, limit: int
) -> Select[Any]:
    """The audit rows with the number of their seal (`no`), the newest first, behind the row of the key `after`."""
    query: Select[Any] = select(*AUDIT.c, SEAL.c.no).select_from(AUDIT.outerjoin(SEAL, SEAL.c.audit_id == AUDIT.c.id))
    if wanted.actor is not None:
        query = query.where(AUDIT.c.actor == wanted.actor)
    if wanted.action is not None and wanted.action.endswith("."):
        query = query.where(AUDIT.c.action >= wanted.action, AUDIT.c.action < wanted.action[:-1] + "/")
    elif wanted.action is not None:
        query = query.where(AUDIT.c.action == wanted.action)
    if wanted.kind is not None:
        query = query.where(AUDIT.c.object_kind == wanted.kind)
    if wanted.key is not None:
        query = query.where(AUDIT.c.object_id == wanted.key)
    if wanted.since is not None:
        query = query.where(AUDIT.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AUDIT.c.at < wanted.until)
    if after is not None:
        query = query.where(tuple_(AUDIT.c.at, AUDIT.c.id) < after)
    return query.where(within).order_by(AUDIT.c.at.desc(), AUDIT.c.id.desc()).limit(limit)


def rows(
    conn: Connection, wanted: Wanted, within: ColumnElement[bool], after: tuple[datetime, int] | None, limit: int
) -> Sequence[Row[Any]]:
    return conn.execute(statement(wanted, within, after, limit)).all()


def last_of(conn: Connection, kind: str, keys: Sequence[str], action: str) -> Mapping[str, datetime]:
    """When an action was last taken on each of these objects."""
    query = select(AUDIT.c.object_id, func.max(AUDIT.c.at)).where(
        AUDIT.c.object_kind == kind, AUDIT.c.object_id.in_(keys), AUDIT.c.action == action
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(AUDIT.c.object_id))}


def actors_of(conn: Connection, kind: str, keys: Sequence[str], action: str) -> Mapping[str, str]:
    """Who took an action on each of these objects."""
    query = select(AUDIT.c.object_id, AUDIT.c.actor).where(
        AUDIT.c.object_kind == kind, AUDIT.c.object_id.in_(keys), AUDIT.c.action == action
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def newest(conn: Connection, action: str) -> Row[Any] | None:
    """The newest row of an action."""
    query = select(AUDIT).where(AUDIT.c.action == action)
    return conn.execute(query.order_by(AUDIT.c.at.desc(), AUDIT.c.id.desc()).limit(1)).first()
