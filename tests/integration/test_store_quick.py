"""Statements given to the driver find and write what SQLAlchemy's own would (docs/adr/0020)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from monitor.store.bulk import from_sqlite_time, sqlite_time
from monitor.store.engine import Store
from monitor.store.quick import QuickDelete, QuickSelect, QuickUpdate
from monitor.store.schema import CaseEventRow, Subject
from monitor.store.sql import table_of
from monitor.store.subjects import expect

NINE = datetime(2026, 3, 2, 1, 0, 0, 5, tzinfo=UTC)
SUBJECT, CASE = table_of(Subject), table_of(CaseEventRow)
KEYS = ["ns/1", 'ns/"2"', "ns/三号", "ns/4%_?\\", "ns/5'"]

BY_KEY = QuickSelect(
    lambda among: (
        select(SUBJECT)
        .where(among(SUBJECT.c.key), SUBJECT.c.next_check_at <= bindparam("now", type_=SUBJECT.c.next_check_at.type))
        .order_by(SUBJECT.c.key)
    )
)
EVENTS = QuickSelect(lambda among: select(CASE).where(among(CASE.c.case_key)))
SET = QuickUpdate(
    lambda _: (
        update(SUBJECT)
        .where(SUBJECT.c.key == bindparam("of"))
        .values(stale_at=bindparam("stale", type_=SUBJECT.c.stale_at.type), kind=bindparam("new"))
    )
)
AMONG = QuickSelect(
    lambda among: (
        select(SUBJECT.c.key, func.count().label("n"))
        .where(SUBJECT.c.kind.in_(("case", "task")), among(SUBJECT.c.key))
        .where(SUBJECT.c.verdict == bindparam("verdict"), SUBJECT.c.next_check_at.in_([NINE]))
        .group_by(SUBJECT.c.key)
        .order_by(SUBJECT.c.key)
    )
)
FORGET = QuickDelete(lambda among: delete(SUBJECT).where(among(SUBJECT.c.key)))

pytestmark = pytest.mark.both_databases


@pytest.fixture
def filled(store: Store) -> Store:
    rows = [{"kind": "case", "key": key, "hall": "h1", "next_check_at": NINE} for key in KEYS]
    store.step(lambda conn: expect(conn, [*rows, {"kind": "case", "key": "late", "hall": None, "next_check_at": None}]))
    return store


def test_lists_of_the_statement_itself_stand_beside_the_keys(filled: Store) -> None:
    with filled.read() as conn:
        assert AMONG.run(conn, [*KEYS[:2], "late"], verdict="pending") == [(KEYS[1], 1), (KEYS[0], 1)]
        assert AMONG.run(conn, KEYS, verdict="ok") == []


@pytest.mark.parametrize("wanted", [[], KEYS[:1], KEYS, [*KEYS, "nobody", "late"], [f"n{n}" for n in range(3000)]])
def test_rows_are_those_that_sqlalchemy_reads(filled: Store, wanted: list[str]) -> None:
    own = select(SUBJECT).where(SUBJECT.c.key.in_(wanted), SUBJECT.c.next_check_at <= NINE).order_by(SUBJECT.c.key)
    with filled.read() as conn:
        found = BY_KEY.run(conn, wanted, now=NINE)
        assert [tuple(row) for row in found] == [tuple(row) for row in conn.execute(own)]
        assert BY_KEY.run(conn, wanted, now=NINE - timedelta(microseconds=1)) == []
    assert all(row.next_check_at == NINE and row.historic is False and row.hall == "h1" for row in found)


@pytest.mark.parametrize("body", [None, {"stage": "审核", "limit_days": 10}])
def test_json_and_numbers_come_back_as_they_were(store: Store, body: dict[str, object] | None) -> None:
    told = {"event": "stage", "discriminator": "审核", "event_id": "e", "source": "c1", "at": NINE, "received": NINE}
    row = {**told, "raw_event": 1, "case_key": "k", "at_second": 2**40, "seq": 2**40, "boot": "", "body": body}
    with store.write() as conn:
        conn.execute(CASE.insert(), [row])
        (found,) = EVENTS.run(conn, ["k"])
    assert {name: getattr(found, name) for name in row} == row


def test_each_row_is_set_to_its_own_values_and_others_stay(filled: Store) -> None:
    given_rows = [{"of": KEYS[0], "stale": NINE, "new": "slot"}, {"of": KEYS[2], "stale": None, "new": "post"}]
    with filled.write() as conn:
        SET.run(conn, given_rows)
        SET.run(conn, [])
        rows = {row.key: (row.stale_at, row.kind) for row in conn.execute(select(SUBJECT))}
    assert (rows[KEYS[0]], rows[KEYS[2]], rows[KEYS[1]]) == ((NINE, "slot"), (None, "post"), (None, "case"))


def test_what_is_named_is_deleted(filled: Store) -> None:
    with filled.write() as conn:
        FORGET.run(conn, KEYS[1:])
        assert {row.key for row in conn.execute(select(SUBJECT))} == {KEYS[0], "late"}


def test_an_error_is_sqlalchemy_s(filled: Store) -> None:
    with pytest.raises(IntegrityError), filled.write() as conn:
        SET.run(conn, [{"of": KEYS[0], "stale": None, "new": None}])


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
def test_a_time_is_read_as_the_column_s_own_type_reads_it(value: datetime) -> None:
    dialect = sqlite.dialect()
    own = SUBJECT.c.next_check_at.type.dialect_impl(dialect).result_processor(dialect, None)
    text = sqlite_time(value)
    assert own is not None
    assert text is not None
    assert from_sqlite_time(text) == own(text) == value
