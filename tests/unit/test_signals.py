"""Signals that end a program are told by a thread, so that no lock of the main thread is in their way."""

from __future__ import annotations

import signal
import threading

from monitor.signals import ends_by, on_signal


def test_a_signal_ends_a_program_and_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with ends_by(signal.SIGUSR1, signal.SIGUSR2) as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGUSR1)
        assert stop.wait(20)
    assert signal.getsignal(signal.SIGUSR1) == before


def test_a_signal_while_the_main_thread_holds_the_very_lock_that_is_wanted() -> None:
    lock, told = threading.Lock(), list[signal.Signals]()
    came = threading.Event()

    def tell(name: signal.Signals) -> None:
        with lock:
            told.append(name)
        came.set()

    undo = on_signal(tell, signal.SIGUSR1)
    try:
        with lock:
            signal.raise_signal(signal.SIGUSR1)  # Python runs the handler here, within the lock
        assert came.wait(20)
    finally:
        undo()
    assert told == [signal.SIGUSR1]


def test_each_signal_is_told() -> None:
    told, both = list[str](), threading.Event()

    def tell(name: signal.Signals) -> None:
        told.append(name.name)
        if len(told) == 2:
            both.set()

    undo = on_signal(tell, signal.SIGUSR1, signal.SIGUSR2)
    try:
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        assert both.wait(20)
    finally:
        undo()
    assert told == ["SIGUSR1", "SIGUSR2"]
