"""Timers inside a case: its stages (环节), its suspensions (特别程序) and the delivery of its result (送达). Pure.

Each is an episode of its own, begun by an event and named by its id: reminder one day before its limit, yellow when the
limit passes, red some working days later (DESIGN §5). The case as a whole may be in time all the while (C05, C23).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from monitor.model import Level, Outcome, Verdict
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.facts import CaseEvent, CaseFacts
from monitor.timeliness.figures import case_figures, json_values
from monitor.timeliness.fold import End
from monitor.timeliness.ladder import Boundary, Ladder, ascending, climb
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.verdicts import joined, plain
from monitor.values import Value
from monitor.workcal import Deadline, Pause, WorkCalendar

STAGE_CLEARED_BY: Final = ("stage", "completed")
PAUSE_CLEARED_BY: Final = ("resumed",)
DELIVERY_CLEARED_BY: Final = ("delivered",)
"""What ends each: a source that does not send it cannot say that it did not happen (DESIGN §5)."""


class Timer(Value, frozen=True, kw_only=True):
    """`days` working days from the event that began it, standing still in `pauses`, until `end`."""

    began: CaseEvent
    days: int
    pauses: tuple[Pause, ...]
    end: End | None
    figures: dict[str, Any]


def judge_stage(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.stage`: a stage that takes longer than the limit it was given (C05, C23). Another stage or the end of the
    case ends it; after a reopening the next stage has to be told anew.
    """
    case = case_at(facts, policy, calendar, now)
    return _judge(case, "case.stage", STAGE_CLEARED_BY)


