"""Working calendars of the store: imported notices (放假通知), and the calendar of each hall, window and source."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select

from monitor.model import Device, Registry
from monitor.store import audit, meta, upsert
from monitor.store.quick import QuickSelect
from monitor.store.registry import DEFAULT_CALENDAR
from monitor.store.schema import CalendarDayRow, SourceRow
from monitor.store.sql import table_of
from monitor.store.subjects import wake_dates
from monitor.store.upsert import Changes, Kind, Row, count
from monitor.workcal import CalendarSpec, NoticeDay, Paper, WorkCalendar, build_calendar

DAYS: Final = table_of(CalendarDayRow)
SOURCES: Final = table_of(SourceRow)
NOTICES: Final = Kind(name="calendar", table=DAYS, key=("calendar", "day"), once="imported_at")
COUNTRY: Final = "cn"
PAPER_KEY: Final = "calendar_notice:"


class Overtaken(ValueError):
    """The calendar changed after the preview; nothing was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeChanges:
    """What `save_notice` would write: days new or other than stored, rows that go, years that were guessed so far."""

    changes: tuple[upsert.Change, ...]
    dropped: tuple[Row, ...]
    new_years: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.dropped)

    @property
    def spans(self) -> list[tuple[date, date]]:
        """The stretches (first, last) of days of which something else may be said."""
        changed = [change.after["day"] for change in self.changes] + [row["day"] for row in self.dropped]
        return spans_of(changed) + [(date(year, 1, 1), date(year, 12, 31)) for year in self.new_years]

    def digest(self, version: int, paper: Paper | None) -> str:
        """Of all that would be written and of the calendar's version that it was compared with."""
        gone = [upsert.Change(kind=NOTICES, after={"day": row["day"]}) for row in self.dropped]
        said = hashlib.sha256(repr((paper, self.new_years)).encode()).hexdigest()
        return f"{upsert.digest([*self.changes, *gone], version)}{said[:8]}"


def notice_changes(conn: Connection, days: Sequence[NoticeDay]) -> NoticeChanges:
    """What `save_notice` would write. Writes nothing."""
    new_years = [year for year in sorted({day.notice_year for day in days}) if not _is_known(conn, year)]
    return NoticeChanges(
        changes=tuple(upsert.differences(conn, NOTICES, _notice_rows(days))),
        dropped=tuple(_dropped(conn, days)),
        new_years=tuple(new_years),
    )


def _notice_rows(days: Sequence[NoticeDay]) -> list[Row]:
    return [
        {"calendar": COUNTRY, "day": day.date, "year": day.notice_year, "name": day.name, "is_off": day.off}
        for day in days
    ]


def save_notice(
    conn: Connection,
    days: Sequence[NoticeDay],
    now: datetime,
    *,
    actor: str = "cli",
    paper: Paper | None = None,
    seen: str | None = None,
) -> Changes:
    """Save the days of one notice, and what it is called; the caller commits.

    1. Insert or update its days; days that an earlier notice gave for the same year and this one no longer names are
       removed (only where the notice says its year).
    2. If anything differs: an audit row for each day, a new `meta.calendar_version`, and what is open and rests on a
       day that changed is judged again; on any day of a year that was not published before, for all of it is known now.
    `seen`: the digest of the preview that is confirmed. Raises Overtaken where something else would be written by now.
    """
    told = notice_changes(conn, days)
    if seen is not None and seen != told.digest(meta.version(conn, meta.CALENDAR_VERSION), paper):
        raise Overtaken
    rows = _notice_rows(days)
    changes, dropped = upsert.save(conn, NOTICES, rows, now), told.dropped
    if told:
        conn.execute(delete(DAYS).where(DAYS.c.calendar == COUNTRY, DAYS.c.day.in_([row["day"] for row in dropped])))
        audit.record_all(conn, now, actor, [*upsert.audit_entries(changes, "calendar"), *map(_removal, dropped)])
        meta.bump(conn, meta.CALENDAR_VERSION)
        wake_dates(conn, told.spans, due=now, cause=f"日历变更 calendar changed: {spans_text(told.spans)}")
    if paper is not None:
        _save_paper(conn, {day.notice_year for day in days}, paper, now, actor)
    counts = count(rows, changes)
    return Changes(tables={NOTICES.name: dataclasses.replace(counts, changed=counts.changed + len(dropped))})


