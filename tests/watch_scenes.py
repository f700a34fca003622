"""Videos of a counter for the watcher's tests, made of the sample photographs: a room, a person, what hides them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[Any]
WIDTH, HEIGHT = 640, 480
NOISE = 2.0
"""Standard deviation of the sensor's noise, in grey levels."""


class Counter:
    """Frames of one counter in a row; equal seeds give equal frames. `at` is where the head is, in fractions."""

    def __init__(self, data: Path, *, seed: int = 1, scene: str = "10", face: str = "orl_s07/1.pgm") -> None:
        self._rng = np.random.default_rng(seed)
        room = cv2.imread(str(data / "scenes" / f"{scene}.jpg"))
        assert room is not None
        self._room = cv2.resize(room, (WIDTH, HEIGHT)).astype(np.float32)
        portrait = cv2.imread(str(data / "faces" / face))
        assert portrait is not None
        self._face = cv2.resize(portrait, (120, 146)).astype(np.float32)
        hair = cv2.GaussianBlur(self._rng.normal(60, 60, (146, 120)).astype(np.float32), (0, 0), 3) + 40
        self._hair = np.repeat(hair[:, :, None], 3, axis=2)
        self._noise = self._rng.normal(0, NOISE, (6, HEIGHT, WIDTH, 3)).astype(np.float32)

    def empty(self, _: int = 0) -> Frame:
        return self._noisy(self._room)

    def person(self, step: int) -> Frame:
        """Facing the camera, never quite still."""
        return self._noisy(self._with(self._face, step))

    def looking_down(self, step: int) -> Frame:
        """The top of a head: hair and no face, moving as somebody who writes."""
        return self._noisy(self._with(self._hair, step))

    def portrait(self, _: int = 0) -> Frame:
        """A picture on the wall: a face that never moves."""
        return self._noisy(self._with(self._face, 0))

    def chair_turned(self, _: int = 0) -> Frame:
        """Something stands where nothing stood, and does not move."""
        return self._noisy(self._with(self._hair, 0))

    def dark(self, _: int = 0) -> Frame:
        return self._noisy(self._room * 0.02)

    def covered(self, _: int = 0) -> Frame:
        """A hand or a cloth close before the lens: big soft shades, hardly an edge."""
        across = np.linspace(60, 130, WIDTH, dtype=np.float32)[None, :, None]
        return self._noisy(np.broadcast_to(across, (HEIGHT, WIDTH, 3)))

    def _with(self, head: Frame, step: int) -> Frame:
        """Head and shoulders before the room; they sway by some pixels from step to step."""
        frame = self._room.copy()
        dx, dy = (0, 0) if step == 0 else ((step * 7) % 11 - 5, (step * 5) % 9 - 4)
        top, left = 120 + dy, 260 + dx
        frame[top + 140 : HEIGHT, left - 50 : left + 170] = (70, 60, 50)
        frame[top : top + 146, left : left + 120] = head
        return frame

    def _noisy(self, frame: Frame) -> Frame:
        noise = self._noise[int(self._rng.integers(len(self._noise)))]
        noise = np.roll(noise, int(self._rng.integers(HEIGHT)), axis=0)
        return np.clip(frame + noise, 0, 255).astype(np.uint8)


Shot = Callable[[int], Frame]


def shots(*parts: tuple[Shot, int]) -> Iterator[Frame]:
    """So many frames of each in a row; steps count over all of them."""
    step = 0
    for shot, frames in parts:
        for _ in range(frames):
            step += 1
            yield shot(step)


def video(file: Path, frames: Iterable[Frame]) -> Path:
    """A video of one frame a second, each a picture of its own (MJPEG)."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 1.0, (WIDTH, HEIGHT))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return file
