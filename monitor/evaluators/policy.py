"""The keys of the evaluators' rules and their defaults (DESIGN §5); a file in `config/policy/` may change each."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RatingPolicy(BaseModel):
    """`[rating]`: bad ratings (差评) and their follow-up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bad_at_most: int = Field(
        2,
        ge=0,
        le=5,
        description="A score of at most this is a bad rating (差评); 0: none is (好差评: 不满意 and below).",
    )
    followup_days: int = Field(
        5, ge=1, description="Working days in which a bad rating is followed up (整改回访); then its card turns red."
    )
    provisional_margin_days: int = Field(
        10, ge=0, description="Calendar days after a provisional deadline before a red card may rest on it (DESIGN §4)."
    )


class DevicePolicy(BaseModel):
    """`[device]`: heartbeats, clocks and backlogs of devices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heartbeat_seconds: float = Field(60, gt=0, description="Interval in which a device owes a heartbeat.")
    reminder_intervals: int = Field(
        2, ge=0, description="Silent for so many intervals, at any hour: reminder; 0: no reminder."
    )
    yellow_intervals: int = Field(
        3, gt=0, description="Silent for so many intervals of service time: yellow; not below reminder_intervals."
    )
    red_minutes: float = Field(
        30, gt=0, description="Silent for so many minutes of service time: red; not below the yellow's time."
    )
    skew_mark_seconds: float = Field(5, ge=0, description="A clock that is wrong by more than this marks its events.")
    skew_untrusted_seconds: float = Field(
        300,
        gt=0,
        description="Wrong by more than this: its times prove no lateness and no absence, the device gets a card.",
    )
    future_seconds: float = Field(
        60, ge=0, description="An event further ahead than this, after correction, goes to quarantine as `future`."
    )
    backlog_minutes: float = Field(30, gt=0, description="Unsent events (queue > 0) for so long: reminder.")
    hole_minutes: float = Field(60, gt=0, description="Sequence numbers missing for so long: reminder.")

    def least_silence(self) -> timedelta:
        """No silence up to this long reaches any level."""
        return timedelta(seconds=self.heartbeat_seconds) * (self.reminder_intervals or self.yellow_intervals)

    @model_validator(mode="after")
    def _ladder_rises(self) -> Self:
        if self.yellow_intervals < self.reminder_intervals:
            raise ValueError(
                f"yellow_intervals ({self.yellow_intervals:g}) lies below reminder_intervals"
                f" ({self.reminder_intervals:g}): raise the first or lower the second"
            )
        yellow_minutes = self.yellow_intervals * self.heartbeat_seconds / 60
        if self.red_minutes < yellow_minutes:
            raise ValueError(
                f"red_minutes ({self.red_minutes:g}) lies below the yellow's {yellow_minutes:g} minutes"
                " (yellow_intervals × heartbeat_seconds): raise red_minutes"
            )
        if self.skew_untrusted_seconds < self.skew_mark_seconds:
            raise ValueError(
                f"skew_untrusted_seconds ({self.skew_untrusted_seconds:g}) lies below skew_mark_seconds"
                f" ({self.skew_mark_seconds:g}): raise the first or lower the second"
            )
        return self


class OperatorPolicy(BaseModel):
    """`[operator]`: what the people who run the system are told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar_reminder_month: int = Field(
        11, ge=1, le=12, description="Month from which a missing calendar of the next year is called in."
    )
    calendar_reminder_day: int = Field(
        1, ge=1, le=28, description="Day of that month; at most 28, so that every year has it."
    )
    named_subjects: int = Field(
        5, ge=0, description="How many of the unknown subjects an operator reminder lists by name; it counts them all."
    )
