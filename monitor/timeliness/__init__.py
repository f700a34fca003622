"""Cases (办件): fold of their events, the legal clock, orders and case sources: pure rules over `facts` (DESIGN §5)."""

from monitor.timeliness.counts import CaseClass, classify, count_cases
from monitor.timeliness.explain import case_findings, explain_item, explain_limit
from monitor.timeliness.rules import RULES, Rule
from monitor.timeliness.touch import touches

__all__ = [
    "RULES",
    "CaseClass",
    "Rule",
    "case_findings",
    "classify",
    "count_cases",
    "explain_item",
    "explain_limit",
    "touches",
]
