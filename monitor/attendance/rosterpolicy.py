"""Keys of leave and of rosters (请假、排班): what is demanded of plans; findings rest on them, no card does."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApproverStep(_Strict):
    """A step of the ladder by which leave is approved (请假审批权限)."""

    up_to_days: float | None = Field(None, gt=0, description="Leave of so many working days at most; none: any length.")
    roles: tuple[str, ...] = Field(min_length=1, description="Who may approve it: `staff.role`; later steps may too.")


class LeavePolicy(_Strict):
    """`[leave]`: leave, trips and days in lieu (请假、出差、补休)."""

    approvers: tuple[ApproverStep, ...] = Field(
        (),
        description="Who approves leave of how many days, such as up to 1 day 首席代表, up to 2 业务科 (haojob);"
        " an approver of the registry with another role is a finding; none: nobody is asked.",
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        limits = [step.up_to_days for step in self.approvers]
        known = [limit for limit in limits if limit is not None]
        if None in limits[:-1] or known != sorted(set(known)):
            raise ValueError(f"approvers: up_to_days {limits}: let them rise, the step without a limit last")
        return self

    def may_approve(self, days: float) -> tuple[str, ...]:
        """The roles that may approve leave of so many working days, its own step's first; empty: no step reaches so far
        (or there are none: then nothing is demanded).
        """
        steps = [step for step in self.approvers if step.up_to_days is None or days <= step.up_to_days]
        return tuple(dict.fromkeys(role for step in steps for role in step.roles))


class DutyDemand(_Strict):
    """How many people the day's rota needs in a role."""

    role: str = Field(min_length=1, description="A role of the rota, such as leader or aide.")
    at_least: int = Field(1, gt=0, description="So many people of the hall each working day.")


class RosterPolicy(_Strict):
    """`[roster]`: rotas, postings (轮值、派驻)."""

    workday_roles: tuple[str, ...] = Field(
        ("周六轮班", "周六值班", "saturday"),
        description="Whoever is on the rota with one of these roles works that day, though the hall is closed (B10).",
    )
    duty: tuple[DutyDemand, ...] = Field(
        (),
        description="People whom each working day's rota needs, such as 1 leader and 4 aides (B12); none: no demand.",
    )
    quarter_months: int = Field(3, gt=0, description="A posting that ends sooner: finding B13, first level (−2).")
    year_months: int = Field(12, gt=0, description="A posting that ends sooner: finding B13, second level (−1).")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.year_months <= self.quarter_months:
            raise ValueError(f"year_months ({self.year_months}) is not above quarter_months ({self.quarter_months})")
        return self
