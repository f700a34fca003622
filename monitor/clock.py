"""The one wall-clock read of the program, real or simulated (`[clock] start` and `rate`, DESIGN §2).

A wall clock that jumps is not followed at once (`SteadyWall`, docs/adr/0014).

Everything that judges or plans asks a `Clock` once per tick or batch and passes `now` on (DESIGN §9.2). Time-outs,
back-off and leases of a connection use `monotonic()`, which is always real: a fast clock must not shorten a time-out.
"""

from __future__ import annotations

import math
import threading
import time as _time
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

log = structlog.get_logger(__name__)

Wall = Callable[[], datetime]
"""Reads the wall clock: aware, UTC."""
Hours = tuple[time, time]
"""[from, to) of every day, local time of the clock's zone."""


def _wall() -> datetime:
    return datetime.now(UTC)


JUMP: Final = timedelta(seconds=60)
"""A change of the wall clock beyond this is a jump; one within it is followed at once. Nothing is judged as finely."""
HOLD_SECONDS: Final = 3600.0


def _since_boot() -> float:
    """Real seconds, those asleep counted: a machine that was suspended has not jumped."""
    return _time.clock_gettime(_time.CLOCK_BOOTTIME)


class SteadyWall:
    """The wall clock without its jumps: one is followed only once it has lasted `hold_seconds` (0: at once).

    Until then time goes on as it did, so that a clock set wrong for a while makes nobody late, holds no message back
    as coming from the future and puts off no alert. Thread-safe; callable as a `Wall`.
    """

    def __init__(
        self,
        *,
        hold_seconds: float = HOLD_SECONDS,
        wall: Wall = _wall,
        elapsed: Callable[[], float] = _since_boot,
    ) -> None:
        self._wall, self._elapsed, self._hold = wall, elapsed, hold_seconds
        self._lock = threading.Lock()
        self._told, self._at = wall(), elapsed()
        self._jumped_at: float | None = None
        self._jump = timedelta(0)

    @property
    def jump(self) -> timedelta:
        """How far the wall clock has jumped from what is told now; 0 while it is followed."""
        self()
        return self._jump

    def __call__(self) -> datetime:
        with self._lock:
            wall, at = self._wall(), self._elapsed()
            steady = self._told + timedelta(seconds=at - self._at)
            jump = wall - steady
            if abs(jump) > JUMP:
                if self._jumped_at is None:
                    self._jumped_at = at
                    log.error("the system clock jumped", action="clock.jumped", seconds=round(jump.total_seconds()))
                if at - self._jumped_at < self._hold:
                    self._jump = jump
                    return steady
            if self._jumped_at is not None:
                followed = abs(jump) > JUMP
                log.warning("the system clock is followed again", action="clock.followed", jumped=followed)
            self._told, self._at, self._jumped_at, self._jump = wall, at, None, timedelta(0)
            return wall


def _utc(value: datetime, what: str) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{what}: a time without a zone: {value.isoformat()}; write it with an offset")
    return value.astimezone(UTC)


def _day(hours: Hours) -> tuple[time, timedelta]:
    """Opening and length of a day's open hours."""
    opening, closing = hours
    length = datetime.combine(date.min, closing) - datetime.combine(date.min, opening)
    if length <= timedelta(0):
        raise ValueError(f"clock.hours: {opening} to {closing} holds no time; the end must come after the start")
    return opening, length


