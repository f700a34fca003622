"""Findings on months with too much overdue (C03 of windows, C04 of people). Pure.

延期未办结: a case counts in each month in which it was open and past the limit that it is measured by, as far as that
is proven. A finding is a proposal to a person: whether the month is 不合格, or an award lost, is decided there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from monitor.model import Reason, SubjectRef
from monitor.timeliness.case import case_at
from monitor.timeliness.counts import measured_by, proven_to
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.figures import json_values
from monitor.timeliness.fold import Finding
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class OverdueCase:
    """A case that was open past its limit from `since` to `until` (an open one: as far as the sources prove it).

    `window` and `staff` held it when the limit passed.
    """

    case: str
    since: datetime
    until: datetime
    window: str | None
    staff: str | None
    calendar: WorkCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class _Share:
    """What one case adds to one month: overdue in it from `start`, `days` working days overdue by its end there, and
    when these became `days_most`, if they did.
    """

    case: str
    start: datetime
    days: int
    reached: datetime | None


def overdue_case(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> OverdueCase | None:
    """The case, where it was or provably is overdue; one that was withdrawn or returned late was open until then."""
    case = case_at(facts, policy, calendar, now)
    limit = measured_by(case)
    since = limit.holds_at if limit is not None else None
    until = case.view.end.at if case.view.end is not None else proven_to(facts, now)
    if since is None or until <= since:
        return None
    held = case.charge_at(since)
    return OverdueCase(
        case=facts.key, since=since, until=until, window=held.window, staff=held.staff, calendar=calendar
    )


def overdue_months(
    cases: Iterable[OverdueCase], policy: TimelinessPolicy, now: datetime
) -> Iterator[tuple[SubjectRef, Finding]]:
    """C03: a window with three overdue cases in a month, or one that is overdue by three working days in it. C04: a
    person with two, or one. 及 is read as either (`and_or_20b5` of rules.md A.10; `overdue_month_both`).
    """
    shares: dict[tuple[SubjectRef, str], list[_Share]] = {}
    for case in cases:
        for month, share in _shares(case, policy.overdue_month_days):
            for kind, key in (("window", case.window), ("staff", case.staff)):
                if key is not None:
                    shares.setdefault((SubjectRef(kind=kind, key=key), month), []).append(share)
    for (subject, month), mine in sorted(shares.items()):
        rule = "C03" if subject.kind == "window" else "C04"
        most = policy.overdue_month_window_cases if rule == "C03" else policy.overdue_month_staff_cases
        at = _reached(mine, most, both=policy.overdue_month_both)
        if at is not None and at <= now:
            figures = {"by": subject.key, "month": month, "count": len(mine), "days": max(s.days for s in mine),
                       "cases": sorted(s.case for s in mine)[:10], "row": rule}  # fmt: skip
            reason = Reason(code="case.finding.overdue_month", figures=json_values(figures))
            yield subject, Finding(rule=rule, at=at, reason=reason)


def _reached(shares: Sequence[_Share], most: int, *, both: bool) -> datetime | None:
    """When the month first fell under the row; None while it does not."""
    begun = sorted(share.start for share in shares)
    by_count = begun[most - 1] if len(begun) >= most else None
    by_days = min((share.reached for share in shares if share.reached is not None), default=None)
    if both:
        return max(by_count, by_days) if by_count and by_days else None
    return min((at for at in (by_count, by_days) if at is not None), default=None)


def _shares(case: OverdueCase, days_most: int) -> Iterator[tuple[str, _Share]]:
    """The months that the overdue span touches, as `2026-03`."""
    local = case.calendar.local_date
    first, last = local(case.since), local(case.until)
    day = first.replace(day=1)
    while day <= last:
        following = (day + timedelta(days=32)).replace(day=1)
        start = max(case.since, case.calendar.local(day, time(0)))
        end = min(last, following - timedelta(days=1))
        if start < case.until:
            days = case.calendar.workdays_between(first, end)
            yield (
                f"{day:%Y-%m}",
                _Share(case=case.case, start=start, days=days, reached=_when(case, days, days_most, start)),
            )
        day = following


def _when(case: OverdueCase, days: int, days_most: int, start: datetime) -> datetime | None:
    """When it became so many working days overdue, at the earliest when it entered the month."""
    if days < days_most:
        return None
    day: date = case.calendar.local_date(case.since)
    for _ in range(days_most):
        day = case.calendar.next_workday(day)
    return max(start, case.calendar.local(day, time(0)))
