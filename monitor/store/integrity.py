"""Whether a SQLite file is whole (DESIGN §1E): a damaged one is noticed at the start, not at some later page."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from monitor.store.engine import READING_KB, Store

DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
FEW: Final = 5
CHECKING_KB: Final = 500
"""Cache of the check, which goes through every page once: what it kept, the daemon would hold for good."""


def damage(store: Store) -> str | None:
    """What is broken in the file; None for a whole one, and for a database that looks after itself.

    `quick_check` reads every page of tables (about 1 s a GB) and leaves out only that indexes agree with their rows.
    """
    if not store.is_sqlite:
        return None
    try:
        with store.read() as conn:
            conn.exec_driver_sql(f"PRAGMA cache_size=-{CHECKING_KB}")
            found = conn.exec_driver_sql(f"PRAGMA quick_check({FEW})").scalars().all()
            conn.exec_driver_sql(f"PRAGMA cache_size=-{READING_KB}")
    except DBAPIError as error:
        if is_damage(error):
            return str(error.orig)
        raise
    return None if list(found) == ["ok"] else "; ".join(found)


def is_damage(error: DBAPIError) -> bool:
    """Whether the database says of itself that its file is broken, or is no database."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in DAMAGED


def way_out(url: str, what: str) -> str:
    """What a person is told of a damaged file, and what to do."""
    file = url.partition(":///")[2]
    return (
        f"store.url: 数据库文件已损坏 the database file {file} is damaged ({what}). "
        "停止程序，移走该文件及其 -wal、-shm，从备份恢复 "
        "stop the daemon, move the file away with its -wal and -shm, then run: jiancha restore BACKUP"
    )
