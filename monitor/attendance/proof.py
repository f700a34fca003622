"""How far facts carry, and what excuses an absence; shared by both attendance rules (DESIGN §1C, §5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.attendance.facts import Leave, Outing
from monitor.model import SourceState, Span, Wait

NOTHING_PROVEN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""`judged_to` while a source has proven nothing yet: no card is withdrawn on such a verdict."""


def judged_to(now: datetime, watermark: datetime | None) -> datetime:
    return NOTHING_PROVEN if watermark is None else min(now, watermark)


def waits_for(sources: Iterable[SourceState], until: datetime) -> tuple[Wait, ...]:
    """A wait for each source that has not provably delivered up to `until`."""
    return tuple(
        Wait(source=source.id, until=until)
        for source in sources
        if source.watermark is None or source.watermark < until
    )


def lost_within(sources: Iterable[SourceState], start: datetime, end: datetime) -> Span | None:
    """The first declared-lost span of a source that meets [start, end], both inclusive: evidence of the very instant of
    a boundary counts for the person, so its loss does too.
    """
    spans = [span for source in sources for span in source.lost if span[0] <= end and start < span[1]]
    return min(spans, default=None)


def outing_span(outing: Outing, max_minutes: int) -> Span:
    """The part of an outing slip that counts: from its start, at most so many minutes (临时外出不超过 30 分钟)."""
    return outing.start, min(outing.end, outing.start + timedelta(minutes=max_minutes))


def leave_covering(leaves: Iterable[Leave], staff: str, instant: datetime, now: datetime) -> Leave | None:
    """The approved leave that covers an instant; one with a letter (函) first (B05)."""
    found = [
        leave
        for leave in leaves
        if leave.staff == staff and leave.start <= instant < leave.end and is_approved(leave, now)
    ]
    return min(found, key=lambda leave: (not leave.letter, leave.start, leave.id), default=None)


def is_approved(leave: Leave, now: datetime) -> bool:
    """Leave counts once approver and time of approval are set, even if afterwards (B06 is a finding of its own)."""
    return bool(leave.approver) and leave.approved_at is not None and leave.approved_at <= now


def earliest_after(instants: Iterable[datetime | None], now: datetime) -> datetime | None:
    """The next instant strictly after `now`: what a verdict gives as `next_check_at`."""
    return min((at for at in instants if at is not None and at > now), default=None)
