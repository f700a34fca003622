"""The second half of the cycle (通报、反馈、报送、表彰、复核) in the API: what is given and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from monitor.console.assessment.cyclebodies import In, Text
from monitor.console.cards import INT64
from monitor.console.devicebodies import Name, Stamp
from monitor.console.latemodel import LateModel
from monitor.supervision.notices import MOST_DAYS

Number = Annotated[int, Field(ge=1, le=INT64)]
Period = Annotated[str, Field(max_length=20, description="2026-03, 2026-Q1, 2026-H1 or 2026; it is signed off.")]
Words = Annotated[dict[str, str], Field(description="What people wrote, by field, as far as it is kept.")]


class DraftIn(In):
    hall: Name
    period: Period
    title: Annotated[str, Field(max_length=200)]
    text: Text


class RedraftIn(In):
    title: Annotated[str, Field(max_length=200)]
    text: Text


class IssueIn(In):
    document: str = Field(description="Its number (文号).")
    public_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = Field(
        None, description="A public notice of it is drafted for so many days; somebody else releases it."
    )
    public_text: str = Field("", description="What the notice says; else the circular's own text.")
    seen: str | None = Field(None, description="`mark` of what was read: 409 where it was drafted anew since.")


class IssuedOut(LateModel):
    number: int
    notice: int | None


class CorrectionOut(LateModel):
    number: int
    at: Stamp
    month: str


class CircularOut(LateModel):
    """`words`: `title`, `text`."""

    number: int
    hall: str
    period: str
    digest: str = Field(description="Of what was signed that it rests on.")
    state: Literal["draft", "issued"]
    document: str
    drafted_by: str
    drafted_at: Stamp
    issued_by: str | None
    issued_at: Stamp | None
    notice: int | None
    words: Words


class CircularFileOut(CircularOut):
    mark: str
    corrections: list[CorrectionOut] = Field(description="Entries of a later month that correct its period.")


class ProposedOut(LateModel):
    title: str
    text: str
    called: list[str] = Field(description="Ids of those whom an effect calls a circular for.")


class PeriodIn(In):
    hall: Name
    period: Period


class ManyOut(LateModel):
    issued: int


class FeedbackOut(LateModel):
    """`words`: `answer`."""

    number: int
    hall: str
    period: str
    unit: str
    window: str
    digest: str
    issued_by: str
    issued_at: Stamp
    acknowledged_by: str | None
    acknowledged_at: Stamp | None
    answered_by: str | None
    answered_at: Stamp | None
    due: Stamp | None = Field(description="Of the answer; null where none is owed.")
    overdue: bool
    words: Words


class AnswerIn(In):
    text: Text


class SentIn(In):
    hall: Name
    period: Period
    to: Annotated[str, Field(max_length=200)]
    on: Annotated[date, Field(strict=False)]
    document: str = ""


class SentOut(LateModel):
    number: int
    hall: str
    period: str
    digest: str
    recipient: str
    sent_on: date
    document: str
    entered_by: str
    entered_at: Stamp


class OwingOut(LateModel):
    hall: str
    period: str
    recipient: str
    due: Stamp | None


class NominateIn(In):
    window: Name
    period: Period
    staff: Name
    reason: Text


class NominationOut(LateModel):
    """`words`: `reason`, `decision`."""

    number: int
    hall: str
    period: str
    ledger: str
    whom: str
    unit: str | None
    window: str | None
    staff: str | None
    state: Literal["nominated", "confirmed", "refused"]
    nominated_by: str
    nominated_at: Stamp
    decided_by: str | None
    decided_at: Stamp | None
    words: Words


class CandidateOut(LateModel):
    staff: str
    points: str | None
    grade: str
    here: bool = Field(description="Stood at the window as the period ended.")
    barred: list[str] = Field(description="Effects that take an award away.")
    taken: bool = Field(description="Nominated already.")


class SeatOut(LateModel):
    window: str
    place: int | None
    points: str
    signed: list[str] = Field(description="People whom the signed period itself awards there.")
    nomination: int | None
    candidates: list[CandidateOut] = Field(description="Of windows for which the bearer may nominate; else empty.")


class YearOut(LateModel):
    """Awards and praise of a year; ids, and rows of the rule book, with how often."""

    year: str
    windows: dict[str, int]
    quarters: dict[str, int]
    people: dict[str, int]
    praise: dict[str, int]


class VerdictIn(In):
    confirm: bool
    reason: Text = ""


class ListOut(LateModel):
    windows: list[str]
    staff: list[str]


class AskIn(In):
    """Either `entry`, or `hall`, `period`, `ledger` and `whom`."""

    entry: Number | None = None
    hall: Name | None = None
    period: Period | None = None
    ledger: Literal["window", "staff"] | None = None
    whom: Name | None = None
    reason: Text


class DecideIn(In):
    grant: bool
    reason: Text
    entries: list[Number] = Field([], max_length=200, description="Of a result: those that are found wrong.")


class DecidedOut(LateModel):
    number: int
    countered: list[int] = Field(description="Entries that take back what was granted.")


class ReviewOut(LateModel):
    """`words`: `reason`, `decision`."""

    number: int
    hall: str
    ledger: str
    whom: str
    unit: str | None
    window: str | None
    staff: str | None
    entry: int | None
    period: str | None
    state: Literal["asked", "granted", "refused"]
    asked_by: str
    asked_at: Stamp
    decided_by: str | None
    decided_at: Stamp | None
    countered: list[int]
    words: Words


class ReviewFileOut(ReviewOut):
    due: Stamp | None = Field(description="By when it is to be decided.")
    hands: list[str] = Field(description="Why the bearer does not decide it: asked, charged, found, confirmed, closed.")
    entries: list[int] = Field(description="Entries that it is about, and that stand.")
