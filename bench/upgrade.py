"""How long an upgrade of a full store keeps events from being committed, and whether any is lost.

    python bench/upgrade.py --old DIR [--database postgresql|sqlite] [--rows N] [--rate N] [--beside] [--json]

`--old`: a checkout of the release before, whose daemon runs at first (this environment serves both). Its store is
filled with N events and their facts; a device publishes `--rate` events a second through Mosquitto all the while. Then
what docs/upgrade.md says: the daemon stops, `jiancha db upgrade` of this checkout, its daemon starts. A thread asks the
store for the last event a hundred times a second: the longest time in which none came is the figure. At the end every
event that was published is there, once. Goal: 5 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from hall import DEVICE, REGISTRY, message
from sqlalchemy import create_engine, text

from monitor.agents.children import Broker, find_mosquitto, free_port
from monitor.agents.tomlfile import toml_text
from monitor.clock import Clock
from monitor.mqtt import Client, Options

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))
from tests.postgres import Postgres  # noqa: E402

GOAL: Final = 5.0
CHUNK: Final = 200_000
SERIES: Final = {
    "postgresql": "generate_series({0}, {1}) AS n",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT {0} UNION ALL SELECT n+1 FROM c WHERE n < {1}) SELECT n FROM c) AS s",
}
NUMBERED: Final = """
INSERT INTO raw_event (id, device, event_id, channel, at, received, seq, boot, payload_hash, payload)
SELECT n, 'old-' || (n % 60), 'e' || n, 'presence', '2026-01-01 00:00:00{0}', '2026-01-01 00:00:00{0}', n, 'b0',
       '0123456789012345678901234567890123456789012345678901234567890123', '{{"id": "0189", "seq": 1,
"at": "2026-01-01T00:00:00Z",
"boot": "b0", "people": 1, "view": "ok", "window": "w1", "confidence": 0.93}}' FROM {1}"""
FACTS: Final = """
INSERT INTO presence (id, raw_event, event_id, source, at, received, seq, boot, "window", people, view)
SELECT n, n, 'e' || n, 'old-' || (n % 60), '2026-01-01 00:00:00{0}', '2026-01-01 00:00:00{0}', n, 'b0', 'w9', 1, 'ok'
FROM {1}"""


