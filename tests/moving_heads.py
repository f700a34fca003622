"""Heads that move, made of one photograph: frames of 640×480 for tests of liveness, and videos of them.

The photograph's own landmarks get the depths of a mean head, are turned about the vertical and drawn by triangles; eyes
close by the lids moving together. dlib sees the turn in nearly every photograph, the closed eyes in about a third.
`write_y4m` and `write_mjpeg` make videos for a camera that is none (Chromium: `--use-file-for-fake-video-capture`).
tests/held_photos.py has the photograph that is held.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from monitor.attendance.facepolicy import Action
from monitor.attendance.recognition.dlib_encoder import decoded
from tests.faces import encoder
from tests.mean_head import AXIS_MM, LIDS, MEAN_HEAD

WIDTH: Final = 640
HEIGHT: Final = 480
EYES_PX: Final = 80
"""Distance of the eyes in a frame: a face about 200 pixels wide."""
EYES_MM: Final = 65.0
FALL, RISE = 0.6, 0.35
"""How far they go towards each other; with these the landmarks follow in more photographs than with the upper alone."""
Frame = Any
"""480 × 640 × 3, eight bits, in the order blue, green, red."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photograph laid into a frame, face in the middle, and its 68 landmarks there (68 × 2)."""

    pixels: Frame
    landmarks: Any


