"""Signals that end a program, told to it by a thread."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator


def on_signal(told: Callable[[signal.Signals], None], *names: signal.Signals) -> Callable[[], None]:
    """From now on `told` is called for each such signal, in a thread of its own; call what is given to undo it.

    Python runs a handler wherever the main thread stands, and that may hold the very lock that the handler wants: an
    event set by the handler while the main thread begins to wait for it waits for ever. A simple queue may be put to
    at any point. Of the main thread only.
    """
    came: queue.SimpleQueue[int] = queue.SimpleQueue()

    def tell() -> None:
        while number := came.get():
            told(signal.Signals(number))

    before = {name: signal.signal(name, lambda number, _: came.put(number)) for name in names}
    threading.Thread(target=tell, name="signals", daemon=True).start()

    def undo() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)
        came.put(0)

    return undo


@contextlib.contextmanager
def ends_by(*names: signal.Signals) -> Iterator[threading.Event]:
    """An event that each of the signals sets; the handlers of before come back at the end."""
    stop = threading.Event()
    undo = on_signal(lambda _: stop.set(), *names)
    try:
        yield stop
    finally:
        undo()
