"""Turns of those that look again and again (docs/adr/0061)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor import pace
from monitor.clock import Clock, FrozenClock
from monitor.pace import CALM_AFTER_SECONDS, CALM_SECONDS, PERIOD_SECONDS, Tempo, Turn, rest, until_turn


@pytest.mark.parametrize("turn", Turn)
@pytest.mark.parametrize("now", [100.0, 100.0299, 100.03, 100.5, 100.9999])
def test_each_has_its_turn_once_a_period_whenever_it_asks(
    monkeypatch: pytest.MonkeyPatch, turn: Turn, now: float
) -> None:
    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    waits = rest(turn, PERIOD_SECONDS)
    assert 0 < waits <= PERIOD_SECONDS
    assert (now + waits) % PERIOD_SECONDS == pytest.approx(turn.value / 1000)


def test_those_of_longer_rests_come_at_multiples_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace.time, "monotonic", lambda: 102.5)
    assert rest(Turn.ASSESSOR, 6.0) == pytest.approx(5.55)


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [(3.0, 2.96), (1.46, 1.46), (1.47, 1.46), (1.4, 1.4), (1.5, 1.46), (2.96, 2.96)],
    ids=["several turns", "just a turn", "one turn", "none", "one in a period", "the very last"],
)
def test_who_waits_for_a_turn_waits_for_the_last_that_is_not_too_late(
    monkeypatch: pytest.MonkeyPatch, seconds: float, waits: float
) -> None:
    monkeypatch.setattr(pace.time, "monotonic", lambda: 7.5)
    assert until_turn(Turn.INGEST, seconds, PERIOD_SECONDS) == pytest.approx(waits)


@pytest.mark.parametrize(("now", "waits"), [(6.0, 1.46), (7.5, 5.96), (7.0, 0.46)])
def test_of_turns_that_are_further_apart_there_is_one_in_that_time(
    monkeypatch: pytest.MonkeyPatch, now: float, waits: float
) -> None:
    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    assert until_turn(Turn.INGEST, CALM_SECONDS, CALM_SECONDS) == pytest.approx(waits)


# --------------------------------------------------------------------------- where nothing happens


class Elapsed:
    """Seconds that a test lets go by."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


NIGHT = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.mark.parametrize("clock", [Clock(), FrozenClock(NIGHT), Clock.of(NIGHT, 0.01)], ids=["real", "still", "slow"])
def test_turns_are_further_apart_once_nothing_has_happened_for_a_minute(clock: Clock) -> None:
    elapsed = Elapsed()
    tempo = Tempo(clock, monotonic=elapsed)
    assert tempo.seconds == PERIOD_SECONDS
    elapsed.now += CALM_AFTER_SECONDS - 0.1
    assert tempo.seconds == PERIOD_SECONDS
    elapsed.now += 0.1
    assert tempo.seconds == CALM_SECONDS
    tempo.stir()
    assert tempo.seconds == PERIOD_SECONDS
    elapsed.now += CALM_AFTER_SECONDS
    assert tempo.seconds == CALM_SECONDS


def test_a_clock_that_runs_fast_is_never_calm() -> None:
    elapsed = Elapsed()
    tempo = Tempo(Clock.of(NIGHT, 60.0), monotonic=elapsed)
    elapsed.now += 10 * CALM_AFTER_SECONDS
    assert tempo.seconds == PERIOD_SECONDS


def test_turns_of_a_calm_hall_are_some_of_those_of_a_busy_one() -> None:
    """So that those who look go on close behind one another."""
    assert CALM_SECONDS % PERIOD_SECONDS == 0
