"""Sums of points in the ledger (A06): late, early and off post come to 5.0 in the year. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from monitor.assessment.book import Effect, RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.firing import Ground, States, Told, fired_by
from monitor.assessment.model import ClaimKey, Entry, Proposal
from monitor.assessment.proofs import standing
from monitor.assessment.results import FactRef, Fired, refs
from monitor.assessment.scores import months_of
from monitor.assessment.sources import SOURCES
from monitor.assessment.spans import bounds, over


def summed(
    effect: Effect, by_whom: Mapping[str, States], ground: Ground, book: RuleBook, period: str, told: Told
) -> list[Fired]:
    """A06: the points of these facts in the ledger come to a figure within `accumulate_period`, that figure included.

    The ledger as it is booked counts: what is confirmed or taken back after its month was closed counts from the month
    of its entry on. It fires in the month whose end first sees the figure, once, whatever follows.
    """
    mine: dict[str, list[Entry]] = {}
    months = frozenset(month for one in over(period, book.choices.accumulate_period) for month in months_of(one))
    for entry in ground.entries:
        if entry.key.source in effect.sources and entry.month in months and _sums(effect, entry.key):
            mine.setdefault(entry.key.whom, []).append(entry)
    asked: dict[str, dict[ClaimKey, Proposal]] = {}
    for proposal in sorted(ground.proposals, key=lambda p: p.number or 0):
        if proposal.key.source in effect.sources and _sums(effect, proposal.key):
            asked.setdefault(proposal.key.whom, {})[proposal.key] = proposal
    found = []
    for whom in sorted(mine.keys() | by_whom.keys() | asked.keys()):
        for counted in over(period, book.choices.accumulate_period):
            months_to = [month for month in months_of(counted) if month <= months_of(period)[-1]]
            inside = [entry for entry in mine.get(whom, ()) if entry.month in months_to]
            open_ = _waiting(effect, whom, months_to, asked.get(whom, {}), by_whom.get(whom, ()), inside, book)
            one = _sum_of(effect, whom, counted, months_to, inside, open_, period, told)
            found += [one] if one is not None else []
    return found


def _sums(effect: Effect, key: ClaimKey) -> bool:
    return key.ledger == effect.on and (not SOURCES[key.source].by_row or key.row in effect.rows)


class _Waits(NamedTuple):
    """What an open proposal would cost beyond what stands of it, as a positive figure."""

    on: date
    fact: FactRef
    points: Decimal


def _waiting(
    effect: Effect, whom: str, months: Sequence[str], asked: Mapping[ClaimKey, Proposal], states: States,
    inside: Sequence[Entry], book: RuleBook,
) -> list[_Waits]:  # fmt: skip
    """Open proposals of the months' facts, and facts that wait without one yet; by date."""
    stands = standing(inside)
    found = []
    for key, one in asked.items():
        if one.state == "open" and f"{one.date:%Y-%m}" in months:
            already = stands[key].points if key in stands else Decimal(0)
            found.append(_Waits(one.date, FactRef(key.source, key.fact), already - one.points))
    known = {one.fact for one in found}
    for fact, state in states:
        if state == "open" and (fact.source, fact.key) not in known:
            claims = (c for c in derive((fact,), book) if (c.key.ledger, c.key.whom) == (effect.on, whom))
            points = -sum((claim.points for claim in claims), Decimal(0))
            found.append(_Waits(fact.date, FactRef(fact.source, fact.key), points))
    return sorted(one for one in found if one.points > 0)


def _sum_of(
    effect: Effect, whom: str, counted: str, months: Sequence[str], inside: Sequence[Entry],
    waiting: Sequence[_Waits], period: str, told: Told,
) -> Fired | None:  # fmt: skip
    limit = effect.sum
    assert limit is not None
    if not waiting and -sum(e.points for e in inside if e.points < 0) < limit:
        return None
    booked = sorted(inside, key=lambda e: (_from(e), e.at, e.key, e.revision))
    crossed = _crossing(booked, months, limit)
    total = -sum((e.points for e in booked), Decimal(0))
    if crossed is None:
        total += sum((one.points for one in waiting), Decimal(0))
        if not waiting or total < limit:
            return None
    elif f"{crossed:%Y-%m}" not in months_of(period) or _told_before(effect, whom, crossed, counted, told):
        return None
    stands = standing(booked)
    stand = tuple(e for e in booked if stands.get(e.key) is e)
    figures = {
        "points": _text(total), "sum": _text(limit),
        **{source.replace(".", "_"): sum(e.key.source == source for e in stand) for source in effect.sources},
    }  # fmt: skip
    open_ = refs(one.fact for one in waiting) if crossed is None else ()
    behind = [ref for ref in refs((e.key.source, e.key.fact) for e in stand) if ref not in open_]
    on = crossed or waiting[-1].on
    return fired_by(effect, whom, counted, on, figures, [*behind, *open_], open_, stand, period, crossed is not None)


def _from(entry: Entry) -> date:
    """From when on the ledger has it: its date, or the first of the open month that it was booked in later."""
    return max(entry.date, bounds(entry.month)[0])


def _crossing(booked: Sequence[Entry], months: Sequence[str], limit: Decimal) -> date | None:
    """The date of the crossing, in the first month whose end has the figure; None: no month's has."""
    total = Decimal(0)
    for month in months:
        at: date | None = None
        for entry in booked:
            if entry.month == month:
                total -= entry.points
                at = (at or _from(entry)) if total >= limit else None
        if total >= limit:
            return at or bounds(month)[0]
    return None


def _told_before(effect: Effect, whom: str, crossed: date, counted: str, told: Told) -> bool:
    """Whether a closed month before the crossing's told of it: entries were taken back and came again."""
    closed = told.get((effect.on, whom), {})
    return any(
        f"{effect.effect} {effect.id}" in closed.get(m, ()) for m in months_of(counted) if m < f"{crossed:%Y-%m}"
    )


def _text(points: Decimal) -> str:
    """`5.0`, `0.25`: exact, with one decimal at least."""
    rounded = points.quantize(Decimal("0.1"))
    return str(rounded) if rounded == points else str(points.normalize())
