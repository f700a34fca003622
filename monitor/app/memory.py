"""How the C library keeps memory that was freed."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
ARENAS: Final = 2


def few_arenas() -> None:
    """Let threads share two heaps. To be called before there are threads.

    glibc gives each thread one of its own, eight a core at most, and hands nothing back of what was freed in one: with
    200 boards open the daemon held 28 MB more. Python takes its small objects elsewhere, so that threads hardly wait
    for each other here. Another C library has no such call.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
