"""A made-up year of one hall with the counts of a real one (rules.md I01–I03), written to a store by bulk.

318,022 cases received, 314,669 completed; 155,400 immediate, 162,622 promised; all in time, 99.7 % of the promised ones
early. `YEAR` scaled down keeps the proportions. Nothing is drawn at random: the same counts give the same rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from monitor.agents.tomlfile import toml_text
from monitor.ingest.registry import import_registry
from monitor.settings import load
from monitor.store.engine import Store
from monitor.store.facts.cases import CASE, SOURCE, SUBJECT
from monitor.workcal import WorkCalendar, build_calendar

SOURCE_ID: Final = "import-year"
NAMESPACE: Final = "year"
BEFORE: Final = datetime(2025, 1, 1, tzinfo=UTC)
UNITS: Final = 12
WINDOWS: Final = 48
PROMISES: Final = (3, 5, 7, 10, 15)
"""Working days that the promised items promise; by statute each has 20."""
_BULK: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Year:
    """What a year is to count. `early_share`: of the promised cases completed, those done before the last day."""

    of: int = 2025
    immediate: int = 155_400
    promised: int = 162_622
    completed: int = 314_669
    early_share: float = 0.997
    windows: int = WINDOWS

    @property
    def received(self) -> int:
        return self.immediate + self.promised

    @property
    def left_open(self) -> int:
        """Promised cases that are still within their limit when the year ends."""
        return self.received - self.completed

    @property
    def early(self) -> int:
        return round((self.promised - self.left_open) * self.early_share)

    def scaled(self, by: int) -> Year:
        return Year(
            of=self.of,
            immediate=self.immediate // by,
            promised=self.promised // by,
            completed=self.completed // by,
            early_share=self.early_share,
            windows=self.windows,
        )


def registry(count: int = WINDOWS) -> dict[str, list[dict[str, Any]]]:
    """One hall with its units, windows, people and items."""
    units = [f"u{n:02d}" for n in range(UNITS)]
    windows = [
        {"id": f"w{n:02d}", "hall": "h1", "unit": units[n % UNITS], "name": f"{n + 1}号窗口"} for n in range(count)
    ]
    now = [{"id": f"now-{u}", "unit": u, "name": "即办事项", "kind": "immediate", "promised": 0} for u in units]
    later = [
        {"id": f"day{n:02d}-{u}", "unit": u, "name": f"承诺{n}日事项", "promised": n, "statutory": 20}
        for u in units
        for n in PROMISES
    ]
    return {
        "halls": [{"id": "h1", "name": "政务服务中心"}],
        "units": [{"id": u, "hall": "h1", "name": f"{u} 局"} for u in units],
        "windows": windows,
        "staff": [{"id": f"s{n:02d}", "unit": units[n % UNITS], "name": f"员{n}"} for n in range(count)],
        "items": [*now, *later],
    }


def write_year(store: Store, year: Year) -> None:
    """Registry, source, case events and subjects of the year into an upgraded, empty store.

    Its source is an import that is complete to the end of the year; the raw events are left out, no rule reads them.
    """
    register(store, registry(year.windows), BEFORE)
    end = datetime(year.of + 1, 1, 1, tzinfo=UTC) - timedelta(hours=8)
    source = {"id": SOURCE_ID, "kind": "import", "watermark": end, "hall": "h1", "calendar": "", "historic": True}
    store.step(lambda conn: conn.execute(SOURCE.insert(), [source]))
    rows = rows_of(year, build_calendar())
    while some := list(islice(rows, _BULK)):
        subjects = [_subject(row, end) for row in some if row["event"] == "received"]
        store.step(lambda conn, s=some: conn.execute(CASE.insert(), s))  # type: ignore[misc]
        store.step(lambda conn, s=subjects: conn.execute(SUBJECT.insert(), s))  # type: ignore[misc]


def register(store: Store, tables: dict[str, list[dict[str, Any]]], now: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "registry.toml"
        file.write_text(toml_text(tables), encoding="utf-8")
        settings = load(environ={})
        import_registry(store, file, now=now, calendars=settings.calendars, presets=settings.presets)


def rows_of(year: Year, calendar: WorkCalendar) -> Iterator[dict[str, Any]]:
    """The events, case by case. Cases are spread evenly over the working days; the last promised ones stay open."""
    days = _workdays(year.of, calendar)
    serial = 0
    for case in range(year.immediate):
        day = days[case * len(days) // year.immediate]
        window = case % year.windows
        at = _within(calendar, day, case)
        steps = [("received", 0), ("accepted", 4), ("completed", 19), ("delivered", 21)]
        for event, minutes in steps:
            serial += 1
            when = at + timedelta(minutes=minutes)
            yield _event(serial, f"{NAMESPACE}/J{case:06d}", event, when, f"now-u{window % UNITS:02d}", window)
    done = year.promised - year.left_open
    on_last_day, spread = done - year.early, done * 4 // 5
    last = len(days) - 1
    for case in range(year.promised):
        window = case % year.windows
        promise = PROMISES[case % len(PROMISES)] if case < done else max(PROMISES)
        first = min(case * len(days) // year.promised, last - 2)
        at = _within(calendar, days[first], case)
        steps = [("received", at), ("accepted", at + timedelta(minutes=12))]
        if case < done:
            # so many take all their days, spread over the first four fifths of the year; the others end before that
            whole = case < spread and (case + 1) * on_last_day // spread > case * on_last_day // spread
            took = promise if whole else min(1 + case % (promise - 1), last - first)
            done_at = _within(calendar, days[first + took], case + 7)
            steps += [("completed", done_at), ("delivered", done_at + timedelta(minutes=25))]
        for event, when in steps:
            serial += 1
            yield _event(
                serial, f"{NAMESPACE}/P{case:06d}", event, when, f"day{promise:02d}-u{window % UNITS:02d}", window
            )


def _workdays(year: int, calendar: WorkCalendar) -> list[date]:
    found, day = [], date(year, 1, 1)
    while day.year == year:
        if calendar.is_workday(day):
            found.append(day)
        day += timedelta(days=1)
    return found


def _within(calendar: WorkCalendar, day: date, number: int) -> datetime:
    """A time in the first session of the day that leaves half an hour of it; seconds tell the cases apart."""
    start, end = calendar.sessions(day)[0]
    return start + timedelta(seconds=number * 37 % int((end - start).total_seconds() - 1800))


def _event(serial: int, case: str, event: str, at: datetime, item: str, window: int) -> dict[str, Any]:
    return {
        "raw_event": serial,
        "case_key": case,
        "event": event,
        "at_second": int(at.timestamp()),
        "discriminator": "",
        "event_id": f"e{serial}",
        "source": SOURCE_ID,
        "at": at,
        "received": at,
        "boot": "",
        "item": item,
        "window": f"w{window:02d}",
        "staff": f"s{window:02d}",
        "body": {"result": "granted"} if event == "completed" else {},
    }


def _subject(row: dict[str, Any], end: datetime) -> dict[str, Any]:
    """As a judge leaves it at the year's end: nothing is due before then."""
    return {
        "kind": "case",
        "key": row["case_key"],
        "hall": "h1",
        "version": 1,
        "next_check_at": end + timedelta(days=1) if row["case_key"].startswith(f"{NAMESPACE}/P") else None,
        "judged_at": end,
        "verdict": "pending",
        "historic": True,
        "failures": 0,
    }
