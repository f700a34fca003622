"""What a hall's day costs the daemon, everything switched on: processor, memory, and how long a scrape takes.

    python bench/hallday.py [--seconds N] [--windows A,B] [--json]

The real daemon, started anew in the morning, at the pace of a real clock, on the hall of bench/madehall.py with a
year behind it: Mosquitto, a connection for each device, a heartbeat a minute from each, a picture judged every thirty
seconds at each window, ratings and cases as they come in rules.md I01–I03, a receiver of alerts and the daemon's own
sign of life, Prometheus' scrape every fifteen seconds, the board open as in a browser. Then, started once more, its
night: heartbeats and scrapes alone. A day is nine hours of the first and fifteen of the second. Processor time is the
daemon's own (user and system), so that what runs beside it shows little; but most of it is wakings, and what a waking
costs is the machine's: told beside it is how much longer a fixed piece of Python takes after a rest, and what a page of
memory costs then. Goals: a day below 1 % of a core, a scrape of 200 windows at most 20 ms, at most 150 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import mmap
import os
import statistics
import sys
import tempfile
import threading
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiomqtt
import httpx
import madehall
import psutil
from madehall import NOW, hall, write_hall
from madeyear import Year
from rounds import Row, row, tell

from monitor.agents.children import Broker, Daemon, find_mosquitto, free_port
from monitor.agents.receiver import Receiver
from monitor.settings import ConsoleSettings
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.supervision.signin import SignIn, Visitor

CPU_GOAL, SCRAPE_GOAL, MEMORY_GOAL = 1.0, 20.0, 150.0
SCRAPED_WINDOWS: Final = 200
OPEN_HOURS: Final = 9.0
AGAIN: Final = timedelta(minutes=5)
"""So much later than the first the daemon starts that is measured."""
NIGHT: Final = timedelta(hours=18)
"""The daemon of the night starts so much later, at four, when no session runs."""
BEGIN_SECONDS: Final = 60.0
"""Between the start of the devices and the first second that counts. A day begins once: as long as not all that a
window's evidence rests on has spoken, it is looked at again every few seconds.
"""
SCRAPE_SECONDS: Final = 15.0
BEAT_SECONDS, PICTURE_SECONDS = 60.0, 30.0
RATING_SECONDS, CASE_SECONDS = 360.0, 360.0
"""Each window: 318,022 cases a year at 100 windows are about ten an hour and window, and as many ratings."""


@dataclass
class Hall:
    """The running daemon and how it is spoken to."""

    daemon: Daemon
    broker: Broker
    cookie: str
    devices: Sequence[str]
    start: datetime
    zero: float
    sent: int = 0
    scrapes: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.daemon.child.pid)

    def cpu(self) -> float:
        """Seconds of processor that the daemon has used since its start."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def now(self) -> str:
        return (self.start + timedelta(seconds=clock.time() - self.zero)).isoformat()


def written(folder: Path, windows: int) -> str:
    """The hall's store, made in this folder; gives whose cookie looks at the board."""
    madehall.YEAR, madehall.PEOPLE = Year(windows=windows), windows * 2 + 50  # type: ignore[misc]
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    migrate.ensure(store)
    write_hall(store)
    signing = SignIn(store, lambda: datetime.now(UTC), ConsoleSettings())
    cookie = signing.by_identity(madehall.ISSUER, "duty", Visitor()).secret
    store.close()
    return cookie


@contextmanager
def at_work(folder: Path, cookie: str, start: datetime) -> Iterator[Hall]:
    """The daemon of that store from `start` on, with everything that a hall switches on."""
    programs = find_mosquitto()
    if programs is None:
        raise SystemExit("bench/hallday.py: no mosquitto; `make packages` installs it where apt can")
    devices = [one["id"] for one in hall()["devices"]]
    with ExitStack() as parts:
        receiver = Receiver()
        receiver.start()
        parts.callback(receiver.stop)
        broker = Broker(programs, Path(tempfile.mkdtemp(dir=folder)) / "broker", devices)
        parts.callback(broker.start().end)
        config, port, zero = folder / "jiancha.toml", free_port(), clock.time()
        config.write_text(
            f"[mqtt]\nusername = 'jiancha'\n[alerts.deadman]\nurl = '{receiver.url}'\n"
            f"[alerts.receivers.board]\nurl = '{receiver.url}'\n[[alerts.routes]]\nreceivers = ['board']\n"
        )
        daemon = Daemon(
            config, port,
            {"JIANCHA_STORE__URL": f"sqlite:///{folder / 'jiancha.sqlite'}", "JIANCHA_HTTP__PORT": str(port),
             "JIANCHA_MQTT__PORT": str(broker.port), "JIANCHA_MQTT__PASSWORD": broker.passwords["jiancha"],
             "JIANCHA_CLOCK__START": start.isoformat(), "JIANCHA_CLOCK__RATE": "1",
             "JIANCHA_CLOCK__ANCHOR": datetime.fromtimestamp(zero, UTC).isoformat()},
        )  # fmt: skip
        parts.callback(daemon.child.end)
        daemon.wait_until_ready(threading.Event())
        yield Hall(daemon=daemon, broker=broker, cookie=cookie, devices=devices, start=start, zero=zero)


