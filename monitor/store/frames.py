"""Evidence frames (留证图像): sealed with the key of that person's face, bound to device and event."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select

from monitor.store.cipher import Unreadable, opened, sealed
from monitor.store.schema import FaceFrameRow
from monitor.store.sql import insert, table_of

FRAME: Final = table_of(FaceFrameRow)


def keep(
    conn: Connection, *, key: bytes, name: str, staff: str, device: str, event: str, at: datetime, jpeg: bytes
) -> None:
    """Seal and store; the frame of an event that has one already is left out."""
    box = sealed(key, jpeg, _bound(name, staff, device, event))
    row = {"staff": staff, "key": name, "device": device, "event_id": event, "taken_at": at, "sealed": box}
    conn.execute(insert(conn, FRAME).values(**row).on_conflict_do_nothing())


def unseal(key: bytes, row: Row[Any]) -> bytes:
    """The JPEG of a row. Raises Unreadable."""
    try:
        return opened(key, row.sealed, _bound(row.key, row.staff, row.device, row.event_id))
    except Unreadable as error:
        raise Unreadable(f"{row.id}: {error}") from error


def all_of_them(conn: Connection, staff: str | None = None) -> list[Row[Any]]:
    """Without what is sealed, the oldest first; of one person, or of all."""
    columns = (FRAME.c.id, FRAME.c.staff, FRAME.c.key, FRAME.c.device, FRAME.c.event_id, FRAME.c.taken_at)
    query = select(*columns).order_by(FRAME.c.taken_at, FRAME.c.id)
    return list(conn.execute(query if staff is None else query.where(FRAME.c.staff == staff)))


def find(conn: Connection, number: int) -> Row[Any] | None:
    return conn.execute(select(FRAME).where(FRAME.c.id == number)).first()


def erase(conn: Connection, *, staff: str | None = None, key: str | None = None) -> int:
    """Delete those of a person, or of a key; how many there were."""
    if conn.dialect.name == "sqlite":  # overwritten in the file, not only forgotten
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
    theirs = FRAME.c.staff == staff if staff is not None else FRAME.c.key == key
    return int(conn.execute(delete(FRAME).where(theirs)).rowcount)


def _bound(name: str, staff: str, device: str, event: str) -> bytes:
    return f"{name}/{staff}/{device}/{event}".encode()
