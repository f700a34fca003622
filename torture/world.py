"""The hall's machines as real processes: database, broker, daemons; receivers, and proxies on the ways between."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from monitor.agents.children import free_port
from monitor.agents.tomlfile import toml_text
from monitor.clock import Clock, Hours
from monitor.settings import Settings, load
from monitor.store.engine import Store
from monitor.supervision.people import Person, save_person
from monitor.supervision.tokens import create_token
from tests.daemon import Daemon
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.postgres import Postgres
from tests.tcp_proxy import TcpProxy
from torture.disk import Disk
from torture.hostclock import OFFSET_FILE
from torture.plan import LINKS, daemons
from torture.receivers import Receivers, alerts
from torture.scenario import HALL, Scenario

GROUP: Final = "torture"
STRANGER: Final = "hall-stranger"
"""Known to the broker, unknown to the registry."""
OPEN_HOURS: Final[Hours] = (clock_time(7), clock_time(20, 40))
"""What the clock shows of a day."""
PERSONS: Final = (
    Person(id="duty", role="duty_supervisor", name="值班监察员", halls=[HALL]),
    Person(id="head", role="supervision_head", name="监察长", halls=[HALL]),
    Person(id="unit", role="unit_head", name="单位负责人", units=[f"{HALL}-u{n}" for n in range(1, 7)]),
)
BROKER_SETTINGS: Final = {"max_keepalive": "65535"}
START_SECONDS: Final = 60.0
PG_SETTINGS: Final = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_init_zero": "off"}


class CannotPlay(RuntimeError):
    """Something that the run itself needs does not come up; the text says what."""


class World:
    """`rate`: how fast its clock runs; `stretch`: for how fast a clock its times are stretched, the same in both runs.

    `proxied`: whether proxies stand on the ways.
    """

    def __init__(
        self, folder: Path, played: Scenario, store: str, *, rate: float, stretch: float, proxied: bool
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self.played, self.kind, self.rate = folder, played, store, rate
        self._parts = contextlib.ExitStack()
        self.disk = Disk(folder / "disk", 320 if store == "postgresql" else 96)
        self._parts.callback(self.disk.close)
        self.database = Postgres(free_port(), where=self.disk.folder, settings=PG_SETTINGS) if self.is_shared else None
        self.receivers = Receivers()
        self._parts.callback(self.receivers.close)
        broker = free_port()
        devices = [device.id for device in played.devices]
        self.broker = Mosquitto(folder / "broker", broker, [*devices, STRANGER], settings=BROKER_SETTINGS)
        self._proxies: dict[str, list[TcpProxy]] = {link: [] for link in LINKS}
        self.devices_port = self._way("devices-broker", broker, proxied)
        self._daemon_port = self._way("daemon-broker", broker, proxied)
        reached = {name: self._way("daemon-receivers", port, proxied) for name, port in self.receivers.ports().items()}
        self._config: dict[str, Any] = {
            "clock": {"start": played.start, "hours": list(OPEN_HOURS)},
            "policy": _policy(stretch, played.size.heartbeat_seconds, played.size.camera_seconds),
            "alerts": alerts(reached, self.receivers.ports()["desk"]),
        }
        database = self._way("daemon-database", self.database.port, proxied) if self.database else 0
        self.store_url = self._store_url()
        self._daemons_url = self.store_url.replace(f":{self.database.port}/", f":{database}/") if self.database else ""
        self.clock = Clock()
        self.daemons: dict[str, Daemon] = {}
        self.offsets: dict[str, Path] = {}
        self.down: set[str] = set()
        """Daemons that are meant to be down."""
        self.ended: list[str] = []
        """Daemons that ended by themselves, with their last words."""
        self.tokens: dict[str, str] = {}
        self._urls: dict[str, str] = {}

    @property
    def is_shared(self) -> bool:
        return self.kind == "postgresql"

    def link(self, name: str) -> list[TcpProxy]:
        return self._proxies[name]

    @property
    def settings(self) -> Settings:
        return load(self._file(), {})

    # -- beginning and end

    def start(self) -> None:
        """Everything is up, the registry is imported, and the broker has saved the daemons' sessions once, as one that
        has run for a while: what it has never saved, a killed broker does not know any more.
        """
        if self.database is not None:
            self._parts.callback(self.database.stop)
            self.database.start()
            self.database.make("torture")
        self._file().write_text(toml_text(self._config), encoding="utf-8")
        for number, name in enumerate(daemons(self.kind), 1):
            self._make_daemon(name, number)
        self._register()
        self._parts.callback(self.broker.stop)
        self.broker.start()
        self._set_clock(self.played.start, 0.001)
        for name in self.daemons:
            self.begin(name)
        self.await_daemons()
        self.broker.stop()
        self.broker.start()
        self.await_daemons()

    def play(self) -> None:
        """The clock begins to run: the daemons are started anew by it."""
        for name in self.daemons:
            self.stop(name)
        self._set_clock(self.played.start, self.rate)
        for name in self.daemons:
            self.begin(name)
        self.await_daemons()

    def evening(self) -> None:
        """After the last day, everything mended: the clock shows the evening, in both runs the same."""
        for name in self.daemons:
            self.stop(name)
        self._set_clock(self.played.judged_at, 1.0)
        for name in self.daemons:
            self.begin(name)
        self.await_daemons()

    def close(self) -> None:
        for daemon in self.daemons.values():
            if daemon.runs:
                daemon.kill()
        self._parts.close()
        for proxies in self._proxies.values():
            for proxy in proxies:
                proxy.close()

    def command(self, *words: str) -> str:
        """The command line beside the daemons, straight to the store, by their clock."""
        return self._cli.command(*words)

    def store(self) -> Store:
        return Store(self.store_url)

    @property
    def commands_file(self) -> Path:
        return self._cli.folder / "jiancha.toml"

    @property
    def commands_environment(self) -> dict[str, str]:
        return self._cli.environment

    # -- the daemons

    def begin(self, name: str, off: timedelta = timedelta(0)) -> None:
        """Start it; `off`: how wrong the host's clock is then."""
        if self.daemons[name].runs:
            self.stop(name)
        self.set_host_clock(name, off)
        self.daemons[name].begin()
        self.down.discard(name)

    def kill(self, name: str) -> None:
        self.down.add(name)
        if self.daemons[name].runs:
            self.daemons[name].kill()

    def stop(self, name: str) -> None:
        if self.daemons[name].runs:
            with contextlib.suppress(ProcessLookupError):
                self.daemons[name].stop()

    def set_host_clock(self, name: str, off: timedelta) -> None:
        file = self.offsets[name]
        file.with_suffix(".new").write_text(str(off.total_seconds()))
        file.with_suffix(".new").replace(file)

    def revive(self) -> None:
        """What a service manager does: who ended by himself is started again, and it is noted."""
        for name, daemon in self.daemons.items():
            if name not in self.down and not self._lives(daemon):
                self.ended.append(f"{name}: {daemon.log()[-600:]}")
                daemon.begin()
        if self.database is not None and "postgresql" not in self.down and not self.database.runs:
            with contextlib.suppress(AssertionError):  # as long as its disk is full it cannot
                self.database.start()

    def url(self, name: str) -> str:
        return self._urls[name]

    def await_daemons(self) -> None:
        """Until each answers and is ready."""
        end = time.monotonic() + START_SECONDS
        for name in self.daemons:
            why = ""
            while (why := self._unready(name)) and time.monotonic() < end:
                time.sleep(0.05)
            if why:
                raise CannotPlay(f"{name}: {why}\n{self.daemons[name].log()[-3000:]}")

    # -- inside

    def _unready(self, name: str) -> str:
        try:
            answer = httpx.get(f"{self.url(name)}/readyz", timeout=5)
        except httpx.HTTPError as error:
            return repr(error)
        return "" if answer.status_code == 200 else answer.text

    def _lives(self, daemon: Daemon) -> bool:
        return daemon._process is not None and daemon._process.poll() is None

    def _way(self, link: str, port: int, proxied: bool) -> int:
        if not proxied:
            return port
        proxy = TcpProxy(port).start()
        self._proxies[link].append(proxy)
        return proxy.port

    def _store_url(self) -> str:
        if self.database is not None:
            return self.database.url("torture")
        return f"sqlite:///{self.disk.folder / 'jiancha.sqlite'}"

    def _file(self) -> Path:
        return self.folder / "torture.toml"

    def _make_daemon(self, name: str, number: int) -> None:
        own = self.folder / name
        own.mkdir()
        port = free_port()
        self.offsets[name] = own / "offset"
        environment = {
            "JIANCHA_STORE__URL": self._daemons_url or self.store_url,
            "JIANCHA_STORE__BUSY_SECONDS": "5",
            "JIANCHA_MQTT__PORT": str(self._daemon_port),
            "JIANCHA_MQTT__USERNAME": DAEMON,
            "JIANCHA_MQTT__PASSWORD": PASSWORD,
            "JIANCHA_MQTT__CLIENT_ID": f"jiancha-{number}",
            "JIANCHA_MQTT__KEEPALIVE_SECONDS": "5",
            "JIANCHA_HTTP__PORT": str(port),
            "JIANCHA_AUDIT__KEY": "torture-" * 8,
            "JIANCHA_AUDIT__SEAL_SECONDS": "1",
            OFFSET_FILE: str(self.offsets[name]),
        }
        if self.is_shared:
            environment |= {"JIANCHA_MQTT__SHARED_GROUP": GROUP, "JIANCHA_MQTT__TAKEOVER_SECONDS": "4"}
        config = self._file().read_text(encoding="utf-8")
        self.daemons[name] = Daemon(own, environment, config, entry="torture.hostclock:run")
        self._urls[name] = f"http://127.0.0.1:{port}"
        if number == 1:
            folder = self.folder / "commands"
            folder.mkdir()
            self._cli = Daemon(folder, {**environment, "JIANCHA_STORE__URL": self.store_url}, config)

    def _register(self) -> None:
        file = self.folder / "registry.toml"
        file.write_text(toml_text(self.played.tables()), encoding="utf-8")
        self._set_clock(self.played.start, 0.001)
        self.command("registry", "import", str(file))
        self.command("assess", "book", "use", "tianyang", "--hall", HALL, "--from", self.played.month, "--reason", "试")
        store, now = self.store(), self.played.start
        with contextlib.closing(store):
            for person in PERSONS:
                registry = self.played.hall.registry
                store.step(partial(save_person, registry=registry, person=person, actor="torture", now=now))
                token = store.step(lambda conn, who=person.id: create_token(conn, now=now, user=who, actor="torture"))
                self.tokens[person.id] = token

    def _set_clock(self, start: datetime, rate: float) -> None:
        """For all that starts from now on, and for this process."""
        anchor = datetime.now(UTC)
        self.clock = Clock.of(start, rate, anchor, OPEN_HOURS)
        said = {
            "JIANCHA_CLOCK__START": start.isoformat(),
            "JIANCHA_CLOCK__RATE": str(rate),
            "JIANCHA_CLOCK__ANCHOR": anchor.isoformat(),
        }
        for one in (*self.daemons.values(), self._cli):
            one.environment.update(said)


