"""What the rules say of one subject, and what follows for its cards. Pure: the loop writes it, a replay compares it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.model import CardChange, CardState, Verdict
from monitor.settings import Policy
from monitor.store.facts.look import Loaded
from monitor.supervision.apply import card_changes
from monitor.supervision.rules import RULES, Rule
from monitor.values import Value


class Ruling(Value, frozen=True, kw_only=True):
    """One rule on one subject: its verdict, and the changes that bring the cards held in line with it."""

    rule: Rule
    verdict: Verdict
    changes: tuple[CardChange, ...]


def rulings(kind: str, loaded: Loaded, held: Sequence[CardState], policy: Policy, now: datetime) -> list[Ruling]:
    """Every rule of the kind on the facts, under the policy. Raises ValueError for a verdict that looks backwards."""
    found: list[Ruling] = []
    same_within = unmarked(policy)
    for rule in RULES.get(kind, ()):
        verdict = rule.judge(loaded.facts, rule.policy(policy), loaded.calendar, now)
        if verdict.next_check_at is not None and verdict.next_check_at <= now:
            raise ValueError(f"{rule.id}: next_check_at {verdict.next_check_at} is not after {now}")
        mine = [c for c in held if c.rule == rule.id] if held else held
        changes = card_changes(verdict, mine, auto_close=policy.cards.auto_close, same_within=same_within)
        found.append(Ruling(rule=rule, verdict=verdict, changes=tuple(changes)))
    return found


def unmarked(policy: Policy) -> timedelta:
    """A clock wrong by so little is not even marked: what moves by no more is the same time."""
    return timedelta(seconds=policy.device.skew_mark_seconds)
