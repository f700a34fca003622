"""Events that a device holds back or that went missing on the way (DESIGN §3.1, §5): operators only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.evaluators.facts import Beat, DeviceFacts
from monitor.evaluators.policy import DevicePolicy
from monitor.evaluators.silence import heard_beats
from monitor.model import ALWAYS, Level, Outcome, Reason, Spell, Verdict
from monitor.workcal import WorkCalendar

BACKLOG = "feed.backlog"


def judge_backlog(facts: DeviceFacts, policy: DevicePolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`feed.backlog`: reminder while a device has held unsent events for 30 minutes or lacked numbers for an hour.

    A queue is taken to last until a heartbeat says 0. Causes that overlap are one condition, since the earlier one.
    """
    if facts.retired:
        return Verdict(outcome=Outcome.CLOSED, judged_to=now, rule=BACKLOG)
    beats = heard_beats(facts, now)
    # with the path down nothing after the last heartbeat is known: an emptied queue would not have been heard
    horizon = now if facts.path_up else (beats[-1].at if beats else min(facts.since, now))
    backlogs = [b for b in _backlogs(facts, policy, beats) if b.ended is None or b.reached_at < b.ended]
    spells = tuple(
        Spell(
            rule=BACKLOG,
            levels=((Level.REMINDER, backlog.reached_at),),
            began=backlog.began,
            charge=facts.registry.charge(device=facts.id),
            reason=backlog.reason,
            cleared_at=backlog.ended,
        )
        for backlog in _joined([b for b in backlogs if b.reached_at <= horizon])
    )
    standing = spells[-1] if spells and spells[-1].cleared_at is None else None
    ahead = [b.reached_at for b in backlogs if b.reached_at > now]
    return Verdict(
        outcome=Outcome.REMINDER if standing else Outcome.OK if facts.path_up else Outcome.UNKNOWN,
        judged_to=horizon,
        next_check_at=min(ahead, default=None) if facts.path_up else None,
        calm_until=None if backlogs or not facts.path_up else ALWAYS,
        spells=spells,
        reason=standing.reason if standing else Reason(code="none"),
        rule=BACKLOG,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Backlog:
    """Unsent or missing events from `began` on; `ended` when a heartbeat said that none is left."""

    began: datetime
    reached_at: datetime
    ended: datetime | None
    reason: Reason


def _backlogs(facts: DeviceFacts, policy: DevicePolicy, beats: Sequence[Beat]) -> Iterator[_Backlog]:
    """Each run of heartbeats with a queue, then each hole in the numbers."""
    first: Beat | None = None
    for beat in beats:
        if beat.queue > 0:
            first = first or beat
        elif first:
            yield _queue(facts, policy, first, beat.at)
            first = None
    if first:
        yield _queue(facts, policy, first, None)
    for hole in facts.open_holes:
        figures = {"device": facts.id, "from": hole.isoformat(), "minutes": policy.hole_minutes}
        reached_at = hole + timedelta(minutes=policy.hole_minutes)
        reason = Reason(code="feed.hole", figures=figures)
        yield _Backlog(began=hole, reached_at=reached_at, ended=None, reason=reason)


def _queue(facts: DeviceFacts, policy: DevicePolicy, first: Beat, ended: datetime | None) -> _Backlog:
    figures = {
        "device": facts.id,
        "from": first.at.isoformat(),
        "queue": first.queue,
        "minutes": policy.backlog_minutes,
    }
    return _Backlog(
        began=first.at,
        reached_at=first.at + timedelta(minutes=policy.backlog_minutes),
        ended=ended,
        reason=Reason(code="feed.backlog", figures=figures),
    )


def _joined(backlogs: Sequence[_Backlog]) -> list[_Backlog]:
    """Overlapping causes as one condition: it starts with the earlier and ends with the later."""
    joined: list[_Backlog] = []
    for backlog in sorted(backlogs, key=lambda b: (b.reached_at, b.began)):
        last = joined[-1] if joined else None
        if last is None or (last.ended is not None and last.ended < backlog.reached_at):
            joined.append(backlog)
        elif last.ended is not None:
            ended = None if backlog.ended is None else max(last.ended, backlog.ended)
            joined[-1] = replace(last, ended=ended)
    return joined
