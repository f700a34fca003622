"""A hall whose line to the city is down: its devices are silent, and nobody is accused (DESIGN §1C)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Options
from tests.bridged import Tree
from tests.conftest import Eventually
from tests.halls import Clocked, at, hall, hall_daemon
from tests.mosquitto import PASSWORD

RATE = 60
"""A minute of the hall in a second."""
DEVICES = {"cam-h1-01": "camera", "ev-h1-01": "evaluator", "gate-h1-1": "terminal"}
REGISTRY = hall(
    attendance="",
    devices=[
        {"id": "cam-h1-01", "kind": "camera", "window": "w1"},
        {"id": "ev-h1-01", "kind": "evaluator", "window": "w1"},
        {"id": "gate-h1-1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
    ],
)
CONFIG = '[alerts.receivers.none]\nurl = "http://127.0.0.1:9/"\n'


class Devices:
    """Those of the hall, at its own broker: a reading of the camera and a heartbeat of each, every half minute."""

    def __init__(self, port: int, made: Clocked) -> None:
        self._start, self._anchor = made.start, made.anchor
        self._clients = {name: self._client(port, name) for name in DEVICES}
        self.readings, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @staticmethod
    def _client(port: int, name: str) -> Client:
        return Client(Options(client_id=name, port=port, username=name, password=PASSWORD), clock=Clock())

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._anchor) * RATE

    def __enter__(self) -> Devices:
        for client in self._clients.values():
            client.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        for client in self._clients.values():
            client.stop()

    def _run(self) -> None:
        while not self._over.wait(30 / RATE):
            self.readings += 1
            self._say("cam-h1-01", "presence", id=f"p{self.readings}", seq=self.readings, people=1, view="ok")
            for name in DEVICES:
                self._say(name, "heartbeat", queue=0, last_seq=self.readings if name == "cam-h1-01" else 0)

    def _say(self, name: str, channel: str, **body: Any) -> None:
        told = {"at": self.now().isoformat(), "boot": "b1", **body}
        self._clients[name].publish(f"jiancha/v1/{name}/{channel}", json.dumps(told).encode())


@pytest.fixture
def tree(tmp_path: Path, free_port: Callable[[], int], tool: Callable[[str], str]) -> Iterator[Tree]:
    tool("mosquitto")
    made = Tree(tmp_path, free_port, {"h1": tuple(DEVICES)})
    yield made.start()
    made.stop()


@pytest.mark.long
@pytest.mark.parametrize("before", [50, 8], ids=["up for longer than the line was down", "up for a shorter time"])
def test_while_the_line_is_down_devices_are_silent_and_nobody_is_accused(
    tree: Tree, tmp_path: Path, eventually: Eventually, before: int
) -> None:
    """Where most heartbeats of a boot were late with the line, its clock is not trusted: the post stays unknown, the
    device gets a card.
    """
    folder = tmp_path / "daemon"
    folder.mkdir()
    made = hall_daemon(folder, tree.city, REGISTRY, start="09:00", config=CONFIG, JIANCHA_CLOCK__RATE=str(RATE))

    def verdict() -> str:
        rows = json.loads(made.daemon.command("subjects", "list", "--json"))
        return next(r["verdict"] for r in rows if r["kind"] == "post" and r["id"].startswith("w1/2026-03-02/0830"))

    def cards() -> list[dict[str, Any]]:
        return list(json.loads(made.daemon.command("cards", "list", "--json")))

    def accused() -> list[dict[str, Any]]:
        return [c for c in cards() if c["staff"] or not c["rule"].startswith(("device.", "unknown.", "feed."))]

    with made.daemon, Devices(tree.halls["h1"].port, made) as devices:
        made.daemon.environment["JIANCHA_CLOCK__START"] = at("09:00").isoformat()
        eventually(lambda: devices.readings > before, 60)
        tree.interrupt("h1")
        down = devices.now()
        silent = ("device.silent", "yellow")
        eventually(lambda: [(c["rule"], c["level"]) for c in cards()].count(silent) == len(DEVICES), 60, "not silent")
        assert accused() == []
        eventually(lambda: (devices.now() - down).total_seconds() > 20 * 60, 60)
        assert accused() == [], "more than fifteen minutes without a sign of anybody at the window"
        assert verdict() == "unknown"
        tree.mend("h1")
        eventually(lambda: not [c for c in cards() if c["rule"] == "device.silent" and not c["cleared_at"]], 60)
        if before > 20 * 60 / 30:
            eventually(lambda: verdict() in ("pending", "ok"), 60, "the backlog has not come")
        else:
            eventually(lambda: [c for c in cards() if c["rule"] == "device.skew"], 60, "its clock is trusted")
        assert accused() == []
