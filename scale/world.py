"""The machine's inhabitants: one broker, one PostgreSQL, two replicas with everything on, a receiver of alerts."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from monitor.agents.children import Broker, Daemon, find_mosquitto, free_port
from monitor.agents.receiver import Receiver
from monitor.agents.tomlfile import toml_text
from monitor.ingest.registry import import_registry
from monitor.settings import load
from monitor.store import migrate
from monitor.store.engine import Store
from scale.province import Province
from tests.postgres import Postgres, programs

START: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday, 9:00 in the halls: half an hour of the morning's session is over."""
REGISTERED: Final = START - timedelta(hours=10)
GROUP: Final = "province"
POSTGRES: Final = {
    # so that the time of each commit is known; costs a few bytes a transaction
    "track_commit_timestamp": "on",
    "track_wal_io_timing": "on",
    # what a small server of its own would have; the default is 128 MB
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}
CONFIG: Final = """\
[alerts]
group_wait_seconds = 0
routes = [{{ receivers = ["hook"] }}]
[alerts.receivers]
hook = {{ url = "{url}" }}
"""
PARTS: Final = ("broker", "database", "replicas", "generator")


@dataclass(kw_only=True)
class World:
    """Everything running. `anchor`: the real instant at which the province's clock shows START."""

    province: Province
    postgres: Postgres
    store: Store
    broker: Broker
    broker_pid: int
    daemons: list[Daemon]
    receiver: Receiver
    anchor: datetime
    import_seconds: float
    generator: Devices = field(init=False)

    def families(self) -> dict[str, list[psutil.Process]]:
        """The processes of each part, children among them."""
        roots = {
            "broker": [self.broker_pid],
            "database": [self.postgres.pid],
            "replicas": [daemon.child.pid for daemon in self.daemons],
            "generator": [self.generator.pid],
        }
        return {part: [p for pid in pids for p in _family(pid)] for part, pids in roots.items()}


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:  # the generator has nothing more to say
        return []


def cpu(world: World) -> dict[str, float]:
    """Seconds of CPU that each part has used, its ended children among them."""
    found = {}
    for part, family in world.families().items():
        found[part] = sum(_cpu(process, ended=part == "database" and n == 0) for n, process in enumerate(family))
    return found


def _cpu(process: psutil.Process, *, ended: bool) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return used.user + used.system + (used.children_user + used.children_system if ended else 0.0)


def memory(world: World) -> dict[str, float]:
    """Megabytes: proportional (PSS) for the database, whose processes share their buffers; else resident."""
    found = {}
    for part, family in world.families().items():
        total = 0
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss if part == "database" else process.memory_info().rss
        found[part] = total / 1e6
    return found


class Devices:
    """The generator's process, told its phases one by one."""

    def __init__(self, world: World) -> None:
        here = Path(__file__).resolve().parent.parent
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scale.generator"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here,
        )  # fmt: skip
        province = world.province
        self._tell({
            "halls": province.halls, "windows": province.windows, "port": world.broker.port,
            "passwords": world.broker.passwords, "start": START.isoformat(), "anchor": world.anchor.isoformat(),
        })  # fmt: skip
        self._answer()

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self, name: str, seconds: float = 0, rate: float = 0) -> None:
        self._tell({"name": name, "seconds": seconds, "rate": rate})

    def end(self) -> dict[str, Any]:
        """Waits until the phase is over and acknowledged."""
        return self._answer()

    def close(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.close()
        told = self._answer()
        self._process.wait(30)
        return told

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _tell(self, value: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the generator ended: see above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(folder: Path, province: Province, *, fast: bool = False, replicas: int = 2) -> Iterator[World]:
    """The province with its registry, replicas ready, its devices connected. `fast`: without fsync, for a test."""
    mosquitto = find_mosquitto()
    if mosquitto is None or programs() is None:
        raise SystemExit("no mosquitto, or no PostgreSQL: `make setup packages` installs both where it can")
    with ExitStack() as parts:
        postgres = Postgres(free_port(), fast=fast, settings=POSTGRES).start()
        parts.callback(postgres.remove)
        url = postgres.make("province", "template1")
        store = Store(url)
        parts.callback(store.close)
        migrate.ensure(store)
        took = _register(store, folder, province)
        broker = Broker(mosquitto, folder / "broker", [province.bridge(n) for n in range(province.halls)])
        with (folder / "broker" / "jiancha.acl").open("a") as acl:
            acl.write(province.acl())
        served = broker.start()
        parts.callback(served.end)
        receiver = Receiver()
        receiver.start()
        parts.callback(receiver.stop)
        anchor = datetime.now(UTC)
        daemons = [_daemon(folder, n, url, broker, receiver, anchor) for n in range(1, replicas + 1)]
        for daemon in daemons:
            parts.callback(daemon.child.end)
        for daemon in daemons:
            daemon.wait_until_ready(threading.Event())
        world = World(
            province=province, postgres=postgres, store=store, broker=broker, broker_pid=served.pid, daemons=daemons,
            receiver=receiver, anchor=anchor, import_seconds=took,
        )  # fmt: skip
        world.generator = Devices(world)
        parts.callback(world.generator.kill)
        yield world


def _register(store: Store, folder: Path, province: Province) -> float:
    file = folder / "registry.toml"
    file.write_text(toml_text(province.registry()), encoding="utf-8")
    settings, began = load(environ={}), time.monotonic()
    import_registry(store, file, now=REGISTERED, calendars=settings.calendars, presets=settings.presets)
    return time.monotonic() - began


def _daemon(folder: Path, n: int, url: str, broker: Broker, receiver: Receiver, anchor: datetime) -> Daemon:
    own = folder / f"replica-{n}"
    own.mkdir()
    (own / "jiancha.toml").write_text(CONFIG.format(url=receiver.url))
    port = free_port()
    return Daemon(own / "jiancha.toml", port, {
        "JIANCHA_STORE__URL": url, "JIANCHA_HTTP__PORT": str(port),
        "JIANCHA_MQTT__PORT": str(broker.port), "JIANCHA_MQTT__USERNAME": "jiancha",
        "JIANCHA_MQTT__PASSWORD": broker.passwords["jiancha"], "JIANCHA_MQTT__CLIENT_ID": f"jiancha-{n}",
        "JIANCHA_MQTT__SHARED_GROUP": GROUP,
        "JIANCHA_CLOCK__START": START.isoformat(), "JIANCHA_CLOCK__ANCHOR": anchor.isoformat(),
    })  # fmt: skip


class Scraper:
    """Asks each replica for /metrics every so often, as Prometheus does; `found`: what each answer said."""

    def __init__(self, world: World, every: float = 15.0) -> None:
        self.found: list[Scrape] = []
        self._world, self._every, self._over = world, every, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Scraper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    def _run(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._over.wait(self._every):
                for n, daemon in enumerate(self._world.daemons):
                    self.found.append(scrape(client, daemon.url, n))


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One answer of /metrics: how long it took, how long it was, and each name's samples summed over their labels."""

    replica: int
    at: float
    seconds: float
    size: int
    values: Mapping[str, float]


def scrape(client: httpx.Client, url: str, replica: int) -> Scrape:
    began = time.monotonic()
    answer = client.get(f"{url}/metrics")
    took = time.monotonic() - began
    answer.raise_for_status()
    values: dict[str, float] = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            plain = name.partition("{")[0]
            values[plain] = values.get(plain, 0.0) + float(value)
    return Scrape(replica=replica, at=time.monotonic(), seconds=took, size=len(answer.content), values=values)
