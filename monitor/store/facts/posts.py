"""Facts of posts (在岗): every kind of evidence of one session at one window."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Table, bindparam, select

from monitor.attendance.answerable import holders_of
from monitor.attendance.cover import lone_holder
from monitor.attendance.facts import Duty, FoundEmpty, Leave, Outing, PostFacts, Presence, Sign
from monitor.attendance.slots import parse_post_key, post_key
from monitor.model import Span
from monitor.store import plans, reviews, spotchecks
from monitor.store.facts.look import Loaded, Look, next_receipt, utc_span
from monitor.store.facts.watchers import cameras_of, duty_carriers
from monitor.store.quick import QuickSelect
from monitor.store.schema import CaseEventRow, CheckinRow, DutyRow, PresenceRow, RatingRow
from monitor.store.sql import table_of
from monitor.workcal import WorkCalendar

PRESENCE: Final = table_of(PresenceRow)
DUTY: Final = table_of(DutyRow)
RATING: Final = table_of(RatingRow)
AT_THE_WINDOW: Final = ("device", "screen")
"""Origins of ratings that are given at the window: one that was given at home, or copied from paper, shows nobody."""
CASE: Final = table_of(CaseEventRow)
CHECKIN: Final = table_of(CheckinRow)

Rows = dict[str, list[Row[Any]]]


def _owned(table: Table, column: str) -> QuickSelect:
    """Rows of the owners (windows, people) with a time in [start, end)."""
    start, end = (bindparam(name, type_=table.c.at.type) for name in ("start", "end"))
    return QuickSelect(
        lambda among: (
            select(table).where(among(table.c[column]), table.c.at >= start, table.c.at < end).order_by(table.c.at)
        )
    )


_OWNED: Final = {
    table.name: _owned(table, "staff" if table is CHECKIN else "window")
    for table in (PRESENCE, DUTY, RATING, CASE, CHECKIN)
}
BESIDE: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def load_posts(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of the posts by key (WINDOW/DATE/HHMM of the session's start in the hall's zone).

    With the sessions of other windows where what happens there may matter (`others`): read in one further batch.
    """
    loaded = _load(look, keys)
    beside = {key: _beside(look, found.facts) for key, found in loaded.items()}
    wanted = {other for others in beside.values() for other in others}
    others = {**loaded, **(_load(look, sorted(wanted - loaded.keys())) if wanted - loaded.keys() else {})}
    for key, names in beside.items():
        if names:
            mine = [others[name] for name in names]
            facts = replace(loaded[key].facts, others=tuple(one.facts for one in mine))
            ahead = [one.more_at for one in (loaded[key], *mine) if one.more_at is not None]
            loaded[key] = msgspec.structs.replace(loaded[key], facts=facts, more_at=min(ahead, default=None))
    return loaded


def _beside(look: Look, facts: PostFacts) -> list[str]:
    """Sessions at the same time of the windows that matter to this one.

    1. Where whoever answers holds a post too, down to the first who is in all session long: who is proven there did
    not leave this one. 2. Of a lone window whose holder is out: where those who may cover it belong.
    """
    if not facts.expected:
        return []
    elsewhere: set[str] = set()
    for staff in _answering(facts):
        elsewhere |= held_by(look, staff, facts.date)
    lone = lone_holder(facts)
    if lone is not None and lone in _out(facts):
        for post in facts.posts:
            if post.rank == "S":
                elsewhere |= held_by(look, post.staff, facts.date)
        elsewhere |= _of_same_unit(look, facts.window)
    found: list[str] = []
    for window in sorted(elsewhere - {facts.window}):
        calendar = look.book.for_window(look.registry, window)
        for start, end in calendar.sessions(facts.date):
            if start < facts.session[1] and facts.session[0] < end:
                found.append(post_key(window, start, calendar))
    return found


def _answering(facts: PostFacts) -> list[str]:
    """Who may come to answer in this session: those who are out for some of it, and the first who is not."""
    out, found = _out(facts), []
    holders = holders_of(facts)
    filed = [s.staff for s in sorted(facts.substitutes, key=lambda s: (s.start, s.id))]
    regular = [p.staff for p in holders if p.rank != "S"]
    for staff in [*regular, *filed, *(p.staff for p in holders if p.rank == "S")]:
        found.append(staff)
        if staff not in out and staff in regular:
            break
    return found


def _out(facts: PostFacts) -> set[str]:
    """Who has leave or a slip that meets the session, approved or not."""
    start, end = facts.session
    absences: list[Leave | Outing] = [*facts.leaves, *facts.outings]
    return {v.staff for v in absences if v.start < end and start < v.end}


