"""Objects of the cycle's second half for the walk through all routes; each named after the place where it lies."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from monitor.store import cycle
from tests.http_app import NOW
from tests.people_at_work import PLACES

FIRST: Final = {"circular": 820_000, "feedback": 821_000, "nomination": 822_000, "score_review": 823_000}
"""Numbers that are found in an answer nowhere else."""


def put(conn: Connection, table: Any, place: str, values: dict[str, Any], *, beyond: int = 0, **said: str) -> str:
    number = FIRST[table.name] + beyond + list(PLACES).index(place)
    at = {name: value for name, value in PLACES[place].items() if name in table.c}
    cycle.add(conn, table, {"id": number, **at, **values})
    cycle.say(conn, table, number, said, author="somebody", about=at.get("staff"), now=NOW)
    return str(number)


def put_circular(conn: Connection, place: str, beyond: int = 0) -> str:
    """A draft: it is supervision's alone."""
    row = {"period": "2026-02", "digest": "d", "drafted_by": "somebody", "drafted_at": NOW}
    return put(conn, cycle.CIRCULAR, place, row, beyond=beyond, title=f"«{place}»", text=f"«{place}»")


def put_rewritten(conn: Connection, place: str) -> str:
    """A draft to be written anew: whoever does that may not issue it, so it is another than `put_circular`'s."""
    return put_circular(conn, place, beyond=500)


def put_feedback(conn: Connection, place: str) -> str:
    row = {"period": "2026-02", "digest": "d", "issued_by": "somebody", "issued_at": NOW}
    return put(conn, cycle.FEEDBACK, place, row)


def put_nomination(conn: Connection, place: str) -> str:
    row = {"period": "2025-Q4", "ledger": "staff", "whom": PLACES[place]["staff"], "nominated_by": "somebody"}
    return put(conn, cycle.NOMINATION, place, {**row, "nominated_at": NOW}, reason=f"«{place}»")


def put_review(conn: Connection, place: str) -> str:
    row = {"ledger": "staff", "whom": PLACES[place]["staff"], "period": "2026-02", "asked_by": "somebody"}
    return put(conn, cycle.REVIEW, place, {**row, "asked_at": NOW, "countered": []}, reason=f"«{place}»")
