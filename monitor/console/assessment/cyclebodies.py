"""The first half of the cycle (待办、巡查、周小结、自评、谈话) in the API: what is given and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from monitor.console.devicebodies import Name, Stamp
from monitor.console.latemodel import LateModel

MONTH: Final = r"^\d{4}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Field(pattern=MONTH, description="2026-03")]
Points = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,2})?$", description="98.50")]
Words = Annotated[
    dict[str, str], Field(description="What people wrote, by field; without what was erased or is past its retention.")
]
Text = Annotated[str, Field(description="Kept apart, and erased with whoever wrote it and whom it is about.")]


class In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Done(LateModel):
    number: int


class TaskCardOut(LateModel):
    number: int
    level: str
    state: str


class TaskOut(LateModel):
    number: int
    hall: str
    task: str = Field(description="Its key, as the loop's tasks have it.")
    sort: str
    period: str
    due: Stamp = Field(description="The last second of its day.")
    unit: str | None
    window: str | None = Field(description="Neither a unit nor a window: the hall's supervision owes it.")
    opened_at: Stamp
    done_at: Stamp | None
    lifted_by: str | None
    overdue: bool
    card: TaskCardOut | None = Field(description="Left out for a token without cards:read.")


class LiftIn(In):
    reason: Text


class PatrolIn(In):
    hall: Name
    round: int = Field(1, ge=1, le=12, description="Which one of today.")
    found: Literal["order", "reminded", "card"]
    window: Name | None = None
    staff: Name | None = None
    text: Text = ""
    rule: Name | None = Field(None, description="Of a card: a row of the regulations, as for cards by hand.")
    level: Literal["yellow", "red"] = "yellow"


class PatrolDone(Done):
    card: int | None


class PatrolOut(LateModel):
    number: int
    hall: str
    date: date
    round: int
    found: str
    unit: str | None
    window: str | None
    staff: str | None
    card: int | None
    entered_by: str
    entered_at: Stamp
    words: Words


class WeekIn(In):
    hall: Name
    week: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
    text: Text
    mark: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Of the figures that were read: others by now are answered with 409."
    )


class WeekFigures(LateModel):
    """As they stand now; nothing is kept."""

    hall: str
    week: str
    mark: str = Field(description="Of these figures; keeping them can name what was read.")
    over: bool = Field(description="Whether a summary may be made: the week's last working day has closed.")
    figures: dict[str, Any]


class WeekOut(LateModel):
    number: int
    hall: str
    week: str
    figures: dict[str, Any] = Field(description="As they stood when it was made.")
    made_by: str
    made_at: Stamp
    words: Words


class SelfIn(In):
    window: Name
    month: Month
    points: Points
    text: Text


class SelfReviewIn(In):
    points: Points
    reason: Text


class SelfOut(LateModel):
    number: int
    hall: str
    month: str
    unit: str
    window: str
    points: str
    handed_by: str
    handed_at: Stamp
    reviewed: str | None = Field(description="What the review came to.")
    reviewed_by: str | None
    reviewed_at: Stamp | None
    ledger: str | None = Field(description="The window's score of the month by its ledger; None without a rule book.")
    signed: bool = Field(description="Whether that is of a month that was signed off.")
    words: Words


class TalkIn(In):
    on: date
    attended: Text
    talked: Text
    outcome: Text


class TalkOut(LateModel):
    number: int
    hall: str
    period: str
    ledger: str
    whom: str
    unit: str | None
    window: str | None
    staff: str | None
    due: Stamp
    replaced: bool = Field(description="So many months among the last that the unit is to put somebody else there.")
    held_on: date | None
    entered_by: str | None
    entered_at: Stamp | None
    overdue: bool
    words: Words
