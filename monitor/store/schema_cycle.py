"""Tables of the assessment's cycle (考评周期): what is owed by when, and what was done. docs/adr/0050.

Ids are pseudonyms. What people wrote lies in `assessment_word` alone, and goes with its author, with whom it is about,
and after `retention.assessment_words_days`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


def _id() -> Any:
    return Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


class WordRow(SQLModel, table=True):
    """Free text of the cycle, one field of one row of another table."""

    __tablename__ = "assessment_word"
    __table_args__ = (UniqueConstraint("kind", "owner", "name"), Index("ix_assessment_word_author", "author"))
    id: int | None = _id()
    kind: str
    """Table that it belongs to."""
    owner: int = Field(sa_column=Column(BIG_ID, nullable=False))
    """Number of the row there."""
    name: str
    text: str
    author: str
    about: str | None = Field(default=None, index=True)
    """The person, of the registry, whom it is about."""
    written: datetime


class CycleTaskRow(SQLModel, table=True):
    """Something that is owed (待办): the same key is the task of the loop, which reminds and cards. It is ended by the
    act itself, or lifted (免除) by a person.
    """

    __tablename__ = "cycle_task"
    __table_args__ = (UniqueConstraint("task"), Index("ix_cycle_task_hall", "hall", "done_at", "due"))
    id: int | None = _id()
    hall: str
    task: str
    sort: str
    """Of `wording.cycletasks.SORTS`."""
    period: str
    """Date, week, month, quarter or year; of a review its number."""
    due: datetime
    unit: str | None = None
    window: str | None = None
    """Who owes it; neither: the hall's supervision."""
    opened_at: datetime
    done_at: datetime | None = None
    lifted_by: str | None = None


class PatrolRow(SQLModel, table=True):
    """What a patrol (巡查) found: in order, somebody reminded on the spot (当面提醒), or a card by hand."""

    __tablename__ = "patrol"
    __table_args__ = (Index("ix_patrol_hall", "hall", "date"),)
    id: int | None = _id()
    hall: str
    date: date
    round: int
    found: str
    """order, reminded, card."""
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    card: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    entered_by: str
    entered_at: datetime


class WeekSummaryRow(SQLModel, table=True):
    """A week's summary (周小结) with its figures as they were when it was made."""

    __tablename__ = "week_summary"
    __table_args__ = (UniqueConstraint("hall", "week"),)
    id: int | None = _id()
    hall: str
    week: str
    """2026-W10."""
    figures: dict[str, Any] = _json()
    made_by: str
    made_at: datetime


class SelfAssessmentRow(SQLModel, table=True):
    """A window's own assessment of a month (自评, G07) and its review (复核, G17), after which it is locked."""

    __tablename__ = "self_assessment"
    __table_args__ = (UniqueConstraint("hall", "month", "window"),)
    id: int | None = _id()
    hall: str
    month: str
    unit: str
    window: str
    points_cents: int
    handed_by: str
    handed_at: datetime
    reviewed_cents: int | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None


class TalkRow(SQLModel, table=True):
    """A talk (谈话整改, H03–H05) with one of the last of a closed month."""

    __tablename__ = "talk"
    __table_args__ = (UniqueConstraint("hall", "period", "ledger", "whom"),)
    id: int | None = _id()
    hall: str
    period: str
    ledger: str
    whom: str
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    due: datetime
    replaced: bool = False
    """So many months in a row at the bottom that the unit is to put somebody else there (末位淘汰, H05)."""
    held_on: date | None = None
    entered_by: str | None = None
    entered_at: datetime | None = None


class CircularRow(SQLModel, table=True):
    """A circular (通报) on a closed period: drafted by one, issued by another with its number."""

    __tablename__ = "circular"
    __table_args__ = (Index("ix_circular_hall", "hall", "period"),)
    id: int | None = _id()
    hall: str
    period: str
    digest: str
    """Of the closed period that it rests on."""
    state: str = "draft"
    """draft, issued."""
    document: str = ""
    """Its number (文号)."""
    drafted_by: str
    drafted_at: datetime
    issued_by: str | None = None
    issued_at: datetime | None = None
    notice: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    """The public notice that was drafted of it."""


class FeedbackRow(SQLModel, table=True):
    """The written feedback (书面反馈, G18) on a window's closed period to its unit."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("hall", "period", "window"),)
    id: int | None = _id()
    hall: str
    period: str
    unit: str
    window: str
    digest: str
    issued_by: str
    issued_at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


class SentReportRow(SQLModel, table=True):
    """That a receiver of the distribution list (报送、备案: G19, G20) was sent a closed period's report."""

    __tablename__ = "sent_report"
    __table_args__ = (UniqueConstraint("hall", "period", "digest", "recipient"),)
    id: int | None = _id()
    hall: str
    period: str
    digest: str
    recipient: str
    sent_on: date
    document: str = ""
    entered_by: str
    entered_at: datetime


class NominationRow(SQLModel, table=True):
    """Somebody nominated for a quarter's or year's award (先进推荐, G08, H06), confirmed by the head."""

    __tablename__ = "nomination"
    __table_args__ = (UniqueConstraint("hall", "period", "ledger", "whom"),)
    id: int | None = _id()
    hall: str
    period: str
    ledger: str
    whom: str
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    state: str = "nominated"
    """nominated, confirmed, refused."""
    nominated_by: str
    nominated_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None


class ScoreReviewRow(SQLModel, table=True):
    """A review (复核, G15–G16) that a person or window asked for, of an entry or of a closed period's result."""

    __tablename__ = "score_review"
    __table_args__ = (Index("ix_score_review_hall", "hall", "state"),)
    id: int | None = _id()
    hall: str
    ledger: str
    whom: str
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    entry: int | None = Field(default=None, sa_column=Column(BIG_ID, nullable=True))
    period: str | None = None
    state: str = "asked"
    """asked, granted, refused."""
    asked_by: str
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    countered: list[int] = _json()
    """Numbers of the entries that took back what it was about."""


order_text_by_code_point(metadata)
