"""The arithmetic behind a case card, day by day, and the contradictions in a case's record (DESIGN §1E). Pure."""

from __future__ import annotations

from datetime import datetime

from monitor.timeliness.case import case_at
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.fold import Finding
from monitor.timeliness.limits import due_findings
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_limit
from monitor.workcal import Step, WorkCalendar


def explain_limit(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[Step, ...]:
    """The working-time arithmetic of `case.limit`, day by day: of the statutory limit when the red rests on it, else of
    the promised one; empty without a limit.
    """
    limits = case_at(facts, policy, calendar, now).limits(with_steps=True)
    if limits is None:
        return ()
    spells = judge_limit(facts, policy, calendar, now).spells
    by_law = bool(spells) and spells[0].reason.figures.get("cause") == "statutory"
    return (limits.statutory if by_law and limits.statutory else limits.lead).steps


def explain_immediate(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[Step, ...]:
    """The days of `case.immediate` up to its red; empty for other cases."""
    limits = case_at(facts, policy, calendar, now).immediate(with_steps=True)
    return limits[1].steps if limits else ()


def case_findings(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[Finding, ...]:
    """Contradictions in the record of a case, by time: proposals to a person, never a card or a point."""
    case = case_at(facts, policy, calendar, now)
    late_due = due_findings(case.view, case.limits())
    return tuple(sorted((*case.view.findings, *late_due), key=lambda f: (f.at, f.reason.code)))
