"""Rows of notices (公告) and public screens. Statements alone; the caller commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, not_, or_, select, update

from monitor.store.cards import CARD
from monitor.store.schema import Token
from monitor.store.schema_screen import Notice, PublicScreen
from monitor.store.sql import table_of

NOTICE: Final = table_of(Notice)
SCREEN: Final = table_of(PublicScreen)
_TOKEN: Final = table_of(Token)
HIDDEN: Final = or_(CARD.c.state == "withdrawn", func.coalesce(CARD.c.appeal, "").in_(("pending", "granted")))
"""A circular on such a card is not shown: the card is gone, or somebody still has to decide whether it stands."""
_WITH_CARD: Final = select(
    NOTICE, func.coalesce(HIDDEN, False).label("hidden"), CARD.c.staff.label("staff"), CARD.c.unit.label("unit")
).outerjoin_from(NOTICE, CARD, CARD.c.number == NOTICE.c.card)


def add(conn: Connection, row: Mapping[str, Any]) -> int:
    """Its number."""
    return int(conn.execute(insert(NOTICE).returning(NOTICE.c.id), [dict(row)]).scalar_one())


def change(
    conn: Connection, number: int, state: str, values: Mapping[str, Any], *, written: datetime | None = None
) -> bool:
    """False where it is not in that state any more, or not as it was `written`: of two at once one is first."""
    query = update(NOTICE).where(NOTICE.c.id == number, NOTICE.c.state == state).values(**values)
    if written is not None:
        query = query.where(NOTICE.c.written == written)
    return int(conn.execute(query).rowcount) == 1


def find(conn: Connection, number: int, reach: ColumnElement[bool]) -> Row[Any] | None:
    """With `hidden`, and `staff` and `unit` of its card."""
    return conn.execute(_WITH_CARD.where(NOTICE.c.id == number, reach)).first()


def listed(
    conn: Connection, wanted: Iterable[ColumnElement[bool]], before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """The newest first."""
    query = _WITH_CARD.where(*wanted)
    if before is not None:
        query = query.where(NOTICE.c.id < before)
    return conn.execute(query.order_by(NOTICE.c.id.desc()).limit(limit)).all()


def shown(conn: Connection, hall: str, day: date, most: int) -> Sequence[Row[Any]]:
    """Released notices of the hall's date, those of cards in doubt left out, the newest first."""
    query = _WITH_CARD.where(
        NOTICE.c.hall == hall, NOTICE.c.state == "released", NOTICE.c.first <= day, NOTICE.c.last >= day,
        or_(NOTICE.c.card.is_(None), and_(CARD.c.number.is_not(None), not_(HIDDEN))),
    )  # fmt: skip
    return conn.execute(query.order_by(NOTICE.c.released_at.desc(), NOTICE.c.id.desc()).limit(most)).all()


def without(conn: Connection, hall: str | None, name: str, word: str) -> int:
    """Replace a name in every notice (erasure of a person); how many there were."""
    if not name:
        return 0
    parts = or_(NOTICE.c.title.contains(name, autoescape=True), NOTICE.c.text.contains(name, autoescape=True))
    query = update(NOTICE).where(parts, True if hall is None else NOTICE.c.hall == hall)  # type: ignore[arg-type]
    values = {"title": func.replace(NOTICE.c.title, name, word), "text": func.replace(NOTICE.c.text, name, word)}
    return int(conn.execute(query.values(**values)).rowcount)


# --------------------------------------------------------------------------- screens


def add_screen(conn: Connection, row: Mapping[str, Any]) -> int:
    return int(conn.execute(insert(SCREEN).returning(SCREEN.c.id), [dict(row)]).scalar_one())


def screens(conn: Connection, reach: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """With `revoked_at` of their token; those in use first, by hall and name."""
    query = select(SCREEN, _TOKEN.c.revoked_at).join_from(SCREEN, _TOKEN, _TOKEN.c.id == SCREEN.c.token).where(reach)
    order = (_TOKEN.c.revoked_at.is_not(None), SCREEN.c.hall, SCREEN.c.name, SCREEN.c.id)
    return conn.execute(query.order_by(*order)).all()


def screen_of(conn: Connection, token: int) -> Row[Any] | None:
    return conn.execute(select(SCREEN).where(SCREEN.c.token == token)).first()


def revoke(conn: Connection, token: int, now: datetime) -> bool:
    gone = update(_TOKEN).where(_TOKEN.c.id == token, _TOKEN.c.revoked_at.is_(None)).values(revoked_at=now)
    return int(conn.execute(gone).rowcount) == 1


def seen(conn: Connection, screen: int, version: str, now: datetime) -> None:
    conn.execute(update(SCREEN).where(SCREEN.c.id == screen).values(seen_at=now, version=version))
