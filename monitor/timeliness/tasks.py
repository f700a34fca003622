"""Dated tasks: `complaint.due` of complaints (投诉), `task.due` of hotline orders, supervision orders, reports. Pure.

Reminder one working day before, yellow when the due has passed, red some working days later (DESIGN §5; D11, C14–C16,
I09). A card is a warning; what it costs is the ledger's: the reason carries the days and the grace.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from monitor.model import Charge, Level, Outcome, Reason, Verdict, lowest_watermark
from monitor.timeliness.facts import TaskEvent, TaskFacts
from monitor.timeliness.figures import json_values
from monitor.timeliness.fold import End
from monitor.timeliness.ladder import NOTHING_PROVEN, Boundary, Ladder, ascending, climb
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.taskfold import COMPLAINT, TaskView, Term, fold_task
from monitor.timeliness.tasklimits import Overrun, TaskLimit, overdue_unit, overrun, task_limit
from monitor.timeliness.timers import dated_boundaries
from monitor.timeliness.verdicts import joined
from monitor.workcal import WorkCalendar

TASK: Final = "task.due"
COMPLAINED: Final = "complaint.due"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task as it stands at `now`: facts that happened or arrived later are left out; `policy` is its hall's."""

    facts: TaskFacts
    view: TaskView
    policy: TimelinessPolicy
    calendar: WorkCalendar
    now: datetime
    next_fact_at: datetime | None

    @property
    def kind(self) -> str:
        return self.view.kind or ""

    def charge_at(self, instant: datetime) -> Charge:
        """Who answers for it at the instant; the place by unit, window, person, hall in this order."""
        registry = self.facts.registry
        holder = self.view.holder_at(instant)
        if holder is None:
            return Charge(hall=self.facts.hall)
        charge = registry.charge(window=holder.window, staff=holder.staff)
        owner = registry.units.get(holder.unit or charge.unit or "")
        hall = charge.hall or (owner.hall if owner else None) or self.facts.hall
        return replace(charge, unit=holder.unit or charge.unit, hall=hall)

    def limit(self, term: Term, *, with_steps: bool = False) -> TaskLimit:
        return task_limit(self.kind, term, self.policy, self.calendar, with_steps=with_steps)

    def overrun(self, term: Term, until: datetime) -> Overrun:
        return overrun(self.kind, term, self.limit(term), until, self.policy, self.calendar)

    def proven_to(self) -> datetime:
        """How far the facts carry: to the watermark of all that would tell of an answer, at most to now."""
        return min(self.now, lowest_watermark(self.facts.sources) or NOTHING_PROVEN)

    def stale_at(self, boundary: datetime) -> datetime:
        """From when operators are told that a passed boundary is unproven (DESIGN §1C)."""
        told = self.calendar.deadline_at(boundary, self.policy.unknown_stale_days)
        assert told is not None  # no pauses, no open end
        return told


