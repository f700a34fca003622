"""The judge gives way to a batch of ingest, and never for good."""

from __future__ import annotations

import threading
import time

import pytest

from monitor.store import engine
from monitor.store.engine import FairLock


def test_nobody_waits_while_ingest_rests() -> None:
    lock = FairLock()
    with lock.going_first():
        pass
    lock.give_way()


def test_a_judge_waits_until_the_batch_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "GIVE_WAY_SECONDS", 60.0)
    lock, order, at_work = FairLock(), list[str](), threading.Event()

    def judge() -> None:
        at_work.set()
        lock.give_way()
        order.append("judge")

    thread = threading.Thread(target=judge)
    with lock.going_first():
        thread.start()
        at_work.wait(10)
        order.append("ingest")
    thread.join(10)
    assert order == ["ingest", "judge"]


def test_a_batch_that_waits_for_the_store_does_not_stop_judging_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "GIVE_WAY_SECONDS", 0.001)
    lock = FairLock()
    with lock.going_first():
        lock.give_way()


@pytest.mark.parametrize(("batches", "rests"), [(engine.FAST_BATCHES - 1, 0), (engine.FAST_BATCHES, 1)])
def test_a_judge_rests_for_a_breath_only_where_batches_come_fast(
    monkeypatch: pytest.MonkeyPatch, batches: int, rests: int
) -> None:
    rested = list[float]()
    monkeypatch.setattr(engine, "FAST_SECONDS", 60.0)
    monkeypatch.setattr(time, "sleep", rested.append)
    lock = FairLock()
    for _ in range(batches):
        with lock.going_first():
            pass
    lock.give_way()
    assert rested == [engine.BREATH_SECONDS] * rests
    monkeypatch.setattr(engine, "TURN_SECONDS", 60.0)
    lock.give_way()
    assert len(rested) == rests, "after it comes a turn"


def test_a_judge_does_not_rest_for_batches_of_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    rested = list[float]()
    monkeypatch.setattr(engine, "FAST_SECONDS", 0.0)
    monkeypatch.setattr(time, "sleep", rested.append)
    lock = FairLock()
    for _ in range(engine.FAST_BATCHES):
        with lock.going_first():
            pass
    lock.give_way()
    assert not rested
