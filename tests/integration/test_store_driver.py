"""Statements run by the driver itself answer, and fail, as SQLAlchemy's do (docs/adr/0063)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError

from monitor.store.driver import ask, do, do_each
from monitor.store.engine import STORE_AWAY, Store

SECRET = "身份证 110101199001011234"


def test_rows_and_counts_are_the_statement_s(store: Store) -> None:
    with store.write() as conn:
        assert do(conn, "INSERT INTO meta (key, value) VALUES (?, ?)", ["a", "1"]).rowcount == 1
        assert do_each(conn, "INSERT INTO meta (key, value) VALUES (?, ?)", [("b", "2"), ("c", "3")]) == 2
        assert do_each(conn, "UPDATE meta SET value = ? WHERE key = ?", [("9", "b"), ("9", "none")]) == 1
    with store.read() as conn:
        found = [tuple(row) for row in ask(conn, "SELECT key, value FROM meta WHERE key IN (?, ?) ORDER BY key", "ab")]
    assert found == [("a", "1"), ("b", "9")]


@pytest.mark.parametrize("run", [ask, do, lambda conn, sql, row: do_each(conn, sql, [row])], ids=["ask", "do", "each"])
def test_what_the_driver_refuses_is_told_as_sqlalchemy_tells_it(store: Store, run: Any) -> None:
    with store.write() as conn:
        do(conn, "INSERT INTO meta (key, value) VALUES (?, ?)", (SECRET, "1"))
        with pytest.raises(IntegrityError) as refused:
            run(conn, "INSERT INTO meta (key, value) VALUES (?, ?)", (SECRET, "2"))
        with pytest.raises(STORE_AWAY) as missing:
            run(conn, "INSERT INTO no_such_table VALUES (?)", (SECRET,))
    for told in (refused.value, missing.value):
        assert isinstance(told, DBAPIError)
        assert SECRET not in str(told)
    assert "UNIQUE" in str(refused.value.orig)


def test_a_row_that_cannot_be_read_fails_the_same_way(store: Store) -> None:
    """The driver reads the first row when it is asked, the others when they are fetched."""
    with store.read() as conn, pytest.raises(DBAPIError):
        ask(conn, "SELECT abs(value) FROM (SELECT 1 AS value UNION ALL SELECT -9223372036854775808)", ())


def test_who_listens_to_statements_hears_them(store: Store) -> None:
    said: list[str] = []
    with store.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda *call: said.append(call[2]))
        assert [tuple(row) for row in ask(conn, "SELECT 1", ())] == [(1,)]
    assert said == ["SELECT 1"]


def test_outside_of_a_transaction_one_is_begun(store: Store) -> None:
    """A statement by the bare driver would be committed at once, whatever becomes of the step."""
    with store.engine.connect() as conn:
        do(conn, "INSERT INTO meta (key, value) VALUES (?, ?)", ("a", "1"))
        assert conn.in_transaction()
        conn.rollback()
        assert ask(conn, "SELECT key FROM meta WHERE key = ?", ("a",)) == []
