"""Ratings within somebody's reach: at a glance, one by one, cases without any (好差评; D01, D02, D05).

A rating lies where its window is; one of no window where its person's unit, else its device, is: as cards are charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row, and_, exists, false, or_, select, true

from monitor.access import ROLES, Principal
from monitor.evaluators.satisfaction import Scores, summed
from monitor.model import Registry
from monitor.store import ratings as stored
from monitor.store.gauges import DEVICE, RATING
from monitor.store.ratings import STAT, Condition
from monitor.supervision.reach import windows_within, within

By: TypeAlias = Literal["window", "item", "staff"]
ORIGINS: Final = ("device", "screen", "web", "paper")


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingFilter:
    """What is asked for, of [start, end); None: any. `who` sees what lies within their reach."""

    who: Principal
    start: datetime
    end: datetime
    hall: str | None = None
    window: str | None = None
    staff: str | None = None
    item: str | None = None
    score: int | None = None
    origin: str | None = None
    bad: bool = False
    commented: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Of one window, item or person (None: of none): its ratings, its completed cases, those of them rated."""

    id: str | None
    scores: Scores
    completed: int = 0
    rated: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    scores: Scores
    completed: int
    rated: int
    """Of the completed cases."""
    trend: tuple[Scores, ...]
    """Between one edge and the next."""
    parts: tuple[Part, ...] = field(default=())


def summary(
    conn: Connection, registry: Registry, chosen: RatingFilter, *, edges: Sequence[datetime], by: By | None,
    bad_at_most: int,
) -> Summary:  # fmt: skip
    """Everything at a glance; `edges` cut the span for the trend."""
    where, cases = conditions(conn, registry, chosen, bad_at_most), case_conditions(chosen)
    buckets = _buckets(conn, where, edges, bad_at_most)
    parts = _parts(conn, where, cases, by, bad_at_most) if by is not None else ()
    completed, rated = stored.cases(conn, cases).get(None, (0, 0)) if by is None else _both(parts)
    return Summary(
        scores=summed(buckets.values()),
        completed=completed,
        rated=rated,
        trend=tuple(buckets.get(n, Scores()) for n in range(len(edges) - 1)),
        parts=parts,
    )


def _buckets(
    conn: Connection, where: Sequence[Condition], edges: Sequence[datetime], bad_at_most: int
) -> dict[int, Scores]:
    if len(edges) == 2:
        return {0: summed(stored.tally(conn, where, bad_at_most).values())}
    return stored.tally(conn, where, bad_at_most, stored.bucket_of(edges))


def _both(parts: Sequence[Part]) -> tuple[int, int]:
    return sum(p.completed for p in parts), sum(p.rated for p in parts)


def _parts(
    conn: Connection, where: Sequence[Condition], cases: Sequence[Condition], by: By, bad_at_most: int
) -> tuple[Part, ...]:
    """By id, what has none last."""
    scores = stored.tally(conn, where, bad_at_most, by)
    counted = stored.cases(conn, cases, by)
    ids = sorted(scores.keys() | counted.keys(), key=lambda part: (part is None, part or ""))
    return tuple(
        Part(id=part, scores=scores.get(part, Scores()), completed=counted.get(part, (0, 0))[0],
             rated=counted.get(part, (0, 0))[1])
        for part in ids
    )  # fmt: skip


# --------------------------------------------------------------------------- which


def conditions(conn: Connection, registry: Registry, chosen: RatingFilter, bad_at_most: int) -> tuple[Condition, ...]:
    """Of ratings."""
    found = [stored.in_span(chosen.start, chosen.end), reached(conn, registry, chosen.who)]
    if chosen.hall is not None:
        found.append(in_halls(conn, registry, [chosen.hall]))
    for name in ("window", "staff", "score", "origin"):
        value = getattr(chosen, name)
        if value is not None:
            found.append(RATING.c[name] == value)
    if chosen.item is not None:
        rated = STAT.alias("rated")  # the statement itself may name the case, too
        found.append(exists().where(rated.c.case_key == RATING.c.case_key, rated.c.item == chosen.item))
    if chosen.bad:
        found.append(RATING.c.score <= bad_at_most)
    if chosen.commented:
        found.append(stored.with_comment())
    return tuple(found)


def case_conditions(chosen: RatingFilter) -> tuple[Condition, ...]:
    """Of the completed cases that belong to the same selection, as far as a case can be asked for it."""
    found = [stored.completed_in(chosen.start, chosen.end), within(chosen.who, STAT.c)]
    found += [
        STAT.c[name] == getattr(chosen, name)
        for name in ("hall", "window", "staff", "item")
        if getattr(chosen, name) is not None
    ]
    return tuple(found)


def reached(conn: Connection, registry: Registry, who: Principal) -> Condition:
    """Ratings within reach. One that names a window which is theirs is; of no window, by person or device."""
    role = ROLES.get(who.role)
    if role is None:
        return false()
    if role.reach == "all":
        return true()
    if role.reach == "hall":
        return in_halls(conn, registry, who.halls)
    if role.reach == "own":
        return RATING.c.staff == who.staff if who.staff else false()
    windows = RATING.c.window.in_(windows_within(registry, who))
    if role.reach != "unit":
        return windows
    people = [person.id for person in registry.staff.values() if person.unit in who.units]
    return or_(windows, and_(RATING.c.window.is_(None), RATING.c.staff.in_(people)))


def in_halls(conn: Connection, registry: Registry, halls: Any) -> Condition:
    """At their windows; of a window that is none of the registry's, or of none, from their devices, also of those that
    are out of service.
    """
    named = sorted(halls)
    known = {w.id: w.hall for w in registry.windows.values()}
    devices = conn.execute(select(DEVICE.c.id).where(DEVICE.c.hall.in_(named))).scalars().all()
    elsewhere = or_(RATING.c.window.is_(None), RATING.c.window.not_in(list(known)))
    mine = RATING.c.window.in_([window for window, hall in known.items() if hall in named])
    return or_(mine, and_(elsewhere, RATING.c.source.in_(devices)))


# --------------------------------------------------------------------------- one by one


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """One rating with its comment, as long as that is kept, and its card."""

    row: Row[Any]
    key: str
    hall: str | None
    comment: str | None
    card: Row[Any] | None

    @property
    def is_set_aside(self) -> bool:
        return self.card is not None and self.card.followup in stored.ASIDE


def list_ratings(
    conn: Connection, registry: Registry, chosen: RatingFilter, bad_at_most: int, after: tuple[datetime, int] | None,
    limit: int,
) -> list[Rated]:  # fmt: skip
    """The newest first, behind the one of (at, id)."""
    found = stored.rows(conn, conditions(conn, registry, chosen, bad_at_most), after, limit)
    keys = [f"{row.source}/{row.event_id}" for row in found]
    said, cards = stored.comments(conn, keys), stored.cards_of(conn, keys)
    return [
        Rated(
            row=row, key=key, comment=said.get(key), card=cards.get(key),
            hall=registry.charge(window=row.window, staff=row.staff, device=row.source).hall,
        )
        for row, key in zip(found, keys, strict=True)
    ]  # fmt: skip


def list_unrated(
    conn: Connection, chosen: RatingFilter, after: tuple[int, str] | None, limit: int
) -> Sequence[Row[Any]]:
    """Completed cases that nobody rated, the newest first, behind the one of (ended_us, case)."""
    return stored.unrated(conn, case_conditions(chosen), after, limit)
