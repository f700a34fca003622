"""What the rules say of one subject, and what follows for its cards. Pure: the loop writes it, a replay compares it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from monitor.model import CardChange, CardState, Verdict
from monitor.settings import Policy
from monitor.store.facts.look import Loaded
from monitor.supervision.apply import card_changes, match
from monitor.supervision.rules import RULES, Rule
from monitor.values import Value


class Ruling(Value, frozen=True, kw_only=True):
    """One rule on one subject: its verdict, and the changes that bring the cards held in line with it.

    `older`: the policy of an earlier version, for cards that were issued under it; None: the policy in force.
    """

    rule: Rule
    verdict: Verdict
    changes: tuple[CardChange, ...]
    older: Policy | None = None


def rulings(
    kind: str,
    loaded: Loaded,
    held: Sequence[CardState],
    policy: Policy,
    now: datetime,
    older: Mapping[str, Policy] | None = None,
) -> list[Ruling]:
    """Every rule of the kind on the facts, under the policy. Raises ValueError for a verdict that looks backwards.

    `older`: policies of earlier versions by name; a card issued under one of them is followed under it, whatever the
    policy in force says of its episode (DESIGN §5 Versions).
    """
    found: list[Ruling] = []
    for rule in RULES.get(kind, ()):
        verdict = _verdict(rule, loaded, policy, now)
        mine = [c for c in held if c.rule == rule.id] if held else held
        if older and any(c.policy_version in older for c in mine):
            found += _with_older(rule, loaded, verdict, mine, policy, older, now)
        else:
            found.append(_ruled(rule, verdict, mine, policy))
    return found


def older_versions(held: Sequence[CardState], version: str) -> set[str]:
    """Versions other than this one under which cards were issued; none for most subjects."""
    return {c.policy_version for c in held if c.policy_version not in (None, version)} if held else set()


def _verdict(rule: Rule, loaded: Loaded, policy: Policy, now: datetime) -> Verdict:
    verdict = rule.judge(loaded.facts, rule.policy(policy), loaded.calendar, now)
    if verdict.next_check_at is not None and verdict.next_check_at <= now:
        raise ValueError(f"{rule.id}: next_check_at {verdict.next_check_at} is not after {now}")
    return verdict


def _ruled(
    rule: Rule, verdict: Verdict, cards: Sequence[CardState], policy: Policy, taken: Sequence[CardState] = ()
) -> Ruling:
    changes = card_changes(
        verdict, cards, auto_close=policy.cards.auto_close, same_within=unmarked(policy), taken=taken
    )  # fmt: skip
    return Ruling(rule=rule, verdict=verdict, changes=tuple(changes))


def _with_older(
    rule: Rule, loaded: Loaded, verdict: Verdict, cards: Sequence[CardState], policy: Policy,
    older: Mapping[str, Policy], now: datetime,
) -> Iterator[Ruling]:  # fmt: skip
    """1. Cards of an earlier version go on under that: they follow, clear and end, and nothing new is issued.
    2. What is left of the verdict in force, without the episodes that those cards are of, is for the others.
    """
    theirs = [c for c in cards if c.policy_version in older and not c.withdrawn_by_system]
    standing: Verdict | None = None
    for version in sorted({str(c.policy_version) for c in theirs}):
        under = older[version]
        then = _verdict(rule, loaded, under, now)
        mine = [c for c in theirs if c.policy_version == version]
        ruled = _ruled(rule, then, mine, under)
        kept = tuple(c for c in ruled.changes if c.number is not None)
        standing = then
        yield Ruling(rule=rule, verdict=then, changes=kept, older=under)
    rest = tuple(spell for spell in verdict.spells if match(spell, theirs) is None)
    if len(rest) != len(verdict.spells) and not rest and standing is not None:
        verdict = replace(verdict, outcome=standing.outcome)
    others = [c for c in cards if c not in theirs]  # what was taken back may come again, under the policy in force
    yield _ruled(rule, replace(verdict, spells=rest), others, policy, taken=theirs)


def unmarked(policy: Policy) -> timedelta:
    """A clock wrong by so little is not even marked: what moves by no more is the same time."""
    return timedelta(seconds=policy.device.skew_mark_seconds)
