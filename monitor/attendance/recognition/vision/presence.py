"""How many people are at a window, from detections and motion, and how sure that is (在岗判定). Pure: times are given.

Nobody is told with confidence only when no face was found, nothing moved for a while, and the chair's place looks as it
does when it is known to be empty. All else that is not presence is told as 0 people with a low confidence, which the
daemon takes as "cannot tell" (`post.min_confidence`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

Lesson = Literal["keep", "adapt", "restart"]
"""What the background model does with the frame: leave it, blend it in slowly, begin anew from it."""

SURE_NOBODY: Final = 0.9
UNSURE: Final = 0.3
MOVING: Final = 0.7
MOVED: Final = 0.5
"""Confidence of presence by motion: while it lasts, and at the end of `hold_seconds`."""
SEEN_TWICE: Final = 2
"""A detection counts once it stands in so many frames of `seeing_seconds`: cascades err in single frames."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PresencePolicy:
    """Shares are of the chair region's pixels.

    `moving_share` of them in `moving_frames` frames of `moving_seconds` is somebody; that holds for `hold_seconds`.
    A detection in whose window nothing has moved for `still_seconds` is a picture on a wall. `learn_seconds` of quiet
    teach how the empty place looks; what stands still in it for `absorb_seconds` (a turned chair) becomes part of it.
    """

    seeing_seconds: float = 5.0
    moving_share: float = 0.012
    moving_frames: int = 3
    moving_seconds: float = 10.0
    hold_seconds: float = 30.0
    still_seconds: float = 120.0
    learn_seconds: float = 120.0
    absorb_seconds: float = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """One frame of one window. `detected`: people found in its region, `score` 0–1 of the best of them.

    `motion`: share of the chair region that differs from the frame before; `foreground`: from the background.
    `swept`: the whole frame changed (light, a camera knocked), so motion and foreground tell nothing.
    """

    at: datetime
    detected: int = 0
    score: float = 0.0
    motion: float = 0.0
    foreground: float = 0.0
    swept: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What is told of a window. `why`: face, motion, empty; learning, foreground, picture, once (0 people, unsure)."""

    people: int
    confidence: float
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowMemory:
    """What the frames before tell. `moved_at`: last told motion; `stirred_at`: last frame with any; `quiet_since`:
    since when nothing has been there, None while something is. `since`: the first frame.
    """

    since: datetime
    sights: tuple[Sight, ...] = ()
    moved_at: datetime | None = None
    stirred_at: datetime | None = None
    quiet_since: datetime | None = None
    learned: bool = False


def judge_window(
    memory: WindowMemory | None, sight: Sight, policy: PresencePolicy
) -> tuple[WindowMemory, Reading, Lesson]:
    """The reading with this frame, what to remember, and what the background model is to do.

    Times of the frames rise; a gap between them needs nothing but the next call.
    """
    memory = _with(memory or WindowMemory(since=sight.at), sight, policy)
    reading = _reading(memory, sight, policy)
    is_active = _is_active(sight, policy)
    quiet = None if reading.people or is_active or sight.swept else (memory.quiet_since or sight.at)
    memory = replace(memory, quiet_since=quiet)
    lesson, learned = _lesson(memory, sight, reading, policy)
    return replace(memory, learned=learned), reading, lesson


def after_blindness(memory: WindowMemory | None, at: datetime) -> WindowMemory | None:
    """What stays once the view is open again: how the empty place looks. Detections and motion are of before."""
    return None if memory is None else WindowMemory(since=at, learned=memory.learned)


def _with(memory: WindowMemory, sight: Sight, policy: PresencePolicy) -> WindowMemory:
    oldest = sight.at - timedelta(seconds=max(policy.seeing_seconds, policy.moving_seconds))
    sights = (*(s for s in memory.sights if s.at > oldest), sight)
    moved, stirred = memory.moved_at, memory.stirred_at
    if _is_active(sight, policy):
        stirred = sight.at
        recent = [s for s in sights if sight.at - s.at < timedelta(seconds=policy.moving_seconds)]
        if sum(_is_active(s, policy) for s in recent) >= policy.moving_frames:
            moved = sight.at
    return replace(memory, sights=sights, moved_at=moved, stirred_at=stirred)


def _is_active(sight: Sight, policy: PresencePolicy) -> bool:
    return not sight.swept and sight.motion >= policy.moving_share


def _reading(memory: WindowMemory, sight: Sight, policy: PresencePolicy) -> Reading:
    recent = [s for s in memory.sights if sight.at - s.at < timedelta(seconds=policy.seeing_seconds)]
    counts = sorted((s.detected for s in recent), reverse=True)
    seen = counts[SEEN_TWICE - 1] if len(counts) >= SEEN_TWICE else 0
    stirred = max(memory.stirred_at or memory.since, memory.since)
    is_still = sight.at - stirred >= timedelta(seconds=policy.still_seconds)
    if seen and not is_still:
        return Reading(people=seen, confidence=round(max(s.score for s in recent), 2), why="face")
    if memory.moved_at is not None and sight.at - memory.moved_at < timedelta(seconds=policy.hold_seconds):
        gone = (sight.at - memory.moved_at).total_seconds() / policy.hold_seconds
        return Reading(people=1, confidence=round(MOVING - (MOVING - MOVED) * gone, 2), why="motion")
    return _nobody(memory, sight, policy, seen=seen, once=counts[0] > 0)


def _nobody(memory: WindowMemory, sight: Sight, policy: PresencePolicy, *, seen: int, once: bool) -> Reading:
    if seen:
        return Reading(people=0, confidence=UNSURE, why="picture")
    if once:
        return Reading(people=0, confidence=UNSURE, why="once")
    if not memory.learned or sight.swept:
        return Reading(people=0, confidence=UNSURE, why="learning")
    if sight.foreground >= policy.moving_share:
        return Reading(people=0, confidence=UNSURE, why="foreground")
    return Reading(people=0, confidence=SURE_NOBODY, why="empty")


def _lesson(memory: WindowMemory, sight: Sight, reading: Reading, policy: PresencePolicy) -> tuple[Lesson, bool]:
    """What to do with the background, and whether it is known from now on."""
    if sight.swept:
        return "restart", False
    if memory.quiet_since is None:
        return ("keep" if memory.learned else "restart"), memory.learned
    quiet = (sight.at - memory.quiet_since).total_seconds()
    if not memory.learned:
        # What is told of as a picture belongs to the place; what was seen once may be a person.
        return "adapt", quiet >= policy.learn_seconds and reading.why != "once"
    if sight.foreground < policy.moving_share:
        return "adapt", True
    return ("restart" if quiet >= policy.absorb_seconds else "keep"), True
