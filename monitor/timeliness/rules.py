"""The rules of cases (办件): `case.limit` and `case.immediate`, and the table of all rules of this folder. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from monitor.model import Level, Outcome, Verdict
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.counts import measured_by
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.feeds import judge_incomplete
from monitor.timeliness.figures import case_figures, json_values, limit_figures
from monitor.timeliness.fold import CaseView, End
from monitor.timeliness.ladder import Boundary, Ladder, ascending, climb, end_outcome
from monitor.timeliness.limits import Limit, Limits, taken_at
from monitor.timeliness.moments import days_before, days_over, share_of
from monitor.timeliness.notice import judge_notice
from monitor.timeliness.orders import judge_order, order_deadline
from monitor.timeliness.policy import LimitStep, TimelinessPolicy
from monitor.timeliness.promises import judge_promise
from monitor.timeliness.tasks import judge_complaint, judge_task
from monitor.timeliness.timers import judge_delivery, judge_pause, judge_stage
from monitor.timeliness.verdicts import plain
from monitor.workcal import WorkCalendar


class Rule(NamedTuple):
    """A rule of a subject kind: its id, `judge(facts, policy, calendar, now) -> Verdict`, the basis its cards name."""

    id: str
    judge: Callable[..., Verdict]
    basis: str


def judge_limit(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.limit`: by default a reminder one day before, yellow when the promised limit has passed, red when the
    statutory one has or the order (督办) that the yellow opened is unanswered at its deadline (行政许可法 42, 82; C01,
    C22); other ladders by `limit_ladder`.
    """
    case = case_at(facts, policy, calendar, now)
    unjudged = _unjudged(case, "case.limit")
    if unjudged is not None:
        return unjudged
    limits = case.limits
    if limits is None:
        return _without_ladder(case, "case.limit", "no_limit")
    marks = _ladder_marks(case, limits)
    return _climb(case, "case.limit", marks, case.view.end, limits.start, partial(limit_figures, case, limits))


