"""The thread of the daemon that looks whether the store has another policy (docs/adr/0044)."""

from __future__ import annotations

import threading
from typing import Final

import structlog

from monitor.app.program import Program
from monitor.rounds import Rounds
from monitor.store.engine import STORE_AWAY

log = structlog.get_logger(__name__)

REST_SECONDS: Final = 30.0
"""How long it rests at most, in real time. The lookout sees what the command line, or a replica, has changed."""


class PolicyWatch:
    """Looks when it is woken, and now and then. The judge asks nothing itself: a step costs what it did."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._rounds = Rounds()
        self._thread = threading.Thread(target=self._run, name="policy", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._rounds.wake()

    def stop(self) -> None:
        self._rounds.end()
        self._thread.join()

    def _run(self) -> None:
        while self._rounds.begin():
            try:
                self._program.policies.refresh(self._program.store)
            except STORE_AWAY as error:
                log.debug("the store is away", action="policy.waiting", error=repr(error.orig))
            except Exception as error:  # the policy before goes on; the next look tries again
                log.error("the policy could not be looked at", action="policy.failed", exc_info=error)
            self._rounds.rest(REST_SECONDS)
