"""A score explained (考评说明): the sum line by line, and what was not charged and why. Pure.

What is told of a closed period comes from its snapshot alone. Of an open one the facts themselves say more: what no row
of the book charges, what lies within its grace, what a person rejected (`of_facts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive, worth
from monitor.assessment.model import Entry, Fact, Ledger, Proposal
from monitor.assessment.snapshot import FiredEffect, Line, Sheet, Snapshot
from monitor.model import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of the sum. `base`: where it starts, of a longer period the mean of its `months`. `total`: so far."""

    kind: Literal["base", "line", "cap", "floor", "ceiling"]
    points: Decimal
    total: Decimal
    line: Line | None = None
    row: str = ""
    part: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What was not charged to them. `why`: `span.…` of what is unknown, `open.…` of what waits for a person, `spared`
    (B05), `choice` (A.10), `rejected`, `charges` (the book charges somebody else), `grace`, `no_row`, `event` (another
    of the same event counts), `behind` (the ledger is brought up to date by the next run).
    """

    why: str
    date: date
    source: str
    fact: str
    reason: Reason
    cards: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """One window's or person's score of a period. `complete`: the facts were looked at, not the snapshot alone."""

    snapshot: Snapshot
    ledger: Ledger
    sheet: Sheet
    steps: tuple[Step, ...]
    left: tuple[Left, ...]
    effects: tuple[FiredEffect, ...]
    complete: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the lines come to the score, as they must."""
        return self.steps[-1].total == self.sheet.points

    @property
    def cards(self) -> tuple[int, ...]:
        """Numbers of the cards behind lines and what was left, each once."""
        behind = [n for step in self.steps if step.line is not None for n in step.line.cards]
        return tuple(sorted({*behind, *(n for left in self.left for n in left.cards)}))


def explained(snapshot: Snapshot, ledger: Ledger, whom: str, more: Iterable[Left] | None = None) -> Explained | None:
    """From a snapshot; None where it has no such sheet. `more`: what the facts say beside it (`of_facts`)."""
    sheet = next((one for one in snapshot.sheets(ledger) if one.id == whom), None)
    if sheet is None:
        return None
    told = [*_of_snapshot(snapshot, ledger, whom)]
    known = {(one.source, one.fact, one.why) for one in told}
    told += [one for one in more or () if (one.source, one.fact, one.why) not in known]
    return Explained(
        snapshot=snapshot, ledger=ledger, sheet=sheet, steps=_steps(sheet), complete=more is not None,
        left=tuple(sorted(told, key=lambda one: (one.date, one.source, one.fact, one.why))),
        effects=tuple(one for one in snapshot.effects if (one.ledger, one.whom) == (ledger, whom)),
    )  # fmt: skip


def _steps(sheet: Sheet) -> tuple[Step, ...]:
    total = sheet.start
    found = [Step(kind="base", points=sheet.start, total=total)]
    for line in sheet.lines:
        total += line.points
        found.append(Step(kind="line", points=line.points, total=total, line=line, row=line.row, part=line.part))
    for one in sheet.adjustments:
        total += one.points
        found.append(Step(kind=one.kind, points=one.points, total=total, row=one.row, part=one.part))
    return tuple(found)


# --------------------------------------------------------------------------- what the snapshot says was not charged

CHOICES: Final = {"late": "late_amount", "early": "late_amount", "off_post": "offpost_vs_unstaffed",
                  "unstaffed": "offpost_vs_unstaffed"}  # fmt: skip
"""The choice of A.10 that says in which ledger a fact counts."""


def _of_snapshot(snapshot: Snapshot, ledger: Ledger, whom: str) -> Iterator[Left]:
    for span in snapshot.unknown:
        if whom == (span.window if ledger == "window" else span.staff):
            source, _, fact = span.subject.partition(":")
            yield _left(f"span.{span.why}", span.date, source, fact, {"subject": span.subject})
    for one in snapshot.proposals:
        if (one.ledger, one.whom) == (ledger, whom):
            figures = {"article": one.article or one.row, "points": str(one.points), "number": one.number}
            yield _left(f"open.{one.why or 'unconfirmed'}", one.date, one.source, one.fact, figures, one.cards)
    other: Ledger = "staff" if ledger == "window" else "window"
    mine = {(line.source, line.fact) for sheet in snapshot.sheets(ledger) if sheet.id == whom for line in sheet.lines}
    waits = {(p.source, p.fact) for p in snapshot.proposals if (p.ledger, p.whom) == (ledger, whom)}
    for line in _standing(line for sheet in snapshot.sheets(other) for line in sheet.lines):
        if (line.source, line.fact) in mine | waits:
            continue
        if ledger == "staff" and line.source == "leave.uncovered" and line.figures.get("staff") == whom:
            yield _spared(line.date, line.source, line.fact, whom, line.window, line.article, line.cards)
        elif whom == (line.window if ledger == "window" else line.staff):
            key = _choice(line.source, line.fact)
            if key and snapshot.choices.get(key) == other:
                yield _by_choice(line.date, line.source, line.fact, key, other, line.cards)


