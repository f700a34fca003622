"""The first half of the cycle (待办、巡查、周小结、自评、谈话) in the API: what is given and what is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from monitor.console.devicebodies import Stamp

Text = Annotated[str, Field(description="Kept apart, and erased with whoever wrote it and whom it is about.")]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Done(BaseModel):
    number: int


class TaskCardOut(BaseModel):
    number: int
    level: str
    state: str


class TaskOut(BaseModel):
    number: int
    hall: str
    task: str = Field(description="Its key, as the loop's tasks have it.")
    sort: str
    period: str
    due: Stamp = Field(description="The last second of its day.")
    unit: str | None
    window: str | None = Field(description="Neither a unit nor a window: the hall's supervision owes it.")
    opened_at: Stamp
    done_at: Stamp | None
    lifted_by: str | None
    overdue: bool
    card: TaskCardOut | None = Field(description="Left out for a token without cards:read.")


class LiftIn(In):
    reason: Text
