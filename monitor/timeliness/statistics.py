"""Statistics of cases (rules.md A.9): what a case adds to each figure of a period, the rates, the cross-checks. Pure.

The store sums its rows by the conditions that `counts_of` states here; each figure's definition, as it is printed,
stands in `wording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final, TypeAlias

from monitor.model import Registry
from monitor.timeliness.casestat import KINDS, CaseStat
from monitor.workcal import WorkCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many cases of one group fall into each figure of a period [start, end)."""

    received: int = 0
    accepted: int = 0
    completed: int = 0
    on_time: int = 0
    early: int = 0
    left: int = 0
    open: int = 0
    open_overdue: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{f: getattr(self, f) + getattr(other, f) for f in COUNTED})


COUNTED: Final = tuple(f.name for f in fields(Counts))


def counts_of(stat: CaseStat, start: datetime, end: datetime) -> Counts:
    """What one case adds. An event counts in the period that holds its instant; `open` is at the period's end.

    `open_overdue`: open at the end, its limit passed by then, also when it was completed since.
    """

    def within(instant: datetime | None) -> bool:
        return instant is not None and start <= instant < end

    ended_in = within(stat.ended_at)
    completed = ended_in and stat.end == "completed"
    is_open = (
        stat.accepted_at is not None and stat.accepted_at < end and (stat.ended_at is None or stat.ended_at >= end)
    )
    return Counts(
        received=within(stat.received_at),
        accepted=within(stat.accepted_at),
        completed=completed,
        on_time=completed and stat.overdue_at is None,
        early=completed and stat.early,
        left=ended_in and not completed,
        open=is_open,
        open_overdue=is_open and stat.overdue_at is not None and stat.overdue_at <= end,
    )


Tally: TypeAlias = Mapping[str, Counts]
"""Counts by kind of case."""


def total(tally: Tally) -> Counts:
    return sum(tally.values(), Counts())


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """The length of a period in working days of the calendar and in calendar days (I04: both denominators)."""

    workdays: int
    calendar: int


def days_in(calendar: WorkCalendar, start: datetime, end: datetime) -> Days:
    """Every day that the period touches, counted whole."""
    first = calendar.local_date(start)
    last = calendar.local_date(end)
    if calendar.local(last, _MIDNIGHT) < end:
        last = date.fromordinal(last.toordinal() + 1)
    before, until = (date.fromordinal(day.toordinal() - 1) for day in (first, last))
    return Days(workdays=calendar.workdays_between(before, until), calendar=(last - first).days)


_MIDNIGHT: Final = datetime.min.time()


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """Working days between the statutory and the promised limits of the catalogue (I07), over so many items."""

    workdays: float = 0
    items: int = 0


def saved_by(
    registry: Registry, day: date, units: Iterable[str | None] | None = None, item: str | None = None
) -> Saved:
    """Over the items in force on the day that have both limits in working days; of these units, or of one item."""
    wanted = None if units is None else set(units)
    found = [
        version.statutory - version.promised
        for name in registry.items
        if item in (None, name)
        and (version := registry.item_on(name, day)) is not None
        and (wanted is None or version.unit in wanted)
        and version.unit_of_time == "workday"
        and version.statutory is not None
        and version.promised is not None
    ]
    return Saved(workdays=sum(found), items=len(found))


Value: TypeAlias = int | float | None


def figures(tally: Tally, days: Days, saved: Saved | None) -> dict[str, Value]:
    """Every figure by name; a rate or average without a denominator is None."""
    whole = total(tally)
    by = {kind: tally.get(kind, Counts()) for kind in KINDS}
    promised = by["promised"]
    late = whole.completed - whole.on_time
    return {
        "received": whole.received,
        **{f"received_{kind}": by[kind].received for kind in KINDS},
        "accepted": whole.accepted,
        "completed": whole.completed,
        **{f"completed_{kind}": by[kind].completed for kind in KINDS},
        "left": whole.left,
        "completion_rate": share(whole.completed, whole.received),
        "immediate_rate": share(by["immediate"].completed, whole.completed),
        "promised_on_time": promised.on_time,
        "promised_on_time_rate": share(promised.on_time, promised.completed),
        "promised_early": promised.early,
        "promised_early_rate": share(promised.early, promised.completed),
        "completed_on_time": whole.on_time,
        "completed_late": late,
        "open": whole.open,
        "open_overdue": whole.open_overdue,
        "overdue": late + whole.open_overdue,
        "received_per_workday": _mean(whole.received, days.workdays),
        "received_per_day": _mean(whole.received, days.calendar),
        "completed_per_workday": _mean(whole.completed, days.workdays),
        "completed_per_day": _mean(whole.completed, days.calendar),
        "saved_workdays": saved.workdays if saved else None,
        "saved_items": saved.items if saved else None,
    }


def share(part: int, whole: int) -> float | None:
    """None where there is nothing to have a share of."""
    return round(part / whole, 6) if whole else None


def _mean(number: int, days: int) -> float | None:
    return round(number / days, 2) if days else None


# --------------------------------------------------------------------------- checks


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One sum held against another: `found` has to equal `expected`."""

    check: str
    expected: int
    found: int

    @property
    def ok(self) -> bool:
        return self.expected == self.found


def checks(whole: Counts, tally: Tally, parts: Iterable[Tally] | None) -> list[Check]:
    """The sums that have to agree (I10 shows why): `whole` was summed without any grouping, `tally` by kind of case,
    `parts` by what was asked for. Every count of them is compared.
    """
    kinds = total(tally)
    found = [
        Check(check=f"{name} = Σ kinds", expected=getattr(whole, name), found=getattr(kinds, name)) for name in COUNTED
    ]
    if parts is not None:
        summed = sum((total(part) for part in parts), Counts())
        found += [
            Check(check=f"{name} = Σ parts", expected=getattr(whole, name), found=getattr(summed, name))
            for name in COUNTED
        ]
    return found
