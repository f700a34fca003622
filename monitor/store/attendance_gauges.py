"""What a scrape reads of today's attendance by hall: slots by verdict, corrections (补签) that wait, leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, func, or_, select, union

from monitor.model import Outcome
from monitor.store.quick import Keys, QuickSelect
from monitor.store.schema import CorrectionRow, HallRow, LeaveRow, LieuRow, StaffRow, Subject, UnitRow
from monitor.store.sql import table_of

HALL: Final = table_of(HallRow)
UNIT: Final = table_of(UnitRow)
STAFF: Final = table_of(StaffRow)
SUBJECT: Final = table_of(Subject)
CORRECTION: Final = table_of(CorrectionRow)
LEAVE: Final = table_of(LeaveRow)
LIEU: Final = table_of(LieuRow)


@dataclass(frozen=True, kw_only=True, slots=True)
class AttendanceGauges:
    """By hall; a hall without any still has its 0, so that its series never vanish."""

    slots: Mapping[tuple[str, str], int]
    """(hall, verdict as `subjects list` has it): today's slots of the hall's people."""
    corrections_pending: Mapping[str, int]
    leave_today: Mapping[str, int]
    """People with approved leave, or a day in lieu, at some time today."""


def read_attendance(conn: Connection, now: datetime) -> AttendanceGauges:
    """Today is the local date of each hall's zone."""
    zones: dict[str, list[str]] = {}
    for row in _ZONES.run(conn):
        zones.setdefault(row.zone, []).append(row.id)
    halls = [hall for of_zone in zones.values() for hall in of_zone]
    slots = {(hall, outcome.value): 0 for hall in halls for outcome in Outcome}
    away = dict.fromkeys(halls, 0)
    for zone, mine in zones.items():
        today = now.astimezone(ZoneInfo(zone)).date()
        slots |= _slots(conn, mine, today.isoformat())
        midnight = datetime.combine(today, time(), ZoneInfo(zone))
        absent = _ABSENT.run(conn, mine, now=now, start=midnight, end=midnight + timedelta(days=1))
        away |= {r.hall: int(r.n) for r in absent}
    pending = dict.fromkeys(halls, 0) | {r.hall: int(r.n) for r in _PENDING.run(conn, now=now)}
    return AttendanceGauges(slots=slots, corrections_pending=pending, leave_today=away)


def _slots(conn: Connection, halls: Sequence[str], day: str) -> dict[tuple[str, str], int]:
    """One look at the index for each person of the halls, however many days are stored."""
    found = _OF_DAY.run(conn, halls, day=f"/{day}/", after=f"/{day}0")  # the character after the slash
    return {(r.hall, r.verdict): int(r.n) for r in found}


def _of_day() -> ColumnElement[bool]:
    return and_(
        SUBJECT.c.kind == "slot",
        SUBJECT.c.key >= STAFF.c.id + bindparam("day", type_=STAFF.c.id.type),
        SUBJECT.c.key < STAFF.c.id + bindparam("after", type_=STAFF.c.id.type),
    )


_OF_DAY: Final = QuickSelect(
    lambda among: (
        select(UNIT.c.hall, SUBJECT.c.verdict, func.count().label("n"))
        .select_from(UNIT.join(STAFF, STAFF.c.unit == UNIT.c.id).join(SUBJECT, _of_day()))
        .where(among(UNIT.c.hall))
        .group_by(UNIT.c.hall, SUBJECT.c.verdict)
    )
)
_NOW: Final = bindparam("now", type_=CORRECTION.c.approved_at.type)
_PENDING: Final = QuickSelect(
    lambda _: (
        select(UNIT.c.hall, func.count().label("n"))
        .select_from(CORRECTION.join(STAFF, STAFF.c.id == CORRECTION.c.staff).join(UNIT, UNIT.c.id == STAFF.c.unit))
        .where(
            or_(CORRECTION.c.approved_at.is_(None), CORRECTION.c.approved_at > _NOW, CORRECTION.c.approver.is_(None))
        )
        .group_by(UNIT.c.hall)
    )
)


def _away(table: Table) -> ColumnElement[bool]:
    start, end = (bindparam(name, type_=table.c.starts.type) for name in ("start", "end"))
    approved = and_(table.c.approver.is_not(None), table.c.approved_at <= _NOW)
    return and_(approved, table.c.starts < end, table.c.ends > start, table.c.starts < table.c.ends)


def _absent(among: Keys) -> Select[Any]:
    out = union(*(select(table.c.staff).where(_away(table)) for table in (LEAVE, LIEU))).subquery()
    return (
        select(UNIT.c.hall, func.count().label("n"))
        .select_from(out.join(STAFF, STAFF.c.id == out.c.staff).join(UNIT, UNIT.c.id == STAFF.c.unit))
        .where(among(UNIT.c.hall))
        .group_by(UNIT.c.hall)
    )


_ABSENT: Final = QuickSelect(_absent)
_ZONES: Final = QuickSelect(lambda _: select(HALL.c.id, HALL.c.zone))
