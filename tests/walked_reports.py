"""Reports of assessment that roles are walked over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from monitor.store import sheetjobs
from tests.people_at_work import PLACES


def put_report(conn: Connection, place: str) -> str:
    """A report of the hall at the place that waits; its number."""
    now = datetime.now(UTC)
    row = {"hall": PLACES[place]["hall"], "month": "2026-02", "format": "xlsx", "asked_by": "test", "asked_at": now}
    asked = {"kind": "all", "window": "", "names": ""}
    number = 895_000 + list(PLACES).index(place)
    given = {"id": number, "work": "report", "asked": asked, **row, "expires": now + timedelta(days=1)}
    return str(number if sheetjobs.find(conn, number) is not None else sheetjobs.add(conn, given))
