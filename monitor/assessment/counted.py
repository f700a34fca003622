"""What a period's report counts beside scores: praise (D20) and awards (I08). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from monitor.assessment.book import Row, RuleBook
from monitor.assessment.model import Entry
from monitor.assessment.proofs import standing
from monitor.assessment.results import Award, Earlier
from monitor.assessment.scores import kind_of, months_of

AWARDED: Final = ("quarter", "year")


def praise_of(entries: Iterable[Entry], book: RuleBook) -> dict[str, int]:
    """How often each bonus that a person enters stands, by the book's row: each happening once, whomever it is for.

    Banners and letters (锦旗、表扬信) are entered alike: the document says which, nothing else does.
    """
    bonuses = dict.fromkeys(praise_rows(book), 0)
    for row, _ in {(entry.key.row, entry.key.fact) for entry in standing(entries).values()}:
        if row in bonuses:
            bonuses[row] += 1
    return {row: count for row, count in bonuses.items() if count}


def praise_rows(book: RuleBook) -> dict[str, Row]:
    """Rows by which a person enters a bonus."""
    return {row.id: row for row in book.rows if row.source == "mark" and any(points > 0 for points in _points(row))}


def _points(row: Row) -> Iterable[Decimal]:
    return (row.points,) if row.points is not None else (row.ladder or {}).values()


def awards_of(period: str, awards: Iterable[Award], before: Iterable[Earlier]) -> dict[str, int]:
    """Windows that were awarded in the period, each once, and times that a person was (人次): of a year those of its
    quarters and its own; a seat that equals still compete for is nobody's.
    """
    span = frozenset(months_of(period))
    given = [(one.ledger, one.whom, one.period) for one in awards if one.state == "awarded"]
    given += [
        (one.ledger, one.whom, one.period)
        for one in before
        if one.awarded and one.period != period and kind_of(one.period) in AWARDED and span >= {*months_of(one.period)}
    ]
    windows = {whom for ledger, whom, _ in given if ledger == "window"}
    return {"windows": len(windows), "staff": len({one for one in given if one[0] == "staff"})}
