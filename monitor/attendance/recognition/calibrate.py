"""What a hall's own gallery says about thresholds (标定): all pairs of enrolled vectors, once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from monitor.attendance.recognition.gallery import Vector, checked

STEPS: Final = tuple(round(n / 100, 2) for n in range(30, 66))
MOST_ACCEPT: Final = 0.45
MOST_REVIEW: Final = 0.50
ASIDE: Final = 0.01
"""How far the recommended accept band stays below the nearest two people."""
MOST_PAIRS: Final = 10
BLOCK: Final = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """At a threshold: pairs of different people within it, pairs of the same person beyond it."""

    threshold: float
    false_accepts: int
    false_rejects: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two people, and the distance of their nearest two vectors."""

    a: str
    b: str
    distance: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """`same`, `different`: how many pairs of vectors. `accept` is None where nobody was there to compare with."""

    people: int
    vectors: int
    same: int
    different: int
    rates: tuple[Rate, ...]
    confusable: tuple[Pair, ...]
    accept: float | None
    review: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def calibrate(people: Mapping[str, Sequence[Vector]], thresholds: Sequence[float] = STEPS) -> Calibration:
    """Compare every vector with every other, in blocks, so that memory stays small (10,000 are 50 million pairs)."""
    names = sorted(name for name, vectors in people.items() if vectors)
    sizes = [len(people[name]) for name in names]
    matrix = checked([v for name in names for v in people[name]]) if names else np.zeros((0, 128), np.float32)
    owner = np.repeat(np.arange(len(names)), sizes)
    limits = np.asarray(sorted(thresholds), dtype=np.float64)
    within = {True: np.zeros(len(limits), np.int64), False: np.zeros(len(limits), np.int64)}
    total = {True: 0, False: 0}
    nearest = np.full((len(names), len(names)), np.inf, dtype=np.float32)
    for start in range(0, len(matrix), BLOCK):
        block, mine = matrix[start : start + BLOCK], owner[start : start + BLOCK]
        distances = _distances(block, matrix)
        later = np.arange(len(matrix))[None, :] > np.arange(start, start + len(block))[:, None]
        same = mine[:, None] == owner[None, :]
        for kind in (True, False):
            chosen = np.sort(distances[later & (same == kind)])
            within[kind] += np.searchsorted(chosen, limits + 1e-9, side="right")
            total[kind] += len(chosen)
        np.minimum.at(nearest, (mine[:, None], owner[None, :]), distances)
    pairs = _nearest_pairs(names, nearest)
    accept = _recommended(pairs, limits) if total[False] else None
    return Calibration(
        people=len(names),
        vectors=len(matrix),
        same=total[True],
        different=total[False],
        rates=tuple(
            Rate(threshold=float(limit), false_accepts=int(fa), false_rejects=total[True] - int(ta))
            for limit, fa, ta in zip(limits, within[False], within[True], strict=True)
        ),
        confusable=pairs,
        accept=accept,
        review=None if accept is None else min(MOST_REVIEW, round(accept + 0.05, 2)),
    )


def _distances(block: Any, matrix: Any) -> Any:
    squares = (block**2).sum(axis=1)[:, None] + (matrix**2).sum(axis=1)[None, :] - 2 * (block @ matrix.T)
    return np.sqrt(np.maximum(squares, 0))


def _nearest_pairs(names: Sequence[str], nearest: Any) -> tuple[Pair, ...]:
    a, b = np.triu_indices(len(names), 1)
    distances = nearest[a, b]
    order = np.argsort(distances, kind="stable")[:MOST_PAIRS]
    return tuple(Pair(a=names[a[n]], b=names[b[n]], distance=round(float(distances[n]), 4)) for n in order)


def _recommended(pairs: Sequence[Pair], limits: Any) -> float:
    """The largest step that stays `ASIDE` below the nearest two people, never above what is known to be safe elsewhere;
    0 where none does: then these two are told apart by another way (card, PIN) alone.
    """
    most = min(MOST_ACCEPT, pairs[0].distance - ASIDE)
    below = [float(limit) for limit in limits if limit <= most + 1e-9]
    return max(below, default=0.0)
