"""The words of what people entered for assessment (人工登记), as they go: by retention, with a person who is erased.

That there was a document stays, for the fact rests on it (`evidence`); what it is called goes. Marks are as they were.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, String, and_, cast, delete, exists, func, literal, or_, select, update

from monitor.store import markfiles
from monitor.store.schema import PrivateText
from monitor.store.schema_assessment import ClosedPeriodRow, ScoreMarkRow
from monitor.store.sql import table_of

MARK: Final = table_of(ScoreMarkRow)
TEXT: Final = table_of(PrivateText)
CLOSED: Final = table_of(ClosedPeriodRow)
ERASED: Final = "（已删除）"
_OWNER: Final = literal("score_mark:") + cast(MARK.c.id, String)
HELD: Final = or_(MARK.c.document.not_in(("", ERASED)), exists().where(TEXT.c.owner == _OWNER))
"""Marks that still have words."""
_LAST_CLOSED: Final = (
    select(func.max(CLOSED.c.period))
    .where(CLOSED.c.hall == MARK.c.hall, CLOSED.c.period.like("____-__"), CLOSED.c.period.not_like("%Q%"))
    .where(CLOSED.c.period.not_like("%H%"))
    .correlate(MARK)
    .scalar_subquery()
)
NOT_CLOSED: Final = func.coalesce(_LAST_CLOSED, "") < func.substr(cast(MARK.c.date, String), 1, 7)
"""Marks of a month that is not signed off: whoever confirms them has to read them."""


def take(conn: Connection, condition: ColumnElement[bool]) -> list[tuple[Any, ...]]:
    """Take the words of the marks; their numbers."""
    numbers = sorted(int(n) for n in conn.execute(select(MARK.c.id).where(condition)).scalars())
    conn.execute(delete(TEXT).where(TEXT.c.owner.in_([f"score_mark:{number}" for number in numbers])))
    named = and_(MARK.c.id.in_(numbers), MARK.c.document != "")
    conn.execute(update(MARK).where(named).values(document=ERASED))
    return [(number,) for number in numbers]


def erase_files(conn: Connection, staff: str) -> int:
    """Files of marks about a member of staff, which name them; digests stay. Gives how many."""
    return markfiles.forget(conn, markfiles.FILE.c.mark.in_(select(MARK.c.id).where(MARK.c.staff == staff)))


def erase(conn: Connection, kind: str, person: str, name: str = "") -> int:
    """Words about a member of staff, or those that a user wrote; gives of how many marks. `name`: of who is erased, to
    be replaced in the words about others.
    """
    theirs = MARK.c.staff == person if kind == "staff" else MARK.c.entered_by == person
    gone = len(take(conn, and_(theirs, HELD)))
    if len(name) > 1:
        named = and_(TEXT.c.owner.startswith("score_mark:"), TEXT.c.text.contains(name, autoescape=True))
        gone += conn.execute(update(TEXT).where(named).values(text=func.replace(TEXT.c.text, name, ERASED))).rowcount
        named = MARK.c.document.contains(name, autoescape=True)
        conn.execute(update(MARK).where(named).values(document=func.replace(MARK.c.document, name, ERASED)))
    return gone
