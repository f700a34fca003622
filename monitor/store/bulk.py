"""INSERT of many rows by the driver: compiled once, without an object for each row (docs/adr/0015).

SQLAlchemy's own way through many rows costs ten times what SQLite does with them. Statement, types and errors are
SQLAlchemy's here too; only the way of the values to the driver is short.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, Connection, DateTime, Dialect, Float, String, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.types import TypeEngine

from monitor.store.driver import ask, do

SIZES: Final = (64, 8, 1)
"""Rows of one statement on SQLite. Few sizes, so that it has them prepared; larger ones gain nothing."""
SQLITE: Final = sqlite.dialect(paramstyle="qmark")
POSTGRESQL: Final[Dialect] = psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]

Process = Callable[[Any], Any]


class _Text(NamedTuple):
    """A statement for the driver, and the values that follow those of the rows."""

    sql: str
    after: tuple[Any, ...]


class BulkInsert:
    """INSERT of rows that are dictionaries with all of `columns` (more is left out).

    `conflict` adds the ON CONFLICT clause. `returning`: columns to read back, of types that need no conversion.
    `numbered`: the last of them is the row's number, which the database gives; `conflict` changes no row.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        conflict: Callable[[Any], Any],
        *,
        returning: Sequence[str] = (),
        numbered: bool = False,
    ) -> None:
        # the table's order, which is the order of the statement's parameters
        self._columns = [column for column in table.columns if column.name in set(columns)]
        if len(self._columns) != len(columns) or len(columns) < 2:
            raise ValueError(f"{table.name}: two columns of its own or more, not {', '.join(columns)}")
        self._names = [column.name for column in self._columns]
        self._table, self._conflict, self._returning, self._numbered = table, conflict, returning, numbered
        self._pick: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*self._names)
        self._texts: dict[tuple[str, int], _Text] = {}
        self._processes: dict[str, list[Process | None]] = {}

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Insert the rows in their order; what `returning` gives of those that were inserted or changed."""
        found: list[tuple[Any, ...]] = []
        if rows:
            sqlite_counts = self._numbered and conn.dialect.name == "sqlite"
            by = self._by_columns if conn.dialect.name == "postgresql" else self._by_rows
            start = 0
            for text, values in by(rows):
                told = (*values, *text.after)
                if sqlite_counts:
                    end = start + len(values) // len(self._columns)
                    done = do(conn, text.sql, told)
                    found += self._counted(conn, rows[start:end], done.rowcount, done.lastrowid)
                    start = end
                elif self._returning:
                    found += map(tuple, ask(conn, text.sql, told))
                else:
                    do(conn, text.sql, told)
        return found

    def _counted(
        self, conn: Connection, rows: Sequence[Mapping[str, Any]], inserted: int, last: int
    ) -> list[tuple[Any, ...]]:
        """What RETURNING would give on SQLite, which takes as long for it as for the rows, and lets other threads have
        the interpreter at each. A statement's new rows are numbered without a gap, in their order: one transaction
        writes, and each gets one more than the greatest number there is.
        """
        first = last - inserted + 1
        if inserted == len(rows):
            names = self._returning[:-1]
            return [(*(row[name] for name in names), number) for number, row in enumerate(rows, first)]
        columns = [self._table.c[name] for name in self._returning]
        some = select(*columns).where(columns[-1].between(first, last)).order_by(columns[-1])
        return [tuple(row) for row in conn.execute(some)] if inserted else []

    def _by_rows(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[_Text, list[Any]]]:
        """SQLite: all values in one list, row after row, in statements of a few sizes."""
        values, width, start = list(chain.from_iterable(map(self._pick, rows))), len(self._columns), 0
        for n, process in enumerate(self._ways(SQLITE)):
            if process is not None:
                values[n::width] = map(process, values[n::width])
        for size in _sizes(len(rows)):
            end = start + size * width
            yield self._text(SQLITE, size), values[start:end]
            start = end

    def _by_columns(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[_Text, list[Any]]]:
        """PostgreSQL: an array for each column, so that one short statement takes any number of rows."""
        columns = zip(*map(self._pick, rows), strict=True)
        ways = self._ways(POSTGRESQL)
        yield (
            self._text(POSTGRESQL, 0),
            [array_text(column, way or str) for column, way in zip(columns, ways, strict=True)],
        )

    def _ways(self, dialect: Dialect) -> list[Process | None]:
        if dialect.name not in self._processes:
            find = _element if dialect.name == "postgresql" else bound
            self._processes[dialect.name] = [find(column.type, dialect) for column in self._columns]
        return self._processes[dialect.name]

    def _text(self, dialect: Dialect, size: int) -> _Text:
        if (dialect.name, size) not in self._texts:
            statement = self._conflict(self._of_values(size) if size else self._of_arrays())
            if self._returning and not (self._numbered and size):
                statement = statement.returning(*(self._table.c[name] for name in self._returning))
            compiled = statement.compile(dialect=dialect)
            order = compiled.positiontup or []
            after = order[max(size, 1) * len(self._columns) :]
            self._texts[dialect.name, size] = _Text(str(compiled), tuple(compiled.params[name] for name in after))
        return self._texts[dialect.name, size]

    def _of_values(self, size: int) -> Any:
        return sqlite.insert(self._table).values([dict.fromkeys(self._names)] * size)

    def _of_arrays(self) -> Any:
        arrays = [bindparam(c.name, type_=postgresql.ARRAY(c.type)) for c in self._columns]
        rows = func.unnest(*arrays).table_valued(*self._names).render_derived()
        return postgresql.insert(self._table).from_select(self._names, select(*(rows.c[name] for name in self._names)))


def _sizes(rows: int) -> Iterator[int]:
    for size in SIZES:
        yield from [size] * (rows // size)
        rows %= size


def bound(of: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """How a value of the type gets to the driver; None: as it is."""
    kind = of.dialect_impl(dialect)
    if _is_sqlite_time(kind, dialect):
        return sqlite_time
    made: Process | None = kind.bind_processor(dialect)
    return made


def _element(of: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """How a value of the type, but NULL, stands in the text of an array; None: as Python writes it (numbers)."""
    kind: Any = of.dialect_impl(dialect)
    kind = getattr(kind, "impl", kind)
    if isinstance(kind, DateTime):
        return postgresql_time
    if isinstance(kind, JSON):
        return lambda value: quoted(json.dumps(value))
    return quoted if isinstance(kind, String) else None


def array_text(values: Sequence[Any], element: Process) -> str:
    """An array as PostgreSQL reads it. The driver writes one too, but takes 19 µs for a text with a quotation mark."""
    return f"{{{','.join(['NULL' if value is None else element(value) for value in values])}}}"


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=4096)
def postgresql_time(value: datetime) -> str:
    """An instant within an array. ValueError for a time without a zone."""
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone: {value.isoformat()}")
    return f'"{value.astimezone(UTC).isoformat()}"'


def read(of: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """What the driver's value of the type is in Python; None: as it is."""
    kind = of.dialect_impl(dialect)
    if _is_sqlite_time(kind, dialect):
        return from_sqlite_time
    if isinstance(kind, Float) and not kind.asdecimal:
        return None  # both drivers give a float; the type would ask for the column's number on the server
    made: Process | None = kind.result_processor(dialect, None)
    return made


def _is_sqlite_time(kind: TypeEngine[Any], dialect: Dialect) -> bool:
    return dialect.name == "sqlite" and isinstance(getattr(kind, "impl", kind), DateTime)


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


def from_sqlite_time(text: str) -> datetime:
    """The instant as the column's own type reads it, in UTC."""
    return datetime.fromisoformat(text + "+00:00")
