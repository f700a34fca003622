"""What the C library and Python keep of memory that is free (docs/adr/0062)."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import threading
from collections.abc import Callable
from typing import Final

_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
ARENAS: Final = 2
SWEEP_SECONDS: Final = 20.0
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


def sweep() -> None:
    """Free rings of objects, and hand back to the system what lies free in the heap."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def start_sweeping(seconds: float = SWEEP_SECONDS) -> Callable[[], None]:
    """Sweep again and again; gives what ends it.

    Python itself looks for rings when there are 50,000 objects more than at its last look (`monitor.collecting`), which
    is hours in a quiet hall: those of the start stayed, and of each connection that was closed. What is there at the
    first sweep, a tenth of a second long, stays and is not looked through again: once, for what were left out each time
    would never be freed. The others take some milliseconds.
    """
    stop = threading.Event()

    def run() -> None:
        if not stop.wait(seconds):
            sweep()
            gc.freeze()
        while not stop.wait(seconds):
            sweep()

    thread = threading.Thread(target=run, name="memory", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return end
