"""How the API tells of cases and statistics: OpenAPI states these shapes, and what is answered is held to them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from monitor.console.latemodel import LateModel
from monitor.supervision.caserows import Standing
from monitor.timeliness.casestat import CaseKind

Instant = str
"""RFC 3339 with the offset of the hall."""


class CardOfCase(LateModel):
    number: int
    rule: str
    level: str
    state: str


class CaseAnswer(LateModel):
    """One case in a list."""

    key: str = Field(description="NAMESPACE/CASE.")
    number: str
    hall: str | None
    unit: str | None
    window: str | None
    staff: str | None
    item: str | None
    kind: CaseKind
    standing: Standing
    historic: bool
    received: Instant | None
    accepted: Instant | None
    ended: Instant | None
    due: Instant | None = Field(description="The limit by which it is measured; null without one and while paused.")
    provisional: bool = Field(description="It rests on a year whose days off are not published yet.")
    workdays_left: int | None = Field(description="Working days from today to that of `due`; below zero after it.")
    overdue_since: Instant | None
    paused_since: Instant | None
    card: CardOfCase | None = Field(description="The one that weighs most, within the bearer's reach.")


class Paper(LateModel):
    kind: str
    title: str | None
    year: int
    source: str | None


class StepAnswer(LateModel):
    date: str
    counted: bool
    why: str
    by: Paper | None


class LimitAnswer(LateModel):
    limit: str = Field(description="promised, statutory, due, fallback, immediate or order.")
    amount: float | None
    unit: str
    from_: Instant = Field(alias="from")
    due: Instant | None
    provisional: bool
    paused_days: int
    extension_days: int
    steps: list[StepAnswer]


class PauseAnswer(LateModel):
    from_: Instant = Field(alias="from")
    to: Instant | None
    cause: Literal["suspended", "supplement", "closed"]
    event: str
    procedure: str | None
    planned_days: int | None
    reason: str | None
    worked_hours: float


class EventAnswer(LateModel):
    id: str
    event: str
    at: Instant
    received: Instant
    entered: Instant | None
    trusted: bool
    source: str
    item: str | None
    window: str | None
    staff: str | None
    reason: str | None
    body: dict[str, Any]
    standing: Literal["counts", "voided", "merged", "ahead"]


class CardOnCase(LateModel):
    number: int
    kind: str
    rule: str
    level: str
    state: str
    since: Instant
    issued: Instant
    cleared_at: Instant | None
    historic: bool
    reason: dict[str, Any]


class FindingAnswer(LateModel):
    rule: str
    at: Instant
    why: str


class RatingAnswer(LateModel):
    id: str
    at: Instant
    score: int
    source: str
    window: str | None
    staff: str | None
    stage: str | None
    origin: str
    tags: list[str]


class CaseFileAnswer(CaseAnswer):
    """One case with all that was told of it. `cards` and `ratings` are empty without the scope to read them."""

    limits: list[LimitAnswer]
    pauses: list[PauseAnswer]
    events: list[EventAnswer]
    cards: list[CardOnCase]
    findings: list[FindingAnswer]
    ratings: list[RatingAnswer]


class DueAnswer(LateModel):
    day: str | None = Field(description="YYYY-MM-DD; null: cases whose limit has passed.")
    workday: bool
    count: int
    overdue: int = Field(description="Of these, past it as far as the sources' data prove it.")


class DaysAnswer(LateModel):
    workdays: int
    calendar: int


class PartAnswer(LateModel):
    hall: str | None
    id: str | None
    name: str | None
    days: DaysAnswer
    figures: dict[str, int | float | None]


class CheckAnswer(LateModel):
    check: str
    expected: int
    found: int
    ok: bool


class StatisticsAnswer(LateModel):
    """As `jiancha report statistics --json`."""

    from_: Instant = Field(alias="from")
    to: Instant
    as_of: Instant
    hall: str | None
    by: str | None
    policy: str
    days: DaysAnswer
    figures: dict[str, int | float | None]
    parts: list[PartAnswer] | None
    checks: list[CheckAnswer]
    fresh: int
    definitions: dict[str, dict[str, str]]


class MonthAnswer(LateModel):
    month: str
    figures: dict[str, int | float | None]
