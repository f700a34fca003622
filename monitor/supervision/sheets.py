"""Sheets made in the background (考勤表): asking for one, looking at them, taking one away. The caller commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, Target, refusal
from monitor.model import Registry
from monitor.store import audit, sheetjobs
from monitor.store.sheetjobs import JOB
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

CLOSE: Final = "attendance:close"
FORMATS: Final = ("xlsx", "pdf")
MOST_OPEN: Final = 3
"""Of one user that are not made yet, of a kind."""
MOST_KEPT: Final = 20
"""Of one user in all, of a kind: the oldest are to be taken away first."""
WORK: Final[tuple[sheetjobs.Work, ...]] = ("attendance",)


def ask(
    conn: Connection, registry: Registry, who: Principal, hall: str, month: str, unit: str | None, kind: str, *,
    days: int, now: datetime,
) -> int:  # fmt: skip
    """Ask for a sheet; gives its number. `now` is real time; it expires `days` later. Raises Refused."""
    require_place(registry, who, hall, unit)
    if kind not in FORMATS:
        raise Refused(f"{kind[:20]!r} 不在可选值之内 is none of {', '.join(FORMATS)}", field="format")
    require_room(conn, who, WORK)
    number = sheetjobs.add(
        conn,
        {
            "work": "attendance", "hall": hall, "month": month, "unit": unit, "format": kind, "asked_by": who.id,
            "asked_at": now, "expires": now + timedelta(days=days),
        },
    )  # fmt: skip
    told = {"hall": hall, "month": month, "unit": unit, "format": kind}
    audit.record(conn, now, who.id, "sheet.asked", "sheet", str(number), told)
    return number


def require_room(conn: Connection, who: Principal, works: Collection[sheetjobs.Work]) -> None:
    """Refuse more than somebody may have of these kinds, being made or kept."""
    waiting, every = sheetjobs.counts(conn, who.id, works)
    if waiting >= MOST_OPEN:
        raise Refused(
            f"已有 {waiting} 份在制，每人至多 {MOST_OPEN} 份 so many of yours are not made yet,"
            f" at most {MOST_OPEN}: wait or cancel one",
            sort="state",
        )
    if every >= MOST_KEPT:
        raise Refused(
            f"已存 {every} 份，每人至多 {MOST_KEPT} 份，请先删除旧的 so many of yours are kept, at most"
            f" {MOST_KEPT}: delete old ones first",
            sort="state",
        )


def require_place(registry: Registry, who: Principal, hall: str, unit: str | None) -> None:
    """Refuse alike a hall or unit that there is not and one beyond reach."""
    if hall not in registry.halls or refusal(who, CLOSE, Target(hall=hall)) is not None:
        raise _unknown(hall, "hall")
    if unit is not None and (unit not in registry.units or registry.units[unit].hall != hall):
        raise _unknown(unit, "unit")


def _unknown(name: str, field: str) -> Refused:
    return Refused(f"{name[:64]!r} 未登记 not in the registry; `jiancha registry export` 列出 lists them", field=field)


def listed(conn: Connection, who: Principal, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """The newest `limit` + 1 within reach."""
    return sheetjobs.listed(conn, WORK, within(who, JOB.c), before, limit)


def require(conn: Connection, who: Principal, number: int) -> Row[Any]:
    """The sheet. Raises Refused alike for a number that there is not and for one beyond reach."""
    row = sheetjobs.find(conn, number)
    if row is None or row.work not in WORK or refusal(who, CLOSE, Target(hall=row.hall)) is not None:
        raise Refused(f"sheet {number}: 没有这个号的考勤表 there is none of this number", sort="missing")
    return row


def content(conn: Connection, who: Principal, number: int, now: datetime) -> tuple[Row[Any], bytes]:
    """The sheet with its bytes; that somebody took it stands in the audit. Raises Refused."""
    row = require(conn, who, number)
    found = sheetjobs.body(conn, number) if row.expires > now else None
    if found is None:
        raise Refused(f"sheet {number}: 尚未制成或已过期 is not made yet, or has expired", sort="state")
    told = {"hall": row.hall, "month": row.month, "unit": row.unit, "digest": row.digest}
    audit.record(conn, now, who.id, "sheet.taken", "sheet", str(number), told)
    return row, found


def drop(conn: Connection, who: Principal, number: int, now: datetime) -> None:
    """Cancel it where it is not made yet, delete it where it is. Raises Refused."""
    row = require(conn, who, number)
    sheetjobs.drop(conn, number)
    audit.record(conn, now, who.id, "sheet.deleted", "sheet", str(number), {"hall": row.hall, "state": row.state})
