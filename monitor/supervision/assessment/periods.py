"""The periods of a hall that can be looked at: from the first month with a rule book to the present one. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.assessment.model import PeriodKind
from monitor.assessment.scores import span_of
from monitor.store import closedperiods, rulebooks
from monitor.store.facts.look import Look
from monitor.supervision.assessment.months import month_before, month_now

MOST: Final = 36
"""Months back: what is older is reached by its address."""
KINDS: Final[tuple[PeriodKind, ...]] = ("month", "quarter", "half", "year")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """`signed`: it is signed off."""

    period: str
    kind: PeriodKind
    signed: bool


def periods_of(look: Look, hall: str) -> list[Listed]:
    """By kind, the newest first; empty for a hall that never had a rule book."""
    months = list(_months(look, hall))
    closed = closedperiods.periods(look.conn, hall)
    signed = {row.period for row in closed}
    named = {kind: dict.fromkeys(name_of(month, kind) for month in months) for kind in KINDS}
    return [Listed(period=one, kind=kind, signed=one in signed) for kind in KINDS for one in named[kind]]


def _months(look: Look, hall: str) -> Iterator[str]:
    """The newest first."""
    first = rulebooks.first_month(look.conn, hall)
    month = month_now(look.registry, hall, look.now)
    for _ in range(MOST):
        if first is None or month < first:
            return
        yield month
        month = month_before(month)


def name_of(month: str, kind: PeriodKind) -> str:
    """The period of the kind that the month lies in: `2026-Q1`."""
    span = span_of(month, kind)
    if kind == "month":
        return month
    year, last = month[:4], int(span[-1][5:])
    return {"quarter": f"{year}-Q{last // 3}", "half": f"{year}-H{last // 6}", "year": year}[kind]
