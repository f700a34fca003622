"""Whether a face in a photograph is good enough to be enrolled (照片质量): size, blur, pose, light. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from monitor.attendance.facepolicy import FacePolicy
from monitor.model import Reason

Point: TypeAlias = tuple[float, float]
RIGHT_EYE: Final = slice(36, 42)
LEFT_EYE: Final = slice(42, 48)
NOSE_TIP: Final = 30
MOUTH_CORNERS: Final = (48, 54)
LANDMARKS: Final = 68


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """`size_px`: width of the face in the picture as given; `sharpness`, `brightness`, `contrast`: of the upright face
    at 150×150, grey; `turn`: see `turn_of`; `tilt_degrees`: see `tilt_of`; `nod`: see `nod_of`.
    """

    size_px: float
    sharpness: float
    turn: float
    tilt_degrees: float
    nod: float
    brightness: float
    contrast: float


def turn_of(landmarks: Sequence[Point]) -> float:
    """How far the nose lies beside the middle of the eyes, in distances of the eyes, along their line; + is to the
    picture's right. 0 looks straight ahead. ValueError for other than 68 points, or eyes in one place.
    """
    right, left, distance = _eyes(landmarks)
    along = ((left[0] - right[0]) / distance, (left[1] - right[1]) / distance)
    nose = landmarks[NOSE_TIP]
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    return ((nose[0] - middle[0]) * along[0] + (nose[1] - middle[1]) * along[1]) / distance


def tilt_of(landmarks: Sequence[Point]) -> float:
    """The angle of the line of the eyes with the horizontal, degrees; + is clockwise in the picture. ValueError as
    `turn_of`.
    """
    right, left, _ = _eyes(landmarks)
    return math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))


def nod_of(landmarks: Sequence[Point]) -> float:
    """How far down between eyes (0) and corners of the mouth (1) the tip of the nose stands: about a half straight
    ahead, less looking up (仰头), more looking down (低头). ValueError as `turn_of`, or eyes and mouth on one line.
    """
    right, left, _ = _eyes(landmarks)
    origin, mouth = _middle((right, left)), _middle((landmarks[MOUTH_CORNERS[0]], landmarks[MOUTH_CORNERS[1]]))
    u, v = (left[0] - right[0], left[1] - right[1]), (mouth[0] - origin[0], mouth[1] - origin[1])
    area = u[0] * v[1] - u[1] * v[0]
    if area == 0:
        raise ValueError("the eyes and the mouth lie on one line")
    nose = landmarks[NOSE_TIP]
    return (u[0] * (nose[1] - origin[1]) - u[1] * (nose[0] - origin[0])) / area


def _eyes(landmarks: Sequence[Point]) -> tuple[Point, Point, float]:
    """The middles of both eyes, the one on the picture's left first, and their distance."""
    if len(landmarks) != LANDMARKS:
        raise ValueError(f"{LANDMARKS} landmarks are needed, not {len(landmarks)}")
    right, left = _middle(landmarks[RIGHT_EYE]), _middle(landmarks[LEFT_EYE])
    distance = math.dist(right, left)
    if distance == 0:
        raise ValueError("the eyes lie in one place")
    return right, left, distance


def _middle(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def faults(found: Quality, policy: FacePolicy) -> tuple[Reason, ...]:
    """Why the face is not good enough, each with figure and limit; empty where it is. A figure at the limit passes."""
    asked = (
        ("face.small", found.size_px, policy.min_face_px, found.size_px < policy.min_face_px),
        ("face.blurred", found.sharpness, policy.min_sharpness, found.sharpness < policy.min_sharpness),
        ("face.turned", abs(found.turn), policy.max_turn, abs(found.turn) > policy.max_turn),
        ("face.tilted", abs(found.tilt_degrees), policy.max_tilt_degrees,
         abs(found.tilt_degrees) > policy.max_tilt_degrees),
        ("face.raised", found.nod, policy.min_nod, found.nod < policy.min_nod),
        ("face.lowered", found.nod, policy.max_nod, found.nod > policy.max_nod),
        ("face.dark", found.brightness, policy.min_brightness, found.brightness < policy.min_brightness),
        ("face.bright", found.brightness, policy.max_brightness, found.brightness > policy.max_brightness),
        ("face.flat", found.contrast, policy.min_contrast, found.contrast < policy.min_contrast),
    )  # fmt: skip
    return tuple(
        Reason(code=code, figures={"found": f"{value:.4g}", "limit": f"{limit:g}"})
        for code, value, limit, wrong in asked
        if wrong
    )
