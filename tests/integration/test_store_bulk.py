"""Rows given to the driver as they are stand in the store as SQLAlchemy's own insert puts them (docs/adr/0015)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from monitor.ingest.rows import FACTS, RAW_EVENTS
from monitor.store.bulk import SIZES, BulkInsert, sqlite_time
from monitor.store.engine import Store
from monitor.store.schema import CaseEventRow, PresenceRow, RatingRow, RawEvent
from monitor.store.sql import insert, table_of
from tests.ingest_world import NINE, count, rows

UTC_TYPE = table_of(RawEvent).c.at.type
NAIVE = NINE.replace(tzinfo=None)
AWARE = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11, minutes=-30))]),
    min_value=NAIVE.replace(year=2),
    max_value=NAIVE.replace(year=9998),
)
COMMON = {"event_id": "e", "source": "ev-1", "at": NINE, "received": NINE + timedelta(microseconds=1), "boot": ""}
CASE = {"case_key": "c", "event": "accepted", "at_second": 1, "discriminator": "", "item": None, "window": None,
        "staff": None, "reason": None}  # fmt: skip
PRESENCE = {"window": "w1", "people": 2**40, "confidence": None, "view": "ok"}


def raw(number: int, **fields: Any) -> dict[str, Any]:
    row = {"device": "ev-1", "event_id": f"e{number}", "channel": "rating", "at": NINE, "received": NINE,
           "seq": number, "boot": "b", "payload_hash": "h", "payload": '{"name":"王%五\'\\\\"}'}  # fmt: skip
    return {**row, **fields}


@given(AWARE)
def test_times_are_written_as_by_the_column_s_own_type(value: datetime) -> None:
    dialect = sqlite.dialect()
    own = UTC_TYPE.dialect_impl(dialect).bind_processor(dialect)
    assert own is not None
    assert sqlite_time(value) == own(value)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        sqlite_time(NAIVE)
    assert sqlite_time(None) is None


@pytest.mark.both_databases
@pytest.mark.parametrize("number", [1, 7, SIZES[0], SIZES[0] * 2 + SIZES[1] + 3])
def test_any_number_of_rows_comes_in_and_their_numbers_come_back(store: Store, number: int) -> None:
    given_rows = [raw(n) for n in range(number)]
    with store.write() as conn:
        numbers = RAW_EVENTS.run(conn, given_rows)
    stored = rows(store, RawEvent)
    assert [{k: v for k, v in row.items() if k != "id"} for row in stored] == given_rows
    assert sorted(numbers) == sorted((row["device"], row["event_id"], row["id"]) for row in stored)


@pytest.mark.both_databases
def test_what_is_there_already_is_left_and_not_given_back(store: Store) -> None:
    with store.write() as conn:
        RAW_EVENTS.run(conn, [raw(1), raw(2)])
        again = RAW_EVENTS.run(conn, [raw(2, payload="other"), raw(3)])
    assert [event for _, event, _ in again] == ["e3"]
    assert {row["payload"] for row in rows(store, RawEvent)} == {raw(1)["payload"]}
    with store.write() as conn:
        assert RAW_EVENTS.run(conn, []) == []


@pytest.mark.both_databases
@pytest.mark.parametrize("there", [[], [0], [69], list(range(64)), [n for n in range(70) if n % 3 == 1]])
def test_among_rows_that_are_there_each_new_one_gets_its_own_number(store: Store, there: list[int]) -> None:
    with store.write() as conn:
        RAW_EVENTS.run(conn, [raw(n) for n in there])
        new = RAW_EVENTS.run(conn, [raw(n) for n in range(70)])
    numbers = {row["event_id"]: row["id"] for row in rows(store, RawEvent)}
    wanted = {n: numbers[f"e{n}"] for n in range(70) if n not in there}
    assert {(event, number) for _, event, number in new} == {(f"e{n}", number) for n, number in wanted.items()}
    assert len(new) == len(wanted)


@pytest.mark.both_databases
def test_numbers_hold_where_one_statement_names_an_event_twice_and_rows_were_deleted(store: Store) -> None:
    with store.write() as conn:
        first = RAW_EVENTS.run(conn, [raw(n) for n in range(8)])
        conn.execute(delete(table_of(RawEvent)).where(table_of(RawEvent).c.id.in_([first[3][2], first[7][2]])))
    with store.write() as conn:
        new = RAW_EVENTS.run(conn, [raw(n) for n in (3, 20, 20, 7, 21, 0, 22, 22)])
    numbers = {row["event_id"]: row["id"] for row in rows(store, RawEvent)}
    assert sorted(new) == sorted(("ev-1", event, numbers[event]) for event in ("e3", "e20", "e7", "e21", "e22"))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("channel", "model", "own"),
    [
        ("rating", RatingRow, {"score": 5, "window": None, "staff": "s1", "case_key": None, "stage": None,
                               "origin": "web", "tags": ["态度好", "\"'{}"]}),
        ("rating", RatingRow, {"score": 5, "window": "w1", "staff": None, "case_key": "a/b", "stage": "accepted",
                               "origin": "web", "tags": None}),
        ("presence", PresenceRow, PRESENCE),
        ("presence", PresenceRow, {**PRESENCE, "confidence": 0.93}),
        ("case", CaseEventRow, {**CASE, "entered": NINE.astimezone(timezone(timedelta(hours=8))), "body": {"days": 3}}),
        ("case", CaseEventRow, {**CASE, "entered": None, "body": None}),
    ],
)  # fmt: skip
def test_every_type_of_column_is_written_as_by_sqlalchemy(
    store: Store, channel: str, model: type[Any], own: dict[str, Any]
) -> None:
    def written(conn: Connection) -> Any:
        return conn.execute(text(f"SELECT * FROM {table.name}")).mappings().one()  # noqa: S608

    table = table_of(model)
    row = {"raw_event": 1, "seq": 2**40, **COMMON, **own}
    with store.write() as conn:
        conn.execute(insert(conn, table), [row])
        wanted = {k: v for k, v in written(conn).items() if k != "id"}
        conn.execute(delete(table))
        FACTS[channel].run(conn, [row])
        assert {k: v for k, v in written(conn).items() if k != "id"} == wanted


TEXTS = (
    "",
    "NULL",
    "null",
    " ",
    '"',
    "\\",
    '\\"',
    "a\\\\b",
    "{}",
    "{a,b}",
    ",",
    "'",
    "%s",
    "$1",
    "\n\t\r",
    "王%五",
    "\u2028",
    "\U0001f600",
)


@pytest.mark.both_databases
def test_a_text_comes_back_whatever_stands_in_it(store: Store) -> None:
    """Among others, as an array of PostgreSQL has marks of its own."""
    texts = [*TEXTS, *(one + other for one in TEXTS for other in TEXTS)]
    with store.write() as conn:
        RAW_EVENTS.run(conn, [raw(n, boot=text, payload=text) for n, text in enumerate(texts)])
    assert [(row["boot"], row["payload"]) for row in rows(store, RawEvent)] == [(text, text) for text in texts]


@pytest.mark.both_databases
def test_a_time_without_a_zone_never_gets_into_the_store(store: Store) -> None:
    with pytest.raises(ValueError, match="without a zone"), store.write() as conn:
        RAW_EVENTS.run(conn, [raw(1, received=NAIVE)])
    assert count(store, RawEvent) == 0


@pytest.mark.both_databases
def test_a_row_that_the_store_refuses_takes_its_batch_with_it(store: Store) -> None:
    """The caller halves it, as with any error of the store."""
    with pytest.raises(IntegrityError), store.write() as conn:
        RAW_EVENTS.run(conn, [raw(1), raw(2, payload=None)])
    assert count(store, RawEvent) == 0


def test_a_column_that_the_table_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="raw_event: .*colour"):
        BulkInsert(table_of(RawEvent), ["device", "colour"], lambda statement: statement)
