"""What a scrape reads off the store (DESIGN §7): how many cards, cases, posts, devices, messages stand where.

Historic subjects and cards (an imported past) are left out: nobody is asked to act on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, exists, func, or_, select

from monitor.store import spotchecks
from monitor.store.attendance_gauges import AttendanceGauges, read_attendance
from monitor.store.quick import QuickSelect
from monitor.store.schema import (
    Card,
    CardEvent,
    DeviceRow,
    DeviceStatus,
    HallRow,
    Quarantine,
    RatingRow,
    Subject,
    WindowRow,
)
from monitor.store.schema_alerts import Address, Delivery
from monitor.store.sql import table_of

SUBJECT: Final = table_of(Subject)
CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)
DEVICE: Final = table_of(DeviceRow)
STATUS: Final = table_of(DeviceStatus)
HALL: Final = table_of(HallRow)
WINDOW: Final = table_of(WindowRow)
RATING: Final = table_of(RatingRow)
HELD: Final = table_of(Quarantine)
DELIVERY: Final = table_of(Delivery)
ADDRESS: Final = table_of(Address)

WORKED: Final = ("open", "acknowledged", "answered")
"""States of a card that somebody still has to end."""
OVERDUE_RULES: Final = ("case.limit", "case.immediate")
RUNNING: Final = ("pending", "reminder", "unknown")
"""Verdicts of a case that is not over; yellow and red outlive the case, so there the card's clearing tells.

A case without any limit shows `ok` from the start and is not counted.
"""
WATCHED: Final = ("case", "task", "slot", "post")
"""Kinds whose verdict rests on a watermark and so can be unknown; shown with 0 when none is."""
SATISFACTION_SPAN: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """One look at the store. Keys are hall ids ("" where none is known) unless said otherwise."""

    quarantined: int
    cards_open: Mapping[tuple[str, str, str], int]
    """(rule, level, hall)"""
    cases_open: Mapping[str, int]
    cases_overdue: Mapping[str, int]
    posts_absent: Mapping[str, int]
    spot_checks_open: Mapping[str, int]
    """Spot checks that were ordered and have no result yet."""
    subjects_unknown: Mapping[str, int]
    """By subject kind."""
    devices_offline: Mapping[tuple[str, str], int]
    """(hall, device kind); every pair that has a device, 0 included."""
    due_backlog: int
    oldest_pending_seconds: float
    satisfaction: Mapping[str, float]
    """Share of ratings that are not bad (满意率); a hall without a rating in the span has none."""
    attendance: AttendanceGauges


def read_gauges(
    conn: Connection,
    *,
    now: datetime,
    real_now: datetime,
    bad_at_most: int = 2,
    satisfaction: Mapping[str, float] | None = None,
) -> Gauges:
    """Read all gauges. `now` is the program's clock; `real_now` the wall's, by which messages are sent (DESIGN §6).

    `bad_at_most`: a score of at most this is a bad rating (policy key `rating.bad_at_most`). `satisfaction`: what was
    read of that lately, for it goes through the ratings of thirty days; None: it is read too.
    """
    halls = [row.id for row in _HALLS.run(conn)]
    overdue = _by_hall(_OVERDUE.run(conn))
    return Gauges(
        quarantined=int(_HELD.run(conn)[0].n),
        cards_open={(r.rule, r.level, r.hall): int(r.n) for r in _WORKED.run(conn)},
        cases_open=_with_zeros(halls, _cases_running(conn, halls), overdue),
        cases_overdue=_with_zeros(halls, overdue),
        posts_absent=_with_zeros(halls, _by_hall(_ABSENT.run(conn))),
        spot_checks_open=_with_zeros(halls, spotchecks.open_by_hall(conn)),
        subjects_unknown=_subjects_unknown(conn, halls),
        devices_offline={(r.hall, r.kind): int(r.n) for r in _OFFLINE.run(conn)},
        due_backlog=int(_DUE.run(conn, now=now)[0].n),
        oldest_pending_seconds=_oldest_pending(conn, now, real_now),
        satisfaction=_satisfaction(conn, now - SATISFACTION_SPAN, bad_at_most)
        if satisfaction is None
        else satisfaction,
        attendance=read_attendance(conn, now),
    )


_HALLS: Final = QuickSelect(lambda _: select(HALL.c.id))
_HELD: Final = QuickSelect(lambda _: select(func.count().label("n")).select_from(HELD).where(HELD.c.state == "open"))
_DUE: Final = QuickSelect(
    lambda _: (
        select(func.count().label("n"))
        .select_from(SUBJECT)
        .where(SUBJECT.c.next_check_at <= bindparam("now", type_=SUBJECT.c.next_check_at.type))
    )
)


def _by_hall(rows: Iterable[Any]) -> dict[str, int]:
    """Rows (hall or None, n) summed by hall."""
    counted: dict[str, int] = {}
    for hall, n in rows:
        counted[hall or ""] = counted.get(hall or "", 0) + int(n)
    return counted


def _with_zeros(halls: Iterable[str], *counts: Mapping[str, int]) -> dict[str, int]:
    """The sum of the counts, with a 0 for every other hall, so that a hall's series never vanishes."""
    summed = dict.fromkeys(halls, 0)
    for count in counts:
        for hall, n in count.items():
            summed[hall] = summed.get(hall, 0) + n
    return summed


