"""The keys of the accumulations (累计) of attendance: points, thresholds, counts (rules.md A.1, A.10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from monitor.wording.handrules import HAND_RULES

Points = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
"""Points with at most two decimals, exact: twenty-five times 0.2 is 5, not a little less."""
Period = Literal["month", "quarter", "year"]


class TallyPolicy(BaseModel):
    """`[tally]`: accumulations of attendance (考勤累计)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    late_points: Points = Field(Decimal("0.2"), description="Late once, person's ledger (A03).")
    early_points: Points = Field(Decimal("0.2"), description="Left early once, person's ledger (A04).")
    off_post_points: Points = Field(Decimal("0.5"), description="Off-post once, person's ledger, once confirmed (A05).")
    window_late_points: Points = Field(
        Decimal("0.5"), description="Late or early once, each person and time, window's ledger (A07)."
    )
    window_absence_points: Points = Field(
        Decimal("1"), description="Absent for half a day, each person and time, window's ledger (A07)."
    )
    unstaffed_points: Points = Field(
        Decimal("2"), description="Nobody at the window once, window's ledger, once confirmed (A08)."
    )
    late_amount: Literal["both", "staff", "window"] = Field(
        "both", description="Whose ledger a late or early arrival goes to: 0.2 and 0.5 are two ledgers (A.10)."
    )
    offpost_vs_unstaffed: Literal["both", "staff", "window"] = Field(
        "both",
        description="An empty window is the person's off-post and the window's unstaffed time, or only one of them;"
        " the window's only where nobody at all was there (A.10).",
    )
    count_unconfirmed: bool = Field(
        False, description="Whether off-posts that nobody has confirmed yet count too (经查实 says no)."
    )
    inclusive: bool = Field(
        True,
        description="Whether 以上 includes the figure itself where the text does not say so: A09, A10, A12 (A.10);"
        " A06 and A11 say 含.",
    )
    sum_points: Points = Field(
        Decimal("5.0"), description="So many points of late, early and off-post: circular and report (A06)."
    )
    accumulate_period: Period = Field("year", description="Within which period they are summed (A06, A.10).")
    absence_times: int = Field(3, ge=1, description="Absent so many times (旷工3次; A09, A10).")
    absence_times_unit: Literal["half_day", "run"] = Field(
        "half_day", description="What one time (次) is there: an absent half day, or one unbroken run of them."
    )
    absence_run_days: int = Field(2, ge=1, description="Or so many working days in one unbroken run (A09, A10).")
    absence_return_days: int = Field(3, ge=1, description="So many days in all in a year: back to the unit (A11).")
    half_days_per_day: int = Field(2, ge=1, description="Absent half days that make a day (absent_units).")
    absence_period: Period = Field("quarter", description="Within which period a person's absences are counted (A10).")
    excused_ends_run: bool = Field(
        True, description="Whether an excused half day (leave, closure) between two absences ends the run."
    )
    window_absences: Literal["together", "each"] = Field(
        "together", description="Whether a window's times are those of all its people, or of each alone (A09)."
    )
    conduct_times: int = Field(
        3, ge=1, description="Late, early and conduct cards in a month: proposed to a supervisor (A12)."
    )
    conduct_rows: tuple[str, ...] = Field(
        ("E06", "E08", "E09", "E16", "E18"), description="Rows whose cards by hand count as conduct (A12)."
    )

    @field_validator("conduct_rows")
    @classmethod
    def _are_rows(cls, rows: tuple[str, ...]) -> tuple[str, ...]:
        strange = [row for row in rows if row not in HAND_RULES]
        if strange:
            raise ValueError(f"{strange[0]} is no row of cards by hand; there are {', '.join(HAND_RULES)}")
        return rows

    @model_validator(mode="after")
    def _sum_can_be_reached(self) -> Self:
        if self.sum_points == 0:
            raise ValueError("sum_points is 0: everybody would have reached it; give a figure above 0")
        return self

    def reaches(self, count: int, limit: int) -> bool:
        """Whether `count` is `limit` 以上."""
        return count >= limit if self.inclusive else count > limit
