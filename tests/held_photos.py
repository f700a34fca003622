"""A photograph held before a camera, as a sheet: flat or bent about a vertical cylinder, turned, squeezed, moved, with
the perspective of a camera of 56° of view. `WAYS` are movements of somebody who wants it to pass for a head.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from tests.moving_heads import EYES_MM, HEIGHT, WIDTH, Frame, Portrait, eyes_px

FOCAL_PX: Final = 600.0


@dataclass(frozen=True, kw_only=True)
class Held:
    """How a photograph is held. Degrees: `yaw` about the vertical, `pitch` about the horizontal, `roll` in the picture.
    `bend_mm`: radius of the vertical cylinder it is bent about, + bulging towards the camera, 0 flat (a face has eyes
    65 mm apart). `squeeze`: width × by it; `shear`: aside by so much of the height; `closer`: magnification by
    distance; `shift`: pixels.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    bend_mm: float = 0.0
    squeeze: float = 1.0
    shear: float = 0.0
    closer: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


def held(photo: Portrait, how: Held) -> Frame:
    """One frame of the whole picture as a sheet before the camera, with perspective."""
    far = FOCAL_PX * EYES_MM / eyes_px(photo.landmarks) / how.closer
    away = far * how.closer
    x = (np.arange(WIDTH) - WIDTH / 2 - how.shift[0]) / FOCAL_PX
    y = (np.arange(HEIGHT) - HEIGHT / 2 - how.shift[1]) / FOCAL_PX
    rays = np.stack([*np.meshgrid(x, y), np.ones((HEIGHT, WIDTH))], axis=-1)
    turned = _rotation(how)
    # In the sheet's own axes: the camera, and where each pixel looks.
    camera, rays = -np.array([0.0, 0.0, far]) @ turned, rays @ turned
    on_x, on_y = _flat(camera, rays) if not how.bend_mm else _bent(camera, rays, how.bend_mm)
    scale = FOCAL_PX / away
    map_x = (on_x / how.squeeze + how.shear * on_y) * scale + WIDTH / 2
    map_y = on_y * scale + HEIGHT / 2
    return cv2.remap(
        photo.pixels, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(120, 125, 128),
    )  # fmt: skip


def _rotation(how: Held) -> Any:
    def about(axis: tuple[int, int], degrees: float) -> Any:
        made, angle = np.eye(3), math.radians(degrees)
        a, b = axis
        made[a, a] = made[b, b] = math.cos(angle)
        made[a, b], made[b, a] = -math.sin(angle), math.sin(angle)
        return made

    return about((2, 0), how.yaw) @ about((1, 2), how.pitch) @ about((0, 1), how.roll)


def _flat(camera: Any, rays: Any) -> tuple[Any, Any]:
    along = -camera[2] / rays[..., 2]
    return camera[0] + along * rays[..., 0], camera[1] + along * rays[..., 1]


def _bent(camera: Any, rays: Any, bend: float) -> tuple[Any, Any]:
    """Where rays meet the cylinder whose nearest line, or farthest where it is hollow, is the sheet's middle."""
    radius, centre = abs(bend), bend
    a = rays[..., 0] ** 2 + rays[..., 2] ** 2
    b = camera[0] * rays[..., 0] + (camera[2] - centre) * rays[..., 2]
    c = camera[0] ** 2 + (camera[2] - centre) ** 2 - radius**2
    under = b * b - a * c
    root = np.sqrt(np.where(under > 0, under, np.nan))
    along = (-b - root) / a if bend > 0 else (-b + root) / a
    at_x, at_z = camera[0] + along * rays[..., 0], camera[2] + along * rays[..., 2] - centre
    angle = np.arctan2(at_x, -at_z if bend > 0 else at_z)
    return np.nan_to_num(radius * angle, nan=1e6), np.nan_to_num(camera[1] + along * rays[..., 1], nan=1e6)


def _ways() -> dict[str, Callable[[float], Held]]:
    """By name: how it is held at a phase in turns, swinging there and back."""

    def swing(phase: float) -> float:
        return math.sin(2 * math.pi * phase)

    def push(phase: float) -> float:
        return 0.5 - 0.5 * math.cos(2 * math.pi * phase)

    return {
        "shaken": lambda p: Held(shift=(18 * swing(3.3 * p), 12 * swing(2.7 * p)), roll=6 * swing(2.1 * p)),
        "turned in its plane": lambda p: Held(roll=25 * swing(p)),
        "yaw 30": lambda p: Held(yaw=30 * swing(p)),
        "yaw 45": lambda p: Held(yaw=45 * swing(p)),
        "pitch 45": lambda p: Held(pitch=45 * swing(p)),
        "yaw and pitch": lambda p: Held(yaw=35 * swing(p), pitch=30 * swing(p + 0.1)),
        "squeezed": lambda p: Held(squeeze=1 - 0.4 * push(p)),
        "sheared": lambda p: Held(shear=0.4 * swing(p)),
        "coming closer": lambda p: Held(closer=1 + 0.5 * push(p)),
        "coming closer, yaw 30": lambda p: Held(closer=1 + 0.5 * push(p), yaw=30 * swing(p)),
        "bent to 80 mm and back": lambda p: Held(bend_mm=80 / max(push(p), 0.05)),
        "bent to 120 mm, yaw 30": lambda p: Held(bend_mm=120, yaw=30 * swing(p)),
        "bent to 80 mm, yaw 40": lambda p: Held(bend_mm=80, yaw=40 * swing(p)),
        "bent to 50 mm, yaw 40": lambda p: Held(bend_mm=50, yaw=40 * swing(p)),
        "hollow 80 mm, yaw 40": lambda p: Held(bend_mm=-80, yaw=40 * swing(p)),
    }


WAYS: Final[Mapping[str, Callable[[float], Held]]] = _ways()
BENT: Final = frozenset(name for name in WAYS if name.startswith(("bent", "hollow")))


def moved(photo: Portrait, way: str, *, seconds: float = 7.0, fps: float = 3) -> list[Frame]:
    """The photograph moved in a way of `WAYS`, a swing in 3.5 seconds, after 1.3 seconds in which it is held still."""
    still = [held(photo, Held(shift=(1.5 * math.sin(2.1 * n), 1.2 * math.cos(1.3 * n)))) for n in range(4)]
    count = round(seconds * fps)
    return still + [held(photo, WAYS[way](n / (3.5 * fps))) for n in range(1, count + 1)]
