"""What all evidence together says of a window from the start to the end of a session (在岗时间线). Pure (DESIGN §5).

Evidence of presence beats evidence of absence; a registered camera that cannot tell makes the time unknown unless
something else shows somebody; a sign-on gives way where a working camera sees nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.attendance.evidence import SPOT
from monitor.attendance.facts import PostFacts
from monitor.attendance.fusion import DOUBT, Atom, Known, Tracks
from monitor.attendance.policy import PostPolicy
from monitor.attendance.states import Segment, State
from monitor.model import lowest_watermark


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The whole session as the facts known at `now` say, as if no more came.

    `undecided`: later instants at which a sign-on would give way to a camera that sees nobody. `watched`: whether any
    source could have told of an empty window. `ahead`: when facts that are stored already begin to count.
    """

    segments: tuple[Segment, ...]
    undecided: tuple[datetime, ...]
    watched: bool
    ahead: tuple[datetime, ...]


def proven_segments(facts: PostFacts, line: Timeline, until: datetime) -> tuple[Segment, ...]:
    """A timeline up to `until`, absence only as far as it is proven."""
    start, end = facts.session[0], min(facts.session[1], until)
    horizon = proven_to(facts, end)
    found: list[Segment] = []
    for segment in line.segments:
        for part in _split(segment, horizon):
            if part.start < end:
                found.append(cut(part, start, min(part.end, end)))
    return tuple(found)


def proven_to(facts: PostFacts, until: datetime) -> datetime:
    """How far absence can be proven, within [session start, until].

    A camera sees absence, so where there are cameras their watermark counts; else absence follows from the silence of
    the devices that carry duty, and all of them must have delivered.
    """
    mark = lowest_watermark(facts.cameras or facts.duty_sources)
    start = facts.session[0]
    return start if mark is None else max(start, min(mark, until))


def _split(segment: Segment, horizon: datetime) -> Iterable[Segment]:
    """Absence beyond the horizon is not known yet, but where somebody went there and looked."""
    if segment.cause == SPOT:
        return (segment,)
    provisional = segment.state is State.EMPTY or (segment.state is State.UNKNOWN and segment.cause != "lost")
    if not provisional or segment.end <= horizon:
        return (segment,)
    late = Segment(start=max(segment.start, horizon), end=segment.end, state=State.UNKNOWN, cause="lag")
    return (late,) if segment.start >= horizon else (cut(segment, segment.start, horizon), late)


def cut(segment: Segment, start: datetime, end: datetime) -> Segment:
    """The part of a segment that lies in [start, end)."""
    return Segment(
        start=max(segment.start, start), end=end, state=segment.state, cause=segment.cause, evidence=segment.evidence
    )


# --------------------------------------------------------------------------- fusion


def timeline(facts: PostFacts, policy: PostPolicy, now: datetime) -> Timeline:
    """Fuse the evidence known at `now`.

    1. Make tracks of cameras, duty, signs, closures. 2. Cut the session where any of them changes and say of each atom
    what the evidence shows. 3. Decide where a sign-on gives way. 4. Join equal neighbours.
    Who covers a lone window from beside it is `cover.covered_timeline`'s to say.
    """
    known = Known(facts, now)
    tracks = Tracks(facts, policy, known)
    atoms = [tracks.atom(start, end) for start, end in pairwise(tracks.changes())]
    undecided = _give_way(atoms, policy, now)
    return Timeline(
        segments=_joined(atoms),
        undecided=tuple(undecided),
        watched=bool(facts.cameras or known.duties or (facts.requires_duty and facts.duty_sources)),
        ahead=tuple(known.ahead),
    )


def _give_way(atoms: list[Atom], policy: PostPolicy, now: datetime) -> list[datetime]:
    """Decide the atoms left open, in place; returns the instants after `now` at which a sign-on would give way.

    A sign-on counts at most `duty_gives_way_minutes` against a camera that sees nobody, then the window was empty from
    the first such reading on. From then the sign-on is spent: a camera that later goes dark does not revive it; being
    seen or signing on again does.
    """
    patience = timedelta(minutes=policy.duty_gives_way_minutes)
    undecided: list[datetime] = []
    spent: datetime | None = None
    index = 0
    while index < len(atoms):
        atom = atoms[index]
        if not atom.open:
            spent = None if atom.state in (State.PRESENT, State.CLOSED) else spent
            index += 1
            continue
        last = index
        while last + 1 < len(atoms) and (atoms[last + 1].open, atoms[last + 1].duty) == (atom.open, atom.duty):
            last += 1
        gives_way = atom.start + patience
        outlasted = atoms[last].end > gives_way
        if atom.open == DOUBT and spent != atom.duty and outlasted and gives_way <= now:
            spent = atom.duty
        elif atom.open == DOUBT and spent != atom.duty and outlasted:
            undecided.append(gives_way)
        if spent != atom.duty:
            for decided in atoms[index : last + 1]:
                decided.state, decided.cause, decided.ids = State.PRESENT, "duty", decided.ids[:1]
        index = last + 1
    return undecided


def _joined(atoms: Iterable[Atom]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    ids: dict[str, None] = {}
    start: datetime | None = None
    previous: Atom | None = None
    for atom in atoms:
        if previous is not None and start is not None:
            if (atom.state, atom.cause) != (previous.state, previous.cause):
                found.append(_segment(start, previous, ids))
                start, ids = atom.start, {}
        else:
            start = atom.start
        for some in atom.ids:
            ids.update(dict.fromkeys(some))
        previous = atom
    if previous is not None and start is not None:
        found.append(_segment(start, previous, ids))
    return tuple(found)


def _segment(start: datetime, last: Atom, ids: Iterable[str]) -> Segment:
    return Segment(start=start, end=last.end, state=last.state, cause=last.cause, evidence=tuple(ids))
