"""Which months of a hall are open for assessment, and in which one a correction of a closed one is booked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from monitor.model import Registry
from monitor.store import ledgers, rulebooks

MOST: Final = 24
"""Months looked at: a book that was put in force from long ago on is no reason to read years each day."""


def month_now(registry: Registry, hall: str, now: datetime) -> str:
    """The hall's month at `now`."""
    return f"{now.astimezone(registry.zone_of(hall)):%Y-%m}"


def month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def month_after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year}-{number + 1:02}" if number < 12 else f"{year + 1:04}-01"


def open_month(closed: Collection[str], current: str) -> str:
    """Where a correction is booked: the month after the last closed one, the current one where none is closed."""
    return month_after(max(closed)) if closed else current


def months_to_assess(conn: Connection, registry: Registry, hall: str, now: datetime, *, back: int) -> list[str]:
    """The current month and those before it in which the hall has a rule book: all that are open, of the closed ones
    the latest `back`, the earliest first. Empty for a hall without a book.
    """
    closed = ledgers.closed_months(conn, hall)
    month = month_now(registry, hall, now)
    found: list[str] = []
    for _ in range(MOST):
        if rulebooks.in_force(conn, hall, month) is None:
            break
        if month not in closed or back > 0:
            found.append(month)
            back -= month in closed
        month = month_before(month)
    return found[::-1]
