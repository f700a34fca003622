"""A copy of the busy hall in which some devices are not well: for looking at the pages of devices."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from tests.busy_hall import HALL, copied
from tests.daemon import Daemon

SILENT: Final = f"{HALL}-cam04"
"""The only camera of window 4: no heartbeat since 10:02 of the second day."""
OFFLINE: Final = f"{HALL}-ev06"
NEVER: Final = f"{HALL}-ev11"
WRONG: Final = f"{HALL}-ev10"
"""Its clock is 4,000 s slow."""
HOLED: Final = f"{HALL}-ev09"
"""An event of it is missing."""
REVOKED: Final = f"{HALL}-ev12"
SINCE: Final = "2026-03-04 02:02:00"


def ailing(made: Path, folder: Path) -> Daemon:
    """Not started."""
    daemon = copied(made, folder)
    with sqlite3.connect(folder / "jiancha.sqlite") as conn:
        for statement in (
            "DELETE FROM heartbeat WHERE device = ? AND received > ?",
            "DELETE FROM presence WHERE source = ? AND received > ?",
            "DELETE FROM raw_event WHERE device = ? AND received > ?",
        ):
            conn.execute(statement, (SILENT, SINCE))
        conn.execute(
            "UPDATE device_status SET state = 'offline', received = '2026-03-04 06:30:00' WHERE device = ?", (OFFLINE,)
        )
        conn.execute("DELETE FROM heartbeat WHERE device = ? AND received > '2026-03-04 06:30:00'", (OFFLINE,))
        conn.execute("DELETE FROM heartbeat WHERE device = ?", (NEVER,))
        conn.execute("DELETE FROM device_status WHERE device = ?", (NEVER,))
        conn.execute("UPDATE heartbeat SET delta_ms = delta_ms + 4000000 WHERE device = ?", (WRONG,))
        conn.execute("DELETE FROM boot")  # what is said of heartbeats that are no more
        conn.execute("DELETE FROM raw_event WHERE device = ? AND seq = 2", (HOLED,))
        due = "UPDATE subject SET next_check_at = '2026-03-04 07:39:00', version = version + 1"
        conn.execute(f"{due} WHERE kind IN ('device', 'post')")
    conn.close()
    daemon.command("device", "revoke", REVOKED, "--reason", "已拆除")
    daemon.command("judge", "--as-of", "2026-03-04T15:40:00+08:00")
    return daemon
