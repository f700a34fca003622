"""`post.empty`: one service session of one window (在岗, 脱岗; DESIGN §5, A05, A08, A19, B02, B03, B05). Pure.

Absence needs evidence of absence, and counts only as far as the sources that would have shown somebody have delivered.
Why the doubtful cases end as they do: docs/adr/0004-fair-absence-decisions.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.attendance.answerable import ROWS, charge_of
from monitor.attendance.cover import charged_at, covered_timeline
from monitor.attendance.facts import PostFacts
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import NOTHING_PROVEN, earliest_after, judged_to, waits_for
from monitor.attendance.spells import Emptiness, EmptySpell, emptiness
from monitor.attendance.states import Segment, State
from monitor.attendance.timeline import Timeline, proven_to
from monitor.model import Level, Outcome, Reason, Spell, Verdict, Wait, lowest_watermark
from monitor.workcal import WorkCalendar

POST: Final = "post.empty"

_MICROSECOND: Final = timedelta(microseconds=1)
_A_DAY: Final = timedelta(days=1)


def judge_post(facts: PostFacts, policy: PostPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """The verdict of one session of one window.

    1. Fuse the evidence into a timeline of the session. 2. Find the spells of emptiness that are proven. 3. See how the
    window stands at `now`, or at the end, and whether that is known. 4. Say when to look again and whom to wait for.
    """
    if not facts.expected:
        return _verdict(facts, now, Outcome.CLOSED, "closed")
    if not facts.published:
        return _verdict(facts, now, Outcome.UNKNOWN, "unpublished", carried_to=NOTHING_PROVEN)
    start, end = facts.session
    if now < start:
        return _verdict(facts, now, Outcome.PENDING, "pending", look_at=(start,), calm_until=start)
    line = covered_timeline(facts, policy, now)
    if not line.watched:
        return _verdict(facts, now, Outcome.UNWATCHED, "unwatched", look_at=line.ahead)
    horizon = proven_to(facts, min(now, end))
    found = emptiness(line.segments, policy, horizon, now)
    standing = _standing(facts, line, policy, horizon, now)
    spells = tuple(_spell(facts, policy, spell, now) for spell in found.spells)
    outcome, word = _outcome(line, standing, spells)
    stale_at = _stale_at(standing, policy, calendar) if outcome is Outcome.UNKNOWN else None
    waits = _waits(facts, found, standing, horizon, now)
    changes = (*_changes(facts, policy, line, found), standing.overdue_at, stale_at)
    return _verdict(
        facts,
        now,
        outcome,
        word,
        _doubt(line, standing, outcome, waits),
        spells=spells,
        waits=waits,
        stale_at=stale_at,
        look_at=changes,
        calm_until=_calm_until(facts, outcome, waits, changes, now),
    )


# --------------------------------------------------------------------------- how the window stands


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """How the window stands at `now`, at the end once that is past. `state` None: nothing is known of it yet.

    `since`: from when it is so. `lagging`: it is unknown because evidence has not been delivered. `overdue_at`: when
    what has not been delivered by then makes it unknown.
    """

    state: State | None
    cause: str
    since: datetime
    ended: bool
    lagging: bool = False
    overdue_at: datetime | None = None


def _standing(facts: PostFacts, line: Timeline, policy: PostPolicy, horizon: datetime, now: datetime) -> _Standing:
    """Evidence may lag the clock a little (`PostPolicy.lag`); meanwhile the window stands as it was last known to."""
    until = min(now, facts.session[1])
    ended = now >= facts.session[1]
    current = _index_at(line, until)
    mark = _mark(facts)
    lag_from = _undelivered_from(line, horizon, until) if mark is None or mark < until else None
    if lag_from is None:
        return _as_known(line, current, ended, policy)
    overdue_at = lag_from + policy.lag
    if now >= overdue_at:
        return _Standing(state=State.UNKNOWN, cause="lag", since=lag_from, ended=ended, lagging=True)
    if _needs_delivery(line.segments[current]):
        # The watermark's own instant is delivered, so what begins there is known.
        first_open = lag_from + _MICROSECOND if mark == lag_from else lag_from
        known = [i for i, segment in enumerate(line.segments) if segment.start < first_open]
        if not known:
            return _Standing(state=None, cause="", since=lag_from, ended=ended, overdue_at=overdue_at)
        current = known[-1]
    segment = line.segments[current]
    since = _run_start(line, current) if segment.state is State.UNKNOWN else segment.start
    return _Standing(state=segment.state, cause=segment.cause, since=since, ended=ended, overdue_at=overdue_at)


def _as_known(line: Timeline, current: int, ended: bool, policy: PostPolicy) -> _Standing:
    """Everything was delivered. After the end, a last moment without evidence is passed over."""
    segment = line.segments[current]
    since = segment.start
    if segment.state is State.UNKNOWN:
        since = _run_start(line, current)
        before = next((s for s in reversed(line.segments[:current]) if s.end == since), None)
        if ended and before is not None and segment.end - since <= policy.lag and segment.cause != "lost":
            segment, since = before, before.start
    return _Standing(state=segment.state, cause=segment.cause, since=since, ended=ended)


def _index_at(line: Timeline, instant: datetime) -> int:
    """The segment that holds the instant, the last one at the session's end."""
    return max(i for i, segment in enumerate(line.segments) if segment.start <= instant)


