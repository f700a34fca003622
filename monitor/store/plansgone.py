"""Plans that were withdrawn (报备撤回): the row goes, the audit keeps what it said, whose it was and why it went."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, select

from monitor.model import Registry
from monitor.store import audit, plans, upsert
from monitor.store.audit import AUDIT
from monitor.store.upsert import Change, Kind, Row

ACTION: Final = "plans.withdraw"


def remove(conn: Connection, kind: Kind, row: Row, registry: Registry, now: datetime) -> None:
    """The row goes, and what it touched is marked to be judged now. The caller records and commits."""
    conn.execute(delete(kind.table).where(kind.table.c.id == row["id"]))
    plans.changed_now(conn, [Change(kind=kind, before=row, after=row)], registry, now)


def record(conn: Connection, kind: Kind, row: Row, now: datetime, *, actor: str, why: str, until: str | None) -> None:
    """The audit row. `until`: from when on it holds no more; None: it is gone altogether."""
    [entry] = upsert.audit_entries([Change(kind=kind, after=row)], "plans")
    body = {**entry.body, **({"until": until} if until is not None else {})}
    private = {**entry.private, "why": why}
    audit.record(conn, now, actor, ACTION, entry.object_kind, entry.object_id, body, private=private)


def gone(kind: Kind, column: str, keys: Collection[str]) -> Select[Any]:
    """The ids of withdrawn plans of a kind whose `column` (staff, window, hall) is one of `keys`."""
    named = AUDIT.c.body["values"][column].as_string()
    return select(AUDIT.c.object_id).where(
        AUDIT.c.action == ACTION, AUDIT.c.object_kind == kind.table.name, named.in_(keys)
    )
