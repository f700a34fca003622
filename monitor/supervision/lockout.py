"""How long somebody waits after guessing wrong (锁定与退避). Pure; for passwords and PINs alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

FREE: Final = 5
"""So many wrong ones in a row cost nothing but themselves: people mistype."""
FIRST: Final = timedelta(minutes=1)
MOST: Final = timedelta(hours=1)


def wait_after(failures: int) -> timedelta | None:
    """How long nobody is let in after so many wrong ones in a row: from the fifth 1 min, 2, 4 … at most an hour."""
    if failures < FREE:
        return None
    doubled: timedelta = FIRST * 2 ** min(failures - FREE, 10)
    return min(doubled, MOST)


def is_locked(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until
