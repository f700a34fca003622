"""The daemon's clock is wrong for longer than a jump is held (docs/adr/0014): that makes nobody late or absent.

Devices keep the right time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.clock import Clock, ManualClock
from monitor.console.health import Health
from monitor.store.engine import Store
from tests.halls import MINUTE, Line, at, hall, told
from tests.http_app import NOW, fill_places, make_deps, served
from tests.machine import Machine
from tests.world import World

STEPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]
REGISTRY = hall(
    2,
    devices=[
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "c1", "kind": "cases", "hall": "h1"},
        {"id": "cam1", "kind": "camera", "window": "w1"},
    ],
)
DEVICES = ("t1", "c1", "cam1")


class Shifted:
    """A world whose daemon's clock may be wrong; times are true times."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong = timedelta(0)

    def shown(self, when: str | datetime) -> datetime:
        return at(when) + self.wrong

    def event(self, device: str, channel: str, when: str, **body: object) -> None:
        self.world.event(device, channel, when, received=told(self.shown(when)), **body)

    def goes_on(self, first: str, last: str) -> None:
        """Each device beats every minute, a clerk is seen; every fifth minute what came is written and judged."""
        waiting: list[Line] = []
        when = at(first)
        while when <= at(last):
            said = {"at": when.isoformat(), "boot": "b1"}
            for device in DEVICES:
                beat = {**said, "queue": 0, "last_seq": None}
                waiting.append(Line(received=self.shown(when), device=device, channel="heartbeat", payload=beat))
            seen = {**said, "id": told(when), "people": 1, "view": "ok"}
            waiting.append(Line(received=self.shown(when), device="cam1", channel="presence", payload=seen))
            if when.minute % 5 == 0:
                self.world.hear(*waiting)
                waiting.clear()
                self.judge(when)
            when += MINUTE

    def judge(self, when: str | datetime) -> None:
        shown = self.shown(when)
        if shown < self.world.clock.now():
            self.world.clock = ManualClock(shown)  # set back, which a clock of a test does not do by itself
        self.world.judge(shown)

    def accused(self) -> list[tuple[str, str, str]]:
        return [(card["rule"], card["staff"], told(card["since"])) for card in self.world.cards() if card["staff"]]


LATE = [("checkin.slot", "s02", "08:45")]
"""What is true of this morning: s01 was in time, s02 has not come."""


@pytest.fixture
def shifted(store: Store, tmp_path: Path) -> Shifted:
    """Until 07:55 all is well: s01 has checked in, a case is accepted that is due this evening."""
    here = Shifted(World(store, tmp_path, REGISTRY, start="07:30"))
    here.event("t1", "checkin", "07:36", staff="s01", method="face", direction="in", numbered=False)
    due = at("17:30").isoformat()
    here.event("c1", "case", "07:36", case="C1", event="accepted", item="i1", window="w1", staff="s01", due=due,
               numbered=False)  # fmt: skip
    here.goes_on("07:36", "07:55")
    return here


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_clock_that_is_wrong_for_less_than_half_of_a_boot_changes_nothing(shifted: Shifted, step: timedelta) -> None:
    """The skew is a median: heartbeats received under a wrong clock do not move it while they are the fewer."""
    shifted.wrong = step
    shifted.goes_on("07:56", "08:10")
    assert shifted.accused() == []
    shifted.wrong = timedelta(0)
    shifted.goes_on("08:11", "09:30")
    assert shifted.accused() == LATE
    assert shifted.world.verdict("slot:s01/am_in") == "ok"


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_clock_that_is_wrong_for_most_of_a_boot_makes_times_untrusted_and_nobody_late(
    shifted: Shifted, step: timedelta
) -> None:
    """The devices get the blame, as nothing else can be known; a slot is left to a person (复核)."""
    shifted.wrong = step
    shifted.goes_on("07:56", "09:30")
    assert shifted.accused() == []
    skewed = {card["subject"]["id"] for card in shifted.world.cards("device.skew")}
    assert skewed == set(DEVICES)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_jump_is_told_while_it_is_held_and_no_event_is_held_back_for_it(store: Store, step: timedelta) -> None:
    """Whichever clock is right: a device that shows the daemon's old time, or the new one, is heard."""
    machine = Machine(NOW)
    clock = Clock.of(wall=machine.steady())
    with store.write() as conn:
        fill_places(conn)
    health = Health(monotonic=clock.monotonic, parts=["loop"])
    health.beat()
    with served(make_deps(store, clock=clock, health=health)) as app:
        assert app.http.get("/readyz").status_code == 200
        machine.offset = step
        reasons = app.http.get("/readyz").json()["reasons"]
        assert [reason["part"] for reason in reasons] == ["loop"]
        assert f"{step.total_seconds():+.0f} s" in reasons[0]["why"]
        assert 'jiancha_ready{part="loop"} 0.0' in app.http.get("/metrics").text
        token = app.token(devices=["eval-1"])
        batch = [
            {"device": "eval-1", "channel": "rating", "payload": {"id": name, "at": when.isoformat(), "score": 5}}
            for name, when in (("old", machine.true()), ("new", machine.wall()))
        ]
        answer = app.http.post("/api/v1/events", json=batch, headers=token).json()
        assert answer == {"stored": 2, "duplicates": 0, "quarantined": []}
        machine.offset = timedelta(0)
        assert app.http.get("/readyz").status_code == 200
