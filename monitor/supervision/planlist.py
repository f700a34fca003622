"""Plans (报备) within somebody's reach: the rows of one kind within a span, in pages; the rota of a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, false, func, literal, or_, select, true, tuple_

from monitor.access import Principal, reaches_all
from monitor.model import require_aware
from monitor.store import plans, registry
from monitor.store.upsert import Row

MOST: Final = 100
PLANS: Final = tuple(plans.KINDS)
_UNITS, _WINDOWS, _STAFF = (registry.KINDS[name].table for name in ("units", "windows", "staff"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """`first`, `last`: days, both included. `word`: in the id, and in ids and names of people and windows. `after`:
    (begin, id) of the last row of the page before.
    """

    kind: str
    first: date
    last: date
    word: str = ""
    hall: str | None = None
    after: tuple[Any, str] | None = None


def plans_of(conn: Connection, who: Principal, asked: Asked, limit: int = MOST) -> list[Row]:
    """Rows that touch the days, by begin and id; one more than `limit` where others follow."""
    table = plans.KINDS[asked.kind].table
    begins = _begins(asked.kind)
    wanted = [*_touching(asked), _theirs(table.c, who, asked.hall)]
    if asked.word:
        wanted.append(_about(table.c, asked.word))
    if asked.after is not None:
        behind = [literal(asked.after[0], begins.type), literal(asked.after[1], table.c.id.type)]
        wanted.append(tuple_(begins, table.c.id) > tuple_(*behind))
    query = select(table).where(*wanted).order_by(begins, table.c.id).limit(limit + 1)
    return [dict(row) for row in conn.execute(query).mappings()]


def counts_of(conn: Connection, who: Principal, asked: Asked) -> dict[str, int]:
    """How many rows of each kind touch the days."""
    found = {}
    for kind in PLANS:
        table = plans.KINDS[kind].table
        one = Asked(kind=kind, first=asked.first, last=asked.last, hall=asked.hall)
        query = select(func.count()).select_from(table).where(*_touching(one), _theirs(table.c, who, asked.hall))
        found[kind] = int(conn.execute(query).scalar_one())
    return found


def begin_of(kind: str, row: Row) -> str:
    """Where a row stands in its list, as text: of a cursor."""
    value = row[_begin_name(kind)]
    return (value or date.min).isoformat()


def opened_begin(kind: str, text: str) -> Any:
    """Back from `begin_of`. Raises ValueError for anything else."""
    if _begin_name(kind) != "starts":
        return date.fromisoformat(text)
    return require_aware(datetime.fromisoformat(text), "begin")


def rota_of(conn: Connection, who: Principal, first: date, last: date, hall: str | None = None) -> list[Row]:
    """The duty rota (值班) of the days first … last, by day and role."""
    table = plans.KINDS["rota"].table
    mine = (table.c.day.between(first, last), _theirs(table.c, who, hall))
    query = select(table).where(*mine).order_by(table.c.day, table.c.role, table.c.id)
    return [dict(row) for row in conn.execute(query).mappings()]


def _begin_name(kind: str) -> str:
    columns = plans.KINDS[kind].table.c
    return next(name for name in ("starts", "day", "valid_from") if name in columns)


def _begins(kind: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = plans.KINDS[kind].table.c[_begin_name(kind)]
    return func.coalesce(column, literal(date.min, column.type)) if _begin_name(kind) == "valid_from" else column


def _touching(asked: Asked) -> list[ColumnElement[bool]]:
    columns, name = plans.KINDS[asked.kind].table.c, _begin_name(asked.kind)
    if name == "day":
        return [columns.day.between(asked.first, asked.last)]
    if name == "valid_from":
        begun = or_(columns.valid_from.is_(None), columns.valid_from <= asked.last)
        return [begun, or_(columns.valid_to.is_(None), columns.valid_to > asked.first)]
    start = datetime.combine(asked.first, time(tzinfo=UTC)) - timedelta(hours=14)
    end = datetime.combine(asked.last, time(tzinfo=UTC)) + timedelta(days=1, hours=12)
    return [columns.starts < end, columns.ends > start]


def _theirs(columns: Any, who: Principal, hall: str | None) -> ColumnElement[bool]:
    """As `plans.hall_of` has it: its own hall, its window's, its unit's, or that of the person's unit."""
    halls = None if reaches_all(who) else sorted(who.halls)
    if hall is not None:
        halls = [hall] if halls is None or hall in halls else []
    if halls is None:
        return true()
    if not halls:
        return false()
    units = select(_UNITS.c.id).where(_UNITS.c.hall.in_(halls))
    ways: list[ColumnElement[bool]] = []
    if "hall" in columns:
        ways.append(columns.hall.in_(halls))
    if "window" in columns:
        ways.append(columns.window.in_(select(_WINDOWS.c.id).where(_WINDOWS.c.hall.in_(halls))))
    if "unit" in columns:
        ways.append(columns.unit.in_(units))
    if "staff" in columns and "window" not in columns:
        ways.append(columns.staff.in_(select(_STAFF.c.id).where(_STAFF.c.unit.in_(units))))
    return or_(*ways)


def _about(columns: Any, word: str) -> ColumnElement[bool]:
    found = [columns.id.icontains(word, autoescape=True)]
    for name, table in (("staff", _STAFF), ("window", _WINDOWS)):
        if name in columns:
            named = or_(table.c.id.icontains(word, autoescape=True), table.c.name.icontains(word, autoescape=True))
            found.append(and_(columns[name].is_not(None), columns[name].in_(select(table.c.id).where(named))))
    return or_(*found)


def by_day(rows: Sequence[Row]) -> Mapping[date, Mapping[str, list[str]]]:
    """The rota as a table: people by day and role."""
    found: dict[date, dict[str, list[str]]] = {}
    for row in rows:
        found.setdefault(row["day"], {}).setdefault(row["role"], []).append(row["staff"])
    return found
