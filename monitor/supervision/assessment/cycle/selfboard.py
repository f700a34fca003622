"""A month's self-assessments (自评) side by side: claimed, by the ledger, and as reviewed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select

from monitor.access import Principal, refusal
from monitor.assessment.scores import CENT, month_score, months_needed
from monitor.store import closedperiods, cycle, ledgers
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle.ground import READ, require_period
from monitor.supervision.reach import windows_within
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """The windows' scores of a month by their ledgers. `signed`: as they were signed off; else as they stand now, by
    the rule book `book`; without one there are none.
    """

    scores: Mapping[str, Decimal]
    signed: bool = False
    book: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One window: its self-assessment and the task that asks for it, as far as there are such."""

    window: str
    unit: str | None
    row: Row[Any] | None
    task: Row[Any] | None
    score: Decimal | None

    def late(self, look: Look) -> bool:
        """It was due and is not here, or came after its due."""
        if self.task is None or self.task.lifted_by is not None:
            return False
        if self.task.done_at is not None:  # by the first one: to hand in anew makes nothing late
            return bool(self.task.done_at > self.task.due)
        return self.row is None and bool(look.now > self.task.due)


def beside(look: Look, hall: str, month: str, windows: Collection[str]) -> Beside:
    """What is signed is read from what was kept; an open month's is summed up from its entries. No facts are read."""
    book = book_of(look.conn, hall, month)
    closed = cycle.closed(look.conn, hall, month)
    if closed is not None:
        found = closedperiods.results_of(look.conn, hall, [month])
        scores = {one.whom: one.points for one in found if one.ledger == "window" and one.whom in windows}
        return Beside(scores=scores, signed=True, book=closed.book)
    if book is None:
        return Beside(scores={})
    entries = ledgers.entries_of(look.conn, hall, months=months_needed(month, book))
    of = {one: [entry for entry in entries if entry.key.whom == one] for one in windows}
    scores = {one: month_score("window", one, month, of[one], book).points.quantize(CENT) for one in windows}
    return Beside(scores=scores, book=book.version)


def board(look: Look, who: Principal, hall: str, month: str) -> tuple[Sequence[Line], Beside]:
    """Every window of the hall within reach. Raises Refused."""
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    require_period(month, "month")
    reached = windows_within(look.registry, who)
    windows = sorted(w.id for w in look.registry.windows.values() if w.hall == hall and w.id in reached)
    scored = beside(look, hall, month, windows)
    rows = _by_window(look, cycle.SELF, cycle.SELF.c.hall == hall, cycle.SELF.c.month == month)
    tasks = _by_window(
        look, cycle.TASK, cycle.TASK.c.hall == hall, cycle.TASK.c.sort == "self", cycle.TASK.c.period == month
    )
    lines = [
        Line(
            window=one, unit=look.registry.windows[one].unit, row=rows.get(one), task=tasks.get(one),
            score=scored.scores.get(one),
        )
        for one in windows
    ]  # fmt: skip
    return lines, scored


def _by_window(look: Look, table: Any, *wanted: Any) -> dict[str, Row[Any]]:
    return {row.window: row for row in look.conn.execute(select(table).where(*wanted)) if row.window}
