"""The challenge (活体动作): what is asked, and whether the landmarks of frames show it done. Pure numbers.

A held photograph moves as a plane. In the frame spanned by the middles of both eyes and of the mouth, which lie nearly
in one plane, every point of a plane keeps its coordinates under any affine motion: shaking, tilting, squeezing, coming
closer. The nose stands out of that plane: of a head that turns it moves in this frame. Eyes that close move in it, too.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.encoder import Box
from monitor.attendance.recognition.quality import LANDMARKS, LEFT_EYE, NOSE_TIP, RIGHT_EYE, Point

MOUTH: Final = slice(48, 60)
LIDS: Final = ((37, 41), (38, 40), (43, 47), (44, 46))
"""Upper and lower lid, two places in each eye."""
REST_FRAMES: Final = 3
TURN: Final = 0.17
BACK: Final = 0.08
SHUT: Final = 0.6
OPEN: Final = 0.75
CLOSER: Final = 1.3
HELD: Final = 2
"""Frames on end that must show it: one frame may be blurred."""
SEEN_PX: Final = 7.0
"""Least opening of the eyes by which closing them is told from the noise of landmarks, pixels."""
HEIGHT: Final = (0.75, 1.32)
SKEW: Final = 0.35
TILT: Final = 18.0
"""How far a face may be squeezed, sheared, tilted (degrees) against its rest: beyond, the landmarks themselves go
astray."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """`aside`: the nose tip along the line of the eyes, in eye distances, + towards the person's own left; `opening`:
    of the eyes, in distances from eyes to mouth. In the picture itself: `eyes_px`, the distance of the eyes; `height`
    and `skew`: the mouth across their line and along it from their middle, in eye distances; `tilt`: degrees.
    """

    aside: float
    opening: float
    eyes_px: float
    height: float
    skew: float
    tilt: float


def measure(landmarks: Sequence[Point]) -> Measured:
    """In the frame of eyes and mouth. ValueError for other than 68 points, or eyes and mouth on one line."""
    if len(landmarks) != LANDMARKS:
        raise ValueError(f"{LANDMARKS} landmarks are needed, not {len(landmarks)}")
    right, left, mouth = (_middle(landmarks[part]) for part in (RIGHT_EYE, LEFT_EYE, MOUTH))
    origin = _middle((right, left))
    u, v = (left[0] - right[0], left[1] - right[1]), (mouth[0] - origin[0], mouth[1] - origin[1])
    area = u[0] * v[1] - u[1] * v[0]
    if area == 0:
        raise ValueError("the eyes and the mouth lie on one line")
    nose = landmarks[NOSE_TIP]
    aside = ((nose[0] - origin[0]) * v[1] - (nose[1] - origin[1]) * v[0]) / area
    gaps = [(landmarks[low][0] - landmarks[up][0], landmarks[low][1] - landmarks[up][1]) for up, low in LIDS]
    opening = statistics.fmean((u[0] * gap[1] - u[1] * gap[0]) / area for gap in gaps)
    square = u[0] ** 2 + u[1] ** 2
    return Measured(
        aside=aside,
        opening=opening,
        eyes_px=math.sqrt(square),
        height=abs(area) / square,
        skew=(u[0] * v[0] + u[1] * v[1]) / square,
        tilt=math.degrees(math.atan2(u[1], u[0])),
    )


def _middle(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


class Resting:
    """The rest (静止值): medians of the last REST_FRAMES good frames."""

    def __init__(self) -> None:
        self._seen: list[Measured] = []

    def see(self, seen: Measured) -> None:
        self._seen = [*self._seen, seen][-REST_FRAMES:]

    @property
    def rest(self) -> Measured | None:
        if len(self._seen) < REST_FRAMES:
            return None
        return Measured(
            **{name: statistics.median(getattr(one, name) for one in self._seen) for name in Measured.__slots__}
        )


class Challenge:
    """The actions asked, one after the other, each judged against the rest."""

    def __init__(self, actions: Sequence[Action], rest: Measured) -> None:
        self._left, self._rest, self._held, self._away = list(actions), rest, 0, False

    @property
    def action(self) -> Action | None:
        """What is asked now; None when all is done."""
        return self._left[0] if self._left else None

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
