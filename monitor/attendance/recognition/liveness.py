"""The challenge (活体动作): what is asked, and whether the landmarks of frames show it done. Pure numbers.

What it is judged by is in `posture`; where the limits come from, in docs/adr/0032-liveness.md.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.encoder import Box
from monitor.attendance.recognition.posture import Measured
from monitor.attendance.recognition.quality import Point

TURN: Final = 0.17
BACK: Final = 0.08
"""The nose beside its rest, in eye distances: turned, and back again. A head turned by 25 degrees has about 0.2."""
SHUT: Final = 0.6
OPEN: Final = 0.75
"""The opening of the eyes, of that at rest: closed, and open again."""
CLOSER: Final = 1.3
"""The distance of the eyes in the picture, of that at rest."""
HELD: Final = 2
"""Frames on end that must show it: one frame may be blurred."""
SEEN_PX: Final = 7.0
"""Least opening of the eyes by which closing them is told from the noise of landmarks, pixels."""
HEIGHT: Final = (0.85, 1.28)
SKEW: Final = 0.3
TILT: Final = 18.0
"""How far a face may be squeezed, sheared, tilted (degrees) against its rest: beyond, the landmarks themselves go
astray."""


class Challenge:
    """The actions asked, one after the other, each judged against the rest."""

    def __init__(self, actions: Sequence[Action], rest: Measured) -> None:
        self._left, self._rest, self._held, self._away = list(actions), rest, 0, False

    @property
    def action(self) -> Action | None:
        """What is asked now; None when all is done."""
        return self._left[0] if self._left else None

    @property
    def coming_back(self) -> bool:
        """Whether the present action was shown, and only the state after it is awaited."""
        return self._away

    def restart(self) -> None:
        """The present action begins anew: the face was out of sight."""
        self._held, self._away = 0, False

    def see(self, seen: Measured) -> bool:
        """One frame; true where the present action is done with it."""
        if not self._left:
            return False
        done, back = _shown(self._left[0], seen, self._rest) if _whole(seen, self._rest) else (False, False)
        self._held = self._held + 1 if done else 0
        self._away = self._away or self._held >= HELD
        if not (self._away and back):
            return False
        self._left.pop(0)
        self.restart()
        return True


def _whole(seen: Measured, rest: Measured) -> bool:
    low, high = HEIGHT
    near = abs(seen.skew - rest.skew) <= SKEW and abs(seen.tilt - rest.tilt) <= TILT
    return near and low <= seen.height / rest.height <= high


def _shown(action: Action, seen: Measured, rest: Measured) -> tuple[bool, bool]:
    """Whether a frame shows the action, and whether it shows the state after it."""
    aside = seen.aside - rest.aside
    match action:
        case "turn_left":
            return aside >= TURN, abs(aside) <= BACK
        case "turn_right":
            return aside <= -TURN, abs(aside) <= BACK
        case "blink":
            return seen.opening <= SHUT * rest.opening, seen.opening >= OPEN * rest.opening
        case "closer":
            near = seen.eyes_px >= CLOSER * rest.eyes_px
            return near, near


def draw(policy: FacePolicy, chance: random.Random, rest: Measured) -> tuple[Action, ...]:
    """The actions of one challenge, at random: `challenge_steps` besides `closer`, never the same twice on end.

    A photograph can come closer as well, so that `closer` never comes first. Whose eyes open by too few pixels to tell
    closing from noise is asked to blink only where policy leaves no turn.
    """
    kinds: list[Action] = sorted(set(policy.challenge))
    if rest.opening * rest.height * rest.eyes_px < SEEN_PX:
        kinds = [kind for kind in kinds if kind != "blink"] if {"turn_left", "turn_right"} & set(kinds) else kinds
    first = chance.choice(kinds) if kinds else None
    others: list[Action] = [kind for kind in kinds if kind != "closer"]
    drawn: list[Action] = []
    while others and len(drawn) < policy.challenge_steps:
        fresh = [kind for kind in others if kind not in drawn] or [k for k in others if k != drawn[-1]] or others
        drawn.append(chance.choice(fresh))
    return (*drawn, "closer") if first == "closer" else tuple(drawn)


def jumped(before: Box, after: Box, seconds: float) -> bool:
    """Whether a face moved as no head does between two frames: another one, or another picture, was put there."""
    width = (before.width + after.width) / 2
    moved = math.dist(_centre(before), _centre(after)) / width
    grown = abs(math.log(after.width / before.width))
    return moved > 0.6 + 1.5 * seconds or grown > 0.35 + 0.6 * seconds


def _centre(box: Box) -> Point:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2
