"""The clock of one case: working days, calendar days and working hours, with what stops and lengthens it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from monitor.timeliness.policy import TimelinessPolicy
from monitor.values import Value
from monitor.workcal import Deadline, Pause, Step, WorkCalendar


class CaseClock(Value, frozen=True, kw_only=True):
    """Runs from `start`, stands still in `pauses` (by their beginning), is lengthened by `extension_days`.

    Deadlines have `at` None while an open pause keeps them from being known, and steps only if `with_steps`.
    """

    start: datetime
    pauses: tuple[Pause, ...]
    extension_days: int
    calendar: WorkCalendar
    policy: TimelinessPolicy
    with_steps: bool = False

    def without_pauses(self) -> CaseClock:
        return replace(self, pauses=())

    def workdays(self, n: int) -> Deadline:
        """The close of the n-th counted working day (行政许可法 82)."""
        return self.calendar.due_in_days(
            self.start,
            n,
            self.pauses,
            self.extension_days,
            pause_edge_days=self.policy.pause_edge_days,
            with_steps=self.with_steps,
        )

    def calendar_days(self, n: int) -> Deadline:
        """The close of the n-th calendar day, moved to the next workday (民法典 201, 203)."""
        return self._calendar_days(n, self.pauses)

    def hours(self, amount: float) -> Deadline:
        """When `amount` hours of working time outside the pauses are used up; then the extension in working days."""
        used = self.used_up(timedelta(hours=amount))
        steps = self._hour_steps(used.at) if self.with_steps and used.at is not None else ()
        if used.at is None or not self.extension_days:
            return replace(used, steps=steps)
        extended = replace(self, start=used.at, extension_days=0).workdays(self.extension_days)
        return replace(extended, steps=(*steps, *extended.steps[1:]))  # the day of the hours' end is told already

    def own(self, due: datetime) -> Deadline:
        """A source's own instant, moved by the working days that pauses and extensions take out before it.

        The source gave it with the acceptance and could not know of them; a case closed in time and reopened after it
        would else be overdue for a span in which it was done.
        """
        return self._settle(lambda pauses: self._moved(due, pauses), lambda at: at)

    def used_up(self, amount: timedelta) -> Deadline:
        """When this much working time outside the pauses has passed."""
        if amount <= timedelta(0):
            return Deadline(at=self.calendar.next_opening(self.start), provisional=False)
        return self.calendar.due_in_working_time(self.start, amount, self.pauses)

    def day_before_own(self, due: datetime, days: int) -> datetime | None:
        """The close of the working day `days` before the source's own, moved instant."""
        return self._settle(lambda pauses: self._moved(due, pauses), lambda at: self.calendar.close_before(at, days)).at

    def day_before_calendar(self, n: int, days: int) -> datetime | None:
        """The close of the working day `days` before the n-th calendar day."""
        return self._settle(
            lambda pauses: self._calendar_days(n, pauses), lambda at: self.calendar.close_before(at, days)
        ).at

    def _calendar_days(self, n: int, pauses: Sequence[Pause]) -> Deadline:
        return self.calendar.due_in_calendar_days(
            self.start,
            n,
            pauses,
            self.extension_days,
            pause_edge_days=self.policy.pause_edge_days,
            with_steps=self.with_steps,
        )

    def _moved(self, due: datetime, pauses: Sequence[Pause]) -> Deadline:
        if not pauses and not self.extension_days and not self.with_steps:
            return Deadline(at=due, provisional=False)
        n = self.calendar.workdays_between(self.calendar.local_date(self.start), self.calendar.local_date(due))
        plain = replace(self, pauses=(), extension_days=0).workdays(n)
        moved = replace(self, pauses=tuple(pauses)).workdays(n)
        if moved.at is None or plain.at is None or moved.at > plain.at:
            return replace(moved, at=max(due, moved.at) if moved.at else None)
        return replace(moved, at=due, provisional=False)

    def _settle(self, make: Callable[[Sequence[Pause]], Deadline], look: Callable[[datetime], datetime]) -> Deadline:
        """`look` of the deadline under the pauses that began before it: a pause after an instant cannot move it."""
        for known in range(len(self.pauses) + 1):
            deadline = make(self.pauses[:known])
            if deadline.at is None:
                return deadline
            at = look(deadline.at)
            if known == len(self.pauses) or self.pauses[known][0] >= at:
                break
        return replace(deadline, at=at)

    def _hour_steps(self, at: datetime) -> tuple[Step, ...]:
        """The dates of an hour limit: a day counts when working time outside the pauses ran on it, `hours:<number>`."""
        first, last = self.calendar.local_date(self.start), self.calendar.local_date(at)
        n = self.calendar.workdays_between(first, last)
        steps = self.calendar.due_in_days(self.start, n).steps
        return tuple(self._hour_step(step, at) for step in steps if step.date <= last)

    def _hour_step(self, step: Step, at: datetime) -> Step:
        sessions = self.calendar.sessions(step.date)
        if not sessions:
            return step
        start, end = max(sessions[0][0], self.start), min(sessions[-1][1], at)
        ran = self._running(start, end)
        if not ran:
            paused = bool(self.calendar.working_time_between(start, end))
            return Step(date=step.date, counted=False, why="pause" if paused else "after_hours")
        return Step(date=step.date, counted=True, why=f"hours:{ran / timedelta(hours=1):g}", by=step.by)

    def _running(self, start: datetime, end: datetime) -> timedelta:
        """Working time in [start, end) outside the pauses."""
        total, at = timedelta(0), start
        for begin, until in self.pauses:
            if begin >= end:
                break
            total += self.calendar.working_time_between(at, begin)
            if until is None:
                return total
            at = max(at, until)
        return total + self.calendar.working_time_between(at, end)
