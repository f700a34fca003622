"""Rows for the findings across cases: ratings that name one, every case's first event, entries and completions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, func, select

from monitor.store.facts.cases import CASE
from monitor.store.facts.look import Look
from monitor.store.schema import RatingRow
from monitor.store.sql import chunks, table_of
from monitor.timeliness.integrity_hall import Entered, Rated
from monitor.workcal import WorkCalendar

RATING: Final = table_of(RatingRow)
_ENTERED: Final = ("case_key", "event_id", "event", "at", "entered", "staff", "window", "source")


def rated_cases(look: Look) -> list[Rated]:
    """Every rating known at `look.now` that names a case."""
    query = select(RATING).where(RATING.c.case_key.is_not(None), RATING.c.received <= look.now, RATING.c.at <= look.now)
    return [
        Rated(key=f"{row.source}/{row.event_id}", case=row.case_key, at=row.at, tags=tuple(row.tags or ()))
        for row in look.conn.execute(query.order_by(RATING.c.at, RATING.c.id))
    ]


def known_cases(look: Look, keys: Iterable[str]) -> dict[str, bool]:
    """Whether each of the cases has any event."""
    wanted = sorted(set(keys))
    found: dict[str, bool] = dict.fromkeys(wanted, False)
    for some in chunks(wanted):
        query = select(CASE.c.case_key).where(CASE.c.case_key.in_(some), CASE.c.received <= look.now).distinct()
        found.update(dict.fromkeys(look.conn.execute(query).scalars(), True))
    return found


def completed_cases(look: Look, keys: Sequence[str]) -> dict[str, datetime]:
    """When each of the cases was first completed; open ones are left out."""
    found: dict[str, datetime] = {}
    for some in chunks(sorted(set(keys))):
        query = (
            select(CASE.c.case_key, func.min(CASE.c.at).label("at"))
            .where(CASE.c.case_key.in_(some), CASE.c.event == "completed", CASE.c.received <= look.now)
            .group_by(CASE.c.case_key)
        )
        found |= {row.case_key: row.at for row in look.conn.execute(query)}
    return found


def first_events(look: Look) -> dict[str, datetime]:
    """Every case with the time of its first event."""
    query = select(CASE.c.case_key, func.min(CASE.c.at).label("at")).where(CASE.c.received <= look.now)
    return {row.case_key: row.at for row in look.conn.execute(query.group_by(CASE.c.case_key))}


def entries(look: Look) -> list[Entered]:
    """Case events that say when they were keyed in, and all completions, with who told them and the hours there."""

    def calendars(window: str | None, staff: str | None, source: str) -> tuple[WorkCalendar, WorkCalendar]:
        """That of the hall, which counts days, and that of the window."""
        registry, book = look.registry, look.book
        known = registry.windows.get(window or "")
        hall = known.hall if known is not None else registry.hall_of_staff(staff)
        days = book.for_source(registry, source, hall)
        return days, book.for_window(registry, window) if known is not None and known.calendar else days

    def of(row: Row[Any]) -> tuple[WorkCalendar, WorkCalendar]:
        key = (row.window, row.staff, row.source)
        return look.once(("calendars", *key), partial(calendars, *key))

    query = select(*(CASE.c[name] for name in _ENTERED)).where(
        (CASE.c.entered.is_not(None)) | (CASE.c.event == "completed"), CASE.c.received <= look.now
    )
    return [
        Entered(
            calendar=of(row)[0],
            hours=of(row)[1],
            case=row.case_key,
            event_id=row.event_id,
            event=row.event,
            at=row.at,
            entered=row.entered,
            by=f"staff:{row.staff}" if row.staff else f"window:{row.window}" if row.window else f"device:{row.source}",
        )
        for row in look.conn.execute(query)
    ]


def documented_sources(look: Look) -> frozenset[str]:
    """Sources that name the document of a result with some completion: what the others leave out is no finding."""
    query = select(CASE.c.source).where(
        CASE.c.event == "completed", CASE.c.received <= look.now, CASE.c.body["result_doc"].as_string().is_not(None)
    )
    return frozenset(look.conn.execute(query.distinct()).scalars())
