"""The thread of the daemon that makes in the background what takes seconds: sheets, reports, drafts and closings
(docs/adr/0040). What each kind is, `app.works` knows.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from monitor.app.program import Program
from monitor.app.works import WORKS, Making, Stopped, ended
from monitor.rounds import Rounds
from monitor.store import sheetjobs
from monitor.store.engine import STORE_AWAY
from monitor.store.facts.look import Look
from monitor.supervision.refused import Refused

log = structlog.get_logger(__name__)

REST_SECONDS: Final = 30.0
"""How long it rests at most, in real time: whoever asks in this process wakes it, of others the lookout knows."""
LEASE: Final = timedelta(seconds=60)
"""Renewed while something is made: a year of assessment is worked out in one step of minutes."""
RENEW_SECONDS: Final = 20.0
EXPIRE_SECONDS: Final = 60.0
_AGAIN: Final[Mapping[str, Any]] = {"state": "queued", "maker": None, "lease": None}


class SheetMaker:
    """One thing at a time. Of several replicas the one that took it makes it; one that was killed loses its lease."""

    def __init__(self, program: Program, look: Callable[[Connection, datetime], Look]) -> None:
        self._program, self._look = program, look
        self._me = secrets.token_hex(8)
        self._rounds = Rounds()
        self._thread = threading.Thread(target=self._run, name="sheets", daemon=True)
        self._expired_at: float | None = None

    def start(self) -> None:
        if self._program.store.is_sqlite:  # one process judges it: whoever had one is no more
            self._program.store.step(sheetjobs.free_all)
        self._thread.start()

    def wake(self) -> None:
        self._rounds.wake()

    def stop(self) -> None:
        """What is being made goes back to those that wait."""
        self._rounds.end()
        self._thread.join()

    def _run(self) -> None:
        while self._rounds.begin():
            busy = False
            try:
                self._expire()
                busy = self.round()
            except STORE_AWAY as error:
                log.debug("the store is away", action="sheets.waiting", error=repr(error.orig))
            except Exception:  # the next round tries again
                log.exception("a sheet could not be looked for", action="sheets.failed")
            if not busy:
                self._rounds.rest(REST_SECONDS)

    def _expire(self) -> None:
        now = self._program.clock.monotonic()
        if self._expired_at is None or now - self._expired_at >= EXPIRE_SECONDS:
            real = self._program.clock.real_now()
            self._program.store.step(lambda conn: sheetjobs.expire(conn, real))
            self._expired_at = now

    def round(self) -> bool:
        """Take one and make it; False: none waits."""
        now = self._program.clock.real_now()
        with self._program.store.read() as conn:
            waits = sheetjobs.any_free(conn, now)
        if not waits:
            return False
        job = self._program.store.step(lambda conn: sheetjobs.take(conn, self._me, now, now + LEASE))
        if job is None:
            return False
        if job.tries > sheetjobs.TRIES:
            self._failed(job.id, "制作进程多次中断 the process that made it ended several times")
            return True
        try:
            with self._held(job.id):
                body = WORKS[job.work](self._making(job))
        except Stopped:
            self._write(job.id, **_AGAIN, tries=job.tries - 1)
            return True
        except STORE_AWAY:
            raise  # the lease ends by itself, then it is begun anew
        except Exception as error:  # it tells why: a font that is missing, a month that has not begun
            log.warning("a sheet could not be made", action="sheets.no", sheet=job.id, error=str(error))
            self._failed(job.id, error.text if isinstance(error, Refused) else str(error) or type(error).__name__)
            return True
        if body is not None:
            digest = hashlib.sha256(body).hexdigest()
            self._write(
                job.id, **ended(self._program.clock.real_now(), body=body, size=len(body), digest=digest)
            )  # fmt: skip
        log.info("a sheet was made", action="sheets.made", sheet=job.id, work=job.work, bytes=len(body or b""))
        return True

    def _making(self, job: Row[Any]) -> Making:
        def own(conn: Connection, values: Mapping[str, Any]) -> None:
            if not sheetjobs.go_on(conn, job.id, self._me, values):
                raise Stopped

        return Making(
            program=self._program, look=self._look, job=job,
            tell=lambda done, total: self._tell(job.id, done, total), own=own,
        )  # fmt: skip

    @contextmanager
    def _held(self, number: int) -> Iterator[None]:
        """Keep the lease while it is made, however long a step of it takes."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(RENEW_SECONDS):
                try:
                    self._write(number, lease=self._program.clock.real_now() + LEASE)
                except Exception as error:  # it may be lost: then another takes it
                    log.debug("a lease could not be renewed", action="sheets.lease", error=repr(error))

        thread = threading.Thread(target=renew, name="sheets-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _failed(self, number: int, why: str) -> None:
        self._write(number, state="failed", why=why[:500], words=None, maker=None, lease=None)

    def _tell(self, number: int, done: int, total: int) -> None:
        """How far it is; raises Stopped where it need not go on."""
        now = self._program.clock.real_now()
        if self._rounds.over or not self._write(number, done=done, total=total, lease=now + LEASE):
            raise Stopped

    def _write(self, number: int, **values: Any) -> bool:
        return self._program.store.step(lambda conn: sheetjobs.go_on(conn, number, self._me, values))
