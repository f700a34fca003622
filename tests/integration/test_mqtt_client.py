"""The client module against a real broker: acknowledgement, reconnect, back-pressure, last will, TLS (DESIGN §3.1)."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Delivery, Link, Options, Will
from monitor.mqtt.client import TICK_SECONDS
from tests.conftest import Eventually
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

Brokers = Callable[..., Mosquitto]
VERSIONS = pytest.mark.parametrize("version", ["5", "3.1.1"])


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """`connect(port, version=…)`: a started client, by default the daemon's with its subscription."""
    started: list[Client] = []

    def start(
        port: int,
        user: str = DAEMON,
        will: Will | None = None,
        on_link: Callable[[Link], None] | None = None,
        **options: Any,
    ) -> Client:
        wanted = {
            "client_id": user, "port": port, "username": user, "password": PASSWORD,
            "backoff_first_seconds": 0.05, "backoff_most_seconds": 0.2, **options,
        }  # fmt: skip
        topics = ["jiancha/v1/+/+"] if user == DAEMON else []
        client = Client(Options(**wanted), clock=Clock(), subscriptions=topics, will=will, on_link=on_link)
        started.append(client)
        client.start()
        return client

    yield start
    for client in started:
        client.stop()


def collect(client: Client, wanted: int, eventually: Eventually) -> list[Delivery]:
    got: list[Delivery] = []

    def enough() -> bool:
        got.extend(client.take(1000, 0.05))
        return len(got) >= wanted

    eventually(enough, what=f"{wanted} messages")
    return got


@VERSIONS
def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually, version: str
) -> None:
    broker = mosquitto("ev-1")
    first = connect(broker.port, version=version)
    eventually(lambda: first.link.connected)
    for n in range(4):
        broker.publish("ev-1", "rating", str(n))
    got = collect(first, 4, eventually)
    first.ack(got[:2])
    first.stop()
    second = connect(broker.port, version=version)
    assert [d.payload for d in collect(second, 2, eventually)] == [b"2", b"3"]


def test_a_connection_is_asked_for_at_once(connect: Callable[..., Client]) -> None:
    """Not at the next look at the keep-alive, a second later."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect(server.getsockname()[1])
        server.settimeout(10)
        broker, _ = server.accept()
        with broker:
            broker.settimeout(0.8 * TICK_SECONDS)
            assert broker.recv(1) == b"\x10", "CONNECT"


@VERSIONS
def test_the_client_comes_back_after_the_broker_and_misses_nothing(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually, version: str
) -> None:
    broker = mosquitto("ev-1")
    links: list[Link] = []
    client = connect(broker.port, version=version, on_link=links.append)
    eventually(lambda: client.link.connected)
    broker.publish("ev-1", "rating", "before")
    taken = collect(client, 1, eventually)
    broker.stop()
    eventually(lambda: not client.link.connected)
    client.ack(taken)
    broker.start()
    eventually(lambda: client.link.connected)
    broker.publish("ev-1", "rating", "after")
    again = collect(client, 2, eventually)
    assert [d.payload for d in again] == [b"before", b"after"], (
        "an acknowledgement of the old connection counts no more"
    )
    states = [link.connected for link in links]
    assert states[0] is True
    assert states[-1] is True
    assert False in states
    assert [link.since for link in links] == sorted(link.since for link in links)


def test_the_client_waits_for_a_broker_that_is_not_there_yet(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto()
    broker.stop()
    client = connect(broker.port)
    eventually(lambda: "refused" in client.link.error.lower())
    assert not client.link.connected
    broker.start()
    eventually(lambda: client.link.connected)


def test_a_wrong_password_is_told_and_tried_again(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto()
    client = connect(broker.port, password="wrong")
    eventually(lambda: "Not authorized" in client.link.error)
    assert not client.link.connected


@VERSIONS
def test_a_flood_is_held_back_at_twice_the_receive_maximum(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually, version: str
) -> None:
    """Mosquitto 2.0.11 sends beyond the agreed window once acknowledgements come; the client leaves that unread."""
    broker = mosquitto("ev-1")
    client = connect(broker.port, version=version, receive_maximum=50)
    eventually(lambda: client.link.connected)
    device = connect(broker.port, user="ev-1")
    sent = [device.publish("jiancha/v1/ev-1/rating", str(n).encode()) for n in range(1000)]
    assert all(publication.wait(10) for publication in sent)
    got: list[bytes] = []
    most = 0

    def all_taken() -> bool:
        nonlocal most
        most = max(most, client.waiting)
        batch = client.take(5, 0.1)
        client.ack(batch)
        got.extend(d.payload for d in batch)
        return len(got) == 1000

    eventually(all_taken)
    assert got == [str(n).encode() for n in range(1000)]
    assert most <= 100


WILL = """
import sys, time
from monitor.clock import Clock
from monitor.mqtt import Client, Options, Will
options = Options(client_id="ev-1", port=int(sys.argv[1]), username="ev-1", password=sys.argv[2])
will = Will(topic="jiancha/v1/ev-1/status", payload=b'{"state":"offline"}')
client = Client(options, clock=Clock(), will=will)
client.start()
assert client.publish("jiancha/v1/ev-1/status", b'{"state":"online"}', retain=True).wait(10)
print("ready", flush=True)
time.sleep(60)
"""


def test_the_broker_publishes_the_will_when_the_device_dies(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    daemon = connect(broker.port)
    eventually(lambda: daemon.link.connected)
    device = subprocess.Popen([sys.executable, "-c", WILL, str(broker.port), PASSWORD], stdout=subprocess.PIPE)
    try:
        assert device.stdout is not None
        assert b"ready\n" in iter(device.stdout.readline, b"")
    finally:
        device.kill()
        device.communicate()
    birth, offline = collect(daemon, 2, eventually)
    assert (birth.payload, offline.payload) == (b'{"state":"online"}', b'{"state":"offline"}')


@VERSIONS
def test_what_is_published_while_the_broker_is_away_goes_out_when_it_is_back(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually, version: str
) -> None:
    broker = mosquitto("ev-1")
    daemon = connect(broker.port)
    eventually(lambda: daemon.link.connected)
    broker.stop()
    device = connect(broker.port, user="ev-1", version=version)
    waiting = [device.publish("jiancha/v1/ev-1/rating", str(n).encode()) for n in range(30)]
    assert not waiting[0].wait(0.05)
    broker.start()
    assert all(publication.wait(10) for publication in waiting)
    assert {d.payload for d in collect(daemon, 30, eventually)} == {str(n).encode() for n in range(30)}


def test_many_threads_may_publish_at_once(
    mosquitto: Brokers, connect: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    daemon = connect(broker.port)
    device = connect(broker.port, user="ev-1")
    eventually(lambda: daemon.link.connected and device.link.connected)
    sent: list[bool] = []

    def work(name: int) -> None:
        topic = "jiancha/v1/ev-1/rating"
        sent.extend(p.wait(10) for p in [device.publish(topic, f"{name}-{n}".encode()) for n in range(100)])

    threads = [threading.Thread(target=work, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent == [True] * 500
    assert len({d.payload for d in collect(daemon, 500, eventually)}) == 500


def test_a_topic_that_is_none_is_refused_at_once(mosquitto: Brokers, connect: Callable[..., Client]) -> None:
    broker = mosquitto()
    client = connect(broker.port)
    with pytest.raises(ValueError):
        client.publish("jiancha/v1/+/rating", b"x")
