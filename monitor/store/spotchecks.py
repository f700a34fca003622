"""Spot checks (抽查, A17): orders, and what was found. What the inspector says lies with the audit, as private text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, update
from sqlalchemy import insert as insert_into

from monitor.store.quick import QuickSelect
from monitor.store.schema import SpotCheckRow
from monitor.store.sql import table_of

SPOT: Final = table_of(SpotCheckRow)
SEEN: Final = ("present", "empty", "short")
"""Results that say what was seen at the window."""


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Order checks; their numbers in the order given."""
    if not rows:
        return []
    statement = insert_into(SPOT).returning(SPOT.c.id, sort_by_parameter_order=True)
    return [int(number) for number in conn.execute(statement, [dict(row) for row in rows]).scalars()]


def find(conn: Connection, number: int, *, lock: bool = False) -> Row[Any] | None:
    query = select(SPOT).where(SPOT.c.id == number)
    return conn.execute(query.with_for_update() if lock else query).first()


def record(conn: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Write down what was found; an earlier result is written over, the audit keeps it."""
    conn.execute(update(SPOT).where(SPOT.c.id == number).values(dict(values)))


def listed(conn: Connection, *, hall: str | None = None, open_only: bool = False) -> Sequence[Row[Any]]:
    """Checks by number: all of them, or those of a hall, or those that nobody has recorded a result of."""
    query = select(SPOT).order_by(SPOT.c.id)
    if hall is not None:
        query = query.where(SPOT.c.hall == hall)
    if open_only:
        query = query.where(SPOT.c.result.is_(None))
    return conn.execute(query).all()


def of_draw(conn: Connection, draw: str) -> Sequence[Row[Any]]:
    return conn.execute(select(SPOT).where(SPOT.c.draw == draw).order_by(SPOT.c.id)).all()


def open_windows(conn: Connection, hall: str) -> set[str]:
    """Windows of a hall with a check that is ordered and not recorded yet."""
    query = select(SPOT.c.window).where(SPOT.c.hall == hall, SPOT.c.result.is_(None))
    return set(conn.execute(query).scalars())


def open_by_hall(conn: Connection) -> dict[str, int]:
    """How many checks wait for their result, by hall."""
    return {row.hall: int(row.n) for row in _OPEN.run(conn)}


_OPEN: Final = QuickSelect(
    lambda _: select(SPOT.c.hall, func.count().label("n")).where(SPOT.c.result.is_(None)).group_by(SPOT.c.hall)
)
_START, _END = (bindparam(name, type_=SPOT.c.seen_at.type) for name in ("start", "end"))
_SEEN: Final = QuickSelect(
    lambda among: (
        select(SPOT)
        .where(among(SPOT.c.window), SPOT.c.result.in_(SEEN), SPOT.c.seen_at >= _START, SPOT.c.seen_at < _END)
        .order_by(SPOT.c.seen_at, SPOT.c.id)
    )
)


def seen(conn: Connection, windows: Iterable[str], start: datetime, end: datetime) -> dict[str, list[Row[Any]]]:
    """What was seen at each of the windows in [start, end), by the time of looking."""
    found: dict[str, list[Row[Any]]] = {}
    for row in _SEEN.run(conn, list(windows), start=start, end=end):
        found.setdefault(row.window, []).append(row)
    return found


def found_empty(conn: Connection, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Checks that found nobody in [start, end)."""
    query = select(SPOT).where(SPOT.c.result == "empty", SPOT.c.seen_at >= start, SPOT.c.seen_at < end)
    return conn.execute(query.order_by(SPOT.c.seen_at, SPOT.c.id)).all()


def ordered_since(conn: Connection, window: str, cause: str, since: datetime) -> bool:
    """Whether a check of the window was ordered for this cause at `since` or later, or one for any cause waits."""
    mine = and_(SPOT.c.cause == cause, SPOT.c.ordered_at >= since)
    query = select(SPOT.c.id).where(SPOT.c.window == window, or_(mine, SPOT.c.result.is_(None))).limit(1)
    return conn.execute(query).first() is not None
