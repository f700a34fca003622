"""What came of the hotline's orders (12345 工单) of a hall: statements alone."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, exists, func, select

from monitor.store.cards import CARD
from monitor.store.schema import TaskEventRow
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT

EVENT: Final = table_of(TaskEventRow)
HOTLINE: Final = "hotline"
RULE: Final = "task.due"
DONE: Final = ("answered", "closed")


def hotline(conn: Connection, hall: str, start: datetime, end: datetime) -> dict[str, int]:
    """Orders that were opened in [start, end), those answered or closed in it, and those of the opened that have a card
    for their limit which nobody withdrew.
    """
    of_hall = exists().where(SUBJECT.c.kind == "task", SUBJECT.c.key == EVENT.c.task, SUBJECT.c.hall == hall)
    mine = and_(EVENT.c.kind == HOTLINE, EVENT.c.at >= start, EVENT.c.at < end, of_hall)
    late = exists().where(
        CARD.c.kind == "task", CARD.c.key == EVENT.c.task, CARD.c.rule == RULE, CARD.c.level.in_(("yellow", "red")),
        CARD.c.state != "withdrawn",
    )  # fmt: skip
    opened = and_(mine, EVENT.c.event == "opened")
    number = func.count(EVENT.c.task.distinct())
    return {
        "orders": int(conn.execute(select(number).where(opened)).scalar_one()),
        "orders_done": int(conn.execute(select(number).where(mine, EVENT.c.event.in_(DONE))).scalar_one()),
        "orders_late": int(conn.execute(select(number).where(opened, late)).scalar_one()),
    }
