"""The other system's database, by any SQLAlchemy URL: read page by page, never written (docs/adapters.md).

Each page is a short statement in a transaction of its own that is always rolled back, so that reading a large view
holds nothing up over there.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from sqlalchemy import (
    URL,
    ColumnClause,
    ColumnElement,
    Connection,
    Engine,
    NullPool,
    Select,
    bindparam,
    column,
    create_engine,
    event,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.types import NullType

from monitor.ingest.sqlview.marks import Endless, Mark

Row: TypeAlias = Mapping[str, Any]

READ_ONLY: Final = {"mysql": "SET SESSION TRANSACTION READ ONLY", "mariadb": "SET SESSION TRANSACTION READ ONLY"}
"""Said once a connection."""


class BadSource(ValueError):
    """URL, view or query cannot be used; the text names the key."""


class SourceAway(RuntimeError):
    """The other database does not answer, or refuses; it may do so later."""


class View:
    """A view, or a query in its place, with the columns that are wanted and the column that only rises.

    Raises BadSource for a URL or a query that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        columns: Sequence[str],
        mark: str,
        view: str | None = None,
        query: str | None = None,
        page_rows: int = 1000,
        timeout_seconds: int = 60,
        zone: str = "Asia/Shanghai",
    ) -> None:
        self._engine = open_read_only(url, timeout_seconds, zone)
        self._mark_name, self._page_rows = mark, page_rows
        wanted: list[ColumnClause[Any]] = [column(name) for name in sorted({*columns, mark})]
        if view is not None:
            schema, _, name = view.rpartition(".")
            found: Any = table(name, *wanted, schema=schema or None)
        else:
            found = text(_plain_query(query or "")).columns(*wanted).subquery("jiancha_view")
        self._mark: ColumnElement[Any] = found.c[mark]
        self._select: Select[Any] = select(*found.c).where(self._mark.is_not(None)).order_by(self._mark)

    def pages(self, low: Mark | None) -> Iterator[list[Row]]:
        """The rows from `low` on in the order of their marks; rows without a mark are left out. Raises SourceAway.

        A page ends where a mark ends, so that the last mark of a page says that all rows up to it were given. More
        rows of one mark than a page holds come in several parts.
        """
        try:
            with self._engine.connect() as conn:
                for page in self._pages(conn, low):
                    yield [row for row in page if self._mark_name in row]
        except DBAPIError as error:
            raise SourceAway(_cause(error)) from None
        except (SQLAlchemyError, OSError) as error:
            raise SourceAway(f"{type(error).__name__}: {error}") from None

    def mark_of(self, row: Row) -> Mark:
        """The row's mark; empty text, which `pages` leaves out, where it has none."""
        found: Mark = row.get(self._mark_name, "")
        return found

    @property
    def times_are_text(self) -> bool:
        """Whether the database knows no times, only their text (SQLite)."""
        return self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        self._engine.dispose()

    def _pages(self, conn: Connection, low: Mark | None) -> Iterator[list[Row]]:
        where = [] if low is None else [self._mark >= _bound(low)]
        while True:
            page = self._fetch(conn, self._select.where(*where).limit(self._page_rows))
            if len(page) < self._page_rows:
                yield page
                return
            last = self.mark_of(page[-1])
            if self.mark_of(page[0]) != last:
                yield [row for row in page if self.mark_of(row) != last]
                where = [self._mark >= _bound(last)]
            else:
                yield from self._all_of(conn, last)
                where = [self._mark > _bound(last)]

    def _fetch(self, conn: Connection, statement: Select[Any]) -> list[Row]:
        rows = [_cells(row) for row in conn.execute(statement).mappings()]
        conn.rollback()
        return rows

    def _all_of(self, conn: Connection, mark: Mark) -> Iterator[list[Row]]:
        streamed = conn.execution_options(yield_per=self._page_rows)
        for part in streamed.execute(self._select.where(self._mark == _bound(mark))).mappings().partitions():
            yield [_cells(row) for row in part]
        conn.rollback()


