"""The hall's machines as real processes: database, broker, daemons; receivers, and proxies on the ways between."""

from __future__ import annotations

import contextlib
import math
import time
from datetime import datetime, timedelta
from datetime import time as clock_time
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from monitor.agents.children import free_port
from monitor.agents.tomlfile import toml_text
from monitor.clock import Clock, Hours
from monitor.ingest.decode import SUBSCRIPTION
from monitor.ingest.subscriber import subscriptions
from monitor.mqtt import Client, Options
from monitor.settings import Settings, load
from monitor.store.engine import Store
from monitor.supervision.people import Person, save_person
from monitor.supervision.tokens import create_token
from tests import forked
from tests.daemon import Daemon
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.postgres import Postgres
from tests.tcp_proxy import TcpProxy
from torture.disk import Disk
from torture.hostclock import OFFSET_FILE, WALL_FILE
from torture.pace import Pace, SharedWall
from torture.plan import LINKS, daemons
from torture.receivers import Receivers, alerts
from torture.scenario import HALL, Scenario

GROUP: Final = "torture"
STRANGER: Final = "hall-stranger"
"""Known to the broker, unknown to the registry."""
DAY: Final[Hours] = (clock_time(7), clock_time(20, 40))
LONG_DAY: Final[Hours] = (clock_time(7), clock_time(23, 55))
"""What the clock shows of a day, the rest is jumped over; of a single day until late, for what is behind then."""
PERSONS: Final = (
    Person(id="duty", role="duty_supervisor", name="值班监察员", halls=[HALL]),
    Person(id="head", role="supervision_head", name="监察长", halls=[HALL]),
    Person(id="unit", role="unit_head", name="单位负责人", units=[f"{HALL}-u{n}" for n in range(1, 7)]),
)
BROKER_SETTINGS: Final = {"max_keepalive": "65535"}
START_SECONDS: Final = 60.0
LAST_CHARACTERS: Final = 3000
PG_SETTINGS: Final = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_init_zero": "off"}


class CannotPlay(RuntimeError):
    """Something that the run itself needs does not come up; the text says what."""