_WORKED: Final = QuickSelect(
    lambda _: (
        select(CARD.c.rule, CARD.c.level, func.coalesce(CARD.c.hall, "").label("hall"), func.count().label("n"))
        .where(CARD.c.state.in_(WORKED), CARD.c.historic.is_(False))
        .group_by(CARD.c.rule, CARD.c.level, CARD.c.hall)
    )
)


def _subjects(kinds: Sequence[str], verdicts: Sequence[str]) -> tuple[QuickSelect, QuickSelect]:
    """How many subjects of a hall and kind show one of the verdicts: of the halls given, and of none.

    Halls and kinds are named one by one, so that the index finds the few among all that were ever judged.
    """

    def counted(of_hall: ColumnElement[bool]) -> Select[Any]:
        return (
            select(SUBJECT.c.hall, SUBJECT.c.kind, func.count().label("n"))
            .where(of_hall, SUBJECT.c.kind.in_(kinds), SUBJECT.c.verdict.in_(verdicts), SUBJECT.c.historic.is_(False))
            .group_by(SUBJECT.c.hall, SUBJECT.c.kind)
        )

    return (
        QuickSelect(lambda among: counted(among(SUBJECT.c.hall))),
        QuickSelect(lambda _: counted(SUBJECT.c.hall.is_(None))),
    )


_RUNNING: Final = _subjects(("case",), RUNNING)
_UNKNOWN: Final = _subjects(WATCHED, ("unknown",))


def _cases_running(conn: Connection, halls: Sequence[str]) -> dict[str, int]:
    """Cases that are not over and not overdue, by hall."""
    some, nowhere = _RUNNING
    return {r.hall or "": int(r.n) for r in (*some.run(conn, halls), *nowhere.run(conn))}


def _subjects_unknown(conn: Connection, halls: Sequence[str]) -> dict[str, int]:
    """By kind, over all halls."""
    counted = dict.fromkeys(WATCHED, 0)
    some, nowhere = _UNKNOWN
    for row in (*some.run(conn, halls), *nowhere.run(conn)):
        counted[row.kind] += int(row.n)
    return counted


def _uncleared(kind: str, rules: tuple[str, ...]) -> QuickSelect:
    """Subjects with a yellow or red card of the rules whose condition still lasts, by hall.

    The card's state does not count: closing the card of an open case does not complete the case.
    """
    return QuickSelect(
        lambda _: (
            select(CARD.c.hall, func.count(CARD.c.subject.distinct()).label("n"))
            .where(
                CARD.c.kind == kind,
                CARD.c.rule.in_(rules),
                CARD.c.level.in_(("yellow", "red")),
                CARD.c.cleared_at.is_(None),
                CARD.c.state != "withdrawn",
                CARD.c.historic.is_(False),
            )
            .group_by(CARD.c.hall)
        )
    )


