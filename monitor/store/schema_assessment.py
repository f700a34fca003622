"""Tables of assessment (考评): rule books, ledgers, proposals, what people entered, closed periods. docs/adr/0046.

Points are whole hundredths. Ids are pseudonyms; what people wrote lies in private fields of the audit rows and in
`private_text` (DESIGN §1F).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from monitor.store.schema import BIG_ID, metadata, order_text_by_code_point


def _id() -> Any:
    return Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


class RuleBookRow(SQLModel, table=True):
    """A rule book (考评细则) in force at a hall from a month on, until another is; the newest row of a month stands."""

    __tablename__ = "rule_book"
    __table_args__ = (Index("ix_rule_book_hall", "hall", "first_month"),)
    id: int | None = _id()
    hall: str
    first_month: str
    """YYYY-MM."""
    name: str
    version: str
    """NAME@DIGEST; reports print it."""
    body: str
    """TOML, as it was given."""
    changed_by: str
    changed_at: datetime


class ScoreEntryRow(SQLModel, table=True):
    """A line of a window's or person's ledger (分类账): inserted, never changed."""

    __tablename__ = "score_entry"
    __table_args__ = (
        UniqueConstraint("hall", "ledger", "whom", "row", "source", "fact", "revision"),
        Index("ix_score_entry_month", "hall", "month", "ledger", "whom"),
        Index("ix_score_entry_fact", "hall", "of_month"),
    )
    id: int | None = _id()
    hall: str
    ledger: str
    """window or staff."""
    whom: str
    row: str
    source: str
    fact: str
    revision: int
    reverses: int | None = None
    points_cents: int
    month: str
    """That it is booked in."""
    of_month: str
    """That of its fact: the closed one, for a correction."""
    at: datetime
    date: date
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    proposer: str | None = None
    confirmer: str | None = None
    cards: list[int] = _json()
    figures: dict[str, Any] = _json()
    book: str
    """Version of the rule book that made it."""
    posted_at: datetime
    posted_by: str


class ScoreProposalRow(SQLModel, table=True):
    """A claim that waits for a person (经查实), or that one decided. Changed until it is decided, then never."""

    __tablename__ = "score_proposal"
    __table_args__ = (
        Index("ix_score_proposal_key", "hall", "ledger", "whom", "row", "source", "fact"),
        Index("ix_score_proposal_state", "hall", "state", "id"),
    )
    id: int | None = _id()
    hall: str
    ledger: str
    whom: str
    row: str
    source: str
    fact: str
    points_cents: int
    state: str = "open"
    month: str
    """That of its fact."""
    at: datetime
    date: date
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    proposer: str | None = None
    why_open: str
    cards: list[int] = _json()
    figures: dict[str, Any] = _json()
    book: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None


class ScoreMarkRow(SQLModel, table=True):
    """What a person entered (人工登记): a deduction or bonus that no feed tells of. Withdrawn, never changed; its text
    lies in `private_text` of kind `score_mark`.
    """

    __tablename__ = "score_mark"
    __table_args__ = (Index("ix_score_mark_hall", "hall", "date"),)
    id: int | None = _id()
    hall: str
    row: str
    rung: str = ""
    event: str = ""
    amount_cents: int = 100
    date: date
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    document: str = ""
    """Letter's number or the like; files are in `mark_file`."""
    entered_by: str
    entered_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class MarkFileRow(SQLModel, table=True):
    """A file that came with a mark (凭证). Retention and erasure take `name` and `content`; the digest stays."""

    __tablename__ = "mark_file"
    __table_args__ = (UniqueConstraint("mark", "digest"),)
    id: int | None = _id()
    mark: int = Field(sa_column=Column(BIG_ID, nullable=False))
    name: str
    media_type: str
    length: int = Field(sa_column=Column(BigInteger, nullable=False))
    digest: str
    """SHA-256 of the content, hex."""
    content: bytes | None = None
    added_at: datetime


class ClosedPeriodRow(SQLModel, table=True):
    """A month, quarter, half year or year that was signed off (结账): closed is closed, the version is always 1."""

    __tablename__ = "closed_period"
    __table_args__ = (UniqueConstraint("hall", "period", "version"),)
    id: int | None = _id()
    hall: str
    period: str
    """2026-03, 2026-Q1, 2026-H1 or 2026."""
    version: int = 1
    book: str
    digest: str
    """SHA-256 of what is signed: the kept snapshot without its names (`assessment.kept`)."""
    inputs: str
    """SHA-256 of the facts, entries and choices that it was made of."""
    closed_at: datetime
    closed_by: str
    role: str


class KeptScoresRow(SQLModel, table=True):
    """The snapshot of a closed period: all that its reports are made of, names included, compressed."""

    __tablename__ = "kept_scores"
    __table_args__ = (UniqueConstraint("hall", "period", "version"),)
    id: int | None = _id()
    hall: str
    period: str
    version: int = 1
    kept_at: datetime
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PeriodResultRow(SQLModel, table=True):
    """What a closed period came to for one window or person: the next periods' streaks and awards rest on these."""

    __tablename__ = "period_result"
    __table_args__ = (UniqueConstraint("hall", "period", "ledger", "whom"),)
    id: int | None = _id()
    hall: str
    period: str
    ledger: str
    whom: str
    points_cents: int
    grade: str
    rank: int | None = None
    """None: too little is known to give a place."""
    bottom: bool = False
    awarded: bool = False
    window: str | None = None
    """Where the person stood at the period's end; the window itself in the ledger of windows."""
    effects: list[str] = _json()
    """Effects that stood when it was closed, as `EFFECT row`."""


order_text_by_code_point(metadata)
