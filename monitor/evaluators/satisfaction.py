"""Satisfaction (满意度): what some ratings come to. Pure; the sums come from the store.

Satisfied is a rating above the policy's `rating.bad_at_most`; the ratio is that of the metric
`jiancha_satisfaction_ratio`: a bad rating that people found misjudged or malicious counts neither way (差评核实).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SCORES: Final = (5, 4, 3, 2, 1)
FEW: Final = 30
"""Below so many ratings a ratio is marked as too uncertain to compare: one rating more moves it by three points."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """How many ratings of each score, 1 to 5, `counted` in the ratio; `set_aside`: misjudged or malicious."""

    counted: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    set_aside: int = 0

    def __add__(self, other: Scores) -> Scores:
        one, two, three, four, five = (a + b for a, b in zip(self.counted, other.counted, strict=True))
        return Scores(counted=(one, two, three, four, five), set_aside=self.set_aside + other.set_aside)

    def number(self, score: int) -> int:
        return self.counted[score - 1]

    @property
    def total(self) -> int:
        """All that count."""
        return sum(self.counted)

    def bad(self, bad_at_most: int) -> int:
        return sum(self.counted[:bad_at_most])

    def ratio(self, bad_at_most: int) -> float | None:
        """Share of those that count which are not bad, 0 to 1; None without any."""
        return round(1 - self.bad(bad_at_most) / self.total, 6) if self.total else None

    @property
    def average(self) -> float | None:
        """Mean score of those that count."""
        points = sum(score * self.number(score) for score in SCORES)
        return round(points / self.total, 4) if self.total else None

    @property
    def few(self) -> bool:
        """Too few to be compared with others."""
        return self.total < FEW


def summed(parts: Iterable[Scores]) -> Scores:
    return sum(parts, Scores())
