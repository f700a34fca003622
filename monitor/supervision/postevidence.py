"""What stands behind each segment of a window's day (在岗依据): who said what, from when to when, how often; what is
known up to when; which plans it rests on. For the console's pages and the API.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final

from monitor.access import Principal, Target, covers
from monitor.attendance.dayline import Shown
from monitor.attendance.facts import PostFacts
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import is_approved
from monitor.model import Registry, SourceState, Span
from monitor.store.facts.look import Look
from monitor.supervision.postdays import PostDay, post_days, read_sessions
from monitor.supervision.refused import Refused

FIRST: Final = date(1970, 1, 2)
LAST: Final = date(2098, 12, 31)
"""Dates that calendars know of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """The same thing said `count` times between `first` and `last`. `kind`: presence, duty, rating, case, checkin or
    spot; `people` and `view` of a camera, `action` of a sign-on. `window`: where, if at another one.
    """

    kind: str
    source: str
    first: datetime
    last: datetime
    count: int
    people: int | None = None
    view: str = ""
    action: str = ""
    staff: str | None = None
    trusted: bool = True
    window: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A device that the window's day rests on. `role`: camera or duty; `complete_to`: everything up to then is here
    (None: nothing is proven); `trusted`: whether its clock proves anything; `lost`: spans that were declared lost.
    """

    id: str
    role: str
    complete_to: datetime | None
    trusted: bool
    skew_seconds: float
    lost: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanSpan:
    """A plan that meets the session. `kind`: leave (never which kind of it), outing, substitute or closure; `counts`:
    leave that is approved by now; `why`: of a closure.
    """

    kind: str
    start: datetime
    end: datetime
    staff: str | None = None
    counts: bool = True
    why: str = ""

    def meets(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class PartFile:
    """A segment with what stands behind it; `heard` are the devices that would have told, where it is not known."""

    part: Shown
    grounds: tuple[Ground, ...]
    plans: tuple[PlanSpan, ...]
    heard: tuple[Heard, ...]


@dataclass(frozen=True, kw_only=True)
class WindowFile:
    """Everything about one window's day."""

    day: PostDay
    parts: tuple[PartFile, ...]
    heard: tuple[Heard, ...]
    plans: tuple[PlanSpan, ...]


def day_of(text: str, today: date) -> date:
    """The date of an address or a body, `today` where there is none. Raises Refused."""
    if not text:
        return today
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text[:40]!r} 不是日期 is no date: 2026-03-02", field="date") from None
    if not FIRST <= found <= LAST:
        raise Refused(f"{text[:40]}: 超出日历范围 outside the calendar", field="date")
    return found


def visible(registry: Registry, who: Principal, day: date) -> list[str]:
    """Ids of the windows whose day somebody may see, by hall and id: those within reach, and whoever reaches but
    themselves sees the windows where they hold a post on that day.
    """
    found = []
    for window in sorted(registry.windows.values(), key=lambda w: (w.hall, w.id)):
        holds = who.staff is not None and any(p.staff == who.staff for p in registry.posts_on(window.id, day))
        place = Target(hall=window.hall, unit=window.unit, window=window.id, staff=who.staff if holds else None)
        if covers(who, place):
            found.append(window.id)
    return found


def window_file(look: Look, policy: PostPolicy, day: date, window: str) -> WindowFile:
    """One window on a local date, with what stands behind each segment. Raises Refused as `post_days`."""
    (told,) = post_days(look, policy, day, window=window)
    loaded = read_sessions(look, [window], day)[window]
    heard: dict[tuple[str, str], Heard] = {}
    plans: dict[PlanSpan, None] = {}
    for facts in loaded:
        heard |= {(one.role, one.id): one for one in _heard(facts)}
        plans |= dict.fromkeys(_plans(facts, look.now))
    parts = [_part(part, _session_of(part, loaded), look.now) for part in told.segments]
    return WindowFile(
        day=told, parts=tuple(parts), heard=tuple(heard.values()), plans=tuple(sorted(plans, key=lambda p: p.start))
    )


