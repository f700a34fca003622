"""One try of one person before a camera (一次签到尝试): from the faces of frames to a decision. Pure, no clock.

looking → accepted by distance → challenge → recognised again after each action → accepted; a challenge that is not
done, or done by another face, is `doubted`: a finding for review, no accusation. Between the bands it ends as
`second_factor`, beyond them `unknown`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.bands import Band, band_among, band_of
from monitor.attendance.recognition.encoder import Face
from monitor.attendance.recognition.gallery import Gallery
from monitor.attendance.recognition.liveness import Challenge, draw, jumped
from monitor.attendance.recognition.posture import Resting, measure
from monitor.attendance.recognition.quality import faults
from monitor.model import Reason

State: TypeAlias = Literal["looking", "challenge", "second_factor", "accepted", "doubted", "unknown", "failed"]
ENDED: Final[frozenset[State]] = frozenset({"second_factor", "accepted", "doubted", "unknown", "failed"})
LOOKING: Final = timedelta(seconds=30)
"""How long a face may take to be found and recognised."""
GOOD_FRAMES: Final = 4
"""So many good frames without acceptance end the looking: one bad moment must not send a person away."""
STRANGE_FRAMES: Final = 3
"""So many good frames of somebody else after an action are a finding."""
LOST: Final = timedelta(seconds=1.5)
"""Longer without a face, and in a challenge it has to be shown again who stands there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the person before the camera is told. `distance`: the least of a good frontal frame; `liveness`: 1.0
    challenge passed, 0.0 not, None where none was judged; `left_seconds`: of the present step.
    """

    state: State
    reason: Reason
    action: Action | None = None
    staff: str | None = None
    distance: float | None = None
    liveness: float | None = None
    left_seconds: float | None = None


class Attempt:
    """`staff`: who is claimed (1:1); None: one of many (1:N), named only when accepted. `seed` makes the challenge
    repeatable, for tests; `actions`: it was chosen before, by whoever took the frames. Times are aware UTC, given by
    the caller; a frame not later than the one before is left out.
    """

    def __init__(
        self, *, gallery: Gallery, policy: FacePolicy, staff: str | None, began: datetime, seed: int | None = None,
        actions: Sequence[Action] | None = None,
    ) -> None:  # fmt: skip
        self._given = actions
        self._gallery, self._policy, self._claimed = gallery, policy, staff
        self._began = self._at = began
        self._chance = random.SystemRandom() if seed is None else random.Random(seed)  # nosec B311  # the seed is for tests
        self._resting = Resting()
        self._challenge: Challenge | None = None
        self._step_began = began
        self._matched: str | None = None
        self._best: float | None = None
        self._good = self._strange = 0
        self._shown = True
        self._last: tuple[datetime, Face] | None = None
        self._told = Told(state="looking", reason=Reason(code="face.look"), staff=staff)
        if staff is not None and staff not in gallery.people or not gallery.people:
            self._tell("unknown", Reason(code="face.not_enrolled"))

    @property
    def told(self) -> Told:
        return self._told

    @property
    def matched(self) -> str | None:
        """Who was recognised, for the record of an accepted or doubted attempt; not to be shown before acceptance."""
        return self._matched

    @property
    def wants_vector(self) -> bool:
        """Whether the next frame should come with a vector; else landmarks are enough."""
        if self._told.state in ENDED:
            return False
        if self._challenge is None:
            return self._matched is None
        return not self._shown or self._challenge.coming_back

    def tick(self, at: datetime) -> Told:
        """No frame came; only time passes."""
        if self._told.state in ENDED or at <= self._at:
            return self._told
        self._at = at
        if self._challenge is None:
            if at - self._began >= LOOKING:
                return self._ran_out()
        elif self._left() <= 0:
            undone = self._challenge.action
            code = "face.challenge_failed" if undone is not None else "face.end_unseen"
            return self._tell("doubted", Reason(code=code), liveness=0.0)
        return self._tell(self._told.state, self._told.reason, action=self._told.action)

    def see(self, at: datetime, faces: Sequence[Face]) -> Told:
        """One frame with the faces found in it. ValueError for landmarks other than 68."""
        if self._told.state in ENDED or at <= self._at or self.tick(at).state in ENDED:
            return self._told
        if self._challenge is not None and self._last is not None and at - self._last[0] > LOST:
            self._challenge.restart()
            self._shown = False
        if len(faces) != 1:
            code = "face.several" if faces else "face.nobody"
            return self._wait(Reason(code=code, figures={"found": len(faces)}))
        return self._looked(faces[0]) if self._challenge is None else self._challenged(self._challenge, faces[0])

    # ----------------------------------------------------------------- looking

    def _looked(self, face: Face) -> Told:
        wrong = faults(face.quality, self._policy)
        if wrong:
            return self._wait(wrong[0])
        self._resting.see(measure(face.landmarks))
        if face.vector and self._matched is None:
            self._recognise(face)
        if self._matched is None and self._good >= GOOD_FRAMES:
            return self._ran_out()
        if self._matched is not None and not self._policy.challenge:
            return self._accepted(None)
        rest = self._resting.rest
        if self._matched is None or rest is None:
            return self._wait(Reason(code="face.hold"))
        drawn = self._given if self._given is not None else draw(self._policy, self._chance, rest)
        self._challenge = Challenge(drawn, rest)
        self._step_began, self._last = self._at, (self._at, face)
        return self._ask()

    def _recognise(self, face: Face) -> None:
        self._good += 1
        who, distance, band = self._compared(face)
        if distance is not None:
            self._best = distance if self._best is None else min(self._best, distance)
        if band is Band.ACCEPT:
            self._matched = who

    def _compared(self, face: Face) -> tuple[str | None, float | None, Band]:
        if self._claimed is not None:
            distance = self._gallery.distance(self._claimed, face.vector)
            return self._claimed, distance, band_of(distance, self._policy)
        found = self._gallery.nearest(face.vector)
        if found is None:
            return None, None, Band.UNKNOWN
        return found.staff, found.distance, band_among(found.distance, found.second, self._policy)

    def _ran_out(self) -> Told:
        """Looking ends without acceptance: by the least distance of the good frames, or without any."""
        if self._best is None:
            return self._tell("failed", Reason(code="face.timed_out", figures={"limit": int(LOOKING.total_seconds())}))
        if self._best <= self._policy.review:
            return self._tell("second_factor", Reason(code="face.review"))
        return self._tell("unknown", Reason(code="face.unknown"))

    # ----------------------------------------------------------------- the challenge

    def _challenged(self, challenge: Challenge, face: Face) -> Told:
        before, self._last = self._last, (self._at, face)
        passed = self._at - before[0] if before is not None else LOST
        if before is not None and passed <= LOST and jumped(before[1].box, face.box, passed.total_seconds()):
            return self._tell("doubted", Reason(code="face.jumped"), liveness=0.0)
        if self._shown and challenge.see(measure(face.landmarks)):
            self._shown, self._step_began = False, self._at
        if not self._shown and face.vector and not faults(face.quality, self._policy):
            if self._same(face):
                return self._ask() if challenge.action is not None else self._accepted(1.0)
            if self._strange >= STRANGE_FRAMES:
                return self._tell("doubted", Reason(code="face.other_face"), liveness=0.0)
        return self._ask()

    def _same(self, face: Face) -> bool:
        """Recognised again, after an action or out of sight: a living stand-in must not act for a photograph."""
        who, distance, band = self._compared(face)
        if who == self._matched and band is Band.ACCEPT:
            self._shown, self._strange = True, 0
            self._best = distance if self._best is None or distance is None else min(self._best, distance)
        elif who != self._matched or band is Band.UNKNOWN:
            self._strange += 1
        return self._shown

    def _ask(self) -> Told:
        assert self._challenge is not None
        action = self._challenge.action if self._shown else None
        code = f"face.act.{action}" if action is not None else "face.straight"
        return self._tell("challenge", Reason(code=code), action=action)

    # ----------------------------------------------------------------- telling

    def _wait(self, reason: Reason) -> Told:
        return self._tell(self._told.state, reason, action=self._told.action)

    def _accepted(self, liveness: float | None) -> Told:
        return self._tell("accepted", Reason(code="face.accepted"), liveness=liveness)

    def _left(self) -> float:
        return self._policy.step_seconds - (self._at - self._step_began).total_seconds()

    def _tell(
        self, state: State, reason: Reason, *, action: Action | None = None, liveness: float | None = None
    ) -> Told:
        self._told = Told(
            state=state,
            reason=reason,
            action=action,
            staff=self._matched if state == "accepted" else self._claimed,
            distance=self._best,
            liveness=liveness,
            left_seconds=max(0.0, self._left()) if state == "challenge" else None,
        )
        return self._told
