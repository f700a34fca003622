"""Which subjects have something to be judged in a period, and what was issued on them: for replays. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, func, or_, select

from monitor.model import CardState
from monitor.store.cards import CARD, card_state
from monitor.store.schema import CaseEventRow, RatingRow, Subject
from monitor.store.sql import table_of

CASE: Final = table_of(CaseEventRow)
RATING: Final = table_of(RatingRow)
SUBJECT: Final = table_of(Subject)
ENDS: Final = ("completed", "rejected", "withdrawn", "returned")
UNDONE_BY: Final = ("reopened", "voided")
_CLOCKS: Final = timedelta(days=1)
"""More than any device's clock is corrected by, and than zones lie apart."""


def cases_in(conn: Connection, start: datetime, end: datetime, after: timedelta) -> list[str]:
    """Keys of the cases that could reach a level in [start, end), in order: begun before its end, and either not ended
    for good or still heard of less than `after` before its start.
    """
    times = {name: func.sum(case((CASE.c.event.in_(names), 1), else_=0)) for name, names in _COUNTED.items()}
    going_on = or_(
        func.max(CASE.c.at) >= start - after - _CLOCKS, times["ended"] == 0, times["undone"] > 0
    )  # fmt: skip
    query = select(CASE.c.case_key).group_by(CASE.c.case_key).having(func.min(CASE.c.at) < end + _CLOCKS, going_on)
    return list(conn.execute(query.order_by(CASE.c.case_key)).scalars())


_COUNTED: Final = {"ended": ENDS, "undone": UNDONE_BY}


def dated_in(conn: Connection, kind: str, start: datetime, end: datetime) -> list[str]:
    """Keys of slots or posts (X/DATE/Y) whose date lies in or beside [start, end)."""
    first, last = (start - _CLOCKS).date().isoformat(), (end + _CLOCKS).date().isoformat()
    keys = conn.execute(select(SUBJECT.c.key).where(SUBJECT.c.kind == kind).order_by(SUBJECT.c.key)).scalars()
    return [key for key in keys if first <= key.split("/")[1] <= last]


def ratings_in(conn: Connection, start: datetime, end: datetime, after: timedelta) -> list[str]:
    """Keys of the ratings that could reach a level in [start, end): given before its end, at most `after` earlier."""
    query = select(RATING.c.source, RATING.c.event_id).where(
        RATING.c.at >= start - after - _CLOCKS, RATING.c.at < end + _CLOCKS
    )
    return [f"{row.source}/{row.event_id}" for row in conn.execute(query.order_by(RATING.c.at, RATING.c.id))]


def all_of(conn: Connection, kind: str) -> list[str]:
    """Keys of every subject of a kind."""
    return list(conn.execute(select(SUBJECT.c.key).where(SUBJECT.c.kind == kind).order_by(SUBJECT.c.key)).scalars())


def issued_on(conn: Connection, kinds: Sequence[str], keys: Sequence[str]) -> dict[tuple[str, str], list[CardState]]:
    """Every card on these subjects, whatever its state, by (kind, key)."""
    query = select(CARD).where(CARD.c.kind.in_(kinds), CARD.c.key.in_(keys)).order_by(CARD.c.number)
    found: dict[tuple[str, str], list[CardState]] = {}
    for row in conn.execute(query):
        found.setdefault((row.kind, row.key), []).append(card_state(row))
    return found


def carded(conn: Connection, kind: str, start: datetime) -> Iterator[str]:
    """Keys of the subjects of a kind with a card that reached its level at or after `start`."""
    query = select(CARD.c.key).where(CARD.c.kind == kind, CARD.c.since >= start).distinct()
    yield from conn.execute(query.order_by(CARD.c.key)).scalars()
