"""Cases (办件) and dated tasks: fold of their events, the legal clock, orders, case sources; pure rules over `facts`
(DESIGN §5).
"""

from monitor.timeliness.casedays import limits_by_day
from monitor.timeliness.catalogue import shortened_promises
from monitor.timeliness.counts import CaseClass, classify, count_cases
from monitor.timeliness.explain import case_findings, explain_item, explain_limit
from monitor.timeliness.overdue import overdue_case, overdue_months
from monitor.timeliness.rules import RULES, Rule
from monitor.timeliness.taskexplain import explain_due, explain_task
from monitor.timeliness.taskfindings import repeated_complaints, task_findings, verified_complaint
from monitor.timeliness.touch import touches

__all__ = [
    "RULES",
    "CaseClass",
    "Rule",
    "case_findings",
    "classify",
    "count_cases",
    "explain_due",
    "explain_item",
    "explain_limit",
    "explain_task",
    "limits_by_day",
    "overdue_case",
    "overdue_months",
    "repeated_complaints",
    "shortened_promises",
    "task_findings",
    "touches",
    "verified_complaint",
]
