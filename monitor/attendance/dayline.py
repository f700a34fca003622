"""A window's session as people read it (在岗时间线): who was there, who was excused, when it was empty. Pure.

The states of the fused timeline (`timeline`), with `present` told apart by who is there (docs/adr/0027).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from monitor.attendance.answerable import Answer, answerable
from monitor.attendance.facts import PostFacts
from monitor.attendance.fusion import Known
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import earliest_after, is_approved, outing_span
from monitor.attendance.states import Segment, State
from monitor.attendance.timeline import cut
from monitor.attendance.whoisthere import Names

EXCUSED: Final = "excused"
NEIGHBOUR: Final = "neighbour"
"""Cause of a lone window that is covered from beside it."""
STATES: Final = ("A", "B", "substitute", "other", EXCUSED, "empty", "unknown", "unwatched", "closed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """[start, end) of a window's day in one of STATES; `other`: somebody who holds no post there and is not filed.

    `who` is there, with names by nobody (`inferred`): whoever answered then. Of an empty or excused time: `answers`
    says who answers (a word of `Answer.why`) and `charged` who by name. `at_window`: where the person was instead, or
    from where the window was covered. `evidence`: (fact id, kind). `people`: how many, where fewer than `min_staff`
    were there for too long (A19).
    """

    start: datetime
    end: datetime
    state: str
    cause: str = ""
    who: tuple[str, ...] = ()
    inferred: bool = False
    answers: str = ""
    charged: str | None = None
    at_window: str | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    people: int | None = None


def described(facts: PostFacts, policy: PostPolicy, line: Iterable[Segment], now: datetime) -> tuple[Shown, ...]:
    """The segments with who was there, cut where that or who answers changes; equal neighbours joined."""
    names = Names(facts, policy, now)
    cuts = sorted({*names.changes(), *plan_changes(facts, policy, now)})
    ids = EvidenceIds(facts, policy)
    found: list[Shown] = []
    for segment in line:
        inside = [at for at in cuts if segment.start < at < segment.end]
        for start, end in pairwise([segment.start, *inside, segment.end]):
            found.append(_described(facts, policy, names, ids, cut(segment, start, end), now))
    return joined(found)


def next_change(facts: PostFacts, policy: PostPolicy, now: datetime) -> datetime | None:
    """When time alone may change who is told to be there, if nothing comes; None: not in this session. What changes
    at `now` itself is one: the session is told up to `now`, and what begins then has lasted no time yet.
    """
    names, told = Names(facts, policy, now), now - timedelta.resolution
    here = names.there(told)[:3]
    others = (at for at in sorted({*names.changes()}) if at > told and names.there(at)[:3] != here)
    return earliest_after([next(others, None), *plan_changes(facts, policy, now), *Known(facts, now).ahead], told)


def plan_changes(facts: PostFacts, policy: PostPolicy, now: datetime) -> Iterator[datetime]:
    """Instants at which somebody's leave, slip or standing in begins or ends."""
    for leave in facts.leaves:
        if is_approved(leave, now):
            yield from (leave.start, leave.end)
    for outing in facts.outings:
        yield from outing_span(outing, policy.outing_max_minutes)
    for stand_in in facts.substitutes:
        yield from (stand_in.start, stand_in.end)


def _described(
    facts: PostFacts, policy: PostPolicy, names: Names, ids: EvidenceIds, segment: Segment, now: datetime
) -> Shown:
    """A segment in which nothing changes of who is there and who answers."""
    start, end = segment.start, segment.end
    if segment.state is State.PRESENT:
        there = names.there(start)
        return Shown(
            start=start, end=end, state=there.state, cause=segment.cause, who=there.who, inferred=there.inferred,
            evidence=ids.within([*segment.evidence, *there.ids], start, end),
        )  # fmt: skip
    evidence = ids.within(segment.evidence, start, end)
    shown = Shown(start=start, end=end, state=segment.state.value, cause=segment.cause, evidence=evidence)
    return answered(shown, answerable(facts, policy, start, now)) if segment.state is State.EMPTY else shown


def answered(shown: Shown, answer: Answer) -> Shown:
    """An empty time with who answers for it. Where nobody does by right (a lone holder on a slip) it is excused; with a
    letter (B05) the persons are, the window stays empty.
    """
    state = EXCUSED if answer.why == "outing" else "empty"
    return replace(shown, state=state, answers=answer.why, charged=answer.staff, at_window=answer.elsewhere)


def joined(parts: Iterable[Shown]) -> tuple[Shown, ...]:
    found: list[Shown] = []
    for part in parts:
        last = found[-1] if found else None
        if last is not None and _told(last) == _told(part):
            both = tuple(dict.fromkeys((*last.evidence, *part.evidence)))
            found[-1] = replace(last, end=part.end, evidence=both)
        else:
            found.append(part)
    return tuple(found)


def _told(part: Shown) -> tuple[object, ...]:
    """All that is said of a time, but when it was and what shows it."""
    return (
        part.state, part.cause, part.who, part.inferred, part.answers, part.charged, part.at_window, part.people,
    )  # fmt: skip


class EvidenceIds:
    """The kinds of facts by id, and how long each says something."""

    def __init__(self, facts: PostFacts, policy: PostPolicy) -> None:
        look = timedelta(seconds=policy.camera_seconds)
        self._of: dict[str, tuple[str, datetime, datetime | None]] = {}
        for reading in facts.presences:
            self._of[reading.id] = ("presence", reading.at, reading.at + look)
        for duty in facts.duties:
            self._of[duty.id] = ("duty", duty.at, None)
        for sign in facts.signs:
            self._of[sign.id] = (sign.kind, sign.at, sign.at + policy.lifetime(sign.kind))
        for empty in facts.found_empty:
            self._of[empty.id] = ("spot", empty.at, empty.at + look)

    def within(self, ids: Iterable[str], start: datetime, end: datetime) -> tuple[tuple[str, str], ...]:
        """Those that say something of [start, end), each with its kind; one of another window has none here."""
        found: dict[str, str] = {}
        for id_ in ids:
            kind, since, until = self._of.get(id_, ("", start, None))
            if since < end and (until is None or start < until):
                found[id_] = kind
        return tuple(found.items())

    def parted(self, part: Shown, cuts: Iterable[datetime]) -> Iterator[Shown]:
        """A segment cut at instants, each piece with the evidence that speaks of it."""
        inside = sorted({cut for cut in cuts if part.start < cut < part.end})
        if not inside:
            yield part
            return
        for start, end in pairwise([part.start, *inside, part.end]):
            kept = dict(self.within((id_ for id_, _ in part.evidence), start, end))
            evidence = tuple((id_, kind or kept[id_]) for id_, kind in part.evidence if id_ in kept)
            yield replace(part, start=start, end=end, evidence=evidence)
