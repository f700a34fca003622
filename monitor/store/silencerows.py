"""Reading silences and what they concern: the newest first, the cards and messages of the last days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from monitor.store.alerts import CARD, ITEM, PLACED, SILENCE


def newest_first(conn: Connection, after: int | None) -> Iterator[Mapping[str, Any]]:
    """Every silence with a smaller id than `after`, the newest first."""
    query = select(SILENCE).order_by(SILENCE.c.id.desc())
    rows = conn.execute(query if after is None else query.where(SILENCE.c.id < after)).mappings()
    return (dict(row) for row in rows)


def find(conn: Connection, number: int) -> Mapping[str, Any] | None:
    row = conn.execute(select(SILENCE).where(SILENCE.c.id == number)).mappings().one_or_none()
    return dict(row) if row is not None else None


def cards_since(conn: Connection, since: datetime) -> list[Mapping[str, Any]]:
    """Rows (`PLACED`) of the cards that were issued since, imported history left out."""
    wanted = (CARD.c.issued >= since, CARD.c.historic.is_(False))
    return [dict(row) for row in conn.execute(select(*PLACED).where(*wanted)).mappings()]


def messages_since(conn: Connection, since: datetime) -> dict[int, int]:
    """How often each card that was issued since was told of."""
    cards = select(CARD.c.number).where(CARD.c.issued >= since, CARD.c.historic.is_(False))
    query = select(ITEM.c.card, func.count()).where(ITEM.c.card.in_(cards), ITEM.c.delivery.is_not(None))
    return {int(row[0]): int(row[1]) for row in conn.execute(query.group_by(ITEM.c.card))}
