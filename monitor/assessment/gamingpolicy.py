"""Policy section `[gaming]`: from where on a figure is a sign of gaming (迎合考核的迹象), and of how many at least."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GamingPolicy(BaseModel):
    """`[gaming]`. Shares are of 1. No value here costs or earns a point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_cases: int = Field(20, ge=5, description="Signs about cases: of fewer cases of a window nothing is said.")
    last_minutes: int = Field(
        60, ge=1, le=240, description="Completed so many working minutes before the limit or less: at the last moment."
    )
    long_limit_hours: float = Field(
        8,
        ge=1,
        le=80,
        description="Cases with a limit of fewer working hours are left out: it is all last moment.",
    )
    last_share: float = Field(
        0.3, gt=0, le=1, description="From this share of a window's cases completed at the last moment on it is a sign."
    )
    rest_times: float = Field(
        2, ge=1, description="And where it is so many times the share of the hall's other windows, if these are enough."
    )
    reopened_share: float = Field(
        0.05, gt=0, le=1, description="From this share of cases completed in time and opened again on it is a sign."
    )
    reopened_cases: int = Field(3, ge=1, description="And of so many cases at least.")
    least_ratings: int = Field(
        20, ge=5, description="Signs about ratings: of fewer ratings of a window or device nothing is said."
    )
    without_case_share: float = Field(
        0.3, gt=0, le=1, description="From this share of a window's ratings without a case on it is a sign."
    )
    burst_minutes: float = Field(
        5, gt=0, le=60, description="`burst_ratings` of one device within so many minutes are a burst."
    )
    burst_ratings: int = Field(
        8, ge=3, description="It is a sign where it is more than twice the cases that the window completed around then."
    )
