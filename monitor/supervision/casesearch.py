"""Search among cases (办件查询): what is asked for as conditions on the rows of statistics, one page at a time.

Reads `case_stat` alone. Cases that are not over are found by the index of open ones, the others by that of ended ones:
in the order of receipt, or, where little fits, by one look over it that touches no row of the table. Both are kept so
that they cost a judge next to nothing while a case is open; an index on every filter would cost them each verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, literal, or_, select, true

from monitor.access import Principal
from monitor.store.casestats import STAT
from monitor.store.schema import StaffRow
from monitor.store.sql import table_of
from monitor.supervision.reach import within
from monitor.workcal.tables import micros

State: TypeAlias = Literal[
    "waiting", "running", "near", "overdue", "paused", "completed", "late", "left", "historic"
]  # fmt: skip
CASE_STATES: Final[tuple[State, ...]] = get_args(State)
"""Not accepted yet; accepted and not ended, of these due soon, past the limit, paused; completed, of these too late;
rejected, withdrawn or returned; taken by a history import. What is open, and what is due, is told of without imported
history, as on the board: nobody works on it.
"""
OPEN_STATES: Final = frozenset({"waiting", "running", "near", "overdue", "paused"})
NAMESPACES_MOST: Final = 200
CONTAINED_LEAST: Final = 3
"""So many characters of a number are looked for inside of numbers, fewer only at their beginning."""
LAST_US: Final = 2**62
HIGHEST: Final = "\U0010ffff"
"""Stands behind every other character: what begins with a text lies before the text with this."""
STAFF: Final = table_of(StaffRow)


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFilter:
    """What is looked for; None: any. `who` sees what lies within their reach.

    `number`: the beginning of a case number, or what it contains where none begins so. `items`, `staff`: ids, of which
    one has to be the case's. `received`: [from, to). `due`: [from, to), of open cases. `near`: the instant before which
    a case that is not overdue has to be due, for the state `near`.
    """

    who: Principal
    number: str | None = None
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    items: tuple[str, ...] | None = None
    staff: tuple[str, ...] | None = None
    state: State | None = None
    received: tuple[datetime | None, datetime | None] = (None, None)
    due: tuple[datetime | None, datetime | None] | None = None
    near: datetime | None = None

    @property
    def by_due(self) -> bool:
        """Whether the list goes by the day they are due, the first one first; else by receipt, the newest first."""
        return self.due is not None or self.state in OPEN_STATES


def find_cases(
    conn: Connection, chosen: CaseFilter, limit: int, after: tuple[int, str] | None
) -> list[tuple[int, str]]:
    """(place, key) of up to `limit` + 1 cases behind `after`, in the order of `by_due`.

    1. The open cases, of which there are few. 2. Those that are over, by their index. 3. Of these the few that nobody
    received or accepted, which come last. Then the first ones of them all.
    """
    wanted = conditions(conn, chosen)
    is_open = STAT.c.ended_us.is_(None)
    if chosen.by_due:
        place = func.coalesce(STAT.c.due_us, literal(LAST_US))
        return _first(conn, place, and_(is_open, wanted), limit, after, rising=True)
    place = func.coalesce(STAT.c.received_us, 0)
    found = _first(conn, place, and_(is_open, wanted), limit, after, rising=False) if _may_be_open(chosen) else []
    over = and_(STAT.c.ended_us.is_not(None), wanted)
    found += _first(conn, STAT.c.received_us, and_(STAT.c.received_us.is_not(None), over), limit, after, rising=False)
    found += _first(conn, place, and_(STAT.c.received_us.is_(None), over), limit, after, rising=False)
    return sorted(found, reverse=True)[: limit + 1]


def _first(
    conn: Connection,
    place: ColumnElement[Any],
    wanted: ColumnElement[bool],
    limit: int,
    after: tuple[int, str] | None,
    *,
    rising: bool,
) -> list[tuple[int, str]]:
    query = select(place.label("place"), STAT.c.case_key).where(wanted)
    if after is not None:
        query = query.where(_behind(place, after, rising=rising))
    order = (place, STAT.c.case_key) if rising else (place.desc(), STAT.c.case_key.desc())
    return [(int(row.place), row.case_key) for row in conn.execute(query.order_by(*order).limit(limit + 1))]


def _may_be_open(chosen: CaseFilter) -> bool:
    return chosen.state in (None, "historic")


def open_dues(conn: Connection, chosen: CaseFilter) -> list[tuple[int, bool]]:
    """(when it is due in microseconds, whether it is overdue) of every open case among the chosen that has a limit."""
    query: Select[Any] = select(STAT.c.due_us, STAT.c.overdue_us.is_not(None).label("overdue"))
    query = query.where(conditions(conn, chosen), _open(), STAT.c.due_us.is_not(None))
    return [(int(row.due_us), bool(row.overdue)) for row in conn.execute(query)]


def conditions(conn: Connection, chosen: CaseFilter) -> ColumnElement[bool]:
    """The whole condition; the beginning of a number is looked up by the table's key."""
    found = [within(chosen.who, STAT.c), _state(chosen), *_span("received_us", chosen.received)]
    for name in ("hall", "unit", "window"):
        value = getattr(chosen, name)
        if value is not None:
            found.append(STAT.c[name] == value)
    if chosen.items is not None:
        found.append(STAT.c.item.in_(chosen.items) if chosen.items else false())
    if chosen.staff is not None:
        found.append(STAT.c.staff.in_(chosen.staff) if chosen.staff else false())
    if chosen.due is not None:
        found += [_open(), *_span("due_us", chosen.due)]
    if chosen.number:
        found.append(_numbered(conn, chosen.number, found[0]))
    return and_(*found)


