"""Every limit of one case with its arithmetic day by day: what a person sees who opens it (DESIGN §1E, §4). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from monitor.timeliness.case import Case, case_at
from monitor.timeliness.explain import immediate_steps, limit_told, named_step, order_told
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.limits import Limit, deadline_of
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import Step, WorkCalendar


def limits_by_day(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> list[dict[str, Any]]:
    """A dict a limit: {"limit","amount","unit","from","due","provisional","paused_days","extension_days","steps"}, the
    one that the case is measured by first. `steps` are `Step`s; none for a source's own `due`, which nothing counts up
    to. While a pause keeps `due` from being known the steps go up to today.

    Empty before acceptance and for a case without a limit.
    """
    case = case_at(facts, policy, calendar, now)
    if case.limits is None:
        return _immediate(case)
    limits = case.limits
    every = [limits.lead, *(one for one in (limits.promised, limits.statutory) if one not in (None, limits.lead))]
    shown = [_shown(case, one) for one in every if one is not None]
    if case.order is not None:
        days = calendar.due_in_days(case.order.opened_at, case.policy.order_reply_days).steps
        shown.append({**order_told(case, case.order), "steps": [named_step(case, step) for step in days]})
    return shown


def _immediate(case: Case) -> list[dict[str, Any]]:
    """The closes of the day of acceptance and of the next working day, told with the days up to the later one."""
    if case.immediate is None:
        return []
    first, second = case.immediate
    steps = [named_step(case, step) for step in immediate_steps(case)]
    return [{**limit_told(first), "steps": steps}, {**limit_told(second), "steps": []}]


def _shown(case: Case, limit: Limit) -> dict[str, Any]:
    due = case.limits.due if case.limits is not None else None
    steps = deadline_of(replace(limit.clock, with_steps=True), limit.amount, limit.unit, due).steps
    if limit.at is None:
        today = case.calendar.local_date(case.now)
        steps = tuple(step for step in steps if step.date <= today)
        steps = (*steps, *_paused_since(case, steps, today))
    return {**limit_told(limit), "steps": [named_step(case, step) for step in steps]}


def _paused_since(case: Case, steps: Sequence[Step], today: date) -> Iterator[Step]:
    """The days after the last one that was counted out, up to today: a pause keeps them from counting."""
    day = steps[-1].date if steps else today
    while day < today:
        day += timedelta(days=1)
        yield _paused(case, day)


def _paused(case: Case, day: date) -> Step:
    if case.calendar.is_workday(day):
        return Step(date=day, counted=False, why="pause")
    plan = case.calendar.plan_of(day)
    return Step(date=day, counted=False, why=plan.why, by=plan.by)
