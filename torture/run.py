"""One run of a scenario in a world: with the faults of a plan, or undisturbed."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from monitor.agents.scene import Step
from monitor.store.engine import Store
from monitor.store.sequences import Prefixes, first_missing
from torture.devices import Device, lines
from torture.faults import Faults
from torture.flood import TALKER, Bad
from torture.heard import Heard
from torture.outcome import Outcome, beaten, gather, held, held_back, quiet, stored
from torture.people import People
from torture.plan import Plan
from torture.scenario import Scenario
from torture.world import STRANGER, CannotPlay, World

DRAIN_SECONDS: Final = 240.0
STILL_SECONDS: Final = 2.0
"""So long nothing may come in before what is missing counts as lost at the broker."""
HOLES_SECONDS: Final = 15.0
ROUNDS: Final = 12
"""Of the evening's work at the cards, at most: a card goes through four steps."""
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Played:
    """What happened in a run, beside what came of it. `given_back`: events that a killed broker had acknowledged and
    lost, taken from the devices' journals; `replayed`: events that a wrong host clock had put into quarantine; `again`:
    events that devices told twice on purpose; `unknown_holes`: losses that the program did not see; `ended`: daemons
    that ended by themselves.
    """

    outcome: Outcome
    events: set[tuple[str, str]]
    bad: list[Bad]
    done: Counter[str]
    left_out: Counter[str]
    not_reached: int
    people: Counter[str]
    refused_steps: Counter[str]
    refused_messages: int
    again: int
    given_back: int
    replayed: int
    unknown_holes: list[str]
    ended: list[str]
    seconds: float


