"""Marks (人工登记) as people read them: those of a month, one with its files and what became of it. Within reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from monitor.access import Principal, refusal
from monitor.model import Registry
from monitor.store import ledgers, markfiles, marks
from monitor.store.sql import chunks
from monitor.supervision.assessment.ledgerlist import READ, require_hall, theirs
from monitor.supervision.assessment.marks import SOURCE, find_mark, require_may_withdraw
from monitor.supervision.assessment.months import month_after
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkFile:
    """A mark, its words (None: erased), its files without their content, what was proposed of it within reach (rows of
    `score_proposal` by number), and why the reader may not withdraw it.
    """

    row: Row[Any]
    text: str | None
    files: Sequence[Row[Any]]
    proposals: Sequence[Row[Any]]
    why_not: str | None


def list_marks(
    conn: Connection, registry: Registry, who: Principal, hall: str, month: str, *, limit: int | None = None,
    after: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """What was entered of a month, within reach, the newest first; withdrawn ones too. `after`: the number behind which
    to go on. Raises Refused.
    """
    _require_reader(who)
    require_hall(registry, who, hall)
    first = date.fromisoformat(f"{month}-01")
    last = date.fromisoformat(f"{month_after(month)}-01") - timedelta(days=1)
    rows = marks.listed(conn, hall, first, last, within(who, marks.MARK.c), limit, after)
    texts = marks.texts_of(conn, [row.id for row in rows])
    return [mark_json(row, registry, texts.get(row.id)) for row in rows]


def states_of(conn: Connection, who: Principal, hall: str, numbers: Sequence[int]) -> dict[int, list[str]]:
    """What became of these marks: states of their proposals within reach, by number; none yet, where it is missing."""
    facts = {f"{SOURCE}:{number}": number for number in numbers}
    table = ledgers.PROPOSAL
    query = select(table.c.fact, table.c.state).where(
        table.c.hall == hall, table.c.source == SOURCE, table.c.fact.in_(facts), theirs(who, table)
    )
    found: dict[int, list[str]] = {}
    for fact, state in conn.execute(query.order_by(table.c.id)):
        found.setdefault(facts[fact], []).append(state)
    return found


def texts_within(conn: Connection, who: Principal, numbers: Sequence[int]) -> dict[int, str | None]:
    """The words of those of these marks that lie within reach; None where they were erased."""
    table, found = marks.MARK, list[int]()
    for batch in chunks(sorted(set(numbers))):
        found += conn.execute(select(table.c.id).where(table.c.id.in_(batch), within(who, table.c))).scalars()
    texts = marks.texts_of(conn, found)
    return {number: texts.get(number) for number in found}


def events_of(conn: Connection, who: Principal, hall: str, row: str) -> list[str]:
    """How happenings were called that were entered under a row, within reach, the newest first, at most twenty."""
    table = marks.MARK
    query = select(table.c.event).where(
        table.c.hall == hall, table.c.row == row, table.c.event != "", table.c.withdrawn_at.is_(None),
        within(who, table.c),
    )  # fmt: skip
    grouped = query.group_by(table.c.event).order_by(func.max(table.c.id).desc()).limit(20)
    return list(conn.execute(grouped).scalars())


def mark_file(conn: Connection, who: Principal, number: int) -> MarkFile:
    """One mark with all of it. Raises Refused."""
    _require_reader(who)
    row = find_mark(conn, who, number)
    table = ledgers.PROPOSAL
    mine = (table.c.hall == row.hall, table.c.source == SOURCE, table.c.fact == f"{SOURCE}:{number}")
    asked = conn.execute(select(table).where(*mine, theirs(who, table)).order_by(table.c.id)).all()
    try:
        require_may_withdraw(conn, who, row)
        why_not = None
    except Refused as error:
        why_not = error.text
    text = marks.texts_of(conn, [number]).get(number)
    return MarkFile(
        row=row, text=text, files=markfiles.of_mark(conn, number), proposals=asked, why_not=why_not
    )  # fmt: skip


def files_of(conn: Connection, who: Principal, number: int) -> Sequence[Row[Any]]:
    """The files of a mark within reach, without their content (`markfiles.of_mark`). Raises Refused."""
    _require_reader(who)
    find_mark(conn, who, number)
    return markfiles.of_mark(conn, number)


def file_of(conn: Connection, who: Principal, number: int, file: int) -> Row[Any]:
    """One of them with its content. Raises Refused, also where the content was erased."""
    _require_reader(who)
    find_mark(conn, who, number)
    found = markfiles.content(conn, number, file)
    if found is None or found.content is None:
        raise Refused(f"#{number}: 没有这个附件，或已清除 there is no such file, or it is erased", sort="missing")
    return found


def mark_json(row: Row[Any], registry: Registry, text: str | None) -> dict[str, Any]:
    """A mark with fixed names, its words: None where they were erased."""
    zone = registry.zone_of(row.hall)
    plain = ("hall", "row", "rung", "event", "unit", "window", "staff", "document", "entered_by", "withdrawn_by")
    instants = {
        name: at.astimezone(zone).isoformat() if (at := getattr(row, name)) is not None else None
        for name in ("entered_at", "withdrawn_at")
    }
    return {
        "id": row.id, **{name: getattr(row, name) for name in plain}, "date": row.date.isoformat(),
        "amount": str(ledgers.points(row.amount_cents)), **instants, "text": text,
    }  # fmt: skip


def _require_reader(who: Principal) -> None:
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
