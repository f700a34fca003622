"""The daemon with a host clock that somebody sets wrong: its wall clock is the machine's and an offset from a file.

Only the wall is replaced, below `SteadyWall`, which is what notices a jump; the rest is `jiancha run` as it is.
"""

from __future__ import annotations

import contextlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

OFFSET_FILE: Final = "TORTURE_CLOCK_OFFSET"
"""Environment variable: a file that holds seconds, such as 3600 or -90."""
LOOK_SECONDS: Final = 0.05


class Wall:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked = -1.0
        self._offset = timedelta(0)

    def __call__(self) -> datetime:
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            with contextlib.suppress(OSError, ValueError):
                self._offset = timedelta(seconds=float(self._file.read_text()))
        return datetime.now(UTC) + self._offset


def run(*arguments: str) -> None:
    """The command with these arguments; does not come back."""
    from monitor import clock
    from monitor.app import program
    from monitor.cli.common import run_app

    wall = Wall(Path(os.environ[OFFSET_FILE]))

    def steady(*, hold_seconds: float) -> clock.SteadyWall:
        return clock.SteadyWall(hold_seconds=hold_seconds, wall=wall)

    program.SteadyWall = steady  # type: ignore[misc, assignment]
    os._exit(run_app(list(arguments)))