class Run:
    """`rate`: how many times as fast as real time the hall's clock runs."""

    def __init__(self, played: Scenario, store: str, folder: Path, *, rate: float, say: Say) -> None:
        self._scenario, self._store, self._folder, self._rate = played, store, folder, rate
        self._say = say
        self._lock = threading.Lock()
        self._given_back = self._replayed = 0
        self._unknown_holes: list[str] = []

    def play(self, plan: Plan | None, after: Callable[[World, Played], None] | None = None) -> Played:
        """`after` is called with what came of it while the store is still there.

        Raises CannotPlay where something does not come up or does not come to its end.
        """
        begun = time.monotonic()
        world = World(self._folder, self._scenario, self._store, rate=self._rate, proxied=plan is not None)
        with contextlib.ExitStack() as parts:
            parts.callback(world.close)
            world.start()
            self._told(begun, "started")
            world.play()
            self._told(begun, "daemons up")
            devices = self._switch_on(world)
            for device in devices.values():
                parts.callback(device.close)
            self._await(lambda: all(map(_connected, devices.values())), "a device does not connect", 30)
            people = People(world, self._scenario.seed)
            faults = Faults(plan, world, devices, self._lock, self._say) if plan is not None else None
            people.go()
            if faults is not None:
                parts.callback(faults.close)
                faults.begin()
            self._play(world, devices)
            people.stop()
            if faults is not None:
                faults.mend()
                if faults.failed is not None:
                    raise faults.failed
            bad = faults.bad if faults is not None else []
            world.evening()
            self._told(begun, "the days are over, everything is mended")
            self._drain(world, devices, bad)
            self._told(begun, "drained")
            self._settle(world)
            self._told(begun, "settled")
            for _ in range(ROUNDS):
                if not people.evening():
                    break
            else:
                raise CannotPlay(f"the evening's work does not end: {people.refused}")
            self._settle(world)
            self._told(begun, "evening's work done")
            for device in devices.values():
                device.close()
            for name in world.daemons:
                world.stop(name)
            found = self._found(world, devices, people, faults, time.monotonic() - begun)
            self._told(begun, "gathered")
            if after is not None:
                after(world, found)
        return found

    def _told(self, begun: float, what: str) -> None:
        self._say(f"[{time.monotonic() - begun:5.1f} s] {what}")

    def _found(
        self, world: World, devices: dict[str, Device], people: People, faults: Faults | None, seconds: float
    ) -> Played:
        return Played(
            outcome=gather(world, examine=faults is not None),
            events={(device.name, kept.id) for device in devices.values() for kept in device.journal},
            bad=faults.bad if faults is not None else [],
            done=faults.done if faults is not None else Counter(),
            left_out=faults.left_out if faults is not None else Counter(),
            not_reached=faults.not_reached if faults is not None else 0,
            people=people.done,
            refused_steps=people.refused,
            refused_messages=world.receivers.refused,
            again=faults.again if faults is not None else 0,
            given_back=self._given_back,
            replayed=self._replayed,
            unknown_holes=self._unknown_holes,
            ended=world.ended,
            seconds=seconds,
        )

    # -- the days

    def _switch_on(self, world: World) -> dict[str, Device]:
        port = world.devices_port
        found = {d.id: Device(d.id, port=port, clock=world.clock, beats=True) for d in self._scenario.devices}
        found[STRANGER] = Device(STRANGER, port=port, clock=world.clock, beats=False, births=False)
        return found

    def _play(self, world: World, devices: dict[str, Device]) -> None:
        """Everything in its time; the wall waits for the heartbeats of healthy devices (`torture.pace`)."""
        with contextlib.closing(Heard(world)) as heard:
            for at, steps in groupby(self._scenario.steps, key=lambda step: step.at):
                world.pace.advance(world.clock.seconds_until(at))
                with self._lock:
                    beats = sum(self._take(step, devices, world.clock.now()) for step in steps)
                if beats:
                    heard.wait(beats)
            world.pace.run()

    def _take(self, step: Step, devices: dict[str, Device], now: datetime) -> int:
        """Do it; how many heartbeats were sent."""
        device = devices[step.device]
        if step.what == "event":
            device.happen(step)
            return 0
        if (now - step.at).total_seconds() >= self._scenario.size.heartbeat_seconds:
            return 0  # the next one is due too, and knows more
        return int(device.beat(now))

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
                self._say(f"{len(lost)} events that the broker lost are given back from the devices' journals")
                self._unknown_holes = self._holes_not_seen(store, world, devices, lost)
                file = world.folder / "given-back.jsonl"
                file.write_text("\n".join(lines(devices.values(), lost, world.clock.now())) + "\n", encoding="utf-8")
                world.command("events", "import", str(file))
                self._given_back = len(lost)
            self._await(lambda: not missing(), f"{len(missing())} events are not stored")
        self._beat(world, devices)

    def _beat(self, world: World, devices: dict[str, Device]) -> None:
        """A heartbeat of each, now: they have nothing more to tell. Until all are stored: one that comes alone waits
        for company (docs/adr/0061), and would wait when the daemons are stopped.
        """
        since = world.clock.now()
        beating = {device.name: device for device in devices.values() if device.beats}
        for name, device in beating.items():
            self._await(lambda d=device: d.beat(world.clock.now()), f"{name} sends no heartbeat")  # type: ignore[misc]
        with contextlib.closing(world.store()) as store:

            def silent() -> set[str]:
                with store.read() as conn:
                    return beating.keys() - beaten(conn, since)

            self._await(lambda: not silent(), lambda: f"heartbeats are not stored: {sorted(silent())}")

    def _holes_not_seen(
        self, store: Store, world: World, devices: dict[str, Device], lost: set[tuple[str, str]]
    ) -> list[str]:
        """Of the devices that owe heartbeats, those whose loss the program does not know of, so that it would judge on.

        Of a boot that is over nobody announces a number any more: what was lost at its very end cannot be known. What
        lies in quarantine has a number that is known, and holds its device's watermark by itself.
        """
        holes: dict[str, int] = {}
        with store.read() as conn:
            gone = lost - held_back(conn)
        for device in devices.values():
            seqs = [k.seq for k in device.journal if (device.name, k.id) in gone and k.boot == device.boot]
            if seqs and device.beats:
                holes[device.name] = min(seqs)
                device.beat(world.clock.now())

        def unseen() -> list[str]:
            now = world.clock.now()
            with store.read() as conn:
                found = {name: first_missing(conn, name, devices[name].boot, now, (), Prefixes()) for name in holes}
            return [
                f"{name}: {holes[name]} is missing, {seen} is known"
                for name, seen in found.items()
                if seen != holes[name]
            ]

        with contextlib.suppress(CannotPlay):
            self._await(lambda: not unseen(), "", HOLES_SECONDS)
        return unseen()

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
        """As an operator does: what was held back because a host's clock was wrong (`future`) is replayed, and the
        malformed is dismissed; until then what a device may not say holds its watermark. An event of a moment in which
        no heartbeat shows whose clock it was stays held: it is missing, and given back from the device's journal.
        """
        rows: list[dict[str, Any]] = json.loads(world.command("quarantine", "list", "--json"))
        future = [str(row["id"]) for row in rows if row["reason"] == "future"]
        others = [str(row["id"]) for row in rows if row["reason"] != "future"]
        if future:
            world.tried("quarantine", "replay", *future)
            left = [
                row for row in json.loads(world.command("quarantine", "list", "--json")) if row["reason"] == "future"
            ]
            self._replayed = len(future) - len(left)
        if others:
            world.command("quarantine", "dismiss", *others, "--reason", "伪造报文 no event of this device")

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

    def _settle(self, world: World) -> None:
        """Until the daemons have nothing left to do."""
        said = ""
        with contextlib.closing(world.store()) as store:

            def is_quiet() -> bool:
                nonlocal said
                with store.read() as conn:
                    said = quiet(conn, world.clock.now())
                return not said

            self._await(is_quiet, lambda: f"the daemons do not come to rest: {said}\n{world.last_words()}")

    def _await(self, holds: Callable[[], bool], why: str | Callable[[], str], seconds: float = DRAIN_SECONDS) -> None:
        end, pause = time.monotonic() + seconds, threading.Event()
        while not holds():
            if time.monotonic() > end:
                raise CannotPlay(why if isinstance(why, str) else why())
            pause.wait(0.1)


def _connected(device: Device) -> bool:
    return device.is_connected
