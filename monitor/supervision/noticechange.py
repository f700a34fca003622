"""What importing a notice of days off (放假通知) would mean, before anybody confirms it: nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, func, or_, select

from monitor.access import Principal
from monitor.settings import Policy
from monitor.store import meta, months
from monitor.store.calendars import CalendarBook, NoticeChanges, notice_changes, paper_of
from monitor.store.facts.look import Look
from monitor.store.subjects import SUBJECT
from monitor.supervision.duemoves import DueMoves, due_moves
from monitor.workcal import NoticeDay, Paper, WorkCalendar

DAYS_MOST: Final = 400
Suppose = Callable[[Connection, Sequence[NoticeDay], Paper | None], CalendarBook]
"""`CalendarCache.supposing`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayChange:
    """A date that is worked otherwise by the default calendar: the reason codes of `WorkCalendar.plan_of`, and whether
    it is worked.
    """

    day: date
    before: str
    after: str
    worked_before: bool
    worked_after: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticePreview:
    """`years`: that the notice publishes; `new_years`: those that were guessed so far; `closed`: (hall, month) of
    closed months of attendance that hold a date that changes: their sheets stay as they were signed. `slots`, `posts`:
    subjects of the dates, which are judged again.
    """

    digest: str
    years: tuple[int, ...]
    new_years: tuple[int, ...]
    paper: Paper
    paper_changes: bool
    changes: NoticeChanges
    days: tuple[DayChange, ...]
    closed: tuple[tuple[str, str], ...]
    past: bool
    slots: int
    posts: int
    dues: DueMoves

    @property
    def writes(self) -> bool:
        return bool(self.changes) or self.paper_changes


def preview(
    look: Look, suppose: Suppose, policy: Policy, who: Principal, days: Sequence[NoticeDay], paper: Paper
) -> NoticePreview:
    """What `save_notice` of these days would mean, by the calendars as they would stand."""
    changes = notice_changes(look.conn, days)
    years = sorted({day.notice_year for day in days})
    book = suppose(look.conn, days, paper)
    changed = _day_changes(look.book.default, book.default, changes)
    dates = [one.day for one in changed]
    kinds = _of_dates(look.conn, dates)
    dues = due_moves(look, replace(look, book=book, _remembered={}), policy, who, days=changes.spans)
    today = look.now.astimezone(look.book.default.zone).date()
    return NoticePreview(
        digest=changes.digest(meta.version(look.conn, meta.CALENDAR_VERSION), paper),
        years=tuple(years),
        new_years=changes.new_years,
        paper=paper,
        paper_changes=any(paper_of(look.conn, year) != paper for year in years),
        changes=changes,
        days=tuple(changed[:DAYS_MOST]),
        closed=_closed(look.conn, dates),
        past=any(one < today for one in dates),
        slots=kinds.get("slot", 0),
        posts=kinds.get("post", 0),
        dues=dues,
    )


def _day_changes(before: WorkCalendar, after: WorkCalendar, changes: NoticeChanges) -> list[DayChange]:
    found: dict[date, DayChange] = {}
    for first, last in changes.spans:
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            was, will = before.plan_of(day), after.plan_of(day)
            one = DayChange(
                day=day, before=was.why, after=will.why, worked_before=bool(was.hours), worked_after=bool(will.hours)
            )
            if was.hours != will.hours or _holiday(was.why) != _holiday(will.why):
                found[day] = one
    return [found[day] for day in sorted(found)]


def _holiday(why: str) -> str:
    """A working day that is sure by now is no other day than it was while guessed."""
    return "" if why in ("counted", "provisional") else why


def _of_dates(conn: Connection, dates: Sequence[date]) -> dict[str, int]:
    if not dates:
        return {}
    found: dict[str, int] = {}
    for start in range(0, len(dates), 100):
        named = [SUBJECT.c.key.contains(f"/{day.isoformat()}/", autoescape=True) for day in dates[start : start + 100]]
        query = select(SUBJECT.c.kind, func.count()).where(SUBJECT.c.kind.in_(("slot", "post")), or_(*named))
        for kind, count in conn.execute(query.group_by(SUBJECT.c.kind)):
            found[kind] = found.get(kind, 0) + int(count)
    return found


def _closed(conn: Connection, dates: Sequence[date]) -> tuple[tuple[str, str], ...]:
    touched = {f"{day:%Y-%m}" for day in dates}
    return tuple(sorted({(row.hall, row.month) for row in months.versions(conn) if row.month in touched}))
