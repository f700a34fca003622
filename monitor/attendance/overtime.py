"""Booked overtime (公休日预约加班, B11) against the check-ins around it. Pure.

Overtime is proven by two check-ins: who came and when they were last seen, cut to what was booked. One alone leaves it
in doubt. It is never a reason for a card: work on a day off is only ever to somebody's credit (C27).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.attendance.facts import CheckIn
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.proof import lost_within
from monitor.model import SourceState, lowest_watermark


@dataclass(frozen=True, kw_only=True, slots=True)
class Overtime:
    """Overtime (加班) as booked: [start, end)."""

    id: str
    staff: str
    start: datetime
    end: datetime

    @property
    def booked_minutes(self) -> int:
        return (self.end - self.start) // timedelta(minutes=1)


class Standing(enum.StrEnum):
    """What is known of booked overtime."""

    PENDING = "pending"
    """Not over yet."""
    PROVEN = "proven"
    DOUBTFUL = "doubtful"
    """One check-in, or times that are not trusted: a person decides."""
    UNPROVEN = "unproven"
    """Terminals were silent or their data are lost: the proof may lie in what is missing (不予认定)."""
    NONE = "none"
    """Everything has arrived, and there is no check-in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenOvertime:
    """What check-ins prove of booked overtime: [start, end) cut to the booked span, whole minutes begun and ended in
    it; `evidence`: ids of the check-ins that it rests on.
    """

    booked: Overtime
    standing: Standing
    start: datetime | None = None
    end: datetime | None = None
    evidence: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        if self.start is None or self.end is None:
            return 0
        return (self.end - self.start) // timedelta(minutes=1)


def prove(
    booked: Overtime,
    checkins: Iterable[CheckIn],
    sources: tuple[SourceState, ...],
    policy: CheckinPolicy,
    now: datetime,
) -> ProvenOvertime:
    """What is proven of one booking at `now`.

    1. Not over yet, the margin after it included: pending. 2. Came: the last check-in at or before its start within the
    margin, else the first after; left: the first at or after its end within the margin, else the last before. 3. Two of
    them, apart by more than a repeated touch: proven from the one to the other, within what was booked.
    """
    margin = timedelta(minutes=policy.overtime_margin_minutes)
    first, last = booked.start - margin, booked.end + margin
    known = {(c.at, c.id): c for c in checkins if c.staff == booked.staff and max(c.at, c.received) <= now}
    around = [c for _, c in sorted(known.items()) if first <= c.at <= last]
    trusted = [c for c in around if c.trusted and (c.vouched or not policy.doubts(c.distance, c.liveness))]
    found = _ends(booked, trusted)
    if found is not None and found[1].at - found[0].at >= timedelta(seconds=policy.repeat_seconds):
        came, left = found
        start, end = max(came.at, booked.start), min(left.at, booked.end)
        if start < end and (now >= last or left.at >= booked.end):
            return ProvenOvertime(
                booked=booked, standing=Standing.PROVEN, start=start, end=end, evidence=(came.id, left.id)
            )
    return ProvenOvertime(
        booked=booked,
        standing=_short(booked, around, sources, (first, last), now),
        evidence=tuple(c.id for c in around),
    )


def _ends(booked: Overtime, checkins: Sequence[CheckIn]) -> tuple[CheckIn, CheckIn] | None:
    """Who came and who left: two different check-ins."""
    if len(checkins) < 2:
        return None
    before = [c for c in checkins if c.at <= booked.start]
    after = [c for c in checkins if c.at >= booked.end]
    came = before[-1] if before else checkins[0]
    left = after[0] if after else checkins[-1]
    return (came, left) if came is not left else None


def _short(
    booked: Overtime, around: Sequence[CheckIn], sources: tuple[SourceState, ...], span: tuple[datetime, datetime],
    now: datetime,
) -> Standing:  # fmt: skip
    """Why it is not proven."""
    if now < span[1]:
        return Standing.PENDING
    mark = lowest_watermark(sources)
    if not sources or mark is None or mark < booked.end or lost_within(sources, *span) is not None:
        return Standing.UNPROVEN
    return Standing.DOUBTFUL if around else Standing.NONE
