"""Databases that tests borrow: whatever a test left, the next one finds none of it."""

from __future__ import annotations

import psycopg
import pytest

from tests.lent import Lent


def test_rows_numbers_and_sessions_are_gone(lent: Lent) -> None:
    with lent.database() as url:
        name = url.rpartition("/")[2]
        left = lent.server.connect(name)
        left.execute("BEGIN")
        left.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")
        with lent.server.connect(name) as conn:
            conn.execute("INSERT INTO seal (no, audit_id, prev, mac) VALUES (1, 1, '', '')")
            first = conn.execute("SELECT nextval(pg_get_serial_sequence('audit', 'id'))").fetchone()
    with lent.database() as again, lent.server.connect(again.rpartition("/")[2]) as conn:
        assert again.rpartition("/")[2] == name
        assert conn.execute("SELECT count(*) FROM seal").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM meta").fetchone() == (0,)
        assert conn.execute("SELECT nextval(pg_get_serial_sequence('audit', 'id'))").fetchone() == first
    with pytest.raises(psycopg.OperationalError):
        left.execute("COMMIT")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id int)",
        "DROP TABLE seal",
        "ALTER TABLE seal ADD COLUMN more int",
        "CREATE INDEX more ON seal (mac)",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
        "CREATE SCHEMA more",
    ],
)
def test_a_database_of_another_shape_is_not_lent_again(lent: Lent, change: str) -> None:
    with lent.database() as url:
        name = url.rpartition("/")[2]
        with lent.server.connect(name) as conn:
            conn.execute(change)
    with lent.database() as again:
        assert again.rpartition("/")[2] != name
