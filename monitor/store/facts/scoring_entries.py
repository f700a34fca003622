"""When case events were keyed in, and completions outside working hours: the rows of a month that can be a finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, or_, select

from monitor.model import CASE_EVENT_NAMES
from monitor.store.facts.cases import CASE, SOURCE
from monitor.store.facts.scoring_month import HallMonth
from monitor.timeliness.integrity_hall import Entered
from monitor.workcal import WorkCalendar

BEFORE: Final = timedelta(days=45)
"""Two late entries may be 20 working days apart, the first of them in the month before."""
SOON: Final = timedelta(hours=12)
"""Whatever was keyed in so soon was not late by any count of whole working days."""
_SHOWN: Final = tuple(
    CASE.c[name] for name in ("case_key", "event_id", "event", "at", "entered", "staff", "window", "source")
)


@dataclass(frozen=True, slots=True)
class Entries:
    """`completed`: completions of the month outside hours. `entered`: of each hand that was late in the month, all that
    it keyed in since some time before.
    """

    completed: list[Entered]
    entered: list[Entered]


def case_sources(m: HallMonth) -> list[str]:
    """All that may tell of a case of the hall, whatever hall they are registered in; for the index."""
    known = {d.id for d in m.look.registry.devices.values() if d.allows("case")}
    return sorted(known | set(m.look.conn.execute(select(SOURCE.c.id)).scalars()))


def entries_of(m: HallMonth) -> Entries:
    """What of the month the checks across cases are asked about."""
    told = _rows(m, m.start, m.end, or_(CASE.c.event == "completed", CASE.c.entered.is_not(None)))
    keyed = [row for row in told if row.entered is not None]
    late = {_hand(row) for row in keyed if row.entered - row.at > SOON}
    if late:
        keyed += _rows(m, m.start - BEFORE, m.start, CASE.c.entered.is_not(None))
    done = [row for row in told if row.event == "completed" and not _inhours_of(m, row)]
    return Entries(completed=_made(m, done), entered=_made(m, (row for row in keyed if _hand(row) in late)))


def _rows(m: HallMonth, start: datetime, end: datetime, condition: ColumnElement[bool]) -> list[Row[Any]]:
    """Of the hall's windows; of a person's hall where no window is named."""
    windows, people = set(m.windows), set(m.people)
    query = select(*_SHOWN).where(
        CASE.c.source.in_(case_sources(m)), CASE.c.event.in_(CASE_EVENT_NAMES), CASE.c.at >= start, CASE.c.at < end,
        CASE.c.received <= m.look.now, condition,
    )  # fmt: skip
    rows: Sequence[Row[Any]] = m.look.conn.execute(query).all()
    return [row for row in rows if (row.window in windows if row.window else row.staff in people)]


def _inhours_of(m: HallMonth, row: Row[Any]) -> bool:
    at = row.entered or row.at
    hours = hours_of(m, row.window)
    return hours.open_at(at) or hours.open_at(at - timedelta(seconds=1))


def hours_of(m: HallMonth, window: str | None) -> WorkCalendar:
    """The window's own, which may be open when the hall is not (B10)."""

    def found() -> WorkCalendar:
        known = m.look.registry.windows.get(window or "")
        return m.look.book.for_window(m.look.registry, known.id) if known is not None and known.calendar else m.calendar

    return m.look.once(("hours", m.hall, window), found)


def _hand(row: Row[Any]) -> str:
    return f"staff:{row.staff}" if row.staff else f"window:{row.window}"


def _made(m: HallMonth, rows: Iterable[Row[Any]]) -> list[Entered]:
    return [
        Entered(
            calendar=m.calendar,
            hours=hours_of(m, row.window),
            case=row.case_key,
            event_id=row.event_id,
            event=row.event,
            at=row.at,
            entered=row.entered,
            by=_hand(row),
        )
        for row in rows
    ]
