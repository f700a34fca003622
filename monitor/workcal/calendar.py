"""`WorkCalendar`: the questions that rules, slots, posts and reports ask of working time (DESIGN §4)."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from monitor.model import Span, require_aware
from monitor.workcal.basis import Paper
from monitor.workcal.days import FIRST_YEAR, LAST_YEAR, DayPlan, DayRules
from monitor.workcal.legal import Deadline, Pause, PauseEdge, Step, merge_pauses
from monitor.workcal.limits import (
    Found,
    Limit,
    TooShort,
    in_calendar_days,
    in_workdays,
    in_working_time,
    steps_in_calendar_days,
    steps_in_workdays,
)
from monitor.workcal.notice import NoticeDay
from monitor.workcal.spec import MIDNIGHT, CalendarSpec
from monitor.workcal.tables import Tables, from_micros, micros, to_utc

NO_PAPERS: Final[Mapping[int, Paper]] = MappingProxyType({})
_MICROSECOND: Final = timedelta(microseconds=1)
_T = TypeVar("_T")


def build_calendar(
    spec: CalendarSpec | None = None, notices: Iterable[NoticeDay] = (), papers: Mapping[int, Paper] = NO_PAPERS
) -> WorkCalendar:
    """A calendar of these hours (default: Mon-Fri 08:30-12:00 and 14:30-17:30, Asia/Shanghai) and imported notices.

    A notice's days outrank the library's, later ones earlier ones; its year counts as published. `papers` says by year
    what the imported notices are called.
    """
    return WorkCalendar(spec or CalendarSpec(), notices, papers)


class WorkCalendar:
    """Immutable; equal and hashed by identity; safe to share between threads.

    Takes any aware datetime and gives UTC. Dates are dates in `zone`. Every method raises ValueError for a naive
    datetime and for years outside 1950 to 2100. The tables grow on demand and are swapped whole.
    """

    __slots__ = ("_lock", "_noticed", "_rules", "_sure", "_tables", "spec", "zone")

    spec: CalendarSpec
    zone: ZoneInfo

    def __init__(
        self, spec: CalendarSpec, notices: Iterable[NoticeDay] = (), papers: Mapping[int, Paper] = NO_PAPERS
    ) -> None:
        self.spec = spec
        self.zone = ZoneInfo(spec.zone)
        given = tuple(notices)
        self._noticed = bool(given)
        self._rules = DayRules(spec, given, papers)
        self._sure = self._rules.sure
        self._tables = Tables()
        self._lock = threading.Lock()

    # ---------------------------------------------------------------- dates

    @property
    def covered_until(self) -> date:
        """The last date of the unbroken run of published years; date.max for a calendar without a country."""
        return self._rules.covered_until

    def is_published(self, day: date) -> bool:
        """Whether the days of this date's year are known and not guessed."""
        return self._rules.is_published(day.year)

    def is_workday(self, day: date) -> bool:
        """Whether the date has any session."""
        return self._covering_dates(day).is_workday(day.toordinal())

    def plan_of(self, day: date) -> DayPlan:
        """The hours of a date and why it is worked or not (`DayPlan.why`: the codes of `Step.why`)."""
        return self._rules.plan(day)

    def sessions(self, day: date) -> tuple[Span, ...]:
        """The sessions of a date as UTC [start, end), ascending; empty when it is not worked."""
        tables = self._covering_dates(day)
        ordinal = day.toordinal()
        return tables.spans(tables.first_from(ordinal)) if tables.is_workday(ordinal) else ()

    def made_up_sessions(self, day: date) -> tuple[Span, ...]:
        """The sessions of a date for whoever works on it although the hall is closed (轮班), as on a make-up day."""
        _check_years(day.year)
        following = day + timedelta(days=1)
        return tuple(
            (self.local(day, start), self.local(following if end == MIDNIGHT else day, end))
            for start, end in self._rules.made_up(day)
        )

    def close_of(self, day: date) -> datetime:
        """When the last session of a workday ends. Raises ValueError for a date without sessions."""
        tables = self._covering_dates(day)
        ordinal = day.toordinal()
        if not tables.is_workday(ordinal):
            raise ValueError(f"{day} is no workday and has no close")
        return tables.closes[tables.first_from(ordinal)]

    def previous_workday(self, day: date) -> date:
        """The last workday strictly before a date."""
        tables = self._covering_dates(day)
        while not (k := tables.first_from(day.toordinal())):
            tables = self._extended(tables.first_year - 1)
        return date.fromordinal(tables.ordinals[k - 1])

    def close_before(self, instant: datetime, days: int) -> datetime:
        """The close of the `days`-th workday (> 0) before the date of an instant."""
        day = self.local_date(instant)
        tables = self._covering_dates(day)
        while (k := tables.first_from(day.toordinal()) - days) < 0:
            tables = self._extended(tables.first_year - 1)
        return tables.closes[k]

    def next_workday(self, day: date) -> date:
        """The first workday strictly after a date."""
        tables = self._covering_dates(day)
        while (k := tables.first_from(day.toordinal() + 1)) == tables.workdays:
            tables = self._extended(tables.last_year + 1)
        return date.fromordinal(tables.ordinals[k])

    def workdays_between(self, first: date, last: date) -> int:
        """Workdays after `first` up to and including `last`, as legal days count; 0 if reversed."""
        if last <= first:
            return 0
        tables = self._covering_dates(first, last)
        return tables.first_from(last.toordinal() + 1) - tables.first_from(first.toordinal() + 1)

    # ---------------------------------------------------------------- instants

    def local_date(self, instant: datetime) -> date:
        """The date in the hall's zone."""
        tables = self._tables
        if tables.shift is not None and instant.tzinfo is UTC:
            try:
                day = (instant + tables.shift).date()
            except OverflowError:
                raise ValueError(f"{instant} lies outside the calendar") from None
            # not in the first year: before its first midnight the offset may have been another
            if tables.first_year < day.year <= tables.last_year:
                return day
        require_aware(instant, "local_date")
        try:
            return instant.astimezone(self.zone).date()
        except OverflowError:
            raise ValueError(f"{instant} lies outside the calendar") from None

    def local(self, day: date, at: time) -> datetime:
        """The UTC instant of a local time of day; a time that DST skips is the instant of the change, a doubled one
        its first occurrence. Raises ValueError for a time that carries a zone.
        """
        if at.tzinfo is not None:
            raise ValueError(f"local: a time of day without a zone expected, got {at!r}")
        _check_years(day.year)
        return to_utc(self.zone, day, at)

    def open_at(self, instant: datetime) -> bool:
        """Whether the instant lies in a session; an opening does, a close does not."""
        tables, value = self._covering(instant)
        spell = bisect_right(tables.starts, value) - 1
        return spell >= 0 and value - tables.starts[spell] < tables.used[spell + 1] - tables.used[spell]

    def next_opening(self, instant: datetime) -> datetime:
        """The first instant not before this one at which the hall is open: the instant itself in a session."""
        tables, value = self._covering(instant)
        while (worked := tables.working_before(value)) == tables.used[-1]:
            tables = self._extended(tables.last_year + 1)
        return from_micros(max(value, tables.latest_at(worked)))

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time in [start, end); zero if reversed."""
        if self._covering(end)[1] <= self._covering(start)[1]:
            return timedelta(0)
        tables = self._covering_dates(self.local_date(start), self.local_date(end))
        return timedelta(microseconds=tables.working_before(micros(end)) - tables.working_before(micros(start)))

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which `amount` of working time from `start` is used up.

        Used up exactly at a close, it is that close, not the next opening. Zero stays where it is in working time and
        at a close, and rolls forward to the next opening elsewhere. A negative amount goes backwards, and ends at an
        opening rather than at the close before it.
        """
        steps = amount // _MICROSECOND
        tables, value = self._covering(start)
        if steps == 0:
            return self._roll_forward(tables, value, start)
        while not 0 <= (target := tables.working_before(value) + steps) <= tables.used[-1]:
            tables = self._extended(tables.last_year + 1 if steps > 0 else tables.first_year - 1)
        if steps > 0:
            return from_micros(tables.earliest_at(target))
        return from_micros(tables.latest_at(target))

    def _roll_forward(self, tables: Tables, value: int, start: datetime) -> datetime:
        worked = tables.working_before(value)
        at_close = worked > 0 and tables.earliest_at(worked) == value
        return from_micros(value) if at_close else self.next_opening(start)

    # ---------------------------------------------------------------- limits

    def deadline_at(
        self,
        start: datetime,
        n: int,
        pauses: Sequence[Pause] = (),
        extension_days: int = 0,
        pause_edge_days: PauseEdge = "excluded",
    ) -> datetime | None:
        """`due_in_days(...).at` alone; without pauses, for a start in UTC, a handful of operations."""
        if not pauses and n > 0 <= extension_days and start.tzinfo is UTC:
            tables = self._tables
            if (jump := tables.jump) is not None:
                try:
                    return tables.closes[tables.before[(start + jump).toordinal()] + n + extension_days - 1]
                except (IndexError, OverflowError):
                    pass  # outside the tables as they are: the long way lengthens them or says what is wrong
        return self.due_in_days(start, n, pauses, extension_days, pause_edge_days=pause_edge_days, with_steps=False).at

    def deadlines_at(self, starts: Iterable[datetime], n: int) -> list[datetime]:
        """`deadline_at(start, n)` of many starts, without pauses; the tables are looked up once for all of them.

        Raises ValueError as `due_in_days`.
        """
        tables = self._tables
        if n < 1 or tables.jump is None:
            return [self._plain_deadline(start, n) for start in starts]
        jump, before, closes, ahead = tables.jump, tables.before, tables.closes, n - 1
        found: list[datetime] = []
        for start in starts:
            try:
                if start.tzinfo is not UTC:
                    raise IndexError
                found.append(closes[before[(start + jump).toordinal()] + ahead])
            except (IndexError, OverflowError):
                found.append(self._plain_deadline(start, n))
        return found

    def _plain_deadline(self, start: datetime, n: int) -> datetime:
        at = self.deadline_at(start, n)
        assert at is not None  # no pauses, no open end
        return at

    def due_in_days(
        self,
        start: datetime,
        n: int,
        pauses: Sequence[Pause] = (),
        extension_days: int = 0,
        *,
        pause_edge_days: PauseEdge = "excluded",
        with_steps: bool = True,
    ) -> Deadline:
        """The close of the n-th counted workday after the day of `start`; `extension_days` more are counted on top.

        n = 0 is the close of the day itself or, outside hours, of the day of the next opening. A workday that a pause
        overlaps in working time is not counted (`pause_edge_days`). `at` is None while an open pause can still move
        it; a pause that opened after the limit had passed cannot. Raises ValueError for a negative n or extension and
        for a pause that ends before it starts.
        """
        if not pauses and not with_steps and (quick := self._quick(start, n, extension_days)) is not None:
            return quick
        limit, tables = self._limit(start, n, pauses, extension_days, pause_edge_days)
        tables, found = self._lengthening(tables, lambda t: in_workdays(t, limit))
        return self._deadline(tables, limit, found, steps_in_workdays(tables, self._rules, limit, found), with_steps)

    def _quick(self, start: datetime, n: int, extension_days: int) -> Deadline | None:
        """A limit without pauses on the tables as they are; None where the long way has to lengthen or refuse."""
        tables = self._tables
        if n < 1 or extension_days < 0 or start.tzinfo is not UTC or tables.jump is None:
            return None
        try:
            first = (start + tables.jump).toordinal()
            k = tables.before[first] + n + extension_days - 1
            at, last = tables.closes[k], tables.ordinals[k]
        except (IndexError, OverflowError):
            return None
        return Deadline(at=at, provisional=self._is_guessed(first + tables.base + 1, last))

    def due_in_calendar_days(
        self,
        start: datetime,
        n: int,
        pauses: Sequence[Pause] = (),
        extension_days: int = 0,
        *,
        pause_edge_days: PauseEdge = "excluded",
        with_steps: bool = True,
    ) -> Deadline:
        """A limit in calendar days (民法典 201, 203): the day of the start is not counted, and a last day that is no
        workday moves to the next workday; the deadline is the close of that day.

        n = 0 and errors as in `due_in_days`. A pause spoils a workday as there, any other day when it covers it whole.
        """
        limit, tables = self._limit(start, n, pauses, extension_days, pause_edge_days)
        tables, found = self._lengthening(tables, lambda t: in_calendar_days(t, limit, self.zone))
        steps = steps_in_calendar_days(tables, self._rules, limit, found, self.zone)
        return self._deadline(tables, limit, found, steps, with_steps)

    def due_in_working_time(self, start: datetime, amount: timedelta, pauses: Sequence[Pause] = ()) -> Deadline:
        """A limit in working hours: when `amount` (> 0) is used up, time in pauses not counted. Without steps.

        Raises ValueError for an amount of zero or less and for a pause that ends before it starts.
        """
        if amount <= timedelta(0):
            raise ValueError(f"a limit in working time is above zero, got {amount}")
        limit, tables = self._limit(start, 0, pauses, 0, "excluded")
        wanted = amount // _MICROSECOND
        _, end = self._lengthening(tables, lambda t: in_working_time(t, limit.start, wanted, limit.pauses))
        at = None if end is None else from_micros(end)
        last_day = limit.start_day if at is None else self.local_date(at).toordinal()
        return Deadline(at=at, provisional=self._is_guessed(limit.start_day, last_day))

    def _limit(
        self, start: datetime, n: int, pauses: Sequence[Pause], extension_days: int, edge: PauseEdge
    ) -> tuple[Limit, Tables]:
        if n < 0 or extension_days < 0:
            raise ValueError(f"a limit of {n} days extended by {extension_days}: neither can be negative")
        spans = merge_pauses(pauses)
        tables, value = self._covering(start, *(pause[0] for pause in pauses))
        start_day = self.local_date(start).toordinal()
        return Limit(
            start=value, start_day=start_day, n=n, extension=extension_days, pauses=tuple(spans), edge=edge
        ), tables

    def _deadline(
        self, tables: Tables, limit: Limit, found: Found, steps: Iterator[Step], with_steps: bool
    ) -> Deadline:
        counted_from = limit.start_day + (limit.n > 0)
        return Deadline(
            at=None if found.k is None else tables.closes[found.k],
            provisional=self._is_guessed(counted_from, found.last_day),
            steps=tuple(steps) if with_steps else (),
        )

    def _is_guessed(self, first_day: int, last_day: int) -> bool:
        if self._sure[0] <= first_day and last_day <= self._sure[1]:
            return False
        years = range(date.fromordinal(first_day).year, date.fromordinal(last_day).year + 1)
        return not all(self._rules.is_published(year) for year in years)

    # ---------------------------------------------------------------- tables

    def _lengthening(self, tables: Tables, ask: Callable[[Tables], _T]) -> tuple[Tables, _T]:
        """The answer and the tables it was found on, a year longer at each refusal."""
        while True:
            try:
                return tables, ask(tables)
            except TooShort:
                tables = self._extended(tables.last_year + 1)

    def _covering(self, *instants: datetime) -> tuple[Tables, int]:
        """Tables that hold all these instants, and the first of them in microseconds."""
        values = [micros(require_aware(instant, "working calendar")) for instant in instants]
        tables = self._tables
        if tables.lower <= min(values) and max(values) < tables.upper:
            return tables, values[0]
        return self._covering_dates(*(self.local_date(instant) for instant in instants)), values[0]

    def _covering_dates(self, *days: date) -> Tables:
        first_year, last_year = min(days).year, max(days).year
        tables = self._tables
        return tables if tables.covers(first_year, last_year) else self._extended(first_year, last_year)

    def _extended(self, *years: int) -> Tables:
        """Tables over what they held, the years named and the published block; kept for the next question."""
        _check_years(*years)
        with self._lock:
            tables, block = self._tables, self._rules.block
            if tables.first_year > tables.last_year:
                tables = self._build(*block)
            if (first := min(years)) < tables.first_year:
                tables = Tables.joined(self._build(first, tables.first_year - 1), tables)
            if (last := max(years)) > tables.last_year:
                tables = Tables.joined(tables, self._build(tables.last_year + 1, last))
            self._tables = tables
            return tables

    def _build(self, first_year: int, last_year: int) -> Tables:
        if self._noticed:
            return Tables.build(self._rules, self.zone, first_year, last_year)
        return _tables_of(self.spec, first_year, last_year)


@lru_cache(maxsize=16)
def _tables_of(spec: CalendarSpec, first_year: int, last_year: int) -> Tables:
    """Tables of a calendar without imported notices. They never change and follow from the spec alone, so calendars of
    the same hours share them: those of 23 years take a twentieth of a second.
    """
    return Tables.build(DayRules(spec, (), NO_PAPERS), ZoneInfo(spec.zone), first_year, last_year)


def _check_years(*years: int) -> None:
    for year in years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(f"the year {year} lies outside the calendar ({FIRST_YEAR} to {LAST_YEAR})")
