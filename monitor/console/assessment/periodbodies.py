"""Closing a period of assessment in the API: what is given and what is answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from monitor.console.devicebodies import Name, Stamp
from monitor.console.latemodel import LateModel

Period = Annotated[str, Field(max_length=8, description="2026-03, 2026-Q1, 2026-H1, 2026.")]


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DraftIn(_In):
    """What the bearer decides where the program must not."""

    choose: list[Annotated[str, Field(max_length=80)]] = Field(
        default=[], max_length=200, description="award|excellent|bottom:window|staff:ID, among equals or nominees."
    )
    accept_open: bool = Field(default=False, description="Sign although proposals are open.")


class CloseIn(_In):
    shown: str = Field(max_length=64, description="Of the draft: nothing is signed that is another by now.")
    reason: str = Field(max_length=5000, description="Stands in the audit, as a private field.")


class PeriodOut(LateModel):
    hall: str
    period: str
    kind: Literal["month", "quarter", "half", "year"]
    state: Literal["signed", "over", "open"]
    version: int | None
    closed_at: Stamp | None
    closed_by: str | None
    book: str | None
    digest: str | None = Field(description="SHA-256 of what was signed.")
    kept: bool | None = Field(description="The snapshot is there; null: not signed.")
    corrections: int = Field(description="Entries about its facts that are booked in another month.")


class WorkOut(LateModel):
    """What the bearer last asked for of the period, made in the background: a draft, or to have it signed."""

    number: int
    work: Literal["draft", "closing"]
    state: Literal["queued", "running", "done", "failed"]
    why: str = Field(description="Why it failed.")
    asked_at: Stamp


class HindranceOut(LateModel):
    code: str
    text: str
    periods: list[str] = Field(description="To be signed off first.")


class DraftOut(LateModel):
    shown: str = Field(description="To be sent with the closing.")
    current: bool = Field(description="The ledgers are still as they were.")
    hindrances: list[HindranceOut]
    choose: list[str]
    accept_open: bool


class CorrectionOut(LateModel):
    month: str = Field(description="In which it is booked.")
    date: str
    ledger: Literal["window", "staff"]
    whom: str
    row: str
    points: str
    reverses: int | None


class PeriodDetailOut(PeriodOut):
    intact: bool | None = Field(description="The kept snapshot is what was signed.")
    work: WorkOut | None
    draft: DraftOut | None
    later: list[CorrectionOut]
    snapshot: dict[str, Any] | None = Field(
        description="As `jiancha assess preview --json` gives it: what was signed, or the bearer's draft; null: none."
    )


class ReportIn(_In):
    """A report to be made in the background."""

    hall: Name
    period: Period = Field(description="Or a week, 2026-W10, of kind `week`.")
    kind: Literal["all", "sheets", "ranking", "statistics", "circular", "feedback", "week"] = "all"
    format: Literal["xlsx", "pdf", "docx", "zip", "json"] = "xlsx"
    window: Name = Field(default="", description="Whose feedback letter.")
    names: Literal["", "full", "masked", "none"] = Field(default="", description="People in a circular.")


class ReportOut(LateModel):
    number: int
    hall: str
    period: str
    kind: str
    format: str
    window: str
    names: str
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    asked_by: str
    asked_at: Stamp
    made_at: Stamp | None
    expires: Stamp
    size: int | None
    digest: str | None
    why: str


class ReportGoneOut(LateModel):
    number: int
    state: Literal["gone"]
