"""Policy keys of the case rules (DESIGN §5, default ladder); `settings` loads them from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from monitor.model import Level
from monitor.workcal import PauseEdge

_OWN: Final = ("items", "halls")


class LimitStep(BaseModel):
    """One step of the ladder of `case.limit`: a level and the instant at which it is reached.

    `limit`: `promised` (承诺时限, or the source's own `due`), `statutory` (法定时限), `lead` (promised, else
    statutory), `legal` (statutory, else promised), or `order`: the supervision order (督办) that the first yellow or
    red opened is unanswered at its deadline. At most one of `days_before` (the close of so many working days before),
    `share` (of the working time up to the limit) and `days_over` (the close of so many working days after); none: when
    it passes, and for a reminder `reminder_days_before` it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["reminder", "yellow", "red"]
    limit: Literal["lead", "promised", "statutory", "legal", "order"] = "lead"
    days_before: int | None = Field(default=None, ge=1, le=30)
    share: float | None = Field(default=None, gt=0, lt=1)
    days_over: int | None = Field(default=None, ge=1, le=60)
    reply_counts: bool = True
    """Of an order: whether a reply answers it; else only the end of the case does (湛江: open at its deadline)."""

    @cached_property
    def gravity(self) -> Level:
        return Level.of(self.level)

    @model_validator(mode="after")
    def _one_instant(self) -> Self:
        given = [key for key in ("days_before", "share", "days_over") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: a step has at most one of days_before, share, days_over")
        if self.limit == "order" and given:
            raise ValueError(f"{given[0]}: a step on the order's deadline is reached when that passes")
        if self.limit == "order" and self.level != "red":
            raise ValueError("level: an order that is not answered turns the card red; order.reply reminds of it")
        return self


DEFAULT_LADDER: Final = (
    LimitStep(level="reminder", limit="lead"),
    LimitStep(level="yellow", limit="promised"),
    LimitStep(level="red", limit="statutory"),
    LimitStep(level="red", limit="order"),
)
"""DESIGN §5, `case.limit`."""


class LateReport(BaseModel):
    """A row of the regulations on reports handed in late: a finding under `rule` once a report is overdue by more than
    `over_days` working days. `tasks`: which reports it is about, as a pattern of task numbers (`*`, `?`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(min_length=1, max_length=20)
    over_days: int = Field(ge=0, le=250)
    tasks: str = Field(default="*", min_length=1)


DEFAULT_LATE_REPORTS: Final = (LateReport(rule="C14", over_days=5), LateReport(rule="C15", over_days=3))
"""考核办法第十二条(二)(三). Which of the two a report falls under the feed does not say; a person decides."""


class TimelinessPolicy(BaseModel):
    """Every day and share of the rules on cases and dated tasks. Days are working days unless the key says otherwise.

    `items` and `halls` hold other values of these keys for one item or one hall; an item's outrank its hall's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit_ladder: tuple[LimitStep, ...] = Field(
        default=DEFAULT_LADDER,
        description="Steps of case.limit: level, limit and when (days_before, share, days_over; else as it passes)",
    )
    reminder_days_before: int = Field(
        default=1,
        ge=0,
        le=30,
        description="Reminder at the close of this many working days before a limit; 0: none",
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
    notice_days: int = Field(
        default=5, ge=1, le=60, description="Working days in which a receipt is to be answered (行政许可法 32)"
    )
    delivery_days: int = Field(
        default=10, ge=1, le=60, description="Working days from the decision to its delivery (行政许可法 44)"
    )
    preexam_days: int = Field(
        default=1, ge=1, le=60, description="预审件: the promise of an item that names none (C17)"
    )
    joint_statutory_days: int = Field(
        default=45,
        ge=1,
        le=365,
        description="联办件: the statutory limit where the item names none (行政许可法 42)",
    )
    extension_days_max: int = Field(
        default=10, ge=0, le=365, description="Most working days of extension by the unit's head (行政许可法 42)"
    )
    joint_extension_days_max: int = Field(
        default=15,
        ge=0,
        le=365,
        description="联办件: most working days of extension by the head of the government (行政许可法 42)",
    )
    overdue_red_days: int = Field(
        default=3,
        ge=1,
        le=60,
        description="Stages, pauses, deliveries and tasks: red this many working days after the yellow",
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
    reason_least_characters: int = Field(
        default=10,
        ge=1,
        le=200,
        description="Findings: a return (退件) is explained by at least so many characters (C10)",
    )
    bulk_close_cases: int = Field(
        default=5, ge=2, le=1000, description="Findings: so many completions outside working hours are a bulk (F02)"
    )
    bulk_close_minutes: int = Field(
        default=10, ge=1, le=600, description="Findings: at most so many minutes between two completions of a bulk"
    )
    late_entry_days: int = Field(
        default=1, ge=1, le=60, description="Findings: an event is to be entered within so many working days (F05)"
    )
    late_entry_rolling_days: int = Field(
        default=20, ge=1, le=250, description="Findings: two late entries in a row within so many working days (F05)"
    )
    series_least_cases: int = Field(
        default=10, ge=2, le=100_000, description="Findings: so many cases make a series whose gaps are told (F01)"
    )
    not_done_tags: tuple[str, ...] = Field(
        default=("未办结", "没办成", "not done"),
        description="Findings: tags of a rating that deny the completion (F03)",
    )
    overdue_month_window_cases: int = Field(
        default=3, ge=1, le=1000, description="Findings: so many overdue cases of a window in a month (C03)"
    )
    overdue_month_staff_cases: int = Field(
        default=2, ge=1, le=1000, description="Findings: so many overdue cases of a person in a month (C04)"
    )
    overdue_month_days: int = Field(
        default=3, ge=1, le=250, description="Findings: one case overdue by so many working days in a month (C03, C04)"
    )
    overdue_month_both: bool = Field(
        default=False, description="Findings: whether C03 and C04 ask for both (及 as 并且) or for either"
    )
    promise_cut_share: float = Field(
        default=0.5, gt=0, le=1, description="Findings: a promise cut by this share or more is a bonus (C07)"
    )
    # -- dated tasks (task.due, complaint.due)
    task_complaint_days: int = Field(
        default=5, ge=1, le=365, description="投诉: working days to answer one that names no due (practice.md §1, §4)"
    )
    task_hotline_days: int = Field(
        default=5, ge=1, le=365, description="12345热线工单: working days to answer one that names no due (I09)"
    )
    task_order_days: int = Field(
        default=3, ge=1, le=365, description="督办、交办: working days to answer one that names no due (practice.md §1)"
    )
    task_report_days: int = Field(
        default=5, ge=1, le=365, description="报送事项: working days to hand in one that names no due"
    )
    task_refusable: tuple[Literal["complaint", "hotline", "order", "report"], ...] = Field(
        default=("complaint", "hotline"),
        description="Kinds that a rejection before any answer ends (不予受理、查不属实、退单)",
    )
    complaint_overdue_unit: Literal["calendar_day", "workday"] = Field(
        default="calendar_day",
        description="Unit of the days by which a complaint is overdue (D11); all other tasks: working days",
    )
    complaint_rolling_days: int = Field(
        default=20,
        ge=1,
        le=250,
        description="Findings: two verified complaints within so many working days (D12)",
    )
    late_reports: tuple[LateReport, ...] = Field(
        default=DEFAULT_LATE_REPORTS,
        description="Findings: a report overdue by more than over_days working days falls under rule (C14, C15)",
    )
    # -- values of one item or hall
    items: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="Other values of these keys for one item: [policy.timeliness.items.ITEM]"
    )
    halls: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="Other values of these keys for one hall: [policy.timeliness.halls.HALL]"
    )

    @model_validator(mode="after")
    def _own_values_hold(self) -> Self:
        for kind in _OWN:
            for name, given in getattr(self, kind).items():
                _made(self, given, f"{kind}.{name}")
        return self

    @property
    def has_orders(self) -> bool:
        """Whether an overdue case opens a supervision order (督办)."""
        return any(step.limit == "order" for step in self.limit_ladder)

    def of(self, hall: str | None, item: str | None) -> TimelinessPolicy:
        """The values for a case of this hall and item."""
        if not self.items and not self.halls:
            return self
        key = (hall if hall in self.halls else None, item if item in self.items else None)
        if key not in self._special:
            given = {**self.halls.get(key[0] or "", {}), **self.items.get(key[1] or "", {})}
            self._special[key] = _made(self, given, "") if given else self
        return self._special[key]

    @cached_property
    def _special(self) -> dict[tuple[str | None, str | None], TimelinessPolicy]:
        return {}


def _made(general: TimelinessPolicy, given: Mapping[str, Any], where: str) -> TimelinessPolicy:
    """The general values with these in their place. Raises ValueError that names the key below `where`."""
    nested = [key for key in given if key in _OWN]
    if nested:
        raise ValueError(f"{where}.{nested[0]}: only the keys of [policy.timeliness] itself can be set here")
    try:
        return TimelinessPolicy.model_validate({**general.model_dump(exclude=set(_OWN)), **given})
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in (where, *fault["loc"]))
        raise ValueError(f"{key}: {fault['msg']}") from None
