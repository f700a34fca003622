"""The limit of one term of a dated task, and by how much it was overrun (rules.md D11, C14, C15; A.10). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from monitor.timeliness.deadlines import CaseClock
from monitor.timeliness.facts import TaskEvent
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.taskfold import COMPLAINT, TaskPause, Term
from monitor.workcal import Deadline, Step, WorkCalendar

DueSource: TypeAlias = Literal["told", "default"]
OverdueUnit: TypeAlias = Literal["calendar_day", "workday"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskLimit:
    """When a term is due. `told`: the event whose `due` counts; None: the policy's days for the kind, `days`.

    `holds_at`: from when a card may rest on it, later than `at` only for a provisional one (DESIGN §4, Years).
    `refused`: events whose other `due` came when the one in force had passed. `sound` False: it rests on an untrusted
    time.
    """

    at: datetime
    holds_at: datetime
    provisional: bool
    told: TaskEvent | None
    days: int | None
    paused_days: int
    refused: tuple[TaskEvent, ...]
    sound: bool
    steps: tuple[Step, ...] = ()

    @property
    def source(self) -> DueSource:
        return "told" if self.told is not None else "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Overrun:
    """How far a term went beyond its due by `until`, in the unit of its kind; `days` counts the dates after the due.

    `ended`: whether it had ended by then; open, the days grow on. Points are for the ledger, not for this.
    """

    due: datetime
    until: datetime
    ended: bool
    unit: OverdueUnit
    days: int


def task_limit(
    kind: str, term: Term, policy: TimelinessPolicy, calendar: WorkCalendar, *, with_steps: bool = False
) -> TaskLimit:
    """The due in force: the last one told, else the days that the policy has for the kind.

    One told when the last one told had passed already does not count: it would cover up a task that is overdue, as an
    extension asked for too late would a case (practice.md §3). Against the policy's days it counts at any time: they
    are nobody's word. Nobody is late by an instant that lies before it was told.
    """
    in_force: TaskEvent | None = None
    refused: list[TaskEvent] = []
    for told in term.dues:
        if in_force is not None and told.at > _told_limit(term, in_force, policy, calendar, False).at:
            refused.append(told)
        else:
            in_force = told
    if in_force is not None:
        limit = _told_limit(term, in_force, policy, calendar, with_steps)
    else:
        limit = _default_limit(kind, term, policy, calendar, with_steps)
    return TaskLimit(**{name: getattr(limit, name) for name in _OWN}, refused=tuple(refused))


_OWN: Final = ("at", "holds_at", "provisional", "told", "days", "paused_days", "sound", "steps")


def _told_limit(
    term: Term, told: TaskEvent, policy: TimelinessPolicy, calendar: WorkCalendar, with_steps: bool
) -> TaskLimit:
    assert told.due is not None  # `dues` holds nothing else
    later = tuple(p for p in term.pauses if p.end > told.at)
    deadline = _clock(told.at, later, policy, calendar, with_steps).own(told.due)
    return _limit(term, told, None, told.due, deadline, later, policy, calendar)


def _default_limit(
    kind: str, term: Term, policy: TimelinessPolicy, calendar: WorkCalendar, with_steps: bool
) -> TaskLimit:
    days = default_days(kind, policy)
    deadline = _clock(term.began.at, term.pauses, policy, calendar, with_steps).workdays(days)
    plain = calendar.deadline_at(term.began.at, days)
    assert plain is not None  # no pauses
    return _limit(term, None, days, plain, deadline, term.pauses, policy, calendar)


def _limit(
    term: Term,
    told: TaskEvent | None,
    days: int | None,
    plain: datetime,
    deadline: Deadline,
    pauses: tuple[TaskPause, ...],
    policy: TimelinessPolicy,
    calendar: WorkCalendar,
) -> TaskLimit:
    assert deadline.at is not None  # every pause of a term is over
    at = max(deadline.at, told.at) if told is not None else deadline.at
    grace = timedelta(days=policy.provisional_grace_days if deadline.provisional else 0)
    date_of = calendar.local_date
    as_told = told is not None and at == told.due and not pauses
    return TaskLimit(
        at=at,
        holds_at=at + grace,
        provisional=deadline.provisional,
        told=told,
        days=days,
        paused_days=calendar.workdays_between(date_of(plain), date_of(deadline.at)),
        refused=(),
        sound=as_told or (term.trusted and (told is None or told.trusted)),
        steps=deadline.steps,
    )


def _clock(
    start: datetime, pauses: tuple[TaskPause, ...], policy: TimelinessPolicy, calendar: WorkCalendar, with_steps: bool
) -> CaseClock:
    """A pause that lasted when the clock started takes out only what came after."""
    spans = tuple((max(p.begin, start), p.end) for p in pauses if p.end > start)
    return CaseClock(
        start=start, pauses=spans, extension_days=0, calendar=calendar, policy=policy, with_steps=with_steps
    )


def default_days(kind: str, policy: TimelinessPolicy) -> int:
    """Working days for a task that names no due; KeyError for a kind that there is not."""
    days = {
        "complaint": policy.task_complaint_days,
        "hotline": policy.task_hotline_days,
        "order": policy.task_order_days,
        "report": policy.task_report_days,
    }
    return days[kind]


def overdue_unit(kind: str, policy: TimelinessPolicy) -> OverdueUnit:
    """In what the days beyond the due are counted: 投诉 「每逾期1天」 in calendar days (A.10 `overdue_days_unit`)."""
    return policy.complaint_overdue_unit if kind == COMPLAINT else "workday"


def overrun(
    kind: str, term: Term, limit: TaskLimit, until: datetime, policy: TimelinessPolicy, calendar: WorkCalendar
) -> Overrun:
    """How far the term had gone beyond its due at its end, or at `until` while it is open. `days` is 0 in time, and on
    the date of the due itself.
    """
    ended = term.end is not None and term.end.at <= until
    at = term.end.at if term.end is not None and ended else until
    unit = overdue_unit(kind, policy)
    first, last = calendar.local_date(limit.at), calendar.local_date(at)
    days = 0
    if at > limit.holds_at:
        days = calendar.workdays_between(first, last) if unit == "workday" else (last - first).days
    return Overrun(due=limit.at, until=at, ended=ended, unit=unit, days=days)
