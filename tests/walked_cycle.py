"""Objects of the assessment's cycle for the walk through all routes; each named after the place where it lies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Table

from monitor.store import cycle
from tests.http_app import NOW
from tests.people_at_work import PLACES

FIRST: Final = {"cycle_task": 810_000, "week_summary": 811_000, "self_assessment": 812_000, "talk": 813_000}
"""Numbers that are found in an answer nowhere else; the first place has the highest, behind which the store goes on."""


def put(conn: Connection, table: Table, place: str, values: dict[str, Any], **said: str) -> str:
    """The row at the place, and what was written on it; its number."""
    number = FIRST[table.name] + 9 - list(PLACES).index(place)
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


def put_week(conn: Connection, place: str) -> str:
    """A summary of the place's hall."""
    week = f"2026-W0{list(PLACES).index(place) + 1}"
    row = {"week": week, "figures": {}, "made_by": "somebody", "made_at": NOW}
    return put(conn, cycle.WEEK, place, row, text=f"«{place}»")


def put_self(conn: Connection, place: str) -> str:
    """What the place's window handed in, not reviewed yet."""
    row = {"month": "2026-03", "points_cents": 9800, "handed_by": "somebody", "handed_at": NOW}
    return put(conn, cycle.SELF, place, row, text=f"«{place}»")


def put_talk(conn: Connection, place: str) -> str:
    """A talk with the place's person that is to be held."""
    row = {"period": "2026-02", "ledger": "staff", "whom": PLACES[place]["staff"], "due": NOW + timedelta(days=3)}
    return put(conn, cycle.TALK, place, row, talked=f"«{place}»")
