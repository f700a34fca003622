"""Databases that tests borrow: a fresh one costs a tenth of a second and more, emptying one that was used a hundredth.

What a test left is taken away (rows, numbers that were given out, sessions that are still open); a database whose shape
it changed is thrown away. So every test finds what the template has, and nothing else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import sql

from tests.postgres import TEMPLATE, Postgres

SHAPE: Final = """
SELECT (SELECT array_agg((oid, relname, relkind, relchecks, reltriggers, reloptions) ORDER BY oid)::text FROM
          (SELECT oid, relname, relkind, relchecks, relhastriggers AS reltriggers, reloptions FROM pg_class
           WHERE relnamespace = 'public'::regnamespace) AS own),
       (SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped),
       (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
       (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM pg_type), (SELECT version_num FROM alembic_version)
"""
"""Equal as long as nobody made, dropped or altered anything, or upgraded it."""
TOUCHED: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  AND pg_relation_size(oid) > 0
"""
"""Tables that take room: every one with a row, and some whose rows were deleted. One that was emptied takes none."""
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


@dataclass
class Lent:
    """The databases of one server. A test takes one by `database`, and gives it back empty."""

    server: Postgres
    _free: list[str] = field(default_factory=list)
    _made: int = 0
    _tables: list[str] = field(default_factory=list)
    _shapes: dict[str, Any] = field(default_factory=dict)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a database with all tables and no rows."""
        name = self._free.pop() if self._free else self._new()
        yield self.server.url(name)
        if self._cleaned(name):
            self._free.append(name)
        else:
            self.server.drop(name)

    def _new(self) -> str:
        self._made += 1
        name = f"lent_{self._made}"
        self.server.make(name, TEMPLATE)
        with self.server.connect(name) as conn:
            self._tables = [row[0] for row in conn.execute(TABLES)]
            self._shapes[name] = conn.execute(SHAPE).fetchone()
            assert not self._filled(conn), "the template has rows: emptying would take them away"
        return name

    def _cleaned(self, name: str) -> bool:
        """Whether it is as the template again; False for one that a test altered, or that cannot be emptied."""
        try:
            with self.server.connect(name) as conn:
                conn.execute("SET lock_timeout = '5s'")
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid()"
                )
                if conn.execute(SHAPE).fetchone() != self._shapes[name]:
                    return False
                touched = [row[0] for row in conn.execute(TOUCHED)]
                if touched:
                    named = sql.SQL(", ").join(map(sql.Identifier, touched))
                    conn.execute(sql.SQL("TRUNCATE {}").format(named))
                conn.execute("SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences "
                             "WHERE last_value IS NOT NULL")  # fmt: skip
        except psycopg.Error:
            return False
        return True

    def _filled(self, conn: psycopg.Connection[Any]) -> list[str]:
        """The tables that have rows."""
        each = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(name), sql.Identifier(name))
            for name in self._tables
        )
        return [row[0] for row in conn.execute(each)]
