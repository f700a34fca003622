"""Regions of a frame (区域), in fractions of its width and height. Pure.

Another resolution of the camera needs no new drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""x, y, width, height; fractions of the frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A polygon of at least three corners inside the frame, given in either sense of rotation."""

    corners: tuple[Point, ...]

    @property
    def box(self) -> Box:
        """The smallest upright rectangle around it."""
        xs, ys = [x for x, _ in self.corners], [y for _, y in self.corners]
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)

    @property
    def area(self) -> float:
        """Share of the frame, by the shoelace formula."""
        follows = zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True)
        return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in follows)) / 2

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside: a ray to the right crosses the border an odd number of times."""
        x, y = point
        inside = False
        for (x1, y1), (x2, y2) in zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        return inside


def region_of(given: Sequence[float] | Sequence[Sequence[float]]) -> Region:
    """`[x, y, width, height]` or `[[x, y], …]` → the region. ValueError says what is wrong and how to write it."""
    if given and all(isinstance(part, int | float) for part in given):
        if len(given) != 4:
            raise ValueError("a rectangle is [x, y, width, height] 矩形为四个数")
        x, y, width, height = (float(part) for part in given)  # type: ignore[arg-type]
        corners: tuple[Point, ...] = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    else:
        if any(isinstance(part, int | float) or len(part) != 2 for part in given):
            raise ValueError("a polygon is [[x, y], [x, y], …] 多边形每角两个数")
        corners = tuple((float(x), float(y)) for x, y in given)  # type: ignore[misc]
    if len(corners) < 3:
        raise ValueError("a polygon needs three corners or more 多边形至少三个角")
    if not all(math.isfinite(v) and -1e-9 <= v <= 1 + 1e-9 for corner in corners for v in corner):
        raise ValueError("leaves the frame; give fractions from 0 to 1 须在画面内，用 0 至 1 的小数")
    region = Region(corners=tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in corners))
    if region.area < 1e-4:
        raise ValueError("holds no area 面积为零")
    return region


def centre(box: Box) -> Point:
    x, y, width, height = box
    return x + width / 2, y + height / 2
