"""The arithmetic behind a case card, day by day, and the contradictions in a case's record (DESIGN §1E). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

from msgspec.structs import replace

from monitor.timeliness.case import Case, case_at
from monitor.timeliness.facts import CaseFacts, Order
from monitor.timeliness.fold import Finding, PauseSpan
from monitor.timeliness.integrity import integrity_findings
from monitor.timeliness.limits import Limit, day_limits, deadline_of, due_findings, extension_findings
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_limit
from monitor.timeliness.timers import TIMERS
from monitor.workcal import Step, WorkCalendar

PAUSED: Final = "pause"


def explain_limit(
    facts: CaseFacts,
    policy: TimelinessPolicy,
    calendar: WorkCalendar,
    now: datetime,
    rule: str = "case.limit",
    episode: str | None = None,
) -> tuple[Step, ...]:
    """The working-time arithmetic of a case rule, day by day; empty where nothing is counted.

    `case.limit`: the days of what the red rests on, the statutory limit or the order (督办) from its issue, else of the
    promised limit. `case.immediate`,
    and a case that has no limit but its day: the days up to its red. The others: the days of the episode (the id of the
    event that began it). A day that a pause spoils says which: `pause:EVENT/ID` of the event that began the pause.
    """
    case = case_at(facts, policy, calendar, now)
    if rule == "case.notice":
        steps = _notice_steps(case, episode)
    elif rule in TIMERS:
        steps = _timer_steps(case, rule, episode)
    else:
        steps = _limit_steps(case, policy, rule, now)
    return tuple(named_step(case, step) for step in steps)


def explain_item(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> dict[str, Any] | None:
    """Which version of the item's limits holds: {"item", "from", "promised", "statutory", "unit_of_time", "counted"}.

    `from` is the day since which that version is in force (None: always), `counted` the limits as they were counted
    with pauses and extensions. None before acceptance.
    """
    case = case_at(facts, policy, calendar, now)
    limits = case.limits
    if case.view.accepted is None:
        return None
    item = case.item
    counted = (
        [limit_told(limit) for limit in (limits.promised, limits.statutory) if limit is not None] if limits else []
    )
    if limits is not None and case.facts.order is not None:
        counted.append(order_told(case, case.facts.order))
    return {
        "item": case.view.item,
        "from": item.valid_from.isoformat() if item and item.valid_from else None,
        "promised": item.promised if item else None,
        "statutory": item.statutory if item else None,
        "unit_of_time": item.unit_of_time if item else None,
        "counted": counted,
    }


def case_findings(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[Finding, ...]:
    """Contradictions in the record of a case, by time: proposals to a person, never a card or a point."""
    case = case_at(facts, policy, calendar, now)
    limits = case.limits
    told = (*case.view.findings, *due_findings(case.view, limits), *extension_findings(limits))
    found = (*told, *integrity_findings(case))
    return tuple(sorted(found, key=lambda f: (f.at, f.reason.code)))


def limit_told(limit: Limit) -> dict[str, Any]:
    return {
        "limit": limit.source,
        "amount": limit.amount,
        "unit": limit.unit,
        "from": limit.clock.start.isoformat(),
        "due": limit.at.isoformat() if limit.at else None,
        "provisional": limit.provisional,
        "paused_days": limit.paused_days,
        "extension_days": limit.extension_days,
    }


def order_told(case: Case, order: Order) -> dict[str, Any]:
    """The reply to the order, as a limit of its own."""
    days = case.policy.order_reply_days
    due = case.calendar.due_in_days(order.opened_at, days, with_steps=False)
    return {
        "limit": "order",
        "amount": days,
        "unit": "workday",
        "from": order.opened_at.isoformat(),
        "due": due.at.isoformat() if due.at else None,
        "provisional": due.provisional,
        "paused_days": 0,
        "extension_days": 0,
    }


def _limit_steps(case: Case, policy: TimelinessPolicy, rule: str, now: datetime) -> Sequence[Step]:
    limits = case.limits if rule == "case.limit" else None
    if limits is None:
        return immediate_steps(case)
    spells = judge_limit(case.facts, policy, case.calendar, now).spells
    cause = spells[0].reason.figures.get("cause") if spells else None
    if cause == "order" and case.facts.order is not None:
        return case.calendar.due_in_days(case.facts.order.opened_at, case.policy.order_reply_days).steps
    shown = limits.statutory if cause == "statutory" and limits.statutory else limits.lead
    return deadline_of(replace(shown.clock, with_steps=True), shown.amount, shown.unit, limits.due).steps


def immediate_steps(case: Case) -> Sequence[Step]:
    """Also the days from an acceptance outside hours to the opening at which it counts as made (DESIGN §4)."""
    limits = day_limits(case.view, case.item, case.policy, case.calendar, with_steps=True)
    accepted = case.view.accepted
    if limits is None or accepted is None:
        return ()
    steps = limits[1].steps
    before = case.calendar.due_in_days(accepted.at, 0).steps
    return (*(step for step in before if step.date < steps[0].date), *steps)


def _notice_steps(case: Case, episode: str | None) -> Sequence[Step]:
    rounds = [r.papers for r in case.rounds if episode is None or r.papers.began.id == episode]
    return case.calendar.due_in_days(rounds[-1].began.at, case.policy.notice_days).steps if rounds else ()


def _timer_steps(case: Case, rule: str, episode: str | None) -> Sequence[Step]:
    timers = [timer for timer in TIMERS[rule](case) if episode is None or timer.began.id == episode]
    if not timers:
        return ()
    timer = timers[-1]
    edge = case.policy.pause_edge_days
    return case.calendar.due_in_days(timer.began.at, timer.days, timer.pauses, pause_edge_days=edge).steps


def named_step(case: Case, step: Step) -> Step:
    """A day that a pause spoils says by which event the pause began."""
    if step.why != PAUSED:
        return step
    start = case.calendar.local(step.date, time(0))
    by = _overlapping(case.view.pauses, start, start + timedelta(days=1))
    return step if by is None else replace(step, why=f"{PAUSED}:{by.opened.event}/{by.opened.id}")


def _overlapping(pauses: Iterable[PauseSpan], start: datetime, end: datetime) -> PauseSpan | None:
    for pause in pauses:
        if pause.begin < end and (pause.end is None or pause.end > start):
            return pause
    return None
