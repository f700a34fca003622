"""What a request would mean, counted and not written (后果预览): working days, slots that are excused, windows that
nobody holds, corrections of the month, overtime for time in lieu, closed months.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from monitor.attendance.facts import Leave
from monitor.attendance.leavecheck import working_minutes
from monitor.attendance.overtime import Standing
from monitor.attendance.proof import is_approved
from monitor.settings import Policy
from monitor.store import months, planrequests, plans
from monitor.store.facts.doubted import own_policy
from monitor.store.facts.look import Look
from monitor.store.facts.overtime import overtime_of
from monitor.store.facts.slots import slots_of
from monitor.supervision.requestchecks import Checked, calendar_of, corrections_used
from monitor.supervision.requestplans import plan_row

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DAYS: Final = 62
"""Slots and windows are told day by day for so many days; beyond, the days alone are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncovered:
    """A working day on which nobody is left for a window (B03)."""

    window: str
    day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Lieu:
    """Minutes: `credited` by overtime, `used` by time in lieu approved or asked for, `asked` by this request."""

    credited: int
    used: int
    asked: int

    @property
    def suffices(self) -> bool:
        return self.used + self.asked <= self.credited


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """`minutes`: the service time that it takes. `whole`: whether all its days were looked at. `slots`: (day, slot)
    that become excused, or of a return are due again. `stands_in`: ids of cover that the person has promised meanwhile.
    """

    days: float
    minutes: int
    late: int
    chain: tuple[str, ...]
    slots: tuple[tuple[date, str], ...] = ()
    still_due: tuple[tuple[date, str], ...] = ()
    """Slots that are due as it ends, and so not excused."""
    uncovered: tuple[Uncovered, ...] = ()
    whole: bool = True
    counts_until: datetime | None = None
    """Of an outing longer than counts (`checkin.outing_max_minutes`): until when it excuses."""
    corrections: tuple[int, int] | None = None
    """Of a correction: how many the month has without this one, and how many it may have (0: no limit)."""
    lieu: Lieu | None = None
    closed: tuple[str, ...] = ()
    """Months (YYYY-MM) that are closed: their sheets change by a correction (更正) alone."""
    stands_in: tuple[str, ...] = ()


def preview(look: Look, policy: Policy, found: Checked, number: int | None = None) -> Preview:
    """What it would mean at this moment. `number`: its own, of one that is filed already."""
    span = _effective(look, found)
    calendar = calendar_of(look, found.staff)
    days = list(_days(look, found, span))
    counts_until = None
    if found.kind == "outing":
        most = own_policy(look, policy.checkin, found.staff, calendar.local_date(found.starts)).outing_max_minutes
        until = found.starts + timedelta(minutes=most)
        if until < found.ends:
            counts_until, span = until, (found.starts, until)
    leave = Leave(id="", staff=found.staff, kind="", start=found.starts, end=found.ends)
    slots, still_due = _slots(look, found, span, days)
    return Preview(
        days=found.days,
        minutes=working_minutes(leave, calendar) if found.kind != "correction" else 0,
        late=found.late,
        chain=found.chain,
        slots=tuple(slots),
        still_due=tuple(still_due),
        uncovered=tuple(_uncovered(look, found, days, number)) if found.kind in planrequests.AWAY[:3] else (),
        whole=len(days) <= MOST_DAYS,
        counts_until=counts_until,
        corrections=_corrections(look, policy, found, number),
        lieu=_lieu(look, policy, found, number) if found.kind == "lieu" else None,
        closed=tuple(_closed(look, found, days)),
        stands_in=tuple(
            row.id for row in planrequests.stands_in(look.conn, [found.staff], found.starts, found.ends)
        ) if found.kind in planrequests.AWAY else (),
    )  # fmt: skip


def _effective(look: Look, found: Checked) -> tuple[datetime, datetime]:
    """The span whose slots change: of a return from then to the leave's present end."""
    if found.kind != "return":
        return found.starts, found.ends
    table, _, plan = (found.asked.about or "").partition("/")
    row = plan_row(look.conn, table, plan)
    return found.ends, row["ends"] if row is not None else found.ends


def _days(look: Look, found: Checked, span: tuple[datetime, datetime]) -> Iterator[date]:
    """Local days of the span."""
    calendar = calendar_of(look, found.staff)
    if found.kind == "correction":
        yield found.asked.day or calendar.local_date(found.starts)
        return
    day, last = calendar.local_date(span[0]), calendar.local_date(span[1] - timedelta(microseconds=1))
    while day <= last:
        yield day
        day += timedelta(days=1)


