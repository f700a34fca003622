"""What is measured of a frame: figures for the view, motion and foreground of a chair region. It decides nothing."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.attendance.recognition.vision.presence import Lesson
from monitor.attendance.recognition.vision.regions import Region
from monitor.attendance.recognition.vision.views import FrameFigures

Gray = NDArray[np.uint8]
Values = NDArray[np.float32]

WIDTH: Final = 160
"""Pixels across of the small picture that the view is judged by."""
CHAIR_WIDTH: Final = 96
SAMPLES: Final = 320
"""About so many pixels across are compared for stillness, as they are: averaging would take the sensor's noise away."""
EDGE: Final = 24.0
"""A gradient from here on is an edge, in grey levels over two pixels."""
CHANGE: Final = 12.0
NOISE_TIMES: Final = 4.0
"""A pixel has changed where it differs by so many times the usual noise."""
QUARTILE: Final = 0.3186
"""A quarter of normal noise lies within so many standard deviations."""
ADAPTING: Final = 0.05
"""Weight of a frame that is blended into the background."""


def gray_of(frame: NDArray[Any]) -> Gray:
    """The grey picture of a colour one (blue, green, red) or of one that is grey already."""
    if frame.ndim == 2:
        return np.asarray(frame, dtype=np.uint8)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def shrunk(gray: Gray, width: int) -> Gray:
    """At most so many pixels across."""
    height, across = gray.shape
    if across <= width:
        return gray
    size = (width, max(1, round(height * width / across)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def small_of(gray: Gray) -> Values:
    """The whole frame, small."""
    return shrunk(gray, WIDTH).astype(np.float32)


class ViewMeter:
    """Figures of whole frames, each against the one before."""

    def __init__(self) -> None:
        self._sample: Gray | None = None
        self._small: Values | None = None

    def measure(self, gray: Gray, small: Values) -> FrameFigures:
        step = max(1, round(gray.shape[1] / SAMPLES))
        sample = gray[::step, ::step].copy()
        before_sample, before = self._sample, self._small
        self._sample, self._small = sample, small
        difference = changed = None
        fits = before_sample is not None and before_sample.shape == sample.shape
        if fits and before_sample is not None and before is not None and before.shape == small.shape:
            difference = float(cv2.absdiff(sample, before_sample).mean())
            moved = small - before
            changed = float((np.abs(moved - np.median(moved)) > CHANGE).mean())
        return FrameFigures(
            brightness=float(small.mean()),
            deviation=float(small.std()),
            edges=_edges(small),
            difference=difference,
            changed=changed,
        )


def _edges(small: Values) -> float:
    across = np.abs(small[:, 2:] - small[:, :-2])
    down = np.abs(small[2:, :] - small[:-2, :])
    return float(((across > EDGE).mean() + (down > EDGE).mean()) / 2)


class ChairMeter:
    """Motion and foreground of one chair region. `sensitivity` 0–1: from 28 down to 8 grey levels count as a change.

    A person may fill most of the region, so a change of the light is taken from the whole frame (`small`), and the
    noise from the quarter of the pixels that changed least.
    """

    def __init__(self, chair: Region, sensitivity: float) -> None:
        self._chair = chair
        self._level = 28.0 - 20.0 * sensitivity
        self._mask: NDArray[np.bool_] | None = None
        self._before: _Pictures | None = None
        self._background: _Pictures | None = None
        self._noise = 0.0

    def measure(self, gray: Gray, small: Values) -> tuple[float, float]:
        """(motion, foreground) as shares of the region's pixels; 0 where there is nothing to compare with."""
        now = _Pictures(self._cut(gray), small)
        before, self._before = self._before, now
        if self._background is None or not self._background.fits(now):
            self._background = now.copied()
        motion = 0.0
        if before is not None and before.fits(now):
            changed = self._changes(now, before)
            self._noise = float(np.quantile(changed, 0.25)) / QUARTILE
            motion = self._share(changed)
        return motion, self._share(self._changes(now, self._background))

    def learn(self, lesson: Lesson) -> None:
        """Take the frame measured last into the background, as the decision said."""
        if self._before is None or self._background is None or lesson == "keep":
            return
        if lesson == "restart":
            self._background = self._before.copied()
        else:
            self._background.blend(self._before)

    def forget_frame(self) -> None:
        """The frame before is of another time: what changed since is no motion."""
        self._before = None

    def _cut(self, gray: Gray) -> Values:
        part = shrunk(crop(gray, self._chair), CHAIR_WIDTH)
        if self._mask is None or self._mask.shape != part.shape:
            self._mask = mask_of(self._chair, part.shape)
        return np.asarray(cv2.GaussianBlur(part, (5, 5), 0), dtype=np.float32)

    def _changes(self, now: _Pictures, other: _Pictures) -> Values:
        """How much each pixel of the region differs, once a change of the light as a whole is taken off."""
        light = np.median(now.small - other.small)
        return np.asarray(np.abs((now.chair - other.chair)[self._mask] - light), dtype=np.float32)

    def _share(self, changes: Values) -> float:
        return float((changes > max(self._level, NOISE_TIMES * self._noise)).mean())


class _Pictures:
    """The chair region, and the whole frame small."""

    def __init__(self, chair: Values, small: Values) -> None:
        self.chair, self.small = chair, small

    def fits(self, other: _Pictures) -> bool:
        return self.chair.shape == other.chair.shape and self.small.shape == other.small.shape

    def copied(self) -> _Pictures:
        return _Pictures(self.chair.copy(), self.small.copy())

    def blend(self, newer: _Pictures) -> None:
        self.chair += ADAPTING * (newer.chair - self.chair)
        self.small += ADAPTING * (newer.small - self.small)


def crop(gray: Gray, region: Region) -> Gray:
    """The part of the frame that the region's box covers, at least one pixel."""
    left, top, right, bottom = pixels(region, gray.shape)
    return gray[top:bottom, left:right]


def pixels(region: Region, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the region's box in a frame of this shape; at least one pixel each way."""
    x, y, width, height = region.box
    left, top = min(int(x * shape[1]), shape[1] - 1), min(int(y * shape[0]), shape[0] - 1)
    right, bottom = round((x + width) * shape[1]), round((y + height) * shape[0])
    return left, top, max(right, left + 1), max(bottom, top + 1)


def mask_of(region: Region, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels of the region's own box lie inside the polygon; all of them where it is too thin to hold any."""
    x, y, width, height = region.box
    corners = [((cx - x) / width * (shape[1] - 1), (cy - y) / height * (shape[0] - 1)) for cx, cy in region.corners]
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(np.array(corners)).astype(np.int32)], (1,))
    found = mask.astype(np.bool_)
    return found if found.any() else np.ones(shape[:2], dtype=np.bool_)
