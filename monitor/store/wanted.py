"""That a hall's ledgers want bringing up to date before their daily time: what people decided, entered, closed.

A counter of the store a hall: whichever process wrote, the daemon sees it (`app.assessor`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from monitor.store import meta

WANTED: Final = "assess_wanted"
DONE: Final = "assess_done"


def want(conn: Connection, hall: str) -> None:
    """Raise it, in the transaction of what makes it wanted."""
    meta.bump(conn, f"{WANTED}:{hall}")


def wanted(conn: Connection, hall: str) -> int:
    return meta.version(conn, f"{WANTED}:{hall}")


def done(conn: Connection, hall: str) -> tuple[int, str]:
    """How far it was followed by the last run, and that run's day (YYYY-MM-DD; empty: there was none)."""
    found = (meta.text(conn, f"{DONE}:{hall}") or "0 ").partition(" ")
    return int(found[0]), found[2]


def set_done(conn: Connection, hall: str, upto: int, day: str) -> None:
    meta.set_text(conn, f"{DONE}:{hall}", f"{upto} {day}")
