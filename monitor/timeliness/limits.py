"""The limits of a case: promised, statutory or the source's own, and the reminder (行政许可法 42, 45, 82). Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from monitor.model import Item, Reason, Registry
from monitor.timeliness.deadlines import CaseClock
from monitor.timeliness.fold import CaseView, Finding
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import Deadline, Step, WorkCalendar

LimitSource: TypeAlias = Literal["promised", "statutory", "due", "fallback", "immediate"]

WORKHOUR: Final = "workhour"
CALENDAR_DAY: Final = "calendar_day"
WORKDAY: Final = "workday"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One limit of a case: `amount` in `unit`; `amount` is None for a source's own `due`.

    `at`: its instant, None while an open pause keeps it from being known. `holds_at`: from when a card may rest on it,
    later than `at` only for a provisional one (DESIGN §4, Years). `paused_days`: working days that pauses took out.
    """

    source: LimitSource
    amount: float | None
    unit: str
    at: datetime | None
    holds_at: datetime | None
    provisional: bool
    paused_days: int = 0
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits of an accepted case. `start`: when it counts as accepted. `lead`: the limit that it is measured by,
    the promised one, else the statutory one. `reminder_at`: one day before the lead.
    """

    start: datetime
    lead: Limit
    promised: Limit | None
    statutory: Limit | None
    reminder_at: datetime | None


def item_of(view: CaseView, registry: Registry, calendar: WorkCalendar) -> Item | None:
    """The version of the case's item as of acceptance (C25); None before it and for an item the registry lacks."""
    if view.accepted is None:
        return None
    return registry.item_on(view.item, calendar.local_date(view.accepted.at))


def is_immediate(item: Item | None) -> bool:
    return item is not None and item.kind == "immediate"


def taken_at(view: CaseView, item: Item | None, calendar: WorkCalendar) -> datetime | None:
    """When the case counts as accepted: an immediate one (即办件) outside hours at the next opening (DESIGN §4)."""
    if view.accepted is None:
        return None
    return calendar.next_opening(view.accepted.at) if is_immediate(item) else view.accepted.at


def case_clock(
    view: CaseView, start: datetime, policy: TimelinessPolicy, calendar: WorkCalendar, *, with_steps: bool = False
) -> CaseClock:
    """The clock of a view from `start` on."""
    return CaseClock(
        start=start,
        pauses=view.pause_spans(),
        extension_days=view.extension_days,
        calendar=calendar,
        policy=policy,
        with_steps=with_steps,
    )


def legal_limits(
    view: CaseView, item: Item | None, policy: TimelinessPolicy, calendar: WorkCalendar, *, with_steps: bool = False
) -> Limits | None:
    """The limits that `case.limit` judges on; None without acceptance or without any known limit.

    The promised one is the fallback's days (C18), else the source's `due`, else the item's promise. An immediate item
    with none of these has no limit here, not even its statutory one: `case.immediate` is its rule (DESIGN §5).
    """
    start = taken_at(view, item, calendar)
    if start is None:
        return None
    clock = case_clock(view, start, policy, calendar, with_steps=with_steps)
    promised = _promised(clock, view, item)
    if promised is None and is_immediate(item) and view.fallback is None:
        return None
    statutory = None
    if item is not None and item.statutory is not None:
        statutory = _limit(clock, "statutory", item.statutory, item.unit_of_time)
    lead = promised or statutory
    if lead is None:
        return None
    reminder_at = _reminder(clock, lead, view.due)
    return Limits(start=start, lead=lead, promised=promised, statutory=statutory, reminder_at=reminder_at)


def immediate_limits(
    view: CaseView, start: datetime, policy: TimelinessPolicy, calendar: WorkCalendar, *, with_steps: bool = False
) -> tuple[Limit, Limit]:
    """Yellow and red of `case.immediate`: closes of the day of acceptance and of the next working day (DESIGN §5).

    The day of acceptance counts here, so the count starts on the day before it; an extension is for granted limits.
    """
    clock = case_clock(view, start - timedelta(days=1), policy, calendar, with_steps=with_steps)
    clock = replace(clock, extension_days=0)
    accepted_on = calendar.local_date(start)

    def after(days: int) -> Limit:
        limit = _limit(clock, "immediate", days + 1, WORKDAY)
        return replace(limit, amount=days, steps=tuple(s for s in limit.steps if s.date >= accepted_on))

    return after(policy.immediate_yellow_days), after(policy.immediate_red_days)


