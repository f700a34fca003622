"""What people entered for assessment (人工登记). Who may enter and withdraw says `supervision.assessment.marks`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select, update

from monitor.store.schema import PrivateText
from monitor.store.schema_assessment import ScoreMarkRow
from monitor.store.sql import chunks, table_of

MARK: Final = table_of(ScoreMarkRow)
TEXT: Final = table_of(PrivateText)
OWNER: Final = "score_mark:"
"""Of a mark's words in `private_text`, before its number."""


def of_days(conn: Connection, hall: str, first: date, last: date, now: datetime) -> Sequence[Row[Any]]:
    """The marks of a hall dated first … last that were entered by `now` and not withdrawn by then, in their order."""
    stands = or_(MARK.c.withdrawn_at.is_(None), MARK.c.withdrawn_at > now)
    query = select(MARK).where(
        MARK.c.hall == hall, MARK.c.date >= first, MARK.c.date <= last, MARK.c.entered_at <= now, stands
    )
    found: Sequence[Row[Any]] = conn.execute(query.order_by(MARK.c.id)).all()
    return found


def find(conn: Connection, number: int, *, lock: bool = False) -> Row[Any] | None:
    query = select(MARK).where(MARK.c.id == number)
    return conn.execute(query.with_for_update() if lock else query).first()


def listed(
    conn: Connection, hall: str, first: date, last: date, chosen: ColumnElement[bool], limit: int | None,
    after: int | None,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Those dated first … last, withdrawn ones too, the newest first; at most `limit` with a number below `after`."""
    wanted = [MARK.c.hall == hall, MARK.c.date >= first, MARK.c.date <= last, chosen]
    if after is not None:
        wanted.append(MARK.c.id < after)
    return conn.execute(select(MARK).where(*wanted).order_by(MARK.c.id.desc()).limit(limit)).all()


def add(conn: Connection, values: Mapping[str, Any], text: str) -> int:
    """Enter one with its words; its number."""
    number = int(conn.execute(insert(MARK).values(dict(values)).returning(MARK.c.id)).scalar_one())
    said = {"owner": f"{OWNER}{number}", "name": "text", "text": text, "salt": secrets.token_hex(16)}
    conn.execute(insert(TEXT).values(said))
    return number


def withdraw(conn: Connection, number: int, by: str, now: datetime) -> None:
    conn.execute(update(MARK).where(MARK.c.id == number).values(withdrawn_by=by, withdrawn_at=now))


def texts_of(conn: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The words of these, by number; those that were erased are missing."""
    found: dict[int, str] = {}
    for batch in chunks(numbers):
        query = select(TEXT.c.owner, TEXT.c.text).where(TEXT.c.owner.in_([f"{OWNER}{n}" for n in batch]))
        found |= {int(owner.removeprefix(OWNER)): text for owner, text in conn.execute(query)}
    return found
