"""Small SQL helpers that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, column, select, tuple_, values
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
CHUNK: Final = 500
"""Rows of one statement: far below SQLite's limit of bound parameters with the widest table."""


def table_of(model: type[Any]) -> Table:
    """The Core table of a SQLModel class."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def insert(conn: Connection, table: Table) -> Any:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, for the dialect of the connection."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Any:
    """The same for a dialect by its name: a statement can then be made once and kept."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def chunks(rows: Sequence[T] | Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The rows in lists of at most `size`."""
    batch: list[T] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def among(columns: Sequence[Column[Any]], keys: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
    """The columns are those of one of the keys. Not `tuple_(…).in_(keys)`: SQLite looks for that through every row, and
    for the same values as a SELECT in the index.
    """
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    names = [column(f"k{n}", one.type) for n, one in enumerate(columns)]
    wanted = values(*names, name="wanted").data([tuple(key) for key in keys]).cte("wanted")
    return tuple_(*columns).in_(select(*wanted.columns))


def prefix_end(prefix: str) -> str:
    """The least string above all with the prefix; `key >= prefix AND key < prefix_end(prefix)` uses an index."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
