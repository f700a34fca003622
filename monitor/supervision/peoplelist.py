"""The users of the program (人员): who they are, what is theirs, how they sign in; values with ids, no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from monitor.access import Principal, refusal
from monitor.store import auditrows, signin, users
from monitor.store.users import TOKEN, USER
from monitor.supervision.lockout import is_locked
from monitor.supervision.refused import Refused
from monitor.supervision.websessions import sessions

MOST: Final = 200
State = Literal["active", "locked", "invited", "no_way", "disabled"]
STATES: Final[tuple[State, ...]] = ("active", "locked", "invited", "no_way", "disabled")
"""Signs in; too many wrong passwords; has a link to set one; neither password nor identity; out of service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a user is to an OpenID provider."""

    issuer: str
    subject: str
    linked_at: datetime
    linked_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UserLine:
    """`last`: when they last signed in, real time; `tokens`: how many of theirs are in use."""

    id: str
    name: str
    role: str
    halls: Sequence[str]
    units: Sequence[str]
    windows: Sequence[str]
    staff: str | None
    contacts: Sequence[str]
    created: datetime
    disabled_at: datetime | None
    state: State
    last: datetime | None
    sessions: int
    tokens: int
    identities: Sequence[Identity]
    password_set: datetime | None
    failures: int
    locked_until: datetime | None
    invited_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Filters; None: any. `text` is looked for in id and name. `after`: the id that the page begins behind."""

    role: str | None = None
    service: bool | None = None
    text: str | None = None
    after: str | None = None


def list_users(
    conn: Connection, who: Principal, chosen: Chosen, *, now: datetime, idle: timedelta, limit: int = MOST
) -> list[UserLine]:
    """One more than `limit` where another page follows, by id. `now`: real time. Raises Refused."""
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    found = conn.execute(select(USER).where(*_where(chosen)).order_by(USER.c.id).limit(limit + 1)).all()
    return _lines(conn, found, now, idle)


def user_line(conn: Connection, who: Principal, user: str, *, now: datetime, idle: timedelta) -> UserLine:
    """One of them. Raises Refused."""
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    row = users.find(conn, user)
    if row is None:
        raise Refused(f"{user[:64]}: 没有此账户 there is no such user", sort="missing")
    return _lines(conn, [row], now, idle)[0]


def count_users(conn: Connection) -> Mapping[str, int]:
    """How many are in service, by role."""
    query = select(USER.c.role, func.count()).where(USER.c.disabled_at.is_(None)).group_by(USER.c.role)
    return {role: int(count) for role, count in conn.execute(query)}


def _where(chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.role is not None:
        found.append(USER.c.role == chosen.role)
    if chosen.service is not None:
        found.append(USER.c.disabled_at.is_(None) if chosen.service else USER.c.disabled_at.is_not(None))
    if chosen.text is not None:
        text = chosen.text.strip()
        found.append(or_(USER.c.id.contains(text, autoescape=True), USER.c.name.contains(text, autoescape=True)))
    if chosen.after is not None:
        found.append(USER.c.id > chosen.after)
    return found


def _lines(conn: Connection, found: Sequence[Row[Any]], now: datetime, idle: timedelta) -> list[UserLine]:
    """Six statements, however many users."""
    ids = [row.id for row in found]
    last = auditrows.last_of(conn, "user", ids, "user.signed_in")
    passwords = signin.passwords_of(conn, ids)
    invited = signin.invited_until(conn, ids, now)
    tokens = _tokens(conn, ids)
    open_ones: dict[str, int] = {}
    for one in sessions(conn, now, idle):
        open_ones[one.user] = open_ones.get(one.user, 0) + 1
    linked: dict[str, list[Identity]] = {}
    for row in signin.identities_of(conn, ids):
        linked.setdefault(row.user, []).append(
            Identity(issuer=row.issuer, subject=row.subject, linked_at=row.linked_at, linked_by=row.linked_by)
        )
    lines = []
    for row in found:
        kept = passwords.get(row.id)
        locked = kept.locked_until if kept is not None and is_locked(kept.locked_until, now) else None
        theirs = tuple(linked.get(row.id, ()))
        lines.append(
            UserLine(
                id=row.id,
                name=row.name,
                role=row.role,
                halls=row.halls or (),
                units=row.units or (),
                windows=row.windows or (),
                staff=row.staff,
                contacts=row.contacts or (),
                created=row.created,
                disabled_at=row.disabled_at,
                state=_state(row, kept is not None or bool(theirs), locked, invited.get(row.id)),
                last=last.get(row.id),
                sessions=open_ones.get(row.id, 0),
                tokens=tokens.get(row.id, 0),
                identities=theirs,
                password_set=kept.set_at if kept is not None else None,
                failures=kept.failures if kept is not None else 0,
                locked_until=locked,
                invited_until=invited.get(row.id),
            )  # fmt: skip
        )
    return lines


def _state(row: Row[Any], has_way: bool, locked: datetime | None, invited: datetime | None) -> State:
    if row.disabled_at is not None:
        return "disabled"
    if locked is not None:
        return "locked"
    if has_way:
        return "active"
    return "invited" if invited is not None else "no_way"


def _tokens(conn: Connection, ids: Sequence[str]) -> dict[str, int]:
    query = select(TOKEN.c.user, func.count()).where(TOKEN.c.user.in_(ids), TOKEN.c.revoked_at.is_(None))
    return {user: int(count) for user, count in conn.execute(query.group_by(TOKEN.c.user))}
