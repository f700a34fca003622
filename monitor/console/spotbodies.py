"""Spot checks (抽查) in the API: what is given and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from monitor.console.cardbodies import Instant
from monitor.console.devicebodies import Name, Stamp
from monitor.console.latemodel import LateModel


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class OrderIn(_In):
    """So many windows of a hall at random, or those that are named."""

    hall: Name
    count: int = Field(default=1, ge=1, le=200, description="At random; unknown posts come first.")
    windows: list[Name] = Field(default=[], max_length=200, description="These, not at random.")
    within_minutes: int | None = Field(default=None, ge=1, le=1440)
    seed: Annotated[str, Field(max_length=64)] | None = None


class ResultIn(_In):
    found: Literal["present", "short", "empty", "closed", "dropped"]
    people: int | None = Field(default=None, ge=0, le=999)
    at: Instant | None = Field(default=None, description="When the inspector looked; without it now.")
    note: str = Field(default="", description="Private, kept with the audit; needed to correct and to drop.")
    correct: bool = Field(default=False, description="Correct a result that was recorded before.")


class SpotOut(LateModel):
    id: int
    hall: str
    window: str
    draw: str
    seed: str
    cause: str
    ordered_at: Stamp
    ordered_by: str
    due_at: Stamp
    result: str | None
    people: int | None
    seen_at: Stamp | None
    recorded_at: Stamp | None
    recorded_by: str | None
    overdue: bool


class DrawOut(LateModel):
    """`ok`: repeated from seed and candidates the draw comes to the windows that were ordered."""

    draw: str
    seed: str
    seed_given: bool
    named: list[str]
    count: int
    candidates: list[str]
    unknown: list[str]
    drawn: list[str]
    again: list[str]
    ok: bool


class SpotFileOut(SpotOut):
    holds_to: Stamp | None = Field(description="Up to when what was seen says something of the window.")
    drawn: DrawOut | None


class OrderedOut(LateModel):
    draw: str
    seed: str
    checks: list[SpotOut]
