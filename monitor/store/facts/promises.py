"""What people promised when they acknowledged cards (签收承诺), by the key of the card's subject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.model import Charge
from monitor.store.facts.look import Look
from monitor.store.schema import Card, CardEvent
from monitor.store.sql import table_of
from monitor.timeliness.facts import Promise

CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)
RULE: Final = "order.promise"
SETTLING: Final = ("answered", "rectified", "closed")


def promises_of(look: Look, keys: Sequence[str]) -> dict[str, list[Promise]]:
    """Each promise with when it was settled: by an answer, or by the end of the card (a device that came back).

    A card that was withdrawn promises nothing any more; an answer to the reminder answers what it reminds of.
    """
    steps = (
        select(NOTICE.c.sequence, NOTICE.c.at, NOTICE.c.event, NOTICE.c.body, *CARD.c)
        .join(CARD, CARD.c.number == NOTICE.c.card)
        .where(CARD.c.key.in_(keys), CARD.c.state != "withdrawn", NOTICE.c.at <= look.now)
        .where(CARD.c.promised_at.is_not(None) | (CARD.c.rule == RULE))
        .where(NOTICE.c.event.in_(("acknowledged", *SETTLING)))
        .order_by(NOTICE.c.at, NOTICE.c.card, NOTICE.c.sequence)
    )
    made: dict[str, tuple[Row[Any], datetime]] = {}
    settled: dict[str, datetime] = {}
    for row in look.conn.execute(steps):
        promised = (row.body or {}).get("promised_at")
        if row.event == "acknowledged" and promised and row.rule != RULE:
            made[f"{row.number}/{row.sequence}"] = (row, datetime.fromisoformat(promised))
        elif row.event in SETTLING:
            own = [one for one, (card, _) in made.items() if card.number == row.number]
            for one in [row.episode] if row.rule == RULE else own:
                settled.setdefault(one, row.at)
    found: dict[str, list[Promise]] = {}
    for one, (row, due) in made.items():
        ended = row.cleared_at if row.state == "closed" else None
        charge = Charge(hall=row.hall, unit=row.unit, window=row.window)  # a reminder to supervision, on nobody
        promise = Promise(
            id=one, card=row.number, made_at=row.at, due_at=due, settled_at=settled.get(one, ended), charge=charge
        )
        found.setdefault(row.key, []).append(promise)
    return found
