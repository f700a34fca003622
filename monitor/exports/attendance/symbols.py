"""The marks of the attendance sheet: what a judged slot, a half day and a month come to (DESIGN §7). Pure.

A half day (半天) shows its gravest slot and is counted once; late, early and off-post are counted by the slot. Why a
mixed half day ends as it does: docs/adr/0009-attendance-sheet.md.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from monitor.attendance.facts import Slot
from monitor.model import Outcome, Reason, Span
from monitor.values import Value


class Half(enum.StrEnum):
    """Half of a day, as its columns are named."""

    FORENOON = "上"
    AFTERNOON = "下"


class Symbol(enum.StrEnum):
    """A half day's mark; the order is the order of gravity, 差 and 假 being equal."""

    ABSENT = "旷"
    OFF_POST = "脱"
    LATE = "迟"
    EARLY = "早"
    UNKNOWN = "？"
    OFFICIAL = "差"
    LEAVE = "假"
    PRESENT = "√"
    REST = "－"


class Punch(Value, frozen=True, kw_only=True):
    """A check-in (打卡) that counts in a slot's session: `direction` is in or out; `correction`: id of the form (补签)
    that wrote it down afterwards, empty for one that a terminal sent.
    """

    at: datetime
    direction: str
    source: str
    trusted: bool
    correction: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card that a slot or a post got. `confirmed`: closed as founded (经查实); `waived`: taken back by a person, or
    closed as unfounded or explained, so that nobody is held to it.
    """

    number: int
    closed: bool = False
    withdrawn: bool = False
    confirmed: bool = False
    waived: bool = False


class JudgedSlot(Value, frozen=True, kw_only=True):
    """A slot with its verdict; `punches`, `unapproved` (ids of leave over its due), `cards` where it is no plain √;
    `waiting`: ids of its corrections (补签) that nobody has approved.

    `idle`: the leave that excuses it takes nothing of the half day, because it begins when leaving is due anyway.
    """

    key: str
    slot: Slot
    outcome: Outcome
    reason: Reason
    punches: tuple[Punch, ...] = ()
    unapproved: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    idle: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is √ by a check-in of its own: there is nothing to tell of it."""
        return self.outcome is Outcome.OK and not (self.punches or self.unapproved)

    @property
    def code(self) -> str:
        """The reason's code without its rule: late, missing, unknown …"""
        return self.reason.code.rpartition(".")[2]

    @property
    def figures(self) -> Mapping[str, Any]:
        return self.reason.figures

    @property
    def minutes(self) -> int:
        """Started minutes late or early; 0 where there are none."""
        return int(self.figures.get("minutes", 0))

    @property
    def waived(self) -> bool:
        """Whether its card was taken back by a person, after an appeal say: nobody is held to it (不予认定)."""
        return self.outcome in _CARDED and any(card.waived for card in self.cards)

    @property
    def confirmed(self) -> bool:
        return any(card.confirmed for card in self.cards)

    @property
    def corrected(self) -> bool:
        """Whether a check-in of this very slot was written down afterwards (补签)."""
        mine = (p for p in self.punches if p.correction and p.direction == self.slot.direction)
        return any(self.slot.opens <= punch.at <= self.slot.closes for punch in mine)

    @property
    def is_missed(self) -> bool:
        """A missing check-in or check-out beside another one of the session (缺卡)."""
        return self.symbol is Symbol.OFF_POST and self.code in MISSED

    @property
    def gone(self) -> Span | None:
        """The time for which an off-post slot says that the person was away."""
        if self.symbol is not Symbol.OFF_POST or self.is_missed or "at" not in self.figures:
            return None
        due, at = (datetime.fromisoformat(str(self.figures[key])) for key in ("due", "at"))
        return min(due, at), max(due, at)

    @property
    def symbol(self) -> Symbol | None:
        """What the slot alone comes to; None where it says nothing (merged into its session's red, not over yet)."""
        if self.outcome is Outcome.EXCUSED:
            return None if self.idle else _excused(self.figures)
        if self.waived:
            # A yellow has a check-in beside it that shows the person in the hall, so has a red for coming too late.
            came = self.outcome is Outcome.YELLOW or self.code == "late_absent"
            return Symbol.PRESENT if came else Symbol.UNKNOWN
        return _BY_OUTCOME.get(self.outcome)

    @property
    def doubt(self) -> Outcome:
        return Outcome.UNPROVEN if self.waived else self.outcome


MISSED: Final = frozenset({"missing", "no_checkout"})
"""Reason codes of a check-in or check-out that is missing while the session has another."""
TRAVELS: Final = frozenset({"official", "trip"})
"""Kinds of leave on which the person works elsewhere: 差."""
_CARDED: Final = (Outcome.YELLOW, Outcome.RED)


def _excused(figures: Mapping[str, Any]) -> Symbol:
    if figures.get("by") != "leave":
        return Symbol.REST
    return Symbol.OFFICIAL if figures.get("kind") in TRAVELS else Symbol.LEAVE


