"""Faces and check-ins in doubt in the API: what is given, and what is answered. No vector and no picture goes out."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from monitor.console.devicebodies import Stamp
from monitor.console.latemodel import LateModel


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DecideIn(_In):
    decision: Literal["is", "is_not", "unclear"]
    reason: str = Field(description="Stands in the audit.")
    seen: int | None = Field(
        default=None, ge=0, description="`decisions` as it was read: refused with 409 if somebody has decided since."
    )
    anew: bool = Field(default=False, description="Although it is decided.")


class SlotOut(LateModel):
    id: str
    slot: str
    due: Stamp
    verdict: str


class DoubtOut(LateModel):
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


class WouldOut(LateModel):
    slot: str
    verdict: str


class DecisionOut(LateModel):
    decision: str
    reason: str
    by: str
    at: Stamp


class DoubtFileOut(DoubtOut):
    would: dict[str, list[WouldOut]] = Field(description="By decision: the verdicts then; nothing is written.")
    history: list[DecisionOut]
    closed_month: str | None = Field(description="The month it lies in, if that is signed off.")


class DecidedOut(LateModel):
    number: int
    decision: str


class ReasonIn(_In):
    reason: str = Field(description="Stands in the audit.")


class ConsentOut(LateModel):
    purpose: str
    consented_at: Stamp
    recorded_at: Stamp
    recorded_by: str
    withdrawn_at: Stamp | None
    paper: str
    notice: str = Field(description="SHA-256 of the notice that was given; empty where nobody recorded it.")


class FaceOut(LateModel):
    staff: str
    hall: str | None
    unit: str | None
    state: Literal["none", "consented", "enrolled", "withdrawn"]
    consented_at: Stamp | None
    enrolled_at: Stamp | None
    enrolled_by: str | None
    model: str
    photographs: int
    readable: bool | None = Field(description="Whether the key of the face is there; null: there is no key store.")
    has_pin: bool


class FaceFileOut(FaceOut):
    consents: list[ConsentOut]


class ErasedOut(LateModel):
    staff: str
    vectors: int
    frames: int
    key_destroyed: bool
    consents: int


class KioskTokenOut(LateModel):
    number: int
    created: Stamp


class KioskOut(LateModel):
    id: str
    hall: str
    window: str | None
    state: str = Field(description="As of devices.")
    last_heartbeat: Stamp | None
    queue: int | None
    tokens: list[KioskTokenOut]


class MadeOut(LateModel):
    device: str
    token: str = Field(description="Given once, stored nowhere; the page is /kiosk#token=TOKEN.")


class EndedOut(LateModel):
    device: str
    ended: list[int]
