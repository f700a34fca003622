"""Signals that end a program, told to it by a thread."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator


def on_signal(told: Callable[[signal.Signals], None], *names: signal.Signals) -> Callable[[], None]:
    """From now on `told` is called for each such signal, in a thread of its own; call what is given to undo it.

    Python runs a handler in the main thread alone. The system may give the signal to another one, and then a main
    thread that waits for a lock sleeps on; or it finds the main thread within the very lock that the handler wants. So
    the handler does nothing: the number of the signal comes through a socket, from whichever thread got it.
    Of the main thread only, and once at a time.
    """
    near, far = socket.socketpair()
    far.setblocking(False)

    def tell() -> None:
        with near, far:  # held here, whether or not anybody keeps what undoes it
            while came := near.recv(1):
                if came[0] in names:  # of a signal that somebody else handles the number comes here too
                    told(signal.Signals(came[0]))

    other = signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
    before = {name: signal.signal(name, _nothing) for name in names}
    threading.Thread(target=tell, name="signals", daemon=True).start()

    def undo() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)
        signal.set_wakeup_fd(other)
        far.shutdown(socket.SHUT_WR)

    return undo


def _nothing(_number: int, _frame: object) -> None:
    """Python writes the number to the socket only for a signal that has a handler."""


@contextlib.contextmanager
def ends_by(*names: signal.Signals) -> Iterator[threading.Event]:
    """An event that each of the signals sets; the handlers of before come back at the end."""
    stop = threading.Event()
    undo = on_signal(lambda _: stop.set(), *names)
    try:
        yield stop
    finally:
        undo()