@cache
def portrait(path: Path, wide: float = EYES_PX) -> Portrait | None:
    """The photograph in a frame; None where not exactly one face is found in it."""
    pixels = decoded(path.read_bytes())
    found = encoder().faces_in(pixels)
    if len(found) != 1:
        return None
    marks = np.array(found[0].landmarks)
    right, left = marks[36:42].mean(axis=0), marks[42:48].mean(axis=0)
    scale = wide / math.dist(right, left)
    middle = marks[27:36].mean(axis=0)
    lay = np.array([[scale, 0, WIDTH / 2 - scale * middle[0]], [0, scale, HEIGHT / 2 - scale * middle[1]]])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    laid = cv2.warpAffine(pixels, lay, (WIDTH, HEIGHT), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return Portrait(pixels=laid, landmarks=marks @ lay[:, :2].T + lay[:, 2])


# --------------------------------------------------------------------------- a head


def head(
    photo: Portrait, *, turn: float = 0.0, shut: float = 0.0, closer: float = 1.0, shift: tuple[float, float] = (0, 0)
) -> Frame:
    """One frame. `turn`: degrees, + to the person's own left; `shut`: 0 open … 1 closed; `closer`: magnification."""
    start = _mesh(photo.landmarks)
    end, depth = _moved(start, photo.landmarks, turn, shut)
    made = _drawn(photo.pixels, start, end, depth) if turn or shut else photo.pixels
    x, y = WIDTH / 2, HEIGHT / 2
    view = np.array([[closer, 0, x - closer * x + shift[0]], [0, closer, y - closer * y + shift[1]]])
    return cv2.warpAffine(made, view, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _mesh(marks: Any) -> Any:
    """Landmarks; a ring around them, on which the head ends; the frame's border."""
    middle = marks.mean(axis=0)
    radius = 1.9 * eyes_px(marks)
    ring = [
        (middle[0] + radius * math.sin(a), middle[1] - radius * 0.15 - 1.25 * radius * math.cos(a))
        for a in np.linspace(0, 2 * math.pi, 16, endpoint=False)
    ]
    border = [(x, y) for x in np.linspace(-WIDTH, 2 * WIDTH, 5) for y in (-HEIGHT, 2 * HEIGHT)]
    sides = [(x, y) for x in (-WIDTH, 2 * WIDTH) for y in (0, HEIGHT / 2, HEIGHT)]
    return np.array([*marks, *ring, *border, *sides], dtype=float)


def eyes_px(marks: Any) -> float:
    return float(np.hypot(*(marks[42:48].mean(axis=0) - marks[36:42].mean(axis=0))))


def _moved(start: Any, marks: Any, turn: float, shut: float) -> tuple[Any, Any]:
    """The mesh after the movement, and its depths in pixels towards the camera."""
    unit = eyes_px(marks) / EYES_MM
    depth = np.full(len(start), -200.0)
    depth[:68] = MEAN_HEAD[:, 2]
    end = start.copy()
    for upper, lower in LIDS.items():
        gap = shut * (start[lower] - start[upper])
        end[upper], end[lower] = start[upper] + FALL * gap, start[lower] - RISE * gap
    angle = math.radians(turn)
    axis = marks[27:31, 0].mean()
    aside = end[:68, 0] - axis
    towards = (MEAN_HEAD[:, 2] + AXIS_MM) * unit
    end[:68, 0] = axis + aside * math.cos(angle) + towards * math.sin(angle)
    depth[:68] = (towards * math.cos(angle) - aside * math.sin(angle)) / unit
    return end, depth


def _drawn(pixels: Frame, start: Any, end: Any, depth: Any) -> Frame:
    """Every triangle of the mesh moved from start to end, the farthest first."""
    made = pixels.copy()
    triangles = _triangles(tuple(map(tuple, start.tolist())))
    for three in sorted(triangles, key=lambda t: float(depth[list(t)].mean())):
        corners = list(three)
        if np.allclose(start[corners], end[corners]):
            continue
        _draw(pixels, made, start[corners].astype(np.float32), end[corners].astype(np.float32))
    return made


def _draw(pixels: Frame, made: Frame, was: Any, now: Any) -> None:
    left, top = np.clip(np.floor(now.min(axis=0)) - 1, 0, (WIDTH - 1, HEIGHT - 1)).astype(int)
    right, bottom = np.clip(np.ceil(now.max(axis=0)) + 2, 1, (WIDTH, HEIGHT)).astype(int)
    size = (int(right - left), int(bottom - top))
    if min(size) <= 0:
        return
    corner = np.array([left, top], dtype=np.float32)
    view = cv2.getAffineTransform(was, now - corner)
    part = cv2.warpAffine(pixels, view, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.round((now - corner) * 16).astype(np.int32), 255, shift=4)
    place = made[top:bottom, left:right]
    place[mask > 0] = part[mask > 0]


@cache
def _triangles(points: tuple[tuple[float, float], ...]) -> tuple[tuple[int, int, int], ...]:
    """Delaunay, as places in `points`."""
    space = cv2.Subdiv2D((-2 * WIDTH, -2 * HEIGHT, 6 * WIDTH, 6 * HEIGHT))
    space.insert([(float(x), float(y)) for x, y in points])
    all_points = np.array(points)
    found = []
    for row in space.getTriangleList():
        three = tuple(int(np.hypot(*(all_points - row[n : n + 2]).T).argmin()) for n in (0, 2, 4))
        close = max(np.hypot(*(all_points[k] - row[n : n + 2])) for k, n in zip(three, (0, 2, 4), strict=True))
        if close < 1 and len(set(three)) == 3:
            found.append(three)
    return tuple(found)  # type: ignore[return-value]


# --------------------------------------------------------------------------- what a person does, at `fps`


def resting(photo: Portrait, seconds: float = 1.5, *, fps: float = 3, closer: float = 1.0) -> list[Frame]:
    """Nobody stands quite still: by a pixel or two."""
    count = max(1, round(seconds * fps))
    return [head(photo, closer=closer, shift=(1.5 * math.sin(2.1 * n), 1.2 * math.cos(1.3 * n))) for n in range(count)]


def head_turning(photo: Portrait, side: str = "left", *, degrees: float = 30, fps: float = 3) -> list[Frame]:
    """To the person's own left or right in a second, there for a second, back in one."""
    sign = 1 if side == "left" else -1
    return [head(photo, turn=sign * degrees * part) for part in _there_and_back(fps)]


def eyes_closing(photo: Portrait, *, seconds: float = 1.0, fps: float = 3) -> list[Frame]:
    return [head(photo, shut=1.0) for _ in range(max(2, round(seconds * fps)))] + resting(photo, 0.7, fps=fps)


def coming_closer(photo: Portrait, *, times: float = 1.4, fps: float = 3) -> list[Frame]:
    """Within a second, and staying there for one."""
    count = max(1, round(fps))
    steps = [head(photo, closer=1 + (times - 1) * n / count) for n in range(1, count + 1)]
    return steps + resting(photo, 1.0, fps=fps, closer=times)


def acting(photo: Portrait, actions: Sequence[Action], *, fps: float = 3) -> list[Frame]:
    """Looking into the camera, the actions one after the other, looking into it again."""
    made = resting(photo, fps=fps)
    for action in actions:
        match action:
            case "turn_left" | "turn_right":
                made += head_turning(photo, action.removeprefix("turn_"), fps=fps) + resting(photo, 0.7, fps=fps)
            case "blink":
                made += eyes_closing(photo, fps=fps)
            case "closer":
                made += coming_closer(photo, fps=fps)
    return made + resting(photo, fps=fps)


def _there_and_back(fps: float) -> list[float]:
    count = max(2, round(fps))
    going = [math.sin(math.pi / 2 * n / count) for n in range(1, count)]
    return [*going, *[1.0] * count, *going[::-1]]


# --------------------------------------------------------------------------- videos


def write_y4m(path: Path, frames: Iterable[Frame], *, fps: int = 10) -> Path:
    """640×480, I420, uncompressed: 460 kB a frame. Chromium plays it again and again."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


def write_mjpeg(path: Path, frames: Iterable[Frame], *, quality: int = 90) -> Path:
    """JPEGs one after the other, without times: some 40 kB a frame."""
    with path.open("wb") as file:
        for frame in frames:
            file.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    return path
