"""The way to the broker fails while events arrive: the daemon waits, says so, and goes on without loss (§1C, §3.1).

The real daemon, a real Mosquitto, a device that goes on talking, and a proxy of our own for the daemon's way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import Eventually
from tests.mosquitto import Mosquitto
from tests.outage import DEVICE, Talker, Watched
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.long  # real outages of real servers take their time

SOME = 30
"""Ratings that pass before, during and after a fault."""


@dataclass
class Hall:
    broker: Mosquitto
    proxy: TcpProxy
    watched: Watched
    talker: Talker
    eventually: Eventually

    def stored(self) -> list[str]:
        return self.watched.stored(self.talker.boot)

    def more(self) -> None:
        """So many more are stored."""
        goal = len(self.stored()) + SOME
        self.eventually(lambda: len(self.stored()) >= goal, 30, "events come no more")

    def says_away(self) -> None:
        self.eventually(lambda: "broker" in self.watched.ready(), 30, "/readyz says nothing of the broker")
        assert f"127.0.0.1:{self.proxy.port}: " in self.watched.ready()["broker"]
        assert self.watched.metric("jiancha_broker_connected") == 0

    def says_back(self) -> None:
        self.eventually(lambda: not self.watched.ready(), 40, "/readyz does not come back")
        assert self.watched.metric("jiancha_broker_connected") == 1
        links = [line["connected"] for line in self.watched.logged("broker.link")]
        assert False in links[1:]
        assert links[-1] is True

    def waits(self) -> None:
        """The device says more while nothing gets through."""
        goal = self.talker.said + SOME
        self.eventually(lambda: self.talker.said >= goal, 10)
        assert len(self.stored()) <= self.talker.said - SOME

    def lost_nothing(self) -> None:
        self.watched.holds(self.talker.finish(), self.talker.boot, self.eventually)


@pytest.fixture(scope="module")
def daemon(
    tmp_path_factory: pytest.TempPathFactory,
    tool: Callable[[str], str],
    free_port: Callable[[], int],
    eventually: Eventually,
) -> Iterator[tuple[Mosquitto, TcpProxy, Watched]]:
    """One daemon behind the proxy for all faults: it has to stand them one after the other."""
    folder = tmp_path_factory.mktemp("faults")
    broker = Mosquitto(folder / "broker", free_port(), [DEVICE], program=tool("mosquitto"))
    with broker, TcpProxy(broker.port) as proxy:
        watched = Watched(folder / "daemon", proxy.port)
        watched.register()
        with watched.daemon:
            eventually(lambda: not watched.ready(), 20, "the daemon is not ready")
            yield broker, proxy, watched


@pytest.fixture
def running(
    daemon: tuple[Mosquitto, TcpProxy, Watched], request: pytest.FixtureRequest, eventually: Eventually
) -> Iterator[Hall]:
    """A device at the broker that is talking already."""
    broker, proxy, watched = daemon
    eventually(lambda: not watched.ready(), 40, "the daemon is not ready")
    with Talker(broker.port, boot=str(request.node.name)[-60:]) as talker:
        made = Hall(broker, proxy, watched, talker, eventually)
        made.more()
        yield made


def test_a_broker_that_is_stopped_and_started_again(running: Hall) -> None:
    running.broker.stop()
    running.says_away()
    running.waits()
    running.broker.start()
    running.says_back()
    running.more()
    running.lost_nothing()


def test_a_broker_that_is_killed_loses_at_most_what_it_had_not_saved(running: Hall) -> None:
    """What a killed broker had acknowledged to the device and neither saved nor passed on is gone, whatever we do (the
    next heartbeat's last_seq tells of the hole). What is stored stays, once and in order.
    """
    safe = set(running.stored())
    running.broker.kill()
    on_its_way = running.talker.said
    running.says_away()
    running.waits()
    running.broker.start()
    running.says_back()
    running.more()
    sent = running.talker.finish()
    running.eventually(lambda: sent[-1] in running.stored(), 30)
    stored = running.stored()
    assert len(stored) == len(set(stored))
    assert stored == sorted(stored, key=lambda name: int(name.rpartition("-")[2]))
    assert set(sent) - set(stored) <= set(sent[:on_its_way]) - safe


def test_a_connection_that_is_cut_again_and_again(running: Hall) -> None:
    for _ in range(2):
        before = running.proxy.accepted
        running.proxy.cut()
        running.eventually(lambda before=before: running.proxy.accepted > before, 20)  # type: ignore[misc]
        running.more()
    running.says_back()
    running.lost_nothing()


def test_a_proxy_that_refuses_is_named_until_it_lets_through(running: Hall) -> None:
    running.proxy.refuse = True
    running.proxy.cut()
    running.says_away()
    running.waits()
    running.proxy.refuse = False
    running.says_back()
    running.lost_nothing()


def test_a_connection_that_is_delayed_and_throttled(running: Hall) -> None:
    """Slow is not away: /readyz stays 200 and everything arrives."""
    links = len(running.watched.logged("broker.link"))
    running.proxy.delay, running.proxy.rate = 0.4, 8_000
    running.more()
    assert running.watched.ready() == {}
    running.proxy.delay = running.proxy.rate = 0
    running.lost_nothing()
    assert len(running.watched.logged("broker.link")) == links


def test_a_half_open_connection_is_noticed_by_the_keep_alive(running: Hall) -> None:
    running.proxy.blackhole = True
    running.waits()
    running.says_away()
    running.proxy.blackhole = False
    running.says_back()
    running.lost_nothing()
    assert "keep-alive" in str([line["error"] for line in running.watched.logged("broker.link")])
