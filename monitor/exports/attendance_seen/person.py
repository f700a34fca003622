"""One person's month (个人月度): day by day what was judged and on what, their plans, cards, tallies and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row as DbRow

from monitor.access import Principal, refusal
from monitor.attendance.facts import Correction, Leave, Outing
from monitor.exports.attendance.month import read_month
from monitor.exports.attendance.symbols import HalfDay, Totals, total
from monitor.exports.attendance_rows import Line
from monitor.exports.attendance_seen.day import PersonDay, fill, names_of, told
from monitor.exports.attendance_seen.slots import DaySlot
from monitor.settings import Policy
from monitor.store import plans
from monitor.store.facts.look import Look, utc_span
from monitor.store.facts.slots import plan_of
from monitor.supervision.attendancereach import Someone, learns_kinds, person_within
from monitor.supervision.cardlist import CardFilter, rows_of
from monitor.supervision.planfindings import correction_findings
from monitor.supervision.tallyview import report_tally

CARDS: Final = 50
"""Cards of a month that are shown, the newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthDay:
    """A day: its slots, the sheet's half days, windows said to be left empty. `shift`: the preset that planned it;
    `why`: why it is worked or not, as `workcal` says it.
    """

    day: date
    why: str
    shift: str
    roles: tuple[str, ...]
    slots: tuple[DaySlot, ...]
    halves: tuple[HalfDay, ...]
    left: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonMonth:
    """`kinds`: whether the reader learns kinds of leave; `leaves` have none otherwise. `tally`: `report tallies` of the
    year; empty without points and cards. `slips`: outings that the sheet counts.
    """

    who: Someone
    name: str
    first: date
    last: date
    today: date
    now: datetime
    kinds: bool
    days: tuple[MonthDay, ...]
    totals: Totals
    overtime_minutes: int
    slips: int
    leaves: tuple[Leave, ...]
    outings: tuple[Outing, ...]
    corrections: tuple[Correction, ...]
    cards: Sequence[DbRow[Any]]
    tally: dict[str, Any]
    findings: tuple[dict[str, Any], ...]


def read_person(look: Look, policy: Policy, who: Principal, staff: str, first: date) -> PersonMonth | None:
    """The month that begins on `first`, as far as it has begun; None: there is no such person for `who`."""
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    one = person_within(look.registry, who, staff, first, last)
    if one is None:
        return None
    mine = PersonDay(who=one, name=names_of(look, [staff]).get(staff, ""), kinds=learns_kinds(who, one))
    facts = fill(look, policy.checkin, {staff: mine}, first, last)
    slots = [told(slot, facts[slot.key], policy.checkin, look, kinds=mine.kinds) for slot in mine.slots]
    month = read_month(look, policy.checkin, look.registry.halls[one.hall], first, [staff])
    cells = month.cells.get(staff, {})
    calendar = look.book.for_hall(look.registry, one.hall)
    start, end = utc_span(first, last)
    corrections = tuple(
        row for _, rows in sorted(plans.corrections(look.conn, [staff], first, last).items()) for row in rows
    )
    return PersonMonth(
        who=one, name=mine.name, first=first, last=last, today=calendar.local_date(look.now), now=look.now,
        kinds=mine.kinds,
        days=tuple(_day(look, day, month.why[day], mine, slots, cells) for day in month.days),
        totals=total(cells.values(), month.posts.get(staff, ())),
        slips=month.outings.get(staff, 0),
        overtime_minutes=sum(o.minutes for o in month.overtime.get(staff, ()) if o.standing.name == "PROVEN"),
        leaves=tuple(_leave(row, mine.kinds) for row in plans.leaves(look.conn, [staff], start, end).get(staff, ())
                     if _touches(row.start, row.end, first, last, calendar.zone)),
        outings=tuple(row for row in plans.outings(look.conn, [staff], start, end).get(staff, ())
                      if _touches(row.start, row.end, first, last, calendar.zone)),
        corrections=corrections, cards=_cards(look, who, one, start, end),
        tally=report_tally(look, policy.tally, f"{staff}/{first.year}"),
        findings=tuple(correction_findings(look, policy, corrections)) if mine.kinds else (),
    )  # fmt: skip


def _day(
    look: Look, day: date, why: str, mine: PersonDay, slots: Sequence[DaySlot], cells: dict[Any, HalfDay]
) -> MonthDay:
    plan = plan_of(look, mine.who.id, day)
    return MonthDay(
        day=day, why=why, shift=plan.preset, roles=plan.roles,
        slots=tuple(slot for slot in slots if slot.day == day),
        halves=tuple(cell for (of, _), cell in sorted(cells.items()) if of == day),
        left=tuple(line for line in mine.left if line.date == day),
    )  # fmt: skip


def _touches(start: datetime, end: datetime, first: date, last: date, zone: Any) -> bool:
    return start.astimezone(zone).date() <= last and end.astimezone(zone).date() >= first


def _leave(row: Leave, kinds: bool) -> Leave:
    return row if kinds else replace(row, id="", kind="", letter=None)


def _cards(look: Look, who: Principal, one: Someone, start: datetime, end: datetime) -> Sequence[DbRow[Any]]:
    """Cards that charge the person and were issued in the month, for whom may read cards."""
    if refusal(who, "cards:read") is not None:
        return ()
    chosen = CardFilter(staff=one.id, since=start, until=end, historic=False, who=who)
    return rows_of(look.conn, chosen, "newest", None, CARDS)
