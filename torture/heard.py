"""Whether heartbeats have arrived in the store: for these the run's wall waits (`torture.pace`)."""

from __future__ import annotations

import threading
import time
from typing import Final

from sqlalchemy import func, select

from monitor.store.engine import STORE_AWAY
from monitor.store.schema import HeartbeatRow
from monitor.store.sql import table_of
from torture.world import World

BEAT: Final = table_of(HeartbeatRow)
PATIENCE_SECONDS: Final = 3.0
"""So long heartbeats of healthy devices are waited for: what a busy machine may take."""
FAULTY_SECONDS: Final = 0.3
"""And so long while a fault holds them up, or did a moment ago: time goes on."""
COME_BACK_SECONDS: Final = 2.5
LOOK_SECONDS: Final = 0.02


class Heard:
    """Looks into the store by a way of its own, without proxies."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store()
        self._last = 0

    def wait(self, beats: int) -> None:
        """Until so many have arrived since the last time, or longer than is to be waited."""
        begun, pause = time.monotonic(), threading.Event()
        while time.monotonic() - begun < self._patience():
            count, last = self._arrived()
            if count >= beats:
                self._last = last
                return
            pause.wait(LOOK_SECONDS)
        self._last = max(self._last, self._arrived()[1])

    def close(self) -> None:
        self._store.close()

    def _patience(self) -> float:
        recently = time.monotonic() - self._world.mended_at < COME_BACK_SECONDS
        return FAULTY_SECONDS if self._world.broken or recently else PATIENCE_SECONDS

    def _arrived(self) -> tuple[int, int]:
        """How many since the last one that was waited for, and the number of the newest."""
        query = select(func.count(), func.max(BEAT.c.id)).where(BEAT.c.id > self._last)
        try:
            with self._store.read() as conn:
                count, last = conn.execute(query).one()
        except STORE_AWAY:
            return 0, 0
        return count, last or self._last
