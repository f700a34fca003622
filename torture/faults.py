"""Does to a world what its plan says, and mends it again. One thread; what takes its time puts off what comes next."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Final

from torture.devices import Device
from torture.flood import TALKER, Bad, bad
from torture.plan import Fault, Plan
from torture.world import STRANGER, World

LOOK_SECONDS: Final = 0.2
"""How often who ended by himself is looked for."""
ON_THE_WAY: Final = ("kill", "wrong start", "locked", "refused", "delayed", "throttled", "silent", "disk full")
"""Kinds that hold up what devices say."""
Act = Callable[[], None]


class Faults:
    """`begin` when the devices are switched on; `mend` ends it with everything as it should be.

    `bad` is what was sent malformed; `done` counts what was done, `left_out` what could not be done here.
    """

    def __init__(
        self, plan: Plan, world: World, devices: dict[str, Device], lock: threading.Lock, say: Callable[[str], None]
    ) -> None:
        self._plan, self._world, self._devices, self._lock, self._say = plan, world, devices, lock, say
        self._rng = Random(f"{plan.seed}/play")
        self._queue: list[tuple[float, int, str, Act]] = []
        """What begins, by the run's wall."""
        self._mending: list[tuple[float, int, str, Act]] = []
        """What is mended, by real time: it lasts as long as it lasts, however slowly the wall goes on meanwhile."""
        self._numbers = itertools.count()
        self._stop, self._over, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self._begun = 0.0
        self._locker: sqlite3.Connection | None = None
        self.bad: list[Bad] = []
        self.done: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.failed: Exception | None = None
        self.not_reached = self.again = 0
        for fault in plan.faults:
            self._later(fault.at, str(fault), partial(self._do, fault))

    def begin(self) -> None:
        self._begun = self._world.wall.seconds
        self._thread.start()

    def mend(self) -> None:
        """What is still broken is mended; everything runs."""
        self._stop.set()
        self._over.wait(60)
        self.not_reached = len(self._queue)
        world = self._world
        for link in ("devices-broker", "daemon-broker", "daemon-database", "daemon-receivers"):
            self._restore(link)
        world.receivers.mood("well")
        world.disk.empty()
        self._unlock()
        if world.database is not None and not world.database.runs:
            world.down.discard("postgresql")
            world.database.start()
        if "broker" in world.down:
            self._up("broker")
        for name in world.daemons:
            world.set_host_clock(name, timedelta(0))
            if name in world.down:
                world.begin(name)
        world.revive()
        with self._lock:
            for device in self._devices.values():
                if device.is_cut:
                    device.connect()
                device.let_go(self._rng)

    # -- the thread

    def _run(self) -> None:
        try:
            while not self._stop.wait(min(LOOK_SECONDS, max(0.005, self._ahead()))):
                while self._mending and self._mending[0][0] <= time.monotonic():
                    self._act(self._mending)
                while self._queue and self._queue[0][0] <= self._passed():
                    self._act(self._queue)
                self._world.revive()
        except Exception as error:
            self.failed = error
        finally:
            self._over.set()
            self._closed.wait()

    def close(self) -> None:
        """To be called when the world is closed: a server ends with the thread that started it (PR_SET_PDEATHSIG)."""
        self._stop.set()
        self._closed.set()

    def _act(self, queue: list[tuple[float, int, str, Act]]) -> None:
        _, _, what, act = heapq.heappop(queue)
        self._say(f"{self._passed():7.1f} s  {self._world.clock.now():%d. %H:%M} UTC  {what}")
        act()

    def _passed(self) -> float:
        """Seconds of the run's wall (`torture.pace`)."""
        return self._world.wall.seconds - self._begun

    def _ahead(self) -> float:
        """Seconds until something is to be done."""
        begins = self._queue[0][0] - self._passed() if self._queue else LOOK_SECONDS
        ends = self._mending[0][0] - time.monotonic() if self._mending else LOOK_SECONDS
        return min(begins, ends)

    def _later(self, at: float, what: str, act: Act) -> None:
        heapq.heappush(self._queue, (at, next(self._numbers), what, act))

    def _for(self, fault: Fault, act: Act) -> None:
        """Mend it when its time is over."""
        on_the_way = fault.kind in ON_THE_WAY and fault.what != "daemon-receivers"

        def mended() -> None:
            act()
            if on_the_way:
                self._world.broken -= 1
                self._world.mended_at = time.monotonic()

        if on_the_way:
            self._world.broken += 1
        over = (time.monotonic() + fault.seconds, next(self._numbers), f"over: {fault.kind} {fault.what}", mended)
        heapq.heappush(self._mending, over)

    # -- what can be done

    def _do(self, fault: Fault) -> None:
        kinds: dict[str, Callable[[Fault], None]] = {
            "kill": self._kill, "locked": self._lock_store, "cut": self._cut, "refused": self._refuse,
            "delayed": self._delay, "throttled": self._throttle, "silent": self._silence, "disk full": self._fill,
            "host clock": self._host_clock, "wrong start": self._wrong_start, "reboot": self._reboot,
            "device cut": self._device_cut, "held and shuffled": self._hold, "sent again": self._again,
            "flood": self._flood, "receiver": self._mood,
        }  # fmt: skip
        kinds[fault.kind](fault)
        self.done[fault.kind if fault.kind not in ("kill", "flood", "receiver") else f"{fault.kind} {fault.what}"] += 1

    def _kill(self, fault: Fault) -> None:
        world, what = self._world, fault.what
        if what in world.down:
            return
        world.down.add(what)
        if what == "broker":
            world.broker.kill()
        elif what == "postgresql":
            assert world.database is not None
            if world.database.runs:
                world.database.kill()
        else:
            world.kill(what)
        self._for(fault, lambda: self._up(what))

    def _up(self, what: str) -> None:
        world = self._world
        if what not in world.down:
            return
        if what == "broker":
            world.broker.start()
        elif what == "postgresql":
            assert world.database is not None
            if not world.database.runs:
                with contextlib.suppress(AssertionError):  # its disk may be full just now: `revive` tries again
                    world.database.start()
        else:
            world.begin(what)
        world.down.discard(what)

    def _lock_store(self, fault: Fault) -> None:
        """Another process, as far as SQLite is concerned, holds the write lock."""
        if self._locker is not None:
            return
        path = self._world.store_url.removeprefix("sqlite:///")
        self._locker = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
        with contextlib.suppress(sqlite3.OperationalError):
            self._locker.execute("BEGIN IMMEDIATE")
        self._for(fault, self._unlock)

    def _unlock(self) -> None:
        if self._locker is not None:
            with contextlib.suppress(sqlite3.OperationalError):
                self._locker.execute("ROLLBACK")
            self._locker.close()
            self._locker = None

    def _cut(self, fault: Fault) -> None:
        for proxy in self._world.link(fault.what):
            proxy.cut()

    def _refuse(self, fault: Fault) -> None:
        for proxy in self._world.link(fault.what):
            proxy.refuse = True
            proxy.cut()
        self._for(fault, lambda: self._restore(fault.what))

    def _delay(self, fault: Fault) -> None:
        for proxy in self._world.link(fault.what):
            proxy.delay = fault.figures["delay"]
        self._for(fault, lambda: self._restore(fault.what))

    def _throttle(self, fault: Fault) -> None:
        for proxy in self._world.link(fault.what):
            proxy.rate = fault.figures["rate"]
        self._for(fault, lambda: self._restore(fault.what))

    def _silence(self, fault: Fault) -> None:
        for proxy in self._world.link(fault.what):
            proxy.blackhole = True
        self._for(fault, lambda: self._restore(fault.what))

    def _restore(self, link: str) -> None:
        for proxy in self._world.link(link):
            proxy.refuse, proxy.delay, proxy.rate = False, 0.0, 0.0
            if proxy.blackhole:
                proxy.blackhole = False

    def _fill(self, fault: Fault) -> None:
        if not self._world.disk.is_small:
            self.left_out["disk full: nothing can be mounted here"] += 1
            return
        self._world.disk.fill()
        self._for(fault, self._world.disk.empty)

    def _host_clock(self, fault: Fault) -> None:
        self._world.set_host_clock(fault.what, timedelta(seconds=fault.figures["seconds_off"]))
        self._for(fault, lambda: self._world.set_host_clock(fault.what, timedelta(0)))

    def _wrong_start(self, fault: Fault) -> None:
        """Killed, and started while its clock is wrong by minutes of the hall's time; later by the right one."""
        world = self._world
        if fault.what in world.down:
            return
        off = timedelta(minutes=fault.figures["minutes_off"]) / world.rate
        world.kill(fault.what)
        world.begin(fault.what, off)

        def right() -> None:
            if fault.what not in world.down:
                world.kill(fault.what)
                world.begin(fault.what)

        self._for(fault, right)

    def _reboot(self, fault: Fault) -> None:
        with self._lock:
            self._devices[fault.what].reboot(timedelta(seconds=fault.figures["seconds_off"]))

    def _device_cut(self, fault: Fault) -> None:
        device = self._devices[fault.what]

        def back() -> None:
            with self._lock:
                if device.is_cut:
                    device.connect()

        with self._lock:
            device.cut()
        self._for(fault, back)

    def _hold(self, fault: Fault) -> None:
        device = self._devices[fault.what]

        def let_go() -> None:
            with self._lock:
                device.let_go(self._rng)

        with self._lock:
            device.hold()
        self._for(fault, let_go)

    def _again(self, fault: Fault) -> None:
        with self._lock:
            told = self._devices[fault.what].again(int(fault.figures["events"]), self._rng)
        self.again += told

    def _flood(self, fault: Fault) -> None:
        number = self.done[f"flood {fault.what}"]
        for one in bad(fault.what, int(fault.figures["messages"]), number, self._world.clock.now()):
            with self._lock:
                source = self._devices[one.device if one.device == STRANGER else TALKER]
                source.raw(one.channel, one.payload, retain=one.retain)
            self.bad.append(one)

    def _mood(self, fault: Fault) -> None:
        self._world.receivers.mood(fault.what)
        self._for(fault, lambda: self._world.receivers.mood("well"))
