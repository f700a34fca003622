"""Signs of gaming (迎合考核的迹象): figures that look made for the assessment. Pure.

A sign is something for a person to look into. It is no card and no finding about anybody, and never costs or earns a
point: nothing here leads to a `Fact`. Each has an innocent explanation too; it says what was counted, of how many, and
names the cases, so that a person can tell. Below the minimum samples of `[gaming]` nothing is said at all, and what is
not known (cases of a silent source, times that cannot be trusted) is left out on both sides of every share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, Literal, TypeAlias

from monitor.assessment.gamingpolicy import GamingPolicy
from monitor.model import Reason
from monitor.timeliness.integrity_hall import Entered, bulk_closings
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

SignKind: TypeAlias = Literal["last_hour", "reopened", "bulk_closing", "ratings_without_case", "rating_burst"]
LISTED: Final = 12
"""So many cases or ratings are named; the count says how many there are."""
UnknownDays: TypeAlias = Collection[tuple[str, date]]
"""(window, date) on which the source of its cases was silent: of these days nothing is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A completed case. `reopened`: after which completion it was opened again, if it was. `due`: None without a limit.

    `hours`: the window's calendar. Times are proven ones, in UTC.
    """

    case: str
    window: str
    accepted: datetime
    due: datetime | None
    ended: datetime
    hours: WorkCalendar
    reopened: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """A rating with the device that took it: None for one that came by a link or on paper. `trusted`: whether its time
    can be trusted.
    """

    key: str
    device: str | None
    window: str
    at: datetime
    case: str | None = None
    trusted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """`subjects`: `case:KEY` and `rating:KEY`, at most `LISTED` of them; `at`: the first."""

    kind: SignKind
    window: str | None
    at: datetime
    reason: Reason
    subjects: tuple[str, ...]


MEASURES: Final = GamingPolicy()


def signs(
    closed: Iterable[Closed],
    ratings: Iterable[Rating],
    entered: Iterable[Entered],
    policy: TimelinessPolicy,
    *,
    known_cases: Collection[str],
    unknown_days: UnknownDays = (),
    measures: GamingPolicy = MEASURES,
) -> tuple[Sign, ...]:
    """All signs of a hall's span, by kind, window and time; the order of what is given changes nothing.

    `entered`: case events, for closings in bulk. `known_cases`: keys of all cases of which anything was recorded, those
    before the span too.
    """
    done = sorted(closed, key=lambda c: (c.window, c.ended, c.case))
    rated = sorted(ratings, key=lambda r: (r.window, r.at, r.key))
    found = [
        *last_hour(done, measures),
        *reopened(done, measures),
        *closed_in_bulk(entered, policy),
        *ratings_without_case(rated, done, known_cases, unknown_days, measures),
        *rating_bursts(rated, done, unknown_days, measures),
    ]
    return tuple(sorted(found, key=lambda s: (s.kind, s.window or "", s.at, s.subjects)))


# --------------------------------------------------------------------------- cases


def last_hour(done: Sequence[Closed], measures: GamingPolicy = MEASURES) -> Iterator[Sign]:
    """Completions that crowd into the last working hour before the limit, far more than at the other windows."""
    last, long_limit = timedelta(minutes=measures.last_minutes), timedelta(hours=measures.long_limit_hours)

    def late(one: Closed) -> bool:
        assert one.due is not None
        return one.ended <= one.due and one.hours.working_time_between(one.ended, one.due) < last

    def comparable(one: Closed) -> bool:
        return one.due is not None and one.hours.working_time_between(one.accepted, one.due) >= long_limit

    sample = [one for one in done if comparable(one)]
    for window, mine, hits in _by_window(sample, late):
        share = len(hits) / len(mine)
        others = [one for one in sample if one.window != window]
        rest = sum(late(one) for one in others) / len(others) if len(others) >= measures.least_cases else 0.0
        if len(mine) < measures.least_cases or share < measures.last_share:
            continue
        if share >= measures.rest_times * rest:
            figures = {"percent": _percent(share), "rest": _percent(rest), "minutes": measures.last_minutes}
            yield _of_cases("last_hour", window, hits, len(mine), **figures)


def reopened(done: Sequence[Closed], measures: GamingPolicy = MEASURES) -> Iterator[Sign]:
    """Completed within the limit, then opened again: perhaps told done so that the limit was kept."""

    def again(one: Closed) -> bool:
        return one.due is not None and one.reopened is not None and one.ended <= one.due

    sample = [one for one in done if one.due is not None]
    for window, mine, hits in _by_window(sample, again):
        share = len(hits) / len(mine)
        enough = len(mine) >= measures.least_cases and len(hits) >= measures.reopened_cases
        if enough and share >= measures.reopened_share:
            yield _of_cases("reopened", window, hits, len(mine), percent=_percent(share))


def closed_in_bulk(entered: Iterable[Entered], policy: TimelinessPolicy) -> Iterator[Sign]:
    """Many completions by one hand within minutes out of hours: the measure of finding F02, told beside the others."""
    told = sorted((one for one in entered if one.event == "completed"), key=lambda e: (e.entered or e.at, e.case))
    for _, finding in bulk_closings(told, policy):
        figures = finding.reason.figures
        first, last = (datetime.fromisoformat(figures[name]) for name in ("from", "to"))
        cases = [e.case for e in told if e.by == figures["by"] and first <= (e.entered or e.at) <= last]
        yield Sign(
            kind="bulk_closing", window=None, at=finding.at, reason=Reason(code="gaming.bulk_closing", figures=figures),
            subjects=tuple(f"case:{case}" for case in dict.fromkeys(cases[:LISTED])),
        )  # fmt: skip


def _by_window(
    sample: Iterable[Closed], hit: Callable[[Closed], bool]
) -> Iterator[tuple[str, list[Closed], list[Closed]]]:
    for window, group in groupby(sorted(sample, key=lambda c: (c.window, c.ended, c.case)), key=lambda c: c.window):
        mine = list(group)
        hits = [one for one in mine if hit(one)]
        if hits:
            yield window, mine, hits


def _of_cases(kind: SignKind, window: str, hits: Sequence[Closed], of: int, **figures: Any) -> Sign:
    told = {"window": window, "count": len(hits), "of": of, **figures}
    return Sign(
        kind=kind, window=window, at=hits[0].ended, reason=Reason(code=f"gaming.{kind}", figures=told),
        subjects=tuple(f"case:{one.case}" for one in hits[:LISTED]),
    )  # fmt: skip


# --------------------------------------------------------------------------- ratings


def ratings_without_case(
    rated: Sequence[Rating], done: Sequence[Closed], known_cases: Collection[str], unknown_days: UnknownDays = (),
    measures: GamingPolicy = MEASURES,
) -> Iterator[Sign]:  # fmt: skip
    """Ratings that name a case nobody recorded, or that came on a day on which the window completed nothing."""
    known, silent = frozenset(known_cases), frozenset(unknown_days)
    calendars = {one.window: one.hours for one in done}
    busy = {(one.window, one.hours.local_date(one.ended)) for one in done}

    def day(one: Rating) -> tuple[str, date]:
        return one.window, calendars[one.window].local_date(one.at)

    def alone(one: Rating) -> bool:
        return one.case not in known if one.case is not None else day(one) not in busy

    # a window that has told of no case at all is not connected: of its ratings nothing can be said
    sample = [one for one in rated if one.trusted and one.window in calendars and day(one) not in silent]
    for window, group in groupby(sorted(sample, key=lambda r: (r.window, r.at, r.key)), key=lambda r: r.window):
        mine = list(group)
        hits = [one for one in mine if alone(one)]
        if len(mine) >= measures.least_ratings and len(hits) >= measures.without_case_share * len(mine):
            told = {"window": window, "count": len(hits), "of": len(mine), "percent": _percent(len(hits) / len(mine))}
            yield _of_ratings("ratings_without_case", window, hits, told)


def rating_bursts(
    rated: Sequence[Rating], done: Sequence[Closed], unknown_days: UnknownDays = (), measures: GamingPolicy = MEASURES
) -> Iterator[Sign]:
    """Many ratings by one device within minutes, more than twice the cases that the window completed around then."""
    silent, burst = frozenset(unknown_days), timedelta(minutes=measures.burst_minutes)
    calendars = {one.window: one.hours for one in done}
    taken = (one for one in rated if one.trusted and one.device is not None)
    per_device = sorted(taken, key=lambda r: (r.device or "", r.at, r.key))
    for device, group in groupby(per_device, key=lambda r: r.device):
        mine = list(group)
        for hits in _runs(mine, measures) if len(mine) >= measures.least_ratings else ():
            window = hits[0].window
            around = (hits[0].at - burst, hits[-1].at + burst)
            cases = sum(one.window == window and around[0] <= one.ended <= around[1] for one in done)
            hours = calendars.get(window)
            if hours is None or (window, hours.local_date(hits[0].at)) in silent or len(hits) <= 2 * cases:
                continue
            told = {
                "window": window, "device": device, "count": len(hits), "from": hits[0].at.isoformat(),
                "to": hits[-1].at.isoformat(), "cases": cases,
            }  # fmt: skip
            yield _of_ratings("rating_burst", window, hits, told)


def _runs(mine: Sequence[Rating], measures: GamingPolicy) -> Iterator[list[Rating]]:
    """Stretches in which every `burst_ratings` in a row lie within `burst`, each as long as it goes."""
    n, start, end = measures.burst_ratings, 0, 0
    burst = timedelta(minutes=measures.burst_minutes)
    for i in range(len(mine) - n + 1):
        if mine[i + n - 1].at - mine[i].at > burst:
            continue
        if i >= end:
            if end:
                yield list(mine[start:end])
            start = i
        end = i + n
    if end:
        yield list(mine[start:end])


def _of_ratings(kind: SignKind, window: str, hits: Sequence[Rating], told: dict[str, Any]) -> Sign:
    return Sign(
        kind=kind, window=window, at=hits[0].at, reason=Reason(code=f"gaming.{kind}", figures=told),
        subjects=tuple(f"rating:{one.key}" for one in hits[:LISTED]),
    )  # fmt: skip


def _percent(share: float) -> int:
    return round(100 * share)
