"""Charts of ratings as shapes on a grid of their own: the templates draw them as SVG, the tables beside them say the
same in figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from monitor.evaluators.satisfaction import Scores

WIDTH: Final = 960
HEIGHT: Final = 150
LEFT: Final = 44
BOTTOM: Final = 22
TOP: Final = 10
LABELS: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One day or month: good below, bad above it."""

    x: float
    width: float
    good_y: float
    good_height: float
    bad_y: float
    bad_height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    x: float
    y: float
    few: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """`ticks`: (y, text) of the axis; `labels`: (x, text) below; `lines`: runs of points without a gap."""

    width: int
    height: int
    ticks: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    columns: tuple[Column, ...] = ()
    points: tuple[Point, ...] = ()
    lines: tuple[str, ...] = ()


def _x(index: int, count: int) -> tuple[float, float]:
    """Left edge and width of a column."""
    room = (WIDTH - LEFT) / max(count, 1)
    width = min(room * 0.7, 46)
    return round(LEFT + room * index + (room - width) / 2, 1), round(width, 1)


def _labels(days: Sequence[date], by: str) -> tuple[tuple[float, str], ...]:
    every = max(1, math.ceil(len(days) / LABELS))
    shape = "%m-%d" if by == "day" else "%Y-%m"
    found = []
    for n in range(0, len(days), every):
        x, width = _x(n, len(days))
        found.append((round(x + width / 2, 1), days[n].strftime(shape)))
    return tuple(found)


def _step(top: float) -> int:
    """A round distance between the marks of an axis: four of them at most."""
    for size in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2500, 5000, 10_000):
        if top / size <= 4:
            return size
    return math.ceil(top / 4)


def numbers(days: Sequence[date], trend: Sequence[Scores], by: str, bad_at_most: int) -> Chart:
    """How many ratings, good and bad, by day or month."""
    step = _step(max((s.total for s in trend), default=0) or 1)
    top = max(math.ceil(max((s.total for s in trend), default=0) / step), 1) * step
    room = HEIGHT - TOP - BOTTOM

    def high(number: int) -> float:
        return round(room * number / top, 1)

    base = HEIGHT - BOTTOM
    columns = []
    for n, scores in enumerate(trend):
        x, width = _x(n, len(trend))
        bad = scores.bad(bad_at_most)
        good = high(scores.total - bad)
        lift = high(bad)
        columns.append(
            Column(
                x=x,
                width=width,
                good_y=base - good,
                good_height=good,
                bad_y=round(base - good - lift, 1),
                bad_height=lift,
            )
        )
    ticks = tuple((round(base - high(value), 1), str(value)) for value in range(0, top + 1, step))
    return Chart(width=WIDTH, height=HEIGHT, ticks=ticks, labels=_labels(days, by), columns=tuple(columns))


def ratios(days: Sequence[date], trend: Sequence[Scores], by: str, bad_at_most: int) -> Chart:
    """The satisfaction ratio, from the tens below the lowest up to 100 %; where nobody rated there is a gap."""
    found = [scores.ratio(bad_at_most) for scores in trend]
    known = [ratio for ratio in found if ratio is not None]
    floor = min(math.floor(min(known, default=0.9) * 10) / 10, 0.9)
    room = HEIGHT - TOP - BOTTOM

    def y(ratio: float) -> float:
        return round(TOP + room * (1 - (ratio - floor) / (1 - floor)), 1)

    points: list[Point] = []
    lines: list[list[str]] = []
    run: list[str] = []
    for n, (scores, ratio) in enumerate(zip(trend, found, strict=True)):
        if ratio is None:
            lines.append(run)
            run = []
            continue
        x, width = _x(n, len(trend))
        point = Point(x=round(x + width / 2, 1), y=y(ratio), few=scores.few)
        points.append(point)
        run.append(f"{point.x},{point.y}")
    lines.append(run)
    marks = [floor + (1 - floor) * n / 2 for n in range(3)]
    return Chart(
        width=WIDTH, height=HEIGHT, ticks=tuple((y(mark), f"{mark:.0%}") for mark in marks), labels=_labels(days, by),
        points=tuple(points), lines=tuple(" ".join(run) for run in lines if len(run) > 1),
    )  # fmt: skip
