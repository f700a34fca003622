"""What the migrations make is what the models say, on both databases; on PostgreSQL text has one order everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from monitor.store import migrate, payloads
from monitor.store.engine import Store
from monitor.store.schema import metadata
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[Store]:
    """An empty database brought to the present schema by the migrations alone."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path}/jiancha.sqlite")
        migrate.upgrade(store)
        yield store
        store.close()
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        store = Store(url)
        migrate.upgrade(store)
        yield store
        store.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_CN"])
def test_a_database_that_holds_no_chinese_is_refused_with_the_line_that_makes_one(
    postgres: Postgres, encoding: str
) -> None:
    with postgres.connect() as conn:
        conn.execute(f"CREATE DATABASE narrow ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    store = Store(postgres.url("narrow"))
    try:
        for bring in (migrate.ensure, migrate.upgrade):
            with pytest.raises(migrate.SchemaError, match=f"{encoding}.*createdb -E UTF8 -T template0 narrow"):
                bring(store)
    finally:
        store.close()
        with postgres.connect() as conn:
            conn.execute("DROP DATABASE narrow WITH (FORCE)")


def test_the_migrations_make_what_the_models_say(migrated: Store) -> None:
    with migrated.read() as conn:
        parts = payloads.partitions(conn)  # of a table that is compared: the models do not know them
        shown = {"compare_type": True, "include_name": lambda name, _type, _parents: name not in parts}
        context = MigrationContext.configure(conn, opts=shown)
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_of_the_present_schema_does_nothing(migrated: Store) -> None:
    assert migrate.upgrade(migrated) is False


def test_every_text_of_postgresql_is_ordered_by_code_point(postgres: Postgres) -> None:
    """A range of keys by prefix would miss some under a locale that skips punctuation."""
    with postgres.database() as url:
        store = Store(url)
        migrate.upgrade(store)
        query = """SELECT table_name, column_name FROM information_schema.columns
                   WHERE table_schema = 'public' AND data_type IN ('character varying', 'text')
                     AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'alembic_version'"""
        with store.read() as conn:
            assert conn.execute(text(query)).all() == []
        store.close()