_BY_OUTCOME: Final[Mapping[Outcome, Symbol]] = {
    Outcome.RED: Symbol.ABSENT,
    Outcome.YELLOW: Symbol.OFF_POST,
    Outcome.LATE: Symbol.LATE,
    Outcome.EARLY: Symbol.EARLY,
    Outcome.UNKNOWN: Symbol.UNKNOWN,
    Outcome.UNWATCHED: Symbol.UNKNOWN,
    Outcome.REVIEW: Symbol.UNKNOWN,
    Outcome.UNPROVEN: Symbol.UNKNOWN,
    Outcome.OK: Symbol.PRESENT,
}
_GRAVITY: Final = {symbol: rank for rank, symbol in enumerate(Symbol)} | {
    Symbol.LEAVE: list(Symbol).index(Symbol.OFFICIAL)
}
_UNSETTLED: Final = (Outcome.PENDING, Outcome.REMINDER)
_DOUBTS: Final = (Outcome.UNKNOWN, Outcome.UNWATCHED, Outcome.REVIEW, Outcome.UNPROVEN)
"""In the order in which one half day counts: what may still be settled before what never will."""

CAME: Final = frozenset({Symbol.OFF_POST, Symbol.LATE, Symbol.EARLY, Symbol.PRESENT})


class HalfDay(Value, frozen=True, kw_only=True):
    """One cell of the sheet: its mark and the slots behind it, in the order of their due; none on a day off."""

    day: date
    half: Half
    symbol: Symbol
    slots: tuple[JudgedSlot, ...] = ()

    @property
    def leave_kind(self) -> str:
        """Kind of the leave that the half day counts as; empty for another mark."""
        if self.symbol not in (Symbol.LEAVE, Symbol.OFFICIAL):
            return ""
        return str(next(s for s in self.slots if s.symbol is self.symbol).figures["kind"])

    @property
    def doubt(self) -> Outcome | None:
        """Why nothing can be said, for ？."""
        if self.symbol is not Symbol.UNKNOWN:
            return None
        found = {slot.doubt for slot in self.slots}
        return next(doubt for doubt in _DOUBTS if doubt in found)


def half_day(day: date, half: Half, slots: Sequence[JudgedSlot]) -> HalfDay | None:
    """The cell of a half day that is over: its gravest slot. None while a slot is unsettled or none says anything."""
    marks = [symbol for slot in slots if (symbol := slot.symbol) is not None]
    if not marks or any(slot.outcome in _UNSETTLED for slot in slots):
        return None
    return HalfDay(day=day, half=half, symbol=min(marks, key=_GRAVITY.__getitem__), slots=tuple(slots))


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """A person's month. In half days: due = present + absent + leave + unknown + review + unproven, each counted once.

    Late, early, missed, off_post count slots; minutes are those of late (迟) and early (早), not of off-post.
    `confirmed`: the off-posts whose card was closed as founded (经查实).
    """

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
    leave: Mapping[str, int]
    unknown: int
    review: int
    unproven: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OffPost:
    """A card on an empty window that the person answers for (A05, to be confirmed): the spell [began, ended)."""

    card: Card
    level: str
    window: str
    day: date
    began: datetime
    ended: datetime | None
    evidence: str


def uncounted(posts: Sequence[OffPost], halves: Iterable[HalfDay]) -> tuple[OffPost, ...]:
    """The off-posts that no check-in tells of already: who comes late finds the window empty, once and not twice."""
    if not posts:
        return ()
    spans = [gone for half in halves for slot in half.slots if (gone := slot.gone) is not None]
    return tuple(
        post
        for post in posts
        if not (post.card.withdrawn or post.card.waived)
        and not any(post.began < end and (post.ended is None or start < post.ended) for start, end in spans)
    )


def total(halves: Iterable[HalfDay], posts: Sequence[OffPost] = ()) -> Totals:
    """The totals of a person's half days, and of the off-posts that windows tell of."""
    halves = list(halves)
    seen_at_windows = uncounted(posts, halves)
    cells = [half for half in halves if half.symbol is not Symbol.REST]
    slots = [
        slot for half in cells for slot in half.slots if slot.outcome is not Outcome.OK
    ]  # √ counts by its half day
    late = [slot.minutes for slot in slots if slot.symbol is Symbol.LATE]
    early = [slot.minutes for slot in slots if slot.symbol is Symbol.EARLY]
    off_post = [slot for slot in slots if slot.symbol is Symbol.OFF_POST and not slot.is_missed]
    doubts = Counter(half.doubt for half in cells)
    return Totals(
        due=len(cells),
        present=sum(half.symbol in CAME for half in cells),
        late=len(late),
        late_minutes=sum(late),
        early=len(early),
        early_minutes=sum(early),
        missed=sum(slot.is_missed for slot in slots),
        off_post=len(off_post) + len(seen_at_windows),
        confirmed=sum(slot.confirmed for slot in off_post) + sum(post.card.confirmed for post in seen_at_windows),
        absent=sum(half.symbol is Symbol.ABSENT for half in cells),
        leave=Counter(half.leave_kind for half in cells if half.leave_kind),
        unknown=doubts[Outcome.UNKNOWN] + doubts[Outcome.UNWATCHED],
        review=doubts[Outcome.REVIEW],
        unproven=doubts[Outcome.UNPROVEN],
    )