def _session_of(part: Shown, loaded: Iterable[PostFacts]) -> PostFacts | None:
    return next((f for f in loaded if f.session[0] <= part.start < f.session[1]), None)


def _part(part: Shown, facts: PostFacts | None, now: datetime) -> PartFile:
    if facts is None:
        return PartFile(part=part, grounds=(), plans=(), heard=())
    named = {id_ for id_, _ in part.evidence}
    plans = tuple(plan for plan in _plans(facts, now) if plan.meets(part.start, part.end))
    heard = tuple(_heard(facts)) if part.state in ("unknown", "empty") else ()
    return PartFile(part=part, grounds=tuple(grounds(facts, named)), plans=plans, heard=heard)


def grounds(facts: PostFacts, ids: Collection[str]) -> Iterator[Ground]:
    """The facts of these ids in the order of time; what one source says the same again and again is one."""
    said: list[tuple[datetime, Ground]] = []
    for one in (facts, *facts.others):
        where = None if one is facts else one.window
        said += [(ground.first, ground) for id_, ground in _said(one, where) if id_ in ids]
    said.sort(key=lambda pair: (pair[1].source, pair[1].kind, pair[0]))

    def same(pair: tuple[datetime, Ground]) -> tuple[object, ...]:
        g = pair[1]
        return (g.source, g.kind, g.people, g.view, g.action, g.staff, g.trusted, g.window)

    found = []
    for _, run in groupby(said, key=same):
        times = list(run)
        found.append(_again(times[0][1], times[-1][0], len(times)))
    yield from sorted(found, key=lambda g: (g.first, g.source))


def _again(one: Ground, last: datetime, count: int) -> Ground:
    return Ground(
        kind=one.kind, source=one.source, first=one.first, last=last, count=count, people=one.people, view=one.view,
        action=one.action, staff=one.staff, trusted=one.trusted, window=one.window,
    )  # fmt: skip


def _said(facts: PostFacts, where: str | None) -> Iterator[tuple[str, Ground]]:
    for p in facts.presences:
        yield (
            p.id,
            Ground(
                kind="presence", source=p.source, first=p.at, last=p.at, count=1, people=p.people, view=p.view,
                trusted=p.trusted, window=where,
            ),
        )  # fmt: skip
    for d in facts.duties:
        yield (
            d.id,
            Ground(
                kind="duty", source=d.source, first=d.at, last=d.at, count=1, action=d.action, staff=d.staff,
                trusted=d.trusted, window=where,
            ),
        )  # fmt: skip
    for s in facts.signs:
        yield (
            s.id,
            Ground(kind=s.kind, source=s.source, first=s.at, last=s.at, count=1, staff=s.staff, window=where),
        )
    for e in facts.found_empty:
        yield e.id, Ground(kind="spot", source=e.id, first=e.at, last=e.at, count=1, people=0, window=where)


def _heard(facts: PostFacts) -> Iterator[Heard]:
    for role, sources in (("camera", facts.cameras), ("duty", facts.duty_sources)):
        for state in sources:
            yield _device(role, state)


def _device(role: str, state: SourceState) -> Heard:
    return Heard(
        id=state.id, role=role, complete_to=state.watermark, trusted=state.trusted, skew_seconds=state.skew_seconds,
        lost=tuple(state.lost),
    )  # fmt: skip


def _plans(facts: PostFacts, now: datetime) -> Iterator[PlanSpan]:
    """Those that meet the session; of closures the words that were filed with them."""
    start, end = facts.session
    found = [
        *(
            PlanSpan(kind="leave", start=v.start, end=v.end, staff=v.staff, counts=is_approved(v, now))
            for v in facts.leaves
        ),
        *(PlanSpan(kind="outing", start=o.start, end=o.end, staff=o.staff) for o in facts.outings),
        *(PlanSpan(kind="substitute", start=s.start, end=s.end, staff=s.staff) for s in facts.substitutes),
        *(PlanSpan(kind="closure", start=c.start, end=c.end, why=c.why) for c in facts.closures),
    ]
    yield from (plan for plan in found if plan.meets(start, end))
