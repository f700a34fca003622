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
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

T = TypeVar("T")
log = structlog.get_logger(__name__)

BUSY_SECONDS: Final = 30.0
"""How long SQLite waits for a lock that another process holds; then the step fails, and its caller tries again."""
NOTICED_SECONDS: Final = 2.0
"""A wait for that lock from which on it is told (/readyz, log): others hold it for milliseconds."""
SMALL_BYTES: Final = 6_000_000
"""What SQLite holds in memory in a daemon, over all its connections: two dozen threads have one each, and each would
fill its own cache in a day. What it lets go of is still in the system's cache of the file.
"""
READING_KB: Final = 8_000
WRITING_KB: Final = 32_000
"""What a connection to SQLite caches. One that wrote once keeps the more: the judge and ingest. Each of many that read
for pages would hold as much.
"""
RETRIES: Final = 8
TURN_SECONDS: Final = 0.0005
GIVE_WAY_SECONDS: Final = 0.01
"""How long the judge computes before it gives way to a batch of ingest, and how long it then waits at most."""
BREATH_SECONDS: Final = 0.001
FAST_BATCHES: Final = 10
FAST_SECONDS: Final = 0.1
"""So long the judge rests after each turn while so many batches come in so short a time, with none in hand too: broker
and network thread need core and interpreter to bring the next. In a hall's day none come so fast, and each rest would
be a waking.
"""
LOOK_AGAIN_SECONDS: Final = 0.002
"""How often a SQLite store that another process writes is asked whether it is free."""
STORE_AWAY: Final = (OperationalError, InterfaceError)
"""Errors of the store itself (gone, locked, full), not of what it was asked: the same may pass later."""
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available
_RETRY_SQLSTATES: Final = frozenset({"40001", "40P01", "55P03"})


POSTGRES_CONNECTION: Final[Mapping[str, Any]] = {
    # a server that fell silent is noticed in seconds; by default TCP would wait for hours
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    # without it the driver gives text of a database in SQL_ASCII as bytes
    "client_encoding": "utf8",
    # and the server ends the session of a client that fell silent inside a transaction, which may hold locks
    "options": "-c timezone=UTC -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s",
}
"""What a connection to PostgreSQL is opened with, unless the URL says otherwise."""


class FairLock:
    """One writer at a time in this process; ingest goes first, others in the order they came.

    SQLite's own lock is not fair: beside long judging batches ingest committed once in six seconds.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._held = False
        self._first: deque[object] = deque()
        self._others: deque[object] = deque()
        self._first_at_work = False
        self._gave_way_at = 0.0
        self._done_at: deque[float] = deque(maxlen=FAST_BATCHES)
        """When the last batches were done."""
        self.firsts = 0
        """How often somebody who goes first has asked: whoever writes long steps sees whether ingest is at work."""

    @contextlib.contextmanager
    def hold(self, *, first: bool = False) -> Iterator[None]:
        ticket = object()
        queue = self._first if first else self._others
        with self._condition:
            self.firsts += first
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

    @contextlib.contextmanager
    def going_first(self) -> Iterator[None]:
        """Around all that ingest does with a batch, also before and after it holds the lock: `give_way` waits."""
        self._first_at_work = True
        try:
            yield
        finally:
            self._first_at_work = False
            self._done_at.append(time.monotonic())
            with self._condition:
                self._condition.notify_all()

    def give_way(self) -> None:
        """Called again and again by the one thread that computes long (the judge): let ingest finish its batch first.

        Python hands its interpreter over at each statement of ingest, and would take half a millisecond to hand it
        back, ten times a batch. Waits a while at most, and only after a turn of its own, so that judging goes on where
        batch follows batch. There it rests for a breath though none is in hand (docs/adr/0015).
        """
        now = time.monotonic()
        if now - self._gave_way_at < TURN_SECONDS:
            return
        if not self._first_at_work:
            if len(self._done_at) < FAST_BATCHES or now - self._done_at[0] > FAST_SECONDS:
                return
            time.sleep(BREATH_SECONDS)
        with self._condition:
            self._condition.wait_for(lambda: not self._first_at_work, GIVE_WAY_SECONDS)
        self._gave_way_at = time.monotonic()

    def _next(self) -> object | None:
        if self._first:
            return self._first[0]
        return self._others[0] if self._others else None


class _Undo(Exception):
    """Ends a trial's transaction without a trace; its argument is what was found."""


