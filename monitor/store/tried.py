"""What became of messages, as the record has it: every notice with its message, every try; by real time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, true

from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM


def _made(since: datetime | None, until: datetime | None) -> Any:
    """Messages that were begun in [since, until)."""
    wanted = [DELIVERY.c.created >= since] if since else []
    wanted += [DELIVERY.c.created < until] if until else []
    return and_(true(), *wanted)


def notices(conn: Connection, since: datetime | None = None, until: datetime | None = None) -> Sequence[Any]:
    """(address, card, sequence, purpose, delivery, state, ended) of each notice that has a message, in the order in
    which they arrived.
    """
    statement = (
        select(ITEM.c.address, ITEM.c.card, ITEM.c.sequence, ITEM.c.purpose, ITEM.c.delivery, DELIVERY.c.state,
               DELIVERY.c.ended)
        .join_from(ITEM, DELIVERY, DELIVERY.c.id == ITEM.c.delivery)
        .where(_made(since, until))
        .order_by(DELIVERY.c.ended, DELIVERY.c.id, ITEM.c.card, ITEM.c.sequence)
    )  # fmt: skip
    return conn.execute(statement).all()


def tries(conn: Connection, since: datetime | None = None, until: datetime | None = None) -> Sequence[Any]:
    """Each try with its `address`, in the order in which they were begun."""
    statement = (
        select(ATTEMPT, DELIVERY.c.address)
        .join_from(ATTEMPT, DELIVERY, DELIVERY.c.id == ATTEMPT.c.delivery)
        .where(_made(since, until))
        .order_by(ATTEMPT.c.started, ATTEMPT.c.delivery, ATTEMPT.c.n)
    )
    return conn.execute(statement).all()
