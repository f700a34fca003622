"""The keys of face recognition (人脸识别): bands of distance, quality of a photograph, how many are enrolled."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

Action: TypeAlias = Literal["turn_left", "turn_right", "blink", "closer"]
"""What a challenge asks: turn the head to the person's own left or right, close the eyes for a moment, come closer."""


class FacePolicy(BaseModel):
    """`[face]`: distances are Euclidean, between vectors of one model (docs/faces.md has what was measured)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accept: float = Field(0.45, gt=0, le=1, description="Up to this distance a face is accepted (通过).")
    review: float = Field(
        0.50, gt=0, le=1, description="Up to this distance it is for review or a second factor (复核); beyond: unknown."
    )
    margin: float = Field(
        0.02, ge=0, le=1, description="Among many, the next person must be so much farther away; else it is for review."
    )
    challenge: tuple[Action, ...] = Field(
        ("turn_left", "turn_right", "blink", "closer"),
        description="What a challenge (活体动作) may ask, drawn at random; empty: none is. `closer` never comes alone.",
    )
    challenge_steps: int = Field(1, ge=1, le=4, description="How many of them a challenge asks, besides `closer`.")
    step_seconds: float = Field(8.0, gt=0, le=60, description="How long the person has for each.")
    enrol_min: int = Field(3, ge=1, le=20, description="Fewest photographs of an enrolment.")
    enrol_max: int = Field(5, ge=1, le=20, description="Most photographs of an enrolment.")
    min_face_px: int = Field(80, ge=20, description="Least width of the face in the picture, pixels (太小).")
    min_sharpness: float = Field(
        30.0, ge=0, description="Least variance of the Laplacian of the upright face at 150×150 (模糊)."
    )
    max_turn: float = Field(
        0.35, gt=0, le=2, description="Most turn to a side: nose from the middle of the eyes, in eye distances (侧脸)."
    )
    max_tilt_degrees: float = Field(25.0, gt=0, le=90, description="Most tilt of the line of the eyes (歪头).")
    min_nod: float = Field(0.15, ge=0, le=1, description="Least of the nose's place from eyes to mouth (仰头).")
    max_nod: float = Field(0.85, ge=0, le=1, description="Most of it (低头).")
    min_brightness: float = Field(50.0, ge=0, le=255, description="Least mean grey of the face, 0–255 (太暗).")
    max_brightness: float = Field(215.0, ge=0, le=255, description="Most mean grey of the face (过曝).")
    min_contrast: float = Field(20.0, ge=0, le=128, description="Least standard deviation of its grey (反差不足).")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review < self.accept:
            raise ValueError(f"review, {self.review:g}, must not lie below accept, {self.accept:g}")
        if self.enrol_max < self.enrol_min:
            raise ValueError(f"enrol_max, {self.enrol_max}, must not lie below enrol_min, {self.enrol_min}")
        if self.challenge == ("closer",):
            raise ValueError("challenge: a photograph can come closer, too; add a turn or blink, or take it away")
        if self.max_brightness <= self.min_brightness:
            raise ValueError("max_brightness must lie above min_brightness")
        return self
