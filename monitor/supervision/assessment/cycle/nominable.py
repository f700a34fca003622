"""Whom an awarded window may nominate (先进推荐, G08), who may not be named and why. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from monitor.access import Principal, covers, refusal
from monitor.assessment.scores import kind_of
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.ledgers import points
from monitor.supervision.assessment.cycle.awards import barred, by_place
from monitor.supervision.assessment.cycle.ground import READ, SELF, require_period, staff_place, window_place
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Somebody of the window's unit. `points`, `grade`: what the period came to, None where it has no result of theirs.
    `here`: whether they stood at the window as it ended. `barred`: effects (`EFFECT row`) that take an award away;
    `taken`: already nominated, by this window or another.
    """

    staff: str
    points: Decimal | None
    grade: str
    here: bool
    barred: tuple[str, ...]
    taken: bool

    @property
    def may(self) -> bool:
        return not self.barred and not self.taken


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """A window that was awarded. `signed`: whom the closed period itself awards at it; `nominated`: its newest
    nomination that was not refused. `may`: whether who asks may nominate for it now.
    """

    hall: str
    period: str
    window: str
    points: Decimal
    place: int | None
    signed: tuple[str, ...]
    nominated: Row[Any] | None
    may: bool


def awarded_periods(look: Look, hall: str) -> list[Row[Any]]:
    """The closed quarters and years of a hall, the newest closing first."""
    query = cycle.closed_periods(look.conn, hall)
    return [row for row in query if kind_of(row.period) in ("quarter", "year")]


def seats(look: Look, who: Principal, hall: str, period: str) -> list[Seat]:
    """The awarded windows of a closed period that lie within reach, by place. Raises Refused for a role that reads
    nothing and for what is no period.
    """
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    require_period(period, "month", "quarter", "half", "year")
    won = cycle.results(look.conn, hall, period, cycle.RESULT.c.awarded)
    table = cycle.NOMINATION
    rows = cycle.listed(look.conn, table, [table.c.hall == hall, table.c.period == period], None, MOST)
    named = {row.window: row for row in reversed(rows) if row.state != "refused"}
    placed = by_place(look, hall, period)
    found = [_seat(look, who, row, won, named, placed) for row in won if row.ledger == "window"]
    return sorted((s for s in found if s is not None), key=lambda s: (s.place is None, s.place, s.window))


MOST = 1_000
"""Nominations of one period: one for each awarded window, of which a hall has a hundred at most."""


def _seat(
    look: Look, who: Principal, row: Row[Any], won: Any, named: Mapping[str, Row[Any]], placed: bool
) -> Seat | None:
    """`placed`: the book awards people by their own place, so that no window names one (H06)."""
    place = window_place(look, row.whom)
    if not covers(who, place):
        return None
    signed = tuple(one.whom for one in won if one.ledger == "staff" and one.window == row.whom)
    mine = named.get(row.whom)
    open_ = not placed and not signed and (mine is None or mine.state == "nominated")
    return Seat(
        hall=row.hall, period=row.period, window=row.whom, points=points(row.points_cents), place=row.rank,
        signed=signed, nominated=mine, may=open_ and refusal(who, SELF, place) is None,
    )  # fmt: skip


def candidates(look: Look, hall: str, period: str, window: str) -> list[Candidate]:
    """Everybody of the window's unit: those who stood at it first, by their points."""
    unit = window_place(look, window).unit
    results = {row.whom: row for row in cycle.results(look.conn, hall, period, cycle.RESULT.c.ledger == "staff")}
    table = cycle.NOMINATION
    rows = cycle.listed(look.conn, table, [table.c.hall == hall, table.c.period == period], None, MOST)
    taken = {row.whom for row in rows}
    ids = [one for one in look.registry.staff if unit is not None and staff_place(look, one).unit == unit]
    found = list(_candidates(ids, window, results, taken))
    return sorted(found, key=lambda c: (not c.here, -(c.points if c.points is not None else Decimal(-1)), c.staff))


def _candidates(ids: list[str], window: str, results: Mapping[str, Row[Any]], taken: set[str]) -> Iterator[Candidate]:
    for one in ids:
        row = results.get(one)
        yield Candidate(
            staff=one, points=points(row.points_cents) if row is not None else None,
            grade=row.grade if row is not None else "", here=row is not None and row.window == window,
            barred=tuple(barred(row.effects)) if row is not None else (), taken=one in taken,
        )  # fmt: skip
