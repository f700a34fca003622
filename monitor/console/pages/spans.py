"""The period of statistics as it stands in an address: a month, a quarter, a year, or dates of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from monitor.console.pages.languages import Language
from monitor.supervision.refused import Refused
from monitor.supervision.statreport import FIRST, after_month

Sort: TypeAlias = Literal["month", "quarter", "year", "own"]
NAMED: Final = re.compile(r"(?P<year>\d{4})(-(?P<month>\d{2})|-Q(?P<quarter>[1-4]))?")
LAST: Final = 2098


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The dates `first` to `last`, both included; `name` as it stands in an address, empty for dates of one's own."""

    sort: Sort
    name: str
    first: date
    last: date

    def title(self, language: Language) -> str:
        year = self.first.year
        if self.sort == "own":
            return f"{self.first.isoformat()} – {self.last.isoformat()}"
        if self.sort == "year":
            return f"{year} 年" if language == "zh" else str(year)
        if self.sort == "quarter":
            quarter = (self.first.month + 2) // 3
            return f"{year} 年第 {quarter} 季度" if language == "zh" else f"Q{quarter} {year}"
        return f"{year} 年 {self.first.month} 月" if language == "zh" else f"{self.first:%Y-%m}"

    @property
    def before(self) -> str:
        """The name of the period before; empty for dates of one's own and for the first one."""
        day = self.first - timedelta(days=1)
        return _name(self.sort, day) if self.sort != "own" and day.year >= FIRST else ""

    def after(self, today: date) -> str:
        """The name of the next one; empty where it lies ahead."""
        day = self.last + timedelta(days=1)
        return _name(self.sort, day) if self.sort != "own" and day <= today else ""

    def as_sort(self, sort: Sort, today: date) -> str:
        """The period of another length that holds the end of this one, or today, if that comes first."""
        return _name(sort, min(self.last, today))


def parse_span(text: str) -> Span:
    """`2026`, `2026-Q1` or `2026-03`. Raises Refused."""
    found = NAMED.fullmatch(text)
    year, month = (int(found["year"]), int(found["month"] or 1)) if found else (0, 0)
    if found is None or not 1 <= month <= 12 or not FIRST <= year <= LAST:
        raise Refused(f"{text[:40]!r} 不是期间 is no period: 2026, 2026-Q1, 2026-03", field="period")
    if found["month"]:
        return _of("month", text, date(year, month, 1), 1)
    if found["quarter"]:
        return _of("quarter", text, date(year, 3 * int(found["quarter"]) - 2, 1), 3)
    return _of("year", text, date(year, 1, 1), 12)


def month_of(day: date) -> Span:
    return parse_span(_name("month", day))


def _of(sort: Sort, name: str, first: date, months: int) -> Span:
    end = first
    for _ in range(months):
        end = after_month(end)
    return Span(sort=sort, name=name, first=first, last=end - timedelta(days=1))


def _name(sort: Sort, day: date) -> str:
    if sort == "year":
        return f"{day:%Y}"
    return f"{day.year}-Q{(day.month + 2) // 3}" if sort == "quarter" else f"{day:%Y-%m}"
