"""Waking the other replicas on one PostgreSQL by NOTIFY, beside their poll (DESIGN §1B).

A ring is no message: whoever hears it looks at the store, and who misses it looks within a second anyway. So it is sent
after the commit, by a connection of its own, at most once in REST_SECONDS a topic: a NOTIFY inside the transactions
would make their commits wait for each other.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy.exc import DBAPIError

from monitor.store.engine import Store

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)

CHANNEL: Final = "jiancha"
REST_SECONDS: Final = 0.02
AGAIN_SECONDS: Final = 1.0
"""Rest before the next try to reach a server that is away."""


class Bell:
    """Rings in every replica but this one. `heard`: what is called, by topic, in the bell's own thread.

    On SQLite, where one process does all, it does nothing.
    """

    def __init__(self, store: Store, heard: Mapping[str, Callable[[], None]]) -> None:
        self._store, self._heard = store, heard
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)

    def start(self) -> None:
        if not self._store.is_sqlite:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._nudge()
        if self._thread.is_alive():
            self._thread.join()

    def ring(self, topic: str) -> None:
        """Something of the topic was committed. For any thread; returns at once."""
        if not self._store.is_sqlite:
            with self._lock:
                self._asked.add(topic)
            self._nudge()

    def _nudge(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe has the thread woken already
            self._near.send(b"\0")

    def _run(self) -> None:
        import psycopg  # 11 MB, which a hall on SQLite does without

        while not self._stopping.is_set():
            try:
                with contextlib.closing(_connect(self._store)) as conn:
                    self._serve(conn)
            except (psycopg.Error, DBAPIError, OSError) as error:
                log.debug("no bell; the poll goes on", action="bell.away", error=str(error))
            self._stopping.wait(AGAIN_SECONDS)

    def _serve(self, conn: psycopg.Connection[Any]) -> None:
        conn.execute(f"LISTEN {CHANNEL}")
        for call in self._heard.values():
            call()  # what was rung while nobody listened here
        with selectors.DefaultSelector() as selector:
            selector.register(conn.fileno(), selectors.EVENT_READ)
            selector.register(self._far, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                with contextlib.suppress(BlockingIOError):
                    self._far.recv(4096)
                self._send(conn)
                self._hear(conn)
                self._stopping.wait(REST_SECONDS)

    def _send(self, conn: psycopg.Connection[Any]) -> None:
        with self._lock:
            asked, self._asked = self._asked, set()
        for topic in sorted(asked):
            conn.execute("SELECT pg_notify(%s, %s)", (CHANNEL, topic))

    def _hear(self, conn: psycopg.Connection[Any]) -> None:
        own = conn.info.backend_pid
        for topic in {note.payload for note in conn.notifies(timeout=0) if note.pid != own}:
            if topic in self._heard:
                self._heard[topic]()


def _connect(store: Store) -> psycopg.Connection[Any]:
    """A connection of the store's, taken out of its pool for good, each statement by itself."""
    pooled = store.engine.raw_connection()
    conn: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
    pooled.detach()
    conn.autocommit = True
    return conn
