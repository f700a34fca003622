"""How the C library keeps memory that was freed (docs/adr/0062)."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
ARENAS: Final = 2
LARGE_BYTES: Final = 32 * 1024
"""What is larger is taken from the system by itself, and goes back to it as soon as it is freed."""


def few_arenas() -> None:
    """Let threads share two heaps. To be called before there are threads.

    glibc gives each thread one of its own, eight a core at most, and hands nothing back of what was freed in one: with
    200 boards open the daemon held 28 MB more. Python takes its small objects elsewhere, so that threads hardly wait
    for each other here. Another C library has no such call.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def large_apart() -> None:
    """Keep to LARGE_BYTES: glibc begins with four times as much and raises it to the largest block ever freed, up to
    32 MB. Answers, lists and copies of a moment then leave holes between what stays: 8 MB in a hall's day.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
