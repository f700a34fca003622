"""Ratings (评价) as pages and the API read them: counted by score, one by one, cases without any. Statements alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, literal, literal_column, or_, select

from monitor.evaluators.satisfaction import Scores
from monitor.store.gauges import CARD, RATING
from monitor.store.retention import TEXT
from monitor.store.schema import CaseStatRow
from monitor.store.sql import chunks, table_of
from monitor.workcal.tables import micros

STAT: Final = table_of(CaseStatRow)
Condition: TypeAlias = ColumnElement[bool]
BAD: Final = "rating.bad"
ASIDE: Final = ("misjudged", "malicious")
KEY: Final = RATING.c.source + "/" + RATING.c.event_id
OWNER: Final = literal("rating:") + KEY


def in_span(start: datetime, end: datetime) -> Condition:
    """[start, end), by the time that the device wrote; as the metric counts them."""
    return and_(RATING.c.at >= start, RATING.c.at < end)


def with_comment() -> Condition:
    return exists().where(TEXT.c.owner == OWNER, TEXT.c.name == "comment")


def was_set_aside() -> Condition:
    """That it was found misjudged or malicious; asked of bad ratings alone, for a card is looked up for each."""
    return exists().where(CARD.c.kind == "rating", CARD.c.key == KEY, CARD.c.followup.in_(ASIDE))


def bucket_of(edges: Sequence[datetime]) -> ColumnElement[int]:
    """In which of the spans between three or more ascending edges a rating lies, from 0: a search by halves, exact in
    any zone.
    """

    def within(low: int, high: int) -> ColumnElement[int]:
        if high - low <= 1:
            return literal_column(str(low))
        middle = (low + high) // 2
        return case((RATING.c.at < edges[middle], within(low, middle)), else_=within(middle, high))

    return within(0, len(edges) - 1)


def tally(
    conn: Connection, where: Iterable[Condition], bad_at_most: int, by: str | ColumnElement[int] | None = None
) -> dict[Any, Scores]:
    """Scores by the rating's `window` or `staff`, by its case's `item`, or by an expression; under None all of them."""
    table = RATING.outerjoin(STAT, STAT.c.case_key == RATING.c.case_key) if by == "item" else RATING
    each = [_many(RATING.c.score == score) for score in range(1, 6)]
    aside = [_many(and_(RATING.c.score == score, was_set_aside())) for score in range(1, bad_at_most + 1)]
    parts = [_group(by).label("part")] if by is not None else []
    query = select(*each, *aside, *parts).select_from(table).where(*where)
    if parts:  # by name: PostgreSQL takes an expression with values for another one each time
        query = query.group_by(literal_column("part"))
    return {(row[-1] if parts else None): _scores(row[:5], row[5 : 5 + len(aside)]) for row in conn.execute(query)}


def _many(condition: Condition) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _scores(each: Sequence[int], aside: Sequence[int]) -> Scores:
    one, two, three, four, five = (int(n) - int(m) for n, m in zip_longest(each, aside, fillvalue=0))
    return Scores(counted=(one, two, three, four, five), set_aside=sum(int(m) for m in aside))


def _group(by: str | ColumnElement[int]) -> ColumnElement[Any]:
    if isinstance(by, str):
        return STAT.c.item if by == "item" else RATING.c[by]
    return by


def rows(
    conn: Connection, where: Iterable[Condition], after: tuple[datetime, int] | None, limit: int
) -> Sequence[Row[Any]]:
    """Ratings, the newest first, behind the one of (at, id); with the item of their case."""
    query = select(RATING, STAT.c.item).select_from(RATING.outerjoin(STAT, STAT.c.case_key == RATING.c.case_key))
    if after is not None:
        at, number = after
        query = query.where(RATING.c.at <= at, or_(RATING.c.at < at, RATING.c.id < number))
    ordered = query.where(*where).order_by(RATING.c.at.desc(), RATING.c.id.desc())
    found: Sequence[Row[Any]] = conn.execute(ordered.limit(limit)).all()
    return found


def comments(conn: Connection, keys: Iterable[str]) -> dict[str, str]:
    """The comments that are still there, by DEVICE/EVENT-ID."""
    found = {}
    for some in chunks([f"rating:{key}" for key in keys]):
        query = select(TEXT.c.owner, TEXT.c.text).where(TEXT.c.owner.in_(some), TEXT.c.name == "comment")
        found.update({row.owner.removeprefix("rating:"): row.text for row in conn.execute(query)})
    return found


def cards_of(conn: Connection, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """The card of each bad rating (number, level, state, followup), by DEVICE/EVENT-ID."""
    found: dict[str, Row[Any]] = {}
    columns = ("number", "key", "level", "state", "followup")
    for some in chunks(list(keys)):
        query = select(*(CARD.c[name] for name in columns)).where(
            CARD.c.kind == "rating", CARD.c.key.in_(some), CARD.c.rule == BAD
        )
        for row in conn.execute(query.order_by(CARD.c.number)):
            found[row.key] = row
    return found


# --------------------------------------------------------------------------- cases and whether they were rated


def completed_in(start: datetime, end: datetime) -> Condition:
    """Not of an imported past: nobody was asked to rate what was over before there were evaluators."""
    within = and_(STAT.c.ended_us >= micros(start), STAT.c.ended_us < micros(end))
    return and_(within, STAT.c.end == "completed", STAT.c.historic.is_(False))


def is_rated() -> Condition:
    """Whether any rating names the case, of whichever stage and way."""
    return exists().where(RATING.c.case_key == STAT.c.case_key)


def cases(conn: Connection, where: Iterable[Condition], by: str | None = None) -> dict[Any, tuple[int, int]]:
    """(completed cases, those of them that were rated) by a column of the case; under None all of them."""
    rated = func.coalesce(func.sum(case((is_rated(), 1), else_=0)), 0)
    query = select(func.count(), rated).where(*where)
    if by is None:
        done, had = conn.execute(query).one()
        return {None: (int(done), int(had))}
    grouped = query.add_columns(STAT.c[by]).group_by(STAT.c[by])
    return {part: (int(done), int(had)) for done, had, part in conn.execute(grouped)}


def unrated(
    conn: Connection, where: Iterable[Condition], after: tuple[int, str] | None, limit: int
) -> Sequence[Row[Any]]:
    """Completed cases that nobody rated, the newest first, behind the one of (ended_us, case)."""
    query = select(STAT).where(*where, ~is_rated())
    if after is not None:
        at, key = after
        query = query.where(STAT.c.ended_us <= at, or_(STAT.c.ended_us < at, STAT.c.case_key < key))
    ordered = query.order_by(STAT.c.ended_us.desc(), STAT.c.case_key.desc())
    found: Sequence[Row[Any]] = conn.execute(ordered.limit(limit)).all()
    return found