def due_findings(view: CaseView, limits: Limits | None) -> tuple[Finding, ...]:
    """A source's own `due` later than the statutory limit is a finding (DESIGN §3.1)."""
    legal = limits.statutory.at if limits and limits.statutory else None
    if legal is None or view.due is None or view.accepted is None or view.due <= legal:
        return ()
    figures = {"due": view.due.isoformat(), "statutory_due": legal.isoformat(), "source": view.accepted.source}
    reason = Reason(code="case.finding.due_late", figures=figures)
    return (Finding(rule="case.events", at=view.accepted.at, reason=reason),)


def _promised(clock: CaseClock, view: CaseView, item: Item | None) -> Limit | None:
    if item is not None and is_immediate(item) and view.fallback is not None and item.fallback is not None:
        return _limit(clock, "fallback", item.fallback, WORKDAY)
    if view.due is not None:
        plain = clock.without_pauses().own(view.due) if clock.pauses else None
        return _as_limit(clock, "due", None, WORKDAY, clock.own(view.due), plain.at if plain else None)
    # A promise of 0 days on an immediate item says what `case.immediate` judges already.
    if item is None or item.promised is None or (is_immediate(item) and item.promised == 0):
        return None
    return _limit(clock, "promised", item.promised, item.unit_of_time)


def _limit(clock: CaseClock, source: LimitSource, amount: float, unit: str) -> Limit:
    plain = _deadline(clock.without_pauses(), amount, unit) if clock.pauses else None
    return _as_limit(clock, source, amount, unit, _deadline(clock, amount, unit), plain.at if plain else None)


def _deadline(clock: CaseClock, amount: float, unit: str) -> Deadline:
    """A part of a day counts as a whole one, in the case's favour."""
    if unit == WORKHOUR:
        return clock.hours(amount)
    return clock.calendar_days(math.ceil(amount)) if unit == CALENDAR_DAY else clock.workdays(math.ceil(amount))


def _as_limit(
    clock: CaseClock, source: LimitSource, amount: float | None, unit: str, deadline: Deadline, plain: datetime | None
) -> Limit:
    """`plain`: where the limit would lie without pauses."""
    grace = timedelta(days=clock.policy.provisional_grace_days if deadline.provisional else 0)
    paused = 0
    if clock.pauses and plain is not None and deadline.at is not None:
        date_of = clock.calendar.local_date
        paused = clock.calendar.workdays_between(date_of(plain), date_of(deadline.at))
    return Limit(
        source=source,
        amount=amount,
        unit=unit,
        at=deadline.at,
        holds_at=deadline.at + grace if deadline.at else None,
        provisional=deadline.provisional,
        paused_days=paused,
        steps=deadline.steps,
    )


def _reminder(clock: CaseClock, limit: Limit, due: datetime | None) -> datetime | None:
    """The close of the working day before a limit; for one too short, the share of its working time.

    None: none by policy, or not known while a pause is open. A reminder may rest on a provisional date (DESIGN §5).
    """
    before = clock.policy.reminder_days_before
    if before == 0:
        return None
    if limit.source == "due" and due is not None:
        at = clock.day_before_own(due, before)
        return at if at is None or at > clock.start else _at_share(clock, due)
    amount = limit.amount or 0
    days = math.ceil(amount) + clock.extension_days
    if limit.unit == CALENDAR_DAY and days > before:
        at = clock.day_before_calendar(math.ceil(amount), before)
        if at is None or at > clock.start:
            return at
    elif limit.unit != WORKHOUR and days > before:
        return replace(clock, extension_days=0).workdays(days - before).at
    return _at_share(clock, _deadline(clock.without_pauses(), amount, limit.unit).at)


def _at_share(clock: CaseClock, limit_at: datetime | None) -> datetime | None:
    """Where the policy's share of the working time up to an unpaused limit is used up."""
    if limit_at is None:
        return None
    share = clock.calendar.working_time_between(clock.start, limit_at) * clock.policy.short_limit_reminder_share
    return clock.used_up(share).at if share else None
