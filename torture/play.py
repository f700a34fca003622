"""The two runs after each other, and their comparison."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from monitor.settings import load
from torture.comparison import Compared, compare, numbers
from torture.plan import Plan, draw
from torture.run import Played, Run
from torture.scenario import HOURS, Scenario, Size, scenario
from torture.world import World

CALM_TIMES: Final = 25.0
"""How many times as fast the undisturbed run is played: nothing there takes its time."""
CALM_MOST: Final = 600.0
LONG_SECONDS: Final = 300.0
"""From this length on devices speak as often as real ones, and lateness is counted by the minute."""
DAY_SECONDS: Final = 1800.0
"""Of a long run: how long a day of the hall takes."""
EXPLAINED: Final = 20
"""So many cards that differ are explained."""
FAULT_EVERY: Final = 10.0
TOLERANCE: Final = timedelta(minutes=5)
"""How far times of two equal cards may lie apart: a device's clock is corrected by so much at most, and is else not
trusted (`policy.device.skew_untrusted_seconds`).
"""
HALL_SECONDS: Final = (HOURS[1].hour - HOURS[0].hour) * 3600.0 + (HOURS[1].minute - HOURS[0].minute) * 60.0 + 3600.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How long, how fast and how much: of the length of the disturbed run alone."""

    store: str
    seconds: float
    size: Size
    faults: int
    kills: int

    @staticmethod
    def of(minutes: float, store: str, *, kills: int | None = None) -> Shape:
        """ValueError for a length that is none."""
        seconds = minutes * 60
        if not 8 <= seconds <= 86_400:
            raise ValueError(f"MINUTES={minutes:g}: 0.15 至 1440 之间 between 0.15 and 1440")
        if kills is not None and kills < 1:
            raise ValueError(f"KILLS={kills}: 至少 1 at least 1")
        if seconds < LONG_SECONDS:
            size = Size(days=1, heartbeat_seconds=900, camera_seconds=360, cases_a_window=4, fine=False)
        else:
            days = max(1, min(3, round(seconds / DAY_SECONDS)))
            size = Size(days=days, heartbeat_seconds=120, camera_seconds=60, cases_a_window=10, fine=True)
        faults = max(32, round(seconds / FAULT_EVERY))
        most = kills if kills is not None else max(12, round(seconds / 30))
        return Shape(store=store, seconds=seconds, size=size, faults=faults, kills=most)

    @property
    def rate(self) -> float:
        """Of the hall's clock in the disturbed run."""
        return self.size.days * HALL_SECONDS / self.seconds

    @property
    def calm_rate(self) -> float:
        """A short run is as fast already as it can be."""
        return max(self.rate, min(CALM_TIMES * self.rate, CALM_MOST))

    def plan(self, seed: int) -> Plan:
        return draw(seed, self.seconds, self.store, count=self.faults, kills=self.kills)


@dataclass(frozen=True, kw_only=True)
class Tortured:
    """Both runs and what their comparison says."""

    shape: Shape
    plan: Plan
    scenario: Scenario
    calm: Played
    torn: Played
    compared: Compared
    seconds: float


class Torture:
    def __init__(self, shape: Shape, plan: Plan, folder: Path, *, say: Callable[[str], None]) -> None:
        self._shape, self._plan, self._folder, self._say = shape, plan, folder, say

    def run(self) -> Tortured:
        """Raises CannotPlay."""
        shape, begun = self._shape, time.monotonic()
        played = scenario(self._plan.seed, shape.size, load(None, {}))
        self._say(f"{shape.size.days} day(s) of the hall, {len(played.steps)} steps; first without faults")
        calm = self._run(played, "calm", "sqlite", shape.calm_rate).play(None)
        self._say(f"undisturbed: {len(calm.outcome.cards)} cards, {calm.seconds:.0f} s; now with faults")
        kept: list[Compared] = []

        def after(world: World, torn: Played) -> None:
            kept.append(compare(calm, torn, TOLERANCE))
            if kept[0].differences:
                explain(world, kept[0].differences)

        torn = self._run(played, "torn", self._plan.store, shape.rate).play(self._plan, after)
        return Tortured(
            shape=shape,
            plan=self._plan,
            scenario=played,
            calm=calm,
            torn=torn,
            compared=kept[0],
            seconds=time.monotonic() - begun,
        )

    def _run(self, played: Scenario, name: str, store: str, rate: float) -> Run:
        folder = self._folder / name
        return Run(played, store, folder, rate=rate, say=self._say)


def explain(world: World, differences: Sequence[str]) -> None:
    """What explains the cards that differ, and a backup of the store, into the run's folder."""
    with (world.folder / "explained.txt").open("w", encoding="utf-8") as out:
        for number in numbers(differences)[:EXPLAINED]:
            print(f"#{number}\n{world.command('explain', str(number))}", file=out)
    world.tried("backup", str(world.folder / "store.zip"))
