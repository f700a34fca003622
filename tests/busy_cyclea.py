"""What the first half of the assessment's cycle needs of the busy hall: work that is owed, done, and late.

The loop's tasks are none of these: no card comes of them, so that other pages show what they show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from monitor.agents.demoplan import HALL
from monitor.store import cycle
from monitor.store.engine import Store

NOW: Final = datetime(2026, 3, 4, 7, 40, tzinfo=UTC)


def work(folder: Path) -> None:
    """In one process, with rows of the store and the cycle's own commands."""
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    store.step(_owe)
    store.close()


def _owe(conn: Connection) -> None:
    """Last week's summary is late, tomorrow's patrols are to come."""

    def task(sort: str, period: str, due: datetime, of: str = "") -> dict[str, object]:
        key = "/".join(part for part in (f"assess.{sort}", period, HALL, of) if part)
        return {"hall": HALL, "task": key, "sort": sort, "period": period, "due": due,
                "opened_at": datetime(2026, 2, 23, 0, tzinfo=UTC)}  # fmt: skip

    tomorrow = datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)
    late = task("week", "2026-W09", datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC))
    cycle.add_missing(conn, cycle.TASK, [late, *(task("patrol", "2026-03-05", tomorrow, of) for of in ("1", "2"))])
