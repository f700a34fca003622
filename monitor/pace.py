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

    JUDGE = 0
    BOARDS = 20
    POLICY = 30
    PLANNER = 35
    SENDERS = 40
    SHEETS = 45
    ASSESSOR = 50
    HTTP = 55
    MQTT = 60


def rest(turn: Turn, seconds: float, turns: int = 1) -> float:
    """Real seconds until it is that one's turn, at multiples of `seconds`, the `turns`-th from now."""
    return turns * seconds - (time.monotonic() - turn.value / 1000) % seconds
