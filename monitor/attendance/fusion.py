"""One instant of a window: what cameras, duty and other signs say together. Pure (DESIGN §5).

Evidence of presence beats evidence of absence; a registered camera that cannot tell makes the time unknown unless
something else shows somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.attendance.evidence import (
    NOBODY,
    SOMEBODY,
    SPOT,
    Piece,
    Track,
    camera_track,
    duty_track,
    inspection_track,
    merged,
    sign_track,
)
from monitor.attendance.facts import Duty, PostFacts, Presence, Sign
from monitor.attendance.policy import PostPolicy
from monitor.attendance.states import State

DUTY_ALONE: Final = "duty_alone"
DOUBT: Final = "doubt"
"""Atoms that a later pass decides: signed on while the camera cannot tell, signed on while it sees nobody."""


@dataclass(slots=True)
class Atom:
    """A stretch in which no track changes. `duty`: start of the sign-on in force; `open`: `state` is to be decided."""

    start: datetime
    end: datetime
    state: State
    cause: str
    ids: tuple[Sequence[str], ...]
    open: str = ""
    duty: datetime | None = None


class Known:
    """The facts that count at `now`, and when the others begin to."""

    def __init__(self, facts: PostFacts, now: datetime) -> None:
        self.presences: list[Presence] = []
        self.duties: list[Duty] = []
        self.signs: list[Sign] = []
        self.ahead: list[datetime] = []
        self.found_empty = [look for look in facts.found_empty if look.at <= now and look.received <= now]
        self.ahead += [max(e.at, e.received) for e in facts.found_empty if e.at > now or e.received > now]
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


class Tracks:
    def __init__(self, facts: PostFacts, policy: PostPolicy, known: Known) -> None:
        self._facts = facts
        start, end = facts.session
        breaks = sorted({d.at for d in known.duties})
        by_camera: dict[str, list[Presence]] = {camera.id: [] for camera in facts.cameras}
        for reading in known.presences:
            by_camera.setdefault(reading.source, []).append(reading)
        registered = len(facts.cameras)
        pieces = [camera_track(readings, facts.session, policy, breaks) for readings in by_camera.values()]
        duty = duty_track(facts, known.duties)
        signs = sign_track(_of_holders(facts, known.signs, policy), policy, end)
        closures = merged((c.start, c.end) for c in facts.closures)
        closed = [Piece(a, b, NOBODY, "closed") for a, b in closures]
        lost = [[Piece(a, b, NOBODY, "lost") for a, b in merged(camera.lost)] for camera in facts.cameras]
        self._cameras = [(Track(pieces[i]), Track(lost[i])) for i in range(registered)]
        self._former = [Track(p) for p in pieces[registered:]]
        found_empty = inspection_track(known.found_empty, policy, end)
        self._duty, self._signs, self._closed = Track(duty), Track(signs), Track(closed)
        self._found_empty = Track(found_empty)
        cuts = {start, end}
        for track in (*pieces, *lost, duty, signs, closed, found_empty):
            for piece in track:
                cuts.add(piece.start)
                cuts.add(piece.end)
        self._cuts = sorted(cut for cut in cuts if start <= cut <= end)

    def changes(self) -> list[datetime]:
        return self._cuts

    def atom(self, start: datetime, end: datetime) -> Atom:
        """What the evidence shows of [start, end), in which it does not change; asked in ascending order."""
        inspected = self._found_empty.at(start)
        duty = self._duty.at(start)
        signed_on = duty.start if duty is not None and duty.says == SOMEBODY else None
        if self._closed.at(start) is not None:
            return Atom(start, end, State.CLOSED, "", ())
        sign = self._signs.at(start)
        if sign is not None:
            return Atom(start, end, State.PRESENT, sign.cause, (sign.ids,), duty=signed_on)
        seen, doubts, empty = self._look(start)
        if seen:
            return Atom(start, end, State.PRESENT, "camera", tuple(p.ids for p in seen), duty=signed_on)
        if not self._cameras:
            return _inspected(self._by_duty(start, end, duty), inspected)
        if signed_on is not None and duty is not None:
            # A camera that cannot tell, or has not looked since the sign-on, leaves the sign-on standing.
            looked = not doubts and any(p.start >= signed_on for p in empty)
            opened = DOUBT if looked else DUTY_ALONE
            ids = (duty.ids, *(p.ids for p in empty))
            return Atom(start, end, State.EMPTY if looked else State.UNKNOWN, _cause(doubts), ids, opened, signed_on)
        if doubts:
            return _inspected(Atom(start, end, State.UNKNOWN, _cause(doubts), ()), inspected)
        return Atom(start, end, State.EMPTY, "camera", tuple(p.ids for p in empty))

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

    def _by_duty(self, start: datetime, end: datetime, duty: Piece | None) -> Atom:
        """A window without cameras: signed on, signed off, or nothing to tell by."""
        if duty is None or not (duty.ids or self._facts.requires_duty):
            return Atom(start, end, State.UNWATCHED, "", ())
        if duty.says == SOMEBODY:
            return Atom(start, end, State.PRESENT, "duty", (duty.ids,), duty=duty.start)
        state = State.EMPTY if duty.says == NOBODY else State.UNKNOWN
        return Atom(start, end, state, duty.cause, (duty.ids,))


def _inspected(atom: Atom, inspected: Piece | None) -> Atom:
    """Where nothing else can tell, a spot check that found nobody does, for as long as one look of a camera."""
    if inspected is None or atom.state not in (State.UNKNOWN, State.UNWATCHED):
        return atom
    return Atom(atom.start, atom.end, State.EMPTY, SPOT, (inspected.ids,))


def _of_holders(facts: PostFacts, signs: Iterable[Sign], policy: PostPolicy) -> list[Sign]:
    """A check-in is a sign of presence only of somebody posted at the window, or standing in there at that time."""
    holders = {post.staff for post in facts.posts}
    holds = policy.lifetime("checkin")

    def stands_in(sign: Sign) -> bool:
        mine = (s for s in facts.substitutes if s.staff == sign.staff)
        return any(s.start < sign.at + holds and sign.at < s.end for s in mine)

    return [sign for sign in signs if sign.kind != "checkin" or sign.staff in holders or stands_in(sign)]


def _cause(doubts: list[str]) -> str:
    """Lost only where nothing else keeps the cameras from telling: what is lost is settled, the rest may be mended."""
    return next((cause for cause in doubts if cause != "lost"), "lost") if doubts else "camera"
