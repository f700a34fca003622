"""Whether the daemon does its work, and who is told: the service manager, and the dead man's switch (docs/adr/0054)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from monitor.console.health import Health, Unready
from monitor.ops.sdnotify import ServiceManager
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.migrate import revision

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 5.0
"""Between two looks at the parts; a short watchdog has them looked at more often."""
WELL: Final = "正常运行 running: 库、消息服务器、判定均正常 store, broker and loop are well"


def ailing(health: Health, store: Store) -> list[Unready]:
    """The parts that do not work: broker and loop as they report, and the store, asked here.

    Unlike /readyz it says nothing of what a restart would make worse or leave alone: a system clock that jumped (a
    restart follows it, whatever it says) and a calendar that ended.
    """
    found = health.reasons()
    try:
        with store.read() as conn:
            revision(conn)
    except STORE_AWAY as error:
        return [*found, Unready(part="store", why=f"cannot be read: {error.orig}")]
    return found if store.away is None else [*found, Unready(part="store", why=store.away)]


class Vitals:
    """Tells the service manager: ready at the first moment when nothing ails, then fed while nothing does.

    Nothing is told as ready before: the watchdog runs from that word on, so that an outage which a restart does not
    mend costs one restart, however long it lasts. `monotonic`: real seconds.
    """

    def __init__(
        self, manager: ServiceManager, *, ailing: Callable[[], list[Unready]], monotonic: Callable[[], float]
    ) -> None:
        self._manager, self._ailing, self._monotonic = manager, ailing, monotonic
        self._every = None if manager.watchdog_seconds is None else manager.watchdog_seconds / 2
        self._look_every = LOOK_SECONDS if self._every is None else min(LOOK_SECONDS, self._every / 4)
        self._ready = False
        self._fed: float | None = None
        self._withheld = False

    def run(self, stop: threading.Event) -> None:
        """Look and tell until `stop` is set. Blocks."""
        while not stop.is_set():
            try:
                self.look()
            except Exception as error:  # not fed then, which is what a fault here has to lead to
                log.error("the parts could not be looked at", action="watchdog.failed", exc_info=error)
            stop.wait(self._rest())

    def look(self) -> None:
        found = self._ailing()
        if found:
            self._manager.status("未就绪 not ready: " + "; ".join(f"{one.part}: {one.why}" for one in found))
            if self._is_due() and not self._withheld:
                self._withheld = True
                log.warning("the watchdog is not fed", action="watchdog.withheld", parts=[one.part for one in found])
            return
        self._manager.status(WELL)
        if not self._ready:
            self._ready = True
            self._manager.ready()
            self._fed = self._monotonic()
        if self._is_due():
            self._manager.feed()
            self._fed, self._withheld = self._monotonic(), False

    def _is_due(self) -> bool:
        if self._every is None or self._fed is None:
            return False
        return self._monotonic() - self._fed >= self._every

    def _rest(self) -> float:
        """To the next look, in seconds: on time for the watchdog, and sooner than usual until it was ready once."""
        if not self._ready:
            return min(self._look_every, 0.2)
        if self._every is None or self._fed is None or self._is_due():
            return self._look_every
        return min(self._look_every, self._fed + self._every - self._monotonic())
