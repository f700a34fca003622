"""Posts (在岗) in the API: what is answered, so that OpenAPI says it. Ids, no names (DESIGN §1F)."""

from __future__ import annotations

from pydantic import Field

from monitor.console.devicebodies import Stamp
from monitor.console.latemodel import LateModel


class SpanOut(LateModel):
    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")


class FactOut(LateModel):
    id: str
    kind: str


class SegmentOut(LateModel):
    """`state`: A, B, substitute, other, excused, empty, unknown, unwatched or closed; `cause`: what it rests on."""

    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")
    state: str
    who: list[str]
    inferred: bool = Field(description="Nothing names them: they are the ones who answer then.")
    cause: str
    answers: str | None
    charged: str | None
    at_window: str | None = Field(description="None also where that window is beyond the bearer's reach.")
    people: int | None
    evidence: list[FactOut]


class HandoverOut(LateModel):
    at: Stamp
    left: str = Field(serialization_alias="from")
    next: str | None = Field(serialization_alias="to")
    taken_at: Stamp | None
    gap_minutes: int | None


class PostFindingOut(LateModel):
    rule: str
    subject: str
    at: Stamp
    staff: str | None
    why: str


class PostDayOut(LateModel):
    """One window's day, as `jiancha report posts --json` gives it."""

    window: str
    hall: str
    unit: str | None
    date: str
    as_of: Stamp
    sessions: list[SpanOut]
    segments: list[SegmentOut]
    handovers: list[HandoverOut]
    findings: list[PostFindingOut]
    minutes: dict[str, int]


class GroundOut(LateModel):
    """The same thing said `count` times."""

    kind: str
    source: str
    first: Stamp
    last: Stamp
    count: int
    people: int | None
    view: str
    action: str
    staff: str | None
    trusted: bool


class PlanOut(LateModel):
    kind: str = Field(description="leave, outing, substitute or closure; never which kind of leave.")
    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")
    staff: str | None
    counts: bool = Field(description="Leave: whether it is approved by now.")


class HeardOut(LateModel):
    id: str
    role: str = Field(description="camera or duty: what it tells of the window.")
    complete_to: Stamp | None = Field(description="All that happened up to then is here.")
    trusted: bool
    skew_seconds: float
    lost: list[SpanOut]


class BehindOut(LateModel):
    """What stands behind the segment of the same place in `segments`."""

    grounds: list[GroundOut]
    plans: list[PlanOut]


class PostFileOut(PostDayOut):
    """One window's day with what stands behind each segment, and what is known up to when."""

    behind: list[BehindOut]
    heard: list[HeardOut]
    plans: list[PlanOut]
