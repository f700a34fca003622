"""What was heard of a device, and when its silence reaches a level (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from monitor.evaluators.facts import Beat, DeviceFacts
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Level
from monitor.workcal import WorkCalendar

Ladder: TypeAlias = tuple[tuple[Level, datetime], ...]
"""Levels in ascending order with the instant that each is reached, if the silence lasts so long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """From a heartbeat (`heard`), or from where the look starts, to the next one; `end` None while it lasts."""

    start: datetime
    end: datetime | None
    heard: bool

    def longer_than(self, least: timedelta) -> bool:
        return self.end is None or self.end - self.start > least


@dataclass(frozen=True, kw_only=True, slots=True)
class _Measure:
    """A way to count time: `add` an amount to an instant, the amount `between` two instants."""

    add: Callable[[datetime, timedelta], datetime]
    between: Callable[[datetime, datetime], timedelta]


_ANY_HOUR = _Measure(add=lambda start, amount: start + amount, between=lambda start, end: end - start)


def heard_beats(facts: DeviceFacts, now: datetime) -> list[Beat]:
    """The heartbeats that count at `now`, in the order of their times.

    Correcting by the median skew moves some a little past their receipt; none can have happened later than that.
    """
    beats = [replace(b, at=min(b.at, b.received)) for b in facts.beats if b.received <= now]
    return sorted((b for b in beats if b.at >= facts.since), key=lambda b: (b.at, b.received))


def ladder_of(silence: Silence, facts: DeviceFacts, policy: DevicePolicy, calendar: WorkCalendar) -> Ladder:
    """When this silence reaches reminder (at any hour), yellow and red (in service time)."""
    start = _counted_from(silence, facts)
    service = _Measure(add=calendar.add_working_time, between=calendar.working_time_between)
    interval = timedelta(seconds=policy.heartbeat_seconds)
    steps = [
        (Level.REMINDER, interval * policy.reminder_intervals, _ANY_HOUR),
        (Level.YELLOW, interval * policy.yellow_intervals, service),
        (Level.RED, timedelta(minutes=policy.red_minutes), service),
    ]
    return tuple((level, _after(start, amount, measure, facts)) for level, amount, measure in steps if amount)


def levels_reached(ladder: Ladder, end: datetime | None, now: datetime) -> Ladder:
    """The levels reached by `now`; a heartbeat of a level's very instant still counts for the device (DESIGN §5)."""
    return tuple((level, at) for level, at in ladder if at <= now and (end is None or at < end))


def _counted_from(silence: Silence, facts: DeviceFacts) -> datetime:
    """The silence's start, or the return of the path inside it where it is not known when the path was lost."""
    back = facts.heard_since
    if back is None or back <= silence.start or (silence.end is not None and silence.end <= back):
        return silence.start
    return silence.start if any(end == back for _, end in facts.deaf) else back


def _after(start: datetime, amount: timedelta, measure: _Measure, facts: DeviceFacts) -> datetime:
    """When `amount` has passed since `start`, the outages of the daemon's own path left out."""
    at = measure.add(start, amount)
    for lost, back in sorted(facts.deaf):
        if start < back and lost < at:
            outage = measure.between(max(lost, start), back)
            at = measure.add(at, outage) if outage else at
    return at
