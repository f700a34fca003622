"""A judged slot with what it rests on: check-ins, what is known up to when, what it still waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from monitor.attendance.facts import CheckIn, SlotFacts
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.slotcase import SlotCase, slot_case
from monitor.exports.attendance.month import CORRECTION
from monitor.exports.attendance_lists import SlotSeen
from monitor.exports.attendance_rows import Mend
from monitor.model import Outcome, Reason, Wait

MERGED: Final = "merged"
"""Kind of a slot that its session's red speaks for; the lists say nothing of it."""
GONE: Final = ("absent", "missing", "awaited", "off_post", "left_post")
"""Kinds of somebody who was, or is, not there: what `only=gone` shows."""
PRIVATE: Final = ("kind", "id")
"""Figures of a leave's reason that only those learn who decide about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """A check-in (打卡) that lies in the slot's session and goes its way.

    `trusted`: its time is sure; `doubted`: whose it was is for review; `form`: id of the correction (补签) that wrote
    it down afterwards.
    """

    at: datetime
    source: str
    method: str
    trusted: bool = True
    doubted: bool = False
    form: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DaySlot:
    """A slot as it stands. `kind` of `attendance_rows.KINDS`, or MERGED; `at`, `minutes` of the check-in that counts.

    `due` is as moved by slips and flexible hours; `by`: leave or closure that excuses it, `leave` the kind of leave, of
    which those are told who may know. `known_to`: up to when all its terminals have delivered; `waits`: what they owe.
    """

    key: str
    day: date
    name: str
    direction: str
    kind: str
    due: datetime
    at: datetime | None
    minutes: int
    by: str
    leave: str
    cards: tuple[int, ...]
    mends: tuple[Mend, ...]
    outcome: Outcome
    reason: Reason
    came: tuple[Came, ...] = ()
    known_to: datetime | None = None
    waits: tuple[Wait, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has something to do or to deliver about it."""
        return bool(self.mends)


def slot_of(seen: SlotSeen) -> DaySlot | None:
    """The slot, without its check-ins (`with_came`); None of one that is off the plan."""
    line, verdict = seen.line, seen.verdict
    if line is None and verdict.outcome is not Outcome.MERGED:
        return None
    slot, figures = seen.facts.slot, verdict.reason.figures
    by = str(figures.get("by", "")) if verdict.outcome is Outcome.EXCUSED else ""
    return DaySlot(
        key=seen.key,
        day=seen.facts.date,
        name=slot.name,
        direction=slot.direction,
        kind=line.kind if line is not None else MERGED,
        due=line.due or slot.due if line is not None else slot.due,
        at=line.at if line is not None else None,
        minutes=line.minutes if line is not None else 0,
        by=by,
        leave=str(figures.get("kind", "")) if by == "leave" else "",
        cards=line.cards if line is not None else (),
        mends=line.mends if line is not None else (),
        outcome=verdict.outcome,
        reason=verdict.reason,
        known_to=verdict.watermark,
        waits=verdict.waits,
    )


def with_came(slot: DaySlot, facts: SlotFacts, policy: CheckinPolicy, now: datetime) -> DaySlot:
    """The slot with the check-ins of its session that go its way, those of doubtful person or time among them."""
    case = slot_case(facts, policy, now)
    return replace(slot, came=tuple(sorted(_came(case, slot.direction), key=lambda one: (one.at, one.source))))


def masked(slot: DaySlot) -> DaySlot:
    """For whoever is not told what leave it is (DESIGN §1F): 假, no kind, no form."""
    mends = tuple(replace(mend, of="") if mend.why in ("leave", "correction") else mend for mend in slot.mends)
    if slot.by != "leave":
        return replace(slot, mends=mends) if mends != slot.mends else slot
    told = {name: value for name, value in slot.reason.figures.items() if name not in PRIVATE}
    return replace(slot, leave="", mends=mends, reason=Reason(code=slot.reason.code, figures=told))


def _came(case: SlotCase, direction: str) -> Iterator[Came]:
    for checkin, way in case.came:
        if way == direction:
            yield _one(checkin)
    for checkin, way in case.doubted:
        if way == direction:
            yield _one(checkin, doubted=True)


def _one(checkin: CheckIn, *, doubted: bool = False) -> Came:
    form = checkin.id.partition("/")[2] if checkin.source == CORRECTION else ""
    return Came(
        at=checkin.at, source=checkin.source, method=checkin.method, trusted=checkin.trusted, doubted=doubted, form=form
    )
