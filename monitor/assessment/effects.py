"""Effects (后果): vetoes, awards lost, circulars, returns that follow from what happened (A06, A09-A12, C03, C04, D12,
E19, F05, G10-G14). Pure; the same facts in any order, or twice, give the same effects.

Each is counted within its own period and fires once there: in the assessed period in which its measure was reached.
What would be reached only with facts that nobody has confirmed is told and has no consequence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from monitor.assessment.book import Effect, RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.measures import OVERDUE, Reached, by_time, measured, year_before
from monitor.assessment.model import Entry, Fact, Ledger, Proposal
from monitor.assessment.proofs import Proofs, State, standing
from monitor.assessment.results import Earlier, Fired, refs
from monitor.assessment.scores import kind_of, months_of
from monitor.assessment.sources import SOURCES
from monitor.assessment.spans import bounds, over
from monitor.model import Reason
from monitor.workcal import WorkCalendar

MONTHLY: Final = frozenset({"unqualified", "no_award", "no_excellent"})
"""Effects on overdue cases that 「当月延期未办结」 speaks of: they count what was open past its limit in the month."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What effects rest on. `facts`: of the period and of what its effects look back to (a year at most). `overdue`:
    cases that were open past their limit in each month (`Scoring.overdue`), for C03 and C04; None: `facts` tell it.
    `entries`, `proposals`: of these facts; entries also of the whole year's ledger, for sums.
    """

    facts: Sequence[Fact]
    entries: Sequence[Entry] = ()
    proposals: Sequence[Proposal] = ()
    overdue: Sequence[Fact] | None = None


def effects(
    ground: Ground, book: RuleBook, calendar: WorkCalendar, period: str, before: Iterable[Earlier] = ()
) -> tuple[Fired, ...]:
    """All that fired in the period, still stands in it from earlier in its counting period, or would fire.

    `before`: results of closed periods: what one of them told is not told anew. By whom, effect and date.
    """
    proofs = Proofs(ground.entries, ground.proposals, book)
    told = _told(before)
    facts = _Facts(ground)
    found: list[Fired] = []
    for effect in book.effects:
        first, last = _span(effect, book, period)
        by_whom = _by_whom(effect, facts.of(effect, first, last), proofs)
        if effect.sum is None:
            for whom, states in sorted(by_whom.items()):
                found += _counted(effect, whom, states, book, calendar, period, told)
        else:
            found += _summed(effect, by_whom, ground, book, period, told)
    return tuple(sorted(found, key=lambda f: (f.ledger, f.whom, f.counted, f.id, f.effect)))


# --------------------------------------------------------------------------- which facts, of whom, how proven

_States = Sequence[tuple[Fact, State]]


def _span(effect: Effect, book: RuleBook, period: str) -> tuple[date, date]:
    """The dates, both inclusive, of the facts that it looks at: its counting periods, and a year back if it rolls."""
    kind = book.choices.accumulate_period if effect.sum is not None else effect.period
    first = bounds(over(period, kind)[0])[0]
    return (year_before(first) if effect.within is not None else first), bounds(period)[1]


class _Facts:
    """Facts by source and time, each once."""

    def __init__(self, ground: Ground) -> None:
        self._plain = _by_source(ground.facts)
        # a case that is overdue for two months is one of each month's
        overdue = {(fact.key, f"{fact.date:%Y-%m}"): fact for fact in sorted(ground.overdue or (), key=repr)}
        self._overdue = None if ground.overdue is None else sorted(overdue.values(), key=by_time)

    def of(self, effect: Effect, first: date, last: date) -> list[Fact]:
        """By time. Of sources that name a row only facts of the rows that the effect names."""
        found: list[Fact] = []
        for source in effect.sources:
            wider = self._overdue is not None and source == OVERDUE and effect.effect in MONTHLY
            facts = (self._overdue or []) if wider else self._plain.get(source, [])
            start = bisect_left(facts, first, key=lambda fact: fact.date)
            end = bisect_right(facts, last, key=lambda fact: fact.date)
            by_row = SOURCES[source].by_row
            found += [fact for fact in facts[start:end] if not by_row or fact.row in effect.rows]
        return sorted(found, key=by_time) if len(effect.sources) > 1 else found


def _by_source(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Of two that differ under one key the same is taken whatever their order."""
    found: dict[str, dict[str, Fact]] = {}
    for fact in facts:
        known = found.setdefault(fact.source, {}).setdefault(fact.key, fact)
        if known is not fact and known != fact and repr(fact) < repr(known):
            found[fact.source][fact.key] = fact
    return {source: sorted(mine.values(), key=by_time) for source, mine in found.items()}


