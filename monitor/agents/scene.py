"""What the parts of the simulator share: a step of a device, the pace, one day of one hall. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Literal

from monitor.agents.faults import Faults, Rates
from monitor.model import Hall, Registry, Span, Window
from monitor.workcal import WorkCalendar

Hours = tuple[time, time]
"""[from, to) of each day, local time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Something happens to a device at `at` (aware UTC).

    `start`: it is switched on; `event`: it reports on `channel` (`fields` without the envelope; `happened`: when, where
    that was earlier); `beat`: its heartbeat is due; `cut`, `restore`: it loses its connection and gets it back.
    """

    at: datetime
    device: str
    what: Literal["start", "event", "beat", "cut", "restore"]
    channel: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    happened: datetime | None = None


def by_time(step: Step) -> tuple[datetime, str]:
    """The order of steps."""
    return step.at, step.device


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How busy the halls are.

    `ahead_minutes`: how early people come before an in-slot's `due`; `after_minutes`: how late they leave after an
    out-slot's. `hours`: devices are off outside of them; None: never off.
    """

    heartbeat_seconds: float = 60
    camera_seconds: float = 30
    cases_a_window: int = 12
    rated_share: float = 0.7
    ahead_minutes: tuple[float, float] = (3, 25)
    after_minutes: tuple[float, float] = (1, 15)
    hours: Hours | None = None


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day of one hall, with everything that goes wrong on it."""

    registry: Registry
    hall: Hall
    calendar: WorkCalendar
    day: date
    faults: Faults
    rates: Rates
    pace: Pace
    seed: int

    def rng(self, what: str) -> Random:
        """Chance of its own for each thing on each day, so that one does not disturb another."""
        return Random(f"{self.seed}/{what}/{self.day}")  # nosec B311  # repeatable by its seed, guards nothing

    @property
    def span(self) -> Span:
        """[from, to) in which devices are on."""
        opening, closing = self.pace.hours or (time(0), None)
        start = self.calendar.local(self.day, opening)
        if closing is None:
            return start, self.calendar.local(self.day + timedelta(days=1), time(0))
        return start, self.calendar.local(self.day, closing)

    @property
    def sessions(self) -> tuple[Span, ...]:
        return self.calendar.sessions(self.day)

    @property
    def windows(self) -> list[Window]:
        return [w for w in self.registry.windows.values() if w.hall == self.hall.id]

    def is_today(self, at: datetime) -> bool:
        return self.calendar.local_date(at) == self.day

    def empty_until(self, window: str | None, at: datetime) -> datetime | None:
        """The end of the span without anybody that holds `at`; None while somebody is there."""
        ends = (f.end for f in self.faults.empty if f.window == window and f.start <= at < f.end)
        return max(ends, default=None)

    def holder(self, window: str) -> str | None:
        """Who stands at the window: A, else B."""
        posts = self.registry.posts_on(window, self.day)
        return posts[0].staff if posts else None
