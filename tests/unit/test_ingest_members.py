"""Who counts as dead: told by rows that stand still while one looks, never by comparing clocks (ADR 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from monitor.ingest.members import Watch
from monitor.store.sessions import Session

AFTER = 10.0
Look = tuple[float, dict[str, int]]
"""(monotonic seconds, beat by client id)"""


def beating(start: int, until: int) -> list[Look]:
    return [(float(second), {"a": second}) for second in range(start, until)]


def still(start: int, until: int, beat: int = 7) -> list[Look]:
    return [(float(second), {"a": beat}) for second in range(start, until)]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    looks: Sequence[Look]
    dead: Sequence[str] = field(default=())


SCENARIOS = {
    "nobody is dead at the first look, however old the row": Scenario(looks=[(1000.0, {"a": 7})]),
    "one that beats lives": Scenario(looks=beating(0, 60)),
    "one that stands still is not dead before the time": Scenario(looks=still(0, 10)),
    "one that stands still is dead after it": Scenario(looks=still(0, 11), dead=["a"]),
    "one slow beat lets the time begin anew": Scenario(looks=[*still(0, 9), *still(9, 18, beat=8)]),
    "another run of it, too, lets the time begin anew": Scenario(looks=[*still(0, 9), (9.0, {}), *still(10, 19)]),
    "one that dies later": Scenario(looks=[*beating(0, 30), *still(30, 41)], dead=["a"]),
    "the others go on": Scenario(looks=[(float(s), {"a": 7, "b": s}) for s in range(11)], dead=["a"]),
    "who was paused has seen nothing": Scenario(looks=[*still(0, 5), *still(300, 310)]),
    "and sees it when it has looked long enough again": Scenario(looks=[*still(0, 5), *still(300, 311)], dead=["a"]),
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_who_is_dead_at_the_last_look(scenario: Scenario) -> None:
    watch = Watch(AFTER)
    found: list[Session] = []
    for now, beats in scenario.looks:
        rows = [Session(client_id=c, topics=(), holder=f"{c}/1", beat=beat) for c, beat in beats.items()]
        found = watch.dead(rows, now)
    assert [session.client_id for session in found] == list(scenario.dead)
