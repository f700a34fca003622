"""What the demo plays on: its folder with configuration, registry and store; receiver, broker and daemon (演示环境)."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.agents.children import DAEMON_USER, Broker, Daemon, find_mosquitto, free_port
from monitor.agents.demoplan import HALL, Story, story
from monitor.agents.devices import Carrier, HttpDevices, MqttDevices
from monitor.agents.receiver import Receiver
from monitor.agents.tomlfile import toml_text
from monitor.clock import Clock
from monitor.ingest.registry import import_registry
from monitor.settings import config_dir, load
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.supervision.passwords import digest_of, set_password
from monitor.supervision.people import Person, save_person
from monitor.supervision.tokens import create_token
from monitor.workcal import build_calendar

CONNECT_SECONDS: Final = 20.0
RECEIVER: Final = "screen"
PEOPLE: Final = (
    Person(id="demo", role="duty_supervisor", name="演示值班员", halls=[HALL]),
    Person(id="demo-head", role="supervision_head", name="演示监察长", halls=[HALL]),
    Person(id="demo-unit", role="unit_head", name="演示单位负责人", units=[f"{HALL}-u1"]),
)
"""Who can sign in to the demo's console, all with one password that is made for it."""


class Stage:
    """Everything that a demo needs, in `folder`; what is started is put on `parts`, which ends it in reverse order.

    `say` tells the viewer what is done. `open` starts it all; `tidy` leaves the folder as it is to be kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        day_seconds: float,
        parts: contextlib.ExitStack,
        say: Callable[[str], None],
        find_broker: Callable[[], tuple[str, str] | None] = find_mosquitto,
    ) -> None:
        self.folder = folder
        self.config = folder / "jiancha.toml"
        self.database = folder / "jiancha.sqlite"
        self._parts, self._say, self._find_broker = parts, say, find_broker
        self._shipped = tomllib.loads((config_dir() / "demo.toml").read_text(encoding="utf-8"))
        settings = load(config_dir() / "demo.toml", {})
        given = settings.clock
        assert given.start is not None, "config/demo.toml: clock.start"
        assert given.hours is not None, "config/demo.toml: clock.hours"
        self._settings = settings
        self._hours, self.zone = given.hours, given.zone
        self._start = given.start.astimezone(UTC)
        day = datetime.combine(given.start, given.hours[1]) - datetime.combine(given.start, given.hours[0])
        self._rate = day.total_seconds() / day_seconds
        calendar = build_calendar(settings.calendars["default"])
        self.story: Story = story(given.start.date(), given.hours, calendar, settings.presets)
        self._audit = {"key": secrets.token_hex(32)}
        self.console = ""
        """Where the console is, once it is served."""
        self.password = "-".join(secrets.token_hex(2) for _ in range(3))
        self.receiver = Receiver()
        self._parts.callback(self.receiver.stop)

    def open(self, stop: threading.Event, *, use_http: bool) -> tuple[Clock, Store, Carrier]:
        """1. receiver, broker 2. configuration, store 3. daemon 4. devices. Raises CannotStart, OSError."""
        self.receiver.start()
        broker = self._open_broker(wanted=not use_http)
        port = free_port()
        self.config.write_text(toml_text(self._live_tables(port, broker)), encoding="utf-8")
        store = self._open_store()
        self._say("· 启动监察程序 jiancha run ……")
        anchor = Clock().now()
        clock = Clock.of(self._start, self._rate, anchor, self._hours, self.zone)
        secret = {"JIANCHA_MQTT__PASSWORD": broker.passwords[DAEMON_USER]} if broker else {}
        daemon = Daemon(self.config, port, {"JIANCHA_CLOCK__ANCHOR": anchor.isoformat(), **secret})
        self._parts.callback(daemon.child.end)
        daemon.wait_until_ready(stop)
        self.console = f"{daemon.url}/"
        self._say(
            f"· 控制台 {self.console}  账户 {'、'.join(p.id for p in PEOPLE)}  口令 {self.password}（仅用于本次演示）"
        )
        carrier = self._connect(store, clock, daemon, broker)
        self._parts.callback(carrier.close)
        return clock, store, carrier

    def tidy(self, now: datetime) -> None:
        """Write the configuration for later commands: at the demo's last time, at a real clock's pace, no broker."""
        clock = {"start": now.astimezone(ZoneInfo(self.zone)).replace(microsecond=0)}
        kept = {"clock": clock, "store": self._store_table(), "audit": self._audit}
        tables = {**self._shipped, **kept, "mqtt": {"enabled": False}}
        self.config.write_text(toml_text(tables), encoding="utf-8")

    # -- parts

    def _open_broker(self, *, wanted: bool) -> Broker | None:
        programs = self._find_broker() if wanted else None
        if programs is None:
            why = "未找到 Mosquitto（可 sudo apt-get install mosquitto）" if wanted else "按要求不用 Mosquitto"
            self._say(f"· {why}：设备改用 HTTP 上报")
            return None
        devices = [device.id for device in self.story.simulation.devices()]
        folder = self.folder / "broker"
        self._parts.callback(shutil.rmtree, folder, ignore_errors=True)  # it holds passwords
        broker = Broker(programs, folder, devices)
        self._parts.callback(broker.start().end)
        self._say(f"· Mosquitto 监听 127.0.0.1:{broker.port}，{len(devices)} 台设备各用自己的账号经 MQTT 上报")
        return broker

    def _open_store(self) -> Store:
        """The store with the hall's registry, imported as of the demo's first moment."""
        file = self.folder / "registry.toml"
        file.write_text(toml_text(self.story.hall.tables()), encoding="utf-8")
        store = Store(f"sqlite:///{self.database}")
        self._parts.callback(store.close)
        migrate.ensure(store)
        settings = self._settings
        import_registry(store, file, calendars=settings.calendars, presets=settings.presets, now=self._start)
        digest = digest_of(self.password)
        registry = self.story.hall.registry
        for person in PEOPLE:
            store.step(partial(save_person, registry=registry, person=person, actor="demo", now=self._start))
            store.step(partial(set_password, user=person.id, digest=digest, actor="demo", now=self._start))
        counts = len(registry.windows), len(registry.staff), len(registry.items), len(registry.devices)
        self._say("· 导入演示大厅：{} 个窗口、{} 名演示员、{} 个事项、{} 台设备".format(*counts))
        return store

    def _connect(self, store: Store, clock: Clock, daemon: Daemon, broker: Broker | None) -> Carrier:
        if broker is None:
            token = store.step(lambda conn: create_token(conn, now=self._start, halls=[HALL], actor="demo"))
            return HttpDevices(daemon.url, token)
        passwords = {d.id: broker.passwords[d.id] for d in self.story.simulation.devices()}
        devices = MqttDevices(passwords, host="127.0.0.1", port=broker.port, clock=clock)
        for away in devices.wait(CONNECT_SECONDS):
            self._say(f"· 尚未连上，稍后自动再试：{away}")
        return devices

    # -- configuration

    def _live_tables(self, port: int, broker: Broker | None) -> dict[str, Any]:
        """The shipped demo.toml with how fast the clock runs, where everything is, and who is told."""
        mqtt: dict[str, Any] = {"enabled": False}
        if broker is not None:
            mqtt = {"host": "127.0.0.1", "port": broker.port, "username": DAEMON_USER}
        return {
            **self._shipped,
            "clock": {**self._shipped["clock"], "rate": self._rate},
            "store": self._store_table(),
            "audit": self._audit,
            "mqtt": mqtt,
            "http": {"port": port},
            "alerts": {
                "receivers": {RECEIVER: {"url": self.receiver.url}},
                "routes": [{"receivers": [RECEIVER]}],
                "storm": {"cards": 0},  # days pass in minutes here: what is no storm would be one
            },
        }

    def _store_table(self) -> dict[str, Any]:
        return {"url": f"sqlite:///{self.database}"}
