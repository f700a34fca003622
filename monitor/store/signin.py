"""Passwords, invitations, sessions and identities of users: statements alone; the caller commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, or_, select, update

from monitor.store.schema import IdentityRow, InviteRow, PasswordRow, User, WebSessionRow
from monitor.store.sql import insert as upsert
from monitor.store.sql import table_of

PASSWORD: Final = table_of(PasswordRow)
INVITE: Final = table_of(InviteRow)
SESSION: Final = table_of(WebSessionRow)
IDENTITY: Final = table_of(IdentityRow)
USER: Final = table_of(User)


# --------------------------------------------------------------------------- passwords


def password_of(conn: Connection, user: str) -> Row[Any] | None:
    return conn.execute(select(PASSWORD).where(PASSWORD.c.user == user)).first()


def save_password(conn: Connection, user: str, digest: str, now: datetime) -> None:
    values = {"digest": digest, "set_at": now, "failures": 0, "locked_until": None}
    made = upsert(conn, PASSWORD).values(user=user, **values)
    conn.execute(made.on_conflict_do_update(index_elements=[PASSWORD.c.user], set_=values))


def count_failure(conn: Connection, user: str, digest: str) -> int:
    """One more wrong password; how many in a row that makes. 0 where the password was changed meanwhile."""
    wrong = update(PASSWORD).where(PASSWORD.c.user == user, PASSWORD.c.digest == digest)
    done = conn.execute(wrong.values(failures=PASSWORD.c.failures + 1).returning(PASSWORD.c.failures)).scalar()
    return int(done or 0)


def lock(conn: Connection, user: str, until: datetime | None, *, forget: bool = False) -> None:
    """Let nobody in as that user before `until`; `forget` the wrong passwords too."""
    values: dict[str, Any] = {"locked_until": until} | ({"failures": 0} if forget else {})
    conn.execute(update(PASSWORD).where(PASSWORD.c.user == user).values(values))


def forget_password(conn: Connection, user: str) -> int:
    return int(conn.execute(delete(PASSWORD).where(PASSWORD.c.user == user)).rowcount)


def who_can_sign_in(conn: Connection) -> list[str]:
    """Users in service who have a password or an identity."""
    known = or_(
        USER.c.id.in_(select(PASSWORD.c.user)),
        USER.c.id.in_(select(IDENTITY.c.user)),
    )
    return list(
        conn.execute(select(USER.c.id).where(known, USER.c.disabled_at.is_(None)).order_by(USER.c.id)).scalars()
    )


# --------------------------------------------------------------------------- invitations


def add_invite(conn: Connection, values: Mapping[str, Any]) -> None:
    """A new invitation; earlier ones of that user are over."""
    conn.execute(delete(INVITE).where(INVITE.c.user == values["user"], INVITE.c.used_at.is_(None)))
    conn.execute(insert(INVITE).values(**values))


def invite_of(conn: Connection, digest: str, now: datetime) -> Row[Any] | None:
    """The invitation, unless it is used or over."""
    query = select(INVITE).where(INVITE.c.digest == digest, INVITE.c.used_at.is_(None), INVITE.c.expires > now)
    return conn.execute(query).first()


def use_invite(conn: Connection, digest: str, now: datetime) -> bool:
    """Whether it was this call that used it up."""
    open_one = update(INVITE).where(INVITE.c.digest == digest, INVITE.c.used_at.is_(None), INVITE.c.expires > now)
    return conn.execute(open_one.values(used_at=now)).rowcount == 1


# --------------------------------------------------------------------------- sessions


def add_session(conn: Connection, values: Mapping[str, Any]) -> int:
    return int(conn.execute(insert(SESSION).values(**values).returning(SESSION.c.id)).scalar_one())


def session_of(conn: Connection, digest: str) -> Row[Any] | None:
    return conn.execute(select(SESSION).where(SESSION.c.digest == digest)).first()


def touch(conn: Connection, number: int, **values: Any) -> None:
    conn.execute(update(SESSION).where(SESSION.c.id == number, SESSION.c.ended_at.is_(None)).values(**values))


def open_sessions(conn: Connection, now: datetime, user: str | None = None) -> Sequence[Row[Any]]:
    """Those that are neither ended nor over, the newest last."""
    query = select(SESSION).where(SESSION.c.ended_at.is_(None), SESSION.c.expires > now).order_by(SESSION.c.id)
    return conn.execute(query if user is None else query.where(SESSION.c.user == user)).all()


def end_sessions(
    conn: Connection,
    now: datetime,
    by: str,
    *,
    user: str | None = None,
    number: int | None = None,
    but: int | None = None,
    opened_by: str | None = None,
) -> int:
    """End the sessions of a user, or one of them by its number; `but` one goes on. How many ended. `opened_by`: those
    alone that began so, `password` or an issuer.
    """
    chosen: list[ColumnElement[bool]] = [SESSION.c.ended_at.is_(None)]
    chosen += [SESSION.c.user == user] if user is not None else []
    chosen += [SESSION.c.id == number] if number is not None else []
    chosen += [SESSION.c.id != but] if but is not None else []
    chosen += [SESSION.c.by == opened_by] if opened_by is not None else []
    return int(conn.execute(update(SESSION).where(*chosen).values(ended_at=now, ended_by=by)).rowcount)


def sweep_sessions(conn: Connection, before: datetime) -> int:
    """Delete those that ended, or were over, before that."""
    gone = or_(SESSION.c.ended_at < before, SESSION.c.expires < before)
    return int(conn.execute(delete(SESSION).where(gone)).rowcount)


def erase(conn: Connection, user: str) -> int:
    """Take away how somebody signs in, and from where they did; how many rows."""
    tables = (PASSWORD, INVITE, SESSION, IDENTITY)
    return sum(conn.execute(delete(table).where(table.c.user == user)).rowcount for table in tables)


# --------------------------------------------------------------------------- identities


def user_of_identity(conn: Connection, issuer: str, subject: str) -> str | None:
    query = select(IDENTITY.c.user).where(IDENTITY.c.issuer == issuer, IDENTITY.c.subject == subject)
    return conn.execute(query).scalar()


def count_identities(conn: Connection, issuer: str) -> int:
    """How many users a provider's identities lead to."""
    query = select(func.count(func.distinct(IDENTITY.c.user))).where(IDENTITY.c.issuer == issuer)
    return int(conn.execute(query).scalar_one())


