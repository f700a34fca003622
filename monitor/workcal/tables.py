"""Cumulative tables over whole years: every question about working time becomes an index or a bisection.

Instants inside are whole microseconds since 1970-01-01T00:00Z; `k` numbers the workdays of a table from 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from monitor.workcal.days import DayRules
from monitor.workcal.spec import MIDNIGHT, Hours

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = 2**62


def micros(instant: datetime) -> int:
    """Microseconds since the epoch, exact."""
    delta = instant - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def to_utc(zone: ZoneInfo, day: date, at: time) -> datetime:
    """The UTC instant of a local time of day.

    A time that the clocks skip (DST gap) is the instant of the change; one that comes twice is its first occurrence:
    so later local times never give earlier instants.
    """
    local = datetime.combine(day, at, zone)
    utc = local.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return utc
    low, high = micros(local.replace(fold=1).astimezone(UTC)) // 1_000_000, micros(utc) // 1_000_000
    after = from_micros(high * 1_000_000).astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if from_micros(middle * 1_000_000).astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return from_micros(high * 1_000_000)


def spans_of(
    zone: ZoneInfo, day: date, hours: Hours, offset: timedelta | None = None
) -> list[tuple[datetime, datetime]]:
    """The sessions of a day as UTC instants; one that falls wholly into a DST gap is gone.

    `offset`: the zone's all through the day, where the caller knows that it does not change in it.
    """
    spans = []
    for start, end in hours:
        end_day = day + timedelta(days=1) if end == MIDNIGHT else day
        if offset is not None:
            span = datetime.combine(day, start, UTC) - offset, datetime.combine(end_day, end, UTC) - offset
        else:
            span = to_utc(zone, day, start), to_utc(zone, end_day, end)
        if span[0] < span[1]:
            spans.append(span)
    return spans


class Tables:
    """The workdays and spells (sessions) of the years `first_year` to `last_year`. Never changed once built.

    base      ordinal of the day before the first: index `ordinal - base` is 1 for the first day
    before    by index: number of workdays up to and including that day; before[0] = 0
    ordinals  by k: date ordinal          closes  by k: UTC instant at which its last session ends
    worked    by k: working time before workday k; one more entry holds the total
    starts    by spell: when it starts    used    by spell: working time before it; one more entry holds the total
    spell_of  by k: its first spell; one more entry holds the number of spells
    shift     the zone's offset if it is one and the same all through, else None
    jump      then: what turns a UTC instant into a datetime whose ordinal is the index of its local day
    """

    __slots__ = (
        "base", "before", "closes", "first_year", "jump", "last_year", "lower", "ordinals", "shift", "spell_of",
        "starts", "upper", "used", "worked",
    )  # fmt: skip

    def __init__(self) -> None:
        """Empty tables, which cover nothing."""
        self.first_year, self.last_year = _NEVER, -_NEVER
        self.lower, self.upper = _NEVER, -_NEVER
        self.base = _NEVER
        self.before: list[int] = [0]
        self.ordinals: list[int] = []
        self.closes: list[datetime] = []
        self.worked: list[int] = [0]
        self.starts: list[int] = []
        self.used: list[int] = [0]
        self.spell_of: list[int] = [0]
        self.shift: timedelta | None = None
        self.jump: timedelta | None = None

    @classmethod
    def build(cls, rules: DayRules, zone: ZoneInfo, first_year: int, last_year: int) -> Tables:
        tables = cls()
        tables.first_year, tables.last_year = first_year, last_year
        tables.lower = micros(to_utc(zone, date(first_year, 1, 1), MIDNIGHT))
        tables.upper = micros(to_utc(zone, date(last_year + 1, 1, 1), MIDNIGHT))
        first, end = date(first_year, 1, 1).toordinal(), date(last_year + 1, 1, 1).toordinal()
        tables.base = first - 1
        offsets: set[timedelta | None] = set()
        offset = zone.utcoffset(datetime.combine(date.fromordinal(first), MIDNIGHT))
        offsets.add(offset)
        for ordinal in range(first, end):
            day = date.fromordinal(ordinal)
            before, offset = offset, zone.utcoffset(datetime.combine(date.fromordinal(ordinal + 1), MIDNIGHT))
            offsets.add(offset)
            spans = spans_of(zone, day, rules.plan(day).hours, offset if offset == before else None)
            if spans:
                tables._append(ordinal, spans)
            tables.before.append(len(tables.ordinals))
        tables._set_shift(offsets.pop() if len(offsets) == 1 else None)
        return tables

    @classmethod
    def joined(cls, left: Tables, right: Tables) -> Tables:
        """Tables over two neighbouring runs of years; both stay as they are."""
        tables = cls()
        tables.first_year, tables.last_year = left.first_year, right.last_year
        tables.lower, tables.upper, tables.base = left.lower, right.upper, left.base
        tables.before = _continued(left.before, right.before)
        tables.ordinals = left.ordinals + right.ordinals
        tables.closes = left.closes + right.closes
        tables.worked = _continued(left.worked, right.worked)
        tables.starts = left.starts + right.starts
        tables.used = _continued(left.used, right.used)
        tables.spell_of = _continued(left.spell_of, right.spell_of)
        tables._set_shift(left.shift if left.shift == right.shift else None)
        return tables

    def _set_shift(self, shift: timedelta | None) -> None:
        self.shift = shift
        self.jump = None if shift is None else shift - timedelta(days=self.base)

    def _append(self, ordinal: int, spans: list[tuple[datetime, datetime]]) -> None:
        for start, end in spans:
            began = micros(start)
            self.starts.append(began)
            self.used.append(self.used[-1] + micros(end) - began)
        self.ordinals.append(ordinal)
        self.closes.append(spans[-1][1])
        self.worked.append(self.used[-1])
        self.spell_of.append(len(self.starts))

    def covers(self, first_year: int, last_year: int) -> bool:
        return self.first_year <= first_year and last_year <= self.last_year

    @property
    def workdays(self) -> int:
        return len(self.ordinals)

    def first_from(self, ordinal: int) -> int:
        """k of the first workday on or after a covered day; `workdays` if the table holds none."""
        return self.before[ordinal - self.base - 1]

    def is_workday(self, ordinal: int) -> bool:
        index = ordinal - self.base
        return self.before[index] > self.before[index - 1]

    def working_before(self, instant: int) -> int:
        """Working time from the table's start to an instant; before the first spell 0, after the last the total."""
        spell = bisect_right(self.starts, instant) - 1
        if spell < 0:
            return 0
        return min(self.used[spell] + instant - self.starts[spell], self.used[spell + 1])

    def earliest_at(self, amount: int) -> int:
        """The first instant by which `amount` (> 0) of the table's working time is used up: a close, not an opening."""
        spell = bisect_left(self.used, amount) - 1
        return self.starts[spell] + amount - self.used[spell]

    def latest_at(self, amount: int) -> int:
        """The last instant by which no more than `amount` (< total) is used up: an opening, not a close."""
        spell = bisect_right(self.used, amount) - 1
        return self.starts[spell] + amount - self.used[spell]

    def spans(self, k: int) -> tuple[tuple[datetime, datetime], ...]:
        """The sessions of workday k."""
        return tuple(
            (from_micros(self.starts[s]), from_micros(self.starts[s] + self.used[s + 1] - self.used[s]))
            for s in range(self.spell_of[k], self.spell_of[k + 1])
        )


def _continued(left: list[int], right: list[int]) -> list[int]:
    """A running count that goes on where the first one ended; both begin with 0."""
    return left + [left[-1] + value for value in right[1:]]
