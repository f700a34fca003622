"""A machine whose system clock a test sets, while time passes as it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.clock import SteadyWall

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class Machine:
    """A system clock that a test sets, and the seconds that pass whatever it shows."""

    def __init__(self, start: datetime = START) -> None:
        self.start = start
        self.offset = timedelta(0)
        self.passed = 0.0

    def wall(self) -> datetime:
        return self.start + timedelta(seconds=self.passed) + self.offset

    def elapsed(self) -> float:
        return self.passed

    def steady(self, hold_seconds: float = 3600) -> SteadyWall:
        return SteadyWall(hold_seconds=hold_seconds, wall=self.wall, elapsed=self.elapsed)

    def true(self) -> datetime:
        return self.wall() - self.offset
