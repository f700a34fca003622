"""What systemd is told, word by word, on a clock that the test moves."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import pytest

from monitor.app.vitals import WELL, Vitals
from monitor.console.health import Unready
from monitor.ops.sdnotify import ServiceManager
from tests.conftest import Eventually
from tests.notified import Notified

AWAY = [Unready(part="broker", why="127.0.0.1:1883:\nrefused")]


class Kept(ServiceManager):
    """Keeps the words instead of sending them."""

    def __init__(self, watchdog_seconds: float | None) -> None:
        super().__init__("/run/none", watchdog_seconds)
        self.said: list[str] = []

    def _tell(self, said: str) -> None:
        self.said.append(said)


class Daemon:
    """Vitals over parts and a clock of the test's."""

    def __init__(self, watchdog_seconds: float | None = 20) -> None:
        self.manager = Kept(watchdog_seconds)
        self.found: list[Unready] = []
        self.now = 100.0
        self.vitals = Vitals(self.manager, ailing=lambda: self.found, monotonic=lambda: self.now)

    def at(self, second: float, found: list[Unready]) -> list[str]:
        """What is said at this second of the life, the parts being as `found`."""
        self.now, self.found = 100.0 + second, found
        before = len(self.manager.said)
        self.vitals.look()
        return self.manager.said[before:]


def test_ready_is_said_at_the_first_moment_when_nothing_ails() -> None:
    daemon = Daemon()
    assert daemon.at(0, AWAY) == ["STATUS=未就绪 not ready: broker: 127.0.0.1:1883: refused"]
    assert daemon.at(60, AWAY) == []
    assert daemon.at(61, []) == [f"STATUS={WELL}", "READY=1"]


def test_the_watchdog_is_fed_at_half_its_time_and_not_sooner() -> None:
    daemon = Daemon(watchdog_seconds=20)
    daemon.at(0, [])
    assert daemon.at(9.9, []) == []
    assert daemon.at(10, []) == ["WATCHDOG=1"]
    assert daemon.at(19.9, []) == []
    assert daemon.at(20, []) == ["WATCHDOG=1"]


@pytest.mark.parametrize("part", ["store", "broker", "loop"])
def test_it_is_not_fed_while_a_part_ails_and_at_once_when_it_is_well_again(part: str) -> None:
    daemon = Daemon(watchdog_seconds=20)
    daemon.at(0, [])
    away = [Unready(part=part, why="gone")]  # type: ignore[arg-type]
    assert daemon.at(10, away) == [f"STATUS=未就绪 not ready: {part}: gone"]
    assert daemon.at(19, away) == []
    assert daemon.at(19.5, []) == [f"STATUS={WELL}", "WATCHDOG=1"]


def test_without_a_watchdog_nothing_is_fed() -> None:
    daemon = Daemon(watchdog_seconds=None)
    daemon.at(0, [])
    assert daemon.at(1e6, []) == []


def test_a_fault_in_looking_is_no_food_and_does_not_end_the_thread(eventually: Eventually) -> None:
    manager, asked, stop = Kept(0.05), [0], threading.Event()

    def broken() -> list[Unready]:
        asked[0] += 1
        raise RuntimeError("a fault of ours")

    thread = threading.Thread(
        target=Vitals(manager, ailing=broken, monotonic=lambda: float(asked[0])).run, args=(stop,)
    )
    thread.start()
    eventually(lambda: asked[0] >= 3)
    stop.set()
    thread.join(5)
    assert manager.said == []


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_what_is_said_arrives_at_a_socket_of_either_kind(
    tmp_path: Path, abstract: bool, eventually: Eventually
) -> None:
    with Notified(f"@jiancha-{uuid.uuid4().hex}" if abstract else tmp_path / "notify") as heard:
        manager = ServiceManager.of({"NOTIFY_SOCKET": heard.address}, 7)
        manager.ready()
        manager.status("一句 one\nsentence")
        manager.status("一句 one\nsentence")
        manager.stopping("再见 bye")
        eventually(lambda: len(heard.said) >= 4)
        assert heard.said == ["READY=1", "STATUS=一句 one sentence", "STOPPING=1", "STATUS=再见 bye"]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "600000000"}, 600.0),
        ({"WATCHDOG_USEC": "600000000", "WATCHDOG_PID": "7"}, 600.0),
        ({"WATCHDOG_USEC": "600000000", "WATCHDOG_PID": "8"}, None),  # of the process that started this one
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
        ({}, None),
    ],
)
def test_whose_watchdog_it_is(environment: dict[str, str], seconds: float | None) -> None:
    assert ServiceManager.of({"NOTIFY_SOCKET": "/run/notify", **environment}, 7).watchdog_seconds == seconds


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "@"])
def test_where_nobody_listens_nothing_is_done(address: str | None) -> None:
    environment = {"WATCHDOG_USEC": "1000"} | ({} if address is None else {"NOTIFY_SOCKET": address})
    manager = ServiceManager.of(environment, 7)
    manager.ready()
    assert not manager.listens
    assert manager.watchdog_seconds is None


def test_a_manager_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    manager = ServiceManager(str(tmp_path / "gone"))
    manager.ready()
    manager.stopping("再见 bye")
