"""How a face is held (姿态), by its landmarks, in measures that a flat picture cannot change. Pure numbers.

A held photograph moves as a plane. In the frame spanned by the middles of both eyes and of the mouth, which lie nearly
in one plane, every point of a plane keeps its coordinates under any affine motion: shaking, tilting, squeezing, coming
closer. The nose stands out of that plane: of a head that turns it moves in this frame. Eyes that close move in it, too.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.attendance.recognition.quality import LANDMARKS, LEFT_EYE, NOSE_TIP, RIGHT_EYE, Point

MOUTH: Final = slice(48, 60)
LIDS: Final = ((37, 41), (38, 40), (43, 47), (44, 46))
"""Upper and lower lid, two places in each eye."""
REST_FRAMES: Final = 3


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
