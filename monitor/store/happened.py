"""What the store remembers by the hour, for the page of operations: cards, tries to send, messages held back.

Counted over the newest rows alone (`NEWEST`), so that a look costs the same after ten years.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, true
from sqlalchemy.sql.elements import True_

from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM
from monitor.store.cards import CARD, NOTICE
from monitor.store.gauges import HELD

NEWEST: Final = 20_000
HOURS: Final = 24
Reach = ColumnElement[bool]
Counted = Mapping[str, Sequence[int]]
"""By word: level of a card, result of a try, reason of the quarantine; a count an hour, the oldest first."""


def edges(now: datetime) -> list[datetime]:
    """The beginnings of the last 24 whole hours, and the next full hour."""
    last = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return [last - timedelta(hours=n) for n in range(HOURS, -1, -1)]


def cards(conn: Connection, hours: Sequence[datetime], reach: Reach) -> Counted:
    """Cards issued, or raised, by level. `reach`: a condition on the card."""
    query = _by_hour(NOTICE.c.at, hours, NOTICE.c.level).join_from(NOTICE, CARD, CARD.c.number == NOTICE.c.card)
    newest = select(func.max(CARD.c.number)).scalar_subquery() - NEWEST
    return _read(
        conn,
        query.where(NOTICE.c.event.in_(("issued", "upgraded")), CARD.c.historic.is_(False), NOTICE.c.card > newest,
                    reach).group_by(NOTICE.c.level),
    )  # fmt: skip


def tries(conn: Connection, hours: Sequence[datetime], reach: Reach) -> Counted:
    """Tries to send by result. `reach`: a condition on a card of the message."""
    query = _by_hour(ATTEMPT.c.started, hours, func.coalesce(ATTEMPT.c.result, "unseen"))
    newest = select(func.max(DELIVERY.c.id)).scalar_subquery() - NEWEST
    return _read(
        conn, query.where(ATTEMPT.c.delivery > newest, tells(ATTEMPT.c.delivery, reach)).group_by(ATTEMPT.c.result)
    )


def held(conn: Connection, hours: Sequence[datetime], reach: Reach) -> Counted:
    """Messages that were refused, by reason; whoever has not all of it in reach is shown none."""
    query = _by_hour(HELD.c.received, hours, HELD.c.reason)
    newest = select(func.max(HELD.c.id)).scalar_subquery() - NEWEST
    return _read(conn, query.where(HELD.c.id > newest, reach).group_by(HELD.c.reason))


HISTORIES: Final[Mapping[str, Callable[[Connection, Sequence[datetime], Reach], Counted]]] = {
    "cards": cards, "tries": tries, "held": held,
}  # fmt: skip


def tells(delivery: ColumnElement[Any], reach: Reach) -> ColumnElement[bool]:
    """The message tells of a card within reach."""
    if isinstance(reach, True_):
        return true()
    return (
        select(ITEM.c.card).join_from(ITEM, CARD, CARD.c.number == ITEM.c.card)
        .where(ITEM.c.delivery == delivery, reach).exists()
    )  # fmt: skip


def _by_hour(at: ColumnElement[Any], hours: Sequence[datetime], word: ColumnElement[Any]) -> Any:
    counts = [
        func.sum(case((and_(at >= start, at < end), 1), else_=0)).label(f"h{n}")
        for n, (start, end) in enumerate(pairwise(hours))
    ]
    return select(word.label("word"), *counts).where(at >= hours[0], at < hours[-1])


def _read(conn: Connection, query: Any) -> Counted:
    found = {str(row[0]): [int(n or 0) for n in row[1:]] for row in conn.execute(query)}
    return {word: counts for word, counts in sorted(found.items()) if any(counts)}
