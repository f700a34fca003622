"""What the attendance rules judge on (考勤, 在岗). Built by the store; all times UTC and already skew-corrected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from monitor.model import Post, Registry, SourceState, Span
from monitor.values import Value


class Slot(Value, frozen=True, kw_only=True):
    """One check-in slot on one day: `direction` in or out; `session` names the half day it belongs to (am, pm)."""

    name: str
    session: str
    direction: str
    opens: datetime
    due: datetime
    closes: datetime
    flex_minutes: int = 0
    """In-slot: so much after `due` is in time, and the session's out-slot is due as much later as the person came."""


class CheckIn(Value, frozen=True, kw_only=True):
    """A check-in at its corrected time. `trusted` False: the time proves no lateness (DESIGN §3.1); `not_before` is
    what is certain then: by a clock that was right its terminal had nothing left to send at that time. `slot`: the one
    that a correction (补签) names. `distance`, `liveness`: as the terminal gave them; they may put it in doubt, unless
    it is `vouched` for: somebody has decided that it was theirs. One that was not is no fact of theirs at all.
    """

    id: str
    staff: str
    at: datetime
    received: datetime
    source: str
    direction: str | None = None
    method: str = "face"
    trusted: bool = True
    not_before: datetime | None = None
    slot: str = ""
    distance: float | None = None
    liveness: float | None = None
    vouched: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """A correction (补签) of one slot: by whom it is said when the person came. Counts once approved; until then it is
    pending (待批) and changes nothing.
    """

    id: str
    staff: str
    day: date
    slot: str
    at: datetime
    approver: str | None = None
    approved_at: datetime | None = None

    @property
    def is_approved(self) -> bool:
        return bool(self.approver) and self.approved_at is not None

    def fits(self, slot: Slot) -> bool:
        """Whether it speaks of this slot, at a time within it."""
        return slot.name == self.slot and slot.opens <= self.at <= slot.closes


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """Leave (请假), a trip (出差: kind `trip`) or time off in lieu (补休: `lieu`): [start, end).

    Counts once `approver` and `approved_at` are set and approved_at <= now.
    """

    id: str
    staff: str
    kind: str
    start: datetime
    end: datetime
    approver: str | None = None
    approved_at: datetime | None = None
    letter: str | None = None
    filed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outing:
    """Outing slip (临时外出): [start, end), at most 30 minutes of it count (policy key)."""

    id: str
    staff: str
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Substitute:
    """A substitute (代岗) for a window, [start, end), with the letter it rests on (函)."""

    id: str
    window: str
    staff: str
    start: datetime
    end: datetime
    letter: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """Hall or window closed for [start, end)."""

    id: str
    start: datetime
    end: datetime
    why: str = ""


class SlotFacts(Value, frozen=True, kw_only=True):
    """One slot of one person: the slot, all slots of its session, the person's check-ins around the day.

    `slots`: all of the person's day, for windows of two sessions may overlap (none given: those of the session).
    `preset`, `shift`, `roles`: what planned them: a preset, by the shift of this id ("": the hall's own), and the
    person's roles on the day's rota that matter; `own`: the values of [checkin] that the preset brings.
    `corrections` are all of the day, approved or not; those that count are among the check-ins.

    `sources` are the terminals in service that the person may use, the first of them since `watched_from` (None:
    always). `expected`: False when the slot is no longer on the plan (preset changed, person gone): closed.
    `published`: False in a year whose calendar is not published: unknown.
    """

    staff: str
    date: date
    slot: Slot
    session: tuple[Slot, ...]
    checkins: tuple[CheckIn, ...]
    sources: tuple[SourceState, ...]
    leaves: tuple[Leave, ...]
    outings: tuple[Outing, ...]
    closures: tuple[Closure, ...]
    registry: Registry
    window: str | None = None
    expected: bool = True
    published: bool = True
    watched_from: datetime | None = None
    slots: tuple[Slot, ...] = ()
    corrections: tuple[Correction, ...] = ()
    preset: str = ""
    shift: str = ""
    roles: tuple[str, ...] = ()
    own: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """A camera reading: `view` is ok, dark, frozen or covered; `confidence` None where the camera gives none."""

    id: str
    at: datetime
    received: datetime
    source: str
    people: int
    view: str
    confidence: float | None = None
    trusted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """Signing on or off a window: on, off, pause, resume."""

    id: str
    at: datetime
    received: datetime
    source: str
    staff: str
    action: str
    trusted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """Another sign of presence at the window: kind is `rating`, `case`, `checkin` or `spot` (a spot check that found
    somebody, A17).
    """

    id: str
    kind: str
    at: datetime
    received: datetime
    source: str
    staff: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundEmpty:
    """A spot check (抽查, A17) that found nobody: `at` when the inspector looked, `received` when it was recorded."""

    id: str
    at: datetime
    received: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PostFacts:
    """One service session of one window, with every kind of evidence in it.

    `session` is [start, end). `duties` begin with the start of the day (a sign-on before the session lasts into it).
    `cameras`: the states of the cameras at this window; `duty_sources`: of the devices that carry duty for it.
    `posts` are the holders of that day in rank order. `substitutes`, `leaves`, `outings` may concern anybody of them.
    `others`: sessions at the same time of windows where somebody of them may be instead, or of the neighbours that may
    cover a lone window; only where that matters, and never with `others` of their own.
    """

    window: str
    date: date
    session: Span
    presences: tuple[Presence, ...]
    duties: tuple[Duty, ...]
    signs: tuple[Sign, ...]
    cameras: tuple[SourceState, ...]
    duty_sources: tuple[SourceState, ...]
    posts: tuple[Post, ...]
    leaves: tuple[Leave, ...]
    outings: tuple[Outing, ...]
    substitutes: tuple[Substitute, ...]
    closures: tuple[Closure, ...]
    registry: Registry
    requires_duty: bool = False
    expected: bool = True
    published: bool = True
    found_empty: tuple[FoundEmpty, ...] = ()
    others: tuple[PostFacts, ...] = ()
