"""Requests (申请) and their history; the plan rows that come of them are `plans`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select, update

from monitor.store.schema import PlanRequest, PlanRequestStep, StaffRow, SubstituteRow
from monitor.store.sql import chunks, table_of

REQUEST: Final = table_of(PlanRequest)
STEP: Final = table_of(PlanRequestStep)
STAFF: Final = table_of(StaffRow)
SUBSTITUTE: Final = table_of(SubstituteRow)
AWAY: Final = ("leave", "trip", "lieu", "outing")
"""Kinds by which somebody is away: two of a person do not overlap."""
PREFIX: Final = "request-"
"""Ids of plan rows that come of requests begin so; the request's number follows."""


def add(conn: Connection, values: Mapping[str, Any]) -> int:
    """A new request; its number."""
    return int(conn.execute(insert(REQUEST).returning(REQUEST.c.number), [dict(values)]).scalar_one())


def find(conn: Connection, number: int, *, lock: bool = False) -> Row[Any] | None:
    query = select(REQUEST).where(REQUEST.c.number == number)
    return conn.execute(query.with_for_update() if lock else query).first()


def change(conn: Connection, number: int, values: Mapping[str, Any]) -> None:
    conn.execute(update(REQUEST).where(REQUEST.c.number == number).values(**values))


def log(conn: Connection, values: Mapping[str, Any]) -> None:
    """A step of the history."""
    conn.execute(insert(STEP), [dict(values)])


def history(conn: Connection, number: int) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = conn.execute(
        select(STEP).where(STEP.c.request == number).order_by(STEP.c.sequence)
    ).all()
    return rows


def lock_person(conn: Connection, staff: str) -> None:
    """Whoever files or approves something of this person at the same time waits: two rows that overlap would both be
    taken otherwise.
    """
    conn.execute(select(STAFF.c.id).where(STAFF.c.id == staff).with_for_update())


def forget_words(conn: Connection, which: ColumnElement[bool]) -> int:
    """Reason, letter and kind of leave of these requests; how many had any."""
    had = or_(REQUEST.c.reason != "", REQUEST.c.letter.is_not(None), REQUEST.c.leave_kind.is_not(None))
    gone = update(REQUEST).where(which, had).values(reason="", letter=None, leave_kind=None)
    return int(conn.execute(gone).rowcount)


def forget_person(conn: Connection, kind: str, person: str) -> dict[str, int]:
    """What erasing a person takes of requests: of staff the words about them, of a user those that they wrote."""
    about = select(REQUEST.c.number).where(REQUEST.c.staff == person)
    if kind == "staff":
        words = forget_words(conn, REQUEST.c.staff == person)
        steps = update(STEP).where(STEP.c.request.in_(about), STEP.c.why != "")
    else:
        words = forget_words(conn, REQUEST.c.filed_by == person)
        steps = update(STEP).where(STEP.c.actor == person, STEP.c.why != "")
    gone = {"plan_request": words, "plan_request_step": int(conn.execute(steps.values(why="")).rowcount)}
    return {table: number for table, number in gone.items() if number}


def pending_away(conn: Connection, staff: str, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Undecided requests by which a person would be away within [start, end), by number."""
    query = select(REQUEST).where(
        REQUEST.c.staff == staff, REQUEST.c.state == "pending", REQUEST.c.kind.in_(AWAY),
        REQUEST.c.starts < end, REQUEST.c.ends > start,
    )  # fmt: skip
    rows: Sequence[Row[Any]] = conn.execute(query.order_by(REQUEST.c.number)).all()
    return rows


def pending_of(conn: Connection, staff: str, kind: str) -> Sequence[Row[Any]]:
    """Undecided requests of a person and kind, by number."""
    query = select(REQUEST).where(REQUEST.c.staff == staff, REQUEST.c.state == "pending", REQUEST.c.kind == kind)
    rows: Sequence[Row[Any]] = conn.execute(query.order_by(REQUEST.c.number)).all()
    return rows


def pending_covers(conn: Connection, substitute: str, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Undecided requests in which a person would stand in for somebody within [start, end)."""
    query = select(REQUEST).where(
        REQUEST.c.substitute == substitute, REQUEST.c.state == "pending", REQUEST.c.starts < end, REQUEST.c.ends > start
    )
    rows: Sequence[Row[Any]] = conn.execute(query.order_by(REQUEST.c.number)).all()
    return rows


def stands_in(conn: Connection, staff: Iterable[str], start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Rows of substitutes by which these people stand in somewhere within [start, end), by start."""
    found: list[Row[Any]] = []
    for batch in chunks(sorted(set(staff))):
        where = (
            SUBSTITUTE.c.staff.in_(batch), SUBSTITUTE.c.starts < end, SUBSTITUTE.c.ends > start,
            SUBSTITUTE.c.starts < SUBSTITUTE.c.ends,
        )  # fmt: skip
        found += conn.execute(select(SUBSTITUTE).where(*where).order_by(SUBSTITUTE.c.starts, SUBSTITUTE.c.id)).all()
    return found


def returns_from(conn: Connection, about: str) -> Sequence[Row[Any]]:
    """Requests that end this leave (`TABLE/ID`) and are neither refused nor withdrawn, by number."""
    query = select(REQUEST).where(REQUEST.c.about == about, REQUEST.c.state.in_(("pending", "approved")))
    rows: Sequence[Row[Any]] = conn.execute(query.order_by(REQUEST.c.number)).all()
    return rows


def written_by(conn: Connection, table: str, plan: str) -> Row[Any] | None:
    """The request of which a plan row came; None for one that was imported."""
    number = plan.removeprefix(PREFIX)
    if not plan.startswith(PREFIX) or not number.isdecimal() or len(number) > 18:
        return None
    row = find(conn, int(number))
    return row if row is not None and (row.plans or {}).get(table) == plan else None


def corrections_pending(conn: Connection, staff: str, first: date, last: date) -> int:
    """Undecided corrections of a person for the days first … last."""
    return sum(first <= row.day <= last for row in pending_of(conn, staff, "correction") if row.day is not None)
