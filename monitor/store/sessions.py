"""Sessions at the broker and who holds them: beat, look, claim, give back (ADR 10).

Functions take a connection and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select, update

from monitor.store.schema import MqttSession
from monitor.store.sql import insert, table_of

SESSION: Final = table_of(MqttSession)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A row as it was read. `topics`: all that the session may be subscribed to, as they were subscribed to."""

    client_id: str
    topics: tuple[str, ...]
    holder: str
    beat: int


def sessions(conn: Connection) -> list[Session]:
    rows = conn.execute(select(SESSION).order_by(SESSION.c.client_id))
    return [Session(client_id=r.client_id, topics=tuple(r.topics), holder=r.holder, beat=r.beat) for r in rows]


def enter(conn: Connection, client_id: str, topics: Sequence[str], holder: str) -> None:
    """Its own daemon is back: it holds the session, whoever held it. Topics of earlier runs stay on the list: the
    broker keeps a subscription until somebody unsubscribes."""
    found = conn.execute(select(SESSION.c.topics).where(SESSION.c.client_id == client_id).with_for_update()).scalar()
    held = [*topics, *(topic for topic in found or () if topic not in topics)]
    row = {"client_id": client_id, "topics": held, "holder": holder, "beat": 1}
    change = {"topics": held, "holder": holder, "beat": SESSION.c.beat + 1}
    conn.execute(insert(conn, SESSION).values(row).on_conflict_do_update(index_elements=["client_id"], set_=change))


def beat(conn: Connection, client_id: str, holder: str) -> bool:
    """The holder lives; False: it holds the session no more."""
    mine = (SESSION.c.client_id == client_id, SESSION.c.holder == holder)
    return conn.execute(update(SESSION).where(*mine).values(beat=SESSION.c.beat + 1)).rowcount == 1


def claim(conn: Connection, seen: Session, holder: str) -> bool:
    """Take over a session that stands still since it was `seen`; False: somebody was there before."""
    as_seen = (
        SESSION.c.client_id == seen.client_id,
        SESSION.c.holder == seen.holder,
        SESSION.c.beat == seen.beat,
    )
    changed = conn.execute(update(SESSION).where(*as_seen).values(holder=holder, beat=SESSION.c.beat + 1))
    return changed.rowcount == 1


def forget(conn: Connection, client_id: str, holder: str | None = None) -> bool:
    """The session is no member's any more; with `holder` only while it holds it."""
    query = delete(SESSION).where(SESSION.c.client_id == client_id)
    return conn.execute(query if holder is None else query.where(SESSION.c.holder == holder)).rowcount == 1
