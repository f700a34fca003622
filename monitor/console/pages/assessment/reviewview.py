"""Reviews in the words of their pages: a line of the list, what one is about, the entries behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from fastapi import Request
from sqlalchemy import Row, select

from monitor.assessment.scores import months_of
from monitor.console.pages.assessment.cycleview import Told, told
from monitor.console.pages.languages import Language
from monitor.store import cycle, users
from monitor.store.facts.look import Look
from monitor.store.ledgers import ENTRY, points
from monitor.store.sql import chunks
from monitor.supervision.assessment.books import book_of
from monitor.wording.actors import actor_word
from monitor.wording.render import pick


def signed_points(value: Decimal) -> str:
    """Two places, with the sign."""
    return f"{value:+.2f}"


def saying_of(look: Look, request: Request, rows: list[Row[Any]], ledger: str, whom: str) -> Told:
    return told(look, request, cycle.REVIEW, rows, people=[whom] if ledger == "staff" else [])


def entry_lines(look: Look, numbers: Iterable[int | None], language: Language) -> dict[int, dict[str, Any]]:
    """Entries by number: row, article and name by the book of their month, points with the sign, who found and who
    confirmed them.
    """
    rows: list[Row[Any]] = []
    for batch in chunks(sorted({one for one in numbers if one is not None})):
        rows += look.conn.execute(select(ENTRY).where(ENTRY.c.id.in_(batch))).all()
    acted = users.names_of(look.conn, {name for row in rows for name in (row.proposer, row.confirmer) if name})
    books = {of: book_of(look.conn, *of) for of in {(row.hall, row.of_month) for row in rows}}
    found = {}
    for row in rows:
        book = books[row.hall, row.of_month]
        known = book.row(row.row) if book is not None else None
        found[row.id] = {
            "number": row.id, "hall": row.hall, "row": row.row, "article": known.article if known is not None else "",
            "name": pick((known.name.zh, known.name.en), language) if known is not None else row.row,
            "points": signed_points(points(row.points_cents)), "date": row.date, "month": row.month,
            "of_month": row.of_month, "cards": row.cards, "proposer": actor_word(row.proposer, acted, language),
            "confirmer": actor_word(row.confirmer, acted, language),
        }  # fmt: skip
    return found


def line_view(row: Row[Any], saying: Told, entries: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """A review in one line."""
    return {
        "id": row.id, "by": saying.charged(row), "ledger": row.ledger,
        "who": saying.words.name("window" if row.ledger == "window" else "staff", row.whom), "whom": row.whom,
        "entry": entries.get(row.entry) if row.entry is not None else None, "number": row.entry, "period": row.period,
        "state": row.state, "asker": saying.user(row.asked_by), "asked": saying.at(row.asked_at, row.hall),
        "decider": saying.user(row.decided_by), "decided": saying.at(row.decided_at, row.hall),
        "countered": row.countered, "hall": row.hall,
    }  # fmt: skip


def about_view(
    look: Look, saying: Told, *, hall: str, ledger: str, whom: str, entry: int | None, period: str | None,
    language: Language,
) -> dict[str, Any]:  # fmt: skip
    """The entry, or what the period came to, and of whom."""
    who = saying.words.name("window" if ledger == "window" else "staff", whom)
    view: dict[str, Any] = {"hall": saying.words.name("hall", hall), "who": who, "whom": whom, "ledger": ledger}
    view |= {"hall_id": hall, "entry": None, "result": None, "period": period}
    if entry is not None:
        return {**view, "entry": entry_lines(look, [entry], language).get(entry)}
    assert period is not None, "a review is of an entry or of a period"
    mine = (cycle.RESULT.c.ledger == ledger, cycle.RESULT.c.whom == whom)
    row = next(iter(cycle.results(look.conn, hall, period, *mine)), None)
    if row is None:
        return view
    return {**view, "result": {"points": f"{points(row.points_cents):.2f}", "grade": _grade(look, row, language)}}


def _grade(look: Look, row: Row[Any], language: Language) -> str:
    """Its name in the book of the period's last month."""
    book = book_of(look.conn, row.hall, months_of(row.period)[-1])
    if book is None:
        return str(row.grade)
    scale = book.window if row.ledger == "window" else book.staff
    name = next((grade.name for grade in scale.grades if grade.id == row.grade), None)
    return pick((name.zh, name.en), language) if name is not None else str(row.grade)
