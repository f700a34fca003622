"""Rounds of a thread: no word and no end is lost, whenever it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from monitor.rounds import Rounds

LONG = 60.0


def seconds_of(rest: Callable[[], None]) -> float:
    began = time.monotonic()
    rest()
    return time.monotonic() - began


def test_what_is_told_during_a_round_ends_the_rest_after_it() -> None:
    rounds = Rounds()
    assert rounds.begin()
    rounds.wake()
    assert seconds_of(lambda: rounds.rest(LONG)) < LONG / 2
    assert rounds.begin()
    assert seconds_of(lambda: rounds.rest(0.05)) >= 0.04, "a word counts once"


@pytest.mark.parametrize("tell", [Rounds.wake, Rounds.end], ids=["woken", "ended"])
def test_a_rest_ends_when_another_thread_says_so(tell: Callable[[Rounds], None]) -> None:
    rounds, done = Rounds(), threading.Event()

    def work() -> None:
        rounds.begin()
        rounds.rest(LONG)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    tell(rounds)
    assert done.wait(LONG / 2)


@pytest.mark.parametrize("first", [True, False], ids=["before it forgets", "after it forgot"])
def test_an_end_at_the_very_beginning_of_a_round_is_seen_before_the_rest(first: bool) -> None:
    """The end may come at any point of the question whether to go on: the daemon once rested 30 s through its end."""
    rounds = Rounds()

    class Forgets(threading.Event):
        def clear(self) -> None:
            if first:
                rounds.end()
            super().clear()
            if not first:
                rounds.end()

    rounds._told = Forgets()
    assert not rounds.begin()


def test_who_ended_stays_so_and_pauses_no_more() -> None:
    rounds = Rounds()
    rounds.end()
    assert rounds.over
    assert (rounds.begin(), rounds.begin()) == (False, False)
    assert seconds_of(lambda: rounds.pause(LONG)) < LONG / 2


def test_a_word_does_not_end_a_pause() -> None:
    rounds = Rounds()
    rounds.wake()
    assert seconds_of(lambda: rounds.pause(0.05)) >= 0.04
