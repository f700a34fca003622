"""The pace of a run: the wall clock that its daemons read, which never runs faster than real time and waits for them.

The hall's clock runs many times as fast as this wall. A heartbeat that a busy machine is late with by a second of its
own would look like a device whose clock is wrong by minutes, and nothing would be tested but the machine. So the wall
stands still while heartbeats that nothing holds up are under way; where a fault holds them up, it goes on.
"""

from __future__ import annotations

import mmap
import struct
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

STEP_SECONDS: Final = 0.005
_FORM: Final = "d"


class SharedWall:
    """Seconds of the epoch in a file that processes share; `make` it once, then read it anywhere.

    A value is written in one piece, through a view of doubles: `struct.pack_into` fills with zeros first, and whoever
    reads in between sees 1970.
    """

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._cell = memoryview(mmap.mmap(opened.fileno(), struct.calcsize(_FORM))).cast(_FORM)

    @staticmethod
    def make(file: Path) -> SharedWall:
        file.write_bytes(struct.pack(_FORM, time.time()))
        return SharedWall(file)

    @property
    def seconds(self) -> float:
        return float(self._cell[0])

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._cell[0] = value

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


class Pace:
    """Moves the wall: `run` in a thread of its own, `advance` by whoever plays. One of them at a time."""

    def __init__(self, wall: SharedWall) -> None:
        self.wall = wall
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def advance(self, seconds: float) -> None:
        """By so much, not faster than real time."""
        begun, since = self.wall.seconds, time.monotonic()
        pause = threading.Event()
        while (passed := time.monotonic() - since) < seconds:
            self.wall.seconds = begun + passed
            pause.wait(min(STEP_SECONDS, seconds - passed))
        self.wall.seconds = begun + seconds

    def run(self) -> None:
        """Like any clock, until `hold`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._tick, name="wall", daemon=True)
        self._thread.start()

    def hold(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _tick(self) -> None:
        begun, since = self.wall.seconds, time.monotonic()
        while not self._stop.wait(STEP_SECONDS):
            self.wall.seconds = begun + time.monotonic() - since
