"""While the daemon cannot reach its broker nobody is accused: no device of silence, no person of absence (DESIGN §1C).

A terminal beats all the time, and brings a check-in of 08:29 late; the daemon's own way is cut about 08:45, when
the slot turns yellow; the terminal holds its watermark until it has sent all.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Eventually
from tests.halls import Clocked, at, hall, hall_daemon
from tests.mosquitto import Mosquitto
from tests.publisher import Publisher
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.long  # real outages of real servers take their time

CONFIG = "[policy.device]\nheartbeat_seconds = {beat}\n"
BEATS_MISSED = 4
"""An outage of so many heartbeats: a silent device would have its yellow."""


class Terminal:
    """Beats every second of the daemon's clock; holds a check-in of 08:29 back until `brings`."""

    def __init__(self, publisher: Publisher, clocked: Clocked) -> None:
        self._publisher, self._clocked = publisher, clocked
        self._queue = 1
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def brings(self) -> None:
        said = {"id": "c1", "at": at("08:29").isoformat(), "staff": "s01", "method": "face", "direction": "in"}
        self._publisher.say("checkin", said)
        self._queue = 0

    def falls_silent(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _beat(self) -> None:
        while not self._stop.wait(1):
            self._publisher.say("heartbeat", {"at": self._clocked.now().isoformat(), "queue": self._queue})


@pytest.fixture
def way(tmp_path: Path, mosquitto: Callable[..., Mosquitto]) -> Iterator[tuple[Mosquitto, TcpProxy]]:
    broker = mosquitto("t1")
    with TcpProxy(broker.port) as proxy:
        yield broker, proxy


def cut(proxy: TcpProxy) -> None:
    proxy.refuse = True
    proxy.cut()


def swallow(proxy: TcpProxy) -> None:
    proxy.blackhole = True


@pytest.mark.parametrize(
    ("fails", "beat"),
    [(cut, 2), pytest.param(swallow, 6, marks=pytest.mark.long)],
    ids=["refused", "half-open, noticed within two keep-alives"],
)
def test_an_outage_of_the_daemons_own_way_accuses_nobody(
    tmp_path: Path,
    way: tuple[Mosquitto, TcpProxy],
    eventually: Eventually,
    fails: Callable[[TcpProxy], None],
    beat: int,
) -> None:
    broker, proxy = way
    port = {"JIANCHA_MQTT__PORT": str(proxy.port), "JIANCHA_MQTT__KEEPALIVE_SECONDS": "5"}
    clocked = hall_daemon(tmp_path, broker, hall(2), start="07:00", config=CONFIG.format(beat=beat), **port)
    clocked.move("08:44:55")

    def query(statement: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(tmp_path / "jiancha.sqlite", timeout=10)) as store:
            return store.execute(statement).fetchall()

    def beats() -> int:
        return int(query("select count(*) from heartbeat")[0][0])

    def cards() -> list[tuple[Any, ...]]:
        return query("select rule, level, key, staff from card where rule <> 'calendar.missing'")

    with clocked.daemon, Publisher(broker.port, "t1") as publisher:
        terminal = Terminal(publisher, clocked)
        eventually(lambda: beats() > 0, 20, "no heartbeat arrives")
        fails(proxy)
        over = max(clocked.now(), at("08:45")) + timedelta(seconds=BEATS_MISSED * beat)
        eventually(lambda: clocked.now() > over, 60)
        assert cards() == []
        terminal.brings()
        proxy.refuse = proxy.blackhole = False
        eventually(cards, 40, "the one that is late gets no card")
        before = beats()
        eventually(lambda: beats() > before + BEATS_MISSED, 20)
        assert cards() == [("checkin.slot", "yellow", "s02/2026-03-02/am_in", "s02")]
        terminal.falls_silent()
        eventually(lambda: "device.silent" in str(cards()), 60, "a device that is silent indeed is not told")