def _policy(stretch: float, beat: float, look: float) -> dict[str, Any]:
    """The shipped ladders; what has to do with the path of the data is stretched to a clock that runs `stretch` times
    as fast: what takes half a second here looks like minutes there (as in config/policy/demo.toml).
    """
    seconds = round(max(60.0, 1.5 * stretch))
    return {
        "name": "torture",
        "device": {
            "heartbeat_seconds": max(2 * beat, 2 * stretch),
            "reminder_intervals": 0,
            "yellow_intervals": 3,
            "red_minutes": max(30.0, 12 * stretch / 60, 8 * beat / 60),
            "skew_mark_seconds": max(5.0, 0.5 * stretch),
            "skew_untrusted_seconds": max(300.0, 3 * stretch),
            "future_seconds": max(1800.0, 4 * stretch),
            "backlog_minutes": max(30.0, stretch / 3),
            "hole_minutes": max(60.0, stretch / 3),
        },
        "checkin": {"unknown_grace_seconds": seconds},
        "post": {"camera_seconds": round(max(60.0, 3 * look)), "unknown_grace_seconds": max(1800, seconds)},
    }


@contextlib.contextmanager
def opened(world: World) -> Iterator[World]:
    """The world, started; everything of it ends with the block."""
    try:
        world.start()
        yield world
    finally:
        world.close()