def staff_named(conn: Connection, text: str, most: int) -> tuple[str, ...]:
    """Ids of the people with this id, else of up to `most` whose name contains the text."""
    if conn.execute(select(STAFF.c.id).where(STAFF.c.id == text)).first() is not None:
        return (text,)
    named = select(STAFF.c.id).where(STAFF.c.name.icontains(text, autoescape=True)).order_by(STAFF.c.id)
    return tuple(conn.execute(named.limit(most)).scalars()) or (text,)


def _behind(place: ColumnElement[Any], after: tuple[int, str], *, rising: bool) -> ColumnElement[bool]:
    at, key = after
    if rising:
        return or_(place > at, and_(place == at, STAT.c.case_key > key))
    return or_(place < at, and_(place == at, STAT.c.case_key < key))


def _span(column: str, span: tuple[datetime | None, datetime | None]) -> list[ColumnElement[bool]]:
    start, end = span
    found: list[ColumnElement[bool]] = []
    if start is not None:
        found.append(STAT.c[column] >= micros(start))
    if end is not None:
        found.append(STAT.c[column] < micros(end))
    return found


def _open() -> ColumnElement[bool]:
    """`ended_us IS NULL` is the condition of the index."""
    return and_(STAT.c.ended_us.is_(None), STAT.c.historic == false())


def _state(chosen: CaseFilter) -> ColumnElement[bool]:
    is_open, accepted = _open(), STAT.c.accepted_us.is_not(None)
    late = STAT.c.overdue_us.is_not(None)
    match chosen.state:
        case None:
            return true()
        case "waiting":
            return and_(is_open, STAT.c.accepted_us.is_(None))
        case "running":
            return and_(is_open, accepted)
        case "near":
            until = micros(chosen.near) if chosen.near is not None else LAST_US
            return and_(is_open, STAT.c.overdue_us.is_(None), STAT.c.due_us < until)
        case "overdue":
            return and_(is_open, late)
        case "paused":
            return and_(is_open, STAT.c.paused_us.is_not(None))
        case "completed":
            return STAT.c.end == "completed"
        case "late":
            return and_(STAT.c.end == "completed", late)
        case "left":
            return and_(STAT.c.end.is_not(None), STAT.c.end != "completed")
        case "historic":
            return STAT.c.historic != false()


def _numbered(conn: Connection, text: str, reach: ColumnElement[bool]) -> ColumnElement[bool]:
    """Numbers that begin so in any namespace; where none within reach does, those that contain it. Small letters find
    great ones, too.
    """
    texts = sorted({text, text.upper()})
    starts = [*texts, *(f"{name}/{one}" for name in namespaces(conn) for one in texts)]
    begins = or_(*(_begins(STAT.c.case_key, start) for start in starts))
    if conn.execute(select(STAT.c.case_key).where(begins, reach).limit(1)).first() is not None:
        return or_(*(_begins(_KEY, start) for start in starts))
    if len(text) < CONTAINED_LEAST:
        return false()
    return or_(*(_KEY.contains(one, autoescape=True) for one in texts))


_KEY: Final = func.coalesce(STAT.c.case_key, "")
"""The key where it must not lead to the table's own key: half a year's cases may begin alike, and would be sorted."""


def _begins(key: ColumnElement[str], start: str) -> ColumnElement[bool]:
    return and_(key >= start, key < start + HIGHEST)


def namespaces(conn: Connection) -> Sequence[str]:
    """The namespaces that cases have, each found by one step along the table's key."""
    found: list[str] = []
    after = ""
    while len(found) < NAMESPACES_MOST:
        key = conn.execute(
            select(STAT.c.case_key).where(STAT.c.case_key >= after).order_by(STAT.c.case_key).limit(1)
        ).scalar()
        if key is None:
            break
        found.append(key.partition("/")[0])
        after = f"{found[-1]}/{HIGHEST}"
    return found