def held_by(look: Look, staff: str, day: date) -> set[str]:
    """The windows where a person holds a post on a day."""

    def make() -> dict[str, set[str]]:
        held: dict[str, set[str]] = {}
        for post in look.registry.posts:
            if (post.valid_from is None or post.valid_from <= day) and (post.valid_to is None or day < post.valid_to):
                held.setdefault(post.staff, set()).add(post.window)
        return held

    return look.once(("held", day), make).get(staff, set())


def _of_same_unit(look: Look, window: str) -> set[str]:
    known = look.registry.windows.get(window)
    if known is None or known.unit is None:
        return set()
    return {w.id for w in look.registry.windows.values() if w.unit == known.unit and w.hall == known.hall}


def _load(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    parsed = {key: parse_post_key(key) for key in keys}
    windows = sorted({window for window, _, _ in parsed.values()})
    days = [day for _, day, _ in parsed.values()]
    first, last = min(days), max(days)
    held = {key: look.registry.posts_on(window, day) for key, (window, day, _) in parsed.items()}
    start, end = utc_span(first, last)
    substitutes = plans.substitutes(look.conn, windows, start, end)
    standing_in = {window: {s.staff for s in filed} for window, filed in substitutes.items()}
    present = {key: sorted({p.staff for p in held[key]} | standing_in.get(parsed[key].window, set())) for key in keys}
    people = sorted({staff for mine in present.values() for staff in mine})
    sessions = {
        key: _session(look.book.for_window(look.registry, window), day, begins)
        for key, (window, day, begins) in parsed.items()
    }
    evidence = _Evidence(look, windows, people, _around(sessions.values()) or (start, end))
    leaves = plans.leaves(look.conn, people, start, end)
    outings = plans.outings(look.conn, people, start, end)
    closed = plans.closures(look.conn, start, end)
    looks = spotchecks.seen(look.conn, windows, start, end)
    look.sources.look_at(name for window in windows for name in cameras_of(look, window, ()))
    look.sources.look_at(name for window in windows for name in duty_carriers(look.registry, window, ()))
    look.sources.look_at(evidence.sources)
    loaded: dict[str, Loaded] = {}
    for key, (window, day, _) in parsed.items():
        known = look.registry.windows.get(window)
        hall = known.hall if known else None
        calendar = look.book.for_window(look.registry, window)
        session = sessions[key]
        mine = present[key]
        presences = tuple(evidence.presences(window, session)) if session else ()
        duties = tuple(evidence.duties(window, day, calendar))
        spots = [s for s in looks.get(window, ()) if session and session[0] - BESIDE <= s.seen_at < session[1]]
        facts = PostFacts(
            window=window,
            date=day,
            session=session or utc_span(day, day),
            presences=presences,
            duties=duties,
            signs=(*evidence.signs(window, session, mine), *_found_somebody(spots)) if session else (),
            cameras=look.sources.states(cameras_of(look, window, presences)),
            duty_sources=look.sources.states(duty_carriers(look.registry, window, duties)),
            posts=held[key],
            leaves=tuple(v for staff in mine for v in leaves.get(staff, ())),
            outings=tuple(v for staff in mine for v in outings.get(staff, ())),
            substitutes=tuple(substitutes.get(window, ())),
            closures=plans.closures_for(closed, hall=hall, window=window),
            registry=look.registry,
            requires_duty=bool(known and known.requires_duty),
            expected=session is not None and known is not None,
            published=calendar.is_published(day),
            found_empty=tuple(
                FoundEmpty(id=f"spot/{s.id}", at=s.seen_at, received=s.recorded_at)
                for s in spots
                if s.result == "empty" and session and s.seen_at >= session[0]
            ),
        )
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=hall, more_at=evidence.more_at(window, session, mine))
    return loaded


def _found_somebody(spots: Iterable[Row[Any]]) -> Iterator[Sign]:
    """Spot checks that found somebody, however few, as signs of presence."""
    for spot in spots:
        if spot.result in ("present", "short"):
            yield Sign(
                id=f"spot/{spot.id}", kind="spot", at=spot.seen_at, received=spot.recorded_at, source=spot.recorded_by
            )