class Store:
    """A database by URL, opened once and shared by threads.

    `read()` gives a connection in a read transaction, `write()` one in a write transaction that commits at the end of
    the block and rolls back on an exception. Neither may be nested in the other on the same thread.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.url = url
        self._busy_seconds = busy_seconds
        self.engine: Engine = _make_engine(url, busy_seconds)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.lock = FairLock()
        self.on_link: Callable[[str | None], None] = lambda why: None
        """Told at every change: why the store is away, or None when it is back."""
        self._away: dict[str, str] = {}
        self._saying = threading.Lock()
        self._waiting_since: float | None = None
        self.polite: Callable[[], bool] = lambda: False
        """Whether another process judges this SQLite store now: then a rest as long follows each write (DESIGN §10)."""

    def keep_small(self) -> None:
        """Bound what SQLite holds in memory in this process (SMALL_BYTES): a daemon runs for months."""
        if self.is_sqlite:
            with self.read() as conn:
                conn.exec_driver_sql(f"PRAGMA soft_heap_limit={SMALL_BYTES}")

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: every query in it sees the store as of the first."""
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._watched("read"), self.engine.connect().execution_options(**snapshot) as conn, conn.begin():
            yield conn

    @contextlib.contextmanager
    def write(self, *, first: bool = False) -> Iterator[Connection]:
        """A write transaction; `first` puts it before other waiting writers (ingest)."""
        guard = self.lock.hold(first=first) if self.is_sqlite else contextlib.nullcontext()
        began = time.monotonic()
        with (
            self._watched("write"),
            guard,
            self.engine.connect().execution_options(jiancha_write=True) as conn,
            self._begun(conn),
        ):
            yield conn
        if self.polite():
            threading.Event().wait(time.monotonic() - began)

    def step(self, work: Callable[[Connection], T], *, first: bool = False) -> T:
        """Run `work` in a write transaction; deadlock, serialisation and lock errors retry the whole step.

        Raises the last error after RETRIES attempts, or once they have taken `busy_seconds`.
        """
        end = time.monotonic() + self._busy_seconds
        for attempt in range(RETRIES):
            try:
                with self.write(first=first) as conn:
                    return work(conn)
            except DBAPIError as error:
                if attempt == RETRIES - 1 or time.monotonic() > end or not is_retryable(error):
                    raise
                log.warning("store step retried", action="store.retry", attempt=attempt + 1, error=str(error.orig))
                threading.Event().wait(random.uniform(0.01, 0.05) * 2**attempt)  # nosec B311  # spreads tries, guards nothing
        raise AssertionError("unreachable: the loop returns or raises")

    def tried(self, work: Callable[[Connection], T]) -> T:
        """What `work` finds in a write transaction of which nothing stays: previews, dry runs, probes."""

        def trial(conn: Connection) -> None:
            raise _Undo(work(conn))

        try:
            self.step(trial)
        except _Undo as done:
            found: T = done.args[0]
            return found
        raise AssertionError("unreachable: a trial always raises")

    @property
    def away(self) -> str | None:
        """Why the last transaction found no store, or has been waiting for a while; None while there is one."""
        since = self._waiting_since
        waited = 0.0 if since is None else time.monotonic() - since
        if waited > NOTICED_SECONDS:
            return f"another process has held its write lock for {waited:.0f} s"
        return next(iter(self._away.values()), None)

    @contextlib.contextmanager
    def _begun(self, conn: Connection) -> Iterator[None]:
        """The write transaction; what it waits for another process is seen by `away`, and told when it is over."""
        since = time.monotonic()
        if self.is_sqlite:
            self._waiting_since = since
        try:
            transaction = conn.begin()
        finally:
            self._waiting_since = None
            waited = time.monotonic() - since
            if self.is_sqlite and waited > NOTICED_SECONDS:
                log.warning("another process held the write lock", action="store.waited", seconds=round(waited, 1))
        with transaction:
            yield

    @contextlib.contextmanager
    def _watched(self, what: str) -> Iterator[None]:
        try:
            yield
        except STORE_AWAY as error:
            if getattr(error.orig, "sqlstate", None) not in _RETRY_SQLSTATES:
                self._link(what, str(error.orig).strip() or repr(error.orig))
            raise
        self._link(what, None)

    def _link(self, what: str, why: str | None) -> None:
        """Say once that the store is gone, and once that it is back, whichever thread sees it first.

        A full disk can still be read: a read that succeeds takes nothing back that a write has said.
        """
        if why is None and not self._away:
            return
        with self._saying:
            before = bool(self._away)
            if why is not None:
                self._away[what] = why
            elif what == "write":
                self._away.clear()
            else:
                self._away.pop(what, None)
            if before == bool(self._away):
                return
            if self._away:
                log.error("the store is away; its work waits", action="store.away", error=why)
            else:
                log.info("the store is back", action="store.back")
            self.on_link(why)

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