def _by_whom(effect: Effect, facts: Iterable[Fact], proofs: Proofs) -> dict[str, list[tuple[Fact, State]]]:
    """Whom the facts are of in the effect's ledger, by time. Whoever is spared (B05) is not."""
    found: dict[str, list[tuple[Fact, State]]] = {}
    for fact in facts:
        whom = fact.window if effect.on == "window" else None if fact.spared else fact.staff
        if whom is not None:
            state = proofs.state(fact, effect.on, whom)
            if state != "cleared":
                found.setdefault(whom, []).append((fact, state))
    return found


def _told(before: Iterable[Earlier]) -> dict[tuple[Ledger, str], dict[str, frozenset[str]]]:
    """Effects by whom and period, as closed."""
    found: dict[tuple[Ledger, str], dict[str, frozenset[str]]] = {}
    for one in before:
        found.setdefault((one.ledger, one.whom), {})[one.period] = frozenset(one.effects)
    return found


# --------------------------------------------------------------------------- counted facts

_Told = Mapping[tuple[Ledger, str], Mapping[str, frozenset[str]]]


def _counted(
    effect: Effect, whom: str, states: _States, book: RuleBook, calendar: WorkCalendar, period: str, told: _Told
) -> list[Fired]:
    sure = [fact for fact, state in states if state == "counts"]
    open_ = {(fact.source, fact.key) for fact, state in states if state == "open"}
    every = [fact for fact, _ in states]
    _, end = bounds(period)
    found = []
    for counted in over(period, effect.period):
        first, last = bounds(counted)
        last = min(last, end)
        reached = measured(effect, sure, first, last, book, calendar)
        stands = reached is not None and reached.sure
        if not stands:
            # a doubt about the calendar or about a fact: told, without a consequence
            reached = (measured(effect, every, first, last, book, calendar) if open_ else None) or reached
        if reached is not None:
            found.append(_fired(effect, whom, counted, reached, open_ if not stands else set(), (), stands, period))
    belonging = (_belongs(fired, period, told) for fired in found)
    return [fired for fired in belonging if fired is not None]


def _fired(
    effect: Effect, whom: str, counted: str, reached: Reached, open_: set[tuple[str, str]],
    entries: tuple[Entry, ...], stands: bool, period: str,
) -> Fired:  # fmt: skip
    behind = refs((fact.source, fact.key) for fact in reached.facts)
    waiting = tuple(ref for ref in behind if ref in open_)
    figures = {
        effect.on: whom, "counted": counted, "effect": effect.effect, "row": effect.id, "article": effect.article,
        "name_zh": effect.name.zh, "name_en": effect.name.en, "on": reached.on.isoformat(), **reached.figures,
        **({"open": len(waiting)} if waiting else {}),
    }  # fmt: skip
    return Fired(
        id=effect.id, effect=effect.effect, article=effect.article, ledger=effect.on, whom=whom, counted=counted,
        reached=reached.on, stands=stands, carried=reached.on < bounds(period)[0] or kind_of(period) != "month",
        proposed=effect.mark == "proposed", entries=entries,
        facts=tuple(ref for ref in behind if ref not in open_), open=waiting,
        why=Reason(code="assessment.effect" if stands else "assessment.effect.open", figures=figures),
    )  # fmt: skip


def _belongs(fired: Fired, period: str, told: _Told) -> Fired | None:
    """The effect as the period tells of it; None: another does. It does so where it was reached in it; where what it
    takes away (an award) is taken for longer; and where the closed month of its date could not know it yet, for the
    fact was confirmed or came in later (a late return, a late circular).
    """
    if fired.reached >= bounds(period)[0]:
        return fired
    closed = told.get((fired.ledger, fired.whom), {})
    month = f"{fired.reached:%Y-%m}"
    later = [effects for of, effects in closed.items() if len(of) == len(month) and month <= of < months_of(period)[0]]
    if fired.stands and month in closed and not any(fired.name in effects for effects in later):
        return replace(fired, carried=kind_of(period) != "month")
    return fired if fired.stands and fired.effect in MONTHLY else None


