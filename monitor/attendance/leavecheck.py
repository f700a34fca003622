"""What is to be looked at about leave and corrections (请假、补签): proposals to a person, never a card. Pure.

Rows of rules.md A.2: B04 and B07 (no form, or a late one), B06 (consent first); the ladder of approval from `[leave]`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from monitor.attendance.facts import Correction, Leave
from monitor.attendance.proof import is_approved
from monitor.attendance.rosterpolicy import LeavePolicy
from monitor.workcal import WorkCalendar

CalendarOf: TypeAlias = Callable[[str], WorkCalendar]
"""The calendar of a person's hall."""


def leave_days(leave: Leave, calendar: WorkCalendar) -> float:
    """How many working days leave takes: of each day the share of its sessions that it meets."""
    day, days = calendar.local_date(leave.start), 0.0
    while day <= calendar.local_date(leave.end - timedelta(microseconds=1)):
        sessions = calendar.sessions(day)
        met = [1 for start, end in sessions if start < leave.end and leave.start < end]
        days += len(met) / len(sessions) if sessions else 0
        day += timedelta(days=1)
    return round(days, 2)


def filed_late(leaves: Iterable[Leave], now: datetime) -> Iterator[Leave]:
    """Leave whose form was handed in only after it had begun (B04, B07)."""
    for leave in leaves:
        if leave.filed_at is not None and leave.start < leave.filed_at <= now:
            yield leave


def approved_late(leaves: Iterable[Leave], now: datetime) -> list[Leave]:
    """Leave that begins before the approval it has at `now` (B06), by that approval."""
    found = [
        leave for leave in leaves if is_approved(leave, now) and leave.approved_at and leave.approved_at > leave.start
    ]
    return sorted(found, key=lambda leave: (leave.approved_at or leave.start, leave.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongApprover:
    """Leave of so many working days, approved in this role; `roles`: who may (none: no step goes so far)."""

    leave: Leave
    days: float
    role: str
    roles: tuple[str, ...]


def wrong_approver(
    leave: Leave, role: str | None, days: float, policy: LeavePolicy, now: datetime
) -> WrongApprover | None:
    """Whether somebody approved who may not; `role`: the approver's in the registry (None: unknown there)."""
    if not policy.approvers or role is None or not is_approved(leave, now):
        return None
    roles = policy.may_approve(days)
    return None if role in roles else WrongApprover(leave=leave, days=days, role=role, roles=roles)


def overlapping_leaves(leaves: Iterable[Leave], now: datetime) -> Iterator[tuple[Leave, Leave]]:
    """Approved leaves of one person of which one begins before the other has ended."""
    latest: dict[str, Leave] = {}
    approved = (leave for leave in leaves if is_approved(leave, now))
    for leave in sorted(approved, key=lambda leave: (leave.staff, leave.start, leave.id)):
        before = latest.get(leave.staff)
        if before is not None and leave.start < before.end:
            yield before, leave
        if before is None or leave.end > before.end:
            latest[leave.staff] = leave


def too_many_corrections(
    corrections: Iterable[Correction], most: Callable[[Correction], int], now: datetime
) -> Iterator[tuple[Correction, int, int]]:
    """In each month of a person the first correction beyond the limit (0: none), with their number and the limit."""
    months: dict[tuple[str, int, int], list[Correction]] = defaultdict(list)
    for row in _approved(corrections, now):
        months[row.staff, row.day.year, row.day.month].append(row)
    for _, rows in sorted(months.items()):
        rows.sort(key=lambda row: (row.day, row.at, row.id))
        limit = most(rows[-1])
        if limit and len(rows) > limit:
            yield rows[limit], len(rows), limit


def corrected_late(row: Correction, days: int, calendar: WorkCalendar, now: datetime) -> int:
    """How many working days after its day a correction was approved, where that is more than `days` (0: no limit)."""
    approved = list(_approved([row], now))
    if not approved or not days or row.approved_at is None:
        return 0
    took = calendar.workdays_between(row.day, calendar.local_date(row.approved_at))
    return took if took > days else 0


def _approved(corrections: Iterable[Correction], now: datetime) -> Iterator[Correction]:
    for row in corrections:
        if row.is_approved and row.approved_at is not None and row.approved_at <= now:
            yield row


def working_minutes(leave: Leave, calendar: WorkCalendar) -> int:
    """The service time that leave takes, in whole minutes."""
    return calendar.working_time_between(leave.start, leave.end) // timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """How long somebody has stood at the windows of one unit without a break: [start, end)."""

    staff: str
    window: str
    """Where they stood last."""
    start: date
    end: date

    @property
    def months(self) -> int:
        """Whole months served."""
        months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        return months - (self.end.day < self.start.day)


def postings(rows: Iterable[tuple[str, str, str, date | None, date | None]]) -> Iterator[Posting]:
    """Postings that have an end, of rows (staff, unit, window, from, to): who goes on at another window of the unit is
    not replaced. A posting of unknown start, or without an end, says nothing.
    """
    found: dict[tuple[str, str], list[tuple[date, date, str]]] = defaultdict(list)
    for staff, unit, window, start, end in rows:
        found[staff, unit].append((start or date.min, end or date.max, window))
    for (staff, _), spans in sorted(found.items()):
        for start, end, window in _joined(sorted(spans)):
            if start > date.min and end < date.max:
                yield Posting(staff=staff, window=window, start=start, end=end)


def _joined(spans: Sequence[tuple[date, date, str]]) -> Iterator[tuple[date, date, str]]:
    current: tuple[date, date, str] | None = None
    for start, end, window in spans:
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end), window if end >= current[1] else current[2])
        else:
            if current is not None:
                yield current
            current = (start, end, window)
    if current is not None:
        yield current
