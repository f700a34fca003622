"""Rows of the assessment's cycle (考评周期). Statements alone; the caller commits. docs/adr/0050."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, func, insert, or_, select, update

from monitor.store.schema_assessment import ClosedPeriodRow, PeriodResultRow, ScoreEntryRow
from monitor.store.schema_cycle import (
    CircularRow,
    CycleTaskRow,
    FeedbackRow,
    NominationRow,
    PatrolRow,
    ScoreReviewRow,
    SelfAssessmentRow,
    SentReportRow,
    TalkRow,
    WeekSummaryRow,
    WordRow,
)
from monitor.store.sql import chunks, table_of
from monitor.store.sql import insert as upsert

WORD: Final = table_of(WordRow)
TASK: Final = table_of(CycleTaskRow)
PATROL: Final = table_of(PatrolRow)
WEEK: Final = table_of(WeekSummaryRow)
SELF: Final = table_of(SelfAssessmentRow)
TALK: Final = table_of(TalkRow)
CIRCULAR: Final = table_of(CircularRow)
FEEDBACK: Final = table_of(FeedbackRow)
SENT: Final = table_of(SentReportRow)
NOMINATION: Final = table_of(NominationRow)
REVIEW: Final = table_of(ScoreReviewRow)
CLOSED: Final = table_of(ClosedPeriodRow)
RESULT: Final = table_of(PeriodResultRow)
ENTRY: Final = table_of(ScoreEntryRow)


# --------------------------------------------------------------------------- rows


def add(conn: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Its number."""
    return int(conn.execute(insert(table).returning(table.c.id), [dict(values)]).scalar_one())


def add_missing(conn: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Those that there are already stay as they are."""
    for batch in chunks(rows):
        conn.execute(upsert(conn, table).on_conflict_do_nothing(), [dict(row) for row in batch])


def change(conn: Connection, table: Table, number: int, *still: ColumnElement[bool], **values: Any) -> bool:
    """False where it is not `still` so: of two at once one is first."""
    return int(conn.execute(update(table).where(table.c.id == number, *still).values(**values)).rowcount) == 1


def find(conn: Connection, table: Table, *wanted: ColumnElement[bool]) -> Row[Any] | None:
    """The row, locked until the end of the transaction."""
    return conn.execute(select(table).where(*wanted).with_for_update()).first()


def listed(
    conn: Connection, table: Table, wanted: Iterable[ColumnElement[bool]], before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """The newest first."""
    query = select(table).where(*wanted)
    if before is not None:
        query = query.where(table.c.id < before)
    return conn.execute(query.order_by(table.c.id.desc()).limit(limit)).all()


# --------------------------------------------------------------------------- words


def say(
    conn: Connection, table: Table, owner: int, words: Mapping[str, str], *, author: str, about: str | None,
    now: datetime,
) -> None:  # fmt: skip
    """Keep what somebody wrote on a row, by the name of its field; what stood under a name is written over."""
    for name, text in words.items():
        conn.execute(delete(WORD).where(WORD.c.kind == table.name, WORD.c.owner == owner, WORD.c.name == name))
        if text:
            values = {"kind": table.name, "owner": owner, "name": name, "text": text}
            conn.execute(insert(WORD).values(**values, author=author, about=about, written=now))


def said(conn: Connection, table: Table, owners: Iterable[int]) -> dict[tuple[int, str], str]:
    """Texts by (number of the row, name of the field)."""
    found: dict[tuple[int, str], str] = {}
    for batch in chunks(owners):
        query = select(WORD.c.owner, WORD.c.name, WORD.c.text).where(WORD.c.kind == table.name)
        found |= {(row.owner, row.name): row.text for row in conn.execute(query.where(WORD.c.owner.in_(batch)))}
    return found


def forget(conn: Connection, kind: str, person: str) -> int:
    """What a user wrote, or what is about a member of staff; how many texts went."""
    column = WORD.c.author if kind == "user" else WORD.c.about
    return int(conn.execute(delete(WORD).where(column == person)).rowcount)


def without(conn: Connection, name: str, word: str) -> int:
    """Replace a name in every text (erasure of a person): of circulars and weeks, which are about several; how many."""
    named = update(WORD).where(WORD.c.text.contains(name, autoescape=True))
    return int(conn.execute(named.values(text=func.replace(WORD.c.text, name, word))).rowcount)


# --------------------------------------------------------------------------- closed periods


def closed(conn: Connection, hall: str, period: str) -> Row[Any] | None:
    """The newest version of a closed period."""
    query = select(CLOSED).where(CLOSED.c.hall == hall, CLOSED.c.period == period)
    return conn.execute(query.order_by(CLOSED.c.version.desc()).limit(1)).first()


def closed_since(conn: Connection, hall: str, since: datetime) -> Sequence[Row[Any]]:
    """First versions of the periods that were closed since then."""
    query = select(CLOSED).where(CLOSED.c.hall == hall, CLOSED.c.version == 1, CLOSED.c.closed_at >= since)
    return conn.execute(query.order_by(CLOSED.c.id)).all()


def closed_periods(conn: Connection, hall: str) -> Sequence[Row[Any]]:
    """First versions of all closed periods of a hall, the newest closing first."""
    query = select(CLOSED).where(CLOSED.c.hall == hall, CLOSED.c.version == 1)
    return conn.execute(query.order_by(CLOSED.c.id.desc())).all()


def reviews_open(conn: Connection, hall: str, periods: Collection[str]) -> Sequence[Row[Any]]:
    """Reviews that nobody has decided: of what these periods came to, of entries that are booked in them. By number."""
    booked = select(ENTRY.c.id).where(ENTRY.c.hall == hall, ENTRY.c.month.in_(sorted(periods)))
    of = or_(REVIEW.c.period.in_(sorted(periods)), REVIEW.c.entry.in_(booked))
    query = select(REVIEW).where(REVIEW.c.hall == hall, REVIEW.c.state == "asked", of)
    return conn.execute(query.order_by(REVIEW.c.id)).all()


def results(conn: Connection, hall: str, period: str, *wanted: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """What a closed period came to, by ledger and id."""
    query = select(RESULT).where(RESULT.c.hall == hall, RESULT.c.period == period, *wanted)
    return conn.execute(query.order_by(RESULT.c.ledger, RESULT.c.whom)).all()


def nominees(conn: Connection, hall: str) -> frozenset[tuple[str, str]]:
    """(period, person) of each nomination that the head has confirmed."""
    query = select(NOMINATION.c.period, NOMINATION.c.whom).where(
        NOMINATION.c.hall == hall, NOMINATION.c.ledger == "staff", NOMINATION.c.state == "confirmed"
    )
    return frozenset((row.period, row.whom) for row in conn.execute(query))
