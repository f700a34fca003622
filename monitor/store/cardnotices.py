"""Who was told of a card: its notices by address, their messages and every try; for evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM
from monitor.store.sql import chunks


def items_of(conn: Connection, card: int) -> Sequence[Row[Any]]:
    """The card's items with their messages (columns of `delivery` as d_…, NULL for one that waits for the digest)."""
    said = [c.label(f"d_{c.name}") for c in DELIVERY.c if c.name != "id"]
    query: Select[Any] = select(*ITEM.c, *said).select_from(ITEM.outerjoin(DELIVERY, DELIVERY.c.id == ITEM.c.delivery))
    return conn.execute(
        query.where(ITEM.c.card == card).order_by(ITEM.c.sequence, ITEM.c.address, ITEM.c.purpose)
    ).all()


def attempts_of(conn: Connection, deliveries: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The tries of messages in their order, by message."""
    found: dict[int, list[Row[Any]]] = {}
    for batch in chunks(sorted(set(deliveries))):
        query = select(ATTEMPT).where(ATTEMPT.c.delivery.in_(batch)).order_by(ATTEMPT.c.delivery, ATTEMPT.c.n)
        for row in conn.execute(query):
            found.setdefault(row.delivery, []).append(row)
    return found
