"""How many people are known to be at a window that needs several (min_staff, A19: 窗口随时都有人接待). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from monitor.attendance.dayline import NEIGHBOUR, EvidenceIds, Shown
from monitor.attendance.facts import PostFacts, Presence
from monitor.attendance.fusion import Known
from monitor.attendance.policy import PostPolicy
from monitor.attendance.timeline import proven_to
from monitor.attendance.whoisthere import RANKS, Names


class Short(NamedTuple):
    """[start, end) with somebody there, but fewer than needed; `people`: the most that were there."""

    start: datetime
    end: datetime
    people: int
    needed: int


def short_runs(facts: PostFacts, policy: PostPolicy, parts: Sequence[Shown], now: datetime) -> list[Short]:
    """Unbroken times of at least `yellow_minutes` in which fewer than `min_staff` were there, but somebody was.

    A number is known where every camera of the window sees sharply, then it is the greatest of what they see and of
    those signed on; without cameras it is those signed on. Not known is neither short nor enough. Nothing beyond what
    the sources have delivered.
    """
    window = facts.registry.windows.get(facts.window)
    if window is None or window.min_staff < 2:
        return []
    known = Known(facts, now)
    names = Names(facts, policy, now)
    horizon = proven_to(facts, min(now, facts.session[1]))
    cameras = [_counts([r for r in known.presences if r.source == c.id], policy) for c in facts.cameras]
    cuts = sorted({horizon, *names.changes(), *(t for counts in cameras for a, b, _ in counts for t in (a, b))})
    runs: list[Short] = []
    for part in parts:
        if part.state not in RANKS or part.cause == NEIGHBOUR:
            continue
        inside = [t for t in cuts if part.start < t < part.end]
        for start, end in pairwise([part.start, *inside, part.end]):
            people = _number(cameras, len(names.signed_on(start)), start)
            if end > horizon or people is None or not 0 < people < window.min_staff:
                continue
            if runs and runs[-1].end == start:
                runs[-1] = runs[-1]._replace(end=end, people=max(runs[-1].people, people))
            else:
                runs.append(Short(start, end, people, window.min_staff))
    return [run for run in runs if run.end - run.start >= timedelta(minutes=policy.yellow_minutes)]


def flagged(parts: Iterable[Shown], runs: Sequence[Short], ids: EvidenceIds) -> tuple[Shown, ...]:
    """The segments, cut where a short-staffed time begins or ends, with the number who were there."""
    found: list[Shown] = []
    for whole in parts:
        for part in ids.parted(whole, (t for run in runs for t in run[:2])):
            people = next((run.people for run in runs if run.start <= part.start < run.end), None)
            people = people if part.state in RANKS else None
            found.append(part if people == part.people else replace(part, people=people))
    return tuple(found)


def _counts(readings: Iterable[Presence], policy: PostPolicy) -> list[tuple[datetime, datetime, int | None]]:
    """Each reading until the next one, at most `camera_seconds`; None where it cannot tell."""
    hold = timedelta(seconds=policy.camera_seconds)
    found: list[tuple[datetime, datetime, int | None]] = []
    for reading in sorted(readings, key=lambda r: (r.at, r.people, r.id)):
        if found and found[-1][1] > reading.at:
            found[-1] = (found[-1][0], reading.at, found[-1][2])
        sharp = reading.trusted and reading.view == "ok"
        found.append((reading.at, reading.at + hold, reading.people if sharp else None))
    return found


def _number(
    cameras: Sequence[Sequence[tuple[datetime, datetime, int | None]]], signed_on: int, at: datetime
) -> int | None:
    if not cameras:
        return signed_on or None
    seen = [next((people for start, end, people in counts if start <= at < end), None) for counts in cameras]
    counted = [people for people in seen if people is not None]
    return max([*counted, signed_on]) if len(counted) == len(cameras) else None
