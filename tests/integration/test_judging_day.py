"""The hall day of the acceptance test, heard live: whatever the order and the times of judging, the same cards stand.

Here nothing is woken but by marks, watermarks and due times, as in the daemon; `judge --as-of` looks at everything.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.store.engine import Store
from tests.acceptance.test_hall_day import AT_EACH_TIME, PLANS, REGISTRY, S02_OVER, VERDICTS, the_day
from tests.halls import Line, at
from tests.world import World

pytestmark = pytest.mark.both_databases


def verdicts(world: World) -> dict[str, str]:
    return {key: world.verdict(f"slot:{key}") for key in VERDICTS}


def live(world: World, lines: Sequence[Line], judged: Sequence[datetime]) -> None:
    """Hear the lines in the order of their receipt and judge at the given times, each after what came until then."""
    waiting = sorted(lines, key=lambda line: line.received)
    for now in judged:
        ready = [line for line in waiting if line.received <= now]
        waiting = waiting[len(ready) :]
        for start in range(0, len(ready), 400):
            world.hear(*ready[start : start + 400])
        world.judge(now)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    made = World(store, tmp_path, REGISTRY)
    made.plan(**PLANS)
    return made


@pytest.mark.scenarios
def test_heard_live_and_judged_every_five_minutes_the_day_has_the_same_cards(world: World) -> None:
    times = [at("07:50") + timedelta(minutes=5) * n for n in range(136)]
    live(world, the_day(), times)
    assert sorted(world.card_lines()) == sorted(AT_EACH_TIME["19:05"])
    assert verdicts(world) == VERDICTS


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 10))])
def test_at_whatever_times_it_is_judged_the_same_warnings_stand(world: World, seed: int) -> None:
    chance = random.Random(seed)
    times = sorted(at("07:50") + timedelta(seconds=chance.randrange(40_000)) for _ in range(12))
    live(world, the_day(), [*times, at("19:05")])
    expected = sorted(line for line in AT_EACH_TIME["19:05"] if line != S02_OVER)
    assert sorted(line for line in world.card_lines() if line != S02_OVER) == expected
    assert verdicts(world) == VERDICTS


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 10))])
def test_however_late_events_arrive_no_card_is_issued_that_has_to_be_withdrawn(world: World, seed: int) -> None:
    """A third of the events take up to twenty minutes longer than the heartbeats that announce their numbers."""
    chance = random.Random(100 + seed)
    lines = [
        replace(line, received=line.received + timedelta(seconds=chance.randrange(1200)))
        if line.channel != "heartbeat" and chance.random() < 0.33
        else line
        for line in the_day()
    ]
    live(world, lines, [at("07:50") + timedelta(minutes=7) * n for n in range(100)])
    cards = [line for line in world.card_lines() if " reminder " not in line]
    assert sorted(cards) == sorted(line for line in AT_EACH_TIME["19:05"] if " reminder " not in line)
    assert verdicts(world) == VERDICTS
