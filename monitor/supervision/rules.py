"""Every rule of every folder in one table: how its facts are loaded, which part of the policy it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from monitor import attendance, evaluators, timeliness
from monitor.model import Verdict
from monitor.settings import Policy
from monitor.store.facts.cases import load_cases, load_orders, load_sources
from monitor.store.facts.look import Loaded, Look
from monitor.store.facts.others import load_calendars, load_devices, load_halls, load_ratings
from monitor.store.facts.posts import load_posts
from monitor.store.facts.slots import load_slots
from monitor.store.facts.tallies import load_tallies
from monitor.store.facts.tasks import load_tasks
from monitor.wording.handrules import HAND_RULES, PREFIX

Loader: TypeAlias = Callable[[Look, Sequence[str]], dict[str, Loaded]]

LOADERS: Final[Mapping[str, Loader]] = {
    "case": load_cases,
    "order": load_orders,
    "task": load_tasks,
    "source": load_sources,
    "slot": load_slots,
    "post": load_posts,
    "rating": load_ratings,
    "device": load_devices,
    "hall": load_halls,
    "calendar": load_calendars,
    "tally": load_tallies,
    **dict.fromkeys(("staff", "window", "unit"), lambda look, keys: {}),  # cards by hand: no rule looks at these
}

_POLICY: Final[Mapping[str, Callable[[Policy], Any]]] = {
    "case": lambda p: p.timeliness,
    "order": lambda p: p.timeliness,
    "task": lambda p: p.timeliness,
    "source": lambda p: p.timeliness,
    "slot": lambda p: p.checkin,
    "post": lambda p: p.post,
    "rating": lambda p: p.rating,
    "device": lambda p: p.device,
    "hall": lambda p: p.operator,
    "calendar": lambda p: p.operator,
    "tally": lambda p: p.tally,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule on a kind of subject; `basis` is the legal basis (依据) that its cards name."""

    id: str
    kind: str
    basis: str
    judge: Callable[[Any, Any, Any, datetime], Verdict]
    policy: Callable[[Policy], Any]


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    kind: tuple(
        Rule(id=rule_id, kind=kind, basis=basis, judge=judge, policy=_POLICY[kind]) for rule_id, judge, basis in rules
    )
    for folder in (timeliness.RULES, attendance.RULES, evaluators.RULES)
    for kind, rules in folder.items()
}


def kind_of(rule: str) -> str:
    """The kind of subject that a rule judges; ValueError for a rule that there is not."""
    for kind, rules in RULES.items():
        if any(r.id == rule for r in rules):
            return kind
    raise ValueError(f"rule: {rule!r} 不在可选值之内 is none of {', '.join(_judged())}")


def parse_rule(text: str) -> str:
    """The rule that cards are asked for by, judged or issued by hand; ValueError lists those that there are."""
    known = [*_judged(), *(f"{PREFIX}{row}" for row in HAND_RULES)]
    if text in known:
        return text
    raise ValueError(f"rule: {text!r} 不在可选值之内 is none of {', '.join(known)}")


def _judged() -> list[str]:
    return sorted(r.id for rules in RULES.values() for r in rules)
