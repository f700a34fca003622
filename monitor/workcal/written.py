"""A CalendarSpec as the table of a config/calendar/*.toml that it could have been read from (JSON values). Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from monitor.workcal.calendar import WorkCalendar
from monitor.workcal.spec import DAY_KEYS, MIDNIGHT, CalendarSpec, Hours, Week


def spec_table(spec: CalendarSpec) -> dict[str, Any]:
    """`load_spec` of it gives the spec back, but for its name; equal specs have equal tables."""
    return {
        "zone": spec.zone,
        "country": spec.country,
        "weekly": _week(spec.week),
        "make_up": _hours(spec.make_up),
        "season": [
            {"from": "{:02}-{:02}".format(*s.first), "to": "{:02}-{:02}".format(*s.last), "weekly": _week(s.week)}
            for s in spec.seasons
        ],
        "override": [
            {"date": o.date.isoformat(), "kind": o.kind, "name": o.name, "hours": _hours(o.hours)}
            for o in sorted(spec.overrides, key=lambda o: o.date)
        ],
    }


def differing_days(one: WorkCalendar, other: WorkCalendar, first: date, last: date) -> list[date]:
    """The dates first … last that have other sessions, or that only one of the two publishes."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        day
        for day in days
        if one.sessions(day) != other.sessions(day) or one.is_published(day) != other.is_published(day)
    ]


def _week(week: Week) -> dict[str, list[str]]:
    return {key: _hours(hours) for key, hours in zip(DAY_KEYS, week, strict=True)}


def _hours(hours: Hours) -> list[str]:
    return [f"{start:%H:%M}-{'24:00' if end == MIDNIGHT else f'{end:%H:%M}'}" for start, end in hours]