def _save_paper(conn: Connection, years: Iterable[int], paper: Paper, now: datetime, actor: str) -> None:
    """What the notice of a year is called stands in explanations alone: nothing is judged again for it."""
    told = {"title": paper.title, "source": paper.source}
    changed = [year for year in sorted(years) if _paper(conn, year) != paper]
    for year in changed:
        meta.set_text(conn, f"{PAPER_KEY}{year}", json.dumps(told, ensure_ascii=False))
        audit.record(conn, now, actor, "calendar.paper", DAYS.name, f"{COUNTRY}/{year}", told)
    if changed:
        meta.bump(conn, meta.CALENDAR_VERSION)


def paper_of(conn: Connection, year: int) -> Paper:
    """What the imported notice of a year is called; empty where none says."""
    return _paper(conn, year)


def _paper(conn: Connection, year: int) -> Paper:
    kept = meta.text(conn, f"{PAPER_KEY}{year}")
    return Paper(**json.loads(kept)) if kept else Paper()


def _is_known(conn: Connection, year: int) -> bool:
    """Whether the days off of a year are known already, from the library or an imported notice."""
    imported = select(DAYS.c.day).where(DAYS.c.calendar == COUNTRY, DAYS.c.year == year).limit(1)
    return build_calendar().is_published(date(year, 1, 1)) or conn.execute(imported).first() is not None


def spans_text(spans: Sequence[tuple[date, date]]) -> str:
    """The first stretches as a person reads them."""
    told = [first.isoformat() if first == last else f"{first}…{last}" for first, last in spans[:8]]
    return ", ".join([*told, "…"] if len(spans) > len(told) else told)


def spans_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """Dates as stretches (first, last) of days that follow each other."""
    spans: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def _dropped(conn: Connection, days: Sequence[NoticeDay]) -> list[Row]:
    years = {day.year for day in days if day.year is not None}
    named = {day.date for day in days}
    statement = select(DAYS).where(DAYS.c.calendar == COUNTRY, DAYS.c.year.in_(years)).order_by(DAYS.c.day)
    return [dict(row) for row in conn.execute(statement).mappings() if row["day"] not in named]


def _removal(row: Row) -> audit.Entry:
    return audit.Entry(action="calendar.remove", object_kind=DAYS.name, object_id=NOTICES.id_of(row))


def load_notices(conn: Connection) -> list[NoticeDay]:
    """The days of all imported notices, by date."""
    rows = conn.execute(select(DAYS).where(DAYS.c.calendar == COUNTRY).order_by(DAYS.c.day))
    return [NoticeDay(date=row.day, name=row.name, off=row.is_off, year=row.year) for row in rows]


class CalendarCache:
    """Calendars built from the settings' specs and the imported notices, kept until an import changes the notices.

    Shared by threads. `specs`: calendars by name; `default` may be left out and has then the hours of DESIGN §7.
    """

    def __init__(self, specs: Mapping[str, CalendarSpec]) -> None:
        self.specs: Mapping[str, CalendarSpec] = {DEFAULT_CALENDAR: CalendarSpec(), **specs}
        self._lock = threading.Lock()
        self._held: tuple[int, _Shelf] | None = None

    def supposing(self, conn: Connection, days: Sequence[NoticeDay], paper: Paper | None = None) -> CalendarBook:
        """The book as it would be with a notice saved (`save_notice`). Writes nothing and keeps nothing."""
        given = {day.date: day for day in days}
        whole = {day.year for day in days if day.year is not None}
        kept = [day for day in load_notices(conn) if day.date not in given and day.year not in whole]
        said = {day.notice_year: paper for day in days} if paper is not None else {}
        shelf = _Shelf(self.specs, conn, sorted([*kept, *days], key=lambda day: day.date), said)
        return CalendarBook(shelf, _sources(conn))

    def get(self, conn: Connection) -> CalendarBook:
        """The book that the connection's transaction sees."""
        found = meta.version(conn, meta.CALENDAR_VERSION)
        with self._lock:
            held = self._held
        if held is None or held[0] != found:
            held = (found, _Shelf(self.specs, conn))
            with self._lock:
                self._held = held
        return CalendarBook(held[1], _sources(conn))


_SOURCES: Final = QuickSelect(lambda _: select(SOURCES.c.id, SOURCES.c.calendar, SOURCES.c.hall))


