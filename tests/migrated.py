"""A SQLite store with all tables, as the first command makes it: made once a process of tests, and copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from monitor.store import migrate
from monitor.store.engine import Store


def lay(database: Path) -> None:
    """Put an empty store there, where there is none: to make it anew takes a command half a second."""
    if not database.exists():
        shutil.copyfile(_made(), database)


@cache
def _made() -> Path:
    path = Path(tempfile.mkdtemp(prefix="jiancha-migrated-")) / "empty.sqlite"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    store = Store(f"sqlite:///{path}")
    migrate.upgrade(store)
    store.close()
    return path
