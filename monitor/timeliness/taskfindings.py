"""Findings on dated tasks: reports far too late (C14, C15), two verified complaints within 20 working days (D12). Pure.

A finding is a proposal to a person: it is no card and costs no point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from fnmatch import fnmatchcase
from itertools import pairwise

from monitor.model import Reason, SubjectRef
from monitor.timeliness.facts import TaskFacts
from monitor.timeliness.figures import json_values
from monitor.timeliness.fold import Finding
from monitor.timeliness.policy import LateReport, TimelinessPolicy
from monitor.timeliness.taskfold import COMPLAINT, Term
from monitor.timeliness.tasks import Task, task_at
from monitor.workcal import WorkCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """A complaint (投诉) that was verified (查实). `window` and `staff` are the first it named: whom it is about,
    whoever answers it later; `at` is when it was made.
    """

    task: str
    at: datetime
    verified: datetime
    window: str | None
    staff: str | None
    calendar: WorkCalendar
    within_days: int


def task_findings(
    facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[Finding, ...]:
    """Findings on one task, by time."""
    task = task_at(facts, policy, calendar, now)
    found = [f for term in task.view.terms for f in (*_dues_told_late(task, term), *_late_reports(task, term))]
    return tuple(sorted(found, key=lambda f: (f.at, f.rule)))


def verified_complaint(
    facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> Complaint | None:
    """The complaint, where it was verified by `now` and that was not taken back."""
    task = task_at(facts, policy, calendar, now)
    view = task.view
    if view.kind != COMPLAINT or view.verified is None:
        return None
    first = view.opened or view.events[0]
    return Complaint(
        task=facts.key,
        at=first.at,
        verified=view.verified.at,
        window=next((e.window for e in view.events if e.window), None),
        staff=next((e.staff for e in view.events if e.staff), None),
        calendar=calendar,
        within_days=task.policy.complaint_rolling_days,
    )


def repeated_complaints(complaints: Iterable[Complaint]) -> Iterator[tuple[SubjectRef, Finding]]:
    """D12: a window, or a person, with two verified complaints made within 20 rolling working days, first and last
    included (A.10 `rolling_20`). Each that follows another so closely is a finding, from when both are verified.
    """
    by: dict[SubjectRef, list[Complaint]] = {}
    for complaint in complaints:
        for kind, key in (("window", complaint.window), ("staff", complaint.staff)):
            if key is not None:
                by.setdefault(SubjectRef(kind=kind, key=key), []).append(complaint)
    for subject, held in sorted(by.items()):
        held.sort(key=lambda c: (c.at, c.task))
        for first, second in pairwise(held):
            if _apart(first, second) < second.within_days:
                figures = {"tasks": [first.task, second.task], "first_at": first.at, "second_at": second.at}
                reason = _reason("task.finding.complaints_verified", **figures, days=second.within_days)
                yield subject, Finding(rule="D12", at=max(first.verified, second.verified), reason=reason)


def _apart(first: Complaint, second: Complaint) -> int:
    calendar = second.calendar
    return calendar.workdays_between(calendar.local_date(first.at), calendar.local_date(second.at))


def _dues_told_late(task: Task, term: Term) -> Iterator[Finding]:
    """Another due, told when the one in force had passed: it does not count."""
    limit = task.limit(term)
    for told in limit.refused:
        figures = {"task": task.facts.key, "source": told.source, "told": told.due, "due": limit.at}
        yield Finding(rule="task.events", at=told.at, reason=_reason("task.finding.due_late", **figures))


def _late_reports(task: Task, term: Term) -> Iterator[Finding]:
    """C14, C15: overdue by more working days than the row allows, as far as that is proven."""
    if task.kind != "report" or not task.facts.is_reported:
        return
    for row in task.policy.late_reports:
        if fnmatchcase(task.facts.key, row.tasks):
            yield from _late_report(task, term, row)


def _late_report(task: Task, term: Term, row: LateReport) -> Iterator[Finding]:
    limit, end = task.limit(term), term.end
    until = end.at if end is not None and end.trusted else task.proven_to()
    over_at = _day_after(task.calendar, limit.at, row.over_days)
    if not limit.sound or limit.holds_at > until or over_at > until:
        return
    run = task.overrun(term, until)
    figures = {"task": task.facts.key, "due": limit.at, "ended": run.until if run.ended else None,
               "until": None if run.ended else run.until, "overdue_days": run.days, "allowed": row.over_days,
               "row": row.rule}  # fmt: skip
    yield Finding(rule=row.rule, at=over_at, reason=_reason("task.finding.report_late", **figures))


def _day_after(calendar: WorkCalendar, due: datetime, days: int) -> datetime:
    """The beginning of the working day after the `days`-th after the due."""
    day = calendar.local_date(due)
    for _ in range(days + 1):
        day = calendar.next_workday(day)
    return calendar.local(day, time(0))


def _reason(said: str, **figures: object) -> Reason:
    return Reason(code=said, figures=json_values(figures))
