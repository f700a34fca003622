"""Awards and praise counted over the years (I08, D20), and how near each window is to the annual award (G06). Reads
only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select

from monitor.access import Principal, Target, covers
from monitor.assessment.book import Row as BookRow
from monitor.assessment.counted import praise_rows
from monitor.assessment.scores import kind_of
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.ledgers import ENTRY
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle.ground import today


@dataclass(frozen=True, kw_only=True, slots=True)
class YearOfAwards:
    """One year of a hall. `windows`: how often each window was awarded, quarters and the year itself; `quarters`: in
    quarters alone. `people`: how often each person was (人次 is their sum). `praise`: by row of the rule book how many
    happenings of praise stand, each once whomever it is booked to.
    """

    year: str
    windows: Mapping[str, int]
    quarters: Mapping[str, int]
    people: Mapping[str, int]
    praise: Mapping[str, int]


def counted(look: Look, who: Principal, hall: str) -> list[YearOfAwards]:
    """By year, the newest first; nothing for whoever does not reach the whole hall."""
    if not covers(who, Target(hall=hall)):
        return []
    windows, quarters, people = _awards(look, hall)
    praise = _praise(look, hall)
    years = sorted({*windows, *people, *praise}, reverse=True)
    return [
        YearOfAwards(
            year=year, windows=windows.get(year, Counter()), quarters=quarters.get(year, Counter()),
            people=people.get(year, Counter()), praise=praise.get(year, Counter()),
        )
        for year in years
    ]  # fmt: skip


Counts = dict[str, Counter[str]]


def _awards(look: Look, hall: str) -> tuple[Counts, Counts, Counts]:
    windows: Counts = {}
    quarters: Counts = {}
    seats: set[tuple[str, str]] = set()
    result, table = cycle.RESULT, cycle.NOMINATION
    query = select(result.c.period, result.c.ledger, result.c.whom).where(result.c.hall == hall, result.c.awarded)
    for period, ledger, whom in look.conn.execute(query):
        if ledger == "staff":
            seats.add((period, whom))
            continue
        windows.setdefault(period[:4], Counter())[whom] += 1
        if kind_of(period) == "quarter":
            quarters.setdefault(period[:4], Counter())[whom] += 1
    confirmed = (table.c.hall == hall, table.c.ledger == "staff", table.c.state == "confirmed")
    seats |= {
        (period, whom) for period, whom in look.conn.execute(select(table.c.period, table.c.whom).where(*confirmed))
    }
    people: Counts = {}
    for period, whom in seats:
        people.setdefault(period[:4], Counter())[whom] += 1
    return windows, quarters, people


def praise_in(look: Look, hall: str) -> dict[str, BookRow]:
    """Rows of the book in force by which a person enters a bonus."""
    book = book_of(look.conn, hall, f"{today(look, hall):%Y-%m}")
    return praise_rows(book) if book is not None else {}


def _praise(look: Look, hall: str) -> Counts:
    """By year of the happening and row; what was taken back is none."""
    year = func.substr(ENTRY.c.of_month, 1, 4)
    stands = func.sum(case((ENTRY.c.reverses.is_(None), 1), else_=-1))
    rows = sorted(praise_in(look, hall))
    query = (
        select(year, ENTRY.c.row, ENTRY.c.fact)
        .where(ENTRY.c.hall == hall, ENTRY.c.row.in_(rows))
        .group_by(year, ENTRY.c.row, ENTRY.c.fact)
        .having(stands > 0)
    )
    found: Counts = {}
    for of, row, _fact in look.conn.execute(query) if rows else ():
        found.setdefault(of, Counter())[row] += 1
    return found
