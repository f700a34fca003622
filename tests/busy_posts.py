"""What pages of posts, spot checks and closed months need of the busy hall."""

from __future__ import annotations

from tests.daemon import Daemon

ORDERED = "2026-03-04T15:20:00+08:00"


def add_spots(made: Daemon) -> None:
    """Two spot checks: one waits, of the other it was found that the window was closed, which proves nothing of it."""
    now = made.environment["JIANCHA_CLOCK__START"]
    made.environment["JIANCHA_CLOCK__START"] = ORDERED  # each command begins its clock anew
    for window in ("demo-w07", "demo-w08"):
        made.command("spot", "draw", "--hall", "demo", "--window", window, "--within", "60")
    made.environment["JIANCHA_CLOCK__START"] = now
    made.command("spot", "result", "1", "--found", "closed", "--note", "设备检修")
