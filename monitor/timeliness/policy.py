"""Policy keys of the case rules (DESIGN §5, default ladder); `settings` loads them from TOML."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from monitor.workcal import PauseEdge


class TimelinessPolicy(BaseModel):
    """Every day and share of `case.limit`, `case.immediate`, `order.reply` and `feed.incomplete`. Days are working days
    unless the key says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reminder_days_before: int = Field(
        default=1, ge=0, le=30, description="Reminder at the close of this many working days before a limit; 0: none"
    )
    short_limit_reminder_share: float = Field(
        default=0.9,
        gt=0,
        lt=1,
        description="Share of the working time at which the reminder of a limit too short for whole days falls",
    )
    order_reply_days: int = Field(
        default=3, ge=1, le=60, description="Working days from a yellow card's issue to the reply to its order (督办)"
    )
    order_reminder_days_before: int = Field(
        default=1, ge=0, le=30, description="Reminder of an order, working days before its deadline; 0: none"
    )
    provisional_grace_days: int = Field(
        default=10,
        ge=0,
        le=60,
        description="Calendar days after which a card may rest on a deadline in a year without a published calendar",
    )
    supplement_pauses: bool = Field(
        default=True, description="Whether a supplement requested after acceptance (补正) pauses the limit"
    )
    pause_edge_days: PauseEdge = Field(
        default="excluded",
        description="Whether a working day that a pause overlaps only in part is excluded or counted",
    )
    immediate_yellow_days: int = Field(
        default=0,
        ge=0,
        le=30,
        description="即办件: yellow at the close of this working day after the day of acceptance",
    )
    immediate_red_days: int = Field(
        default=1, ge=0, le=30, description="即办件: red at the close of this working day after the day of acceptance"
    )
    incomplete_after_days: int = Field(
        default=5,
        ge=1,
        le=60,
        description="Working days over which a source accepts and completes nothing (feed.incomplete)",
    )
    unknown_stale_days: int = Field(
        default=1,
        ge=1,
        le=30,
        description="Working days after which operators are told of a case that cannot be judged",
    )
