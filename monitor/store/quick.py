"""Statements by the driver: compiled once, rows as named tuples, times converted quickly (docs/adr/0020).

SQLAlchemy's own way writes a list of keys into the statement anew each time, and makes an object of each row and each
value. Statement, types and errors are SQLAlchemy's here too. `monitor.store.bulk` does the same for INSERT.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Select,
    String,
    Update,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql

from monitor.store.bulk import POSTGRESQL, SQLITE, Process, bound, read
from monitor.store.driver import ask, do, do_each

Keys = Callable[[Column[Any]], ColumnElement[bool]]
"""Makes of a column the condition that its value is one of the keys."""


class _Parameter(NamedTuple):
    """`own`: the value where the statement itself has it; `way`: how one that is given gets to the driver."""

    name: str
    own: Any
    way: Process | None


class _Text(NamedTuple):
    """A statement for the driver, and for a SELECT what makes of a row of the driver one of ours."""

    sql: str
    parameters: tuple[_Parameter, ...]
    row: Callable[[Iterable[Any]], Any] | None
    ways: tuple[tuple[int, Process], ...]


class _Quick:
    """A statement made once for each database. An IN beside that of the keys is of its own values."""

    def __init__(self, make: Callable[[Keys], Select[Any] | Update | Delete]) -> None:
        self._make = make
        self._texts: dict[str, _Text] = {}

    def _values(self, conn: Connection, keys: Sequence[Any], given: dict[str, Any]) -> tuple[_Text, tuple[Any, ...]]:
        text = self._text(conn)
        given["keys"] = json.dumps(keys) if conn.dialect.name == "sqlite" else keys
        told = ((given.get(name, own), way) for name, own, way in text.parameters)
        return text, tuple(v if way is None else way(v) for v, way in told)

    def _text(self, conn: Connection) -> _Text:
        name = conn.dialect.name
        if name not in self._texts:
            dialect = POSTGRESQL if name == "postgresql" else SQLITE
            statement = self._make(_among_array if name == "postgresql" else _among_json)
            columns = list(statement.selected_columns) if isinstance(statement, Select) else []
            ways = ((n, read(c.type, dialect)) for n, c in enumerate(columns))
            compiled: Any = statement.compile(dialect=dialect)
            given = dict.fromkeys(name for name, bind in compiled.binds.items() if bind.required)
            whole = compiled.construct_expanded_state(given)  # each IN with as many places as it has values
            self._texts[name] = _Text(
                sql=whole.statement,
                parameters=tuple(_parameters(compiled, whole, dialect)),
                row=_row_of([str(c.key) for c in columns]) if columns else None,
                ways=tuple((n, way) for n, way in ways if way is not None),
            )
        return self._texts[name]


class QuickSelect(_Quick):
    """A SELECT whose rows are named tuples of its columns. `make` gets the condition on the keys."""

    def run(self, conn: Connection, keys: Sequence[Any] = (), **given: Any) -> list[Any]:
        """The rows; `keys` may be any number, the others are the statement's own parameters."""
        text, values = self._values(conn, keys, given)
        rows = ask(conn, text.sql, values)
        if not rows or text.row is None:
            return []
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for n, process in text.ways:
            columns[n] = [None if value is None else process(value) for value in columns[n]]
        return list(map(text.row, zip(*columns, strict=True)))


class QuickDelete(_Quick):
    """A DELETE; `make` gets the condition on the keys."""

    def run(self, conn: Connection, keys: Sequence[Any]) -> None:
        text, values = self._values(conn, keys, {})
        do(conn, text.sql, values)


class QuickUpdate(_Quick):
    """An UPDATE run for many rows, each with its own values."""

    def run(self, conn: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """`rows`: the statement's parameters by name. Gives how many rows of the table were found."""
        if not rows:
            return 0
        parameters = self._text(conn).parameters
        columns = [_column(parameter, rows) for parameter in parameters]
        return do_each(conn, self._text(conn).sql, list(zip(*columns, strict=True)))


def _column(parameter: _Parameter, rows: Sequence[dict[str, Any]]) -> list[Any]:
    name, own, way = parameter
    values = [row.get(name, own) for row in rows]
    return values if way is None else [way(value) for value in values]


def _parameters(compiled: Any, whole: Any, dialect: Dialect) -> Iterator[_Parameter]:
    of_list = {name: bind for bind, names in whole.parameter_expansion.items() for name in names}
    for name in whole.positiontup:
        yield _Parameter(name, whole.parameters[name], bound(compiled.binds[of_list.get(name, name)].type, dialect))


def _row_of(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    row: Any = namedtuple("row", names)  # type: ignore[misc]
    return partial(tuple.__new__, row)  # what _make does, without its check of the length


def _among_json(key: Column[Any]) -> ColumnElement[bool]:
    """SQLite: the keys as one JSON text."""
    return key.in_(select(column("value")).select_from(func.json_each(bindparam("keys", type_=String()))))


def _among_array(key: Column[Any]) -> ColumnElement[bool]:
    return key == any_(bindparam("keys", type_=postgresql.ARRAY(key.type)))
