"""The limits of a case: promised, statutory or the source's own, and what lengthens them (行政许可法 42, 45). Pure."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from monitor.model import Item, Reason, Registry
from monitor.timeliness.deadlines import CaseClock
from monitor.timeliness.extensions import RefusedExtension, counted_days
from monitor.timeliness.fold import CaseView, Finding
from monitor.timeliness.policy import TimelinessPolicy
from monitor.values import Value
from monitor.workcal import Deadline, Step, WorkCalendar

LimitSource: TypeAlias = Literal["promised", "statutory", "due", "fallback", "immediate"]

WORKHOUR: Final = "workhour"
CALENDAR_DAY: Final = "calendar_day"
WORKDAY: Final = "workday"


class Limit(Value, frozen=True, kw_only=True):
    """One limit of a case: `amount` in `unit`; `amount` is None for a source's own `due`.

    `at`: its instant, None while an open pause keeps it from being known. `holds_at`: from when a card may rest on it,
    later than `at` only for a provisional one (DESIGN §4, Years). `paused_days`: working days that pauses took out.
    `clock` is the one it was counted with; `refused` are extensions, or parts of them, that do not lengthen it.
    """

    source: LimitSource
    amount: float | None
    unit: str
    at: datetime | None
    holds_at: datetime | None
    provisional: bool
    clock: CaseClock
    paused_days: int = 0
    refused: tuple[RefusedExtension, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def extension_days(self) -> int:
        """Days of extension that count for this limit."""
        return self.clock.extension_days


class Limits(Value, frozen=True, kw_only=True):
    """The limits of an accepted case. `start`: when it counts as accepted. `lead`: the limit that it is measured by,
    the promised one, else the statutory one. `due`: the source's own, as told.
    """

    start: datetime
    lead: Limit
    promised: Limit | None
    statutory: Limit | None
    due: datetime | None

    def of(self, which: str) -> Limit | None:
        """The limit that a step of the ladder names: lead, promised, statutory, legal (statutory, else promised)."""
        if which == "promised":
            return self.promised
        if which == "statutory":
            return self.statutory
        return self.lead if which == "lead" else self.statutory or self.promised


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
        extension_days=0,
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
    joint = view.joint or (item is not None and item.kind == "joint")
    promised = _promised(clock, view, item, joint)
    if promised is None and is_immediate(item) and view.fallback is None:
        return None
    statutory = None
    amount = _statutory_of(item, joint, policy)
    if amount is not None:
        unit = item.unit_of_time if item is not None and item.statutory is not None else WORKDAY
        statutory = _extended("statutory", amount, unit, clock, view, joint)
    lead = promised or statutory
    return Limits(start=start, lead=lead, promised=promised, statutory=statutory, due=view.due) if lead else None


def day_limits(
    view: CaseView, item: Item | None, policy: TimelinessPolicy, calendar: WorkCalendar, *, with_steps: bool = False
) -> tuple[Limit, Limit] | None:
    """Yellow and red of `case.immediate`: closes of the day of acceptance and of the next working day (DESIGN §5); None
    before acceptance and for other items.

    The day of acceptance counts here, so the count starts on the day before it; an extension is for granted limits.
    """
    start = taken_at(view, item, calendar) if is_immediate(item) else None
    if start is None:
        return None
    clock = case_clock(view, start - timedelta(days=1), policy, calendar, with_steps=with_steps)
    accepted_on = calendar.local_date(start)

    def after(days: int) -> Limit:
        limit = _limit(clock, "immediate", days + 1, WORKDAY, None)
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


def extension_findings(limits: Limits | None) -> tuple[Finding, ...]:
    """Extensions that do not lengthen the limit by which the case is measured: asked for too late, or for too long."""
    if limits is None:
        return ()
    found = []
    for refused in limits.lead.refused:
        event = refused.event
        figures = {"days": refused.days, "approver": event.body.get("approver"), "source": event.source}
        reason = Reason(code=_EXTENSION_CODES[refused.why], figures=figures)
        found.append(Finding(rule="case.events", at=event.at, reason=reason))
    return tuple(found)


_EXTENSION_CODES: Final = {
    "late": "case.finding.extension_late",
    "capped": "case.finding.extension_capped",
    "rank": "case.finding.extension_rank",
}


def _statutory_of(item: Item | None, joint: bool, policy: TimelinessPolicy) -> float | None:
    """The item's own, else that of joint cases; whether another item is a licence at all the program cannot know."""
    if item is None:
        return None
    return item.statutory if item.statutory is not None or not joint else policy.joint_statutory_days


def _promised(clock: CaseClock, view: CaseView, item: Item | None, joint: bool) -> Limit | None:
    if item is not None and is_immediate(item) and view.fallback is not None and item.fallback is not None:
        return _extended("fallback", item.fallback, WORKDAY, clock, view, joint)
    if view.due is not None:
        return _extended("due", None, WORKDAY, clock, view, joint)
    if item is not None and item.kind == "preexam" and item.promised is None:
        return _extended("promised", clock.policy.preexam_days, WORKDAY, clock, view, joint)
    # A promise of 0 days on an immediate item says what `case.immediate` judges already.
    if item is None or item.promised is None or (is_immediate(item) and item.promised == 0):
        return None
    return _extended("promised", item.promised, item.unit_of_time, clock, view, joint)


def _extended(
    source: LimitSource, amount: float | None, unit: str, clock: CaseClock, view: CaseView, joint: bool
) -> Limit:
    """The limit with those extensions that were asked for before it had passed, within the cap of the law."""

    if not view.extensions:
        return _limit(clock, source, amount, unit, view.due)

    def made(days: int) -> Limit:
        return _limit(replace(clock, extension_days=days), source, amount, unit, view.due)

    days, refused = counted_days(view.extensions, clock.policy, joint=joint, due_with=lambda days: made(days).at)
    return replace(made(days), refused=refused)


def _limit(clock: CaseClock, source: LimitSource, amount: float | None, unit: str, due: datetime | None) -> Limit:
    deadline = deadline_of(clock, amount, unit, due)
    plain = deadline_of(clock.without_pauses(), amount, unit, due).at if clock.pauses else None
    grace = timedelta(days=clock.policy.provisional_grace_days if deadline.provisional else 0)
    paused = 0
    if plain is not None and deadline.at is not None:
        date_of = clock.calendar.local_date
        paused = clock.calendar.workdays_between(date_of(plain), date_of(deadline.at))
    return Limit(
        source=source,
        amount=amount,
        unit=unit,
        at=deadline.at,
        holds_at=deadline.at + grace if deadline.at else None,
        provisional=deadline.provisional,
        clock=clock,
        paused_days=paused,
        steps=deadline.steps,
    )


def deadline_of(clock: CaseClock, amount: float | None, unit: str, due: datetime | None) -> Deadline:
    """Where a limit lies; without an amount the source's own `due`. A part of a day counts as a whole one, in the
    case's favour.
    """
    if amount is None:
        assert due is not None  # a limit has one or the other
        return clock.own(due)
    if unit == WORKHOUR:
        return clock.hours(amount)
    return clock.calendar_days(math.ceil(amount)) if unit == CALENDAR_DAY else clock.workdays(math.ceil(amount))
