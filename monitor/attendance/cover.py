"""Cover (顶岗) across windows: a neighbour who covers a lone window, and who answers but is at another. Pure.

Reasons: docs/adr/0027-posts-and-cover.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from monitor.attendance.answerable import Answer, answerable
from monitor.attendance.dayline import NEIGHBOUR, EvidenceIds, Shown, answered, described, joined
from monitor.attendance.evidence import merged
from monitor.attendance.facts import PostFacts
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import is_approved, outing_span
from monitor.attendance.states import Segment, State
from monitor.attendance.timeline import Timeline, cut, proven_segments, timeline
from monitor.attendance.whoisthere import RANKS
from monitor.model import Span

_REPLACED = (State.EMPTY, State.UNKNOWN)
_OWN = frozenset({"post_a", "post_b", "substitute"})


class Elsewhere(NamedTuple):
    """[start, end): a person is present at another window, by name or as the one who answers there."""

    start: datetime
    end: datetime
    staff: str
    window: str
    by_name: bool
    evidence: tuple[tuple[str, str], ...]


def covered_timeline(facts: PostFacts, policy: PostPolicy, now: datetime) -> Timeline:
    """The fused timeline, with who covers a lone window from beside it while its holder is excused.

    `undecided` and `ahead` are those of the other windows too: what is settled there may say who answers here.
    """
    line = timeline(facts, policy, now)
    if not facts.others:
        return line
    beside = [timeline(other, policy, now) for other in facts.others]
    approved = (v.approved_at for other in facts.others for v in other.leaves if v.approved_at is not None)
    return replace(
        line,
        segments=_covered(line.segments, neighbour_cover(facts, policy, now)),
        undecided=(*line.undecided, *(t for one in beside for t in one.undecided)),
        ahead=(*line.ahead, *(t for one in beside for t in one.ahead), *approved),
    )


def segments(facts: PostFacts, policy: PostPolicy, until: datetime) -> tuple[Segment, ...]:
    """The session up to `until` for explaining a card: facts received by then, absence only as far as it is proven."""
    return proven_segments(facts, covered_timeline(facts, policy, until), until)


def shown(facts: PostFacts, policy: PostPolicy, now: datetime) -> tuple[Shown, ...]:
    """The session up to `now` as people read it, by all that was received by then; () before it begins."""
    line = proven_segments(facts, covered_timeline(facts, policy, now), now)
    cover = neighbour_cover(facts, policy, now)
    away = _away(facts, policy, now)
    ids = EvidenceIds(facts, policy)
    found: list[Shown] = []
    for whole in described(facts, policy, (s for s in line if s.cause != NEIGHBOUR), now):
        for part in ids.parted(whole, (t for one in away for t in one[:2])):
            found.append(_told_apart(facts, policy, part, away, now))
    for segment in line:
        if segment.cause == NEIGHBOUR:
            found += _by_neighbour(segment, cover)
    return joined(sorted(found, key=lambda part: part.start))


def charged_at(facts: PostFacts, policy: PostPolicy, at: datetime, now: datetime) -> Answer:
    """Who answers at an instant; the unit where that person was proven present at another window then.

    One person who covers two windows is at one of them: that is no off-post (A05) of theirs, the window is unstaffed
    all the same (A08). It passes to nobody else, for nobody told them.
    """
    answer = answerable(facts, policy, at, now)
    return _unless_away(answer, _away(facts, policy, now) if facts.others else [], at)


def elsewhere(facts: PostFacts, policy: PostPolicy, now: datetime) -> Iterator[Elsewhere]:
    """Where people were present at the other windows that were loaded."""
    for other in facts.others:
        for part in shown(other, policy, now):
            if part.state in RANKS:
                for staff in part.who:
                    yield Elsewhere(part.start, part.end, staff, other.window, not part.inferred, part.evidence)


# --------------------------------------------------------------------------- neighbours


def lone_holder(facts: PostFacts) -> str | None:
    """The one regular holder (A or B) of a lone window; None where there are more, or none."""
    regular = {post.staff for post in facts.posts if post.rank != "S"}
    return next(iter(regular)) if len(regular) == 1 else None


def neighbour_cover(facts: PostFacts, policy: PostPolicy, now: datetime) -> list[Elsewhere]:
    """When a lone window is covered from beside it: its holder is excused, and its standing substitute, or a B of a
    window of the same unit, is present at the own window.
    """
    lone = lone_holder(facts)
    if lone is None or not policy.neighbour_covers or not facts.others:
        return []
    out = excused_spans(facts, policy, lone, now)
    if not out:
        return []
    standing = {post.staff for post in facts.posts if post.rank == "S"}
    beside = {post.staff for other in facts.others if _same_unit(facts, other) for post in other.posts
              if post.rank == "B"}  # fmt: skip
    found: list[Elsewhere] = []
    for one in elsewhere(facts, policy, now):
        if one.staff != lone and one.staff in standing | beside:
            for start, end in out:
                if max(start, one.start) < min(end, one.end):
                    found.append(one._replace(start=max(start, one.start), end=min(end, one.end)))
    return sorted(found)


def excused_spans(facts: PostFacts, policy: PostPolicy, staff: str, now: datetime) -> list[Span]:
    """When a person is excused within the session: by leave approved at `now`, or by the counted part of a slip."""
    spans = [(v.start, v.end) for v in facts.leaves if v.staff == staff and is_approved(v, now)]
    spans += [outing_span(o, policy.outing_max_minutes) for o in facts.outings if o.staff == staff]
    start, end = facts.session
    return merged((max(start, a), min(end, b)) for a, b in spans if a < end and start < b)


def _same_unit(facts: PostFacts, other: PostFacts) -> bool:
    windows = facts.registry.windows
    mine, theirs = windows.get(facts.window), windows.get(other.window)
    return mine is not None and theirs is not None and mine.unit is not None and mine.unit == theirs.unit


def _covered(line: Iterable[Segment], cover: list[Elsewhere]) -> tuple[Segment, ...]:
    """The segments; what is empty or unknown while somebody covers becomes present by the neighbour."""
    if not cover:
        return tuple(line)
    spans = merged((one.start, one.end) for one in cover)
    found: list[Segment] = []
    for segment in line:
        at = segment.start
        for start, end in spans if segment.state in _REPLACED else ():
            start, end = max(start, at), min(end, segment.end)
            if start >= end:
                continue
            if at < start:
                found.append(cut(segment, at, start))
            ids = tuple(id_ for one in cover if one.start < end and start < one.end for id_, _ in one.evidence)
            found.append(
                Segment(start=start, end=end, state=State.PRESENT, cause=NEIGHBOUR, evidence=tuple(dict.fromkeys(ids)))
            )
            at = end
        if at < segment.end:
            found.append(cut(segment, at, segment.end))
    return tuple(found)


def _by_neighbour(segment: Segment, cover: list[Elsewhere]) -> Iterator[Shown]:
    """A covered time, cut where another one covers."""
    mine = [one for one in cover if one.start < segment.end and segment.start < one.end]
    cuts = sorted({segment.start, segment.end, *(t for one in mine for t in one[:2])})
    cuts = [c for c in cuts if segment.start <= c <= segment.end]
    for start, end in zip(cuts, cuts[1:], strict=False):
        there = [one for one in mine if one.start <= start < one.end]
        yield Shown(
            start=start,
            end=end,
            state="substitute",
            cause=NEIGHBOUR,
            who=tuple(dict.fromkeys(one.staff for one in there)),
            inferred=True,
            at_window=there[0].window,
            evidence=tuple(dict.fromkeys(e for one in there for e in one.evidence)),
        )


# --------------------------------------------------------------------------- who is at another window


def _away(facts: PostFacts, policy: PostPolicy, now: datetime) -> list[Elsewhere]:
    return sorted(elsewhere(facts, policy, now)) if facts.others else []


def _unless_away(answer: Answer, away: Iterable[Elsewhere], at: datetime) -> Answer:
    if answer.why not in _OWN:
        return answer
    mine = (one.window for one in away if one.staff == answer.staff and one.start <= at < one.end)
    window = next(mine, None)
    return answer if window is None else Answer(None, "elsewhere", window)


def _told_apart(facts: PostFacts, policy: PostPolicy, part: Shown, away: Iterable[Elsewhere], now: datetime) -> Shown:
    """One time in which nobody comes to another window or goes from there.

    Empty, whoever answers may be there; with somebody seen, it is not the one who answers if a name puts them there.
    """
    if part.state == "empty":
        return answered(part, _unless_away(answerable(facts, policy, part.start, now), away, part.start))
    if part.inferred and part.who:
        named = (o for o in away if o.by_name and o.staff in part.who and o.start <= part.start < o.end)
        where = next((one.window for one in named), None)
        return part if where is None else replace(part, state="other", who=(), at_window=where)
    return part