def judge_pause(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.pause`: a special procedure (特别程序) that takes longer than was told (行政许可法 45; practice.md §2)."""
    case = case_at(facts, policy, calendar, now)
    return _judge(case, "case.pause", PAUSE_CLEARED_BY)


def judge_delivery(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.delivery`: the result of a case is delivered within ten days of the decision (行政许可法 44). A refusal
    (`result` denied) hands nothing over.
    """
    case = case_at(facts, policy, calendar, now)
    return _judge(case, "case.delivery", DELIVERY_CLEARED_BY)


# --------------------------------------------------------------------------- what runs


def _stages(case: Case) -> Iterator[Timer]:
    running: CaseEvent | None = None
    for event in case.view.events:
        ends = event.event in ("stage", "completed", "rejected", "withdrawn", "returned")
        if not ends:
            continue
        if running is not None:
            yield from _stage(case, running, event)
        running = event if event.event == "stage" else None
    if running is not None:
        yield from _stage(case, running, None)


def _stage(case: Case, began: CaseEvent, ended: CaseEvent | None) -> Iterator[Timer]:
    days = began.body.get("limit_days")
    if not days:
        return
    kind: Any = "stage" if ended is not None and ended.event == "stage" else "closed"
    end = End(kind=kind, at=ended.at, trusted=ended.trusted) if ended is not None else None
    pauses = tuple([p for p in case.view.pause_spans() if p[1] is None or p[1] > began.at])
    figures = {"stage": began.body.get("stage")}
    yield Timer(began=began, days=int(days), pauses=pauses, end=end, figures=figures)


def _suspensions(case: Case) -> Iterator[Timer]:
    events = {(e.event, e.at): e for e in case.view.events if e.event == "resumed"}
    for pause in case.view.pauses:
        days = pause.opened.body.get("planned_days")
        if pause.cause != "suspended" or not days:
            continue
        end = None
        if pause.end is not None:
            resumed = events.get(("resumed", pause.end))
            by_end = case.view.end.trusted if case.view.end is not None else True
            end = End(
                kind="resumed" if resumed else "closed",
                at=pause.end,
                trusted=resumed.trusted if resumed else by_end,
            )
        figures = {"procedure": pause.opened.body.get("procedure")}
        yield Timer(began=pause.opened, days=int(days), pauses=(), end=end, figures=figures)


def _deliveries(case: Case) -> Iterator[Timer]:
    """From each completion that stood, to the delivery or to the reopening that took it back."""
    running: CaseEvent | None = None
    for event in case.view.events:
        if event.event == "completed" and running is None:
            running = event if event.body.get("result") != "denied" else None
        elif running is not None and event.event in ("delivered", "reopened"):
            kind: Any = "delivered" if event.event == "delivered" else "reopened"
            yield _delivery(case, running, End(kind=kind, at=event.at, trusted=event.trusted))
            if event.event == "delivered":
                return
            running = None
    if running is not None and not _was_delivered(case):
        yield _delivery(case, running, None)


def _was_delivered(case: Case) -> bool:
    """A delivery told with a time before the completion hands the result over all the same."""
    return any(event.event == "delivered" for event in case.view.events)


def _delivery(case: Case, began: CaseEvent, end: End | None) -> Timer:
    return Timer(began=began, days=case.policy.delivery_days, pauses=(), end=end, figures={})


TIMERS: Final[Mapping[str, Callable[[Case], Iterator[Timer]]]] = {
    "case.stage": _stages,
    "case.pause": _suspensions,
    "case.delivery": _deliveries,
}


# --------------------------------------------------------------------------- judged


def _judge(case: Case, rule: str, cleared_by: tuple[str, ...]) -> Verdict:
    if not case.facts.are_reported(*cleared_by):
        return plain(case, rule, Outcome.OK, "not_reported", *cleared_by)
    timers = list(TIMERS[rule](case))
    if not timers:
        return plain(case, rule, Outcome.OK, "not_applicable", *cleared_by)
    return joined([_judge_one(case, rule, timer, cleared_by) for timer in timers])


def _judge_one(case: Case, rule: str, timer: Timer, cleared_by: tuple[str, ...]) -> Verdict:
    began, calendar, policy = timer.began, case.calendar, case.policy
    deadline = calendar.due_in_days(
        began.at, timer.days, timer.pauses, pause_edge_days=policy.pause_edge_days, with_steps=False
    )
    verdict = climb(
        Ladder(
            rule=rule,
            boundaries=dated_boundaries(
                began.at, deadline.at, timer.pauses, policy, calendar, deadline.provisional, began.trusted
            ),
            began=began.at,
            end=timer.end,
            sources=case.facts.sources_of(*cleared_by),
            now=case.now,
            charge_at=case.charge_at,
            stale_at=case.stale_at,
            figures=partial(_figures, case, timer, deadline),
            incomplete_since=None,
            next_fact_at=case.next_fact_at,
            waiting="paused" if deadline.at is None else "pending",
            episode=began.id,
            date_of=case.calendar.local_date,
        )
    )
    # the case itself shows how it stands; a timer that runs within its limit is nothing to show
    return replace(verdict, outcome=Outcome.OK) if verdict.outcome in (Outcome.PENDING, Outcome.CLOSED) else verdict


def _figures(case: Case, timer: Timer, deadline: Deadline) -> Mapping[str, Any]:
    end = timer.end
    return json_values(
        {
            **case_figures(case, None),
            "began": timer.began.at,
            "limit": timer.days,
            "over": case.policy.overdue_red_days,
            "due": deadline.at,
            "provisional": deadline.provisional,
            **timer.figures,
            **_overdue(case, deadline.at, end),
            "end": end.kind if end is not None else None,
            "ended": end.at if end is not None else None,
        }
    )


def _overdue(case: Case, due: datetime | None, end: End | None) -> dict[str, Any]:
    if due is None or end is None or end.at <= due:
        return {}
    date_of = case.calendar.local_date
    return {"overdue_days": case.calendar.workdays_between(date_of(due), date_of(end.at))}


def dated_boundaries(
    start: datetime,
    due: datetime | None,
    pauses: tuple[Pause, ...],
    policy: TimelinessPolicy,
    calendar: WorkCalendar,
    provisional: bool = False,
    sound: bool = True,
) -> tuple[Boundary, ...]:
    """Reminder, yellow and red of anything that is due at an instant; none while a pause keeps that from being known.

    The reminder: the close of the working day before; where that is not after the start, the share of the working time.
    A card may rest on a provisional date only some calendar days later (DESIGN §5).
    """
    if due is None:
        return ()
    grace = timedelta(days=policy.provisional_grace_days if provisional else 0)
    over = calendar.deadline_at(due, policy.overdue_red_days, pauses, 0, policy.pause_edge_days)
    found = [Boundary(level=Level.YELLOW, at=due + grace, cause="dated", sound=sound)]
    if over is not None:
        found.append(Boundary(level=Level.RED, at=over + grace, cause="dated_over", sound=sound))
    reminder = reminder_boundary(start, due, policy, calendar)
    if reminder is not None:
        found.append(reminder)
    return ascending(found)


def reminder_boundary(
    start: datetime, due: datetime, policy: TimelinessPolicy, calendar: WorkCalendar
) -> Boundary | None:
    """The close of the working day before; where that is not after the start, the share of the working time."""
    if policy.reminder_days_before == 0:
        return None
    at: datetime | None = calendar.close_before(due, policy.reminder_days_before)
    if at is not None and at <= start:
        whole = calendar.working_time_between(start, due) * policy.short_limit_reminder_share
        at = calendar.add_working_time(start, whole) if whole else None
    return Boundary(level=Level.REMINDER, at=at, cause="reminder") if at is not None else None
