"""`report statistics` as it is told (rules.md A.9): the figures with their definitions, and the tendency by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from monitor.access import Principal
from monitor.settings import Policy
from monitor.store.casestats import By
from monitor.store.facts.look import Look
from monitor.supervision.caseasked import calendar_of, midnight, parse_day
from monitor.supervision.compare import Period
from monitor.supervision.refused import Refused
from monitor.supervision.statistics import Statistics, statistics
from monitor.wording.statistics import FIGURES
from monitor.workcal import WorkCalendar

MONTHS: Final = 12
FIRST: Final = 1952
"""Before it the twelve months would leave the years that calendars know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """`told`: as `report statistics --json`; `made` can be asked for a tendency of the same cases."""

    told: dict[str, Any]
    made: Statistics


def report(
    look: Look,
    policy: Policy,
    span: Period,
    *,
    hall: str | None = None,
    by: By | None = None,
    who: Principal | None = None,
) -> Report:
    """Of all cases, or of those within `who`'s reach."""
    made = statistics(look, policy.timeliness, span, hall=hall, by=by, who=who)
    told = {
        "from": span.start.isoformat(),
        "to": span.end.isoformat(),
        "as_of": look.now.isoformat(),
        "hall": hall,
        "by": by,
        "policy": policy.version,
        **made.to_json(),
        "definitions": definitions(),
    }
    return Report(told=told, made=made)


def definitions() -> dict[str, dict[str, str]]:
    """Title and definition of every figure, by name."""
    return {
        name: {"title_zh": f.zh, "title_en": f.en, "zh": f.defined_zh, "en": f.defined_en}
        for name, f in FIGURES.items()
    }


def by_month(look: Look, policy: Policy, last: str, *, hall: str | None, who: Principal | None) -> list[dict[str, Any]]:
    """{"month","figures"} of the twelve months up to that of the date `last` (empty: the present one)."""
    calendar = calendar_of(look, hall or "")
    today = calendar.local_date(look.now)
    day = parse_day(last, "to") if last else today
    if (day.year, day.month) > (today.year, today.month):
        raise Refused("尚未到来，无从统计 it lies ahead: there is nothing to count yet", field="to")
    if day.year < FIRST:
        raise Refused(f"年份须在 {FIRST} 之后 the year must be {FIRST} or later", field="to")
    edges = month_edges(calendar, day, look.now)
    span = Period(start=edges[0], end=edges[-1])
    made = statistics(look, policy.timeliness, span, hall=hall, who=who)
    return months_of(made, calendar, edges)


def months_of(made: Statistics, calendar: WorkCalendar, edges: list[datetime]) -> list[dict[str, Any]]:
    figures = made.trend(edges)
    return [
        {"month": f"{calendar.local_date(start):%Y-%m}", "figures": told}
        for start, told in zip(edges, figures, strict=False)
    ]


def month_edges(calendar: WorkCalendar, last: date, now: datetime) -> list[datetime]:
    """The beginnings of the twelve months up to that of `last`, and the end of that: the present, where it goes on."""
    first = last.replace(day=1)
    firsts = [after_month(first)]
    for _ in range(MONTHS):
        firsts.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    edges = [midnight(calendar, day) for day in reversed(firsts)]
    return [*edges[:-1], min(edges[-1], now)]


def after_month(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
