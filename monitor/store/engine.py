"""Opening a store: engine, the two kinds of transaction, the fair lock of SQLite, retry of a whole step (DESIGN §10).

Functions elsewhere in `store` take a connection and never commit; the caller owns the transaction through `Store`.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")
log = structlog.get_logger(__name__)

BUSY_TIMEOUT_MS: Final = 30_000
RETRIES: Final = 8
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available
_RETRY_SQLSTATES: Final = frozenset({"40001", "40P01", "55P03"})


class FairLock:
    """One writer at a time in this process; ingest goes first, others in the order they came.

    SQLite's own lock is not fair: beside long judging batches ingest committed once in six seconds.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._held = False
        self._first: deque[object] = deque()
        self._others: deque[object] = deque()

    @property
    def contended(self) -> bool:
        """Whether somebody who goes first is waiting (a long step may stop early then)."""
        return bool(self._first)

    @contextlib.contextmanager
    def hold(self, *, first: bool = False) -> Iterator[None]:
        ticket = object()
        queue = self._first if first else self._others
        with self._condition:
            queue.append(ticket)
            while self._held or self._next() is not ticket:
                self._condition.wait()
            queue.popleft()
            self._held = True
        try:
            yield
        finally:
            with self._condition:
                self._held = False
                self._condition.notify_all()

    def _next(self) -> object | None:
        if self._first:
            return self._first[0]
        return self._others[0] if self._others else None


class Store:
    """A database by URL, opened once and shared by threads.

    `read()` gives a connection in a read transaction, `write()` one in a write transaction that commits at the end of
    the block and rolls back on an exception. Neither may be nested in the other on the same thread.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = _make_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.lock = FairLock()
        self.polite = False
        """Another process judges this SQLite store: each write is followed by a rest as long (DESIGN §10)."""

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as conn, conn.begin():
            yield conn

    @contextlib.contextmanager
    def write(self, *, first: bool = False) -> Iterator[Connection]:
        """A write transaction; `first` puts it before other waiting writers (ingest)."""
        guard = self.lock.hold(first=first) if self.is_sqlite else contextlib.nullcontext()
        began = time.monotonic()
        with guard, self.engine.connect().execution_options(jiancha_write=True) as conn, conn.begin():
            yield conn
        if self.polite:
            threading.Event().wait(time.monotonic() - began)

    def step(self, work: Callable[[Connection], T], *, first: bool = False) -> T:
        """Run `work` in a write transaction; deadlock, serialisation and lock errors retry the whole step.

        Raises the last error after RETRIES attempts.
        """
        for attempt in range(RETRIES):
            try:
                with self.write(first=first) as conn:
                    return work(conn)
            except DBAPIError as error:
                if attempt == RETRIES - 1 or not is_retryable(error):
                    raise
                log.warning("store step retried", action="store.retry", attempt=attempt + 1, error=str(error.orig))
                threading.Event().wait(random.uniform(0.01, 0.05) * 2**attempt)
        raise AssertionError("unreachable: the loop returns or raises")

    def close(self) -> None:
        self.engine.dispose()


def is_retryable(error: DBAPIError) -> bool:
    """Whether the same step may succeed when run again: lock, deadlock, serialisation conflict, lost connection."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _RETRY_SQLSTATES:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig) or "busy" in str(error.orig)
    return bool(isinstance(error, OperationalError) and error.connection_invalidated)


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_pre_ping=True)


def _prepare_sqlite(dbapi: Any, _record: Any) -> None:
    dbapi.isolation_level = None  # the driver must not begin by itself: BEGIN IMMEDIATE below decides
    cursor = dbapi.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "temp_store=MEMORY",
        "cache_size=-32000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    # IMMEDIATE: a deferred transaction that turns to writing fails at once with SQLITE_BUSY, whatever the time-out.
    write = conn.get_execution_options().get("jiancha_write", False)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
