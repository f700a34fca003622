"""Tracks of evidence at a window: cameras, duty, other signs, each as pieces of time. Pure (DESIGN §5, "Posts").

A track is a list of pieces in ascending order that do not overlap; what no piece covers is silence of that track.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.attendance.facts import Duty, FoundEmpty, PostFacts, Presence, Sign
from monitor.attendance.policy import PostPolicy
from monitor.model import Span

SOMEBODY: Final = "somebody"
NOBODY: Final = "nobody"
UNSURE: Final = "unsure"
"""What a track says of a piece of time."""

SPOT: Final = "spot"
"""Cause of what a spot check (抽查) showed."""

SIGNED_ON: Final = frozenset({"on", "resume"})

_A_DAY_BACK: Final = timedelta(hours=12)
"""A sign-on lasts from the start of the day; so far before a session is the start of its day in every working day."""


@dataclass(slots=True)
class Piece:
    """[start, end) of one track. `cause` says which evidence, or why there is none; `ids` name the facts behind it."""

    start: datetime
    end: datetime
    says: str
    cause: str
    ids: Sequence[str] = ()


class Track:
    """Reads the pieces of a track at rising instants."""

    __slots__ = ("_next", "_pieces")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._next = 0

    def at(self, instant: datetime) -> Piece | None:
        """The piece that holds `instant`, which must not lie before the instants asked for earlier."""
        pieces = self._pieces
        while self._next < len(pieces) and pieces[self._next].end <= instant:
            self._next += 1
        if self._next < len(pieces) and pieces[self._next].start <= instant:
            return pieces[self._next]
        return None


# --------------------------------------------------------------------------- cameras


def camera_track(
    readings: Iterable[Presence], span: Span, policy: PostPolicy, breaks: Sequence[datetime]
) -> list[Piece]:
    """The readings of one camera: each holds until the next one, at most `camera_seconds`.

    Equal neighbours are one piece; a piece never runs over one of `breaks` (ascending): what the camera saw after a
    sign-on starts afresh with its first reading since.
    """
    lifetime = timedelta(seconds=policy.camera_seconds)
    start, end = span
    pieces: list[Piece] = []
    ids: list[str] = []
    ordered = sorted(readings, key=lambda r: (r.at, r.people, r.id))
    waiting = [*breaks, datetime.max.replace(tzinfo=end.tzinfo)]
    passed = 0
    for index, reading in enumerate(ordered):
        at = reading.at
        ends = at + lifetime
        if index + 1 < len(ordered) and ordered[index + 1].at < ends:
            ends = ordered[index + 1].at
        if ends <= start or at >= end or ends <= at:
            continue
        fresh = waiting[passed] <= at
        while waiting[passed] <= at:
            passed += 1
        says, cause = _seen(reading, policy)
        last = pieces[-1] if pieces else None
        if last is None or fresh or last.end < at or last.says != says or last.cause != cause:
            ids = []
            pieces.append(Piece(at, ends, says, cause, ids))
        else:
            last.end = ends
        ids.append(reading.id)
    return pieces


def _seen(reading: Presence, policy: PostPolicy) -> tuple[str, str]:
    """What one reading proves: only a sharp view counts, and an empty one only when the camera is sure of it."""
    if not reading.trusted:
        return UNSURE, "untrusted"
    if reading.view != "ok":
        return UNSURE, "view"
    if reading.people > 0:
        return SOMEBODY, "camera"
    if reading.confidence is not None and reading.confidence < policy.min_confidence:
        return UNSURE, "confidence"
    return NOBODY, "camera"


# --------------------------------------------------------------------------- duty


def duty_track(facts: PostFacts, duties: Iterable[Duty]) -> list[Piece]:
    """Signing on and off (上岗, 离岗) from the start of the day to the session's end: somebody while anyone is on.

    Before the first event the piece says nobody with cause `no_sign_on`. What follows from silence is unsure where a
    source's clock is not trusted, and after a declared loss until the next event. An untrusted sign-on ends such a
    piece at an uncertain time and so makes it unsure; an untrusted sign-off proves nothing.
    """
    day_start, end = facts.session[0] - _A_DAY_BACK, facts.session[1]
    on: set[str] = set()
    pieces = [Piece(day_start, end, NOBODY, "no_sign_on")]
    for duty in sorted((d for d in duties if d.at < end), key=lambda d: (d.at, d.action in SIGNED_ON, d.id)):
        before = pieces[-1]
        arrives = duty.action in SIGNED_ON
        if arrives:
            on.add(duty.staff)
        else:
            on.discard(duty.staff)
        if arrives and not duty.trusted and before.says == NOBODY:
            before = replace(before, says=UNSURE, cause="untrusted")
        if before.start < duty.at:
            pieces[-1] = replace(before, end=duty.at)
        else:
            pieces.pop()
        says = SOMEBODY if on else (NOBODY if duty.trusted else UNSURE)
        cause = "untrusted" if says == UNSURE else "duty"
        pieces.append(Piece(duty.at, end, says, cause, (duty.id,)))
    return _doubted(facts, pieces)


def _doubted(facts: PostFacts, pieces: list[Piece]) -> list[Piece]:
    """The pieces, with what rests on the silence of untrusted or lost sources taken back."""
    unsure = [source.trusted_to for source in facts.duty_sources if not source.trusted]
    if unsure:
        sure = [at for at in unsure if at is not None]
        pieces = _unsure_from(min(sure) if len(sure) == len(unsure) else None, pieces)
    lost = sorted(span for source in facts.duty_sources for span in source.lost)
    found: list[Piece] = []
    for piece in pieces:
        hole = next((start for start, end in lost if piece.start < end and start < piece.end), None)
        if hole is None or piece.says == SOMEBODY:
            found.append(piece)
            continue
        if piece.start < hole:
            found.append(replace(piece, end=hole))
        found.append(replace(piece, start=max(piece.start, hole), says=UNSURE, cause="lost"))
    return found


def _unsure_from(sure_to: datetime | None, pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces with silence after `sure_to` (None: all of it) turned into doubt: the clocks since then are wrong."""
    found: list[Piece] = []
    for piece in pieces:
        doubted = piece.start if sure_to is None else max(piece.start, sure_to)
        if piece.says != NOBODY or piece.end <= doubted:
            found.append(piece)
            continue
        if piece.start < doubted:
            found.append(replace(piece, end=doubted))
        found.append(replace(piece, start=doubted, says=UNSURE, cause="untrusted"))
    return found


