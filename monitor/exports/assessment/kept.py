"""What reports need beside a snapshot, from the store: a weekly summary that was made, the papers that were issued."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from monitor.access import Principal
from monitor.exports.assessment.papers import NOT_ISSUED, Paper, Papers
from monitor.exports.assessment.weekly import Week
from monitor.store import closedperiods, cycle, users
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle.ground import rows_within
from monitor.supervision.assessment.cycle.weeks import days_of
from monitor.supervision.refused import Refused
from monitor.wording.actors import actor_word

MOST: Final = 1000
"""Circulars or letters of one period."""


def kept_week(look: Look, who: Principal, hall: str, week: str) -> Week:
    """The summary that was made of a week, for whoever may read it. Raises Refused."""
    days_of(week)
    table = cycle.WEEK
    rows = rows_within(look, who, table, table.c.hall == hall, table.c.week == week)
    if not rows:
        raise Refused(
            f"{hall} {week} 没有周小结 has no summary; 先作 make one: jiancha assess cycle week", field="week",
            sort="missing",
        )  # fmt: skip
    row = rows[0]
    text = cycle.said(look.conn, table, [row.id]).get((row.id, "text"), "")
    return Week(
        hall=look.registry.halls[hall].name or hall, week=week, figures=row.figures, text=text, made_at=row.made_at,
        made_by=actor_word(row.made_by, users.names_of(look.conn, [row.made_by]), "zh"),
        zone=look.registry.zone_of(hall),
    )  # fmt: skip


def papers_of(look: Look, hall: str, period: str) -> Papers:
    """The circular and the letters that were issued on the period as it is signed; none of an open one."""
    closed = closedperiods.find(look.conn, hall, period)
    if closed is None:
        return Papers()
    zone = look.registry.zone_of(hall)

    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at is not None else None

    def rows(table: Any) -> list[Row[Any]]:
        same = (table.c.hall == hall, table.c.period == period, table.c.digest == closed.digest)
        return list(cycle.listed(look.conn, table, same, None, MOST))

    issued = [row for row in rows(cycle.CIRCULAR) if row.state == "issued"]
    newest = Paper(document=issued[0].document, issued=local(issued[0].issued_at)) if issued else NOT_ISSUED
    letters = {
        row.window: Paper(
            issued=local(row.issued_at), acknowledged=local(row.acknowledged_at), answered=local(row.answered_at)
        )
        for row in rows(cycle.FEEDBACK)
    }
    return Papers(circular=newest, letters=letters)
