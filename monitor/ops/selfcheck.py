"""The harmless part of `jiancha doctor` beside the running daemon: what it reads, never what it sends to a broker.

One at a time; its result is kept in this process, so that it can be looked at without running it anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.ops.doctor.finding import Finding

OF_THE_STORE = ("store.", "audit.")
"""Checks that name nothing of a hall: all that is shown to whoever does not reach every hall."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What was found, when, and by whom it was asked for. `seconds`: how long it took."""

    at: datetime
    by: str
    seconds: float
    findings: tuple[Finding, ...]


class SelfCheck:
    """`findings` does the checks; `now` and `monotonic` are the clock's. Thread-safe."""

    def __init__(
        self, findings: Callable[[], Iterable[Finding]], now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._findings, self._now, self._monotonic = findings, now, monotonic
        self._running = threading.Lock()
        self.last: Checked | None = None

    def run(self, by: str) -> bool:
        """False: one is under way already, whose result will be the last one."""
        if not self._running.acquire(blocking=False):
            return False
        try:
            begun = self._monotonic()
            found = tuple(self._findings())
            self.last = Checked(at=self._now(), by=by, seconds=self._monotonic() - begun, findings=found)
        finally:
            self._running.release()
        return True


def shown_to(checked: Checked, *, everywhere: bool) -> tuple[Finding, ...]:
    """`everywhere`: whether they reach every hall."""
    return tuple(one for one in checked.findings if everywhere or one.check.startswith(OF_THE_STORE))