def _standing(lines: Iterable[Line]) -> Iterator[Line]:
    """One line of each fact that was not taken back."""
    sums: dict[tuple[str, str], Decimal] = {}
    last: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = (line.source, line.fact)
        sums[key] = sums.get(key, Decimal(0)) + line.points
        if line.reverses is None:
            last[key] = line
    yield from (line for key, line in last.items() if sums[key])


def _choice(source: str, fact: str) -> str:
    """An off-post that is no session of an empty window is a person's whatever is chosen (`derive`)."""
    return "" if source == "off_post" and not fact.startswith("post:") else CHOICES.get(source, "")


def _spared(
    day: date, source: str, fact: str, whom: str, window: str | None, article: str, cards: Sequence[int]
) -> Left:
    return _left("spared", day, source, fact, {"staff": whom, "window": window, "article": article}, cards)


def _by_choice(day: date, source: str, fact: str, key: str, other: Ledger, cards: Sequence[int]) -> Left:
    return _left("choice", day, source, fact, {"choice": f"{key} = {other}", "whose": other}, cards)


def _left(why: str, day: date, source: str, fact: str, figures: dict[str, Any], cards: Sequence[int] = ()) -> Left:
    told = {name: value for name, value in figures.items() if value is not None}
    reason = Reason(code=f"assessment.left.{why}", figures=told)
    return Left(why=why, date=day, source=source, fact=fact, reason=reason, cards=tuple(cards))


# --------------------------------------------------------------------------- what the facts say beside it


def of_facts(
    facts: Iterable[Fact], entries: Iterable[Entry], proposals: Iterable[Proposal], book: RuleBook, ledger: Ledger,
    whom: str,
) -> tuple[Left, ...]:  # fmt: skip
    """Facts about them that no entry is made of and that wait for nobody, each with why. `entries`: of both ledgers,
    wherever they are booked; `proposals`: of all states.
    """
    charged = {(one.key.source, one.key.fact) for one in entries if one.key[:2] == (ledger, whom)}
    mine = [one for one in proposals if one.key[:2] == (ledger, whom)]
    last = {(one.key.source, one.key.fact): one for one in sorted(mine, key=lambda p: p.number or 0)}
    found: list[Left] = []
    for fact in facts:
        known = (fact.source, fact.key)
        asked = last.get(known)
        about = fact.window == whom if ledger == "window" else whom in (fact.staff, fact.figures.get("staff"))
        if not (about or asked) or known in charged or (asked is not None and asked.state == "open"):
            continue
        found.append(_why_not(fact, asked, book, ledger, whom))
    return tuple(found)


def _why_not(fact: Fact, asked: Proposal | None, book: RuleBook, ledger: Ledger, whom: str) -> Left:
    def left(why: str, **figures: Any) -> Left:
        return _left(why, fact.date, fact.source, fact.key, figures, fact.cards)

    if asked is not None and asked.state == "rejected":
        return left("rejected", number=asked.number, by=asked.decided_by)
    mine = [claim for claim in derive([fact], book) if claim.key[:2] == (ledger, whom)]
    rows = [row for row in book.rows if row.source == fact.source and fact.row in ("", row.id)]
    articles = [row.article for row in rows]
    if mine:
        return left("event") if any(claim.event for claim in mine) else left("behind")
    if fact.spared and ledger == "staff":
        return _spared(fact.date, fact.source, fact.key, whom, fact.window, ", ".join(articles), fact.cards)
    key, other = _choice(fact.source, fact.key), "staff" if ledger == "window" else "window"
    if key and getattr(book.choices, key) == other:
        return _by_choice(
            fact.date, fact.source, fact.key, key, "staff" if ledger == "window" else "window", fact.cards
        )
    if not rows:
        return left("no_row")
    if not any(worth(fact, row) for row in rows):
        return left("grace", articles=articles)
    return left("charges", articles=articles)