def task_at(facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Task:
    """Fold what is known of the task at `now`."""
    own = policy.of(facts.hall, None)
    known: list[TaskEvent] = [e for e in facts.events if max(e.at, e.received) <= now]
    ahead = [at for e in facts.events if (at := max(e.at, e.received)) > now]
    return Task(
        facts=facts,
        view=fold_task(known, refusable=own.task_refusable),
        policy=own,
        calendar=calendar,
        now=now,
        next_fact_at=min(ahead, default=None),
    )


def judge_task(facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`task.due`: hotline orders (热线工单, I09), supervision orders (督办, C16), reports (报送, C14, C15)."""
    return _judge(task_at(facts, policy, calendar, now), TASK)


def judge_complaint(facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`complaint.due`: a complaint (投诉) that is not answered within its limit (D11, D13)."""
    return _judge(task_at(facts, policy, calendar, now), COMPLAINED)


def overruns(facts: TaskFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> tuple[Overrun, ...]:
    """Each term's overrun at `now` as far as it is proven, in time order: what a ledger counts days by (D11, D13)."""
    task = task_at(facts, policy, calendar, now)
    found = [(term, term.end is not None and term.end.trusted) for term in task.view.terms]
    return tuple(task.overrun(term, now if told else task.proven_to()) for term, told in found)


# --------------------------------------------------------------------------- judged


def _judge(task: Task, rule: str) -> Verdict:
    if (task.kind == COMPLAINT) != (rule == COMPLAINED):
        return _plain(task, rule, Outcome.OK, "not_applicable")
    if not task.facts.is_reported:
        return _plain(task, rule, Outcome.OK, "not_reported")
    if not task.view.terms:
        return _plain(task, rule, Outcome.OK if task.view.was_done else Outcome.PENDING, "not_opened")
    return joined([_judge_term(task, rule, term) for term in task.view.terms])


def _plain(task: Task, rule: str, outcome: Outcome, word: str) -> Verdict:
    return Verdict(
        rule=rule,
        outcome=outcome,
        judged_to=task.proven_to(),
        next_check_at=task.next_fact_at,
        watermark=lowest_watermark(task.facts.sources),
        reason=Reason(code=f"{rule}.{word}", figures=json_values(_known(task))),
    )


def _judge_term(task: Task, rule: str, term: Term) -> Verdict:
    limit = task.limit(term)
    return climb(
        Ladder(
            rule=rule,
            boundaries=_boundaries(task, term, limit),
            began=term.began.at,
            end=_end(term),
            sources=task.facts.sources,
            now=task.now,
            charge_at=task.charge_at,
            stale_at=task.stale_at,
            figures=lambda: json_values({**_known(task), **_figures(task, term, limit)}),
            next_fact_at=task.next_fact_at,
            date_of=task.calendar.local_date,
            episode=term.began.id,
        )
    )


def _boundaries(task: Task, term: Term, limit: TaskLimit) -> tuple[Boundary, ...]:
    """Yellow and red by the due in force. The reminder by what paused the clock before it: one that was given stands,
    also when the answer to it is refused later.
    """
    cards = [mark for mark in _dated(task, term, limit) if mark.level > Level.REMINDER]
    for known in range(len(term.pauses) + 1):
        before = replace(term, pauses=term.pauses[:known])
        found = [mark for mark in _dated(task, before, task.limit(before)) if mark.level is Level.REMINDER]
        if not found or known == len(term.pauses) or term.pauses[known].begin >= found[0].at:
            break
    return ascending(replace(mark, at=_open_from(term, mark.at)) for mark in (*found, *cards))


def _dated(task: Task, term: Term, limit: TaskLimit) -> tuple[Boundary, ...]:
    start = limit.told.at if limit.told is not None else term.began.at
    spans = tuple((pause.begin, pause.end) for pause in term.pauses)
    return dated_boundaries(start, limit.at, spans, task.policy, task.calendar, limit.provisional, limit.sound)


def _end(term: Term) -> End | None:
    """To the ladder a task that was closed was done; one that was refused left the count."""
    if term.end is None:
        return None
    left = term.end.kind == "rejected"
    return End(kind="rejected" if left else "answered", at=term.end.at, trusted=term.end.trusted)


def _open_from(term: Term, at: datetime) -> datetime:
    """An instant while an answer stood passes when that was refused."""
    return next((p.end for p in term.pauses if p.begin < at < p.end), at)


# --------------------------------------------------------------------------- figures


def _known(task: Task) -> dict[str, Any]:
    view = task.view
    return {
        "task": task.facts.key,
        "task_kind": view.kind,
        "opened": view.opened.at if view.opened else None,
        "related_case": view.case,
    }


def _figures(task: Task, term: Term, limit: TaskLimit) -> dict[str, Any]:
    """None of them moves with `now`, so that a verdict stands until its next check: days overdue once it has ended."""
    figures: dict[str, Any] = {
        "due": limit.at,
        "due_source": limit.source,
        "limit": limit.days,
        "provisional": limit.provisional,
        "paused_days": limit.paused_days,
        "refusals": len(term.pauses) + (term.began.event == "rejected"),
        "over": task.policy.overdue_red_days,
        "overdue_unit": overdue_unit(task.kind, task.policy),
    }
    if task.kind == "report":
        figures["grace_days"] = {late.rule: late.over_days for late in task.policy.late_reports}
    if task.view.verified is not None:
        figures["verified"] = task.view.verified.at
    end = term.end
    if end is not None:
        run = task.overrun(term, end.at)
        figures |= {"task_end": end.kind, "ended": end.at, "in_time": end.at <= limit.holds_at}
        figures |= {"overdue_days": run.days} if run.days else {}
    return figures
