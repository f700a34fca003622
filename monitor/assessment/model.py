"""The values of assessment (考评): facts, what they come to, entries of the ledgers. Pure.

Data flows one way: facts of the store → `derive` (claims) → `ledger.reconcile` (entries and proposals) → `scores` →
`grades`. Points are decimals of two places, below zero for a deduction (扣分), above for a bonus (加分).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

Ledger: TypeAlias = Literal["window", "staff"]
"""Two ledgers that are never mixed (G01): a window's and a person's. The same fact may go to both (A03, A07)."""
Charged: TypeAlias = Literal["window", "person", "lead", "head"]
"""Whom a row charges: the window; the fact's person; the window's lead (窗口负责人); the unit's head (单位负责人)."""
Proof: TypeAlias = Literal["certain", "confirmed", "open"]
"""certain: measured, nobody need confirm it (late); confirmed: a person has (经查实); open: nobody has yet."""
PeriodKind: TypeAlias = Literal["month", "quarter", "half", "year"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One thing that may cost or earn points, as the store knows it.

    `source` and `key` identify it for ever: the same thing found again has the same key (`slot:p1/2026-03-02/am_in`,
    `case:h1/1`, `mark:7`). `at`: when it was so (UTC); `date`: the hall's date, whose month it belongs to.
    `amount`: what a row may multiply with: days overdue, rounds of supplements, the missing share of a rate; 1 else.
    `rung`: of a ladder (a circular's or a praise's level). `row`: the rule book's row that a person named, for sources
    `hand` and `mark`. `event`: one happening behind several facts, counted once where the row says so (E22).
    `lead`, `head`: who led the window and the unit then. `spared`: the person is not charged, the window is (B05).
    `confirmed_by`: the person behind proof `confirmed`; `proposer`: who found it, None for the program.
    `cards`: numbers; `figures`: what explains it, JSON values.
    """

    source: str
    key: str
    at: datetime
    date: date
    hall: str
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    lead: str | None = None
    head: str | None = None
    amount: Decimal = Decimal(1)
    rung: str = ""
    row: str = ""
    event: str = ""
    spared: bool = False
    proof: Proof = "certain"
    proposer: str | None = None
    confirmed_by: str | None = None
    evidence: bool = False
    """Whether something is attached that shows it: a file, a letter's number, a card with its facts."""
    cards: tuple[int, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)


class ClaimKey(NamedTuple):
    """What a claim, its proposal and its entries have in common. `source` and `fact` are the fact's."""

    ledger: Ledger
    whom: str
    row: str
    source: str
    fact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a fact comes to in one ledger by one row. `posts`: whether it may be posted as it is; else it is proposed
    and waits for a person who is not `proposer` (经查实).
    """

    key: ClaimKey
    charged: Charged
    points: Decimal
    posts: bool
    at: datetime
    date: date
    unit: str | None
    window: str | None
    staff: str | None
    proposer: str | None = None
    confirmer: str | None = None
    why_open: str = ""
    """Of what is proposed: `unconfirmed`, `no_evidence` or `row` (the row is one that a person always confirms). The
    ledger adds `contested`: a person rejected it, and the fact has come to more since or was confirmed by another; and
    `review`: taken back after a review.
    """
    cards: tuple[int, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    event: str = ""
    """The happening of which one claim alone stands, the highest (E22); it is in `figures` too."""

    @property
    def month(self) -> str:
        """The month of the fact, `2026-03`."""
        return f"{self.date:%Y-%m}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of a ledger: never edited, taken back by a counter-entry alone.

    `month`: that it is booked in; `of_month`: that of its fact, another where that was closed already. `revision`: the
    ordinal among the entries of its key. `reverses`: the revision that it takes back.
    """

    key: ClaimKey
    revision: int
    points: Decimal
    month: str
    of_month: str
    at: datetime
    date: date
    unit: str | None
    window: str | None
    staff: str | None
    reverses: int | None = None
    proposer: str | None = None
    confirmer: str | None = None
    cards: tuple[int, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    number: int | None = None
    """As the store numbered it; None before."""


ProposalState: TypeAlias = Literal["open", "confirmed", "rejected", "withdrawn"]
"""withdrawn: the fact is gone (a card withdrawn, a device declared lost), by the program."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A claim that waits for a person, or waited. `points` are those that stood when it was decided."""

    key: ClaimKey
    points: Decimal
    state: ProposalState
    at: datetime
    date: date
    unit: str | None
    window: str | None
    staff: str | None
    proposer: str | None = None
    decided_by: str | None = None
    why_open: str = ""
    cards: tuple[int, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    number: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """Time of which nothing can be said, so that a score says how much it does not know: never a point."""

    subject: str
    date: date
    window: str | None
    staff: str | None
    why: str
    """`unknown`, `unproven`, `review` or `unwatched`."""