def _sources(conn: Connection) -> dict[str, tuple[str, str | None]]:
    """Calendar and hall of each source of an import."""
    return {row.id: (row.calendar, row.hall) for row in _SOURCES.run(conn)}


class CalendarBook:
    """The calendar for everything that counts working time.

    A hall's calendar runs in the hall's zone, whatever zone its spec names; a source outside any hall in the spec's.
    Names come checked from the registry's import; one that the settings have lost since raises ValueError.
    """

    def __init__(self, shelf: _Shelf, sources: Mapping[str, tuple[str, str | None]]) -> None:
        self._shelf = shelf
        self._sources = sources

    @property
    def default(self) -> WorkCalendar:
        return self.calendar(DEFAULT_CALENDAR)

    def calendar(self, name: str, zone: str | None = None) -> WorkCalendar:
        """A calendar by name, in a zone (None: its own). Raises ValueError for an unknown name."""
        return self._shelf.calendar(name or DEFAULT_CALENDAR, zone)

    def for_hall(self, registry: Registry, hall: str | None) -> WorkCalendar:
        """A hall's calendar; the default one without a hall or for a hall that the registry lacks."""
        found = registry.halls.get(hall or "")
        return self.calendar(found.calendar, found.zone) if found else self.default

    def for_window(self, registry: Registry, window: str | None) -> WorkCalendar:
        """A window's own calendar, else its hall's."""
        found = registry.windows.get(window or "")
        if found is None or not found.calendar:
            return self.for_hall(registry, found.hall if found else None)
        hall = registry.halls.get(found.hall)
        return self.calendar(found.calendar, hall.zone if hall else None)

    def for_device(self, registry: Registry, device: Device) -> WorkCalendar:
        """The calendar of the window at which a device stands, else of its hall."""
        if device.window in registry.windows:
            return self.for_window(registry, device.window)
        return self.for_hall(registry, device.hall)

    def for_source(self, registry: Registry, source: str, hall: str | None) -> WorkCalendar:
        """The calendar of a case's source: the one an import names, else that of the hall, the case's or its own."""
        name, own_hall = self._sources.get(source, ("", None))
        if name:
            return self.calendar(name)
        device = registry.devices.get(source)
        return self.for_hall(registry, hall or own_hall or (device.hall if device else None))

    def published(self, year: int, name: str = DEFAULT_CALENDAR) -> bool:
        """Whether a year's days off are known, from the library or a notice, and not guessed (DESIGN §4, Years)."""
        return self.calendar(name).is_published(date(year, 1, 1))

    @property
    def imported_years(self) -> list[int]:
        """Years of which a notice was imported."""
        return sorted(self._shelf.imported)

    def imported_at(self, year: int) -> datetime | None:
        """When a year's notice was first imported; None where none was."""
        return self._shelf.imported.get(year)


class _Shelf:
    """Calendars by name and zone over one state of the notices, each built when first asked for."""

    def __init__(
        self,
        specs: Mapping[str, CalendarSpec],
        conn: Connection,
        notices: Sequence[NoticeDay] | None = None,
        papers: Mapping[int, Paper] | None = None,
    ) -> None:
        """`notices`: other days than those of the store; `papers`: by year what else they are called."""
        self._specs = specs
        self._notices = tuple(load_notices(conn) if notices is None else notices)
        self._built: dict[tuple[str, str | None], WorkCalendar] = {}
        self._lock = threading.Lock()
        self._papers = {day.notice_year: _paper(conn, day.notice_year) for day in self._notices} | dict(papers or {})
        self.imported: dict[int, datetime] = {}
        for row in conn.execute(select(DAYS.c.year, DAYS.c.imported_at).order_by(DAYS.c.imported_at)):
            self.imported.setdefault(row.year, row.imported_at)

    def calendar(self, name: str, zone: str | None) -> WorkCalendar:
        spec = self._specs.get(name)
        if spec is None:
            known = ", ".join(sorted(self._specs))
            raise ValueError(
                f"calendar {name!r} is not in the settings (known: {known}); add it or change the registry"
            )
        key = (name, zone)
        with self._lock:
            if key not in self._built:
                wanted = dataclasses.replace(spec, zone=zone) if zone else spec
                self._built[key] = build_calendar(wanted, self._notices, self._papers)
            return self._built[key]
