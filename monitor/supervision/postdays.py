"""Each window's day as people read it (在岗时间线): segments, hand-overs, findings; for command line and console."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.attendance.cover import shown
from monitor.attendance.dayline import STATES, EvidenceIds, Shown
from monitor.attendance.facts import PostFacts
from monitor.attendance.headcount import flagged, short_runs
from monitor.attendance.policy import PostPolicy
from monitor.attendance.postfindings import Handover, PostFinding, handovers, post_findings
from monitor.attendance.slots import post_key
from monitor.model import Span, Window
from monitor.store.facts.look import Look
from monitor.store.facts.posts import load_posts
from monitor.store.sql import chunks
from monitor.supervision.commands import require_known
from monitor.supervision.views import stamp
from monitor.wording import render

AT_ONCE: Final = 20
"""Sessions read at once: a camera says hundreds of things in each."""


@dataclass(frozen=True, kw_only=True)
class PostDay:
    """One window on one day. `sessions`: its service hours; `segments` cover each of them, up to `as_of`, exactly."""

    window: str
    hall: str
    unit: str | None
    date: date
    zone: ZoneInfo
    as_of: datetime
    sessions: tuple[Span, ...]
    segments: tuple[Shown, ...]
    handovers: tuple[Handover, ...]
    findings: tuple[tuple[str, PostFinding], ...]
    """(id of the post's subject, finding)"""

    def minutes(self) -> dict[str, int]:
        """Whole minutes in each state, those without one left out."""
        spent = dict.fromkeys(STATES, timedelta(0))
        for part in self.segments:
            spent[part.state] += part.end - part.start
        whole = {state: int(amount / timedelta(minutes=1)) for state, amount in spent.items()}
        return {state: minutes for state, minutes in whole.items() if minutes}


def post_days(
    look: Look, policy: PostPolicy, day: date, *, hall: str | None = None, window: str | None = None,
    among: Collection[str] | None = None,
) -> list[PostDay]:  # fmt: skip
    """The windows of all halls, a hall, or one window, on a local date, by hall and window; with `among` of those only
    these; those without service on it have no sessions. Raises Refused for a hall or window that there is not.
    """
    require_known(look.registry, hall=hall, window=window)
    chosen = [
        w
        for w in sorted(look.registry.windows.values(), key=lambda w: (w.hall, w.id))
        if (hall is None or w.hall == hall) and (window is None or w.id == window) and (among is None or w.id in among)
    ]
    sessions = {w.id: list(_sessions(look, w, day)) for w in chosen}
    seen: dict[str, _Session] = {}
    for batch in chunks([key for mine in sessions.values() for key, _ in mine], AT_ONCE):
        for key, found in load_posts(look, batch).items():
            seen[key] = session_of(found.facts, policy, look.now)
    return [_day(look, w, day, sessions[w.id], seen) for w in chosen]


def read_sessions(look: Look, windows: Iterable[str], day: date) -> dict[str, list[PostFacts]]:
    """The facts of each window's sessions on a local date, in the order of the day."""
    keys = {w: [key for key, _ in _sessions(look, look.registry.windows[w], day)] for w in windows}
    found: dict[str, PostFacts] = {}
    for batch in chunks([key for mine in keys.values() for key in mine], AT_ONCE):
        found |= {key: loaded.facts for key, loaded in load_posts(look, batch).items()}
    return {window: [found[key] for key in mine] for window, mine in keys.items()}


@dataclass(frozen=True, kw_only=True)
class _Session:
    parts: tuple[Shown, ...]
    handovers: tuple[Handover, ...]
    findings: tuple[PostFinding, ...]


def session_of(facts: PostFacts, policy: PostPolicy, now: datetime) -> _Session:
    """All that is told of one session."""
    if not facts.published:
        return _Session(parts=unpublished(facts, now), handovers=(), findings=())
    parts = shown(facts, policy, now)
    short = short_runs(facts, policy, parts, now)
    return _Session(
        parts=flagged(parts, short, EvidenceIds(facts, policy)),
        handovers=tuple(handovers(facts, policy, parts, now)),
        findings=tuple(post_findings(facts, policy, parts, short, now)),
    )


def parts_of(facts: PostFacts, policy: PostPolicy, now: datetime) -> tuple[Shown, ...]:
    """Its segments alone, as `session_of` tells them: a board shows no hand-overs and no findings."""
    if not facts.published:
        return unpublished(facts, now)
    parts = shown(facts, policy, now)
    return flagged(parts, short_runs(facts, policy, parts, now), EvidenceIds(facts, policy))


def unpublished(facts: PostFacts, now: datetime) -> tuple[Shown, ...]:
    start, end = facts.session[0], min(now, facts.session[1])
    return (Shown(start=start, end=end, state="unknown", cause="unpublished"),) if start < end else ()


def _sessions(look: Look, window: Window, day: date) -> Iterator[tuple[str, Span]]:
    """Sessions that are expected of the window: none that began before its first import."""
    hall = look.registry.halls.get(window.hall)
    since = [at for at in (window.expected_from, hall.expected_from if hall else None) if at is not None]
    calendar = look.book.for_window(look.registry, window.id)
    for start, end in calendar.sessions(day):
        if not since or start >= max(since):
            yield post_key(window.id, start, calendar), (start, end)


def _day(
    look: Look, window: Window, day: date, sessions: list[tuple[str, Span]], seen: Mapping[str, _Session]
) -> PostDay:
    mine = [(key, seen[key]) for key, _ in sessions]
    return PostDay(
        window=window.id,
        hall=window.hall,
        unit=window.unit,
        date=day,
        zone=look.registry.zone_of(window.hall),
        as_of=look.now,
        sessions=tuple(span for _, span in sessions),
        segments=tuple(part for _, one in mine for part in one.parts),
        handovers=tuple(h for _, one in mine for h in one.handovers),
        findings=tuple((key, f) for key, one in mine for f in one.findings),
    )


# --------------------------------------------------------------------------- JSON


def post_day_json(day: PostDay) -> dict[str, Any]:
    """Fixed names; instants RFC 3339 with the hall's offset; ids, no names (DESIGN §1F)."""
    zone = day.zone
    return {
        "window": day.window,
        "hall": day.hall,
        "unit": day.unit,
        "date": day.date.isoformat(),
        "as_of": stamp(day.as_of, zone),
        "sessions": [{"from": stamp(start, zone), "to": stamp(end, zone)} for start, end in day.sessions],
        "segments": [_segment_json(part, zone) for part in day.segments],
        "handovers": [_handover_json(one, zone) for one in day.handovers],
        "findings": [
            {"rule": f.rule, "subject": f"post:{key}", "at": stamp(f.at, zone), "staff": f.staff,
             "why": render(f.reason, "zh", zone)} for key, f in day.findings
        ],
        "minutes": day.minutes(),
    }  # fmt: skip


def _segment_json(part: Shown, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "from": stamp(part.start, zone),
        "to": stamp(part.end, zone),
        "state": part.state,
        "who": list(part.who),
        "inferred": part.inferred,
        "cause": part.cause,
        "answers": part.answers or None,
        "charged": part.charged,
        "at_window": part.at_window,
        "people": part.people,
        "evidence": [{"id": id_, "kind": kind} for id_, kind in part.evidence],
    }


def _handover_json(one: Handover, zone: ZoneInfo) -> dict[str, Any]:
    gap = None if one.taken_at is None else int((one.taken_at - one.at) / timedelta(minutes=1))
    taken = stamp(one.taken_at, zone)
    return {"at": stamp(one.at, zone), "from": one.left, "to": one.next, "taken_at": taken, "gap_minutes": gap}
