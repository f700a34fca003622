"""Periods that lie in or around another: the counting periods of effects (month, quarter, half, year). Pure."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from monitor.assessment.model import PeriodKind
from monitor.assessment.scores import months_of


@lru_cache(maxsize=512)
def bounds(period: str) -> tuple[date, date]:
    """First and last date of a period, both inclusive. Raises ValueError, as `months_of`."""
    months = months_of(period)
    last = date.fromisoformat(f"{months[-1]}-01")
    return date.fromisoformat(f"{months[0]}-01"), (last + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def around(month: str, kind: PeriodKind) -> str:
    """The period of a kind that a month lies in: `2026-02`, quarter → `2026-Q1`."""
    year, number = month[:4], int(month[5:7])
    match kind:
        case "month":
            return month
        case "quarter":
            return f"{year}-Q{(number + 2) // 3}"
        case "half":
            return f"{year}-H{(number + 5) // 6}"
        case "year":
            return year


@lru_cache(maxsize=512)
def over(period: str, kind: PeriodKind) -> tuple[str, ...]:
    """The periods of a kind that a period overlaps, in their order: `2026-Q1`, month → its three months."""
    return tuple(dict.fromkeys(around(month, kind) for month in months_of(period)))


def before(period: str, back: int = 1) -> str:
    """The period of the same kind so many before: `2026-Q1`, 1 → `2025-Q4`."""
    months = months_of(period)
    first, kind_length = months[0], len(months)
    number = int(first[:4]) * 12 + int(first[5:7]) - 1 - back * kind_length
    month = f"{number // 12:04}-{number % 12 + 1:02}"
    kinds: dict[int, PeriodKind] = {1: "month", 3: "quarter", 6: "half", 12: "year"}
    return around(month, kinds[kind_length])
