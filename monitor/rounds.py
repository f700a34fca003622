"""The rounds of a thread that works, rests, is woken and ends."""

from __future__ import annotations

import threading


class Rounds:
    """Of one thread: `while rounds.begin(): ...; rounds.rest(seconds)`; any other may `wake` or `end` it.

    Neither is lost, whenever it comes: what is told during a round ends the rest after it.
    """

    def __init__(self) -> None:
        self._told, self._over = threading.Event(), threading.Event()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def wake(self) -> None:
        self._told.set()

    def end(self) -> None:
        """For good."""
        self._over.set()
        self._told.set()

    def begin(self) -> bool:
        """Another round, for all that it was told until now; False: its end."""
        self._told.clear()  # first, then asked: an end between the two would be forgotten, and rested through
        return not self._over.is_set()

    def rest(self, seconds: float | None = None) -> None:
        """Real seconds, until it is told something; None: however long that takes."""
        self._told.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Real seconds, until its end: nobody wakes it."""
        self._over.wait(seconds)
