"""When those look that look again and again: each time in the same order, close behind one another.

A processor that has slept finds its caches cold. What takes a tenth of a millisecond in a loop takes half of one when a
thread does it alone now and then; of a dozen that come one after the other only the first pays that. At the very same
instant they would wait for the interpreter, and each waiting is a waking (docs/adr/0061).
"""

from __future__ import annotations

import time
from enum import Enum
from typing import Final

PERIOD_SECONDS: Final = 1.5
"""From one time to the next. What a camera sees waits that long at most, and has to be on an open board in two seconds;
what is longer costs less, for a processor that was asleep pays by the times that it is woken (docs/adr/0064).
"""


class Turn(Enum):
    """Who looks, in milliseconds after each full period of the clock that all threads share."""

    LOOKOUT = 0
    BOARDS = 20
    ASSESSOR = 50
    MQTT = 55
    INGEST = 1460
    """Close before the others of the next period: they look at what it has stored."""


def rest(turn: Turn, seconds: float) -> float:
    """Real seconds until it is that one's turn, at multiples of `seconds`, itself one of the period."""
    return seconds - (time.monotonic() - turn.value / 1000) % seconds


def until_turn(turn: Turn, seconds: float) -> float:
    """Real seconds until the last of that one's turns, each period, within so many; all of them where there is none."""
    last = seconds - (time.monotonic() + seconds - turn.value / 1000) % PERIOD_SECONDS
    return last if last > 0 else seconds
