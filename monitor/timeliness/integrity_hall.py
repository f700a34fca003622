"""Integrity findings across the cases of a hall (rules.md A.6 F01, F02, F03, F05). Pure.

Each takes plain rows, which the store fetches for a span of time, and gives findings with the subject that they are of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from monitor.model import Reason, SubjectRef
from monitor.timeliness.fold import Finding
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

_NUMBER: Final = re.compile(r"^(?P<head>.*?)(?P<number>\d{1,12})$")
MOST_GAPS: Final = 200
"""Findings about missing numbers of one series; beyond, the series is not a running one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """A rating as the checks see it: the case that it names and the words chosen beside the score."""

    key: str
    case: str | None
    at: datetime
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """A case event with who told it (the person, else the window, else the source) and when it was keyed in.

    `calendar` is the hall's, which counts days; `hours` the window's, which may be open when the hall is not (B10).
    """

    case: str
    event_id: str
    event: str
    at: datetime
    entered: datetime | None
    by: str
    calendar: WorkCalendar
    hours: WorkCalendar


def unknown_cases(ratings: Iterable[Rated], known: Mapping[str, bool]) -> Iterator[tuple[SubjectRef, Finding]]:
    """F01: a citizen rated a case that nobody entered. `known` says of each named case whether it has any event."""
    for rated in ratings:
        if rated.case is not None and not known.get(rated.case, False):
            reason = Reason(code="case.finding.case_missing", figures={"case": rated.case})
            yield SubjectRef(kind="rating", key=rated.key), Finding(rule="F01", at=rated.at, reason=reason)


def not_done(
    ratings: Iterable[Rated], completed: Mapping[str, datetime], policy: TimelinessPolicy
) -> Iterator[tuple[SubjectRef, Finding]]:
    """F03: a citizen says of a completed case that it is not done. `completed`: when each case was completed."""
    words = set(policy.not_done_tags)
    for rated in ratings:
        done = completed.get(rated.case or "")
        said = sorted(words & set(rated.tags))
        if done is not None and said and rated.at >= done:
            figures = {"tag": said[0], "completed": done.isoformat(), "rating": rated.key}
            reason = Reason(code="case.finding.rated_not_done", figures=figures)
            yield SubjectRef(kind="case", key=rated.case or ""), Finding(rule="F03", at=rated.at, reason=reason)


def missing_numbers(cases: Mapping[str, datetime], policy: TimelinessPolicy) -> Iterator[tuple[SubjectRef, Finding]]:
    """F01: numbers left out of a running series of case numbers. `cases`: each with its first event.

    A series is what comes before the last digits, the same for at least `series_least_cases` cases, of whose numbers at
    least nine in ten are there: else the numbers are not given one after the other.
    """
    series: dict[tuple[str, int], list[tuple[int, datetime]]] = {}
    for key, at in cases.items():
        found = _NUMBER.match(key)
        if found is not None:
            series.setdefault((found["head"], len(found["number"])), []).append((int(found["number"]), at))
    for (head, width), held in sorted(series.items()):
        held.sort()
        span = held[-1][0] - held[0][0] + 1
        if len(held) < policy.series_least_cases or len(held) < 0.9 * span or span - len(held) > MOST_GAPS:
            continue
        for (low, _), (high, at) in zip(held, held[1:], strict=False):
            if high - low > 1:
                first, last = f"{head}{low + 1:0{width}}", f"{head}{high - 1:0{width}}"
                figures = {"first": first, "last": last if last != first else None, "count": high - low - 1}
                kept = {k: v for k, v in figures.items() if v is not None}
                reason = Reason(code="case.finding.number_gap", figures=kept)
                yield SubjectRef(kind="case", key=first), Finding(rule="F01", at=at, reason=reason)


def bulk_closings(events: Iterable[Entered], policy: TimelinessPolicy) -> Iterator[tuple[SubjectRef, Finding]]:
    """F02: one person completes many cases within minutes, outside working hours. The subject is the first of them."""
    closings = [e for e in events if e.event == "completed" and not _in_hours(e)]
    closings.sort(key=lambda e: (e.by, e.entered or e.at, e.case))
    within = timedelta(minutes=policy.bulk_close_minutes)
    for by, group in groupby(closings, key=lambda e: e.by):
        held: list[Entered] = []
        for event in group:
            if held and (event.entered or event.at) - (held[-1].entered or held[-1].at) > within:
                yield from _bulk(by, held, policy)
                held = []
            held.append(event)
        yield from _bulk(by, held, policy)


def _bulk(by: str, held: Sequence[Entered], policy: TimelinessPolicy) -> Iterator[tuple[SubjectRef, Finding]]:
    if len(held) >= policy.bulk_close_cases:
        times = [e.entered or e.at for e in held]
        figures: dict[str, Any] = {
            "by": by,
            "count": len(held),
            "from": times[0].isoformat(),
            "to": times[-1].isoformat(),
        }
        reason = Reason(code="case.finding.bulk_closing", figures=figures)
        yield SubjectRef(kind="case", key=held[0].case), Finding(rule="F02", at=times[0], reason=reason)


def _in_hours(event: Entered) -> bool:
    """A close is still a working instant."""
    at = event.entered or event.at
    return event.hours.open_at(at) or event.hours.open_at(at - timedelta(seconds=1))


def late_entries(events: Iterable[Entered], policy: TimelinessPolicy) -> Iterator[tuple[SubjectRef, Finding]]:
    """F05: two entries one after the other by the same hand, both later than they may be, within 20 working days.

    An entry is late when it was keyed in after the close of working day `late_entry_days` after the event. Lateness of
    entry is not lateness of the case (practice.md §8). The subject is the case of the second.
    """
    told = [(e, e.entered) for e in events if e.entered is not None]
    told.sort(key=lambda pair: (pair[0].by, pair[1], pair[0].event_id))
    for by, group in groupby(told, key=lambda pair: pair[0].by):
        before: tuple[Entered, datetime] | None = None
        for event, entered in group:
            if not _is_late(event, entered, policy):
                before = None
                continue
            if before is not None and _within(before[1], entered, policy.late_entry_rolling_days, event.calendar):
                figures = {"by": by, "at": event.at.isoformat(), "entered": entered.isoformat(),
                           "before": before[0].case, "days": policy.late_entry_rolling_days}  # fmt: skip
                reason = Reason(code="case.finding.late_entries", figures=figures)
                yield SubjectRef(kind="case", key=event.case), Finding(rule="F05", at=entered, reason=reason)
            before = (event, entered)


def _is_late(event: Entered, entered: datetime, policy: TimelinessPolicy) -> bool:
    allowed = event.calendar.deadline_at(event.at, policy.late_entry_days)
    return allowed is not None and entered > allowed


def _within(first: datetime, second: datetime, days: int, calendar: WorkCalendar) -> bool:
    """Rolling working days, first and last included (A.10 `rolling_20`)."""
    date_of = calendar.local_date
    return calendar.workdays_between(date_of(first), date_of(second)) < days
