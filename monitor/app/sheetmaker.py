"""The thread of the daemon that makes sheets of attendance in the background (docs/adr/0040)."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from monitor.app.program import Program
from monitor.store import sheetjobs
from monitor.store.engine import STORE_AWAY
from monitor.store.facts.look import Look

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
"""Real time; whoever asks in this process wakes it at once."""
LEASE: Final = timedelta(seconds=60)
"""Renewed with each step of a sheet; a step is eleven days of everybody."""
EXPIRE_SECONDS: Final = 60.0


class Stopped(Exception):
    """The daemon stops, or the sheet was taken away while it was made."""


class SheetMaker:
    """One sheet at a time. Of several replicas the one that took it makes it; one that was killed loses its lease."""

    def __init__(self, program: Program, look: Callable[[Connection, datetime], Look]) -> None:
        self._program, self._look = program, look
        self._me = secrets.token_hex(8)
        self._awake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sheets", daemon=True)
        self._expired_at: float | None = None

    def start(self) -> None:
        if self._program.store.is_sqlite:  # one process judges it: whoever had one is no more
            self._program.store.step(sheetjobs.free_all)
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def stop(self) -> None:
        """What is being made goes back to those that wait."""
        self._stop.set()
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._awake.clear()
            busy = False
            try:
                self._expire()
                busy = self._round()
            except STORE_AWAY as error:
                log.debug("the store is away", action="sheets.waiting", error=repr(error.orig))
            except Exception:  # the next round tries again
                log.exception("a sheet could not be looked for", action="sheets.failed")
            if not busy:
                self._awake.wait(POLL_SECONDS)

    def _expire(self) -> None:
        now = self._program.clock.monotonic()
        if self._expired_at is None or now - self._expired_at >= EXPIRE_SECONDS:
            real = self._program.clock.real_now()
            self._program.store.step(lambda conn: sheetjobs.expire(conn, real))
            self._expired_at = now

    def _round(self) -> bool:
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
            self._write(job.id, state="failed", why="制作进程多次中断 the process that made it ended several times")
            return True
        try:
            body = self._made(job)
        except Stopped:
            self._write(job.id, state="queued", maker=None, lease=None, tries=job.tries - 1)
            return True
        except STORE_AWAY:
            raise  # the lease ends by itself, then it is begun anew
        except Exception as error:  # it tells why: a font that is missing, a month that has not begun
            log.warning("a sheet could not be made", action="sheets.no", sheet=job.id, error=str(error))
            self._write(job.id, state="failed", why=str(error)[:500] or type(error).__name__, maker=None, lease=None)
            return True
        self._write(
            job.id, state="done", body=body, size=len(body), digest=hashlib.sha256(body).hexdigest(),
            made_at=self._program.clock.real_now(), maker=None, lease=None, done=sheetjobs.JOB.c.total,
        )  # fmt: skip
        log.info("a sheet was made", action="sheets.made", sheet=job.id, bytes=len(body))
        return True

    def _made(self, job: Row[Any]) -> bytes:
        """Its bytes. A closed month's whole sheet is the newest version as it was signed, all others are drafts."""
        from monitor.exports.attendance import draft, kept_tables, written  # here: it loads what makes files

        program = self._program
        with program.store.read() as conn:
            look = self._look(conn, program.clock.now())
            found = kept_tables(look, job.month, job.hall) if job.unit is None else None
            if found is None:
                told = draft(
                    look, program.policies.current.policy, job.month, job.hall, unit=job.unit,
                    tell=lambda done, total: self._tell(job.id, done, total + 1),
                )  # fmt: skip
                found = told.tables
            else:
                self._tell(job.id, 0, 1)
        return written(found, f".{job.format}")

    def _tell(self, number: int, done: int, total: int) -> None:
        """How far it is; raises Stopped where it need not go on."""
        now = self._program.clock.real_now()
        if self._stop.is_set() or not self._write(number, done=done, total=total, lease=now + LEASE):
            raise Stopped

    def _write(self, number: int, **values: Any) -> bool:
        return self._program.store.step(lambda conn: sheetjobs.go_on(conn, number, self._me, values))
