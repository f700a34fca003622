"""What assessment comes to: effects, grades, places, awards of a period, and what of a closed one later periods read.

Plain values with ids; `Reason`s say why, worded in `monitor/wording/assessment.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from monitor.assessment.book import EffectKind
from monitor.assessment.model import Entry, Ledger
from monitor.model import Reason


class FactRef(NamedTuple):
    """Which fact: its source and key (`Fact`)."""

    source: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fired:
    """An effect that came about for one window or person, or that would if what is open were confirmed.

    `stands`: all that it rests on is certain or confirmed (经查实); False: it has no consequence, it is only told.
    `counted`: the period that was counted in, `2026-03`, `2026-Q1`, `2026`. `reached`: the date of the fact with which
    the measure was reached. `carried`: an earlier closing told of it (a month's in the quarter): nothing is sent again.
    `proposed`: the book has a person confirm the consequence; whoever signs the period does.
    """

    id: str
    effect: EffectKind
    article: str
    ledger: Ledger
    whom: str
    counted: str
    reached: date
    stands: bool
    carried: bool = False
    proposed: bool = False
    why: Reason
    facts: tuple[FactRef, ...] = ()
    open: tuple[FactRef, ...] = ()
    """Facts that nobody has confirmed: not among `facts`."""
    entries: tuple[Entry, ...] = ()
    """Lines of the ledger that a sum is made of (A06)."""

    @property
    def name(self) -> str:
        """As a closed result keeps it: `unqualified A09`."""
        return f"{self.effect} {self.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What a closed period came to for one window or person (`period_result`)."""

    period: str
    ledger: Ledger
    whom: str
    grade: str
    place: int | None = None
    bottom: bool = False
    awarded: bool = False
    effects: tuple[str, ...] = ()
    """`EFFECT row`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One window's or person's period. `grade` is what stands; `by_score` what the score alone would give. `place`: 1
    is the best, None where too little is known to tell (`few`: `days` or `cases`); `tied`: how many share it.
    `bottom`, `award`: `yes`, `tied` (equal scores straddle the last seat: a person decides, not the program) or `no`.
    `why`: what bears on grade, place and award, besides the effects.
    """

    ledger: Ledger
    whom: str
    period: str
    points: Decimal
    full: Decimal
    grade: str
    by_score: str
    place: int | None
    tied: int = 1
    few: Literal["", "days", "cases"] = ""
    known: int | None = None
    """Days of duty, or cases of a window, that are known; None: nobody counted them."""
    bottom: Seat = "no"
    award: Seat = "no"
    excellent: Seat = "no"
    effects: tuple[Fired, ...] = ()
    why: tuple[Reason, ...] = ()

    def kept(self) -> Earlier:
        """As later periods read it: what stands, and nothing of what is open."""
        stands = {fired.name for fired in self.effects if fired.stands}
        return Earlier(
            period=self.period, ledger=self.ledger, whom=self.whom, grade=self.grade, place=self.place,
            bottom=self.bottom == "yes", awarded=self.award == "yes", effects=tuple(sorted(stands)),
        )  # fmt: skip


Seat: TypeAlias = Literal["no", "yes", "tied"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Award:
    """A seat of the quarter's or year's awards. `tied`: it is one of those among whom a person chooses.
    `nominees`: of a window that is awarded: its people who may be named (G08), the best score first, equals by id.
    """

    ledger: Ledger
    whom: str
    period: str
    place: int | None
    state: Literal["awarded", "tied"]
    why: Reason
    nominees: tuple[str, ...] = ()


class Chosen(NamedTuple):
    """What a person decided where the program must not: who of equals, which nominee of a window."""

    what: Literal["award", "excellent", "bottom"]
    ledger: Ledger
    whom: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed:
    """A period. `results`: windows and people by id. `told`: what is left to a person: ties, places too few to fill."""

    period: str
    results: tuple[Result, ...]
    awards: tuple[Award, ...] = ()
    told: tuple[Reason, ...] = ()
    others: tuple[Fired, ...] = ()
    """Effects on those who have no score in the period: who left, a window that was closed."""

    @property
    def fired(self) -> tuple[Fired, ...]:
        """All effects, those that only would fire too."""
        return (*(fired for result in self.results for fired in result.effects), *self.others)

    def of(self, ledger: Ledger, whom: str) -> Result | None:
        return next((one for one in self.results if (one.ledger, one.whom) == (ledger, whom)), None)


def refs(facts: Iterable[tuple[str, str]]) -> tuple[FactRef, ...]:
    """Each once, in the order given."""
    return tuple(dict.fromkeys(FactRef(*fact) for fact in facts))
