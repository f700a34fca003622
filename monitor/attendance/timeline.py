"""What all evidence together says of a window from the start to the end of a session (在岗时间线). Pure (DESIGN §5).

Evidence of presence beats evidence of absence; a registered camera that cannot tell makes the time unknown unless
something else shows somebody; a sign-on gives way where a working camera sees nobody.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from monitor.attendance.evidence import (
    NOBODY,
    SOMEBODY,
    Piece,
    Track,
    camera_track,
    duty_track,
    merged,
    sign_track,
)
from monitor.attendance.facts import Duty, PostFacts, Presence, Sign
from monitor.attendance.policy import PostPolicy
from monitor.model import lowest_watermark


class State(enum.StrEnum):
    """`unwatched`: nothing there that could tell of an empty window; `closed`: the hall or window is closed."""

    PRESENT = "present"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    UNWATCHED = "unwatched"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """[start, end) in one state. `cause` of what is known: camera, duty, rating, case, checkin, no_sign_on; of what is
    not: stale, view, confidence, untrusted, lost, lag (not delivered yet). `evidence`: ids of the facts behind it.
    """

    start: datetime
    end: datetime
    state: State
    cause: str = ""
    evidence: tuple[str, ...] = ()


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


def segments(facts: PostFacts, policy: PostPolicy, until: datetime) -> tuple[Segment, ...]:
    """The session up to `until` for explaining a card: facts received by then, absence only as far as it is proven."""
    start, end = facts.session[0], min(facts.session[1], until)
    horizon = proven_to(facts, end)
    found: list[Segment] = []
    for segment in timeline(facts, policy, until).segments:
        for part in _split(segment, horizon):
            if part.start < end:
                found.append(_cut(part, start, min(part.end, end)))
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
    """Absence beyond the horizon is not known yet."""
    provisional = segment.state is State.EMPTY or (segment.state is State.UNKNOWN and segment.cause != "lost")
    if not provisional or segment.end <= horizon:
        return (segment,)
    late = Segment(start=max(segment.start, horizon), end=segment.end, state=State.UNKNOWN, cause="lag")
    return (late,) if segment.start >= horizon else (_cut(segment, segment.start, horizon), late)


def _cut(segment: Segment, start: datetime, end: datetime) -> Segment:
    return Segment(
        start=max(segment.start, start), end=end, state=segment.state, cause=segment.cause, evidence=segment.evidence
    )


# --------------------------------------------------------------------------- fusion

_DUTY_ALONE: Final = "duty_alone"
_DOUBT: Final = "doubt"
"""Atoms that a later pass decides: signed on while the camera cannot tell, signed on while it sees nobody."""


@dataclass(slots=True)
class _Atom:
    """A stretch in which no track changes. `duty`: start of the sign-on in force; `open`: `state` is to be decided."""

    start: datetime
    end: datetime
    state: State
    cause: str
    ids: tuple[Sequence[str], ...]
    open: str = ""
    duty: datetime | None = None


def timeline(facts: PostFacts, policy: PostPolicy, now: datetime) -> Timeline:
    """Fuse the evidence known at `now`.

    1. Make tracks of cameras, duty, signs, closures. 2. Cut the session where any of them changes and say of each atom
    what the evidence shows. 3. Decide where a sign-on gives way. 4. Join equal neighbours.
    """
    known = _Known(facts, now)
    tracks = _Tracks(facts, policy, known)
    atoms = [tracks.atom(start, end) for start, end in pairwise(tracks.changes())]
    undecided = _give_way(atoms, policy, now)
    return Timeline(
        segments=_joined(atoms),
        undecided=tuple(undecided),
        watched=bool(facts.cameras or known.duties or (facts.requires_duty and facts.duty_sources)),
        ahead=tuple(known.ahead),
    )


class _Known:
    """The facts that count at `now`, and when the others begin to."""

    def __init__(self, facts: PostFacts, now: datetime) -> None:
        self.presences: list[Presence] = []
        self.duties: list[Duty] = []
        self.signs: list[Sign] = []
        self.ahead: list[datetime] = []
        for reading in facts.presences:
            if reading.at <= now and reading.received <= now:
                self.presences.append(reading)
            else:
                self.ahead.append(max(reading.at, reading.received))
        for duty in facts.duties:
            if duty.at <= now and duty.received <= now:
                self.duties.append(duty)
            else:
                self.ahead.append(max(duty.at, duty.received))
        for sign in facts.signs:
            if sign.at <= now and sign.received <= now:
                self.signs.append(sign)
            else:
                self.ahead.append(max(sign.at, sign.received))


class _Tracks:
    def __init__(self, facts: PostFacts, policy: PostPolicy, known: _Known) -> None:
        self._facts = facts
        start, end = facts.session
        breaks = sorted({d.at for d in known.duties})
        by_camera: dict[str, list[Presence]] = {camera.id: [] for camera in facts.cameras}
        for reading in known.presences:
            by_camera.setdefault(reading.source, []).append(reading)
        registered = len(facts.cameras)
        pieces = [camera_track(readings, facts.session, policy, breaks) for readings in by_camera.values()]
        duty = duty_track(facts, known.duties)
        signs = sign_track(_of_holders(facts, known.signs), policy, end)
        closures = merged((c.start, c.end) for c in facts.closures)
        closed = [Piece(a, b, NOBODY, "closed") for a, b in closures]
        lost = [[Piece(a, b, NOBODY, "lost") for a, b in merged(camera.lost)] for camera in facts.cameras]
        self._cameras = [(Track(pieces[i]), Track(lost[i])) for i in range(registered)]
        self._former = [Track(p) for p in pieces[registered:]]
        self._duty, self._signs, self._closed = Track(duty), Track(signs), Track(closed)
        cuts = {start, end}
        for track in (*pieces, *lost, duty, signs, closed):
            for piece in track:
                cuts.add(piece.start)
                cuts.add(piece.end)
        self._cuts = sorted(cut for cut in cuts if start <= cut <= end)

    def changes(self) -> list[datetime]:
        return self._cuts

    def atom(self, start: datetime, end: datetime) -> _Atom:
        """What the evidence shows of [start, end), in which it does not change; asked in ascending order."""
        duty = self._duty.at(start)
        signed_on = duty.start if duty is not None and duty.says == SOMEBODY else None
        if self._closed.at(start) is not None:
            return _Atom(start, end, State.CLOSED, "", ())
        sign = self._signs.at(start)
        if sign is not None:
            return _Atom(start, end, State.PRESENT, sign.cause, (sign.ids,), duty=signed_on)
        seen, doubts, empty = self._look(start)
        if seen:
            return _Atom(start, end, State.PRESENT, "camera", tuple(p.ids for p in seen), duty=signed_on)
        if not self._cameras:
            return self._by_duty(start, end, duty)
        if signed_on is not None and duty is not None:
            # A camera that cannot tell, or has not looked since the sign-on, leaves the sign-on standing.
            looked = not doubts and any(p.start >= signed_on for p in empty)
            opened = _DOUBT if looked else _DUTY_ALONE
            ids = (duty.ids, *(p.ids for p in empty))
            return _Atom(start, end, State.EMPTY if looked else State.UNKNOWN, _cause(doubts), ids, opened, signed_on)
        if doubts:
            return _Atom(start, end, State.UNKNOWN, _cause(doubts), ())
        return _Atom(start, end, State.EMPTY, "camera", tuple(p.ids for p in empty))

    def _look(self, at: datetime) -> tuple[list[Piece], list[str], list[Piece]]:
        """What the cameras show: pieces with people, causes of those that cannot tell, pieces without people.

        People seen by a camera that is no longer registered still count; its empty readings do not.
        """
        seen: list[Piece] = []
        doubts: list[str] = []
        empty: list[Piece] = []
        for camera, lost in self._cameras:
            piece, hole = camera.at(at), lost.at(at)
            if piece is not None and piece.says == SOMEBODY:
                seen.append(piece)
            elif hole is not None:
                doubts.append("lost")
            elif piece is None or piece.says != NOBODY:
                doubts.append("stale" if piece is None else piece.cause)
            else:
                empty.append(piece)
        for former in self._former:
            piece = former.at(at)
            if piece is not None and piece.says == SOMEBODY:
                seen.append(piece)
        return seen, doubts, empty

    def _by_duty(self, start: datetime, end: datetime, duty: Piece | None) -> _Atom:
        """A window without cameras: signed on, signed off, or nothing to tell by."""
        if duty is None or not (duty.ids or self._facts.requires_duty):
            return _Atom(start, end, State.UNWATCHED, "", ())
        if duty.says == SOMEBODY:
            return _Atom(start, end, State.PRESENT, "duty", (duty.ids,), duty=duty.start)
        state = State.EMPTY if duty.says == NOBODY else State.UNKNOWN
        return _Atom(start, end, state, duty.cause, (duty.ids,))


def _of_holders(facts: PostFacts, signs: Iterable[Sign]) -> list[Sign]:
    """A check-in is a sign of presence only of somebody posted at the window or standing in there."""
    holders = {post.staff for post in facts.posts} | {s.staff for s in facts.substitutes}
    return [sign for sign in signs if sign.kind != "checkin" or sign.staff in holders]


def _cause(doubts: list[str]) -> str:
    """Lost only where nothing else keeps the cameras from telling: what is lost is settled, the rest may be mended."""
    return next((cause for cause in doubts if cause != "lost"), "lost") if doubts else "camera"


def _give_way(atoms: list[_Atom], policy: PostPolicy, now: datetime) -> list[datetime]:
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
        if atom.open == _DOUBT and spent != atom.duty and outlasted and gives_way <= now:
            spent = atom.duty
        elif atom.open == _DOUBT and spent != atom.duty and outlasted:
            undecided.append(gives_way)
        if spent != atom.duty:
            for decided in atoms[index : last + 1]:
                decided.state, decided.cause, decided.ids = State.PRESENT, "duty", decided.ids[:1]
        index = last + 1
    return undecided


def _joined(atoms: Iterable[_Atom]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    ids: dict[str, None] = {}
    start: datetime | None = None
    previous: _Atom | None = None
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


def _segment(start: datetime, last: _Atom, ids: Iterable[str]) -> Segment:
    return Segment(start=start, end=last.end, state=last.state, cause=last.cause, evidence=tuple(ids))
