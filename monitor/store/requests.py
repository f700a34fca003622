"""Requests that may be sent again (Idempotency-Key): kept in the transaction of what they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from monitor.store.schema import RequestKey
from monitor.store.sql import insert, table_of

REQUEST: Final = table_of(RequestKey)
KEPT: Final = timedelta(days=7)
"""How long a repetition is known; whoever has had no answer for a week looks at the card."""


class OtherRequest(ValueError):
    """The key stood with another request before."""


def begin(conn: Connection, actor: str, key: str, digest: str, now: datetime) -> Mapping[str, Any] | None:
    """What the same request was answered before; None: it is new, and the caller does it and calls `answered`.

    A second one at the same time waits here for the first to commit. Raises OtherRequest.
    """
    conn.execute(delete(REQUEST).where(REQUEST.c.actor == actor, REQUEST.c.at < now - KEPT))
    row = {"actor": actor, "key": key, "digest": digest, "at": now}
    made = insert(conn, REQUEST).values(row).on_conflict_do_nothing().returning(REQUEST.c.key)
    if conn.execute(made).scalar() is not None:
        return None
    known = conn.execute(select(REQUEST).where(REQUEST.c.actor == actor, REQUEST.c.key == key)).one()
    if known.digest != digest:
        raise OtherRequest(key)
    found: Mapping[str, Any] = known.answer
    return found


def answered(conn: Connection, actor: str, key: str, answer: Mapping[str, Any]) -> None:
    """Keep the answer with the request."""
    mine = (REQUEST.c.actor == actor, REQUEST.c.key == key)
    conn.execute(update(REQUEST).where(*mine).values(answer=dict(answer)))
