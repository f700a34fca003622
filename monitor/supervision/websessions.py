"""Who is signed in, and ending that (登录): one's own sessions, and everybody's for whoever may change people.

A session's secret is renewed now and then, which makes a row of its own while the one before is still taken for a
moment: both are one session to whoever looks, and end together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, refusal
from monitor.store import audit, meta, signin
from monitor.supervision.refused import Refused

_SAME: Final = ("user", "csrf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """`number` is its newest row's. `by`: `password`, or the issuer of an OpenID provider."""

    number: int
    user: str
    by: str
    created: datetime
    seen: datetime
    expires: datetime
    address: str
    agent: str


def sessions(conn: Connection, now: datetime, idle: timedelta, user: str | None = None) -> list[Session]:
    """Those that go on, the newest first: neither ended, nor over, nor `idle` for so long."""
    found: dict[str, Row[Any]] = {}
    for row in signin.open_sessions(conn, now, user):
        if now - row.seen < idle:
            found[row.csrf] = row  # rows come by number: the newest of a session stands
    return [
        Session(
            number=r.id, user=r.user, by=r.by, created=r.created, seen=r.seen, expires=r.expires, address=r.address,
            agent=r.agent,
        )
        for r in sorted(found.values(), key=lambda r: -r.id)
    ]  # fmt: skip


def end_session(conn: Connection, number: int, *, actor: Principal, now: datetime) -> str:
    """End one session by its number; gives whose it was. Who may: everybody their own, whoever may change people all.
    Raises Refused, alike for one that there is not and for somebody else's.
    """
    rows = signin.open_sessions(conn, now)
    found = next((row for row in rows if row.id == number), None)
    if found is None or (found.user != actor.id and refusal(actor, "people:write") is not None):
        raise Refused("没有此登录 there is no such session", sort="missing")
    _end(conn, [row for row in rows if _is_same(row, found)], found.user, actor, now)
    return str(found.user)


def end_others(conn: Connection, this: int, *, actor: Principal, now: datetime) -> int:
    """End all sessions of one's own but `this`; gives how many."""
    rows = signin.open_sessions(conn, now, actor.id)
    mine = next((row for row in rows if row.id == this), None)
    others = [row for row in rows if mine is None or not _is_same(row, mine)]
    if others:
        _end(conn, others, actor.id, actor, now)
    return len({row.csrf for row in others})


def end_all(conn: Connection, user: str, *, actor: Principal, now: datetime) -> int:
    """End all sessions of a user; gives how many. For whoever may change people. Raises Refused."""
    no = refusal(actor, "people:write")
    if no is not None:
        raise Refused.because(no)
    rows = signin.open_sessions(conn, now, user)
    if not rows:
        raise Refused(f"{user[:64]}: 没有登录 is not signed in", sort="missing")
    _end(conn, rows, user, actor, now)
    return len({row.csrf for row in rows})


def _is_same(one: Row[Any], other: Row[Any]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _SAME)


def _end(conn: Connection, rows: Sequence[Row[Any]], user: str, actor: Principal, now: datetime) -> None:
    for row in rows:
        signin.end_sessions(conn, now, actor.id, number=row.id)
    body = {"sessions": len({row.csrf for row in rows})}
    audit.record(conn, now, actor.id, "user.signed_out", "user", user, body)
    meta.bump(conn, meta.PEOPLE_VERSION)
