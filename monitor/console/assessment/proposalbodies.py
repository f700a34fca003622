"""Proposals and entries by hand in the API (待查实、人工登记): what is given and answered, so that OpenAPI says it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from monitor.console.cardbodies import FileIn, Plain
from monitor.console.devicebodies import PLAIN, Stamp
from monitor.console.latemodel import LateModel
from monitor.model import Registry
from monitor.supervision.assessment.inbox import Line, Posted, ProposalFile, mark_of
from monitor.supervision.assessment.ledgerlist import stamp_of
from monitor.supervision.bulk import MOST
from monitor.supervision.commands import MOST_WORDS
from monitor.supervision.files import MOST_FILES

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=PLAIN)]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Points = Annotated[str, Field(description="Two places; below zero a deduction.")]
State = Literal["open", "confirmed", "rejected", "withdrawn"]
WhyNot = Literal["role", "settled", "proposer", "charged", "confirmer", "no_evidence"]


class DecideIn(Plain):
    reason: str = Field(
        description="What was looked at; private.",
        json_schema_extra={"minLength": 1, "maxLength": MOST_WORDS, "pattern": r"\S"},
    )


class DecideAllIn(DecideIn):
    numbers: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] = Field(min_length=1, max_length=MOST)


class ProposalOut(LateModel):
    number: int
    state: State
    hall: str
    ledger: Literal["window", "staff"]
    whom: str
    row: str
    book: str
    source: str
    fact: str
    points: Points
    month: str
    date: date
    unit: str | None
    window: str | None
    staff: str | None
    cards: list[int]
    figures: dict[str, Any]
    proposer: str | None = Field(description="null: the program.")
    why_open: str
    proposed_at: Stamp
    decided_by: str | None
    decided_at: Stamp | None
    mark: int | None = Field(description="The entry by hand that it rests on.")
    may_not_confirm: WhyNot | None = Field(description="Why the bearer may not; null: they may.")
    may_not_reject: WhyNot | None


class PostedOut(LateModel):
    entry: int
    points: Points
    month: str = Field(description="That it is booked in.")
    of_month: str
    revision: int
    reverses: int | None
    posted_at: Stamp
    posted_by: str
    stands: bool


class ProposalFileOut(ProposalOut):
    same: list[int] = Field(description="All proposals of the same fact, row and charged, by number.")
    entries: list[PostedOut]


class BookedOut(LateModel):
    ledger: Literal["window", "staff"]
    whom: str
    row: str
    points: Points
    month: str
    of_month: str


class DecidedOut(LateModel):
    number: int
    state: State
    entries: list[BookedOut] = Field(description="What was posted.")


class ForeseenOut(LateModel):
    number: int
    entries: list[BookedOut] = Field(description="What would be posted now.")
    refused: str | None


class RefusedOut(LateModel):
    number: int
    detail: str


class AllDecidedOut(LateModel):
    done: list[int]
    refused: list[RefusedOut]


class MarkIn(Plain):
    """Which fields a row demands says `GET /api/v1/assessment/marks/rows`."""

    hall: Name
    row: Name
    day: Annotated[date, Field(strict=False)] = Field(alias="date")
    text: str = Field(
        description="What happened; private.", json_schema_extra={"minLength": 1, "maxLength": MOST_WORDS}
    )
    unit: Name | None = None
    window: Name | None = None
    staff: Name | None = None
    rung: Annotated[str, Field(max_length=20, pattern=PLAIN)] = ""
    event: Annotated[str, Field(max_length=200, pattern=PLAIN)] = ""
    document: Annotated[str, Field(max_length=200, pattern=PLAIN)] = ""
    amount: Annotated[Decimal, Field(strict=False, allow_inf_nan=False)] = Decimal(1)
    files: list[FileIn] = Field(default=[], max_length=MOST_FILES)


class MarkedOut(LateModel):
    number: int
    state: Literal["entered", "withdrawn"]


class MarkOut(LateModel):
    id: int
    hall: str
    row: str
    rung: str
    event: str
    amount: str
    unit: str | None
    window: str | None
    staff: str | None
    date: date
    document: str
    text: str | None = Field(description="null: erased.")
    entered_by: str
    entered_at: Stamp
    withdrawn_by: str | None
    withdrawn_at: Stamp | None
    states: list[State] = Field(description="Of its proposals within reach; empty: not proposed yet.")


class MarkFilePartOut(LateModel):
    id: int
    name: str
    media_type: str
    length: int
    digest: str
    erased: bool


class MarkFileOut(MarkOut):
    files: list[MarkFilePartOut]
    proposals: list[int]


class RungOut(LateModel):
    rung: str
    points: Points


class MarkRowOut(LateModel):
    row: str
    article: str
    name: dict[str, str] = Field(description="`zh` and `en`.")
    points: Points | None = Field(description="null: by its rungs.")
    rungs: list[RungOut]
    charges: list[str]
    whom: list[str] = Field(description="Which of staff, window, unit may be named, one at least.")
    event: bool = Field(description="Whether a happening must be named.")
    evidence: bool = Field(description="Whether a document's number or a file is demanded.")
    amount_most: str | None = Field(description="Of the amount; null: it counts none.")


def line_json(line: Line, registry: Registry) -> dict[str, Any]:
    """A proposal as `ProposalOut` has it."""
    one = line.proposal
    return {
        "number": line.number, "state": one.state, "hall": line.hall, **one.key._asdict(), "book": line.book,
        "points": str(one.points), "month": f"{one.date:%Y-%m}", "date": one.date, "unit": one.unit,
        "window": one.window, "staff": one.staff, "cards": list(one.cards), "figures": one.figures,
        "proposer": one.proposer, "why_open": one.why_open, "decided_by": one.decided_by, "mark": mark_of(one.key),
        "proposed_at": stamp_of(line.proposed_at, line.hall, registry),
        "decided_at": stamp_of(line.decided_at, line.hall, registry),
        "may_not_confirm": line.confirm, "may_not_reject": line.reject,
    }  # fmt: skip


def file_json(found: ProposalFile, registry: Registry) -> dict[str, Any]:
    hall = found.line.hall
    return {
        **line_json(found.line, registry), "same": [line.number for line in found.asked],
        "entries": [_posted(one, hall, registry) for one in found.posted],
    }  # fmt: skip


def _posted(one: Posted, hall: str, registry: Registry) -> dict[str, Any]:
    entry = one.entry
    return {
        "entry": entry.number, "points": str(entry.points), "month": entry.month, "of_month": entry.of_month,
        "revision": entry.revision, "reverses": entry.reverses, "posted_by": one.posted_by, "stands": one.stands,
        "posted_at": stamp_of(one.posted_at, hall, registry),
    }  # fmt: skip


def booked_json(entry: Any) -> dict[str, Any]:
    """An entry as `BookedOut` has it."""
    return {
        "ledger": entry.key.ledger, "whom": entry.key.whom, "row": entry.key.row, "points": str(entry.points),
        "month": entry.month, "of_month": entry.of_month,
    }  # fmt: skip
