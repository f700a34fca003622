"""The periods of a hall (考评期): months, quarters, halves and years, each signed, over and unsigned, or running."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection

from monitor.assessment.model import Entry, PeriodKind
from monitor.assessment.scores import kind_of, months_of
from monitor.assessment.spans import around
from monitor.model import Registry
from monitor.store import ledgers, rulebooks
from monitor.store.facts.look import Look
from monitor.supervision.assessment.gathered import end_of
from monitor.supervision.assessment.months import MOST, month_before, month_now
from monitor.supervision.assessment.signed import Signed, signed

State = Literal["signed", "over", "open"]
KINDS: Final[tuple[PeriodKind, ...]] = ("month", "quarter", "half", "year")


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """`corrections`: entries of its facts that are booked in another month, since it was signed or because it was."""

    period: str
    kind: PeriodKind
    state: State
    signed: Signed | None
    corrections: int


def periods(look: Look, hall: str) -> list[Period]:
    """Those with a month in which the hall has a rule book, and all that were signed; by kind, the newest first."""
    known = {one.period: one for one in signed(look.conn, hall)}
    months = _months(look.conn, look.registry, hall, look.now)
    names = {around(month, kind) for month in months for kind in KINDS} | known.keys()
    elsewhere = ledgers.corrections(look.conn, hall)
    found = [_period(look, hall, name, known, elsewhere) for name in sorted(names, reverse=True)]
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def period_of(look: Look, hall: str, period: str) -> Period:
    """One of them, whatever is known of it."""
    known = {one.period: one for one in signed(look.conn, hall)}
    return _period(look, hall, period, known, ledgers.corrections(look.conn, hall))


def corrections_of(conn: Connection, hall: str, period: str) -> Sequence[Entry]:
    """Entries about the period's facts that are booked after it: what closing it could not know."""
    months = months_of(period)
    return [one for one in ledgers.entries_of(conn, hall, of_months=set(months)) if one.month not in months]


def _period(
    look: Look, hall: str, name: str, known: Mapping[str, Signed], elsewhere: Counter[tuple[str, str]]
) -> Period:
    one = known.get(name)
    months = months_of(name)
    counted = sum(n for (of, month), n in elsewhere.items() if of in months and month not in months)
    over = end_of(look.book.for_hall(look.registry, hall), name) <= look.now
    state: State = "signed" if one is not None else "over" if over else "open"
    return Period(period=name, kind=kind_of(name), state=state, signed=one, corrections=counted)


def _months(conn: Connection, registry: Registry, hall: str, now: datetime) -> list[str]:
    """The months up to now in which the hall has a rule book, of the last two years."""
    found: list[str] = []
    month = month_now(registry, hall, now)
    while len(found) < MOST and rulebooks.in_force(conn, hall, month) is not None:
        found.append(month)
        month = month_before(month)
    return found
