"""Attendance as JSON: ids, no names (DESIGN §1F); instants with the hall's offset."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.attendance.proof import is_approved
from monitor.exports.attendance.symbols import Totals
from monitor.exports.attendance.tables import TOTAL_COLUMNS, Row
from monitor.exports.attendance_rows import Line
from monitor.exports.attendance_seen.day import PersonDay
from monitor.exports.attendance_seen.grid import Grid, marks, sums
from monitor.exports.attendance_seen.person import PersonMonth
from monitor.exports.attendance_seen.slots import DaySlot
from monitor.supervision.attendancereach import Someone
from monitor.supervision.views import stamp
from monitor.wording.words import LEAVES

_FIRST: Final = (
    "due", "present", "late", "late_minutes", "early", "early_minutes", "missed", "off_post", "confirmed", "absent",
)  # fmt: skip
_LAST: Final = ("outings", "overtime_minutes", "unknown", "review", "unproven")
assert len(TOTAL_COLUMNS) == len(_FIRST) + len(LEAVES) + len(_LAST)


def slot_json(slot: DaySlot, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "slot": slot.name, "date": slot.day.isoformat(), "kind": slot.kind, "outcome": slot.outcome.value,
        "due": stamp(slot.due, zone), "at": stamp(slot.at, zone), "minutes": slot.minutes, "by": slot.by or None,
        "leave": slot.leave or None, "cards": list(slot.cards),
        "to_correct": [{"why": m.why, "of": m.of or None, "until": stamp(m.until, zone)} for m in slot.mends],
        "came": [
            {"at": stamp(c.at, zone), "source": c.source, "method": c.method, "trusted": c.trusted,
             "doubted": c.doubted, "correction": c.form or None}
            for c in slot.came
        ],
        "known_to": stamp(slot.known_to, zone),
    }  # fmt: skip


def person_day_json(one: PersonDay, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "staff": one.who.id, "unit": one.who.unit, "posts": posts_json(one.who),
        "slots": [slot_json(slot, zone) for slot in one.slots],
        "left_posts": [left_json(line, zone) for line in one.left],
    }  # fmt: skip


def posts_json(one: Someone) -> list[dict[str, str]]:
    return [{"window": window, "rank": rank} for window, rank in one.posts]


def left_json(line: Line, zone: ZoneInfo) -> dict[str, Any]:
    return {"post": line.name.removeprefix("post:"), "at": stamp(line.at, zone), "cards": list(line.cards)}


def closed_json(grid: Grid, zone: ZoneInfo) -> dict[str, Any] | None:
    """The signed version; who signed it by id."""
    closed = grid.closed
    if closed is None:
        return None
    return {
        "version": closed.version, "by": closed.user, "at": stamp(closed.at, zone), "digest": closed.digest,
        "corrections": closed.corrections, "sheet_gone": closed.gone,
    }  # fmt: skip


def month_person_json(row: Row, grid: Grid, length: int) -> dict[str, Any]:
    staff = str(row[0])
    return {
        "staff": staff,
        "marks": ["".join(mark or "-" for mark in halves) for halves in marks(row)[:length]],
        "totals": row_totals(row, kinds=staff in grid.kinds),
        "changed": [column for who, column in sorted(grid.changed) if who == staff],
        "later": [{"column": column, "now": now} for (who, column), now in grid.later.items() if who == staff],
    }  # fmt: skip


def row_totals(row: Row, *, kinds: bool) -> dict[str, Any]:
    """The sheet's totals by name."""
    values = sums(row)
    first, last = values[: len(_FIRST)], values[-len(_LAST) :]
    leave = dict(zip(LEAVES, values[len(_FIRST) : -len(_LAST)], strict=True))
    return {
        **dict(zip(_FIRST, first, strict=True)), **dict(zip(_LAST, last, strict=True)),
        "on_leave": sum(leave.values()), "leave": {k: n for k, n in leave.items() if n} if kinds else None,
    }  # fmt: skip


def person_month_json(found: PersonMonth, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "staff": found.who.id, "hall": found.who.hall, "unit": found.who.unit, "posts": posts_json(found.who),
        "month": f"{found.first:%Y-%m}",
        "days": [
            {
                "date": day.day.isoformat(), "why": day.why, "marks": "".join(half.symbol.value for half in day.halves),
                "slots": [slot_json(slot, zone) for slot in day.slots],
                "left_posts": [left_json(line, zone) for line in day.left],
            }
            for day in found.days
            if day.day <= found.today
        ],
        "totals": _totals(found.totals, found),
        "leaves": [
            {"id": row.id or None, "kind": row.kind or None, "start": stamp(row.start, zone),
             "end": stamp(row.end, zone), "approved": is_approved(row, found.now)}
            for row in found.leaves
        ],
        "outings": [
            {"id": row.id, "start": stamp(row.start, zone), "end": stamp(row.end, zone)} for row in found.outings
        ],
        "corrections": [
            {"id": row.id, "date": row.day.isoformat(), "slot": row.slot, "at": stamp(row.at, zone),
             "approved": row.is_approved}
            for row in found.corrections
        ],
        "cards": [row.number for row in found.cards],
    }  # fmt: skip


def _totals(totals: Totals, found: PersonMonth) -> dict[str, Any]:
    return {
        **{name: getattr(totals, name) for name in (*_FIRST, "unknown", "review", "unproven")},
        "outings": found.slips, "overtime_minutes": found.overtime_minutes, "on_leave": sum(totals.leave.values()),
        "leave": {kind: n for kind, n in totals.leave.items() if n} if found.kinds else None,
    }  # fmt: skip
