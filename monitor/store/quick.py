"""SELECT by the driver: compiled once, its rows as named tuples, its times read quickly (docs/adr/0020).

SQLAlchemy's own way writes a list of keys into the statement anew each time and makes an object for each value.
Statement, types and errors are SQLAlchemy's here too.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    String,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql

from monitor.store.bulk import POSTGRESQL, SQLITE, Process, bound, read

Keys = Callable[[Column[Any]], ColumnElement[bool]]
"""Makes of a column the condition that its value is one of the keys."""


class _Text(NamedTuple):
    """A statement for the driver, its parameters in order, and what makes of a row's values those of Python."""

    sql: str
    parameters: tuple[tuple[str, Any, Process | None], ...]
    """Name, the value where the statement itself has it, and how one that is given gets to the driver."""
    made: Callable[[Iterable[Any]], Any]
    ways: tuple[tuple[int, Process], ...]


class QuickSelect:
    """A SELECT whose rows are named tuples of its columns. `make` gets the condition on the keys; its statement has no
    other IN than that, for others are written out at each run.
    """

    def __init__(self, make: Callable[[Keys], Select[Any]]) -> None:
        self._make = make
        self._texts: dict[str, _Text] = {}

    def run(self, conn: Connection, keys: Sequence[Any] = (), **given: Any) -> list[Any]:
        """The rows; `keys` may be any number, the others are the statement's own parameters."""
        text = self._text(conn.dialect.name)
        given["keys"] = json.dumps(keys) if conn.dialect.name == "sqlite" else list(keys)
        told = ((given.get(name, own), way) for name, own, way in text.parameters)
        values = tuple(value if way is None else way(value) for value, way in told)
        rows: Sequence[Any] = conn.exec_driver_sql(text.sql, values).all()
        if not rows:
            return []
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for n, process in text.ways:
            columns[n] = [None if value is None else process(value) for value in columns[n]]
        return list(map(text.made, zip(*columns, strict=True)))

    def _text(self, name: str) -> _Text:
        if name not in self._texts:
            dialect = POSTGRESQL if name == "postgresql" else SQLITE
            statement = self._make(_among_array if name == "postgresql" else _among_json)
            compiled: Any = statement.compile(dialect=dialect)
            columns = list(statement.selected_columns)
            ways = ((n, read(c.type, dialect)) for n, c in enumerate(columns))
            self._texts[name] = _Text(
                sql=str(compiled),
                parameters=tuple(_parameters(compiled, dialect)),
                made=_row_of([str(c.key) for c in columns]),
                ways=tuple((n, way) for n, way in ways if way is not None),
            )
        return self._texts[name]


def _parameters(compiled: Any, dialect: Dialect) -> Iterator[tuple[str, Any, Process | None]]:
    own = compiled.params
    for name in compiled.positiontup:
        yield name, own[name], bound(compiled.binds[name].type, dialect)


def _row_of(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    row: Any = namedtuple("row", names)  # type: ignore[misc]
    made: Callable[[Iterable[Any]], Any] = row._make
    return made


def _among_json(key: Column[Any]) -> ColumnElement[bool]:
    """SQLite: the keys as one JSON text."""
    return key.in_(select(column("value")).select_from(func.json_each(bindparam("keys", type_=String()))))


def _among_array(key: Column[Any]) -> ColumnElement[bool]:
    return key == any_(bindparam("keys", type_=postgresql.ARRAY(key.type)))