# --------------------------------------------------------------------------- its devices


class Devices:
    """One connection each. `open`: the hall serves; else there are heartbeats alone."""

    def __init__(self, made: Hall) -> None:
        self._made = made
        self.open = True
        self._tasks: list[asyncio.Task[None]] = []
        self._serial = 0

    async def start(self) -> None:
        """Returns once all have told of their first heartbeat."""
        ready = [asyncio.Event() for _ in self._made.devices]
        for number, (name, event) in enumerate(zip(self._made.devices, ready, strict=True)):
            self._tasks.append(asyncio.create_task(self._live(name, number, event)))
        await asyncio.gather(*(event.wait() for event in ready))

    async def stop(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_all_but_closed)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, name: str, number: int, ready: asyncio.Event) -> None:
        """Its rounds begin spread over a minute, as devices do that were switched on one after the other."""
        made = self._made
        async with aiomqtt.Client(
            "127.0.0.1", made.broker.port, username=name, password=made.broker.passwords[name], identifier=name
        ) as client:
            await self._say(client, name, "heartbeat", {"queue": 0})
            ready.set()
            due = {what: number * 7 % every for what, every in self._rounds(name).items()}
            began = clock.monotonic()
            while True:
                what = min(due, key=lambda one: due[one])
                await asyncio.sleep(max(0.0, began + due[what] - clock.monotonic()))
                due[what] += self._rounds(name)[what]
                if what == "heartbeat":
                    await self._say(client, name, what, {"queue": 0})
                elif self.open:
                    await self._say(client, name, *self._told(what, name))

    @staticmethod
    def _rounds(name: str) -> dict[str, float]:
        """What a device tells, and after how many seconds again."""
        rounds = {"heartbeat": BEAT_SECONDS}
        if name.startswith("cam-"):
            rounds["presence"] = PICTURE_SECONDS
        elif name.startswith("eval-"):
            rounds["rating"] = RATING_SECONDS
        elif name == "cases":
            rounds["case"] = CASE_SECONDS / madehall.YEAR.windows
        return rounds

    def _told(self, what: str, name: str) -> tuple[str, dict[str, Any]]:
        self._serial += 1
        body: dict[str, Any] = {"id": f"{self._made.start:%H%M}-{self._serial}"}
        if what == "presence":
            return what, body | {"people": 1, "view": "ok"}
        if what == "rating":
            return what, body | {"score": 5 if self._serial % 9 else 2}
        window = f"w{self._serial % madehall.YEAR.windows:02d}"
        item = {"case": f"D{self._made.start:%H%M}-{self._serial}", "event": "received", "window": window}
        return what, body | item

    async def _say(self, client: aiomqtt.Client, name: str, channel: str, body: dict[str, Any]) -> None:
        payload = json.dumps({"at": self._made.now(), "boot": "b1", **body})
        await client.publish(f"jiancha/v1/{name}/{channel}", payload, qos=1)
        self._made.sent += 1


