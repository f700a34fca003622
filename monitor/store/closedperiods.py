"""Closed periods of assessment (考评结账), their kept snapshots, what each came to for whom. docs/adr/0049."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from monitor.assessment import kept
from monitor.assessment.model import Ledger
from monitor.assessment.results import Earlier
from monitor.assessment.scores import kind_of
from monitor.assessment.snapshot import Named
from monitor.store.schema_assessment import ClosedPeriodRow, KeptScoresRow, PeriodResultRow
from monitor.store.sql import chunks, table_of

CLOSED: Final = table_of(ClosedPeriodRow)
KEPT: Final = table_of(KeptScoresRow)
RESULT: Final = table_of(PeriodResultRow)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a closed period came to for one window or person. `place`: None where too little was known to give one;
    `window`: where the person stood; `effects`: `EFFECT row` of those that stood.
    """

    period: str
    ledger: Ledger
    whom: str
    points: Decimal
    grade: str
    place: int | None = None
    bottom: bool = False
    awarded: bool = False
    window: str | None = None
    effects: tuple[str, ...] = ()

    @property
    def earlier(self) -> Earlier:
        """As later periods read it."""
        return Earlier(
            period=self.period, ledger=self.ledger, whom=self.whom, grade=self.grade, place=self.place,
            bottom=self.bottom, awarded=self.awarded, effects=self.effects,
        )  # fmt: skip


def periods(conn: Connection, hall: str | None = None) -> list[Row[Any]]:
    """Closed periods by hall, year, kind and version, each with `kept`: whether its snapshot is still there."""
    is_kept = select(KEPT.c.id).where(
        KEPT.c.hall == CLOSED.c.hall, KEPT.c.period == CLOSED.c.period, KEPT.c.version == CLOSED.c.version
    )
    query = select(CLOSED, is_kept.exists().label("kept"))
    if hall is not None:
        query = query.where(CLOSED.c.hall == hall)
    return list(conn.execute(query.order_by(CLOSED.c.hall, CLOSED.c.period, CLOSED.c.version)))


def find(conn: Connection, hall: str, period: str) -> Row[Any] | None:
    """The closing of a period; None: it is open."""
    query = select(CLOSED).where(CLOSED.c.hall == hall, CLOSED.c.period == period)
    return conn.execute(query.order_by(CLOSED.c.version.desc())).first()


def closed_of(conn: Connection, hall: str, wanted: Collection[str]) -> frozenset[str]:
    """Those of the periods that are closed."""
    query = select(CLOSED.c.period).where(CLOSED.c.hall == hall, CLOSED.c.period.in_(sorted(wanted)))
    return frozenset(conn.execute(query).scalars())


def first_month(conn: Connection, hall: str) -> str | None:
    """The earliest month that was closed."""
    months = [p for p in conn.execute(select(CLOSED.c.period).where(CLOSED.c.hall == hall)).scalars() if _month(p)]
    return min(months, default=None)


def body(conn: Connection, hall: str, period: str, version: int) -> bytes | None:
    """The kept snapshot; None where its retention is over."""
    query = select(KEPT.c.body).where(KEPT.c.hall == hall, KEPT.c.period == period, KEPT.c.version == version)
    found: bytes | None = conn.execute(query).scalar()
    return found


def results_of(conn: Connection, hall: str, wanted: Collection[str]) -> list[Result]:
    """What these periods came to, those of them that are closed; by period, ledger and whom."""
    return _results(conn, hall, RESULT.c.period.in_(sorted(wanted)))


def results_since(conn: Connection, hall: str, year: str) -> list[Result]:
    """Of every period that was closed of the year `2024` and later."""
    return _results(conn, hall, RESULT.c.period >= year)


def _results(conn: Connection, hall: str, wanted: ColumnElement[bool]) -> list[Result]:
    query = select(RESULT).where(RESULT.c.hall == hall, wanted)
    rows = conn.execute(query.order_by(RESULT.c.period, RESULT.c.ledger, RESULT.c.whom))
    return [
        Result(
            period=row.period, ledger=cast("Ledger", row.ledger), whom=row.whom, points=_points(row.points_cents),
            grade=row.grade, place=row.rank, bottom=row.bottom, awarded=row.awarded, window=row.window,
            effects=tuple(row.effects),
        )
        for row in rows
    ]  # fmt: skip


def add(conn: Connection, values: Mapping[str, Any], packed: bytes, results: Iterable[Result]) -> None:
    """A closed period with its snapshot and results. IntegrityError where another was faster."""
    conn.execute(insert(CLOSED), [dict(values)])
    named = {name: values[name] for name in ("hall", "period", "version")}
    conn.execute(insert(KEPT), [{**named, "kept_at": values["closed_at"], "body": packed}])
    for batch in chunks(results):
        rows = [
            {
                "hall": values["hall"], "period": one.period, "ledger": one.ledger, "whom": one.whom,
                "points_cents": int(one.points * 100), "grade": one.grade, "rank": one.place, "bottom": one.bottom,
                "awarded": one.awarded, "window": one.window, "effects": list(one.effects),
            }
            for one in batch
        ]  # fmt: skip
        conn.execute(insert(RESULT), rows)


class Awarded(NamedTuple):
    """A window that a quarter made excellent, or (`ledger` staff) somebody who stood at it by that quarter's sheets."""

    period: str
    ledger: Ledger
    whom: str
    window: str
    at: datetime


def awards_between(conn: Connection, hall: str, start: datetime, end: datetime) -> list[Awarded]:
    """Of the quarters that were closed in [start, end) (优秀窗口, E23)."""
    window = RESULT.alias("of_window")
    query = (
        select(RESULT.c.period, RESULT.c.ledger, RESULT.c.whom, RESULT.c.window, CLOSED.c.closed_at)
        .join(CLOSED, and_(CLOSED.c.hall == RESULT.c.hall, CLOSED.c.period == RESULT.c.period, CLOSED.c.version == 1))
        .join(window, and_(
            window.c.hall == RESULT.c.hall, window.c.period == RESULT.c.period, window.c.ledger == "window",
            window.c.whom == RESULT.c.window, window.c.awarded))
        .where(RESULT.c.hall == hall, CLOSED.c.closed_at >= start, CLOSED.c.closed_at < end)
        .order_by(RESULT.c.period, RESULT.c.ledger, RESULT.c.whom)
    )  # fmt: skip
    return [Awarded(*row) for row in conn.execute(query) if kind_of(row.period) == "quarter"]


def erase_name(conn: Connection, kind: Named, person: str) -> int:
    """Take a person's name out of every kept snapshot; gives how many had it. The signatures stay valid."""
    done = 0
    for number in list(conn.execute(select(KEPT.c.id).order_by(KEPT.c.id)).scalars()):
        packed = conn.execute(select(KEPT.c.body).where(KEPT.c.id == number).with_for_update()).scalar()
        left = kept.without(packed, kind, person) if packed is not None else None
        if left is not None:
            conn.execute(update(KEPT).where(KEPT.c.id == number).values(body=left))
            done += 1
    return done


def _month(period: str) -> bool:
    return kind_of(period) == "month"


def _points(cents: int) -> Decimal:
    return (Decimal(cents) / 100).quantize(Decimal("0.01"))
