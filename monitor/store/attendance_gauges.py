"""What a scrape reads of today's attendance by hall: slots by verdict, corrections (补签) that wait, leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, union

from monitor.model import Outcome
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
    for row in conn.execute(select(HALL.c.id, HALL.c.zone)):
        zones.setdefault(row.zone, []).append(row.id)
    halls = [hall for of_zone in zones.values() for hall in of_zone]
    slots = {(hall, outcome.value): 0 for hall in halls for outcome in Outcome}
    away = dict.fromkeys(halls, 0)
    for zone, mine in zones.items():
        today = now.astimezone(ZoneInfo(zone)).date()
        slots |= _slots(conn, mine, today.isoformat())
        midnight = datetime.combine(today, time(), ZoneInfo(zone))
        away |= _away(conn, mine, now, midnight, midnight + timedelta(days=1))
    pending = dict.fromkeys(halls, 0) | _corrections(conn, now)
    return AttendanceGauges(slots=slots, corrections_pending=pending, leave_today=away)


def _slots(conn: Connection, halls: Sequence[str], day: str) -> dict[tuple[str, str], int]:
    """One look at the index for each person of the halls, however many days are stored."""
    of_day = and_(
        SUBJECT.c.kind == "slot",
        SUBJECT.c.key >= STAFF.c.id + f"/{day}/",
        SUBJECT.c.key < STAFF.c.id + f"/{day}0",  # the character after the slash
    )
    query = (
        select(UNIT.c.hall, SUBJECT.c.verdict, func.count())
        .select_from(UNIT.join(STAFF, STAFF.c.unit == UNIT.c.id).join(SUBJECT, of_day))
        .where(UNIT.c.hall.in_(halls))
        .group_by(UNIT.c.hall, SUBJECT.c.verdict)
    )
    return {(hall, verdict): int(n) for hall, verdict, n in conn.execute(query)}


def _corrections(conn: Connection, now: datetime) -> dict[str, int]:
    waits = or_(CORRECTION.c.approved_at.is_(None), CORRECTION.c.approved_at > now, CORRECTION.c.approver.is_(None))
    query = (
        select(UNIT.c.hall, func.count())
        .select_from(CORRECTION.join(STAFF, STAFF.c.id == CORRECTION.c.staff).join(UNIT, UNIT.c.id == STAFF.c.unit))
        .where(waits)
        .group_by(UNIT.c.hall)
    )
    return {hall: int(n) for hall, n in conn.execute(query)}


def _away(conn: Connection, halls: Sequence[str], now: datetime, start: datetime, end: datetime) -> dict[str, int]:
    def of(table: Table) -> ColumnElement[bool]:
        approved = and_(table.c.approver.is_not(None), table.c.approved_at <= now)
        return and_(approved, table.c.starts < end, table.c.ends > start, table.c.starts < table.c.ends)

    out = union(*(select(table.c.staff).where(of(table)) for table in (LEAVE, LIEU))).subquery()
    query = (
        select(UNIT.c.hall, func.count())
        .select_from(out.join(STAFF, STAFF.c.id == out.c.staff).join(UNIT, UNIT.c.id == STAFF.c.unit))
        .where(UNIT.c.hall.in_(halls))
        .group_by(UNIT.c.hall)
    )
    return {hall: int(n) for hall, n in conn.execute(query)}
