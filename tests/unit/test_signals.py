"""Signals that end a program are told by a thread, so that no lock of the main thread is in their way."""

from __future__ import annotations

import gc
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


def test_who_never_undoes_it_need_keep_nothing() -> None:
    told, before = threading.Event(), signal.getsignal(signal.SIGUSR1)
    other = signal.set_wakeup_fd(-1)
    try:
        on_signal(lambda _: told.set(), signal.SIGUSR1)
        gc.collect()
        signal.raise_signal(signal.SIGUSR1)
        assert told.wait(20)
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.set_wakeup_fd(other)


def test_a_signal_that_another_thread_is_given_is_told_though_the_main_thread_sleeps() -> None:
    told = threading.Event()
    undo = on_signal(lambda _: told.set(), signal.SIGUSR1)
    try:
        threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)).start()
        assert told.wait(20)
    finally:
        undo()
