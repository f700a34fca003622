"""One limit on one set of tables: which day is its last, and the steps that show it.

The functions raise TooShort when the answer lies beyond the tables; the calendar lengthens them and asks again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from monitor.values import Value
from monitor.workcal.days import DayRules
from monitor.workcal.legal import (
    MicroSpan,
    PauseEdge,
    Spoiled,
    Step,
    is_spoiled,
    nth_workday,
    paused_work,
    spoiled_days,
)
from monitor.workcal.spec import MIDNIGHT
from monitor.workcal.tables import Tables, from_micros, micros, to_utc


class TooShort(Exception):
    """The tables end before the answer."""


class Limit(Value, frozen=True, kw_only=True):
    """`n` days from `start` (microseconds; its local date `start_day` as ordinal), `extension` more on top."""

    start: int
    start_day: int
    n: int
    extension: int
    pauses: tuple[MicroSpan, ...]
    edge: PauseEdge

    @property
    def need(self) -> int:
        """How many days are to be counted from `first_day` on."""
        return max(self.n, 1) + self.extension

    def first_day(self, tables: Tables) -> int:
        """The first day that can count: the one after the start; for n = 0 that of the next opening."""
        if self.n > 0:
            return self.start_day + 1
        k = bisect_right(tables.worked, tables.working_before(self.start)) - 1
        if k == tables.workdays:
            raise TooShort
        return tables.ordinals[k]


class Found(Value, frozen=True, kw_only=True):
    """`k`: the workday on which the limit ends, None behind an open pause. `last_day`: where the count stopped.

    `counted_to`: for calendar days, the last day counted before the move to a workday; else equal to `last_day`.
    """

    k: int | None
    first_day: int
    last_day: int
    counted_to: int
    spoiled: list[Spoiled]


def in_workdays(tables: Tables, limit: Limit) -> Found:
    first_day = limit.first_day(tables)
    spoiled = spoiled_days(tables, limit.pauses, limit.edge)
    k = nth_workday(_first_from(tables, first_day), limit.need, spoiled)
    last_day = _day_of(tables, spoiled, k)
    return Found(k=k, first_day=first_day, last_day=last_day, counted_to=last_day, spoiled=spoiled)


def in_calendar_days(tables: Tables, limit: Limit, zone: ZoneInfo) -> Found:
    """A pause spoils a workday as in `in_workdays`, any other day when it covers it from midnight to midnight."""
    first_day = limit.first_day(tables)
    spoiled = spoiled_days(tables, limit.pauses, limit.edge)
    counted_to = first_day + limit.need - 1
    if limit.pauses:
        is_open = limit.pauses[-1][1] is None
        opened = from_micros(limit.pauses[-1][0]).astimezone(zone).toordinal() if is_open else None
        counted_to, left = first_day - 1, limit.need
        while left:
            counted_to += 1
            if opened is not None and counted_to > opened:
                return Found(k=None, first_day=first_day, last_day=counted_to, counted_to=counted_to, spoiled=spoiled)
            left -= not _is_paused(tables, counted_to, limit, spoiled, zone)
    k = nth_workday(_first_from(tables, counted_to), 1, spoiled)
    last_day = _day_of(tables, spoiled, k)
    return Found(k=k, first_day=first_day, last_day=last_day, counted_to=counted_to, spoiled=spoiled)


def in_working_time(tables: Tables, start: int, amount: int, pauses: tuple[MicroSpan, ...]) -> int | None:
    """The instant at which `amount` (> 0) of working time outside the pauses is used up; None behind an open pause."""
    begun = tables.working_before(start)
    target = begun + amount
    for low, high in paused_work(tables, pauses):
        if high is not None and high <= begun:
            continue
        low = max(low, begun)
        if low >= target:
            break
        if high is None:
            return None
        target += high - low
    if target > tables.used[-1]:
        raise TooShort
    return tables.earliest_at(target)


def steps_in_workdays(tables: Tables, rules: DayRules, limit: Limit, found: Found) -> Iterator[Step]:
    yield from _steps_before(tables, rules, limit, found)
    for ordinal in range(found.first_day, found.last_day + 1):
        day = date.fromordinal(ordinal)
        if not tables.is_workday(ordinal):
            yield _planned(rules, day, counted=False)
        elif is_spoiled(tables.first_from(ordinal), found.spoiled):
            yield Step(date=day, counted=False, why="pause")
        else:
            yield _planned(rules, day, counted=True)


def steps_in_calendar_days(
    tables: Tables, rules: DayRules, limit: Limit, found: Found, zone: ZoneInfo
) -> Iterator[Step]:
    yield from _steps_before(tables, rules, limit, found)
    for ordinal in range(found.first_day, found.last_day + 1):
        day = date.fromordinal(ordinal)
        if _is_paused(tables, ordinal, limit, found.spoiled, zone):
            yield Step(date=day, counted=False, why="pause")
        elif ordinal <= found.counted_to:
            yield Step(date=day, counted=True, why="calendar_day")
        elif tables.is_workday(ordinal):
            yield Step(date=day, counted=False, why="moved")
        else:
            yield _planned(rules, day, counted=False)


def _steps_before(tables: Tables, rules: DayRules, limit: Limit, found: Found) -> Iterator[Step]:
    """The days from the start's up to the first that can count."""
    for ordinal in range(limit.start_day, found.first_day):
        day = date.fromordinal(ordinal)
        if limit.n > 0 or tables.is_workday(ordinal):
            yield Step(date=day, counted=False, why="start_day" if limit.n > 0 else "after_hours")
        else:
            yield _planned(rules, day, counted=False)


def _planned(rules: DayRules, day: date, *, counted: bool) -> Step:
    """The day as the calendar has it, with the paper behind it."""
    plan = rules.plan(day)
    return Step(date=day, counted=counted, why=plan.why, by=plan.by)


def _first_from(tables: Tables, ordinal: int) -> int:
    if ordinal - tables.base > len(tables.before):
        raise TooShort
    return tables.first_from(ordinal)


def _day_of(tables: Tables, spoiled: list[Spoiled], k: int | None) -> int:
    """The ordinal of workday k, or of the first workday of the open pause."""
    number = spoiled[-1][0] if k is None else k
    if number >= tables.workdays:
        raise TooShort
    return tables.ordinals[number]


def _is_paused(tables: Tables, ordinal: int, limit: Limit, spoiled: list[Spoiled], zone: ZoneInfo) -> bool:
    if ordinal - tables.base >= len(tables.before):
        raise TooShort
    if tables.is_workday(ordinal):
        return is_spoiled(tables.first_from(ordinal), spoiled)
    day = date.fromordinal(ordinal)
    start, end = (micros(to_utc(zone, d, MIDNIGHT)) for d in (day, day + timedelta(days=1)))
    return any(low <= start and (high is None or end <= high) for low, high in limit.pauses)