def link_identity(conn: Connection, values: Mapping[str, Any]) -> None:
    changed = {name: values[name] for name in ("user", "linked_at", "linked_by")}
    made = upsert(conn, IDENTITY).values(**values)
    conn.execute(made.on_conflict_do_update(index_elements=[IDENTITY.c.issuer, IDENTITY.c.subject], set_=changed))


def identities_of(conn: Connection, users: Sequence[str]) -> Sequence[Row[Any]]:
    """The identities that lead to these users."""
    query = select(IDENTITY).where(IDENTITY.c.user.in_(users))
    return conn.execute(query.order_by(IDENTITY.c.user, IDENTITY.c.issuer, IDENTITY.c.subject)).all()


def unlink_identity(conn: Connection, user: str, issuer: str, subject: str) -> bool:
    """Whether it led to that user until now."""
    theirs = (IDENTITY.c.user == user, IDENTITY.c.issuer == issuer, IDENTITY.c.subject == subject)
    return conn.execute(delete(IDENTITY).where(*theirs)).rowcount == 1


# --------------------------------------------------------------------------- of many users at once


def passwords_of(conn: Connection, users: Sequence[str]) -> Mapping[str, Row[Any]]:
    """(user, set_at, failures, locked_until) by user; no digest."""
    columns = (PASSWORD.c.user, PASSWORD.c.set_at, PASSWORD.c.failures, PASSWORD.c.locked_until)
    query: Select[Any] = select(*columns)
    return {row.user: row for row in conn.execute(query.where(PASSWORD.c.user.in_(users)))}


def invited_until(conn: Connection, users: Sequence[str], now: datetime) -> Mapping[str, datetime]:
    """Until when an invitation that was not used is good, by user."""
    query = select(INVITE.c.user, func.max(INVITE.c.expires)).where(
        INVITE.c.user.in_(users), INVITE.c.used_at.is_(None), INVITE.c.expires > now
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(INVITE.c.user))}
