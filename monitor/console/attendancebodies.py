"""How the API tells of attendance: OpenAPI states these shapes, and what is answered is held to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.console.latemodel import LateModel

Stamp = Annotated[
    str, Field(description="RFC 3339 with the offset of the hall.", json_schema_extra={"format": "date-time"})
]


class CameOut(LateModel):
    """A check-in that lies in the slot's session and goes its way."""

    at: Stamp
    source: str = Field(description="The terminal; `correction` for one that was written down afterwards.")
    method: str
    trusted: bool = Field(description="Whether its time is sure.")
    doubted: bool = Field(description="Whose it was is for review.")
    correction: str | None


class MendOut(LateModel):
    why: str = Field(description="punch, correction, leave, source or review: what the slot still waits for.")
    of: str | None
    until: Stamp | None


class SlotOut(LateModel):
    """A slot as `report attendance` tells it, those in order among them."""

    slot: str
    date: str
    kind: str = Field(
        description="As in `report attendance`; `merged`: counted with the absence of its half day. unknown and review"
        " say that nothing is proven, never that somebody was absent."
    )
    outcome: str
    due: Stamp = Field(description="As moved by slips and flexible hours.")
    at: Stamp | None
    minutes: int
    by: str | None = Field(description="leave or closure that excuses it.")
    leave: str | None = Field(description="Kind of leave, for the person and whoever decides about it; else null.")
    cards: list[int]
    to_correct: list[MendOut]
    came: list[CameOut]
    known_to: Stamp | None = Field(description="Up to when all terminals of the person have delivered.")


class PostOut(LateModel):
    window: str
    rank: str


class LeftOut(LateModel):
    """A window that a card says the person left empty."""

    post: str
    at: Stamp | None
    cards: list[int]


class PersonDayOut(LateModel):
    staff: str
    unit: str
    posts: list[PostOut]
    slots: list[SlotOut]
    left_posts: list[LeftOut]


class DayOut(LateModel):
    """A hall's day; `counts` are of slots, over everybody that hall, unit and window name."""

    date: str
    hall: str | None
    as_of: Stamp
    counts: dict[str, int]
    everybody: int
    on_leave: list[str]
    people: list[PersonDayOut]


class ClosedOut(LateModel):
    version: int
    by: str
    at: Stamp
    digest: str
    corrections: int
    sheet_gone: bool


class MonthTotalsOut(LateModel):
    """Half days, times and minutes as on the month's sheet."""

    due: int
    present: int
    late: int
    late_minutes: int
    early: int
    early_minutes: int
    missed: int
    off_post: int
    confirmed: int
    absent: int
    leave: dict[str, int] | None = Field(description="By kind; null for whoever is not told kinds.")
    on_leave: int
    outings: int
    overtime_minutes: int
    unknown: int
    review: int
    unproven: int


class LaterOut(LateModel):
    column: str
    now: str


class MonthPersonOut(LateModel):
    staff: str
    marks: list[str] = Field(description="Each day's two marks as on the sheet; `-` for a half day that is not over.")
    totals: MonthTotalsOut
    changed: list[str] = Field(description="Columns of the sheet that a correction changed after the first signing.")
    later: list[LaterOut] = Field(description="With `compare`: what a cell would be today.")


class MonthOut(LateModel):
    hall: str | None
    month: str
    closed: ClosedOut | None = Field(description="The signed version that is shown; null: judged as of now.")
    everybody: int
    people: list[MonthPersonOut]


class LeaveOut(LateModel):
    id: str | None
    kind: str | None
    start: Stamp
    end: Stamp
    approved: bool


class OutingOut(LateModel):
    id: str
    start: Stamp
    end: Stamp


class CorrectionOut(LateModel):
    id: str
    date: str
    slot: str
    at: Stamp
    approved: bool


class PersonDayOfMonthOut(LateModel):
    date: str
    why: str = Field(description="Why it is worked or not, as the calendar says.")
    marks: str
    slots: list[SlotOut]
    left_posts: list[LeftOut]


class PersonMonthOut(LateModel):
    staff: str
    hall: str
    unit: str
    posts: list[PostOut]
    month: str
    as_of: Stamp
    days: list[PersonDayOfMonthOut]
    totals: MonthTotalsOut
    leaves: list[LeaveOut]
    outings: list[OutingOut]
    corrections: list[CorrectionOut]
    cards: list[int]
