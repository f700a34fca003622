"""Entries → scores (得分): base, entries, cap, floor; of a month, a quarter, half a year, a year. Pure.

The sum of a score's lines is the score: what a cap or the floor gives back is a line of its own, and the full sum
stands beside it (`floor` of rules.md A.10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from monitor.assessment.book import RuleBook
from monitor.assessment.model import Entry, Ledger, PeriodKind

CENT: Final = Decimal("0.01")


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjustment:
    """What is given back or taken off beside the entries: `cap` of a row, `floor`, `ceiling`; `part`: of which."""

    kind: Literal["cap", "floor", "ceiling"]
    points: Decimal
    row: str = ""
    part: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """`points` = `start` + entries + adjustments. `start`: the base, or the mean of `months`. `full`: without floor and
    ceiling.
    """

    ledger: Ledger
    whom: str
    period: str
    start: Decimal
    months: tuple[tuple[str, Decimal], ...]
    entries: tuple[Entry, ...]
    adjustments: tuple[Adjustment, ...]
    full: Decimal
    points: Decimal


def months_of(period: str) -> tuple[str, ...]:
    """The months of `2026-03`, `2026-Q1`, `2026-H1` or `2026`. Raises ValueError for anything else."""
    year, _, rest = period.partition("-")
    if len(year) != 4 or not year.isdigit() or year == "0000":
        raise ValueError(f"{period}: expected 2026-03, 2026-Q1, 2026-H1 or 2026")
    if not rest and period == year:
        return tuple(f"{year}-{m:02}" for m in range(1, 13))
    wide = {"Q": 3, "H": 6}.get(rest[:1])
    if wide is not None and rest[1:].isdigit() and len(rest) == 2 and 1 <= int(rest[1]) <= 12 // wide:
        first = (int(rest[1]) - 1) * wide + 1
        return tuple(f"{year}-{m:02}" for m in range(first, first + wide))
    if len(rest) == 2 and rest.isdigit() and 1 <= int(rest) <= 12:
        return (period,)
    raise ValueError(f"{period}: expected 2026-03, 2026-Q1, 2026-H1 or 2026")


def kind_of(period: str) -> PeriodKind:
    """Raises ValueError, as `months_of`."""
    kinds: dict[int, PeriodKind] = {1: "month", 3: "quarter", 6: "half", 12: "year"}
    return kinds[len(months_of(period))]


def months_needed(period: str, book: RuleBook) -> tuple[str, ...]:
    """The months whose entries the scores of the period rest on: with a cap of a longer period its earlier ones too."""
    span = months_of(period)
    kinds = {row.cap_period for row in book.rows if row.cap is not None and row.score == "month"}
    earlier = {month for kind in kinds for month in span_of(span[0], kind) if month < span[0]}
    return (*sorted(earlier), *span)


def span_of(month: str, kind: PeriodKind) -> tuple[str, ...]:
    """The months of the period of this kind that the month lies in."""
    year, number = month[:4], int(month[5:])
    length = _LENGTH[kind]
    first = (number - 1) // length * length + 1
    return tuple(f"{year}-{m:02}" for m in range(first, first + length))


def month_score(ledger: Ledger, whom: str, month: str, entries: Iterable[Entry], book: RuleBook) -> Score:
    """Of the entries those of this ledger that are booked in the month and whose row is of the month's score
    (`Row.score`). Those of the earlier months of a cap's period say how much of the cap is left (`months_needed`).
    """
    mine = _own(ledger, whom, entries, book, "month")
    return _score(ledger, whom, month, book.base, (), mine, book)


def period_score(
    ledger: Ledger, whom: str, period: str, entries: Sequence[Entry], months: Mapping[str, Decimal], book: RuleBook
) -> Score:
    """A quarter, half a year or a year: the mean of the months' scores that there are, or the base with all entries
    (`quarter_from`); the year's own rows (A03: 年终考核分值) on top of the year.

    `months`: the score of each month of which there is one: whoever came in May has no April.
    """
    span = months_of(period)
    own = _own(ledger, whom, entries, book, "year") if len(span) == 12 else []
    if book.quarter_from == "entries":
        own += _own(ledger, whom, entries, book, "month")
        return _score(ledger, whom, period, book.base, (), own, book)
    there = tuple((month, months[month]) for month in span if month in months)
    mean = sum((points for _, points in there), Decimal(0)) / len(there) if there else book.base
    return _score(ledger, whom, period, mean.quantize(CENT, ROUND_HALF_UP), there, own, book)


def _own(ledger: Ledger, whom: str, entries: Iterable[Entry], book: RuleBook, score: str) -> list[Entry]:
    """Theirs, of whatever month, that go into this score. An entry says itself where it goes: the book may have changed
    since, and what is taken back has to come from where it went.
    """
    return [e for e in entries if e.key[:2] == (ledger, whom) and _score_of(e, book) == score]


def _score_of(entry: Entry, book: RuleBook) -> str:
    row = book.row(entry.key.row)
    told = entry.figures.get("score")
    if told in ("month", "year"):  # of a bad rating it is the mark that was given
        return str(told)
    return row.score if row is not None else "month"


def _score(
    ledger: Ledger, whom: str, period: str, start: Decimal, months: tuple[tuple[str, Decimal], ...],
    known: Sequence[Entry], book: RuleBook,
) -> Score:  # fmt: skip
    """`known`: of this score, those of the months before the period too."""
    span = months_of(period)
    ordered = tuple(sorted((e for e in known if e.month in span), key=lambda e: (e.at, e.key, e.revision)))
    given_back = [*_caps(known, book, span)]
    booked = start + sum((e.points for e in ordered), Decimal(0))
    full = booked + sum((a.points for a in given_back), Decimal(0))
    if book.parts and not months:
        given_back += _floors_of_parts(ordered, given_back, book)
    points = booked + sum((a.points for a in given_back), Decimal(0))
    floor, ceiling = book.choices.floor, book.ceiling
    if floor != "none" and points < floor:
        given_back.append(Adjustment(kind="floor", points=floor - points))
        points = floor
    if ceiling is not None and points > ceiling:
        given_back.append(Adjustment(kind="ceiling", points=ceiling - points))
        points = ceiling
    return Score(
        ledger=ledger, whom=whom, period=period, start=start, months=months, entries=ordered,
        adjustments=tuple(given_back), full=full, points=points,
    )  # fmt: skip


_LENGTH: Final[Mapping[PeriodKind, int]] = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def _caps(known: Sequence[Entry], book: RuleBook, span: Sequence[str]) -> list[Adjustment]:
    """What goes beyond a row's cap, in each period of the cap that the span holds or lies in. What went beyond it in
    earlier months was given back there.
    """
    found = []
    for row in book.rows:
        if row.cap is None:
            continue
        mine = [e for e in known if e.key.row == row.id]
        for months in sorted({span_of(month, row.cap_period) for month in span}):
            before = sum((e.points for e in mine if e.month in months and e.month < span[0]), Decimal(0))
            within = sum((e.points for e in mine if e.month in months and e.month in span), Decimal(0))
            over = _beyond(before + within, row.cap) - _beyond(before, row.cap)
            if over:
                found.append(Adjustment(kind="cap", points=-over, row=row.id, part=row.part))
    return found


def _beyond(points: Decimal, cap: Decimal) -> Decimal:
    """What lies beyond the cap on its side of zero, or as far on the other."""
    limit = abs(cap)
    return points - max(-limit, min(limit, points))


def _floors_of_parts(entries: Sequence[Entry], adjusted: Sequence[Adjustment], book: RuleBook) -> list[Adjustment]:
    """A part never costs more than its weight."""
    part_of = {row.id: row.part for row in book.rows}
    found = []
    for part in book.parts:
        mine = sum((e.points for e in entries if part_of.get(e.key.row) == part.id), Decimal(0))
        mine += sum((a.points for a in adjusted if a.part == part.id), Decimal(0))
        if part.weight + mine < 0:
            found.append(Adjustment(kind="floor", points=-(part.weight + mine), part=part.id))
    return found
