"""The thread of the daemon that brings the ledgers of assessment up to date (考评核算; docs/adr/0047).

Each hall with a rule book once a day after its closing time, and sooner where somebody wants it: a card was closed, a
deduction entered. Facts are read outside the write lock; what is written goes in steps of some milliseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from monitor.app.program import Program
from monitor.model import Registry
from monitor.pace import Turn, rest
from monitor.settings import AssessmentSettings
from monitor.store import wanted
from monitor.store.calendars import CalendarBook
from monitor.store.engine import STORE_AWAY
from monitor.store.facts.look import Look
from monitor.supervision.assessment.months import months_to_assess
from monitor.supervision.assessment.run import SYSTEM, RunReport, assess_months

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 6.0
"""Real time."""
NOON: Final = time(12)


class Assessor:
    """One hall after the other. Of several replicas each may run one: the ledgers' version lets one of them write."""

    def __init__(self, program: Program, look: Callable[[Connection, datetime], Look]) -> None:
        self._program, self._look = program, look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assessment", daemon=True)
        self._tried_at: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is being worked out is finished: a step that was written stays, the rest comes with the next start."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.round()
            except STORE_AWAY as error:
                log.debug("the store is away", action="assessment.waiting", error=repr(error.orig))
            except Exception:  # the next round tries again
                log.exception("ledgers could not be looked at", action="assessment.failed")
            self._stop.wait(rest(Turn.ASSESSOR, POLL_SECONDS))

    def round(self) -> list[RunReport]:
        """Run every hall that is due; what each run did."""
        now = self._program.clock.now()
        with self._program.store.read() as conn:
            registry = self._program.registry.get(conn)
            book = self._program.book(conn)
            due = [(hall, *self._due(conn, registry, book, hall, now)) for hall in sorted(registry.halls)]
        found = [self._assess(hall, upto, day, now) for hall, is_due, upto, day in due if is_due]
        return [one for one in found if one is not None]

    def _due(
        self, conn: Connection, registry: Registry, book: CalendarBook, hall: str, now: datetime
    ) -> tuple[bool, int, str]:
        """Whether, and what the run will have followed: the counter of what is wanted, the day."""
        upto, (followed, last) = wanted.wanted(conn, hall), wanted.done(conn, hall)
        day = daily(registry, book, hall, now, self._program.settings.assessment).isoformat()
        since = self._tried_at.get(hall)
        pause = self._program.settings.assessment.pause_minutes * 60
        rested = since is None or self._program.clock.monotonic() - since >= pause
        return rested and (day > last or upto > followed), upto, max(day, last)

    def _assess(self, hall: str, upto: int, day: str, now: datetime) -> RunReport | None:
        """One hall; one that cannot be assessed (a book that is broken) says why and keeps nobody else waiting."""
        if self._stop.is_set():
            return None
        program = self._program
        self._tried_at[hall] = program.clock.monotonic()
        try:
            with program.store.read() as conn:
                registry = program.registry.get(conn)
                back = program.settings.assessment.closed_months
                months = months_to_assess(conn, registry, hall, now, back=back)
            policy = program.policies.current.policy
            report = assess_months(program.store, self._look, policy, hall, months, actor=SYSTEM, now=now)
        except STORE_AWAY:
            raise
        except Exception:
            log.exception("a hall could not be assessed", action="assessment.no", hall=hall)
            return None
        program.store.step(lambda conn: wanted.set_done(conn, hall, upto, day))
        if report.posted or report.proposed or report.withdrawn:
            log.info("ledgers are up to date", action="assessment.done", **report.to_json())
        return report


def daily(registry: Registry, book: CalendarBook, hall: str, now: datetime, settings: AssessmentSettings) -> date:
    """The latest day whose time for the daily run is past at `now`."""
    calendar = book.for_hall(registry, hall)
    today = now.astimezone(registry.zone_of(hall)).date()
    try:
        closes = calendar.close_of(today)
    except ValueError:  # no day of work, or one beyond the calendar
        closes = datetime.combine(today, NOON, registry.zone_of(hall))
    return today if now >= closes + timedelta(minutes=settings.after_close_minutes) else today - timedelta(days=1)
