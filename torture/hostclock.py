"""The daemon with a wall clock of the run's own, which somebody may set wrong: the shared wall and an offset.

Only the wall is replaced, below `SteadyWall`, which is what notices a jump; the rest is `jiancha run` as it is.
"""

from __future__ import annotations

import contextlib
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from torture.pace import SharedWall

WALL_FILE: Final = "TORTURE_WALL"
"""Environment variable: the file of the shared wall."""
OFFSET_FILE: Final = "TORTURE_CLOCK_OFFSET"
"""Environment variable: a file that holds seconds, such as 3600 or -90."""
LOOK_SECONDS: Final = 0.05


class Wall:
    def __init__(self, wall: SharedWall, offset: Path) -> None:
        self._wall, self._file = wall, offset
        self._looked = -1.0
        self._offset = timedelta(0)

    def __call__(self) -> datetime:
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            with contextlib.suppress(OSError, ValueError):
                self._offset = timedelta(seconds=float(self._file.read_text()))
        return self._wall() + self._offset


def run(*arguments: str) -> None:
    """The command with these arguments; does not come back."""
    from monitor import clock
    from monitor.app import program
    from monitor.cli.running import run_app

    shared = SharedWall(Path(os.environ[WALL_FILE]))
    wall = Wall(shared, Path(os.environ[OFFSET_FILE]))

    def steady(*, hold_seconds: float) -> clock.SteadyWall:
        return clock.SteadyWall(hold_seconds=hold_seconds, wall=wall, elapsed=lambda: shared.seconds)

    setattr(program, "SteadyWall", steady)  # noqa: B010 - a name of the module that reads the clock
    os._exit(run_app(list(arguments)))