class Clock:
    """Real time. `of` builds the clock that the settings ask for."""

    def __init__(self, *, wall: Wall = _wall) -> None:
        self._wall = wall

    @staticmethod
    def of(
        start: datetime | None = None,
        rate: float = 1.0,
        anchor: datetime | None = None,
        hours: Hours | None = None,
        zone: str = "Asia/Shanghai",
        *,
        wall: Wall = _wall,
    ) -> Clock:
        """Real time without `start`, else a clock that shows `start` at the wall instant `anchor` and runs `rate`
        times as fast; with `hours` it jumps over the rest of each day in `zone`.

        `anchor` defaults to the moment of the call. Processes given equal arguments, anchor included, show the same
        time. ValueError names the argument that does not fit.
        """
        if start is None:
            if rate != 1.0 or anchor is not None or hours is not None:
                raise ValueError("clock.start: rate, anchor and hours need a start; set it, or leave them out")
            return Clock(wall=wall)
        return SimulatedClock(start=start, rate=rate, anchor=anchor or wall(), hours=hours, zone=zone, wall=wall)

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._wall()

    def real_now(self) -> datetime:
        """The wall's instant, whatever this clock shows: for what waits in the store and must not run fast."""
        return self._wall()

    @property
    def jump(self) -> timedelta:
        """How far the wall clock has jumped without being followed so far (`SteadyWall`); 0 for any other wall."""
        return self._wall.jump if isinstance(self._wall, SteadyWall) else timedelta(0)

    def seconds_until(self, instant: datetime) -> float:
        """Real seconds until this clock shows `instant`; 0 when it is reached."""
        return max(0.0, (_utc(instant, "instant") - self.now()).total_seconds())

    def monotonic(self) -> float:
        """Real seconds from an arbitrary origin, never set back, never fast: for time-outs and measuring."""
        return _time.monotonic()


class SimulatedClock(Clock):
    """A clock of its own pace, for the demo and for replay.

    With `hours` the shown time is counted in open seconds since the opening of the start's day: each day holds as many
    as the hours are long, so the day and the time of day come from one division.
    """

    def __init__(
        self,
        *,
        start: datetime,
        rate: float,
        anchor: datetime,
        hours: Hours | None = None,
        zone: str = "Asia/Shanghai",
        wall: Wall = _wall,
    ) -> None:
        super().__init__(wall=wall)
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"clock.rate: {rate} is no pace; give a number above 0, such as 1 or 600")
        self._start = _utc(start, "clock.start")
        self._anchor = _utc(anchor, "clock.anchor")
        self._rate = rate
        self._day = _day(hours) if hours else None
        self._zone = ZoneInfo(zone)
        self._origin: date = self._start.astimezone(self._zone).date()

    def now(self) -> datetime:
        return self._shown(self._progress())

    def seconds_until(self, instant: datetime) -> float:
        ahead = self._position(_utc(instant, "instant")) - self._progress()
        return max(0.0, ahead.total_seconds() / self._rate)

    def _progress(self) -> timedelta:
        """Simulated time passed since the origin: the start itself, or the opening of its day with `hours`."""
        return self._position(self._start) + (self._wall() - self._anchor) * self._rate

    def _position(self, instant: datetime) -> timedelta:
        """Where `instant` lies on the clock's own scale; a closed hour lies where the clock jumps over it."""
        if self._day is None:
            return instant - self._start
        opening, length = self._day
        local = instant.astimezone(self._zone)
        into = local.replace(tzinfo=None) - datetime.combine(local.date(), opening)
        return (local.date() - self._origin).days * length + min(max(into, timedelta(0)), length)

    def _shown(self, position: timedelta) -> datetime:
        if self._day is None:
            return self._start + position
        opening, length = self._day
        days, into = divmod(position, length)
        local = datetime.combine(self._origin, opening, self._zone) + timedelta(days=days) + into
        return local.astimezone(UTC)


class FrozenClock(Clock):
    """A clock that stands at one instant: `judge --as-of T`."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at = _utc(at, "at")

    def now(self) -> datetime:
        return self._at

    def seconds_until(self, instant: datetime) -> float:
        """0 for what is reached, else infinity: this clock never gets there."""
        return 0.0 if _utc(instant, "instant") <= self._at else math.inf


class ManualClock(FrozenClock):
    """A clock that a test moves by hand, forward only."""

    def advance(self, by: timedelta) -> datetime:
        """Move on by `by` and return the new time; ValueError for a step back."""
        return self.set(self._at + by)

    def set(self, at: datetime) -> datetime:
        """Move on to `at` and return it; ValueError for a step back."""
        moved = _utc(at, "at")
        if moved < self._at:
            raise ValueError(
                f"at: {moved.isoformat()} lies before {self._at.isoformat()}; this clock only goes forward"
            )
        self._at = moved
        return moved