def _slots(
    look: Look, found: Checked, span: tuple[datetime, datetime], days: list[date]
) -> tuple[list[tuple[date, str]], list[tuple[date, str]]]:
    """Those that change, and those that stay due at the very end of the span: it ends as they are due (§5).

    A way out at that moment goes with its session where the way in is excused: nobody came, nobody has to leave.
    """
    changed: list[tuple[date, str]] = []
    due: list[tuple[date, str]] = []
    for day in days[:MOST_DAYS] if found.kind != "cover" else ():
        slots = slots_of(look, found.staff, day)
        if found.kind == "correction":
            changed += [(day, slot.name) for slot in slots if slot.name == found.asked.slot]
            continue
        excused = {slot.session for slot in slots if slot.direction == "in" and span[0] <= slot.due < span[1]}
        for slot in slots:
            if span[0] <= slot.due < span[1] or (slot.due == span[1] and slot.session in excused):
                changed.append((day, slot.name))
            elif slot.due == span[1] and found.kind != "return":
                due.append((day, slot.name))
    return changed, due


def _uncovered(look: Look, found: Checked, days: list[date], number: int | None) -> Iterator[Uncovered]:
    """Windows of the person that nobody else of the posts, and no substitute, holds while they are away (B03)."""
    registry = look.registry
    windows = sorted({post.window for post in registry.posts if post.staff == found.staff})
    others = sorted({p.staff for p in registry.posts if p.window in windows and p.staff != found.staff})
    away = plans.leaves(look.conn, others, found.starts, found.ends)
    filed = plans.substitutes(look.conn, windows, found.starts, found.ends)
    for window in windows:
        calendar = look.book.for_window(registry, window)
        for day in days[:MOST_DAYS]:
            sessions = [s for s in calendar.sessions(day) if s[0] < found.ends and found.starts < s[1]]
            held = {post.staff for post in registry.posts_on(window, day)}
            if not sessions or found.staff not in held:
                continue
            covered = found.asked.substitute is not None and window == found.place.window
            covered = covered or any(f.start <= sessions[0][0] and sessions[-1][1] <= f.end
                                     for f in filed.get(window, ()))  # fmt: skip
            there = [one for one in held - {found.staff} if not _away(away.get(one, ()), sessions, look.now)]
            if not covered and not there:
                yield Uncovered(window=window, day=day)


def _away(leaves: tuple[Leave, ...], sessions: list[tuple[datetime, datetime]], now: datetime) -> bool:
    return any(is_approved(v, now) and v.start < end and start < v.end for v in leaves for start, end in sessions)


def _corrections(look: Look, policy: Policy, found: Checked, number: int | None) -> tuple[int, int] | None:
    if found.kind != "correction" or found.asked.day is None:
        return None
    most = own_policy(look, policy.checkin, found.staff, found.asked.day).corrections_per_month
    used = corrections_used(look, found.staff, found.asked.day)
    return (used if number is None else max(used - 1, 0)), most


def _lieu(look: Look, policy: Policy, found: Checked, number: int | None) -> Lieu:
    """As the finding `lieu.excess` counts, with what is asked for beside it."""
    calendar = calendar_of(look, found.staff)
    worked = overtime_of(look, policy.checkin, [found.staff], EPOCH, look.now).get(found.staff, ())
    doubted = (Standing.UNPROVEN, Standing.DOUBTFUL)
    credited = sum(w.booked.booked_minutes if w.standing in doubted else w.minutes for w in worked)
    taken = plans.leaves(look.conn, [found.staff], EPOCH, found.ends + timedelta(days=3660)).get(found.staff, ())
    used = sum(working_minutes(one, calendar) for one in taken if one.kind == "lieu" and is_approved(one, look.now))
    for row in planrequests.pending_of(look.conn, found.staff, "lieu"):
        if row.number != number:
            other = Leave(id="", staff=found.staff, kind="lieu", start=row.starts, end=row.ends)
            used += working_minutes(other, calendar)
    asked = Leave(id="", staff=found.staff, kind="lieu", start=found.starts, end=found.ends)
    return Lieu(credited=credited, used=used, asked=working_minutes(asked, calendar))


def _closed(look: Look, found: Checked, days: list[date]) -> Iterator[str]:
    hall = look.registry.hall_of_staff(found.staff)
    closed = {row.month for row in months.versions(look.conn, hall)} if hall is not None else set()
    yield from sorted({f"{day:%Y-%m}" for day in days} & closed)
