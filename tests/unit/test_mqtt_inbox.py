"""What waits for company in the inbox, what ends the wait, and what is in hand (docs/adr/0061, 0063)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from monitor import pace
from monitor.mqtt import Delivery, Patience
from monitor.mqtt.inbox import Inbox
from monitor.pace import PERIOD_SECONDS
from tests.conftest import Eventually

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def said(number: int, waits: timedelta = timedelta(0)) -> Delivery:
    """A message that may wait so long for company."""
    return Delivery(
        topic=str(waits.total_seconds()), payload=b"", retained=False, received=NINE, arrived=0.0, qos=number % 2,
        mid=number, connection=1,
    )  # fmt: skip


def patient(seconds_until: Callable[[datetime], float], enough: int = 4, every: float = PERIOD_SECONDS) -> Patience:
    return Patience(
        until=lambda one: one.received + timedelta(seconds=float(one.topic)),
        seconds_until=seconds_until,
        enough=enough,
        every=lambda: every,
    )


def by_clock(instant: datetime) -> float:
    """A clock that shows nine."""
    return (instant - NINE).total_seconds()


class Taker:
    """Takes in a thread of its own until it has something."""

    def __init__(self, inbox: Inbox, patience: Patience | None) -> None:
        self.taken: list[int] | None = None
        self._thread = threading.Thread(target=self._take, args=(inbox, patience))
        self._thread.start()

    def _take(self, inbox: Inbox, patience: Patience | None) -> None:
        self.taken = [one.mid for one in inbox.take(1000, 60, patience)]

    def end(self) -> list[int]:
        self._thread.join(30)
        assert self.taken is not None
        return self.taken


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.ring()


def waits(inbox: Inbox) -> bool:
    return inbox._wanted is not None


def test_what_is_not_patient_is_taken_with_all_that_waits(inbox: Inbox, eventually: Eventually) -> None:
    taker = Taker(inbox, patient(by_clock))
    inbox.put(said(1, HOUR))
    eventually(lambda: waits(inbox), what="it waits for company")
    inbox.put(said(2, 2 * HOUR))
    assert waits(inbox), "what may wait longer wakes nobody"
    assert [one.mid for one in inbox.unstored()] == [1, 2]
    inbox.put(said(3))
    assert taker.end() == [1, 2, 3]
    assert [one.mid for one in inbox.unstored()] == [1, 2, 3], "in hand until more is taken"
    inbox.ring()
    assert inbox.take(10, 60) == []
    assert inbox.unstored() == []


def test_enough_of_them_end_the_wait(inbox: Inbox, eventually: Eventually) -> None:
    taker = Taker(inbox, patient(by_clock))
    for number in range(4):
        eventually(lambda: waits(inbox))
        inbox.put(said(number, HOUR))
    assert taker.end() == [0, 1, 2, 3]


def test_one_that_may_wait_less_brings_the_end_forward(inbox: Inbox, eventually: Eventually) -> None:
    taker, began = Taker(inbox, patient(by_clock)), time.monotonic()
    inbox.put(said(1, HOUR))
    eventually(lambda: waits(inbox))
    inbox.put(said(2, timedelta(seconds=0.2)))
    assert taker.end() == [1, 2]
    assert time.monotonic() - began < 30


def test_a_clock_that_runs_fast_lets_nothing_wait(inbox: Inbox) -> None:
    inbox.put(said(1, HOUR))
    assert [one.mid for one in inbox.take(10, 60, patient(lambda instant: 0.0))] == [1]


def test_the_wait_ends_at_a_turn_of_those_that_there_are_at_present(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns of the taker are at 1.46 s after each multiple of what is from one to the next."""
    monkeypatch.setattr(pace.time, "monotonic", lambda: 600.0)
    inbox.put(said(1, timedelta(seconds=5)))
    assert inbox._due(patient(by_clock)) == pytest.approx(604.46)
    assert inbox._due(patient(by_clock, every=6.0)) == pytest.approx(601.46)


def test_what_waits_longer_than_the_taker_is_left(inbox: Inbox) -> None:
    inbox.put(said(1, HOUR))
    assert inbox.take(10, 0.01, patient(by_clock)) == []
    assert [one.mid for one in inbox.take(10, 0.01)] == [1]


def test_at_most_so_many_are_taken_in_order(inbox: Inbox) -> None:
    for number in range(5):
        inbox.put(said(number))
    assert [[one.mid for one in inbox.take(2, 0)] for _ in range(4)] == [[0, 1], [2, 3], [4], []]


def test_what_a_lost_connection_will_bring_again_is_dropped(inbox: Inbox) -> None:
    for number in range(4):
        inbox.put(said(number))
    inbox.drop(lambda delivery: delivery.qos > 0)
    assert [one.mid for one in inbox.take(10, 0)] == [0, 2]
    assert len(inbox) == 0


def test_who_takes_is_let_go_at_once_even_if_it_comes_later(inbox: Inbox, eventually: Eventually) -> None:
    taker = Taker(inbox, None)
    eventually(lambda: waits(inbox))
    inbox.ring()
    assert taker.end() == []
    inbox.ring()
    inbox.put(said(1))
    assert inbox.take(10, 60) == []
    assert [one.mid for one in inbox.take(10, 60)] == [1]
