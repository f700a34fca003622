"""Reports of assessment made in the background (考评报表): asking for one, looking at them, taking one. Callers commit.

A signed period's files are made of what was signed, byte for byte the same each time; an open one's are marked 预览稿.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, true

from monitor.access import Principal
from monitor.store import audit, cycle, sheetjobs
from monitor.store.facts.look import Look
from monitor.store.sheetjobs import JOB
from monitor.supervision.assessment import closing
from monitor.supervision.assessment.cycle.ground import rows_within
from monitor.supervision.assessment.cycle.weeks import days_of
from monitor.supervision.assessment.gathered import require_kind
from monitor.supervision.refused import Refused
from monitor.supervision.sheets import require_room

WORKS: Final[tuple[sheetjobs.Work, ...]] = ("report",)
WEEK: Final = "week"
FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "all": ("xlsx", "pdf", "zip", "json"),
    "sheets": ("xlsx", "pdf"),
    "ranking": ("xlsx", "pdf"),
    "statistics": ("xlsx", "pdf"),
    "circular": ("docx", "pdf", "xlsx"),
    "feedback": ("docx", "pdf", "xlsx"),
    WEEK: ("xlsx", "pdf"),
}
"""Kinds of `exports.assessment`, and the weekly summary; each with the formats that there are of it."""
NAMINGS: Final = ("full", "masked", "none")


def ask(
    look: Look, who: Principal, hall: str, period: str, *, kind: str, form: str, window: str = "", naming: str = "",
    days: int, now: datetime,
) -> int:  # fmt: skip
    """Ask for a report; gives its number. `now` is real time; it expires `days` later. Raises Refused.

    `window`: whose feedback letter; `naming`: of people in circulars, empty: as `assessment.circular_names` has it.
    """
    forms = FORMS.get(kind)
    if forms is None:
        raise Refused(f"{kind[:20]!r} 不在可选值之内 is none of {', '.join(FORMS)}", field="kind")
    if form not in forms:
        raise Refused(f"{form[:20]!r}: 此种报表只有 of this kind there is {', '.join(forms)}", field="format")
    if naming and naming not in NAMINGS:
        raise Refused(f"{naming[:20]!r} 不在可选值之内 is none of {', '.join(NAMINGS)}", field="names")
    _require_subject(look, who, hall, period, kind, window)
    require_room(look.conn, who, WORKS)
    asked = {"kind": kind, "window": window, "names": naming}
    values = {
        "work": "report", "hall": hall, "month": period, "format": form, "asked": asked, "asked_by": who.id,
        "asked_at": now, "expires": now + timedelta(days=days),
    }  # fmt: skip
    number = sheetjobs.add(look.conn, values)
    told = {"hall": hall, "period": period, "format": form, **asked}
    audit.record(look.conn, now, who.id, "scores.report_asked", "report", str(number), told)
    return number


def _require_subject(look: Look, who: Principal, hall: str, period: str, kind: str, window: str) -> None:
    """The hall, the period or week, the window of a letter: alike what there is not and what is beyond reach."""
    if hall not in look.registry.halls or not closing.sees(who, hall):
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall")
    if kind == WEEK:
        days_of(period)
        week = cycle.WEEK
        if not rows_within(look, who, week, week.c.hall == hall, week.c.week == period):
            raise Refused(f"{period} 没有周小结 has no summary: make it first", field="period", sort="state")
        return
    require_kind(period)
    known = look.registry.windows.get(window)
    if kind == "feedback" and (known is None or known.hall != hall):
        raise Refused(f"{window[:64]!r}: 反馈函须指明窗口 a feedback letter is one window's: name it", field="window")
    if kind != "feedback" and window:
        raise Refused("只用于反馈函 is for a feedback letter alone", field="window")


def listed(look: Look, who: Principal, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """The newest `limit` + 1 of the halls within reach."""
    halls = [hall for hall in look.registry.halls if closing.sees(who, hall)]
    return sheetjobs.listed(look.conn, WORKS, JOB.c.hall.in_(halls) if halls else ~true(), before, limit)


def require(conn: Connection, who: Principal, number: int) -> Row[Any]:
    """The report. Raises Refused alike for a number that there is not and for one beyond reach."""
    row = sheetjobs.find(conn, number)
    if row is None or row.work not in WORKS or not closing.sees(who, row.hall):
        raise Refused(f"report {number}: 没有这个号的报表 there is none of this number", sort="missing")
    return row


def content(conn: Connection, who: Principal, number: int, now: datetime) -> tuple[Row[Any], bytes]:
    """The report with its bytes; that somebody took it stands in the audit. Raises Refused."""
    row = require(conn, who, number)
    found = sheetjobs.body(conn, number) if row.expires > now else None
    if found is None:
        raise Refused(f"report {number}: 尚未制成或已过期 is not made yet, or has expired", sort="state")
    told = {"hall": row.hall, "period": row.month, "format": row.format, "digest": row.digest, **row.asked}
    audit.record(conn, now, who.id, "scores.report_taken", "report", str(number), told)
    return row, found


def drop(conn: Connection, who: Principal, number: int, now: datetime) -> None:
    """Cancel it where it is not made yet, delete it where it is. Raises Refused."""
    row = require(conn, who, number)
    sheetjobs.drop(conn, number)
    told = {"hall": row.hall, "period": row.month, "state": row.state}
    audit.record(conn, now, who.id, "scores.report_deleted", "report", str(number), told)