# --------------------------------------------------------------------------- sums


def _summed(
    effect: Effect, by_whom: Mapping[str, _States], ground: Ground, book: RuleBook, period: str, told: _Told
) -> list[Fired]:
    """A06: the points of these facts in the ledger come to a figure within `accumulate_period`, that figure included.

    The ledger as it is booked counts: what is confirmed or taken back after its month was closed counts from the month
    of its entry on. It fires in the month whose end first sees the figure, once, whatever follows.
    """
    mine: dict[str, list[Entry]] = {}
    months = frozenset(month for one in over(period, book.choices.accumulate_period) for month in months_of(one))
    for entry in ground.entries:
        key = entry.key
        if key.source not in effect.sources or key.ledger != effect.on or entry.month not in months:
            continue
        if not SOURCES[key.source].by_row or key.row in effect.rows:
            mine.setdefault(key.whom, []).append(entry)
    found = []
    for whom in sorted(mine.keys() | by_whom.keys()):
        for counted in over(period, book.choices.accumulate_period):
            one = _sum_of(effect, whom, counted, mine.get(whom, ()), by_whom.get(whom, ()), book, period, told)
            found += [one] if one is not None else []
    return found


def _sum_of(
    effect: Effect, whom: str, counted: str, entries: Sequence[Entry], states: _States, book: RuleBook, period: str,
    told: _Told,
) -> Fired | None:  # fmt: skip
    limit = effect.sum
    assert limit is not None
    months = [month for month in months_of(counted) if month <= months_of(period)[-1]]
    inside = [e for e in entries if e.month in months]
    first, last = bounds(counted)
    waiting = [f for f, state in states if state == "open" and first <= f.date <= min(last, bounds(period)[1])]
    if not waiting and -sum(e.points for e in inside if e.points < 0) < limit:
        return None
    booked = sorted(inside, key=lambda e: (_from(e), e.at, e.key, e.revision))
    crossed = _crossing(booked, months, limit)
    total = -sum((e.points for e in booked), Decimal(0))
    if crossed is None:
        total += sum((_worth(fact, effect.on, whom, book) for fact in waiting), Decimal(0))
        if not waiting or total < limit:
            return None
    elif f"{crossed:%Y-%m}" not in months_of(period) or _told_before(effect, whom, crossed, counted, told):
        return None
    stands = standing(booked)
    stand = [e for e in booked if stands.get(e.key) is e]
    figures = {
        "points": _text(total), "sum": _text(limit),
        **{source.replace(".", "_"): sum(e.key.source == source for e in stand) for source in effect.sources},
    }  # fmt: skip
    facts = tuple(sorted((f for f, _ in states if first <= f.date <= last), key=by_time))
    counting = {(e.key.source, e.key.fact) for e in stand}
    open_ = {(f.source, f.key) for f in waiting} if crossed is None else set()
    behind = tuple(f for f in facts if (f.source, f.key) in counting | open_)
    reached = Reached(crossed or waiting[-1].date, behind, figures)
    return _fired(effect, whom, counted, reached, open_, tuple(stand), crossed is not None, period)


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


def _told_before(effect: Effect, whom: str, crossed: date, counted: str, told: _Told) -> bool:
    """Whether a closed month before the crossing's told of it: entries were taken back and came again."""
    closed = told.get((effect.on, whom), {})
    return any(
        f"{effect.effect} {effect.id}" in closed.get(m, ()) for m in months_of(counted) if m < f"{crossed:%Y-%m}"
    )


def _worth(fact: Fact, ledger: Ledger, whom: str, book: RuleBook) -> Decimal:
    """Points that an open fact would cost, as a positive figure."""
    mine = (c for c in derive((fact,), book) if (c.key.ledger, c.key.whom) == (ledger, whom))
    return -sum((claim.points for claim in mine), Decimal(0))


def _text(points: Decimal) -> str:
    """`5.0`, `0.25`: exact, with one decimal at least."""
    rounded = points.quantize(Decimal("0.1"))
    return str(rounded) if rounded == points else str(points.normalize())
