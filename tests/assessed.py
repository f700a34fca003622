"""Facts, claims and ledgers made by hand, for tests of assessment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from monitor.assessment.book import RuleBook
from monitor.assessment.model import ClaimKey, Entry, Fact, Proposal

HALL = "ty"
NOW = datetime(2026, 4, 2, 10, tzinfo=UTC)
CHOICES: dict[str, Any] = {
    "late_over_15": "off_post", "offpost_minutes": 15, "late_amount": "both", "offpost_vs_unstaffed": "both",
    "accumulate_period": "year", "and_or_20b5": "either", "inclusive": True, "overdue_days_unit": "workday",
    "rolling_20": "rolling", "absent_units": 2, "month_15": "each_month", "year_words": "annual", "floor": 0,
    "overdue_10": "after_confirmation", "checks": 4, "denominators": "stated",
}  # fmt: skip
SCALE = {
    "grades": [
        {"id": "excellent", "name": {"zh": "优秀", "en": "excellent"}, "at_least": 95},
        {"id": "qualified", "name": {"zh": "合格", "en": "qualified"}, "at_least": 60},
        {"id": "unqualified", "name": {"zh": "不合格", "en": "unqualified"}, "at_least": 0},
    ]
}


def row(number: str, source: str, points: str | None, **more: Any) -> dict[str, Any]:
    named = {"zh": f"第{number}条", "en": f"row {number}"}
    return {"id": number, "article": number, "name": named, "source": source, "points": points,
            "charges": ("person",), **more}  # fmt: skip


def book_of(*rows: dict[str, Any], **more: Any) -> RuleBook:
    """A book of these rows; `choices` over `CHOICES`."""
    choices = CHOICES | more.pop("choices", {})
    return RuleBook.model_validate(
        {"name": "trial", "title": {"zh": "试", "en": "trial"}, "rows": rows, "window": SCALE, "staff": SCALE,
         "choices": choices, **more}
    )  # fmt: skip


def at(day: str, hour: int = 1) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour), UTC)


def fact(source: str, key: str, day: str, **more: Any) -> Fact:
    base: dict[str, Any] = {"hall": HALL, "unit": "u1", "window": "w1", "staff": "p1", "at": at(day)}
    return Fact(source=source, key=key, date=date.fromisoformat(day), **base | more)


def key(fact_key: str, row: str = "A03", source: str = "late", whom: str = "p1") -> ClaimKey:
    return ClaimKey("staff", whom, row, source, fact_key)


def entry(of: ClaimKey, points: str, day: str, *, revision: int = 0, **more: Any) -> Entry:
    base: dict[str, Any] = {
        "month": day[:7], "of_month": day[:7], "at": at(day), "date": date.fromisoformat(day), "unit": "u1",
        "window": "w1", "staff": "p1",
    }  # fmt: skip
    return Entry(key=of, revision=revision, points=Decimal(points), **base | more)


def proposal(of: ClaimKey, points: str, day: str, **more: Any) -> Proposal:
    base: dict[str, Any] = {
        "state": "open", "at": at(day), "date": date.fromisoformat(day), "unit": "u1", "window": "w1", "staff": "p1",
        "why_open": "unconfirmed",
    }  # fmt: skip
    return Proposal(key=of, points=Decimal(points), **base | more)