class _Evidence:
    """Rows of every kind of evidence for some windows and a span, read once.

    Rows are read by their uncorrected time: a clock that is wrong by more than BESIDE proves nothing anyway.
    """

    def __init__(self, look: Look, windows: list[str], people: list[str], span: Span) -> None:
        self._look = look
        self._presence = _by(look, PRESENCE, windows, span)
        self._duty = _by(look, DUTY, windows, (span[0] - DAY, span[1]))
        given = _by(look, RATING, windows, span)
        self._rating = {window: [r for r in rows if r.origin in AT_THE_WINDOW] for window, rows in given.items()}
        self._case = _by(look, CASE, windows, span)
        self._checkin = _by(look, CHECKIN, people, span)
        rows = [row for mine in self._checkin.values() for row in mine]
        self._said = reviews.said_of(look.conn, rows, look.now)
        if self._said.by:  # who did not check in here was not here
            self._checkin = {
                staff: [r for r in mine if self._said.of(r) != "is_not"] for staff, mine in self._checkin.items()
            }

    @property
    def sources(self) -> set[str]:
        """Who told of it."""
        tables = (self._presence, self._duty, self._rating, self._case, self._checkin)
        return {row.source for table in tables for rows in table.values() for row in rows}

    def presences(self, window: str, session: Span) -> list[Presence]:
        return [
            Presence(
                id=f"{r.source}/{r.event_id}",
                at=at,
                received=r.received,
                source=r.source,
                people=r.people,
                view=r.view,
                confidence=r.confidence,
                trusted=trusted,
            )
            for r, at, trusted in self._known(_within(self._presence, window, session))
        ]

    def duties(self, window: str, day: date, calendar: WorkCalendar) -> list[Duty]:
        """Sign-ons of the local day only: yesterday's does not last into today."""
        return [
            Duty(
                id=f"{r.source}/{r.event_id}",
                at=at,
                received=r.received,
                source=r.source,
                staff=r.staff,
                action=r.action,
                trusted=trusted,
            )
            for r, at, trusted in self._known(_within(self._duty, window, utc_span(day, day), DAY))
            if calendar.local_date(at) == day
        ]

    def signs(self, window: str, session: Span, people: Sequence[str]) -> list[Sign]:
        found = [("rating", self._rating, window), ("case", self._case, window)]
        found += [("checkin", self._checkin, staff) for staff in people]
        return [
            Sign(id=f"{r.source}/{r.event_id}", kind=kind, at=at, received=r.received, source=r.source, staff=r.staff)
            for kind, rows, owner in found
            for r, at, _ in self._known(_within(rows, owner, session))
        ]

    def more_at(self, window: str, session: Span | None, people: Sequence[str]) -> datetime | None:
        if session is None:
            return None
        tables = [(rows, window) for rows in (self._presence, self._rating, self._case)]
        tables += [(self._checkin, staff) for staff in people]
        rows = [r for table, owner in tables for r in _within(table, owner, session)]
        rows += _within(self._duty, window, session, 2 * DAY)
        times = (next_receipt(rows, self._look.now), self._said_at(session, people))
        return min((at for at in times if at is not None), default=None)

    def _said_at(self, session: Span, people: Sequence[str]) -> datetime | None:
        return self._said.next_at(r for staff in people for r in _within(self._checkin, staff, session))

    def _known(self, rows: Sequence[Row[Any]]) -> list[tuple[Row[Any], datetime, bool]]:
        """The rows that count now, with corrected time and trust."""
        return [(r, *self._look.sources.correct(r.source, r.boot, r.at)) for r in rows if self._look.counts(r)]


def _within(rows: Rows, owner: str, span: Span, beside: timedelta = BESIDE) -> list[Row[Any]]:
    """The owner's rows of the span and a while before and after; they lie in the order of their time."""
    start, end = span
    mine = rows.get(owner, [])
    return mine[bisect_left(mine, start - beside, key=_AT) : bisect_right(mine, end + beside, key=_AT)]


_AT: Final = attrgetter("at")


def _around(sessions: Iterable[Span | None]) -> Span | None:
    """The span that holds every session, with BESIDE on both sides."""
    known = [s for s in sessions if s is not None]
    return (min(a for a, _ in known) - BESIDE, max(b for _, b in known) + BESIDE) if known else None


def _by(look: Look, table: Table, owners: list[str], span: Span) -> Rows:
    column = "staff" if table is CHECKIN else "window"
    start, end = span
    if not owners:
        return {}
    found: Rows = {}
    for row in _OWNED[table.name].run(look.conn, owners, start=start, end=end):
        found.setdefault(getattr(row, column), []).append(row)
    return found


def _session(calendar: WorkCalendar, day: date, begins: str) -> Span | None:
    """The session of the day that starts at HHMM local time; None when the plan no longer has it."""
    for start, end in calendar.sessions(day):
        if start.astimezone(calendar.zone).strftime("%H%M") == begins:
            return start, end
    return None
