"""The wall that the processes of a torture run share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from torture.pace import SharedWall

BEGUN = 1_772_000_000.0
MOVES = 5_000


def test_whoever_reads_the_wall_while_another_process_moves_it_sees_no_other_time(tmp_path: Path) -> None:
    """Of a hundred reads two fell into a write that was in two pieces."""
    wall = SharedWall.make(tmp_path / "wall")
    wall.seconds = BEGUN
    writer = os.fork()
    if writer == 0:  # no Python of the tests runs on in it: it moves the wall until it is killed
        while True:
            wall.seconds += 0.005
    try:
        read = SharedWall(tmp_path / "wall")
        before, seen = BEGUN, 0
        while seen < MOVES:
            now = read.seconds
            assert before <= now < BEGUN + 1e7
            seen += now > before
            before = now
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