def _needs_delivery(segment: Segment) -> bool:
    return segment.state is State.EMPTY or (segment.state is State.UNKNOWN and segment.cause != "lost")


def _undelivered_from(line: Timeline, horizon: datetime, until: datetime) -> datetime | None:
    """The first instant from the horizon to `until` for which neither presence nor absence is known."""
    late = (s for s in line.segments if s.end > horizon and s.start <= until and _needs_delivery(s))
    first = next(late, None)
    return None if first is None else max(horizon, first.start)


def _run_start(line: Timeline, index: int) -> datetime:
    """Where the unbroken unknown time around a segment starts."""
    while index > 0 and line.segments[index - 1].state is State.UNKNOWN:
        index -= 1
    return line.segments[index].start


# --------------------------------------------------------------------------- what the verdict says


def _outcome(line: Timeline, standing: _Standing, spells: tuple[Spell, ...]) -> tuple[Outcome, str]:
    """What the subject shows, and the last word of its reason code. A cleared yellow or red keeps its verdict."""
    level = max((spell.level for spell in spells), default=None)
    unknown = standing.state is State.UNKNOWN and standing.cause != "lost"
    if unknown and (standing.lagging or not standing.ended):
        return Outcome.UNKNOWN, "unknown"
    if level is not None:
        return Outcome(level.word), level.word
    if unknown:
        return Outcome.UNKNOWN, "unknown"
    if all(segment.state is State.CLOSED for segment in line.segments):
        return Outcome.CLOSED, "closed"
    if standing.cause == "lost" or (standing.ended and any(s.cause == "lost" for s in line.segments)):
        return Outcome.UNPROVEN, "unproven"
    if standing.state is None or (standing.state is State.EMPTY and not standing.ended):
        return Outcome.PENDING, "empty" if standing.state else "pending"
    if standing.state is State.UNWATCHED and not standing.ended:
        return Outcome.UNWATCHED, "unwatched"
    return Outcome.OK, "ok"


def _doubt(line: Timeline, standing: _Standing, outcome: Outcome, waits: tuple[Wait, ...]) -> dict[str, Any]:
    """The figures of why nothing can be said, and which sources are short."""
    told: dict[str, Any] = {}
    if outcome is Outcome.UNKNOWN:
        told = {"cause": standing.cause, "from": standing.since}
    elif outcome is Outcome.UNPROVEN:
        first = next((segment for segment in line.segments if segment.cause == "lost"), None)
        told = {"cause": "lost", "from": first.start if first else standing.since, "to": first.end if first else None}
    if waits:
        told["sources"] = [wait.source for wait in waits]
    return told


