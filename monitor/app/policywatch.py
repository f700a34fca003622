"""The thread of the daemon that looks whether the store has another policy (docs/adr/0044)."""

from __future__ import annotations

import threading
from typing import Final

import structlog

from monitor.app.program import Program
from monitor.pace import Turn, rest
from monitor.store.engine import STORE_AWAY

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
"""Real time. The command line, and a replica whose bell is not heard, change it without a ring."""


class PolicyWatch:
    """Looks once a second, and at once when it is woken. The judge asks nothing itself: a step costs what it did."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._awake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="policy", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def stop(self) -> None:
        self._stop.set()
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._awake.clear()
            try:
                self._program.policies.refresh(self._program.store)
            except STORE_AWAY as error:
                log.debug("the store is away", action="policy.waiting", error=repr(error.orig))
            except Exception as error:  # the policy before goes on; the next look tries again
                log.error("the policy could not be looked at", action="policy.failed", exc_info=error)
            self._awake.wait(rest(Turn.POLICY, POLL_SECONDS))
