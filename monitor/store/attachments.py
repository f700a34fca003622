"""Files that came with a card's answer or appeal. The caller has checked them (`supervision.files`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from monitor.store.schema import Attachment
from monitor.store.sql import insert, table_of

ATTACHMENT: Final = table_of(Attachment)
_DESCRIBED: Final = [c for c in ATTACHMENT.c if c.name != "content"]


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """`name` as the sender calls it, without a path; `media_type` by its content."""

    name: str
    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256, hex."""
        return hashlib.sha256(self.content).hexdigest()


def add(conn: Connection, card: int, sequence: int, files: Sequence[File], now: datetime) -> None:
    """Keep the files with the step of the card; the same content twice in one step is kept once."""
    for file in files:
        row = {
            "card": card, "sequence": sequence, "name": file.name, "media_type": file.media_type,
            "length": len(file.content), "digest": file.digest, "content": file.content, "added_at": now,
        }  # fmt: skip
        conn.execute(insert(conn, ATTACHMENT).values(row).on_conflict_do_nothing())


def of_card(conn: Connection, card: int) -> Sequence[Row[Any]]:
    """The files of a card in the order of its steps, without their content; `erased`: the content is gone."""
    gone = ATTACHMENT.c.content.is_(None).label("erased")
    query: Select[Any] = select(*_DESCRIBED, gone).where(ATTACHMENT.c.card == card)
    rows: Sequence[Row[Any]] = conn.execute(query.order_by(ATTACHMENT.c.sequence, ATTACHMENT.c.id)).all()
    return rows


def content(conn: Connection, card: int, number: int) -> Row[Any] | None:
    """One file of a card with its content; None where the card has none of this id."""
    wanted = (ATTACHMENT.c.card == card, ATTACHMENT.c.id == number)
    return conn.execute(select(ATTACHMENT).where(*wanted)).first()
