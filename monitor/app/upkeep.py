"""Upkeep of the store beside the daemon's work: the months ahead have their partitions (docs/adr/0056)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from monitor.app.program import Program
from monitor.store import payloads
from monitor.store.engine import STORE_AWAY

log = structlog.get_logger(__name__)

ROUND_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 60.0
"""After a round that found the store away, or the table locked."""


def keep_up(program: Program, most: int | None = None) -> None:
    """Make the partitions that are missing; nothing to do on SQLite. Any replica does it, at any time. A month of which
    the default partition holds more than `most` rows is left.
    """
    now = program.clock.now()
    with program.store.read() as conn:
        missing = payloads.missing(conn, now)
    if not missing:
        return
    with program.store.write() as conn:  # not `step`: who waits for a lock keeps others waiting, so later and not again
        made = payloads.make(conn, missing, most)
    if made:
        log.info("months were made ahead", action="upkeep.months", made=[month.name for month in made])
    if len(made) < len(missing):
        left = [month.name for month in missing if month not in made]
        log.warning("months were not made here", action="upkeep.months_left", left=left, fix="jiancha db upgrade")


def start_upkeep(program: Program) -> Callable[[], None]:
    """A round at once and one every hour; gives what ends it."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            rest = ROUND_SECONDS
            try:
                keep_up(program, payloads.MOVED_MOST)
            except STORE_AWAY as error:
                log.warning("upkeep waits for the store", action="upkeep.waiting", error=str(error.orig))
                rest = AGAIN_SECONDS
            except Exception:  # the next round tries again
                log.exception("upkeep failed", action="upkeep.failed")
            stop.wait(rest)

    if program.store.is_sqlite:
        return lambda: None
    thread = threading.Thread(target=run, name="upkeep", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(30)

    return end