class World:
    """`rate`: how many times as fast as the wall its clock runs; `proxied`: whether proxies stand on the ways."""

    def __init__(self, folder: Path, played: Scenario, store: str, *, rate: float, proxied: bool) -> None:
        folder.mkdir(parents=True)
        self.folder, self.played, self.kind, self.rate = folder, played, store, rate
        self._hours = DAY if played.size.days > 1 else LONG_DAY
        self._parts = contextlib.ExitStack()
        try:
            self._make(proxied)
        except BaseException:
            self._parts.close()
            raise

    def _make(self, proxied: bool) -> None:
        """Everything, not yet started."""
        folder, played = self.folder, self.played
        self.disk = Disk(320 if self.is_shared else 96)
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
            "clock": {"start": played.start, "hours": list(self._hours)},
            "policy": _policy(played.size.heartbeat_seconds, played.size.camera_seconds),
            "alerts": alerts(reached, self.receivers.ports()["desk"]),
        }
        database = self._way("daemon-database", self.database.port, proxied) if self.database else 0
        self.store_url = self._store_url()
        self._daemons_url = self.store_url.replace(f":{self.database.port}/", f":{database}/") if self.database else ""
        self.wall = SharedWall.make(folder / "wall")
        self.pace = Pace(self.wall)
        self.pace.run()
        self._parts.callback(self.pace.hold)
        self.http = httpx.Client(timeout=6)
        self._parts.callback(self.http.close)
        self.clock = Clock(wall=self.wall)
        self.daemons: dict[str, Daemon] = {}
        self.offsets: dict[str, Path] = {}
        self.broken = 0
        """How many faults hold up what devices say, and since when (monotonic seconds) it is less than before."""
        self.mended_at = -math.inf
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
        self._leave_sessions()
        self.broker.stop()
        self.broker.start()

    def play(self) -> None:
        """The daemons come up while the wall stands still, at the first moment: nothing happens before it moves."""
        self.pace.hold()
        self._set_clock(self.played.start, self.rate)
        for name in self.daemons:
            self.begin(name)
        self.await_daemons()

    def evening(self) -> None:
        """The days are over: the clock shows the evening, in both runs the same, and runs as any clock does."""
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
        """The command line beside the daemons, straight to the store, at the time that their clock shows."""
        self._cli.environment["JIANCHA_CLOCK__START"] = self.clock.now().isoformat()
        return self._cli.command(*words)

    def tried(self, *words: str) -> int:
        """The same for a command that may find something; its exit status."""
        self._cli.environment["JIANCHA_CLOCK__START"] = self.clock.now().isoformat()
        words = ("--config", str(self.commands_file), *words)
        return forked.run(words, env=self.commands_environment, timeout=120).returncode

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
                self.ended.append(f"{name} with status {daemon.status}: {daemon.log()[-600:]}")
                daemon.begin()
        if self.database is not None and "postgresql" not in self.down and not self.database.runs:
            with contextlib.suppress(AssertionError):  # as long as its disk is full it cannot
                self.database.start()

    def last_words(self) -> str:
        """The end of each daemon's log: why one does not do what it should."""
        return "\n".join(f"{name}: {daemon.log()[-LAST_CHARACTERS:]}" for name, daemon in self.daemons.items())

    def url(self, name: str) -> str:
        return self._urls[name]

    def await_daemons(self) -> None:
        """Until each answers and is ready."""
        end = time.monotonic() + START_SECONDS
        for name in self.daemons:
            why = ""
            while (why := self._unready(name)) and time.monotonic() < end:
                self.revive()
                time.sleep(0.1)
            if why:
                database = self.database.log()[-2000:] if self.database else ""
                raise CannotPlay(f"{name}: {why}\n{self.daemons[name].log()[-1500:]}\n{database}")

    # -- inside

    def _unready(self, name: str) -> str:
        try:
            answer = self.http.get(f"{self.url(name)}/readyz")
        except httpx.HTTPError as error:
            return repr(error)
        return "" if answer.status_code == 200 else answer.text

    def _lives(self, daemon: Daemon) -> bool:
        return daemon.status is None and daemon.runs

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
            WALL_FILE: str(self.folder / "wall"),
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
                token = store.step(partial(create_token, now=now, user=person.id, actor="torture"))
                self.tokens[person.id] = token

    def _leave_sessions(self) -> None:
        """Subscribe once as each daemon and go."""
        for name, daemon in self.daemons.items():
            login = daemon.environment
            wanted = Options(
                client_id=login["JIANCHA_MQTT__CLIENT_ID"], port=self.broker.port, username=DAEMON, password=PASSWORD
            )
            client = Client(
                wanted, clock=Clock(), subscriptions=subscriptions([SUBSCRIPTION], GROUP if self.is_shared else None)
            )
            client.start()
            end = time.monotonic() + START_SECONDS
            while not client.link.connected:
                if time.monotonic() > end:
                    raise CannotPlay(f"{name}: {client.link.error}")
                time.sleep(0.01)
            client.stop()

    def _set_clock(self, start: datetime, rate: float) -> None:
        """For all that starts from now on, and for this process."""
        anchor = self.wall()
        self.clock = Clock.of(start, rate, anchor, self._hours, wall=self.wall)
        said = {
            "JIANCHA_CLOCK__START": start.isoformat(),
            "JIANCHA_CLOCK__RATE": str(rate),
            "JIANCHA_CLOCK__ANCHOR": anchor.isoformat(),
        }
        for daemon in self.daemons.values():
            daemon.environment.update(said)


def _policy(beat: float, look: float) -> dict[str, Any]:
    """The shipped ladders, with how often these devices speak; an outage of seconds is long on a fast clock, so that a
    device counts as silent only after more heartbeats, and at no hour of the night, over which the clock jumps.
    """
    return {
        "name": "torture",
        "device": {
            "heartbeat_seconds": beat,
            "reminder_intervals": 0,
            "yellow_intervals": 10,
            "red_minutes": max(60.0, 20 * beat / 60),
        },
        "post": {"camera_seconds": round(max(60.0, 3 * look))},
    }
