"""Objects of the assessment's cycle for the walk through all routes; each named after the place where it lies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Table

from monitor.store import cycle
from tests.http_app import NOW
from tests.people_at_work import PLACES

FIRST: Final = {"cycle_task": 810_000, "week_summary": 811_000, "self_assessment": 812_000, "talk": 813_000}
"""Numbers that are found in an answer nowhere else."""


def put(conn: Connection, table: Table, place: str, values: dict[str, Any], **said: str) -> str:
    """The row at the place, and what was written on it; its number."""
    number = FIRST[table.name] + list(PLACES).index(place)
    at = {name: value for name, value in PLACES[place].items() if name in table.c}
    cycle.add(conn, table, {"id": number, **at, **values})
    cycle.say(conn, table, number, said, author="somebody", about=at.get("staff"), now=NOW)
    return str(number)


def put_task(conn: Connection, place: str) -> str:
    """A self-assessment that the place's window owes. The role `staff` reaches none: no task is owed by a person."""
    window = PLACES[place]["window"]
    task = f"assess.self/2026-03/{PLACES[place]['hall']}/{window}"
    row = {"task": task, "sort": "self", "period": "2026-03", "due": NOW + timedelta(days=9), "opened_at": NOW}
    return put(conn, cycle.TASK, place, row)
