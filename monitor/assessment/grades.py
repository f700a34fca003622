"""Grades (等次): thresholds, vetoes, the quota of the excellent (G02-G04, G08-G12). Pure.

A veto overrides the grade, never the score: both are shown. An effect that only would fire changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import floor
from typing import Final, Literal

from monitor.assessment.book import Grade, Scale
from monitor.assessment.results import Fired
from monitor.assessment.scores import kind_of

EXCELLENT: Final = "excellent"
UNQUALIFIED: Final = "unqualified"
Bar = Literal["", "veto", "lost", "score"]
"""Why somebody may not be excellent: the grade is vetoed, the right is lost, the score is too low."""


def by_score(points: Decimal, scale: Scale) -> Grade:
    """The grade of the score alone; a score on the mark has it (不得低于). The last grade begins at 0, and takes what
    lies below it too, where the book has no floor.
    """
    return next((grade for grade in scale.grades if points >= grade.at_least), scale.grades[-1])


def grade(points: Decimal, fired: Iterable[Fired], scale: Scale, period: str) -> Grade:
    """The grade with vetoes, before the quota: whoever may not be excellent has the next one."""
    there = tuple(fired)
    plain = by_score(points, scale)
    if vetoed(there, period):
        return next((one for one in scale.grades if one.id == UNQUALIFIED), scale.grades[-1])
    if plain.id == EXCELLENT and lost(there, period):
        return below(scale)
    return plain


def vetoed(fired: Iterable[Fired], period: str) -> tuple[Fired, ...]:
    """What makes the period 不合格: an effect that counted this very period (当月: a month's veto is the month's)."""
    return tuple(one for one in fired if one.stands and one.effect == UNQUALIFIED and one.counted == period)


def lost(fired: Iterable[Fired], period: str) -> tuple[Fired, ...]:
    """What takes the right to be excellent or awarded in the period: 取消优秀窗口资格 in any, 取消季度和年度评优资格
    (§26) in a quarter, half year or year.
    """
    month = kind_of(period) == "month"
    taken = ("no_excellent",) if month else ("no_excellent", "no_award")
    return tuple(one for one in fired if one.stands and one.effect in taken)


def bar(points: Decimal, fired: Sequence[Fired], scale: Scale, period: str) -> Bar:
    """Why the period cannot be excellent or awarded; empty: it can. A scale without that grade bars nobody by score."""
    if vetoed(fired, period):
        return "veto"
    if lost(fired, period):
        return "lost"
    mark = next((one.at_least for one in scale.grades if one.id == EXCELLENT), None)
    return "score" if mark is not None and points < mark else ""


def below(scale: Scale) -> Grade:
    """The grade after excellent."""
    return scale.grades[1] if scale.grades[0].id == EXCELLENT else scale.grades[0]


def quota(scale: Scale, everybody: int) -> int | None:
    """How many may be excellent of so many (按工作人员总数的20%核定), rounded down; None: no limit."""
    limits = []
    if scale.excellent_share is not None:
        limits.append(floor(scale.excellent_share * everybody))
    if scale.excellent_top is not None:
        limits.append(scale.excellent_top)
    return min(limits, default=None)