def _bound(mark: Mark) -> Any:
    """The mark as a parameter. Text goes without a type: the column's decides, as `start` may be a time in words."""
    return bindparam(None, mark, type_=NullType()) if isinstance(mark, str) else mark


def open_read_only(url: str, timeout_seconds: int, zone: str = "Asia/Shanghai") -> Engine:
    """An engine whose connections cannot write, as far as the database knows how to refuse it. Raises BadSource.

    `zone` is that of times without an offset, where the database compares them with times that have one.
    """
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
        if name == "sqlite":
            return _sqlite(parsed, timeout_seconds)
        if name == "postgresql":
            return _postgresql(parsed, timeout_seconds, zone)
        engine = create_engine(parsed, poolclass=NullPool)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise BadSource(
            f"url: {error}; 应为 SQLAlchemy 地址，且已装驱动 an SQLAlchemy URL is wanted, and its driver installed"
        ) from None
    if name in READ_ONLY:
        event.listen(engine, "connect", lambda dbapi, _: _say(dbapi, READ_ONLY[name]))
    elif name == "oracle":
        event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


def _sqlite(url: URL, timeout_seconds: int) -> Engine:
    """Opened as read-only by the file system's own flag, and told so once more."""
    if not url.database or url.database == ":memory:":
        raise BadSource("url: 应为 SQLite 文件的路径 the path of a SQLite file is wanted")
    file = f"file:{quote(str(Path(url.database).absolute()))}?mode=ro"

    def connect() -> sqlite3.Connection:
        conn = sqlite3.connect(file, uri=True, timeout=timeout_seconds, check_same_thread=False)
        conn.execute("PRAGMA query_only = ON")
        return conn

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _postgresql(url: URL, timeout_seconds: int, zone: str) -> Engine:
    options = f"-c default_transaction_read_only=on -c statement_timeout={timeout_seconds * 1000} -c TimeZone={zone}"
    given = {"connect_timeout": timeout_seconds, "client_encoding": "utf8", "options": options}
    engine = create_engine(url, poolclass=NullPool, connect_args=given)
    if engine.driver == "psycopg":
        event.listen(engine, "connect", lambda dbapi, _: _read_endless(dbapi))
    return engine.execution_options(postgresql_readonly=True)


def _read_endless(dbapi: Any) -> None:
    """Times that no `datetime` holds come as text: one such cell would otherwise fail the whole page at each poll."""
    from psycopg import DataError  # a hall whose databases are all SQLite loads no driver
    from psycopg.adapt import Loader

    def reading(wrapped: type[Any]) -> type[Loader]:
        class Reading(Loader):
            def __init__(self, oid: int, context: Any = None) -> None:
                super().__init__(oid, context)
                self._inner = wrapped(oid, context)

            def load(self, data: Any) -> Any:
                try:
                    return self._inner.load(data)
                except DataError:
                    return Endless(bytes(data).decode())

        return Reading

    adapters = dbapi.adapters
    for name in ("timestamp", "timestamptz", "date"):
        oid = adapters.types[name].oid
        adapters.register_loader(oid, reading(adapters.get_loader(oid, Loader.format)))


def _say(dbapi: Any, statement: str) -> None:
    cursor = dbapi.cursor()
    cursor.execute(statement)
    cursor.close()


def _plain_query(query: str) -> str:
    """The query as it stands inside another one; colons are no parameters here."""
    plain = query.strip().removesuffix(";").strip()
    if not re.match(r"(?i)(select|with)\b", plain) or ";" in plain:
        raise BadSource("query: 应为一条 SELECT 语句 one SELECT is wanted")
    return plain.replace(":", "\\:") + "\n"  # the query may end in a comment


def _cells(row: Mapping[Any, Any]) -> Row:
    """The filled cells by column."""
    return {str(name): cell for name, cell in row.items() if cell not in (None, "")}


def _cause(error: DBAPIError) -> str:
    """What the driver says, without the statement and its parameters."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
