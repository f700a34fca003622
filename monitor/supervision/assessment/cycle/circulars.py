"""Circulars on closed periods (通报: H04, H09, A06): drafted by one, issued by another with its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from monitor.access import Principal
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision import notices
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    CLOSE,
    MARK,
    document,
    record,
    require_closed,
    require_hall,
    require_period,
    require_row,
    rows_within,
    today,
    words,
)
from monitor.supervision.refused import Refused


def draft(look: Look, who: Principal, hall: str, period: str, title: str, text: str) -> int:
    """Draft one on a closed period; it refers to the digest of what was signed. Its number. Raises Refused."""
    require_hall(look, who, MARK, hall)
    require_period(period, "month", "quarter", "half", "year")
    closed, said = require_closed(look, hall, period), words(title=title, text=text)
    values = {"hall": hall, "period": period, "digest": closed.digest, "drafted_by": who.id, "drafted_at": look.now}
    number = cycle.add(look.conn, cycle.CIRCULAR, values)
    cycle.say(look.conn, cycle.CIRCULAR, number, said, author=who.id, about=None, now=look.now)
    body = {"hall": hall, "period": period, "digest": closed.digest}
    record(look, who, "assess.circular_drafted", cycle.CIRCULAR, number, body, private=said)
    return number


def issue(look: Look, who: Principal, number: int, numbered: str, public_days: int | None = None) -> int | None:
    """Issue it under its number (文号). `public_days`: a draft of a public notice of it for so many days is written,
    which somebody else releases (A06); gives that one's number. Raises Refused: for who drafted it, for a period that
    was closed anew since.
    """
    table = cycle.CIRCULAR
    row = require_row(look, who, CLOSE, table, number, ("通报", "circular"))
    given = document(numbered)
    if not given:
        raise Refused("须写明文号 its number is needed", field="document")
    if row.drafted_by == who.id:
        raise Refused("拟稿人不能签发 whoever drafted it does not issue it", sort="role")
    if row.digest != require_closed(look, row.hall, row.period).digest:
        raise Refused("所据考评结果已更正，请重新拟稿 the period was corrected since: draft it anew", sort="state")
    notice = None
    if public_days is not None:
        notice = _notice(look, who, row, given, public_days)
    values = {"state": "issued", "document": given, "issued_by": who.id, "issued_at": look.now, "notice": notice}
    if not cycle.change(look.conn, table, number, table.c.state == "draft", **values):
        raise Refused(f"{number}: 已签发 was issued already", sort="state")
    tasks.done(look, row.hall, "circular", row.period)
    body = {"hall": row.hall, "period": row.period, "digest": row.digest, "document": given, "notice": notice}
    record(look, who, "assess.circular_issued", table, number, body)
    return notice


def _notice(look: Look, who: Principal, row: Row[Any], numbered: str, days: int) -> int:
    texts = cycle.said(look.conn, cycle.CIRCULAR, [row.id])
    first = today(look, row.hall)
    told = notices.Draft(
        hall=row.hall, kind="circular", title=texts.get((row.id, "title"), ""), text=texts.get((row.id, "text"), ""),
        first=first, last=first + timedelta(days=max(days, 1) - 1), reference=numbered,
    )  # fmt: skip
    return notices.write(look.conn, look.registry, told, actor=who, now=look.now)


def named(look: Look, hall: str, period: str) -> Sequence[Row[Any]]:
    """Whom the closed period's effects name for a circular (A06, A11)."""
    return [row for row in cycle.results(look.conn, hall, period) if any("circular" in one for one in row.effects)]


def listed(look: Look, who: Principal, *, hall: str | None = None, before: int | None = None) -> Sequence[Row[Any]]:
    wanted = [cycle.CIRCULAR.c.hall == hall] if hall is not None else []
    return rows_within(look, who, cycle.CIRCULAR, *wanted, before=before)
