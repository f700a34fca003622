"""What people did to cards that a look at `now` does not see yet.

Two replicas' clocks differ, and a step may be committed between the moment that a look calls `now` and its claim: it is
in the store, and later than `now`. Its mark is spent by that claim, so whoever looks has to look again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from monitor.store.facts.look import Look
from monitor.store.quick import QuickSelect
from monitor.store.schema import Card, CardEvent
from monitor.store.sql import table_of

CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)
_AHEAD: Final = QuickSelect(
    lambda among: (
        select(CARD.c.key, func.min(NOTICE.c.at).label("at"))
        .join(NOTICE, NOTICE.c.card == CARD.c.number)
        .where(
            CARD.c.kind == bindparam("kind", type_=CARD.c.kind.type),
            among(CARD.c.key),
            NOTICE.c.at > bindparam("now", type_=NOTICE.c.at.type),
        )
        .group_by(CARD.c.key)
    )
)


def steps_ahead(look: Look, kind: str, keys: Sequence[str]) -> dict[str, datetime]:
    """By key of the cards of this kind: when the next change of them comes into view; those without are left out."""
    return {row.key: row.at for row in _AHEAD.run(look.conn, keys, kind=kind, now=look.now)}


def earliest_of(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)
