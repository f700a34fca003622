"""When those look that look again and again: each time in the same order, close behind one another.

A processor that has slept finds its caches cold. What takes a tenth of a millisecond in a loop takes half of one when a
thread does it alone now and then; of a dozen that come one after the other only the first pays that. At the very same
instant they would wait for the interpreter, and each waiting is a waking (docs/adr/0061).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Protocol

PERIOD_SECONDS: Final = 1.5
"""From one time to the next. What a camera sees waits that long at most, and has to be on an open board in two seconds;
what is longer costs less, for a processor that was asleep pays by the times that it is woken (docs/adr/0064).
"""
CALM_SECONDS: Final = 4 * PERIOD_SECONDS
"""The same at night and on holidays: so long waits what time alone makes due, and a heartbeat (docs/adr/0065)."""
CALM_AFTER_SECONDS: Final = 60.0
STEADY_SECOND: Final = 0.5
"""A clock whose second takes less runs fast. One that is real shows some of it while it is asked."""


class Turn(Enum):
    """Who looks, in milliseconds after each full period of the clock that all threads share."""

    LOOKOUT = 0
    BOARDS = 20
    ASSESSOR = 50
    MQTT = 55
    INGEST = 1460
    """Close before the others of the next period: they look at what it has stored."""


class Passing(Protocol):
    """Time as it is shown, and how long it takes to show an instant (`monitor.clock.Clock`)."""

    def now(self) -> datetime: ...

    def seconds_until(self, instant: datetime) -> float: ...


class Tempo:
    """How often ingest and the lookout have their turn: each period while somebody does something, each CALM_SECONDS
    once for a minute nothing has come but heartbeats, nobody has changed anything and no card has changed. Thread-safe.

    A clock that runs fast is never calm: of what it shows six seconds are much.
    """

    def __init__(self, clock: Passing, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._stirred = monotonic()

    def stir(self) -> None:
        """Something happened."""
        self._stirred = self._monotonic()

    @property
    def seconds(self) -> float:
        """Real seconds from one turn to the next, at present."""
        calm = self._monotonic() - self._stirred >= CALM_AFTER_SECONDS
        return CALM_SECONDS if calm and second_of(self._clock) >= STEADY_SECOND else PERIOD_SECONDS


def second_of(clock: Passing) -> float:
    """Real seconds that a second of it takes."""
    return clock.seconds_until(clock.now() + timedelta(seconds=1))


def rest(turn: Turn, seconds: float) -> float:
    """Real seconds until it is that one's turn, at multiples of `seconds`, itself one of the period."""
    return seconds - (time.monotonic() - turn.value / 1000) % seconds


def until_turn(turn: Turn, seconds: float, every: float) -> float:
    """Real seconds until the last within so many of that one's turns, at multiples of `every`; all of them where there
    is none.
    """
    last = seconds - (time.monotonic() + seconds - turn.value / 1000) % every
    return last if last > 0 else seconds
