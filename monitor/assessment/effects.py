"""Effects (后果): vetoes, awards lost, circulars, returns that follow from what happened (A06, A09-A12, C03, C04, D12,
E19, F05, G10-G14). Pure; the same facts in any order, or twice, give the same effects.

Each is counted within its own period and fires once there: in the assessed period in which its measure was reached.
What would be reached only with facts that nobody has confirmed is told and has no consequence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from monitor.assessment.book import Effect, RuleBook
from monitor.assessment.firing import Ground, States, Told, fired_by
from monitor.assessment.grades import UNQUALIFIED
from monitor.assessment.measures import OVERDUE, by_time, measured, year_before
from monitor.assessment.model import Fact, Ledger
from monitor.assessment.proofs import Proofs, State
from monitor.assessment.results import Earlier, Fired, refs
from monitor.assessment.scores import kind_of, months_of
from monitor.assessment.sources import SOURCES
from monitor.assessment.spans import bounds, over
from monitor.assessment.sums import summed
from monitor.workcal import WorkCalendar

MONTHLY: Final = frozenset({"unqualified", "no_award", "no_excellent"})
"""Effects on overdue cases that 「当月延期未办结」 speaks of: they count what was open past its limit in the month."""


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
        mine = facts.of(effect, first, last)
        if effect.sum is None:
            for whom, states in sorted(_by_whom(effect, mine, proofs).items()):
                found += _counted(effect, whom, states, book, calendar, period, told)
        else:  # the ledger tells all but what has not come to it yet
            new = _by_whom(effect, (fact for fact in mine if proofs.is_new(fact)), proofs)
            found += summed(effect, new, ground, book, period, told)
    return tuple(sorted(found, key=lambda f: (f.ledger, f.whom, f.counted, f.id, f.effect)))


# --------------------------------------------------------------------------- which facts, of whom, how proven


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


def _counted(
    effect: Effect, whom: str, states: States, book: RuleBook, calendar: WorkCalendar, period: str, told: Told
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
            behind = refs((fact.source, fact.key) for fact in reached.facts)
            waiting = [ref for ref in behind if ref in open_] if not stands else []
            found.append(
                fired_by(effect, whom, counted, reached.on, reached.figures, behind, waiting, (), period, stands)
            )
    belonging = (_belongs(fired, period, told) for fired in found)
    return [fired for fired in belonging if fired is not None]


def _too_late(fired: Fired, period: str, closed: Mapping[str, frozenset[str]]) -> bool:
    """A month's 不合格 is that month's alone: where the month was signed without it, its grade stays, and the quarter
    or year does not tell of a veto that no closing told (docs/adr/0048).
    """
    of_month = fired.effect == UNQUALIFIED and kind_of(fired.counted) == "month" and fired.counted != period
    return of_month and fired.counted in closed and fired.name not in closed[fired.counted]


def _belongs(fired: Fired, period: str, told: Told) -> Fired | None:
    """The effect as the period tells of it; None: another does. It does so where it was reached in it; where what it
    takes away (an award) is taken for longer; and where the closed month of its date could not know it yet, for the
    fact was confirmed or came in later (a late return, a late circular).
    """
    closed = told.get((fired.ledger, fired.whom), {})
    if fired.reached >= bounds(period)[0]:
        return None if _too_late(fired, period, closed) else fired
    month = f"{fired.reached:%Y-%m}"
    later = [effects for of, effects in closed.items() if len(of) == len(month) and month <= of < months_of(period)[0]]
    if fired.stands and month in closed and not any(fired.name in effects for effects in later):
        return replace(fired, carried=kind_of(period) != "month")
    return fired if fired.stands and fired.effect in MONTHLY else None
