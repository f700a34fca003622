"""PINs of staff (签到密码): digests, and the count of wrong ones that keeps others from guessing (DESIGN §1F).

Whoever has none may have a row all the same, with an empty digest: wrong tries are counted for them as for all others,
so that nobody learns from an answer who has one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from monitor.store.schema import StaffPinRow
from monitor.store.sql import insert, table_of

PIN: Final = table_of(StaffPinRow)
NONE: Final = ""
"""The digest of whoever has no PIN."""


def all_of_them(conn: Connection) -> list[Row[Any]]:
    """Those who have one: staff, set_at, set_by, failures, locked_until; no digest."""
    columns = (PIN.c.staff, PIN.c.set_at, PIN.c.set_by, PIN.c.failures, PIN.c.locked_until)
    return list(conn.execute(select(*columns).where(PIN.c.digest != NONE).order_by(PIN.c.staff)))


def save(conn: Connection, staff: str, digest: str, now: datetime, actor: str) -> None:
    """Set it, in place of an earlier one; whoever was locked out is let in again."""
    values = {"digest": digest, "set_at": now, "set_by": actor, "failures": 0, "locked_until": None}
    statement = insert(conn, PIN).values(staff=staff, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["staff"], set_=values))


def locked(conn: Connection, staff: str, now: datetime) -> Row[Any]:
    """The row of a person, held by this transaction; made where there is none."""
    blank = {"staff": staff, "digest": NONE, "set_at": now, "set_by": "", "failures": 0}
    conn.execute(insert(conn, PIN).values(**blank).on_conflict_do_nothing())
    return conn.execute(select(PIN).where(PIN.c.staff == staff).with_for_update()).one()


def count(conn: Connection, staff: str, failures: int, until: datetime | None) -> None:
    """So many wrong ones on end; nothing is looked at before `until`."""
    conn.execute(update(PIN).where(PIN.c.staff == staff).values(failures=failures, locked_until=until))


def erase(conn: Connection, staff: str) -> bool:
    """Delete the row; whether there was a PIN."""
    if conn.dialect.name == "sqlite":  # overwritten in the file, not only forgotten
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
    found = conn.execute(select(PIN.c.digest).where(PIN.c.staff == staff)).scalar()
    conn.execute(delete(PIN).where(PIN.c.staff == staff))
    return bool(found)
