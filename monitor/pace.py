"""When those look that look again and again: each second in the same order, close behind one another.

A processor that has slept finds its caches cold. What takes a tenth of a millisecond in a loop takes half of one when a
thread does it alone once a second; of a dozen that come one after the other only the first pays that. At the very same
instant they would wait for the interpreter, and each waiting is a waking (docs/adr/0061).
"""

from __future__ import annotations

import time
from enum import Enum


class Turn(Enum):
    """Who looks, in milliseconds after the full second of the clock that all threads share."""

    LOOKOUT = 0
    BOARDS = 20
    ASSESSOR = 50
    MQTT = 55
    INGEST = 960
    """Close before the others of the next second: they look at what it has stored."""


def rest(turn: Turn, seconds: float) -> float:
    """Real seconds until it is that one's turn, at multiples of `seconds`."""
    return seconds - (time.monotonic() - turn.value / 1000) % seconds


def until_turn(turn: Turn, seconds: float) -> float:
    """Real seconds until the last of that one's turns, each second, within so many; all of them where there is none."""
    last = seconds - (time.monotonic() + seconds - turn.value / 1000) % 1.0
    return last if last > 0 else seconds