# --------------------------------------------------------------------------- other signs


def sign_track(signs: Iterable[Sign], policy: PostPolicy, end: datetime) -> list[Piece]:
    """Ratings, cases, check-ins and spot checks as one track of presence; where they overlap they are one piece."""
    pieces: list[Piece] = []
    for sign in sorted(signs, key=lambda s: (s.at, s.id)):
        until = min(end, sign.at + policy.lifetime(sign.kind))
        last = pieces[-1] if pieces else None
        if last is not None and sign.at <= last.end:
            pieces[-1] = replace(last, end=max(last.end, until), ids=(*last.ids, sign.id))
        elif sign.at < until:
            pieces.append(Piece(sign.at, until, SOMEBODY, sign.kind, (sign.id,)))
    return pieces


def inspection_track(looks: Iterable[FoundEmpty], policy: PostPolicy, end: datetime) -> list[Piece]:
    """Spot checks that found nobody: each is one look and holds as long as one reading of a camera."""
    pieces: list[Piece] = []
    for look in sorted(looks, key=lambda e: (e.at, e.id)):
        until = min(end, look.at + timedelta(seconds=policy.camera_seconds))
        last = pieces[-1] if pieces else None
        if last is not None and look.at <= last.end:
            pieces[-1] = replace(last, end=max(last.end, until), ids=(*last.ids, look.id))
        elif look.at < until:
            pieces.append(Piece(look.at, until, NOBODY, SPOT, (look.id,)))
    return pieces


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in ascending order, overlapping and touching ones joined."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found