_OVERDUE: Final = _uncleared("case", OVERDUE_RULES)
_ABSENT: Final = _uncleared("post", ("post.empty",))


def _devices_offline() -> Select[Any]:
    """By hall and kind. A device is offline when its last will says so, or while its `device.silent` card lasts."""
    silent = (
        select(CARD.c.number)
        .where(
            CARD.c.kind == "device",
            CARD.c.key == DEVICE.c.id,
            CARD.c.rule == "device.silent",
            CARD.c.cleared_at.is_(None),
            CARD.c.state != "withdrawn",
        )
        .exists()
    )
    offline = case((or_(STATUS.c.state == "offline", silent), 1), else_=0)
    return (
        select(DEVICE.c.hall, DEVICE.c.kind, func.sum(offline).label("n"))
        .select_from(DEVICE.outerjoin(STATUS, STATUS.c.device == DEVICE.c.id))
        .where(DEVICE.c.revoked_at.is_(None))
        .group_by(DEVICE.c.hall, DEVICE.c.kind)
    )


_OFFLINE: Final = QuickSelect(lambda _: _devices_offline())
_UNPLANNED: Final = QuickSelect(
    lambda _: select(func.min(NOTICE.c.at).label("at")).where(NOTICE.c.planned_at.is_(None))
)
_UNSENT: Final = QuickSelect(lambda _: _unsent())


def _unsent() -> Select[Any]:
    """Address by address, as the index begins: of all that were ever sent only what waits is read."""
    oldest = (
        select(func.min(DELIVERY.c.flush))
        .where(
            DELIVERY.c.address == ADDRESS.c.id,
            DELIVERY.c.state.in_(("open", "sealed")),
            DELIVERY.c.flush <= bindparam("real_now", type_=DELIVERY.c.flush.type),
        )
        .scalar_subquery()
    )
    each = select(oldest.label("at")).select_from(ADDRESS).subquery()
    return select(func.min(each.c.at).label("at"))


def _oldest_pending(conn: Connection, now: datetime, real_now: datetime) -> float:
    """Age in seconds of the oldest message that should have gone out: a notice not planned, a delivery not ended.

    A delivery that still collects its group (`flush` ahead) waits on purpose and does not count.
    """
    notice, flush = _UNPLANNED.run(conn)[0].at, _UNSENT.run(conn, real_now=real_now)[0].at
    ages = [0.0]
    if notice is not None:
        ages.append((now - notice).total_seconds())
    if flush is not None:
        ages.append((real_now - flush).total_seconds())
    return max(ages)


def _satisfaction(conn: Connection, since: datetime, bad_at_most: int) -> dict[str, float]:
    """By the window's hall; a rating of no known window counts for its device's hall. One that was found misjudged or
    malicious does not count (差评核实).
    """
    good = func.sum(case((RATING.c.score > bad_at_most, 1), else_=0))
    key = RATING.c.source + "/" + RATING.c.event_id
    aside = CARD.c.followup.in_(("misjudged", "malicious"))
    counts = ~exists().where(CARD.c.kind == "rating", CARD.c.key == key, aside)
    at_window = (
        select(WINDOW.c.hall, good, func.count())
        .select_from(WINDOW.join(RATING, RATING.c.window == WINDOW.c.id))
        .where(RATING.c.at >= since, counts)
        .group_by(WINDOW.c.hall)
    )
    elsewhere = (
        select(DEVICE.c.hall, good, func.count())
        .select_from(DEVICE.join(RATING, RATING.c.source == DEVICE.c.id))
        .where(RATING.c.at >= since, RATING.c.window.is_(None), counts)
        .group_by(DEVICE.c.hall)
    )
    sums: dict[str, tuple[int, int]] = {}
    for hall, liked, n in (*conn.execute(at_window), *conn.execute(elsewhere)):
        before = sums.get(hall, (0, 0))
        sums[hall] = (before[0] + int(liked), before[1] + int(n))
    return {hall: liked / n for hall, (liked, n) in sums.items()}
