"""A mean head's 68 landmarks, and how a camera sees them when it turns, nods, closes its eyes, comes closer."""

from __future__ import annotations

import math
import random
from typing import Any, Final

import numpy as np

from monitor.attendance.recognition.quality import Point

MEAN_HEAD: Final = np.array(
    [
        # the jaw, from ear to ear
        (-72, -30, -48), (-72, -11, -45), (-69, 7, -44), (-66, 26, -42), (-59, 42, -38), (-47, 56, -31),
        (-33, 67, -18), (-18, 75, -4), (0, 77, 1), (18, 75, -4), (33, 67, -18), (47, 56, -31), (59, 42, -38),
        (66, 26, -42), (69, 7, -44), (72, -11, -45), (72, -30, -48),
        # brows
        (-61, -50, -13), (-51, -59, -6), (-38, -62, 0), (-25, -61, 7), (-12, -57, 12), (12, -57, 12), (25, -61, 7),
        (38, -62, 0), (51, -59, -6), (61, -50, -13),
        # nose
        (0, -42, 13), (0, -31, 21), (0, -20, 29), (0, -8, 37), (-15, 3, 20), (-8, 5, 24), (0, 7, 26), (8, 5, 24),
        (15, 3, 20),
        # eyes
        (-46, -38, -6), (-38, -43, -2), (-28, -43, 0), (-19, -37, 0), (-29, -35, 0), (-38, -35, 0), (19, -37, 0),
        (28, -43, 0), (38, -43, -2), (46, -38, -6), (38, -35, 0), (29, -35, 0),
        # mouth
        (-29, 28, 2), (-18, 22, 16), (-8, 19, 23), (0, 21, 24), (8, 19, 23), (18, 22, 16), (29, 28, 2), (19, 36, 15),
        (8, 40, 22), (0, 40, 24), (-8, 40, 22), (-19, 36, 15), (-24, 28, 6), (-8, 25, 21), (0, 26, 22), (8, 25, 21),
        (24, 28, 6), (8, 31, 20), (0, 31, 22), (-8, 31, 20),
    ],
    dtype=float,
)  # fmt: skip
"""68 × (picture's right, down, towards the camera), millimetres; rounded, symmetric; the eyes are 65 apart."""
LIDS: Final = {37: 41, 38: 40, 43: 47, 44: 46}
"""Upper lid to the lower one."""
AXIS_MM: Final = 60.0
"""The neck's axis lies so far behind the eyes."""
FOCAL_PX: Final = 600.0
AWAY_MM: Final = 490.0
"""Where the eyes are 80 pixels apart."""


def landmarks(
    *, turn: float = 0.0, nod: float = 0.0, shut: float = 0.0, closer: float = 1.0, flat: bool = False,
    noise: float = 0.0, chance: random.Random | None = None,
) -> list[Point]:  # fmt: skip
    """As seen at 640×480. `turn`, `nod`: degrees, + to the own left, down; `shut`: 0 … 1; `flat`: a picture of the
    head, turned and tilted instead of it; `noise`: standard deviation in pixels, from `chance`.
    """
    made = MEAN_HEAD.copy()
    if flat:
        made[:, 2] = 0
    for upper, lower in LIDS.items():
        made[upper] += 0.9 * shut * (made[lower] - made[upper])
    made[:, 2] += AXIS_MM
    made = made @ (_about(0, 2, turn) @ _about(1, 2, nod)).T
    made[:, 2] -= AXIS_MM
    scale = FOCAL_PX / (AWAY_MM / closer - made[:, 2])
    drawn = chance or random.Random(0)
    return [
        (320 + x * s + drawn.gauss(0, noise), 240 + y * s + drawn.gauss(0, noise))
        for x, y, s in zip(made[:, 0].tolist(), made[:, 1].tolist(), scale.tolist(), strict=True)
    ]


def _about(a: int, b: int, degrees: float) -> Any:
    made, angle = np.eye(3), math.radians(degrees)
    made[a, a] = made[b, b] = math.cos(angle)
    made[a, b], made[b, a] = math.sin(angle), -math.sin(angle)
    return made
