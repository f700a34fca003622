"""What reports need beside a snapshot, from the store: a weekly summary that was made."""

from __future__ import annotations

from monitor.access import Principal
from monitor.exports.assessment.weekly import Week
from monitor.store import cycle, users
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle.ground import rows_within
from monitor.supervision.assessment.cycle.weeks import days_of
from monitor.supervision.refused import Refused
from monitor.wording.actors import actor_word


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
