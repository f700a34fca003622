"""What will be owed, from the rule book's `[cycle]` (G05–G08, H01–H06): made ahead and idempotently by the daemon.

A task is opened before it is due, never after: of what nobody was told in time nobody is reminded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row

from monitor.assessment.book import RuleBook
from monitor.assessment.scores import kind_of
from monitor.store import cycle, owntasks
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle.circulars import named
from monitor.supervision.assessment.cycle.ground import after, calendar_of, day_end, period_end
from monitor.supervision.assessment.cycle.selfwork import handed_in
from monitor.supervision.assessment.cycle.sent import tasks_of
from monitor.supervision.assessment.cycle.talks import expect_talks
from monitor.supervision.assessment.cycle.tasks import Owed, open_all
from monitor.supervision.assessment.cycle.weeks import of_week
from monitor.workcal import WorkCalendar

PATROL_DAYS: Final = 3
"""Working days ahead for which patrols are opened."""
RECENT: Final = timedelta(days=40)
"""What was closed longer ago opens nothing: a store that was moved here is not owed anything."""


def expect_cycle(look: Look) -> int:
    """Open what the next days, this month and what was closed lately bring; end what was done elsewhere. How many were
    opened. The caller commits.
    """
    opened = 0
    for hall in sorted(look.registry.halls):
        calendar = calendar_of(look, hall)
        today = calendar.local_date(look.now)
        book = book_of(look.conn, hall, f"{today:%Y-%m}")
        if book is None:
            continue
        plan = _Plan(look=look, hall=hall, book=book, calendar=calendar, today=today)
        opened += open_all(look, [*plan.days(), *plan.month(), *plan.periods()])
        for closed in cycle.closed_since(look.conn, hall, look.now - RECENT):
            opened += open_all(look, plan.after_closing(closed))
        _end_closed(look, hall)
    return opened


def _end_closed(look: Look, hall: str) -> None:
    """Closing is done by another command: whose period is closed has nothing more to do."""
    wanted = (cycle.TASK.c.hall == hall, cycle.TASK.c.sort == "close", cycle.TASK.c.done_at.is_(None))
    for row in cycle.listed(look.conn, cycle.TASK, wanted, None, 100):
        if cycle.closed(look.conn, hall, row.period) is not None:
            owntasks.ended(look.conn, row.task, look.now)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """Of one hall at one date."""

    look: Look
    hall: str
    book: RuleBook
    calendar: WorkCalendar
    today: date

    def days(self) -> Iterator[Owed]:
        """Patrols of the next working days, the summary of this week."""
        day = self.today
        for _ in range(PATROL_DAYS):
            day = self.calendar.next_workday(day)
            for number in range(1, self.book.cycle.daily_patrols + 1):
                yield self._owed("patrol", day.isoformat(), day_end(self.calendar, day), of=str(number))
        if self.book.cycle.weekly_summary and of_week(self.look, self.hall, f"{self.today:%G-W%V}") is None:
            sunday = self.today + timedelta(days=7 - self.today.isoweekday())
            monday = self.calendar.next_workday(sunday)
            yield self._owed("week", f"{self.today:%G-W%V}", day_end(self.calendar, monday))

    def month(self) -> Iterator[Owed]:
        """Each window's own assessment. Where the day is none of work, by the end of the next one (民法典 203)."""
        if self.book.cycle.self_assessment_day is None:
            return
        day = self.today.replace(day=self.book.cycle.self_assessment_day)
        if not self.calendar.is_workday(day):
            day = self.calendar.next_workday(day)
        handed = handed_in(self.look, self.hall, f"{self.today:%Y-%m}")
        for window in sorted(self.look.registry.windows.values(), key=lambda w: w.id):
            if window.hall == self.hall and window.id not in handed:
                yield self._owed(
                    "self", f"{self.today:%Y-%m}", day_end(self.calendar, day), of=window.id, unit=window.unit,
                    window=window.id,
                )  # fmt: skip

    def periods(self) -> Iterator[Owed]:
        """Closing of the month, and of the quarter and the year in their last month."""
        month, year = self.today.month, f"{self.today:%Y}"
        names = [f"{year}-{month:02}"]
        names += [f"{year}-Q{month // 3}"] if month % 3 == 0 else []
        names += [year] if month == 12 else []
        for period in names:
            due = after(self.calendar, period_end(self.calendar, period), self.book.cycle.close_days)
            yield self._owed("close", period, due)

    def after_closing(self, closed: Row[Any]) -> Iterator[Owed]:
        """A month: a circular where the book has talks (一评一通报一谈话, H03–H04) or an effect calls for one (A06),
        with the report to those whom that is told (G20); the talks. A quarter or year: the written feedback (G18), the
        distribution (G19), the nominations of the windows awarded (G08), where the book does not award people by their
        place (H06).
        """
        kind, period, rules = kind_of(closed.period), closed.period, self.book.cycle
        soon = after(self.calendar, closed.closed_at, rules.close_days)
        if kind == "month":
            if rules.bottom or named(self.look, self.hall, period):
                yield self._owed("circular", period, soon)
            yield from expect_talks(self.look, self.hall, period, rules)
            yield from tasks_of(self.look, self.hall, period, soon)
        elif kind in ("quarter", "year"):
            yield self._owed("feedback", period, soon)
            yield from tasks_of(self.look, self.hall, period, soon)
            awarded = cycle.results(
                self.look.conn, self.hall, period, cycle.RESULT.c.ledger == "window", cycle.RESULT.c.awarded
            )
            for row in awarded:
                window = self.look.registry.windows.get(row.whom)
                if window is not None and rules.award_staff is None:  # else people are awarded by place
                    yield self._owed("nominate", period, soon, of=window.id, unit=window.unit, window=window.id)
            if awarded:
                yield self._owed("award", period, after(self.calendar, closed.closed_at, 2 * rules.close_days))

    def _owed(self, sort: str, period: str, due: Any, **more: Any) -> Owed:
        return Owed(hall=self.hall, sort=sort, period=period, due=due, **more)