def _all_but_closed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A client that is cancelled still asks for a socket to be written to that is closed already."""
    error = context.get("exception")
    if not (isinstance(error, OSError) and error.errno == errno.EBADF):
        loop.default_exception_handler(context)


# --------------------------------------------------------------------------- what is measured


async def spell(made: Hall, seconds: float, *, scrapes: bool) -> dict[str, float]:
    """So many seconds of the hall as its devices are: share of a core and messages a second. `scrapes`: noted."""
    used, sent, began = made.cpu(), made.sent, clock.monotonic()
    async with httpx.AsyncClient(base_url=made.daemon.url, timeout=10) as client:
        while clock.monotonic() - began < seconds:
            asked = clock.perf_counter()
            answer = await client.get("/metrics")
            answer.raise_for_status()
            if scrapes:
                made.scrapes.append((clock.perf_counter() - asked) * 1e3)
            made.peak_mb = max(made.peak_mb, made.process.memory_info().rss / 1e6)
            await asyncio.sleep(min(SCRAPE_SECONDS, seconds / 4))
    spent = clock.monotonic() - began
    return {"percent": 100 * (made.cpu() - used) / spent, "a_second": (made.sent - sent) / spent}


async def board(made: Hall) -> None:
    """One board, open as a browser has it."""
    headers = {"Cookie": f"jiancha={made.cookie}", "Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=made.daemon.url, timeout=None, headers=headers) as client,
        client.stream("GET", "/board/h1/stream") as stream,
    ):
        stream.raise_for_status()
        async for _ in stream.aiter_lines():
            pass


async def scraped(made: Hall, times: int) -> None:
    """Scrapes one after the other while the hall serves, for their spread."""
    async with httpx.AsyncClient(base_url=made.daemon.url, timeout=10) as client:
        for _ in range(times):
            asked = clock.perf_counter()
            (await client.get("/metrics")).raise_for_status()
            made.scrapes.append((clock.perf_counter() - asked) * 1e3)
            await asyncio.sleep(0.5)


async def settled(made: Hall) -> None:
    """The devices speak, and what stood due is judged: two days of a hall that nobody judged, which no day brings."""
    devices = Devices(made)
    await devices.start()
    quiet = 0
    for _ in range(120):
        before = made.cpu()
        await asyncio.sleep(1)
        quiet = quiet + 1 if made.cpu() - before < 0.2 else 0
        if quiet == 5:
            break
    await devices.stop()


async def served(made: Hall, seconds: float) -> dict[str, float]:
    """The open hall."""
    devices = Devices(made)
    await devices.start()
    watching = asyncio.create_task(board(made))
    await asyncio.sleep(BEGIN_SECONDS)
    serving = await spell(made, seconds, scrapes=True)
    await scraped(made, 40)
    if watching.done():
        watching.result()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await devices.stop()
    return serving


async def closed(made: Hall, seconds: float) -> dict[str, float]:
    """The hall at night."""
    await settled(made)
    devices = Devices(made)
    devices.open = False
    await devices.start()
    await asyncio.sleep(BEGIN_SECONDS)
    night = await spell(made, seconds, scrapes=False)
    await devices.stop()
    return night


def measure(windows: int, seconds: float) -> list[Row]:
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) and psutil.disk_usage("/dev/shm").free > 4e9 else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        cookie = written(folder, windows)
        with at_work(folder, cookie, NOW) as made:
            asyncio.run(settled(made))
        with at_work(folder, cookie, NOW + AGAIN) as made:
            serving = asyncio.run(served(made, seconds))
        peak, scrapes = made.peak_mb, made.scrapes
        with at_work(folder, cookie, NOW + NIGHT) as made:
            night = asyncio.run(closed(made, seconds))
    share = (serving["percent"] * OPEN_HOURS + night["percent"] * (24 - OPEN_HOURS)) / 24
    said = (
        f"{windows} windows, {len(made.devices)} devices: {serving['percent']:.2f} % of a core at "
        f"{serving['a_second']:.1f} messages/s, {night['percent']:.2f} % at night at {night['a_second']:.1f}"
    )
    more = {
        "windows": windows,
        "devices": len(made.devices),
        "seconds": seconds,
        "serving": serving,
        "night": night,
    }
    rows = [
        row("hall_day", share, CPU_GOAL, said, at_most=True, **more),
        row("hall_day_memory", peak, MEMORY_GOAL, f"{windows} windows: {peak:.1f} MB", at_most=True),
    ]
    p95 = statistics.quantiles(scrapes, n=20)[-1]
    told = f"{windows} windows: median {statistics.median(scrapes):.1f} ms, p95 {p95:.1f} ms"
    goal = SCRAPE_GOAL if windows >= SCRAPED_WINDOWS else None
    return [*rows, row("scrape", statistics.median(scrapes), goal, told, at_most=True, p95_ms=round(p95, 1))]


def waking() -> Row:
    """How much longer a piece of Python takes after a second's rest than in a loop, on this machine at this hour."""

    def seconds(rest: float, times: int) -> float:
        spent = 0.0
        for _ in range(times):
            clock.sleep(rest)
            began = clock.thread_time()
            json.dumps({number: str(number) for number in range(300)})
            spent += clock.thread_time() - began
        return spent / times

    seconds(0, 300)
    warm, cold = seconds(0, 300), seconds(1, 12)
    said = f"{warm * 1e3:.3f} ms of CPU in a loop, {cold * 1e3:.3f} after a rest of a second"
    return row("waking", cold / warm, None, said)


def touching() -> Row:
    """What a page of memory costs that is touched first after a second's rest: a look goes through hundreds of them,
    and this differs more between machines and hours than anything that is worked out (docs/adr/0064).
    """
    pages, step = 2000, mmap.PAGESIZE + 64  # not the same line of each: the cache keeps those apart
    memory = memoryview(mmap.mmap(-1, (pages + 40) * step))
    for at in range(0, pages * step, step):
        memory[at] = 1

    def microseconds(rest: float) -> float:
        clock.sleep(rest)
        began = clock.thread_time()
        sum(memory[0 : pages * step : step])
        return (clock.thread_time() - began) * 1e6 / pages

    microseconds(0)
    warm = statistics.median(microseconds(0) for _ in range(100))
    cold = statistics.median(microseconds(1) for _ in range(12))
    return row("touching", cold, None, f"{cold:.2f} µs a page after a rest of a second, {warm:.2f} in a loop")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=120.0, help="that the open hall is watched")
    parser.add_argument("--windows", default=f"50,{SCRAPED_WINDOWS}", help="sizes of halls")
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    tell([waking(), touching()], json_only=options.json)
    for windows in map(int, options.windows.split(",")):
        tell(measure(windows, options.seconds), json_only=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
