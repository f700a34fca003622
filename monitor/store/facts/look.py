"""What every loader of facts shares: one look at the store at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row

from monitor.attendance.policy import SlotPreset
from monitor.model import Registry, Span
from monitor.store.calendars import CalendarBook
from monitor.store.sources import Sources
from monitor.values import Value
from monitor.workcal import WorkCalendar

T = TypeVar("T")

MARGIN: Final = timedelta(days=2)
"""Rows are read by their uncorrected time: this much around a day, then filtered by the corrected time."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """The daemon's own path to the broker: up since `heard_since` (None: not known), earlier outages in `deaf`.

    `in_hand`: devices of which a heartbeat was heard that is not stored yet.
    """

    up: bool = True
    heard_since: datetime | None = None
    deaf: tuple[Span, ...] = ()
    in_hand: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at the store: facts with `at` or `received` after `now` do not count (DESIGN §5)."""

    conn: Connection
    now: datetime
    registry: Registry
    book: CalendarBook
    sources: Sources
    presets: Mapping[str, SlotPreset]
    path: Path = Path()
    workday_roles: frozenset[str] = frozenset()
    """Roles of the rota that make a day off a day of work (`roster.workday_roles`, B10)."""
    _remembered: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """What `make` gives, made once a look: many slots share a day, a person, a terminal."""
        if key not in self._remembered:
            self._remembered[key] = make()
        found: T = self._remembered[key]
        return found

    def counts(self, row: Row[Any]) -> bool:
        """Whether the row is known at `now`."""
        return bool(row.received <= self.now)


class Loaded(Value, frozen=True, kw_only=True):
    """The facts of one subject with what the loop needs beside them.

    `more_at`: when the next fact that is already stored, but received after `now`, comes into view (None: none is).
    """

    facts: Any
    calendar: WorkCalendar | None
    hall: str | None
    more_at: datetime | None = None


def utc_span(first: date, last: date) -> Span:
    """[start, end) in UTC that holds the local days first … last of any zone."""
    midnight = time(tzinfo=UTC)
    return datetime.combine(first, midnight) - timedelta(days=1), datetime.combine(last, midnight) + timedelta(days=2)


def next_receipt(rows: Iterable[Row[Any]], now: datetime) -> datetime | None:
    """The earliest receipt after `now` among rows."""
    return min([r.received for r in rows if r.received > now], default=None)
