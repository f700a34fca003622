"""Backups that are old enough to go, looked for after a new one has proven itself: one that fails takes none away."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

LEAST: Final = 7
"""The newest stay whatever their age: a clock that jumped ahead makes all of them old."""
_NAME: Final = re.compile(r"jiancha-(\d{8}T\d{6})Z\.zip")


def name_of(now: datetime) -> str:
    """How a backup of `now` (UTC) is called in a folder."""
    return f"jiancha-{now:%Y%m%dT%H%M%SZ}.zip"


def thin(folder: Path, now: datetime, days: int) -> list[Path]:
    """Delete the backups of the folder, told by their names, that are more than `days` days old, but for the LEAST
    newest; gives what went. Raises OSError.
    """
    found: list[tuple[datetime, Path]] = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is not None and path.is_file():
            found.append((datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), path))
    found.sort(reverse=True)
    gone = [path for made, path in found[LEAST:] if now - made > timedelta(days=days)]
    for path in gone:
        path.unlink()
    return gone
