"""The rows of the registry within somebody's reach (台账), table by table, in pages by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal, or_, select, tuple_

from monitor.access import Principal, refusal
from monitor.store.registry import KINDS
from monitor.store.upsert import Row
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

MOST: Final = 100
TABLES: Final = tuple(KINDS)
SEARCHED: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("halls", "units", "windows", "staff", "items"), ("id", "name")),
    "posts": ("window", "staff"),
    "devices": ("id", "window", "namespace"),
}
"""The columns in which a word is looked for; of posts also the names of person and window."""
_UNITS, _WINDOWS, _STAFF = (KINDS[name].table for name in ("units", "windows", "staff"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked for. `word`: in ids and names; `after`: the key of the last row of the page before."""

    table: str
    word: str = ""
    hall: str | None = None
    after: tuple[Any, ...] | None = None


def rows_of(conn: Connection, who: Principal, asked: Asked, limit: int = MOST) -> list[Row]:
    """The rows by key, one more than `limit` where others follow. Contacts are given to whoever may change them."""
    kind = KINDS[asked.table]
    keys = [kind.table.c[name] for name in kind.key]
    query = _within(who, asked).order_by(*keys)
    if asked.after is not None:
        behind = [
            literal(_typed(name, part), kind.table.c[name].type)
            for name, part in zip(kind.key, asked.after, strict=True)
        ]
        query = query.where(tuple_(*keys) > tuple_(*behind))
    return [_shown(dict(row), who) for row in conn.execute(query.limit(limit + 1)).mappings()]


def count_of(conn: Connection, who: Principal, asked: Asked) -> int:
    """How many there are in all pages."""
    return int(conn.execute(select(func.count()).select_from(_within(who, asked).subquery())).scalar_one())


def row_of(conn: Connection, who: Principal, table: str, key: Sequence[Any]) -> Row:
    """One row. Raises Refused: alike for none and for one beyond reach."""
    kind = KINDS[table]
    if len(key) == len(kind.key):
        same = [kind.table.c[name] == _typed(name, part) for name, part in zip(kind.key, key, strict=True)]
        found = conn.execute(_within(who, Asked(table=table)).where(*same)).mappings().first()
        if found is not None:
            return _shown(dict(found), who)
    raise Refused(f"{table}: 没有此行 there is no such row", sort="missing")


def key_of(table: str, row: Row) -> tuple[str, ...]:
    """A row's key as text, as it stands in an address."""
    return tuple("" if part == date.min else str(part) for part in KINDS[table].key_of(row))


def require_key(table: str, parts: Sequence[Any]) -> tuple[Any, ...]:
    """The key of an address. Raises Refused for what is none."""
    names = KINDS[table].key
    if len(parts) != len(names) or not all(isinstance(part, str) for part in parts):
        raise Refused(f"{table}: 没有此行 there is no such row", sort="missing")
    return tuple(_typed(name, part) for name, part in zip(names, parts, strict=True))


def _typed(name: str, part: Any) -> Any:
    if name != "valid_from" or isinstance(part, date):
        return part
    try:
        return date.fromisoformat(part) if part else date.min
    except ValueError:
        raise Refused("没有此行 there is no such row", sort="missing") from None


def _shown(row: dict[str, Any], who: Principal) -> dict[str, Any]:
    if "contacts" not in row or refusal(who, "settings:write") is None:
        return row
    return {**row, "contacts": None}


def _within(who: Principal, asked: Asked) -> Select[Any]:
    table = KINDS[asked.table].table
    source, hall = _placed(asked.table, table)
    wanted: list[ColumnElement[bool]] = [within(who, {"hall": hall})]
    if asked.hall is not None:
        wanted.append(hall == asked.hall)
    if asked.word:
        columns = [table.c[name] for name in SEARCHED[asked.table]]
        found = [column.icontains(asked.word, autoescape=True) for column in columns]
        if asked.table == "posts":
            found += [
                table.c[name].in_(select(of.c.id).where(of.c.name.icontains(asked.word, autoescape=True)))
                for name, of in (("staff", _STAFF), ("window", _WINDOWS))
            ]
        wanted.append(or_(*found))
    return select(table).select_from(source).where(*wanted)


def _placed(name: str, table: Table) -> tuple[Any, ColumnElement[Any]]:
    """Where the hall of a row stands: in itself, in its unit or in its window."""
    if name == "halls":
        return table, table.c.id
    if name in ("staff", "items"):
        return table.outerjoin(_UNITS, _UNITS.c.id == table.c.unit), _UNITS.c.hall
    if name == "posts":
        return table.outerjoin(_WINDOWS, _WINDOWS.c.id == table.c.window), _WINDOWS.c.hall
    return table, table.c.hall