def _spell(facts: PostFacts, policy: PostPolicy, spell: EmptySpell, now: datetime) -> Spell:
    """The spell with its charge: who answers at the yellow's instant answers for the red too (DESIGN §5)."""
    level, since = spell.levels[-1]
    answer = charged_at(facts, policy, spell.levels[0][1], now)
    figures = {
        "began": spell.began,
        "since": since,
        "minutes": policy.red_minutes if level is Level.RED else policy.yellow_minutes,
        "answers": answer.why,
        "elsewhere": answer.elsewhere,
        "rows": list(ROWS[answer.why]),
        "evidence": spell.evidence,
        "cleared_at": spell.cleared_at,
    }
    return Spell(
        rule=POST,
        levels=spell.levels,
        began=spell.began,
        charge=charge_of(facts, answer),
        reason=_reason(facts, level.word, figures),
        cleared_at=spell.cleared_at,
    )


def _stale_at(standing: _Standing, policy: PostPolicy, calendar: WorkCalendar) -> datetime | None:
    """After so much service time operators are told; not of a session that is over and wholly delivered, because
    nothing can be mended there any more.
    """
    if standing.ended and not standing.lagging:
        return None
    return calendar.add_working_time(standing.since, timedelta(minutes=policy.unknown_stale_service_minutes))


def _waits(
    facts: PostFacts, found: Emptiness, standing: _Standing, horizon: datetime, now: datetime
) -> tuple[Wait, ...]:
    """For the first level's instant beyond the horizon, else, where evidence is overdue, for all of it."""
    until = next((at for at in found.boundaries if horizon < at <= now), None)
    if until is None and standing.lagging:
        until = min(now, facts.session[1])
    return () if until is None else waits_for(facts.cameras or facts.duty_sources, until)


def _changes(facts: PostFacts, policy: PostPolicy, line: Timeline, found: Emptiness) -> Iterable[datetime]:
    """Instants at which the verdict may change without a new fact."""
    end = facts.session[1]
    yield end
    yield from (segment.start for segment in line.segments)
    yield from found.boundaries
    yield from line.undecided
    yield from line.ahead
    yield from (leave.approved_at for leave in facts.leaves if leave.approved_at is not None)
    mark = _mark(facts)
    if mark is not None and mark < end:
        yield mark + policy.lag


def _calm_until(
    facts: PostFacts, outcome: Outcome, waits: tuple[Wait, ...], changes: Iterable[datetime | None], now: datetime
) -> datetime | None:
    """Until when somebody seen at the window from now on makes no difference: in a window that is well, until it might
    be otherwise; after the session for the rest of the day, unless something of it is outstanding.
    """
    ahead = earliest_after(changes, now)
    if now >= facts.session[1]:
        return facts.session[1] + _A_DAY if ahead is None and not waits else None
    return ahead if outcome is Outcome.OK else None


def _mark(facts: PostFacts) -> datetime | None:
    return lowest_watermark(facts.cameras or facts.duty_sources)


def _verdict(
    facts: PostFacts,
    now: datetime,
    outcome: Outcome,
    word: str,
    figures: Mapping[str, Any] | None = None,
    *,
    spells: tuple[Spell, ...] = (),
    waits: tuple[Wait, ...] = (),
    stale_at: datetime | None = None,
    look_at: Iterable[datetime | None] = (),
    calm_until: datetime | None = None,
    carried_to: datetime | None = None,
) -> Verdict:
    mark = _mark(facts)
    gravest = max(spells, key=lambda spell: spell.level, default=None)
    shown = gravest.reason if gravest is not None and outcome.value == gravest.level.word else None
    return Verdict(
        rule=POST,
        outcome=outcome,
        judged_to=carried_to or judged_to(now, mark),
        next_check_at=earliest_after(look_at, now),
        calm_until=calm_until,
        spells=spells,
        waits=waits,
        watermark=mark,
        stale_at=stale_at,
        reason=shown or _reason(facts, word, figures or {}),
    )


def _reason(facts: PostFacts, word: str, figures: Mapping[str, Any]) -> Reason:
    told: dict[str, Any] = {
        "window": facts.window,
        "date": facts.date.isoformat(),
        "session_start": facts.session[0].isoformat(),
        "session_end": facts.session[1].isoformat(),
    }
    for key, value in figures.items():
        if value is not None:
            told[key] = value.isoformat() if isinstance(value, datetime) else value
    return Reason(code=f"{POST}.{word}", figures=told)