def judge_immediate(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.immediate`: an immediate case (即办件) open at the close of its day, red at the next (C18, C20, C29).

    A `fallback` ends it; what was reached before stays reached.
    """
    case = case_at(facts, policy, calendar, now)
    unjudged = _unjudged(case, "case.immediate")
    if unjudged is not None:
        return unjudged
    limits = case.immediate
    start = taken_at(case.view, case.item, calendar)
    if limits is None or start is None:
        return _without_ladder(case, "case.immediate", "not_applicable")
    yellow, red = limits
    marks = (_boundary(case, Level.YELLOW, yellow), _boundary(case, Level.RED, red))
    verdict = _climb(
        case, "case.immediate", marks, _immediate_end(case.view), start, partial(_day_figures, start, yellow, red)
    )
    if verdict.outcome is Outcome.OK and case.view.left is not None:
        return replace(verdict, outcome=Outcome.CLOSED)  # it fell back and then left the count
    return verdict


def judge_measured(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """Whether a case provably passed the limit that it is measured by (`measured_by`: C01, C22), whatever ladder the
    hall's cards climb: yellow from then on, else whether that is unknown, disputed or not so. No card rests on this.
    """
    case = case_at(facts, policy, calendar, now)
    unjudged = _unjudged(case, "case.limit")
    if unjudged is not None:
        return unjudged
    start = taken_at(case.view, case.item, calendar)
    mark = _boundary(case, Level.YELLOW, measured_by(case))
    if mark is None or start is None:
        return _without_ladder(case, "case.limit", "no_limit")
    return _climb(case, "case.limit", (mark,), case.view.end, start, dict)


# --------------------------------------------------------------------------- not judged


def _unjudged(case: Case, rule: str) -> Verdict | None:
    if not case.facts.are_reported("completed"):
        return plain(case, rule, Outcome.OK, "not_reported")
    if case.view.accepted is None:
        if case.view.end is None:
            return plain(case, rule, Outcome.PENDING, "not_accepted")
        return plain(case, rule, *end_outcome(case.view.end))
    return None


def _without_ladder(case: Case, rule: str, word: str) -> Verdict:
    """The rule says nothing of this case; a case that left the count still shows as closed."""
    return plain(case, rule, end_outcome(case.view.end)[0] if case.view.end else Outcome.OK, word)


# --------------------------------------------------------------------------- boundaries


def _boundary(case: Case, level: Level, limit: Limit | None) -> Boundary | None:
    """A source's own `due` is told, not counted from the acceptance, so an untrusted acceptance leaves it sound."""
    if limit is None or limit.holds_at is None:
        return None
    told = limit.source == "due" and limit.at == case.view.due
    at = case.view.open_from(limit.holds_at)
    return Boundary(level=level, at=at, cause=limit.source, sound=told or case.view.clock_trusted)


def _ladder_marks(case: Case, limits: Limits) -> tuple[Boundary, ...]:
    """The steps of the policy's ladder on this case. An order is opened by the first yellow or red of the others."""
    marks = [m for step in case.policy.limit_ladder if (m := _step_mark(case, limits, step)) is not None]
    if case.order is None:
        return tuple(marks)
    opening = min((m for m in marks if m.level >= Level.YELLOW), key=lambda m: m.at, default=None)
    orders = [step for step in case.policy.limit_ladder if step.limit == "order"]
    overruns = [_order_overrun(case, opening, step) for step in orders]
    return (*marks, *(m for m in overruns if m is not None))


def _step_mark(case: Case, limits: Limits, step: LimitStep) -> Boundary | None:
    limit = limits.of(step.limit) if step.limit != "order" else None
    if limit is None:
        return None
    level = step.gravity
    if level is Level.REMINDER:
        at = _reminder_at(case, limits, limit, step)
        return Boundary(level=level, at=case.view.open_from(at), cause="reminder") if at is not None else None
    mark = _boundary(case, level, limit)
    if mark is None or (step.days_before is None and step.share is None and step.days_over is None):
        return mark
    grace = (limit.holds_at or mark.at) - (limit.at or mark.at)  # of a provisional date
    at = _moment(limits, limit, step)
    cause = "over" if step.days_over is not None else "near"
    return replace(mark, at=case.view.open_from(at + grace), cause=cause) if at is not None else None


def _reminder_at(case: Case, limits: Limits, limit: Limit, step: LimitStep) -> datetime | None:
    if step.days_before is None and step.share is None and step.days_over is None:
        days = case.policy.reminder_days_before
        return days_before(limit, limits.due, days) if days else None
    return _moment(limits, limit, step)


def _moment(limits: Limits, limit: Limit, step: LimitStep) -> datetime | None:
    """The instant of a step that lies beside its limit."""
    if step.days_before is not None:
        return days_before(limit, limits.due, step.days_before)
    if step.share is not None:
        return share_of(limit, limits.due, step.share)
    return days_over(limit.at, step.days_over, limit.clock) if limit.at is not None and step.days_over else None


def _order_overrun(case: Case, opening: Boundary | None, step: LimitStep) -> Boundary | None:
    """The red of an unanswered order; the end of the case answers it, also one that is taken back later (DESIGN §5)."""
    if case.order is None or opening is None:
        return None
    at = order_deadline(case.order, case.policy, case.calendar).holds_at
    answered = step.reply_counts and case.order.answered_at is not None and case.order.answered_at <= at
    if answered or at <= opening.at or case.view.reopened_within(case.order.opened_at, at):
        return None
    return Boundary(level=Level.RED, at=at, cause="order", sound=opening.sound)


def _day_figures(start: datetime, yellow: Limit, red: Limit) -> Mapping[str, Any]:
    return {"accepted": start, "due": yellow.at, "red_due": red.at, "provisional": yellow.provisional}


def _immediate_end(view: CaseView) -> End | None:
    fallback = view.fallback
    ends = [view.end] if view.end else []
    if fallback is not None:
        ends.append(End(kind="fallback", at=fallback.at, trusted=fallback.trusted))
    return min(ends, key=lambda end: end.at, default=None)


def _climb(
    case: Case,
    rule: str,
    marks: tuple[Boundary | None, ...],
    end: End | None,
    start: datetime,
    figures: Callable[[], Mapping[str, Any]],
) -> Verdict:
    view = case.view
    paused = any(pause.end is None for pause in view.pauses)
    return climb(
        Ladder(
            rule=rule,
            boundaries=ascending(mark for mark in marks if mark is not None),
            began=start,
            end=end,
            sources=case.facts.sources_of("completed"),
            now=case.now,
            charge_at=case.charge_at,
            stale_at=case.stale_at,
            figures=lambda: json_values({**case_figures(case, end), **figures()}),
            incomplete_since=case.facts.incomplete_since,
            next_fact_at=case.next_fact_at,
            waiting="paused" if paused else "pending",
            open_at=max([event.at for event in view.events if event.trusted], default=None),
            told_at=view.accepted.at if view.accepted else None,
            date_of=case.calendar.local_date,
        )
    )


# --------------------------------------------------------------------------- the table

RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "case": (
        Rule(
            "case.limit", judge_limit, "《行政许可法》第四十二条、第四十五条、第八十二条;考核办法第十五条(七)(C01、C22)"
        ),
        Rule("case.immediate", judge_immediate, "即办件当日办结(C18、C20、C29)"),
        Rule("case.notice", judge_notice, "《行政许可法》第三十二条第一款第四项;考核办法第二十二条(五)(C12、C21)"),
        Rule("case.stage", judge_stage, "环节时限;考核办法第二十四条(二)(C05、C23)"),
        Rule("case.pause", judge_pause, "《行政许可法》第四十五条(特别程序所需时间)"),
        Rule("case.delivery", judge_delivery, "《行政许可法》第四十四条(十日内送达)"),
    ),
    "order": (
        Rule("order.reply", judge_order, "督办限期回复(H15、H19)"),
        Rule("order.promise", judge_promise, "签收时承诺的办理时间(督促,不计分)"),
    ),
    "task": (
        Rule("complaint.due", judge_complaint, "投诉限期答复;考核办法第十八条(六)、第十九条(三)(D11、D13)"),
        Rule(
            "task.due",
            judge_task,
            "交办、报送、工单限期办理;考核办法第十二条(二)(三)、第十八条(一)(C14、C15、C16、I09)",
        ),
    ),
    "source": (Rule("feed.incomplete", judge_incomplete, "数据报送完整(C28、H13)"),),
}
"""The rules by subject kind; a new one is a function and a line here (DESIGN §2)."""
