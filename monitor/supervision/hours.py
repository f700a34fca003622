"""A changed calendar of the settings (hours, closures, seasons) as a recorded change, as an imported notice is one.

The hours are data of the configuration, so nobody tells of a change. The judge compares them at its start with what it
judged by last (kept in `meta`, by calendar), and has exactly those subjects looked at again that rest on a day which
differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from monitor.model import Registry
from monitor.store import audit, meta
from monitor.store.calendars import load_notices, spans_of, spans_text
from monitor.store.schema import CaseEventRow, SourceRow, TaskEventRow
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT, wake_dates
from monitor.supervision.expect import recede
from monitor.workcal import CalendarSpec, build_calendar, differing_days, load_spec, spec_table

RECORDED: Final = "calendar_spec:"
AHEAD: Final = timedelta(days=400)
"""Further than this ahead of all that is known a year only repeats itself."""
EXPECTED_AHEAD: Final = timedelta(days=3)
"""Slots and posts are made no further ahead."""
MOST_SPANS: Final = 200
SESSION_SUFFIX: Final = len("/2026-03-02/0830")
CASE, TASK, SOURCE = table_of(CaseEventRow), table_of(TaskEventRow), table_of(SourceRow)


def record_hours(conn: Connection, specs: Mapping[str, CalendarSpec], registry: Registry, now: datetime) -> int:
    """Compare each calendar with what was recorded; gives how many subjects are looked at again. The caller commits.

    1. A calendar that was never recorded is recorded: nothing is known to have changed.
    2. One that differs: record it, one audit row with what differs and which days it moves, and a mark on what rests
       on these days. Slots and posts of past days keep the hours they had, but for days that the calendar names.
    """
    marked = 0
    for name, spec in sorted(specs.items()):
        table = spec_table(spec)
        told = json.dumps(table, ensure_ascii=False, sort_keys=True)
        kept = meta.text(conn, RECORDED + name)
        if kept is None:
            meta.set_text(conn, RECORDED + name, told)
        elif kept != told and meta.swap_text(conn, RECORDED + name, kept, told):  # of replicas that start, the first
            marked += _changed(conn, _Change(name=name, before=json.loads(kept), after=table), registry, now)
    return marked


@dataclass(frozen=True, kw_only=True)
class _Change:
    """One calendar's table as it was recorded and as it is."""

    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def keys(self) -> list[str]:
        return [key for key in self.after if self.after[key] != self.before.get(key)]

    @property
    def named_days(self) -> set[date]:
        """Dates whose override is new, gone or another."""
        rows = [{row["date"]: row for row in table["override"]} for table in (self.before, self.after)]
        return {date.fromisoformat(d) for d in rows[0].keys() | rows[1].keys() if rows[0].get(d) != rows[1].get(d)}

    def days(self, conn: Connection, today: date) -> list[date]:
        """All dates with other hours, as far back as anything rests on and a year and more ahead. A zone alone moves
        nothing in a hall, which has its own.
        """
        first, last = conn.execute(select(func.min(SUBJECT.c.rests_from), func.max(SUBJECT.c.rests_until))).one()
        named = self.named_days
        first = min(first or today, today, *named)
        last = max(last or today, today, *named) + AHEAD
        notices = load_notices(conn)
        old, new = (load_spec(dict(table), self.name) for table in (self.before, self.after))
        if self.keys != ["zone"]:
            old = replace(old, zone=new.zone)
        return differing_days(build_calendar(old, notices), build_calendar(new, notices), first, last)


def _changed(conn: Connection, change: _Change, registry: Registry, now: datetime) -> int:
    today = build_calendar(load_spec(dict(change.after), change.name)).local_date(now)
    days = change.days(conn, today)
    spans = _few(days)
    named = change.named_days
    on = [day for day in days if day in named or today <= day <= today + EXPECTED_AHEAD]
    cause = f"日历变更 calendar changed: {change.name}: {spans_text(spans)}"
    within = _using(conn, change.name, registry)
    marked = wake_dates(conn, spans, due=now, cause=cause, sessions=spans_of(on), within=within) if days else 0
    if on:
        recede(conn, min(on))
    told = {key: {"before": change.before.get(key), "after": change.after[key]} for key in change.keys}
    body = {"values": told, "days": spans_text(spans), "marked": marked}
    audit.record(conn, now, "system", "calendar.change", "calendar", change.name, body)
    return marked


def _few(days: Iterable[date]) -> list[tuple[date, date]]:
    """Stretches of days; a week that changes every week is one stretch, for the statement must stay short."""
    spans = spans_of(days)
    if len(spans) <= MOST_SPANS:
        return spans
    joined = spans[:1]
    for first, last in spans[1:]:
        if first - joined[-1][1] <= timedelta(days=31):
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _using(conn: Connection, name: str, registry: Registry) -> ColumnElement[bool]:
    """The subjects whose working time this calendar says; those of no known hall too, as they are few."""
    halls = [hall.id for hall in registry.halls.values() if hall.calendar == name]
    own = {w.id: w.calendar or registry.halls[w.hall].calendar for w in registry.windows.values()}
    windows = [window for window, calendar in own.items() if calendar == name]
    about = sorted({*halls, *(registry.windows[w].hall for w in windows)})
    here = or_(SUBJECT.c.hall.is_(None), SUBJECT.c.hall.in_(halls))
    kind, key = SUBJECT.c.kind, SUBJECT.c.key
    calendars = {row.id: row.calendar for row in conn.execute(select(SOURCE.c.id, SOURCE.c.calendar)) if row.calendar}
    mine = [source for source, calendar in calendars.items() if calendar == name]
    others = [source for source in calendars if source not in mine]
    told = select(CASE.c.case_key)
    at_windows = select(TASK.c.task).where(TASK.c.window.in_(windows))
    elsewhere = select(TASK.c.task).where(TASK.c.window.in_([w for w in own if w not in windows]))
    return or_(
        and_(kind == "case", key.in_(told.where(CASE.c.source.in_(mine)))) if mine else kind.in_(()),
        and_(kind == "case", here, key.not_in(told.where(CASE.c.source.in_(others))) if others else here),
        and_(kind.in_(("order", "slot")), here),
        and_(kind == "task", or_(key.in_(at_windows), and_(here, key.not_in(elsewhere)))),
        and_(kind == "post", func.substr(key, 1, func.length(key) - SESSION_SUFFIX).in_(windows)),
        and_(
            kind.not_in(("case", "order", "slot", "task", "post")),
            or_(SUBJECT.c.hall.is_(None), SUBJECT.c.hall.in_(about)),
        ),
    )
