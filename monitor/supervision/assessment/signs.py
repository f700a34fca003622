"""Signs of gaming (迎考迹象) of a hall's month, for whoever reads its audit: supervision and auditors, not the windows.

A sign is no card, no finding and no ground for points: nothing is written, and nobody is told by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, get_args

from monitor.access import Principal, Target, refusal
from monitor.assessment.gaming import Sign, SignKind, signs
from monitor.assessment.scores import kind_of
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.store.facts.signs import load_signs
from monitor.supervision.refused import Refused

KINDS: Final[tuple[SignKind, ...]] = get_args(SignKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """What was found of a month, and of how much: so that "nothing" can be told from "too little to tell".

    `unknown_days`: days of which a source of cases has not told all, so that nothing is said about ratings; `left_out`:
    completions whose times cannot be trusted. `enough_cases`, `enough_ratings`: windows with as many as are asked for.
    """

    hall: str
    month: str
    policy: str
    found: tuple[Sign, ...]
    cases: int
    ratings: int
    unknown_days: tuple[date, ...]
    left_out: int
    enough_cases: int
    enough_ratings: int
    windows: int


def may_see_signs(who: Principal, registry: Registry, hall: str, month: str) -> None:
    """Raises Refused: role, a hall beyond reach or that there is not, no month."""
    no = refusal(who, "audit:read")
    if no is not None:
        raise Refused.because(no)
    if hall not in registry.halls or refusal(who, "audit:read", Target(hall=hall)) is not None:
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")
    try:
        fits = kind_of(month) == "month"
    except ValueError:
        fits = False
    if not fits:
        raise Refused(f"{month[:20]!r} 应为 YYYY-MM is written YYYY-MM", field="month")


def signs_of(look: Look, hall: str, month: str, policy: Policy, *, who: Principal) -> Signs:
    """The signs of a month as things stand now. Raises Refused as `may_see_signs`."""
    may_see_signs(who, look.registry, hall, month)
    seen = load_signs(look, hall, month, policy)
    found = signs(
        seen.closed, seen.ratings, seen.entered, policy.timeliness, known_cases=seen.known_cases,
        unknown_days=seen.unknown_days, measures=policy.gaming,
    )  # fmt: skip
    cases = Counter(one.window for one in seen.closed)
    rated = Counter(one.window for one in seen.ratings)
    windows = [w for w in look.registry.windows.values() if w.hall == hall]
    return Signs(
        hall=hall, month=month, policy=policy.version, found=found, cases=len(seen.closed), ratings=len(seen.ratings),
        unknown_days=tuple(sorted({day for _, day in seen.unknown_days})), left_out=seen.left_out,
        enough_cases=sum(n >= policy.gaming.least_cases for n in cases.values()),
        enough_ratings=sum(n >= policy.gaming.least_ratings for n in rated.values()), windows=len(windows),
    )  # fmt: skip


def signs_json(told: Signs) -> dict[str, Any]:
    """As the API and `--json` have it."""
    return {
        "hall": told.hall, "month": told.month, "policy": told.policy, "cases": told.cases, "ratings": told.ratings,
        "windows": told.windows, "windows_with_enough_cases": told.enough_cases,
        "windows_with_enough_ratings": told.enough_ratings,
        "unknown_days": [day.isoformat() for day in told.unknown_days], "left_out": told.left_out,
        "signs": [sign_json(sign) for sign in told.found],
    }  # fmt: skip


def sign_json(sign: Sign) -> dict[str, Any]:
    figures: Mapping[str, Any] = sign.reason.figures
    return {
        "kind": sign.kind, "window": sign.window, "at": sign.at.isoformat(), "figures": dict(figures),
        "subjects": list(sign.subjects),
    }  # fmt: skip


def wanted_names(told: Signs) -> dict[str, list[str]]:
    """Whose names the texts of the signs need, by kind."""
    hands = [str(sign.reason.figures.get("by", "")).partition(":") for sign in told.found]
    windows = [sign.window for sign in told.found if sign.window]
    return {
        "window": [*windows, *(name for kind, _, name in hands if kind == "window")],
        "staff": [name for kind, _, name in hands if kind == "staff"],
    }
