"""What comes of a request once it is approved: the rows that `plans import` would write (报备)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from monitor.store import planrequests
from monitor.store.planrequests import PREFIX
from monitor.store.plans import KINDS
from monitor.store.upsert import Row

TABLES: Final = {"leave": "leave", "trip": "trips", "lieu": "lieu"}
"""Kinds that are leave of some sort, and their tables as in files."""


def rows_of(conn: Connection, request: Any, approver: str, now: datetime) -> dict[str, list[Row]]:
    """The rows of an approved request, by table as in files; `approver` as the registry or the users know them."""
    new = f"{PREFIX}{request.number}"
    if request.kind == "return":
        return _returned(conn, request)
    span = {"starts": request.starts, "ends": request.ends}
    signed = {"approver": approver, "approved_at": now}
    if request.kind == "correction":
        row = {
            "id": new, "staff": request.staff, "day": request.day, "slot": request.slot, "at": request.starts,
            "reason": request.reason, **signed,
        }  # fmt: skip
        return {"corrections": [row]}
    if request.kind == "outing":
        return {"outings": [{"id": new, "staff": request.staff, **span}]}
    cover = {"id": new, "window": request.window, "staff": request.substitute, **span, "letter": request.letter}
    if request.kind == "cover":
        return {"substitutes": [cover]}
    row = {"id": new, "staff": request.staff, **span, **signed}
    if request.kind == "lieu":
        row["overtime"] = request.overtime
    else:
        row["letter"] = request.letter
    if request.kind == "leave":
        row |= {"kind": request.leave_kind or "other", "filed_at": request.filed_at}
    return {TABLES[request.kind]: [row], **({"substitutes": [cover]} if request.substitute else {})}


def _returned(conn: Connection, request: Any) -> dict[str, list[Row]]:
    """The leave with its new end, and the cover that was filed together with it. One that ends as it begins is
    cancelled: the row stays, and is no leave to anybody (`plans.leaves`).
    """
    table, _, plan = request.about.partition("/")
    found: dict[str, list[Row]] = {}
    for name, row in _together(conn, table, plan):
        if request.ends < row["ends"]:
            found[name] = [{**row, "ends": max(row["starts"], request.ends)}]
    return found


def _together(conn: Connection, table: str, plan: str) -> list[tuple[str, Row]]:
    leave = plan_row(conn, table, plan)
    found: list[tuple[str, Row]] = [(table, leave)] if leave is not None else []
    origin = planrequests.written_by(conn, table, plan)
    cover = (origin.plans or {}).get("substitutes") if origin is not None else None
    row = plan_row(conn, "substitutes", cover) if cover is not None else None
    return [*found, *([("substitutes", row)] if row is not None else [])]


def plan_row(conn: Connection, table: str, plan: str) -> Row | None:
    """A stored plan row by its table as in files."""
    of = KINDS[table].table
    found = conn.execute(select(of).where(of.c.id == plan)).mappings().first()
    return dict(found) if found is not None else None
