"""The rules of cases (办件): `case.limit` and `case.immediate`, and the table of all rules of this folder. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from monitor.model import Level, Outcome, Reason, Verdict, lowest_watermark
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.feeds import judge_incomplete
from monitor.timeliness.figures import case_figures, json_values, limit_figures
from monitor.timeliness.fold import CaseView, End
from monitor.timeliness.ladder import NOTHING_PROVEN, Boundary, Ladder, ascending, climb, end_outcome
from monitor.timeliness.limits import Limit, Limits, taken_at
from monitor.timeliness.orders import judge_order, order_deadline
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar


class Rule(NamedTuple):
    """A rule of a subject kind: its id, `judge(facts, policy, calendar, now) -> Verdict`, the basis its cards name."""

    id: str
    judge: Callable[..., Verdict]
    basis: str


def judge_limit(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.limit`: a reminder one day before, yellow when the promised limit has passed, red when the statutory one
    has or the order (督办) that the yellow opened is unanswered at its deadline (行政许可法 42, 82; C01, C22).
    """
    case = case_at(facts, policy, calendar, now)
    unjudged = _unjudged(case, "case.limit")
    if unjudged is not None:
        return unjudged
    limits = case.limits()
    if limits is None:
        return _without_ladder(case, "case.limit", "no_limit")
    yellow = _boundary(case, Level.YELLOW, limits.promised)
    marks = (
        _reminder(case, limits),
        yellow,
        _boundary(case, Level.RED, limits.statutory),
        _order_overrun(case, yellow),
    )
    return _climb(case, "case.limit", marks, case.view.end, limits.start, limit_figures(case, limits))


def judge_immediate(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.immediate`: an immediate case (即办件) open at the close of its day, red at the next (C18, C20, C29).

    A `fallback` ends it; what was reached before stays reached.
    """
    case = case_at(facts, policy, calendar, now)
    unjudged = _unjudged(case, "case.immediate")
    if unjudged is not None:
        return unjudged
    limits = case.immediate()
    start = taken_at(case.view, case.item, calendar)
    if limits is None or start is None:
        return _without_ladder(case, "case.immediate", "not_applicable")
    yellow, red = limits
    marks = (_boundary(case, Level.YELLOW, yellow), _boundary(case, Level.RED, red))
    figures = {"accepted": start, "due": yellow.at, "red_due": red.at, "provisional": yellow.provisional}
    verdict = _climb(case, "case.immediate", marks, _immediate_end(case.view), start, figures)
    if verdict.outcome is Outcome.OK and case.view.left is not None:
        return replace(verdict, outcome=Outcome.CLOSED)  # it fell back and then left the count
    return verdict


# --------------------------------------------------------------------------- not judged


def _unjudged(case: Case, rule: str) -> Verdict | None:
    if not case.facts.closings_reported:
        return _plain(case, rule, Outcome.OK, "not_reported")
    if case.view.accepted is None:
        if case.view.end is None:
            return _plain(case, rule, Outcome.PENDING, "not_accepted")
        return _plain(case, rule, *end_outcome(case.view.end))
    return None


def _without_ladder(case: Case, rule: str, word: str) -> Verdict:
    """The rule says nothing of this case; a case that left the count still shows as closed."""
    return _plain(case, rule, end_outcome(case.view.end)[0] if case.view.end else Outcome.OK, word)


def _plain(case: Case, rule: str, outcome: Outcome, word: str) -> Verdict:
    mark = lowest_watermark(case.facts.sources)
    return Verdict(
        rule=rule,
        outcome=outcome,
        judged_to=min(case.now, mark or NOTHING_PROVEN),
        next_check_at=case.next_fact_at,
        watermark=mark,
        reason=Reason(code=f"{rule}.{word}", figures=case_figures(case, case.view.end)),
    )


# --------------------------------------------------------------------------- boundaries


def _boundary(case: Case, level: Level, limit: Limit | None) -> Boundary | None:
    """A source's own `due` is told, not counted from the acceptance, so an untrusted acceptance leaves it sound."""
    if limit is None or limit.holds_at is None:
        return None
    told = limit.source == "due" and limit.at == case.view.due
    at = case.view.open_from(limit.holds_at)
    return Boundary(level=level, at=at, cause=limit.source, sound=told or case.view.clock_trusted)


def _reminder(case: Case, limits: Limits) -> Boundary | None:
    if limits.reminder_at is None:
        return None
    return Boundary(level=Level.REMINDER, at=case.view.open_from(limits.reminder_at), cause="reminder")


def _order_overrun(case: Case, yellow: Boundary | None) -> Boundary | None:
    """The red of an unanswered order; the end of the case answers it, also one that is taken back later (DESIGN §5)."""
    if case.order is None or yellow is None:
        return None
    at = order_deadline(case.order, case.policy, case.calendar).holds_at
    answered = case.order.answered_at is not None and case.order.answered_at <= at
    if answered or at <= yellow.at or case.view.reopened_within(case.order.opened_at, at):
        return None
    return Boundary(level=Level.RED, at=at, cause="order", sound=yellow.sound)


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
    figures: Mapping[str, Any],
) -> Verdict:
    paused = any(pause.end is None for pause in case.view.pauses)
    return climb(
        Ladder(
            rule=rule,
            boundaries=ascending(mark for mark in marks if mark is not None),
            began=start,
            end=end,
            sources=case.facts.sources,
            now=case.now,
            charge_at=case.charge_at,
            stale_at=case.stale_at,
            figures=json_values({**case_figures(case, end), **figures}),
            incomplete_since=case.facts.incomplete_since,
            next_fact_at=case.next_fact_at,
            waiting="paused" if paused else "pending",
        )
    )


# --------------------------------------------------------------------------- the table

RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "case": (
        Rule(
            "case.limit", judge_limit, "《行政许可法》第四十二条、第四十五条、第八十二条;考核办法第十五条(七)(C01、C22)"
        ),
        Rule("case.immediate", judge_immediate, "即办件当日办结(C18、C20、C29)"),
    ),
    "order": (Rule("order.reply", judge_order, "督办限期回复(H15、H19)"),),
    "source": (Rule("feed.incomplete", judge_incomplete, "数据报送完整(C28、H13)"),),
}
"""The rules by subject kind; a new one is a function and a line here (DESIGN §2)."""
