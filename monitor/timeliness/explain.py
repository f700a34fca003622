"""The arithmetic behind a case card, day by day, and the contradictions in a case's record (DESIGN §1E). Pure."""

from __future__ import annotations

from datetime import datetime

from monitor.timeliness.case import case_at
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.fold import Finding
from monitor.timeliness.limits import due_findings, extension_findings
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_limit
from monitor.workcal import Step, WorkCalendar


def explain_limit(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime, rule: str = "case.limit"
) -> tuple[Step, ...]:
    """The working-time arithmetic of a case rule, day by day.

    `case.limit`: the days of the statutory limit when the red rests on it, else of the promised one. `case.immediate`,
    and a case that has no limit but its day: the days up to its red. Empty where nothing is counted.
    """
    case = case_at(facts, policy, calendar, now)
    limits = case.limits(with_steps=True) if rule == "case.limit" else None
    if limits is None:
        immediate = case.immediate(with_steps=True)
        return immediate[1].steps if immediate else ()
    spells = judge_limit(facts, policy, calendar, now).spells
    by_law = bool(spells) and spells[0].reason.figures.get("cause") == "statutory"
    return (limits.statutory if by_law and limits.statutory else limits.lead).steps


def case_findings(
    facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[Finding, ...]:
    """Contradictions in the record of a case, by time: proposals to a person, never a card or a point."""
    case = case_at(facts, policy, calendar, now)
    limits = case.limits()
    found = (*case.view.findings, *due_findings(case.view, limits), *extension_findings(limits))
    return tuple(sorted(found, key=lambda f: (f.at, f.reason.code)))
