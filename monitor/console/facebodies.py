"""Faces and check-ins in doubt in the API: what is given, and what is answered. No vector and no picture goes out."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.console.devicebodies import Stamp


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DecideIn(_In):
    decision: Literal["is", "is_not", "unclear"]
    reason: str = Field(description="Stands in the audit.")
    seen: int | None = Field(
        default=None, ge=0, description="`decisions` as it was read: refused with 409 if somebody has decided since."
    )
    anew: bool = Field(default=False, description="Although it is decided.")


class SlotOut(BaseModel):
    id: str
    slot: str
    due: Stamp
    verdict: str


class DoubtOut(BaseModel):
    number: int
    staff: str
    hall: str | None
    device: str
    event: str
    at: Stamp
    trusted: bool = Field(description="Whether the clock that wrote `at` was right.")
    received: Stamp
    method: str
    distance: float | None
    liveness: float | None
    too_far: bool
    challenge_failed: bool
    slots: list[SlotOut] = Field(description="Of the person, at that time, with their verdict as last judged.")
    has_still: bool
    decision: str | None
    decided_by: str | None
    decided_at: Stamp | None
    decisions: int


class WouldOut(BaseModel):
    slot: str
    verdict: str


class DecisionOut(BaseModel):
    decision: str
    reason: str
    by: str
    at: Stamp


class DoubtFileOut(DoubtOut):
    would: dict[str, list[WouldOut]] = Field(description="By decision: the verdicts then; nothing is written.")
    history: list[DecisionOut]
    closed_month: str | None = Field(description="The month it lies in, if that is signed off.")


class DecidedOut(BaseModel):
    number: int
    decision: str
