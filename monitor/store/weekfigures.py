"""What a hall's week came to in the store: cards, check-ins as they were judged, patrols. Statements alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from monitor.store.cards import CARD
from monitor.store.cycle import PATROL
from monitor.store.ratings import in_span
from monitor.store.schema import RatingRow
from monitor.store.sql import chunks, table_of
from monitor.store.subjects import SUBJECT

RATING: Final = table_of(RatingRow)
LEVELS: Final = ("yellow", "red")


def cards(conn: Connection, hall: str, start: datetime, end: datetime) -> dict[str, dict[str, int]]:
    """Cards issued in [start, end) that stand, by rule and level; those of imported history are none of the week's."""
    query = (
        select(CARD.c.rule, CARD.c.level, func.count().label("number"))
        .where(
            CARD.c.hall == hall, CARD.c.issued >= start, CARD.c.issued < end, CARD.c.level.in_(LEVELS),
            CARD.c.state != "withdrawn", CARD.c.historic.is_(False),
        )
        .group_by(CARD.c.rule, CARD.c.level)
    )  # fmt: skip
    found: dict[str, dict[str, int]] = {}
    for row in conn.execute(query.order_by(CARD.c.rule, CARD.c.level)):
        found.setdefault(row.rule, {})[row.level] = int(row.number)
    return found


def slots(conn: Connection, hall: str, days: Sequence[date]) -> dict[str, int]:
    """Check-in slots of these dates by what they were judged."""
    key = SUBJECT.c.key
    query = select(SUBJECT.c.verdict, func.count().label("number")).where(
        SUBJECT.c.kind == "slot", SUBJECT.c.hall == hall, or_(*(key.like(f"%/{day}/%") for day in days))
    )
    return {row.verdict: int(row.number) for row in conn.execute(query.group_by(SUBJECT.c.verdict)).all()}


def ratings(
    conn: Connection, windows: Sequence[str], start: datetime, end: datetime, bad_at_most: int
) -> dict[str, int]:
    """Ratings at these windows, and of them the bad ones."""
    total = bad = 0
    for batch in chunks(list(windows)):
        query = select(RATING.c.score, func.count()).where(in_span(start, end), RATING.c.window.in_(batch))
        for score, number in conn.execute(query.group_by(RATING.c.score)):
            total += int(number)
            bad += int(number) if score <= bad_at_most else 0
    return {"total": total, "bad": bad}


def patrols(conn: Connection, hall: str, days: Sequence[date]) -> dict[str, Any]:
    """Rounds that were made, and entries by what they found."""
    mine = (PATROL.c.hall == hall, PATROL.c.date.in_(list(days)))
    found = select(PATROL.c.found, func.count().label("number")).where(*mine).group_by(PATROL.c.found)
    rounds = select(PATROL.c.date, PATROL.c.round).where(*mine).distinct().subquery()
    made = conn.execute(select(func.count()).select_from(rounds)).scalar_one()
    return {"rounds": int(made), **{row.found: int(row.number) for row in conn.execute(found)}}
