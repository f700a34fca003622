"""Ratings, device health and what operators are told: pure rules over `facts`, by the keys of `policy` (DESIGN §5)."""

from monitor.evaluators.rules import RULES, Rule, reassures, touches

__all__ = ["RULES", "Rule", "reassures", "touches"]
