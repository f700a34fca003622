"""People who sign in: what they are and what is theirs (DESIGN §1F: names and contacts have no other home)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from monitor.store.schema import Token, User
from monitor.store.sql import insert, table_of

USER: Final = table_of(User)
TOKEN: Final = table_of(Token)


def all_of_them(conn: Connection) -> Sequence[Row[Any]]:
    """Every user, those who are disabled too, by id."""
    rows: Sequence[Row[Any]] = conn.execute(select(USER).order_by(USER.c.id)).all()
    return rows


def find(conn: Connection, user: str, *, lock: bool = False) -> Row[Any] | None:
    query = select(USER).where(USER.c.id == user)
    return conn.execute(query.with_for_update() if lock else query).first()


def holders(conn: Connection, roles: Sequence[str], *, lock: bool = False) -> list[str]:
    """Ids of the users in service who have one of the roles, by id."""
    query = select(USER.c.id).where(USER.c.role.in_(roles), USER.c.disabled_at.is_(None)).order_by(USER.c.id)
    return list(conn.execute(query.with_for_update() if lock else query).scalars())


def save(conn: Connection, values: Mapping[str, Any]) -> bool:
    """Add or change the user `values["id"]`; gives whether they are new."""
    made = insert(conn, USER).values(values).on_conflict_do_nothing().returning(USER.c.id)
    if conn.execute(made).scalar() is not None:
        return True
    changed = {name: value for name, value in values.items() if name not in ("id", "created")}
    conn.execute(update(USER).where(USER.c.id == values["id"]).values(changed))
    return False


def revoke_tokens(conn: Connection, user: str, now: datetime) -> None:
    """Nobody is let in with a token of theirs any more, also when they come back into service."""
    conn.execute(update(TOKEN).where(TOKEN.c.user == user, TOKEN.c.revoked_at.is_(None)).values(revoked_at=now))


def names_of(conn: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    """Names of users by id; who has none is left out."""
    wanted = sorted({one for one in ids if one})
    rows = conn.execute(select(USER.c.id, USER.c.name).where(USER.c.id.in_(wanted))) if wanted else ()
    return {row.id: row.name for row in rows if row.name}
