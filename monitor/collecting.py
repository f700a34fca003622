"""When Python looks for rings of objects (gc): seldom while it works, and not at all once it is done."""

from __future__ import annotations

import gc
from typing import Final

COLLECTED_AFTER: Final = (50_000, 20, 20)
"""After so many new objects, not 700. A step makes tens of thousands of values that live to its end and never form a
ring; looking through them took a tenth of the time (docs/adr/0020). So does what a command loads when it starts.
"""


def seldom() -> None:
    gc.set_threshold(*COLLECTED_AFTER)


def no_more() -> None:
    """What is there stays until the process ends, which gives its memory back whole. The interpreter would look through
    all of it once more before it goes: a quarter of what a short command takes.
    """
    gc.freeze()
