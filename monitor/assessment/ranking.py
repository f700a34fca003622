"""Places (名次), seats that equals share, the last of a month (G08, G09, H03, H05). Pure.

Equal scores are ties and share the place. Where a tie straddles the last seat of a quota, of the first N or of the last
two, nobody of it takes the seat: it is told, and a person decides; ids and names never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Final, Literal, NamedTuple

LEAST_RANKED: Final = 4
"""Among fewer the last two are half of all: nobody is called the last."""


class Place(NamedTuple):
    """`place`: 1 is the best; None: too little is known to tell, for want of `few`. `tied`: how many share it."""

    place: int | None
    tied: int = 1
    few: Literal["", "days", "cases"] = ""


def rank(points: Mapping[str, Decimal], few: Mapping[str, Literal["days", "cases"]]) -> dict[str, Place]:
    """Places of everybody with a score. Whoever is in `few` has none and takes none away: not the last, not counted.

    Two firsts are followed by a third.
    """
    found: dict[str, Place] = {whom: Place(None, few=few[whom]) for whom in points if whom in few}
    place = 1
    for _, group in _by_points(points, (whom for whom in points if whom not in few)):
        found |= {whom: Place(place, len(group)) for whom in group}
        place += len(group)
    return found


@dataclass(frozen=True, slots=True)
class Seats:
    """Who has a seat; who is tied for the `left` ones that equals straddle."""

    taken: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    left: int = 0

    def given(self, chosen: frozenset[str]) -> Seats:
        """With what a person decided: those of the tie whom he named, unless they are more than there are seats."""
        named = tuple(whom for whom in self.tied if whom in chosen)
        if not named or len(named) > self.left:
            return self
        rest = tuple(whom for whom in self.tied if whom not in chosen) if len(named) < self.left else ()
        return Seats(tuple(sorted({*self.taken, *named})), rest, self.left - len(named))


def seated(points: Mapping[str, Decimal], who: Iterable[str], seats: int | None) -> Seats:
    """The best of `who` take the seats (None: there are seats for all)."""
    return _seated(_by_points(points, who), seats)


def last(points: Mapping[str, Decimal], places: Mapping[str, Place], seats: int) -> Seats:
    """The last of those with a place (后两位). Nobody among fewer than four or twice the seats, nobody where all are
    equal, and nobody who shares the first place.
    """
    ranked = [whom for whom, place in places.items() if place.place is not None]
    if seats < 1 or len(ranked) < max(LEAST_RANKED, 2 * seats):
        return Seats()
    behind = [whom for whom in ranked if places[whom].place != 1]
    return _seated(list(reversed(_by_points(points, behind))), seats)


def _seated(groups: Iterable[tuple[Decimal, list[str]]], seats: int | None) -> Seats:
    taken: list[str] = []
    for _, group in groups:
        left = len(group) if seats is None else seats - len(taken)
        if left <= 0:
            break
        if len(group) > left:
            return Seats(tuple(sorted(taken)), tuple(group), left)
        taken += group
    return Seats(tuple(sorted(taken)))


def _by_points(points: Mapping[str, Decimal], who: Iterable[str]) -> list[tuple[Decimal, list[str]]]:
    """Groups of equals, the best first; within a group by id, for the order of the list alone."""
    ordered = sorted(who, key=lambda whom: (-points[whom], whom))
    return [(score, list(group)) for score, group in groupby(ordered, key=lambda whom: points[whom])]
