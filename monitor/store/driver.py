"""Statements whose text is made already, run by the driver (docs/adr/0063).

On SQLite the driver is called itself, inside the transaction that SQLAlchemy has begun: of what a look of the judge or
a batch of ingest took, SQLAlchemy's contexts and results were nearly half, and a look is some thirty statements. What
the driver refuses is told as SQLAlchemy tells it. Where somebody listens to statements, and on PostgreSQL, whose driver
has a way of its own with a connection that is lost, they go SQLAlchemy's way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

BEFORE: Final = "jiancha_before"
"""The execution option of a connection that names what is called before each statement that asks: who reads long lets
ingest go first there (`FairLock.give_way`).
"""


class Done(Protocol):
    """What a statement did: the driver's cursor, or SQLAlchemy's result."""

    @property
    def rowcount(self) -> int: ...

    @property
    def lastrowid(self) -> Any: ...


def ask(conn: Connection, sql: str, values: Sequence[Any]) -> Sequence[Any]:
    """The rows that a statement gives. Raises SQLAlchemy's errors, as all of these."""
    before = conn.get_execution_options().get(BEFORE)
    if before is not None:
        before()
    driver = _driver(conn)
    if driver is None:
        return conn.exec_driver_sql(sql, tuple(values)).fetchall()
    try:
        rows: list[Any] = driver.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        raise _told(sql, values, error) from error
    return rows


def do(conn: Connection, sql: str, values: Sequence[Any]) -> Done:
    """Run a statement that gives no rows."""
    driver = _driver(conn)
    if driver is None:
        return conn.exec_driver_sql(sql, tuple(values), {"preserve_rowcount": True})
    try:
        done: Done = driver.execute(sql, values)
    except sqlite3.Error as error:
        raise _told(sql, values, error) from error
    return done


def do_each(conn: Connection, sql: str, rows: list[tuple[Any, ...]]) -> int:
    """Run a statement for each of these rows of values; gives how many rows of the table that touched."""
    driver = _driver(conn)
    if driver is None:
        return conn.exec_driver_sql(sql, rows).rowcount
    try:
        touched: int = driver.executemany(sql, rows).rowcount
    except sqlite3.Error as error:
        raise _told(sql, rows, error) from error
    return touched


def _driver(conn: Connection) -> Any:
    listens: Any = conn.dispatch
    own = conn.dialect.name == "sqlite" and conn.in_transaction() and not listens.before_cursor_execute
    return conn.connection.dbapi_connection if own else None


def _told(sql: str, values: Any, error: sqlite3.Error) -> BaseException:
    """As SQLAlchemy wraps it, with nothing of the values: they hold what devices said."""
    return DBAPIError.instance(sql, values, error, sqlite3.Error, hide_parameters=True)
