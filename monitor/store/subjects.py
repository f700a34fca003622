"""Subjects: marked when a fact comes, woken when the watermark they wait for moves (DESIGN §1B, §10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, case, or_, select, update

from monitor.model import SubjectRef
from monitor.store.schema import Subject, SubjectWait
from monitor.store.sql import chunks, insert, prefix_end, table_of

SUBJECT: Final = table_of(Subject)
WAIT: Final = table_of(SubjectWait)
BORN_BY_FACTS: Final = frozenset({"case", "task", "rating", "device", "source", "order", "hall", "calendar"})
"""Kinds whose row the first fact makes; slots and posts exist before any event does (DESIGN §1C)."""


def _sooner(due: datetime) -> dict[str, object]:
    """Every mark bumps the version, so that one between a judge's read and its compare-and-set is not overwritten."""
    column = SUBJECT.c.next_check_at
    return {
        "version": SUBJECT.c.version + 1,
        "next_check_at": case((or_(column.is_(None), column > due), due), else_=column),
    }


def mark(conn: Connection, refs: Iterable[SubjectRef], *, due: datetime, historic: bool = False) -> None:
    """Mark subjects as touched: judged again at `due` or earlier; rows of BORN_BY_FACTS are made when missing.

    A key ending in "/" of a slot or post means all subjects with that prefix (`STAFF/DATE/`, `WINDOW/DATE/`).
    Rows are touched in the order of (kind, key), so that concurrent writers lock in one order.
    """
    ordered = sorted(set(refs))
    born = [r for r in ordered if r.kind in BORN_BY_FACTS]
    for batch in chunks(born):
        rows = [
            {"kind": r.kind, "key": r.key, "version": 1, "next_check_at": due, "verdict": "pending",
             "historic": historic, "failures": 0}
            for r in batch
        ]  # fmt: skip
        statement = insert(conn, SUBJECT).values(rows)
        conn.execute(statement.on_conflict_do_update(index_elements=["kind", "key"], set_=_sooner(due)))
    planned = [r for r in ordered if r.kind not in BORN_BY_FACTS]
    for batch in chunks(planned, 100):
        conn.execute(update(SUBJECT).where(or_(*(_matches(r) for r in batch))).values(_sooner(due)))


def _matches(ref: SubjectRef):  # type: ignore[no-untyped-def]
    if ref.key.endswith("/"):
        return and_(SUBJECT.c.kind == ref.kind, SUBJECT.c.key >= ref.key, SUBJECT.c.key < prefix_end(ref.key))
    return and_(SUBJECT.c.kind == ref.kind, SUBJECT.c.key == ref.key)


def wake(conn: Connection, source: str, *, until: datetime, due: datetime) -> None:
    """Mark exactly the subjects that wait for `source` to reach `until` or earlier (a watermark moved there)."""
    waiting = select(WAIT.c.subject).where(WAIT.c.source == source, WAIT.c.until <= until)
    conn.execute(update(SUBJECT).where(SUBJECT.c.id.in_(waiting)).values(_sooner(due)))


def wake_all(conn: Connection, *, due: datetime, kinds: Iterable[str] = ()) -> None:
    """Mark every subject that may still change (after a change of registry, plans, calendar or policy)."""
    statement = update(SUBJECT).where(SUBJECT.c.next_check_at.is_not(None)).values(_sooner(due))
    wanted = list(kinds)
    conn.execute(statement.where(SUBJECT.c.kind.in_(wanted)) if wanted else statement)
