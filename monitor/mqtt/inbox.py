"""What a connection has received and its consumer has not taken: between two threads, in the broker's order."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.mqtt.values import Delivery
from monitor.pace import Turn, until_turn


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Of messages that come alone: `until` when each may wait for company, and how many are `enough`.

    `seconds_until`: real seconds until that instant, by the program's clock: one that runs fast has none to lose.
    `every`: real seconds from one turn of the taker to the next, at present.
    """

    until: Callable[[Delivery], datetime]
    seconds_until: Callable[[datetime], float]
    enough: int
    every: Callable[[], float]


class Inbox:
    """One thread puts, one takes. Who puts wakes the other only for what does not wait (docs/adr/0061, 0063)."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._lie: deque[Delivery] = deque()
        self._taken: Sequence[Delivery] = ()
        self._wanted: Callable[[Delivery], bool] | None = None
        """Of a message that came: whether the thread that waits is to be woken. None: it does not wait."""
        self._rung = False

    def __len__(self) -> int:
        return len(self._lie)

    def put(self, delivery: Delivery) -> None:
        with self._changed:
            self._lie.append(delivery)
            if self._wanted is not None and self._wanted(delivery):
                self._wanted = None  # it is woken once, whatever else comes before it runs
                self._changed.notify()

    def ring(self) -> None:
        """Have whoever takes, now or next, return at once and with nothing: it is to look why."""
        with self._changed:
            self._rung = True
            self._changed.notify()

    def take(self, most: int, timeout: float, patience: Patience | None = None) -> list[Delivery]:
        """At most `most`; none, where within `timeout` real seconds nothing came, or nothing that waits no longer."""
        end = time.monotonic() + timeout
        with self._changed:
            self._taken = ()
            due = self._due(patience)
            while not self._rung and (now := time.monotonic()) < min(due, end):
                self._wanted = self._wanting(patience)
                self._changed.wait(min(due, end) - now)
                due = min(due, self._due(patience))  # once found it stays: what comes may only bring it forward
            self._wanted = None
            if self._rung or due > now:
                self._rung = False
                return []
            self._taken = taken = [self._lie.popleft() for _ in range(min(most, len(self._lie)))]
            return taken

    def unstored(self) -> list[Delivery]:
        """All that lies here, and what was taken last: whoever takes has done with that when it takes again."""
        with self._changed:
            return [*self._taken, *self._lie]

    def drop(self, gone: Callable[[Delivery], bool]) -> None:
        with self._changed:
            self._lie = deque(delivery for delivery in self._lie if not gone(delivery))

    def _due(self, patience: Patience | None) -> float:
        """From when on there is something to take, monotonic: the last turn before what lies here waits no longer."""
        if not self._lie:
            return math.inf
        if patience is None or len(self._lie) >= patience.enough:
            return -math.inf
        left = patience.seconds_until(min(map(patience.until, self._lie)))
        return time.monotonic() + (until_turn(Turn.INGEST, left, patience.every()) if math.isfinite(left) else left)

    def _wanting(self, patience: Patience | None) -> Callable[[Delivery], bool]:
        if patience is None or not self._lie:
            return _any
        until, room = min(map(patience.until, self._lie)), patience.enough - len(self._lie)

        def wanted(delivery: Delivery) -> bool:
            nonlocal room
            room -= 1
            return room <= 0 or patience.until(delivery) < until

        return wanted


def _any(_delivery: Delivery) -> bool:
    return True
