"""Files that came with what a person entered for assessment (凭证), checked by the caller (`supervision.files`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, select, update

from monitor.store.attachments import File
from monitor.store.schema_assessment import MarkFileRow
from monitor.store.sql import insert, table_of

FILE: Final = table_of(MarkFileRow)
_DESCRIBED: Final = [c for c in FILE.c if c.name != "content"]


def add(conn: Connection, mark: int, files: Sequence[File], now: datetime) -> None:
    """Keep the files with the mark; the same content twice is kept once."""
    for file in files:
        row = {
            "mark": mark, "name": file.name, "media_type": file.media_type, "length": len(file.content),
            "digest": file.digest, "content": file.content, "added_at": now,
        }  # fmt: skip
        conn.execute(insert(conn, FILE).values(row).on_conflict_do_nothing())


def of_mark(conn: Connection, mark: int) -> Sequence[Row[Any]]:
    """The files of a mark as they came, without their content; `erased`: the content is gone."""
    gone = FILE.c.content.is_(None).label("erased")
    query: Select[Any] = select(*_DESCRIBED, gone).where(FILE.c.mark == mark).order_by(FILE.c.id)
    rows: Sequence[Row[Any]] = conn.execute(query).all()
    return rows


def content(conn: Connection, mark: int, number: int) -> Row[Any] | None:
    """One file of a mark with its content; None where the mark has none of this id."""
    return conn.execute(select(FILE).where(FILE.c.mark == mark, FILE.c.id == number)).first()


def forget(conn: Connection, marks: ColumnElement[bool]) -> int:
    """Names and contents of the files that `marks` chooses; digests stay. Gives how many had them."""
    held = FILE.c.content.is_not(None)
    return int(conn.execute(update(FILE).where(marks, held).values(name="", content=None)).rowcount)
