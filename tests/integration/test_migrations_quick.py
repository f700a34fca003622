"""An upgrade leaves the rows of big tables alone: two hundred million take it as long as two (docs/upgrade.md).

Held from revision 0030 on. What has to be done row by row is done in the background, by the daemon's upkeep.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from monitor.store import migrate
from monitor.store.engine import Store
from tests.integration.test_db_upgrade import fill_any
from tests.postgres import Postgres
from tests.query_plans import BIG

FROM = "0029"
STATE = {
    # where the rows lie, each row's place and version, the indexes
    "postgresql": (
        "SELECT pg_relation_filenode('{0}')",
        "SELECT array_agg((ctid, xmin)::text ORDER BY ctid)::text FROM {0}",
        "SELECT array_agg(indexrelid ORDER BY indexrelid)::text FROM pg_index WHERE indrelid = '{0}'::regclass",
    ),
    "sqlite": ("SELECT rootpage, name FROM sqlite_master WHERE tbl_name = '{0}' ORDER BY rootpage",),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of that revision with rows in each table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'then.sqlite'}"
        yield from _built(url)
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        yield from _built(url)


def _built(url: str) -> Iterator[Store]:
    store = Store(url)
    with store.write() as conn:
        migrate.build(conn, FROM)
        fill_any(conn)
    yield store
    store.close()


def state(conn: Connection, table: str) -> list[Any]:
    return [conn.exec_driver_sql(query.format(table)).all() for query in STATE[conn.dialect.name]]


def there(conn: Connection) -> list[str]:
    return [table for table in BIG if table != "raw_payload"]


def changed(store: Store, work: Any) -> list[str]:
    """The big tables whose rows or indexes are others after the work."""
    with store.read() as conn:
        before = {table: state(conn, table) for table in there(conn)}
    work()
    with store.read() as conn:
        return [table for table in before if state(conn, table) != before[table]]


def test_no_migration_touches_a_row_or_an_index_of_a_big_table(before: Store) -> None:
    assert changed(before, lambda: migrate.upgrade(before)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ix_card_new ON card (basis)",
        "UPDATE raw_event SET payload = ''",
        "ALTER TABLE presence ALTER COLUMN seq TYPE numeric",
    ],
)
def test_one_that_would_is_seen(before: Store, statement: str) -> None:
    """The control. Rows that are changed in place show on PostgreSQL alone, and SQLite knows no ALTER COLUMN."""
    if before.is_sqlite and not statement.startswith("CREATE INDEX"):
        statement = "CREATE TABLE new AS SELECT * FROM card; DROP TABLE card; ALTER TABLE new RENAME TO card"

    def work() -> None:
        with before.write() as conn:
            for one in statement.split("; "):
                conn.exec_driver_sql(one)

    assert changed(before, work) != []
