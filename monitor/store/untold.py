"""Standing cards that nobody was told of: no route led anywhere when they were planned (DESIGN §6)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, select

from monitor.store.alerts import CARD, HOLD, ITEM, NOTICE

MOST: Final = 100
STANDING: Final = ("open", "acknowledged", "answered")


def untold(conn: Connection) -> list[int]:
    """Their numbers, at most MOST of them, the oldest first.

    Yellow and red cards whose condition lasts: planned, yet neither told, nor held back, nor listed in a digest.
    """
    theirs = [table.c.card == CARD.c.number for table in (ITEM, HOLD)]
    told = [select(table.c.card).where(its).exists() for table, its in zip((ITEM, HOLD), theirs, strict=True)]
    waiting = select(NOTICE.c.card).where(NOTICE.c.card == CARD.c.number, NOTICE.c.planned_at.is_(None)).exists()
    wanted = and_(
        CARD.c.state.in_(STANDING), CARD.c.level.in_(("yellow", "red")), CARD.c.cleared_at.is_(None),
        CARD.c.historic.is_(False), ~waiting, *(~one for one in told),
    )  # fmt: skip
    return list(conn.execute(select(CARD.c.number).where(wanted).order_by(CARD.c.number).limit(MOST)).scalars())


def banner(numbers: list[int]) -> str:
    """What is put in front of whoever looks: Chinese first."""
    named = ", ".join(f"#{number}" for number in numbers[:8]) + (" …" if len(numbers) > 8 else "")
    count = f"{len(numbers)}{'+' if len(numbers) == MOST else ''}"
    return (
        f"{count} 张在办的牌没有通知到任何人 standing cards were told to nobody: {named}; "
        "jiancha alerts route --card N, [[alerts.routes]]"
    )
