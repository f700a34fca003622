"""The snapshot (考评快照): all that the reports of one period are made of, and nothing else. Pure.

One value for a preview and for a closed period; of a closed one the JSON is kept, and its reports are made of that
alone. The JSON has its keys sorted and comes back as the same value. Points are decimals of two places, in the JSON
strings (`"98.50"`). Ids are pseudonyms; the names that reports print stand apart, by kind, so that a person's can be
erased from a closed period without a change to what was signed (docs/adr/0049).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from monitor.assessment.model import Ledger, PeriodKind
from monitor.model import Reason

CENT: Final = Decimal("0.01")
CHINA: Final = "Asia/Shanghai"
Named: TypeAlias = Literal["hall", "unit", "window", "staff", "user"]
"""Kinds of things that have a name: an id is unique within its kind alone."""
State: TypeAlias = Literal["preview", "closed"]
Seat: TypeAlias = Literal["no", "yes", "tied"]
"""Whether one has a seat: at the bottom, among the awarded. `tied`: equal scores straddle the last one."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is printed, Chinese and English."""

    zh: str
    en: str


class MonthPoints(NamedTuple):
    """A month's score behind a quarter's, a half year's or a year's."""

    month: str
    points: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class BookUsed:
    """The rule book that the period was assessed by. `version`: NAME@DIGEST."""

    version: str
    name: str
    title: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """An entry of the ledger as it counts in this score. `month`: that it is booked in; `of_month`: that of its fact,
    another for what corrects a closed month. `window`, `staff`: where and who of the fact, whomever it charges.
    `reverses`: the revision that it takes back.
    """

    row: str
    article: str
    name: Words
    points: Decimal
    date: date
    month: str
    of_month: str
    source: str
    fact: str
    part: str = ""
    window: str | None = None
    staff: str | None = None
    cards: tuple[int, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    proposer: str | None = None
    confirmer: str | None = None
    reverses: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjusted:
    """What a cap, the floor or the ceiling gives back or takes off, so that the lines add up to the score."""

    kind: Literal["cap", "floor", "ceiling"]
    points: Decimal
    row: str = ""
    part: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The score sheet of one person or one window: `points` = `start` + lines + adjustments.

    `full`: without floor and ceiling. `grade`: id of the scale's grade that stands, empty where there is none;
    `by_score`: the one that the points alone would give. `place`: 1 is the best, None where too little is known to give
    one (`few`: `days` or `cases`); `tied`: others have the same. `unknown`: spans of which nothing can be said. `duty`:
    days of which something is known; `cases`: a window's. `effects`: `EFFECT row` of those that stand. `why`: what
    bears on grade, place and awards beside the points.
    """

    id: str
    unit: str | None
    window: str | None
    start: Decimal
    full: Decimal
    points: Decimal
    months: tuple[MonthPoints, ...] = ()
    lines: tuple[Line, ...] = ()
    adjustments: tuple[Adjusted, ...] = ()
    grade: str = ""
    grade_name: Words | None = None
    by_score: str = ""
    place: int | None = None
    tied: bool = False
    few: Literal["", "days", "cases"] = ""
    bottom: Seat = "no"
    award: Seat = "no"
    excellent: Seat = "no"
    unknown: int = 0
    duty: int | None = None
    cases: int | None = None
    effects: tuple[str, ...] = ()
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenProposal:
    """What waited for a person (经查实) when the snapshot was made; it costs nobody a point. `why`: `unconfirmed`,
    `no_evidence` or `row`.
    """

    ledger: Ledger
    whom: str
    row: str
    article: str
    name: Words
    points: Decimal
    date: date
    source: str
    fact: str
    why: str
    number: int | None = None
    window: str | None = None
    staff: str | None = None
    cards: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UnknownSpan:
    """Time of which nothing can be said. `why`: `unknown`, `unproven`, `review` or `unwatched`."""

    subject: str
    date: date
    why: str
    window: str | None = None
    staff: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FiredEffect:
    """What follows for one window or person without points: a veto, an award lost, a return to the unit.

    `stands`: all that it rests on is certain or confirmed; False: it has no consequence, it is only told. `counted`:
    the period that was counted in; `reached`: the date of the fact with which the measure was reached. `carried`: an
    earlier closing told of it already. `proposed`: the book has a person confirm it; whoever signs the period does.
    `facts`, `open`: `SOURCE KEY` of what it rests on, and of what nobody has confirmed.
    """

    id: str
    article: str
    name: Words
    effect: str
    ledger: Ledger
    whom: str
    counted: str
    reached: date
    stands: bool
    why: Reason
    carried: bool = False
    proposed: bool = False
    facts: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Award:
    """A seat of the quarter's or year's awards (优秀窗口, 先进个人). `tied`: a person has to choose among equals.
    `nominees`: of a window, its people who may be named (G08), the best score first.
    """

    ledger: Ledger
    whom: str
    period: str
    place: int | None
    state: Literal["awarded", "tied"]
    why: Reason
    nominees: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What a person decided where the program must not: who of equals, which nominee of a window."""

    what: str
    ledger: Ledger
    whom: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A remark of the snapshot itself: what is provisional, what was accepted although open."""

    code: str
    text: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One period of one hall. `name`: the hall's. `version`: 0 of a preview. `policy`: version of the policy that
    judged. `choices`: every key of A.10 with its value. `inputs`: SHA-256 of facts, entries, choices and book, hex.
    `told`: what is left to a person, ties above all; `decided`: what one did of that. `statistics`: the figures of A.9,
    as `report statistics` gives them by window.
    """

    hall: str
    name: str
    period: str
    kind: PeriodKind
    version: int
    state: State
    made_at: datetime
    made_by: str
    book: BookUsed
    policy: str
    choices: Mapping[str, Any]
    inputs: str
    people: tuple[Sheet, ...]
    windows: tuple[Sheet, ...]
    proposals: tuple[OpenProposal, ...] = ()
    unknown: tuple[UnknownSpan, ...] = ()
    effects: tuple[FiredEffect, ...] = ()
    awards: tuple[Award, ...] = ()
    told: tuple[Reason, ...] = ()
    decided: tuple[Decided, ...] = ()
    statistics: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[Named, Mapping[str, str]] = field(default_factory=dict)
    """By kind and id: `names["staff"]["p1"]`. Read by `named`."""
    notes: tuple[Note, ...] = ()
    zone: str = CHINA
    """In which the hall's instants are printed, IANA."""

    def named(self, kind: Named, key: str | None) -> str:
        """The name of a thing; its id where there is none; empty for None."""
        return self.names.get(kind, {}).get(key, key) if key is not None else ""

    def sheets(self, ledger: Ledger) -> tuple[Sheet, ...]:
        return self.windows if ledger == "window" else self.people


def points(value: Decimal) -> Decimal:
    """Of two places, and never a zero below zero."""
    return value.quantize(CENT, ROUND_HALF_UP) + Decimal("0.00")


def to_json(snapshot: Snapshot) -> bytes:
    """UTF-8, keys sorted, no blanks: the same value gives the same bytes. China's zone is not written, as in what was
    signed before there was any other.
    """
    if snapshot.zone != CHINA:
        return msgspec.json.encode(snapshot, order="sorted")
    told = msgspec.to_builtins(snapshot, order="sorted")
    del told["zone"]
    return msgspec.json.encode(told, order="sorted")


def from_json(text: bytes) -> Snapshot:
    """Raises ValueError for what is no snapshot."""
    return msgspec.json.decode(text, type=Snapshot)


def digest_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
