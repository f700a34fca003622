"""The thread of the daemon that opens what the cycle of assessment (考评周期) will bring: docs/adr/0050."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from monitor.app.program import Program
from monitor.store.engine import STORE_AWAY
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle.ahead import expect_cycle

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 60.0
"""Real time. What is opened is due in a day or more; of several replicas the first does it, the others find it done."""


class CycleKeeper:
    """Opens tasks until it is stopped; `after` wakes whoever judges them."""

    def __init__(
        self, program: Program, look: Callable[[Connection, datetime], Look], after: Callable[[], None]
    ) -> None:
        self._program, self._look, self._after = program, look, after
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cycle", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._round()
            except STORE_AWAY as error:
                log.debug("the store is away", action="cycle.waiting", error=repr(error.orig))
            except Exception:  # a book that cannot be read, a year without a calendar: the next round tries again
                log.exception("what is owed could not be opened", action="cycle.failed")
            self._stop.wait(POLL_SECONDS)

    def _round(self) -> None:
        now = self._program.clock.now()
        opened = self._program.store.step(lambda conn: expect_cycle(self._look(conn, now)))
        if opened:
            log.info("tasks were opened", action="cycle.opened", tasks=opened)
            self._after()
