"""The thread of the daemon that looks into the store for all the others (docs/adr/0063).

Each of them is woken by whoever brings it something in this process. What time alone makes due, and what another
process wrote, is found here, once a period (in a calm hall less often, `monitor.pace`) and by one statement; before,
seven threads looked for themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from monitor.pace import Tempo, Turn, rest
from monitor.store import policies
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.waiting import VERSIONS, Waiting, waiting

log = structlog.get_logger(__name__)


class Lookout:
    """Wakes `judge`, `policy`, `planner`, `senders`, `sheets`. `now`: the program's clock; `real`: the wall's."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        real: Callable[[], datetime],
        wake: Mapping[str, Callable[[], None]],
        tempo: Tempo,
    ) -> None:
        self._store, self._now, self._real, self._wake, self._tempo = store, now, real, wake, tempo
        self._versions: Mapping[str, str | None] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Wake whoever has something to do; all of them where the store cannot be asked: each says so itself."""
        try:
            with self._store.read() as conn:
                found = waiting(conn, self._now(), self._real())
        except STORE_AWAY as error:
            log.debug("the store is away", action="lookout.waiting", error=repr(error.orig))
            for wake in self._wake.values():
                wake()
            return
        for part in self._concerned(found):
            self._wake[part]()
        self._versions = found.versions

    def _concerned(self, found: Waiting) -> list[str]:
        changed = {key for key in VERSIONS if found.versions[key] != self._versions.get(key, "")}
        if changed:  # somebody is at work, and does more
            self._tempo.stir()
        told = {
            "policy": policies.COUNTER in changed,
            "judge": found.judge or bool(changed),
            "planner": found.planner,
            "senders": found.senders,
            "sheets": found.sheets,
        }
        return [part for part, concerned in told.items() if concerned]

    def _run(self) -> None:
        while not self._stop.wait(rest(Turn.LOOKOUT, self._tempo.seconds)):
            try:
                self.look()
            except Exception as error:  # the others look for themselves now and then; the next look tries again
                log.error("the store could not be looked at", action="lookout.failed", exc_info=error)
