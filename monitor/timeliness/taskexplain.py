"""The arithmetic behind a task's card: which due holds, and the days up to it (DESIGN §1E). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from monitor.timeliness.facts import TaskFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.taskfold import Term
from monitor.timeliness.tasks import Task, task_at
from monitor.workcal import Step, WorkCalendar


def explain_task(
    facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime, episode: str | None = None
) -> tuple[Step, ...]:
    """The dates up to the due of the term that the episode (the id of its first event) names, else of the last one.

    Of a due that was told these are the working days between, for the reader: nothing was counted to find it. A day
    that a standing answer took out says which: `pause:EVENT/ID`.
    """
    task = task_at(facts, policy, calendar, now)
    term = _term(task, episode)
    if term is None:
        return ()
    return tuple(_named(task, term, step) for step in task.limit(term, with_steps=True).steps)


def explain_due(
    facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime, episode: str | None = None
) -> dict[str, Any] | None:
    """Which due holds: {"limit", "amount", "unit", "from", "event", "due", "provisional", "paused_days", "refused"}.

    `limit`: told (by `event`) or default (`amount` working days of the policy); `refused`: the events whose due came
    too late. None before the task is opened.
    """
    task = task_at(facts, policy, calendar, now)
    term = _term(task, episode)
    if term is None:
        return None
    limit = task.limit(term)
    return {
        "limit": limit.source,
        "amount": limit.days,
        "unit": "workday" if limit.days is not None else None,
        "from": (limit.told or term.began).at.isoformat(),
        "event": limit.told.id if limit.told is not None else None,
        "due": limit.at.isoformat(),
        "provisional": limit.provisional,
        "paused_days": limit.paused_days,
        "refused": [event.id for event in limit.refused],
    }


def _term(task: Task, episode: str | None) -> Term | None:
    terms = [term for term in task.view.terms if episode is None or term.began.id == episode]
    return terms[-1] if terms else None


def _named(task: Task, term: Term, step: Step) -> Step:
    if step.why != "pause":
        return step
    start = task.calendar.local(step.date, time(0))
    by = next((p.opened for p in term.pauses if p.begin < start + timedelta(days=1) and p.end > start), None)
    return step if by is None else replace(step, why=f"pause:{by.event}/{by.id}")