def _make_engine(url: str, busy_seconds: float) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed,
            hide_parameters=True,
            # The connection that was used last, whose cache is warm; one in memory has no pool.
            **({"pool_use_lifo": True} if parsed.database not in (None, "", ":memory:") else {}),
            connect_args={"timeout": busy_seconds, "check_same_thread": False},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", partial(_begin_sqlite, busy_seconds=busy_seconds))
        return engine
    given = {name: value for name, value in POSTGRES_CONNECTION.items() if name not in parsed.query}
    return create_engine(parsed, hide_parameters=True, pool_pre_ping=True, connect_args=given)


def _prepare_sqlite(dbapi: Any, _record: Any) -> None:
    dbapi.isolation_level = None  # the driver must not begin by itself: BEGIN IMMEDIATE below decides
    cursor = dbapi.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "temp_store=MEMORY",
        f"cache_size=-{READING_KB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(conn: Connection, *, busy_seconds: float) -> None:
    # IMMEDIATE: a deferred transaction that turns to writing fails at once with SQLITE_BUSY, whatever the time-out.
    dbapi: Any = conn.connection.dbapi_connection
    write = conn.get_execution_options().get("jiancha_write", False)
    if not write:
        dbapi.execute("BEGIN")  # touches no file, so nothing can fail; SQLAlchemy's way takes as long as what follows
        return
    if not conn.info.get("wide"):
        conn.exec_driver_sql(f"PRAGMA cache_size=-{WRITING_KB}")
        conn.info["wide"] = True
    dbapi.execute("PRAGMA busy_timeout=0")
    try:
        if not _let_in(dbapi, busy_seconds):
            conn.exec_driver_sql("BEGIN IMMEDIATE")  # says why not, as everything that the store says
    finally:
        dbapi.execute(f"PRAGMA busy_timeout={round(busy_seconds * 1000)}")


def _let_in(dbapi: Any, busy_seconds: float) -> bool:
    """BEGIN IMMEDIATE as soon as another process lets go; False where it does not, or where something else is wrong.

    SQLite itself would look again after 100 ms, and beside a process that writes batch after batch find the door open
    once in seconds.
    """
    end = time.monotonic() + busy_seconds
    while True:
        try:
            dbapi.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                return False
            threading.Event().wait(LOOK_AGAIN_SECONDS)
        else:
            return True
