"""Who stands before the terminal becomes an event, or not: one attempt after the other. No thread, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from monitor.agents.terminal.gallery import Held
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.attempt import ENDED, Attempt, Told
from monitor.attendance.recognition.bands import Band, band_among
from monitor.attendance.recognition.encoder import Face
from monitor.model import Reason

log = structlog.get_logger(__name__)

REST: Final = timedelta(seconds=3)
"""After an attempt without acceptance; whoever still stands there then is looked at again."""
LEFT: Final = timedelta(seconds=2)
"""Without a face for so long the person of an attempt 1:N has gone."""

Show = Callable[[datetime, Told], None]
Tell = Callable[[datetime, dict[str, Any]], bool]


@dataclass(kw_only=True, slots=True)
class _Open:
    attempt: Attempt
    began: datetime
    faced_at: datetime
    claimed: bool


class Desk:
    """`show` is called with what the person is to be told, `tell` with the time and fields of an event; it gives
    whether the event is safely kept, and only then the person is told so.

    With `cards` an attempt begins with a staff number (1:1); else with a face (1:N). Doubt 1:N names nobody.
    """

    def __init__(self, *, cards: bool, challenge: bool, repeat_seconds: float, show: Show, tell: Tell) -> None:
        self._cards, self._challenge = cards, challenge
        self._repeat = timedelta(seconds=repeat_seconds)
        self._show, self._tell = show, tell
        self._held: Held | None = None
        self._open: _Open | None = None
        self._rest_until: datetime | None = None
        self._quiet_until: datetime | None = None
        self._told: dict[tuple[str, bool], datetime] = {}
        self.counts: Counter[str] = Counter()

    @property
    def is_busy(self) -> bool:
        return self._open is not None

    def is_resting(self, at: datetime) -> bool:
        """What was told last is still to be read."""
        return any(until is not None and at < until for until in (self._rest_until, self._quiet_until))

    @property
    def wants_vector(self) -> bool:
        """Whether the next frame is needed for more than its landmarks."""
        return self._open is None or self._open.attempt.wants_vector

    def use(self, held: Held | None) -> None:
        """The gallery from now on; None: nobody can be recognised, and what is open comes to nothing."""
        self._held = held
        if held is None:
            self.abandon()

    def abandon(self) -> None:
        self._open = None

    def card(self, staff: str, at: datetime) -> None:
        """A staff number was read: whoever stands there says to be that person."""
        held = self._held
        if held is None:
            return
        if self._is_repeat(staff, passed=True, at=at):
            self._say(at, "looking", "terminal.already", staff=staff)
        elif staff not in held.gallery.people:
            self._count("unknown_number")
            self._say(at, "unknown", "terminal.number", staff=staff)
        else:
            self._begin(held, at, staff)

    def see(self, at: datetime, faces: Sequence[Face]) -> None:
        """The faces of a frame that was taken at `at`; times rise."""
        held = self._held
        if held is None:
            return
        if self._open is None and not self._cards and self._is_new(held, at, faces):
            self._begin(held, at, None)
        if self._open is not None:
            if faces:
                self._open.faced_at = at
            elif self._has_left(self._open, at):
                self._leave(at)
                return
            told = self._open.attempt.see(at, faces)
            matched = self._open.attempt.matched
            if not self._cards and matched is not None and self._is_repeat(matched, passed=True, at=at):
                self._open = None
                self._say(at, "looking", "terminal.already", staff=matched)
            else:
                self._heard(told, at)

    def tick(self, at: datetime) -> None:
        """No frame is on its way; only time passes."""
        if self._open is None:
            return
        if self._has_left(self._open, at):
            self._leave(at)
        else:
            self._heard(self._open.attempt.tick(at), at)

    # ----------------------------------------------------------------- beginning

    def _is_new(self, held: Held, at: datetime, faces: Sequence[Face]) -> bool:
        """Whether somebody stands there who is to be recognised: one face, near enough, not just told of."""
        if len(faces) != 1 or faces[0].quality.size_px < held.policy.min_face_px:
            return False
        if self._rest_until is not None and at < self._rest_until:
            return False
        vector = faces[0].vector
        found = held.gallery.nearest(vector) if vector else None
        if found is None or band_among(found.distance, found.second, held.policy) is not Band.ACCEPT:
            # Whoever was accepted just now may still stand there, seen less well.
            return self._quiet_until is None or at >= self._quiet_until
        return not self._is_repeat(found.staff, passed=True, at=at)

    def _begin(self, held: Held, at: datetime, staff: str | None) -> None:
        policy = held.policy if self._challenge else _without_challenge(held.policy)
        attempt = Attempt(gallery=held.gallery, policy=policy, staff=staff, began=at)
        self._open = _Open(attempt=attempt, began=at, faced_at=at, claimed=staff is not None)
        self._heard(attempt.told, at)

    def _has_left(self, open_: _Open, at: datetime) -> bool:
        """1:N only: whoever gave a number has said who they are, and a challenge that they leave is a finding."""
        return not open_.claimed and at - open_.faced_at >= LEFT

    def _leave(self, at: datetime) -> None:
        self._open = None
        self._count("left")
        self._say(at, "looking", "terminal.idle")

    # ----------------------------------------------------------------- ending

    def _heard(self, told: Told, at: datetime) -> None:
        open_ = self._open
        if open_ is None or told.state not in ENDED:
            self._show(at, told)
            return
        self._open = None
        self._count(told.state)
        staff = _whose(told, open_)
        kept = staff is None or self._event(staff, open_, at)
        if not kept:
            told = Told(state="failed", reason=Reason(code="terminal.not_kept"))
        elif told.state == "accepted" and staff is not None:
            told = replace(told, reason=Reason(code="terminal.accepted", figures={"staff": staff}))
        if told.state == "accepted":
            self._quiet_until = at + REST
        else:
            self._rest_until = at + REST
        self._show(at, told)

    def _event(self, staff: str, open_: _Open, at: datetime) -> bool:
        """Tell of it, unless it was told a moment ago, or the person was taken out of the gallery meanwhile."""
        ended = open_.attempt.told
        passed = ended.state == "accepted"
        if self._held is None or staff not in self._held.gallery.people or self._is_repeat(staff, passed=passed, at=at):
            return True
        fields: dict[str, Any] = {"staff": staff, "method": "face"}
        if ended.distance is not None:
            fields["distance"] = round(ended.distance, 3)
        if ended.liveness is not None:
            fields["liveness"] = ended.liveness
        if not self._tell(open_.began, fields):
            return False
        self._told = {key: told for key, told in self._told.items() if at - told < self._repeat}
        self._told[staff, passed] = at
        return True

    def _is_repeat(self, staff: str, *, passed: bool, at: datetime) -> bool:
        """Told within `repeat_seconds`. Whoever failed the challenge may pass it at once; the reverse tells nothing."""
        before = [self._told.get((staff, True))] + ([] if passed else [self._told.get((staff, False))])
        return any(told is not None and at - told < self._repeat for told in before)

    def _count(self, state: str) -> None:
        """Into the log without a name."""
        self.counts[state] += 1
        log.info("an attempt ended", action="terminal.attempt", state=state, so_far=self.counts[state])

    def _say(self, at: datetime, state: Any, code: str, **figures: Any) -> None:
        self._show(at, Told(state=state, reason=Reason(code=code, figures=figures)))


def _whose(told: Told, open_: _Open) -> str | None:
    """Whose event it is: who was accepted, or recognised before the challenge failed; in doubt only who was claimed."""
    if told.state == "accepted":
        return told.staff
    if told.state == "doubted":
        return open_.attempt.matched
    return told.staff if told.state == "second_factor" and open_.claimed else None


def _without_challenge(policy: FacePolicy) -> FacePolicy:
    return policy.model_copy(update={"challenge": ()})
