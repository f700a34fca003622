"""The sealing thread of the daemon: audit rows come under seal within seconds, the head goes to the log each day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from monitor.app.program import Program
from monitor.ops.audit.sealer import Sealer, head_of
from monitor.store import seals
from monitor.store.engine import STORE_AWAY

log = structlog.get_logger(__name__)

HEAD_SECONDS: Final = 86_400.0
THOROUGH_SECONDS: Final = 600.0
"""How often the whole table is looked through for rows that were committed long after their number was drawn."""


class Sealing:
    """Seals every `audit.seal_seconds` until it is stopped, and once more then."""

    def __init__(self, program: Program, key: bytes) -> None:
        self._program = program
        self._sealer = Sealer(program.store, key)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._told_at: float | None = None
        self._thorough_at: float | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What the other parts have written before they stopped comes under seal too."""
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.wait(0):
            self._round(self._stop)
            self._stop.wait(self._program.settings.audit.seal_seconds)
        self._round(None)

    def _round(self, stop: threading.Event | None) -> None:
        now = self._program.clock.monotonic()
        thorough = self._thorough_at is None or now - self._thorough_at >= THOROUGH_SECONDS
        try:
            self._sealer.seal(thorough=thorough, stop=stop)
            if thorough:
                self._thorough_at = now
            if self._told_at is None or now - self._told_at >= HEAD_SECONDS:
                self._tell_head(now)
        except (*STORE_AWAY, seals.Collided) as error:
            log.warning("sealing waits for the store", action="audit.waiting", error=str(error))
        except Exception:  # the next round tries again
            log.exception("sealing failed", action="audit.seal_failed")

    def _tell_head(self, now: float) -> None:
        """Where nobody who can write to the database reaches it: a chain cut off at its end shows against it."""
        head = head_of(self._program.store)
        if head is not None:
            log.info("head of the audit seals", action="audit.head", head=str(head))
            self._told_at = now


def start_sealing(program: Program) -> Callable[[], None]:
    """Start the thread where there is a key, or say that nothing is sealed; gives what ends it."""
    key = program.settings.audit.secret
    if key is None:
        log.warning(
            "audit rows are not sealed: there is no key",
            action="audit.no_key",
            fix="jiancha audit key -o FILE; JIANCHA_AUDIT__KEY_FILE=FILE",
        )
        return lambda: None
    sealing = Sealing(program, key)
    sealing.start()
    return sealing.stop
