"""What follows from several periods: three months among the last (H05), two quarters 基本称职 or one 不称职 (G13),
three quarterly awards (G06). Pure. A period that is not closed, or missing, breaks a row of them: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from monitor.assessment.book import EffectKind, RuleBook
from monitor.assessment.model import Ledger
from monitor.assessment.results import Earlier, Fired
from monitor.assessment.spans import before as previous
from monitor.assessment.spans import bounds, over
from monitor.model import Reason

LAST: Final = "H03"
STREAK: Final = "H05"
RETURN: Final = "G13"
_LONGEST: Final = 36


class History:
    """Results of closed periods, of a window or person, by period."""

    def __init__(self, before: Iterable[Earlier]) -> None:
        self._by_whom: dict[tuple[Ledger, str], dict[str, Earlier]] = {}
        for one in before:
            self._by_whom.setdefault((one.ledger, one.whom), {})[one.period] = one

    def of(self, ledger: Ledger, whom: str) -> Mapping[str, Earlier]:
        return self._by_whom.get((ledger, whom), {})


def talk(ledger: Ledger, whom: str, month: str, place: int | None, ranked: int) -> Fired:
    """H03: among the last of the month: a talk."""
    figures = {"place": place, "ranked": ranked}
    return _fired(LAST, "talk", ledger, whom, month, "assessment.last", figures)


def replaced(whom: str, month: str, book: RuleBook, history: Mapping[str, Earlier]) -> Fired | None:
    """H05: the month makes it `streak` in a row among the last: the unit is told to replace the person, once a row."""
    length, told = 1, False
    while length < _LONGEST:
        earlier = history.get(previous(month, length))
        if earlier is None or not earlier.bottom:
            break
        told = told or f"replace {STREAK}" in earlier.effects
        length += 1
    if length < book.cycle.streak or told:
        return None
    months = [previous(month, back) for back in range(length - 1, 0, -1)] + [month]
    figures = {"streak": length, "months": months}
    return _fired(STREAK, "replace", "staff", whom, month, "assessment.streak", figures)


def returned(whom: str, quarter: str, grade: str, book: RuleBook, history: Mapping[str, Earlier]) -> Fired | None:
    """G13: a quarter 不称职, or `basic_quarters` in a row 基本称职: return to the unit is proposed."""
    if grade == "unqualified":
        return _fired(RETURN, "return", "staff", whom, quarter, "assessment.failed", {})
    if grade != "basic":
        return None
    quarters = [previous(quarter, back) for back in range(book.cycle.basic_quarters - 1, 0, -1)]
    grades = [history[one].grade if one in history else "" for one in quarters]
    if any(one != "basic" for one in grades):
        return None
    return _fired(RETURN, "return", "staff", whom, quarter, "assessment.basic", {"quarters": [*quarters, quarter]})


def quarterly_awards(year: str, history: Mapping[str, Earlier]) -> tuple[str, ...]:
    """The quarters of the year that were closed with an award (G06)."""
    return tuple(one for one in over(year, "quarter") if one in history and history[one].awarded)


def _fired(
    row: str, effect: EffectKind, ledger: Ledger, whom: str, period: str, code: str, figures: Mapping[str, object]
) -> Fired:
    return Fired(
        id=row, effect=effect, article=_ARTICLES[row], ledger=ledger, whom=whom, counted=period,
        reached=bounds(period)[1], stands=True, proposed=True,
        why=Reason(code=code, figures={ledger: whom, "counted": period, "effect": effect, "row": row, **figures}),
    )  # fmt: skip


_ARTICLES: Final[Mapping[str, str]] = {LAST: "001.5", STREAK: "001.5", RETURN: "001.2 §27(1)"}
