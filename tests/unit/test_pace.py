"""Turns of those that look again and again (docs/adr/0061)."""

from __future__ import annotations

import pytest

from monitor import pace
from monitor.pace import PERIOD_SECONDS, Turn, rest, until_turn


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
    assert until_turn(Turn.INGEST, seconds) == pytest.approx(waits)
