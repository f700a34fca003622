"""INSERT of many rows by the driver: compiled once, a few fixed sizes, no object for each row (docs/adr/0015).

SQLAlchemy's own way through many rows costs ten times what SQLite does with them. Statement, types and errors are
SQLAlchemy's here too; only the way of the values to the driver is short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, DateTime, Dialect, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from monitor.store.sql import insert

SIZES: Final = (64, 8, 1)
"""Rows of one statement. Few sizes, so that the databases have them prepared; larger ones gain nothing."""
_POSITIONAL: Final[Mapping[str, Dialect]] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}

Process = Callable[[Any], Any]


class _Text(NamedTuple):
    """A statement for the driver, and the values that follow those of the rows."""

    sql: str
    after: tuple[Any, ...]


class BulkInsert:
    """INSERT of rows that are dictionaries with all of `columns` (more is left out).

    `conflict` adds the ON CONFLICT clause. `returning`: columns to read back, of types that need no conversion.
    """

    def __init__(
        self, table: Table, columns: Sequence[str], conflict: Callable[[Any], Any], *, returning: Sequence[str] = ()
    ) -> None:
        # the table's order, which is the order of the statement's parameters
        self._columns = [column for column in table.columns if column.name in set(columns)]
        if len(self._columns) != len(columns) or len(columns) < 2:
            raise ValueError(f"{table.name}: two columns of its own or more, not {', '.join(columns)}")
        self._table, self._conflict, self._returning = table, conflict, returning
        self._pick: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*(c.name for c in self._columns))
        self._texts: dict[tuple[str, int], _Text] = {}
        self._processes: dict[str, list[Process | None]] = {}

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Insert the rows in their order; what `returning` gives of those that were inserted or changed."""
        found: list[tuple[Any, ...]] = []
        if not rows:
            return found
        ready = self._driver_rows(conn.dialect.name, rows)
        for some in _in_sizes(ready):
            text = self._text(conn, len(some))
            result = conn.exec_driver_sql(text.sql, (*chain.from_iterable(some), *text.after))
            if self._returning:
                found += [tuple(row) for row in result]
        return found

    def _driver_rows(self, dialect: str, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Values as the driver takes them; converted by column, which is a loop in C."""
        if dialect not in self._processes:
            self._processes[dialect] = [_process(column, dialect) for column in self._columns]
        columns = zip(*map(self._pick, rows), strict=True)
        done = (
            column if process is None else map(process, column)
            for column, process in zip(columns, self._processes[dialect], strict=True)
        )
        return list(zip(*done, strict=True))

    def _text(self, conn: Connection, size: int) -> _Text:
        dialect = conn.dialect.name
        if (dialect, size) not in self._texts:
            statement = insert(conn, self._table).values([dict.fromkeys(c.name for c in self._columns)] * size)
            statement = self._conflict(statement)
            if self._returning:
                statement = statement.returning(*(self._table.c[name] for name in self._returning))
            compiled = statement.compile(dialect=_POSITIONAL[dialect])
            after = compiled.positiontup[size * len(self._columns) :]
            self._texts[dialect, size] = _Text(str(compiled), tuple(compiled.params[name] for name in after))
        return self._texts[dialect, size]


def _in_sizes(rows: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    start = 0
    for size in SIZES:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def _process(column: Column[Any], dialect: str) -> Process | None:
    """How a value of the column gets to the driver; None: as it is."""
    kind = column.type.dialect_impl(_POSITIONAL[dialect])
    if dialect == "sqlite" and isinstance(getattr(kind, "impl", kind), DateTime):
        return sqlite_time
    made: Process | None = kind.bind_processor(_POSITIONAL[dialect])
    return made


@lru_cache(maxsize=4096)
def sqlite_time(value: datetime | None) -> str | None:
    """As the column's own type writes it, in a fifth of the time; a raw event and its fact have their times in common.

    ValueError for a time without a zone.
    """
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone: {value.isoformat()}")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]
