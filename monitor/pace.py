"""When those look that look again and again: all at the same instants.

A processor that has slept finds its caches cold. What takes a tenth of a millisecond in a loop takes half of one when a
thread does it alone once a second; of a dozen threads that wake together only the first pays that (docs/adr/0061).
"""

from __future__ import annotations

import time


def rest(seconds: float, turns: int = 1) -> float:
    """Real seconds until the `turns`-th next multiple of `seconds` by the clock that all threads share."""
    return turns * seconds - time.monotonic() % seconds
