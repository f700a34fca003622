"""Signs of gaming (迎合考核的迹象): figures that look made for the assessment. Pure.

A sign is something for a person to look into. It is no card and no finding about anybody, and never costs or earns a
point: nothing here leads to a `Fact`. Each has an innocent explanation too; it says what was counted, of how many, and
names the cases, so that a person can tell. Below the minimum samples of `Measures` nothing is said at all, and what is
not known (cases of a silent source, times that cannot be trusted) is left out on both sides of every share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, Literal, TypeAlias

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
    """A rating with the device that took it. `trusted`: whether its time can be trusted."""

    key: str
    device: str
    window: str
    at: datetime
    case: str | None = None
    trusted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Measures:
    """From where on something is a sign, and of how many at least. Shares are of 1.

    `times_the_rest`: a window's share is a sign where it is so many times that of the hall's other windows, whose
    habits or item lists may be the reason else. `long_limit`: working time; with a shorter limit the last hour is most
    of it.
    """

    least_closed: int = 20
    last: timedelta = timedelta(hours=1)
    long_limit: timedelta = timedelta(hours=8)
    last_hour_share: float = 0.3
    times_the_rest: float = 2.0
    reopened_share: float = 0.05
    least_reopened: int = 3
    least_ratings: int = 20
    without_case_share: float = 0.3
    burst: timedelta = timedelta(minutes=5)
    burst_ratings: int = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """`subjects`: `case:KEY` and `rating:KEY`, at most `LISTED` of them; `at`: the first."""

    kind: SignKind
    window: str | None
    at: datetime
    reason: Reason
    subjects: tuple[str, ...]


MEASURES: Final = Measures()


def signs(
    closed: Iterable[Closed],
    ratings: Iterable[Rating],
    entered: Iterable[Entered],
    policy: TimelinessPolicy,
    *,
    known_cases: Collection[str],
    unknown_days: UnknownDays = (),
    measures: Measures = MEASURES,
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


def last_hour(done: Sequence[Closed], measures: Measures = MEASURES) -> Iterator[Sign]:
    """Completions that crowd into the last working hour before the limit, far more than at the other windows."""

    def late(one: Closed) -> bool:
        assert one.due is not None
        return one.ended <= one.due and one.hours.working_time_between(one.ended, one.due) < measures.last

    def comparable(one: Closed) -> bool:
        return one.due is not None and one.hours.working_time_between(one.accepted, one.due) >= measures.long_limit

    sample = [one for one in done if comparable(one)]
    for window, mine, hits in _by_window(sample, late):
        share = len(hits) / len(mine)
        others = [one for one in sample if one.window != window]
        rest = sum(late(one) for one in others) / len(others) if len(others) >= measures.least_closed else 0.0
        if len(mine) < measures.least_closed or share < measures.last_hour_share:
            continue
        if share >= measures.times_the_rest * rest:
            figures = {"percent": _percent(share), "rest": _percent(rest), "minutes": int(measures.last.seconds / 60)}
            yield _of_cases("last_hour", window, hits, len(mine), **figures)


def reopened(done: Sequence[Closed], measures: Measures = MEASURES) -> Iterator[Sign]:
    """Completed within the limit, then opened again: perhaps told done so that the limit was kept."""

    def again(one: Closed) -> bool:
        return one.due is not None and one.reopened is not None and one.ended <= one.due

    sample = [one for one in done if one.due is not None]
    for window, mine, hits in _by_window(sample, again):
        share = len(hits) / len(mine)
        enough = len(mine) >= measures.least_closed and len(hits) >= measures.least_reopened
        if enough and share >= measures.reopened_share:
            yield _of_cases("reopened", window, hits, len(mine), percent=_percent(share))


def closed_in_bulk(entered: Iterable[Entered], policy: TimelinessPolicy) -> Iterator[Sign]:
    """Many completions by one hand within minutes out of hours: the measure of finding F02, told beside the others."""
    for subject, finding in bulk_closings(entered, policy):
        reason = Reason(code="gaming.bulk_closing", figures=finding.reason.figures)
        yield Sign(
            kind="bulk_closing", window=None, at=finding.at, reason=reason, subjects=(f"case:{subject.key}",)
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
    measures: Measures = MEASURES,
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
    rated: Sequence[Rating], done: Sequence[Closed], unknown_days: UnknownDays = (), measures: Measures = MEASURES
) -> Iterator[Sign]:
    """Many ratings by one device within minutes, more than twice the cases that the window completed around then."""
    silent = frozenset(unknown_days)
    calendars = {one.window: one.hours for one in done}
    per_device = sorted((one for one in rated if one.trusted), key=lambda r: (r.device, r.at, r.key))
    for device, group in groupby(per_device, key=lambda r: r.device):
        mine = list(group)
        for hits in _runs(mine, measures) if len(mine) >= measures.least_ratings else ():
            window = hits[0].window
            around = (hits[0].at - measures.burst, hits[-1].at + measures.burst)
            cases = sum(one.window == window and around[0] <= one.ended <= around[1] for one in done)
            hours = calendars.get(window)
            if hours is None or (window, hours.local_date(hits[0].at)) in silent or len(hits) <= 2 * cases:
                continue
            told = {
                "window": window, "device": device, "count": len(hits), "from": hits[0].at.isoformat(),
                "to": hits[-1].at.isoformat(), "cases": cases,
            }  # fmt: skip
            yield _of_ratings("rating_burst", window, hits, told)


def _runs(mine: Sequence[Rating], measures: Measures) -> Iterator[list[Rating]]:
    """Stretches in which every `burst_ratings` in a row lie within `burst`, each as long as it goes."""
    n, start, end = measures.burst_ratings, 0, 0
    for i in range(len(mine) - n + 1):
        if mine[i + n - 1].at - mine[i].at > measures.burst:
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
