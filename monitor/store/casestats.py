"""The rows of statistics, one a case: written with the verdict, summed by SQL (rules.md A.9).

The conditions are those of `timeliness.statistics.counts_of`; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, case, exists, false, func, or_, select, true

from monitor.store import meta
from monitor.store.bulk import BulkInsert
from monitor.store.schema import CaseStatRow, Subject
from monitor.store.sql import insert, table_of
from monitor.store.subjects import is_heard_of
from monitor.timeliness.casestat import CaseStat
from monitor.timeliness.statistics import COUNTED, Counts
from monitor.workcal.tables import micros

STAT: Final = table_of(CaseStatRow)
SUBJECT: Final = table_of(Subject)
By: TypeAlias = Literal["hall", "unit", "window", "item", "staff"]
FILLED: Final = "case_stats"
"""Key in `meta`: set once every case that was judged before there was this table has its row."""
_INSTANTS: Final = {
    name: f"{name.removesuffix('_at')}_us"
    for name in ("received_at", "accepted_at", "ended_at", "overdue_at", "due_at", "paused_at")
}
_COLUMNS: Final = {f.name: _INSTANTS.get(f.name, f.name) for f in fields(CaseStat)}
"""The column of each field."""


def save(conn: Connection, stats: Mapping[str, CaseStat]) -> None:
    """Write the rows of cases by key, in the order of keys; what stands there is overwritten."""
    _SAVE.run(conn, _rows(stats))


def _overwriting(statement: Any) -> Any:
    settable = {column: statement.excluded[column] for column in _COLUMNS.values()}
    return statement.on_conflict_do_update(index_elements=["case_key"], set_=settable)


_SAVE: Final = BulkInsert(STAT, ["case_key", *_COLUMNS.values()], _overwriting)


def fill_in(conn: Connection, stats: Mapping[str, CaseStat]) -> None:
    """As `save`, but a row that stands already is newer and stays."""
    if stats:
        conn.execute(insert(conn, STAT).on_conflict_do_nothing(index_elements=["case_key"]), _rows(stats))


def _rows(stats: Mapping[str, CaseStat]) -> list[dict[str, Any]]:
    return [{"case_key": key, **_row(stats[key])} for key in sorted(stats)]


def _row(stat: CaseStat) -> dict[str, Any]:
    row = {column: getattr(stat, name) for name, column in _COLUMNS.items()}
    for column in _INSTANTS.values():
        row[column] = micros(row[column]) if row[column] is not None else None
    return row


def is_filled(conn: Connection) -> bool:
    return meta.text(conn, FILLED) is not None


def set_filled(conn: Connection) -> None:
    meta.set_text(conn, FILLED, "all")


def without_row(conn: Connection, limit: int) -> list[str]:
    """Keys of judged cases that have no row: judged by a program that did not write one."""
    mine = exists().where(STAT.c.case_key == SUBJECT.c.key)
    query = select(SUBJECT.c.key).where(SUBJECT.c.kind == "case", SUBJECT.c.judged_at.is_not(None), ~mine)
    return list(conn.execute(query.order_by(SUBJECT.c.key).limit(limit)).scalars())


def not_up_to_date(conn: Connection, now: datetime) -> list[str]:
    """Keys of the cases whose row does not say what is known at `now`: due to be judged, or never judged with one.

    Not those of which nothing is received by then.
    """
    due = select(SUBJECT.c.key).where(SUBJECT.c.kind == "case", SUBJECT.c.next_check_at <= now)
    found = set(conn.execute(due).scalars())
    cases = conn.execute(select(func.count()).select_from(SUBJECT).where(SUBJECT.c.kind == "case")).scalar_one()
    if cases != conn.execute(select(func.count()).select_from(STAT)).scalar_one():
        mine = exists().where(STAT.c.case_key == SUBJECT.c.key)
        never = select(SUBJECT.c.key).where(SUBJECT.c.kind == "case", ~mine, is_heard_of(now))
        found |= set(conn.execute(never).scalars())
    return sorted(found)


def overdue(conn: Connection) -> list[str]:
    """Keys of the cases that passed the limit they are measured by."""
    return list(conn.execute(select(STAT.c.case_key).where(STAT.c.overdue_us.is_not(None))).scalars())


def sums(
    conn: Connection,
    start: datetime,
    end: datetime,
    *,
    hall: str | None = None,
    group: Sequence[str] = (),
    without_due_at: datetime | None = None,
    among: ColumnElement[bool] | None = None,
) -> dict[tuple[str | None, ...], Counts]:
    """The counts of [start, end) by the values of the columns `group`; without any, one sum under the empty tuple.

    `without_due_at`: cases that are due to be judged at this time are left out. `among`: only the rows of which this
    holds.
    """
    groups = [STAT.c[name] for name in group]
    counted = [func.count().filter(condition).label(name) for name, condition in _conditions(start, end).items()]
    query = select(*groups, *counted)
    query = query.where(*_among(hall, without_due_at, among))
    if groups:
        query = query.group_by(*groups)
    wide = len(groups)
    return {tuple(row[:wide]): Counts(**dict(zip(COUNTED, row[wide:], strict=True))) for row in conn.execute(query)}


def _among(
    hall: str | None, without_due_at: datetime | None, among: ColumnElement[bool] | None
) -> list[ColumnElement[bool]]:
    found = [] if hall is None else [STAT.c.hall == hall]
    if without_due_at is not None:
        due = select(SUBJECT.c.key).where(SUBJECT.c.kind == "case", SUBJECT.c.next_check_at <= without_due_at)
        found.append(STAT.c.case_key.not_in(due))
    return found if among is None else [*found, among]


TREND: Final = ("received", "completed", "on_time", "promised_completed", "promised_on_time", "open_overdue")


def trend(
    conn: Connection,
    edges: Sequence[datetime],
    *,
    hall: str | None = None,
    without_due_at: datetime | None = None,
    among: ColumnElement[bool] | None = None,
) -> list[dict[str, int]]:
    """The counts TREND of each span between two neighbouring edges, by three looks over the rows however many spans.

    The conditions are those of `sums`; a test holds the two against each other.
    """
    marks = [micros(edge) for edge in edges]
    chosen = _among(hall, without_due_at, among)
    found = [dict.fromkeys(TREND, 0) for _ in marks[1:]]
    for at, counted in _COUNTED_AT.items():
        span = case(*((STAT.c[at] < mark, n) for n, mark in enumerate(marks[1:])), else_=len(found))
        sums_of = [func.count().filter(condition).label(name) for name, condition in counted.items()]
        query = select(span.label("span"), *sums_of).where(STAT.c[at] >= marks[0], STAT.c[at] < marks[-1], *chosen)
        for row in conn.execute(query.group_by(span)):
            found[row.span].update({name: int(getattr(row, name)) for name in counted})
    late = (STAT.c.overdue_us.is_not(None), *chosen)
    ends = [_conditions(start, end)["open_overdue"] for start, end in zip(edges, edges[1:], strict=False)]
    open_late = conn.execute(select(*(func.count().filter(condition) for condition in ends)).where(*late)).one()
    for row_of, count in zip(found, open_late, strict=True):
        row_of["open_overdue"] = int(count)
    return found


_COMPLETED: Final = STAT.c.end == "completed"
_IN_TIME: Final = and_(_COMPLETED, STAT.c.overdue_us.is_(None))
_COUNTED_AT: Final[Mapping[str, Mapping[str, ColumnElement[bool]]]] = {
    "received_us": {"received": true()},
    "ended_us": {
        "completed": _COMPLETED,
        "on_time": _IN_TIME,
        "promised_completed": and_(_COMPLETED, STAT.c.kind == "promised"),
        "promised_on_time": and_(_IN_TIME, STAT.c.kind == "promised"),
    },
}
"""By the instant that puts a case into a span, what is counted there."""


def _conditions(start: datetime, end: datetime) -> dict[str, ColumnElement[bool]]:
    first, last = micros(start), micros(end)

    def within(column: str) -> ColumnElement[bool]:
        return and_(STAT.c[column] >= first, STAT.c[column] < last)

    completed = and_(within("ended_us"), STAT.c.end == "completed")
    is_open = and_(STAT.c.accepted_us < last, or_(STAT.c.ended_us.is_(None), STAT.c.ended_us >= last))
    found = {
        "received": within("received_us"),
        "accepted": within("accepted_us"),
        "completed": completed,
        "on_time": and_(completed, STAT.c.overdue_us.is_(None)),
        "early": and_(completed, STAT.c.early != false()),
        "left": and_(within("ended_us"), STAT.c.end != "completed"),
        "open": is_open,
        "open_overdue": and_(is_open, STAT.c.overdue_us <= last),
    }
    return {name: found[name] for name in COUNTED}