def fill(url: str, rows: int) -> None:
    """Events of the past and their facts."""
    engine = create_engine(url)
    kind, zone = engine.dialect.name, "+00" if engine.dialect.name == "postgresql" else ".000000"
    for first in range(1, rows + 1, CHUNK):
        series = SERIES[kind].format(first, min(first + CHUNK - 1, rows))
        with engine.begin() as conn:
            for statement in (NUMBERED, FACTS):
                conn.execute(text(statement.format(zone, series)))
    if kind == "postgresql":
        with engine.begin() as conn:
            for table in ("raw_event", "presence"):
                conn.execute(text(f"SELECT setval('{table}_id_seq', {rows})"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM ANALYZE"))
    engine.dispose()


class Watcher(threading.Thread):
    """Looks for the last event again and again; `gap`: the longest time in which there was no newer one."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._engine, self.over = create_engine(url), threading.Event()
        self.gap, self.since = 0.0, time.monotonic()
        self.moves, self.before = 0, 0.0
        """How often there was a newer one; the gap up to the upgrade."""

    def run(self) -> None:
        last = None
        while not self.over.wait(0.01):
            with self._engine.connect() as conn:
                found = conn.execute(text("SELECT max(id) FROM raw_event")).scalar()
            now = time.monotonic()
            if found != last:
                if last is not None:
                    self.gap, self.moves = max(self.gap, now - self.since), self.moves + 1
                last, self.since = found, now
        self._engine.dispose()


class Device(threading.Thread):
    """Publishes so many events a second until it is told to end."""

    def __init__(self, port: int, password: str, rate: float) -> None:
        super().__init__(daemon=True)
        self._client = Client(Options(client_id="dev", port=port, username=DEVICE, password=password), clock=Clock())
        self._rate, self.over, self.sent = rate, threading.Event(), []

    def run(self) -> None:
        self._client.start()
        began = time.monotonic()
        while not self.over.wait(0.01):
            while len(self.sent) < (time.monotonic() - began) * self._rate:
                kind, body = message(len(self.sent), Clock().now().isoformat())
                self.sent.append(self._client.publish(f"jiancha/v1/{DEVICE}/{kind}", body))
        assert all(one.wait(60) for one in self.sent), "the broker did not take all"
        self._client.stop()


def measure(old: Path, database: str, rows: int, rate: float, *, beside: bool) -> dict[str, Any]:
    programs = find_mosquitto()
    if programs is None:
        raise SystemExit("no mosquitto; `make packages` installs it where apt can")
    with tempfile.TemporaryDirectory() as name, ExitStack() as parts:
        folder = Path(name)
        url = f"sqlite:///{folder / 'jiancha.sqlite'}"
        if database == "postgresql":
            server = Postgres(free_port(), fast=False).start()
            parts.callback(server.remove)
            url = server.make("jiancha")
        broker = Broker(programs, folder / "broker", [DEVICE])
        parts.callback(broker.start().end)
        env = {**os.environ, "JIANCHA_STORE__URL": url, "JIANCHA_HTTP__ENABLED": "false",
               "JIANCHA_MQTT__HOST": "127.0.0.1", "JIANCHA_MQTT__PORT": str(broker.port),
               "JIANCHA_MQTT__USERNAME": "jiancha", "JIANCHA_MQTT__PASSWORD": broker.passwords["jiancha"]}  # fmt: skip
        (folder / "registry.toml").write_text(toml_text(REGISTRY), encoding="utf-8")

        def program(root: Path, *words: str) -> subprocess.Popen[bytes]:
            own = {**env, "PYTHONPATH": str(root)}
            log = (folder / "log").open("ab")
            return subprocess.Popen(
                [sys.executable, "-m", "monitor", *words], env=own, cwd=folder, stdout=log, stderr=log
            )

        def done(root: Path, *words: str) -> float:
            began = time.monotonic()
            if program(root, *words).wait(600):
                raise SystemExit((folder / "log").read_text()[-2000:])
            return time.monotonic() - began

        done(old, "db", "upgrade")
        fill(url, rows)
        done(old, "registry", "import", "registry.toml")
        daemon, watcher = program(old, "run"), Watcher(url)
        parts.callback(lambda: daemon.poll() is None and daemon.kill())
        device = Device(broker.port, broker.passwords[DEVICE], rate)
        while "broker.link" not in (folder / "log").read_text():  # what is said before there is a session is for nobody
            if daemon.poll() is not None:
                raise SystemExit((folder / "log").read_text()[-2000:])
            time.sleep(0.1)
        time.sleep(3)
        device.start()
        watcher.start()
        while not watcher.moves:
            if daemon.poll() is not None:
                raise SystemExit((folder / "log").read_text()[-2000:])
            time.sleep(0.1)
        time.sleep(5)
        watcher.before, watcher.gap = watcher.gap, 0.0
        upgraded = done(ROOT, "db", "upgrade") if beside else 0.0
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        stopped = time.monotonic() - began
        upgraded = upgraded or done(ROOT, "db", "upgrade")
        daemon, moves = program(ROOT, "run"), watcher.moves
        while watcher.moves < moves + 10:
            if daemon.poll() is not None:
                raise SystemExit((folder / "log").read_text()[-2000:])
            time.sleep(0.1)
        gap = watcher.gap
        time.sleep(5)
        device.over.set()
        device.join()
        wanted, end = len(device.sent), time.monotonic() + 120
        engine = create_engine(url)
        with engine.connect() as conn:
            count = text("SELECT count(*), count(DISTINCT event_id) FROM raw_event WHERE device = :device")
            while (found := tuple(conn.execute(count, {"device": DEVICE}).one())) != (
                wanted,
                wanted,
            ) and time.monotonic() < end:
                conn.rollback()
                time.sleep(0.2)
            conn.rollback()
            elsewhere = conn.execute(text("SELECT count(*) FROM raw_payload")).scalar()
        engine.dispose()
        watcher.over.set()
        watcher.join()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
    return {"database": database, "rows": rows, "rate": rate, "gap_seconds": round(gap, 2),
            "gap_before_seconds": round(watcher.before, 2), "stop_seconds": round(stopped, 2),
            "upgrade_seconds": round(upgraded, 2), "published": wanted, "stored": found[0], "by_the_new": elsewhere,
            "lost": wanted - found[1], "met": gap <= GOAL and found == (wanted, wanted)}  # fmt: skip


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--old", type=Path, required=True)
    asked.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    asked.add_argument("--rows", type=int, default=2_000_000)
    asked.add_argument("--rate", type=float, default=300)
    asked.add_argument("--beside", action="store_true", help="upgrade beside the old daemon, then restart it")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found = measure(given.old.resolve(), given.database, given.rows, given.rate, beside=given.beside)
    print(json.dumps(found) if given.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
