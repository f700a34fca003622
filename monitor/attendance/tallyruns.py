"""Unbroken runs of absence (一次旷工), and where a count or a run reaches its figure (A09-A11). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from monitor.attendance.tallies import Sitting
from monitor.attendance.tallypolicy import TallyPolicy


def runs(sittings: Sequence[Sitting], policy: TallyPolicy) -> list[tuple[Sitting, ...]]:
    """The runs of absent half days, by person and time.

    Days off lie between working days and have no sittings, so they neither break nor count. Nor does what nothing can
    be said of. Presence ends a run, and so does an excused half day (`excused_ends_run`).
    """
    ends = {"there", "excused"} if policy.excused_ends_run else {"there"}
    found: list[tuple[Sitting, ...]] = []
    for _, mine in groupby(sittings, key=lambda sitting: sitting.staff):
        run: list[Sitting] = []
        for sitting in mine:
            if sitting.state == "absent":
                run.append(sitting)
            elif sitting.state in ends and run:
                found.append(tuple(run))
                run = []
        if run:
            found.append(tuple(run))
    return found


def within(sittings: Iterable[Sitting], now: datetime) -> tuple[Sitting, ...]:
    """Those that are no absences of later than `now`."""
    return tuple(s for s in sittings if s.at is None or s.at <= now)


def times_reached(found: Sequence[Sequence[Sitting]], policy: TallyPolicy) -> datetime | None:
    """When the count of times (次) came to its figure; None: it did not."""
    whole = policy.absence_times_unit == "half_day"
    times = sorted(at for run in found for at in _ats(run if whole else run[:1]))
    return nth_reached(times, policy.absence_times, policy)


def run_reached(found: Iterable[Sequence[Sitting]], policy: TallyPolicy) -> datetime | None:
    """When the first run came to so many working days; None: none did."""
    half_days = policy.absence_run_days * policy.half_days_per_day
    reached = (nth_reached(_ats(run), half_days, policy) for run in found)
    return min((at for at in reached if at is not None), default=None)


def nth_reached(times: Sequence[datetime], limit: int, policy: TallyPolicy) -> datetime | None:
    """The instant of the one with which the count is `limit` 以上; times ascending."""
    return next((at for n, at in enumerate(times, start=1) if policy.reaches(n, limit)), None)


def _ats(run: Iterable[Sitting]) -> list[datetime]:
    return [sitting.at for sitting in run if sitting.at is not None]
