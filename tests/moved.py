"""A store moved into another database, row by row, as its columns are declared."""

from __future__ import annotations

from sqlalchemy import select

from monitor.ops.backup.rows import continue_numbering
from monitor.store.engine import Store
from monitor.store.schema import metadata


def move(source: str, target: str) -> None:
    """All rows of the store at `source` into the one at `target`, which has the same tables without rows (URLs)."""
    old, new = Store(source), Store(target)
    try:
        with old.read() as given, new.write() as conn:
            for table in metadata.sorted_tables:
                if rows := [dict(row) for row in given.execute(select(table)).mappings()]:
                    conn.execute(table.insert(), rows)
            continue_numbering(conn, metadata.sorted_tables)
    finally:
        old.close()
        new.close()
