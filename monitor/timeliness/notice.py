"""`case.notice`: papers handed in are answered within five working days (行政许可法 32; C12, C21). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from monitor.model import Level, Outcome, Verdict
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.facts import CaseEvent, CaseFacts
from monitor.timeliness.figures import case_figures, json_values
from monitor.timeliness.fold import NoticeRound
from monitor.timeliness.ladder import Boundary, Ladder, ascending, climb
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.receipts import ANSWERS, NoticeLimit
from monitor.timeliness.timers import reminder_boundary
from monitor.timeliness.verdicts import joined, plain
from monitor.workcal import WorkCalendar

RULE = "case.notice"


def judge_notice(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`case.notice`: a receipt that was neither accepted, refused nor answered by a notice of what is missing.

    Reminder at the close of working day 4, yellow at that of day 5: the case then counts as accepted from its receipt
    (`case.limit`). Each supplement before acceptance is a round of its own.
    """
    case = case_at(facts, policy, calendar, now)
    if not facts.are_reported(*ANSWERS):
        return plain(case, RULE, Outcome.OK, "not_reported", *ANSWERS)
    if not case.rounds:
        return plain(case, RULE, Outcome.OK, "not_applicable", *ANSWERS)
    return joined([_judge_round(case, number, *papers) for number, papers in enumerate(case.rounds, start=1)])


def _judge_round(case: Case, number: int, papers: NoticeRound, limit: NoticeLimit) -> Verdict:
    began = papers.began
    verdict = climb(
        Ladder(
            rule=RULE,
            boundaries=_boundaries(began, limit, case),
            began=began.at,
            end=papers.answer,
            sources=case.facts.sources_of(*ANSWERS),
            now=case.now,
            charge_at=case.charge_at,
            stale_at=case.stale_at,
            figures=partial(_figures, case, number, papers, limit),
            next_fact_at=case.next_fact_at,
            episode=began.id,
            date_of=case.calendar.local_date,
        )
    )
    return replace(verdict, outcome=Outcome.OK) if verdict.outcome is Outcome.CLOSED else verdict


def _boundaries(began: CaseEvent, limit: NoticeLimit, case: Case) -> tuple[Boundary, ...]:
    """Reminder and yellow; there is no red: the case goes on as an accepted one."""
    found = [
        Boundary(level=Level.YELLOW, at=limit.holds_at, cause="notice", sound=began.trusted),
        reminder_boundary(began.at, limit.at, case.policy, case.calendar),
    ]
    return ascending(mark for mark in found if mark is not None)


def _figures(case: Case, number: int, papers: NoticeRound, limit: NoticeLimit) -> Mapping[str, Any]:
    end = papers.answer
    own = {"began": papers.began.at, "limit": case.policy.notice_days, "due": limit.at,
           "provisional": limit.provisional, "round": number if number > 1 else None,
           "answer": end.kind if end else None, "ended": end.at if end else None}  # fmt: skip
    return json_values({**case_figures(case, None), **own})
