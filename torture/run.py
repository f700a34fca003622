"""One run of a scenario in a world: with the faults of a plan, or undisturbed."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torture.devices import Device, lines
from torture.faults import Faults
from torture.flood import TALKER, Bad
from torture.outcome import Outcome, gather, held, quiet, stored
from torture.people import People
from torture.plan import Plan
from torture.scenario import EXACT, Scenario
from torture.world import STRANGER, CannotPlay, World

DRAIN_SECONDS: Final = 240.0
STILL_SECONDS: Final = 2.0
"""So long nothing may come in before what is missing counts as lost at the broker."""
ROUNDS: Final = 12
"""Of the evening's work at the cards, at most: a card goes through four steps."""
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Played:
    """What happened in a run, beside what came of it. `given_back`: events that a killed broker had acknowledged and
    lost, taken from the devices' journals; `held_ids`: events that came into quarantine and were replayed.
    """

    outcome: Outcome
    events: set[tuple[str, str]]
    bad: list[Bad]
    done: Counter[str]
    left_out: Counter[str]
    people: Counter[str]
    refused_steps: Counter[str]
    refused_messages: int
    given_back: int
    replayed: int
    away: set[str]
    ended: list[str]
    seconds: float


class Run:
    """`rate`: how many times as fast as real time the hall's clock runs."""

    def __init__(self, played: Scenario, store: str, folder: Path, *, rate: float, stretch: float, say: Say) -> None:
        self._scenario, self._store, self._folder, self._rate, self._stretch = played, store, folder, rate, stretch
        self._say = say
        self._lock = threading.Lock()
        self._given_back = self._replayed = 0

    def play(self, plan: Plan | None) -> Played:
        """Raises CannotPlay where something does not come up or does not come to its end."""
        begun = time.monotonic()
        world = World(
            self._folder, self._scenario, self._store, rate=self._rate, stretch=self._stretch, proxied=plan is not None
        )
        with contextlib.ExitStack() as parts:
            parts.callback(world.close)
            world.start()
            world.play()
            devices = self._switch_on(world)
            for device in devices.values():
                parts.callback(device.close)
            self._await(lambda: all(d.is_connected for d in devices.values()), "a device does not connect", 30)
            people = People(world, self._scenario.seed)
            faults = Faults(plan, world, devices, self._lock, self._say) if plan is not None else None
            people.go()
            if faults is not None:
                faults.begin()
            self._play(world, devices)
            people.stop()
            if faults is not None:
                faults.mend()
                if faults.failed is not None:
                    raise faults.failed
            bad = faults.bad if faults is not None else []
            world.await_daemons()
            self._say(f"the days are over after {time.monotonic() - begun:.0f} s; everything is mended")
            self._drain(world, devices, bad)
            world.evening()
            self._settle(world)
            for _ in range(ROUNDS):
                if not people.evening():
                    break
            else:
                raise CannotPlay(f"the evening's work does not end: {people.refused}")
            self._settle(world)
            for device in devices.values():
                device.close()
            for name in world.daemons:
                world.stop(name)
            outcome = gather(world)
        return Played(
            outcome=outcome,
            events={(device.name, kept.id) for device in devices.values() for kept in device.journal},
            bad=bad,
            done=faults.done if faults is not None else Counter(),
            left_out=faults.left_out if faults is not None else Counter(),
            people=people.done,
            refused_steps=people.refused,
            refused_messages=world.receivers.refused,
            given_back=self._given_back,
            replayed=self._replayed,
            away={device.name for device in devices.values() if device.was_away},
            ended=world.ended,
            seconds=time.monotonic() - begun,
        )

    # -- the days

    def _switch_on(self, world: World) -> dict[str, Device]:
        port = world.devices_port
        found = {d.id: Device(d.id, port=port, clock=world.clock, beats=d.id != EXACT) for d in self._scenario.devices}
        found[STRANGER] = Device(STRANGER, port=port, clock=world.clock, beats=False, births=False)
        return found

    def _play(self, world: World, devices: dict[str, Device]) -> None:
        """Everything in its time; what the machine is late with is sent with the time at which it happened."""
        pause = threading.Event()
        for step in self._scenario.steps:
            wait = world.clock.seconds_until(step.at)
            if wait > 0:
                pause.wait(wait)
            with self._lock:
                if step.what == "event":
                    devices[step.device].happen(step)
                    continue
                now = world.clock.now()
                if (now - step.at).total_seconds() < self._scenario.size.heartbeat_seconds:
                    devices[step.device].beat(now)

    # -- the end

    def _drain(self, world: World, devices: dict[str, Device], bad: list[Bad]) -> None:
        """Until the broker has taken and the daemons have stored everything; what a killed broker lost is given back.

        A last heartbeat of each device then moves the watermarks to the end of the day.
        """
        self._await(lambda: sum(d.reap() for d in devices.values()) == 0, "a device does not get rid of its events")
        wanted = {(d.name, kept.id) for d in devices.values() for kept in d.journal}
        with contextlib.closing(world.store()) as store:

            def missing() -> set[tuple[str, str]]:
                with store.read() as conn:
                    return wanted - stored(conn).keys()

            self._until_still(missing)
            self._flood_again(world, devices, bad)
            self._look_through(world)
            lost = missing()
            if lost:
                self._say(
                    f"{len(lost)} events that the broker had acknowledged are given back from the devices' journals"
                )
                file = world.folder / "given-back.jsonl"
                file.write_text("\n".join(lines(devices.values(), lost, world.clock.now())) + "\n", encoding="utf-8")
                world.command("events", "import", str(file))
                self._given_back = len(lost)
            self._await(lambda: not missing(), f"{len(missing())} events are not stored")
        end = self._scenario.end
        self._await(lambda: world.clock.now() >= end, "the clock stands still", 600)
        for device in devices.values():
            if device.beats:
                self._await(lambda device=device: device.is_connected, f"{device.name} is not connected")
                device.beat(world.clock.now())

    def _until_still(self, missing: Callable[[], set[tuple[str, str]]]) -> None:
        """Until nothing is missing, or nothing more comes in."""
        last, since, pause = -1, time.monotonic(), threading.Event()
        end = since + DRAIN_SECONDS
        while time.monotonic() < end:
            left = len(missing())
            if left == 0:
                return
            if left != last:
                last, since = left, time.monotonic()
            elif time.monotonic() - since > STILL_SECONDS:
                return
            pause.wait(0.2)

    def _look_through(self, world: World) -> None:
        """As an operator does: what was held back because a host's clock was wrong (`future`) is replayed, and what a
        device may not say is dismissed; until then it would hold the device's watermark.
        """
        rows: list[dict[str, Any]] = json.loads(world.command("quarantine", "list", "--json"))
        ids = {
            reason: [str(row["id"]) for row in rows if row["reason"] == reason] for reason in ("future", "not_allowed")
        }
        if ids["future"]:
            world.command("quarantine", "replay", *ids["future"])
            self._replayed = len(ids["future"])
        if ids["not_allowed"]:
            world.command("quarantine", "dismiss", *ids["not_allowed"], "--reason", "伪造报文 no event of this device")

    def _flood_again(self, world: World, devices: dict[str, Device], bad: list[Bad]) -> None:
        """What the broker lost of the malformed is sent once more, so that every one of them is accounted for."""
        wanted = {one.digest: one for one in bad}
        with contextlib.closing(world.store()) as store:

            def lost() -> set[str]:
                with store.read() as conn:
                    return wanted.keys() - {digest for digest, _ in held(conn)}

            pause = threading.Event()
            for _ in range(3):
                for _ in range(20):
                    if not lost():
                        break
                    pause.wait(0.1)
                for digest in lost():
                    one = wanted[digest]
                    devices[one.device if one.device == STRANGER else TALKER].raw(one.channel, one.payload)
            self._await(lambda: not lost(), "malformed messages are in no quarantine", 30)
        for one in bad:
            if one.retain:
                devices[TALKER].raw(one.channel, b"", retain=True)

    def _settle(self, world: World) -> None:
        """Until the daemons have nothing left to do."""
        said = ""
        with contextlib.closing(world.store()) as store:

            def is_quiet() -> bool:
                nonlocal said
                with store.read() as conn:
                    said = quiet(conn, world.clock.now())
                return not said

            self._await(is_quiet, lambda: f"the daemons do not come to rest: {said}")

    def _await(self, holds: Callable[[], bool], why: str | Callable[[], str], seconds: float = DRAIN_SECONDS) -> None:
        end, pause = time.monotonic() + seconds, threading.Event()
        while not holds():
            if time.monotonic() > end:
                raise CannotPlay(why if isinstance(why, str) else why())
            pause.wait(0.1)
