"""Statistics of cases (rules.md A.9): what one case adds to each figure of a period, the rates, the cross-checks. Pure.

The store keeps one `CaseStat` a case, written with its verdict, and sums them by the conditions that `counts_of` states
here; each figure's definition, as it is printed, stands in `wording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from monitor.model import Registry
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.counts import measured_by, proven_to
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.limits import item_of
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

CaseKind: TypeAlias = Literal["immediate", "promised", "joint", "preexam", "other"]
KINDS: Final[tuple[CaseKind, ...]] = ("immediate", "promised", "joint", "preexam", "other")
"""即办件, 承诺件, 联办件, 预审件, and cases whose item the registry lacks."""
_OF_ITEM: Final[Mapping[str, CaseKind]] = {
    "immediate": "immediate",
    "committed": "promised",
    "joint": "joint",
    "preexam": "preexam",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseStat:
    """What statistics need of one case; instants are UTC.

    Its place is that of whoever held it at its end, else now. `received_at`: its receipt, else its acceptance, else its
    completion. `end`: completed, rejected, withdrawn or returned, with `ended_at`; None while it is open. `overdue_at`:
    the limit that it is measured by, where it was passed: provably, for an open case. `early`: completed before the day
    of that limit.
    """

    hall: str | None
    unit: str | None
    window: str | None
    staff: str | None
    item: str | None
    kind: CaseKind
    received_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    end: str | None
    overdue_at: datetime | None
    early: bool


def case_stat(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> CaseStat:
    """The case as statistics see it at `now`."""
    case = case_at(facts, policy, calendar, now)
    view, limit = case.view, measured_by(case)
    due = limit.holds_at if limit is not None else None
    place = case.charge_at(view.end.at if view.end else now)
    first = view.received or view.accepted
    received_at = first.at if first else (view.completed.at if view.completed else None)
    overdue = due is not None and (due < view.end.at if view.end else due <= proven_to(facts, now))
    completed, last = view.completed, limit.at if limit is not None else None
    early = completed is not None and last is not None and _day(case, completed.at) < _day(case, last)
    return CaseStat(
        hall=place.hall,
        unit=place.unit,
        window=place.window,
        staff=place.staff,
        item=view.item,
        kind=_kind(case, received_at),
        received_at=received_at,
        accepted_at=view.accepted.at if view.accepted else None,
        ended_at=view.end.at if view.end else None,
        end=view.end.kind if view.end else None,
        overdue_at=due if overdue else None,
        early=early,
    )


def _day(case: Case, instant: datetime) -> date:
    return case.calendar.local_date(instant)


def _kind(case: Case, received_at: datetime | None) -> CaseKind:
    """By the item as of acceptance, before it as of the receipt; an immediate case that fell back is a promised one."""
    item = item_of(case.view, case.facts.registry, case.calendar)
    if item is None and received_at is not None:
        item = case.facts.registry.item_on(case.view.item, case.calendar.local_date(received_at))
    if item is None:
        return "other"
    kind = _OF_ITEM.get(item.kind, "other")
    return "promised" if kind == "immediate" and case.view.fallback is not None else kind


# --------------------------------------------------------------------------- counting


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
        "completion_rate": _share(whole.completed, whole.received),
        "immediate_rate": _share(by["immediate"].completed, whole.completed),
        "promised_on_time": promised.on_time,
        "promised_on_time_rate": _share(promised.on_time, promised.completed),
        "promised_early": promised.early,
        "promised_early_rate": _share(promised.early, promised.completed),
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


def _share(part: int, whole: int) -> float | None:
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
