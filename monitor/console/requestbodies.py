"""Requests in the API (申请): what is given, and what is answered, so that OpenAPI says it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from monitor.attendance.requestpolicy import RequestKind
from monitor.console.cardbodies import Instant
from monitor.console.devicebodies import PLAIN, Stamp
from monitor.console.latemodel import LateModel
from monitor.supervision.requestchecks import Asked
from monitor.supervision.requestflow import State
from monitor.supervision.requestlist import RequestFile, RequestLine
from monitor.supervision.requestpreview import Preview

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=PLAIN)]
Words = Annotated[str, Field(max_length=4000)]
LeaveKind = Literal["official", "personal", "sick", "annual", "other"]


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class RequestIn(_In):
    """A request. Which fields a kind needs stands with each."""

    kind: RequestKind
    staff: Name | None = Field(default=None, description="Whom it is about; left out: the bearer's own id.")
    start: Instant | None = Field(default=None, alias="from", description="All but a correction and a return.")
    end: Instant | None = Field(
        default=None, alias="to", description="Exclusive; of a return when the person is back: without it, or as the"
        " leave begins, it is cancelled."
    )  # fmt: skip
    leave_kind: LeaveKind | None = Field(default=None, description="Of leave.")
    letter: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="The unit's letter (函, B05)."
    )
    window: Name | None = Field(default=None, description="Of cover.")
    substitute: Name | None = Field(default=None, description="Who covers; may come with leave, a trip, lieu.")
    overtime: Name | None = Field(default=None, description="Of lieu: id of the overtime.")
    day: Annotated[date, Field(strict=False)] | None = Field(default=None, alias="date", description="Of a correction.")
    slot: Name | None = Field(default=None, description="Of a correction, such as am_in.")
    at: Instant | None = Field(default=None, description="Of a correction: when the person came or went.")
    about: Name | None = Field(default=None, description="Of a return: TABLE/ID of the leave, such as leave/L-7.")
    reason: Words = ""


class DecideIn(_In):
    reason: Words = Field(default="", description="Must be there to refuse.")
    sequence: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="As it was read: 409 where somebody has acted since."
    )


class RequestOut(LateModel):
    """A request. `leave_kind`, `letter`, `reason` are null where `masked`."""

    number: int
    kind: RequestKind
    state: State
    waits_for: str | None = Field(description="The role that decides next.")
    staff: str
    hall: str | None
    unit: str | None
    window: str | None
    start: Stamp = Field(serialization_alias="from")
    end: Stamp = Field(serialization_alias="to")
    days: float = Field(description="Working days, as counted when it was filed.")
    substitute: str | None
    overtime: str | None
    day: date | None = Field(serialization_alias="date")
    slot: str | None
    about: str | None
    masked: bool
    leave_kind: str | None
    letter: str | None
    reason: str | None
    filed_by: str
    filed_at: Stamp
    decided_at: Stamp | None
    may_decide: bool
    may_withdraw: bool
    sequence: int


class HistoryOut(LateModel):
    at: Stamp
    actor: str
    role: str
    event: str
    steps: list[str] = Field(description="Roles of the chain for which it answers.")
    why: str | None


class SlotOut(LateModel):
    date: date
    slot: str


class UncoveredOut(LateModel):
    date: date
    window: str


class LieuOut(LateModel):
    credited: int
    used: int
    asked: int


class PreviewOut(LateModel):
    """What it would mean; nothing is written."""

    days: float
    minutes: int = Field(description="Service time that it takes.")
    late: int = Field(description="Working days since it began; 0: filed in time.")
    chain: list[str]
    slots: list[SlotOut] = Field(description="Excused; of a return due again; of a correction the one that it is for.")
    still_due: list[SlotOut] = Field(description="Due as it ends, and so not excused.")
    uncovered: list[UncoveredOut] = Field(description="Working days on which nobody is left for a window (B03).")
    whole: bool = Field(description="Whether all days were looked at: of a long span the first 62 are.")
    counts_until: Stamp | None = Field(description="Of an outing that is longer than counts.")
    corrections_used: int | None
    corrections_most: int | None = Field(description="0: no limit.")
    lieu: LieuOut | None = Field(description="Minutes.")
    closed: list[str] = Field(description="Months whose sheets are closed.")
    stands_in: list[str] = Field(description="Cover that the person has promised meanwhile.")


class RequestFileOut(RequestOut):
    chain: list[str]
    step: int = Field(description="How many steps of the chain are done.")
    history: list[HistoryOut]
    plans: dict[str, str] = Field(description="What came of it: table as in files, id.")
    preview: PreviewOut | None = Field(description="What it would mean now; null once it is decided.")


class FiledOut(LateModel):
    number: int
    state: State


def asked_of(said: RequestIn) -> Asked:
    return Asked(
        kind=said.kind, staff=said.staff, starts=said.at if said.kind == "correction" else said.start, ends=said.end,
        leave_kind=said.leave_kind, letter=said.letter, window=said.window, substitute=said.substitute,
        overtime=said.overtime, day=said.day, slot=said.slot, about=said.about, reason=said.reason,
    )  # fmt: skip


def line_json(line: RequestLine, stamp: Any) -> dict[str, Any]:
    """A request as `RequestOut` has it; `stamp`: an instant in the hall's zone."""
    return {
        **{name: getattr(line, name) for name in _PLAIN_FIELDS},
        "start": stamp(line.starts), "end": stamp(line.ends), "filed_at": stamp(line.filed_at),
        "decided_at": stamp(line.decided_at),
    }  # fmt: skip


_PLAIN_FIELDS: Final = (
    "number", "kind", "state", "waits_for", "staff", "hall", "unit", "window", "days", "substitute", "overtime", "day",
    "slot", "about", "masked", "leave_kind", "letter", "reason", "filed_by", "may_decide", "may_withdraw", "sequence",
)  # fmt: skip


def file_json(found: RequestFile, preview: Preview | None, stamp: Any) -> dict[str, Any]:
    return {
        **line_json(found.line, stamp), "chain": list(found.chain), "step": found.step, "plans": dict(found.plans),
        "history": [
            {
                "at": stamp(step.at), "actor": step.actor, "role": step.role, "event": step.event,
                "steps": list(step.steps), "why": step.why,
            }
            for step in found.history
        ],
        "preview": preview_json(preview, stamp) if preview is not None else None,
    }  # fmt: skip


def preview_json(found: Preview, stamp: Any) -> dict[str, Any]:
    used, most = found.corrections or (None, None)
    lieu = found.lieu
    return {
        "days": found.days, "minutes": found.minutes, "late": found.late, "chain": list(found.chain),
        "slots": [{"date": day, "slot": name} for day, name in found.slots],
        "still_due": [{"date": day, "slot": name} for day, name in found.still_due],
        "uncovered": [{"date": one.day, "window": one.window} for one in found.uncovered], "whole": found.whole,
        "counts_until": stamp(found.counts_until), "corrections_used": used, "corrections_most": most,
        "lieu": {"credited": lieu.credited, "used": lieu.used, "asked": lieu.asked} if lieu is not None else None,
        "closed": list(found.closed), "stands_in": list(found.stands_in),
    }  # fmt: skip
