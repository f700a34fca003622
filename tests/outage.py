"""What the fault tests share: a daemon in trouble, a device that keeps talking, and what must hold in the end."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from monitor.clock import Clock
from monitor.mqtt import Client, Options, Publication
from tests import plain_http
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import Tables, hall, toml
from tests.mosquitto import DAEMON, PASSWORD

DEVICE = "ev1"
CLERKS = 10
REGISTRY: Tables = hall(
    CLERKS,
    devices=[
        {"id": DEVICE, "kind": "evaluator", "window": "w1"},
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
    ],
)


class Talker:
    """A device that sends a rating every `pace` seconds, and goes on over reconnects (QoS 1, everything in order).

    `boot` names this run of it: its ratings are BOOT-0, BOOT-1, …
    """

    def __init__(self, port: int, boot: str = "r", pace: float = 0.01) -> None:
        self.boot = boot
        wanted = Options(client_id=DEVICE, port=port, username=DEVICE, password=PASSWORD, backoff_first_seconds=0.05,
                         backoff_most_seconds=0.2, keepalive_seconds=5)  # fmt: skip
        self._client = Client(wanted, clock=Clock())
        self._pace = pace
        self._stop = threading.Event()
        self._publications: list[Publication] = []
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def start(self) -> Talker:
        self._client.start()
        self._thread.start()
        return self

    @property
    def said(self) -> int:
        return len(self._publications)

    def finish(self) -> list[str]:
        """Stop talking, wait until the broker has everything; the ids that were sent."""
        self._stop.set()
        self._thread.join(10)
        assert all(p.wait(30) for p in self._publications), "the broker did not take everything"
        self._client.stop()
        return [f"{self.boot}-{n}" for n in range(self.said)]

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self._client.stop()

    def __enter__(self) -> Talker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _talk(self) -> None:
        while not self._stop.wait(self._pace):
            now, n = datetime.now(UTC).isoformat(), self.said
            payload = {"id": f"{self.boot}-{n}", "at": now, "score": 5, "seq": n + 1, "boot": self.boot}
            topic = f"jiancha/v1/{DEVICE}/rating"
            self._publications.append(self._client.publish(topic, json.dumps(payload).encode()))


class Watched:
    """A daemon and what it says of itself: /readyz, metrics, log, store."""

    def __init__(self, folder: Path, port: int, config: str = "", **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        wanted = {
            "JIANCHA_MQTT__PORT": str(port),
            "JIANCHA_MQTT__USERNAME": DAEMON,
            "JIANCHA_MQTT__PASSWORD": PASSWORD,
            "JIANCHA_MQTT__KEEPALIVE_SECONDS": "5",
            **environment,
        }
        self.daemon = Daemon(folder, wanted, config)
        self.database = Path(self.daemon.environment["JIANCHA_STORE__URL"].removeprefix("sqlite:///"))

    def register(self, registry: Tables = REGISTRY) -> None:
        file = self.folder / "registry.toml"
        file.write_text(toml(registry))
        self.daemon.command("registry", "import", str(file))

    def answers(self) -> bool:
        """Whether the process answers at all."""
        try:
            return plain_http.get(f"{self.daemon.url}/healthz", timeout=20).status_code == 200
        except httpx.TransportError:
            return False

    def ready(self) -> dict[str, str]:
        """Parts that do not work, with why; empty when ready."""
        answer = plain_http.get(f"{self.daemon.url}/readyz", timeout=20)
        body = answer.json()
        assert body["ready"] is (answer.status_code == 200)
        return {reason["part"]: reason["why"] for reason in body["reasons"]}

    def metric(self, series: str) -> float:
        """The value of a series as written in the exposition, e.g. `jiancha_broker_connected`."""
        for line in plain_http.get(f"{self.daemon.url}/metrics", timeout=20).raise_for_status().text.splitlines():
            if line.startswith(f"{series} "):
                return float(line.split()[-1])
        raise AssertionError(f"no series {series}")

    def logged(self, action: str) -> list[Mapping[str, Any]]:
        lines = [json.loads(line) for line in self.daemon.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("action") == action]

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as store:
            return store.execute(statement, values).fetchall()

    def stored(self, boot: str) -> list[str]:
        """Ids of a talker's ratings that are stored, in the order in which they came in."""
        return [row[0] for row in self.query("select event_id from raw_event where boot = ? order by id", boot)]

    def holds(self, sent: Sequence[str], boot: str, eventually: Eventually, timeout: float = 30) -> None:
        """In the end everything sent is stored once, in order, with its fact; nothing is held, nobody has a card."""
        eventually(lambda: len(self.stored(boot)) >= len(sent), timeout, "not everything that was sent is stored")
        assert self.stored(boot) == list(sent)
        assert self.query("select count(*) from rating where boot = ?", boot) == [(len(sent),)]
        assert self.query("select reason, count(*) from quarantine group by reason") == []
        assert self.cards() == []

    def cards(self) -> list[tuple[Any, ...]]:
        """All cards but those that tell the operators of a missing calendar year."""
        return self.query("select rule, level, key, staff from card where rule <> 'calendar.missing'")
