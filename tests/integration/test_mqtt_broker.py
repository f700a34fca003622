"""The shipped Mosquitto configuration: who may say what, and what survives (DESIGN §3.1)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Delivery, Options
from tests.conftest import Eventually
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

Brokers = Callable[..., Mosquitto]


@pytest.fixture
def listen() -> Iterator[Callable[..., Client]]:
    """`listen(broker)`: a started client of the daemon's user that hears all devices."""
    started: list[Client] = []

    def start(broker: Mosquitto, **options: object) -> Client:
        named = {"client_id": "listener", "port": broker.port, "username": DAEMON, "password": PASSWORD, **options}
        client = Client(Options(**named), clock=Clock(), subscriptions=["jiancha/v1/+/+"])  # type: ignore[arg-type]
        started.append(client)
        client.start()
        return client

    yield start
    for client in started:
        client.stop()


def heard(client: Client, wanted: int, eventually: Eventually) -> list[Delivery]:
    got: list[Delivery] = []

    def enough() -> bool:
        batch = client.take(100, 0.05)
        client.ack(batch)
        got.extend(batch)
        return len(got) >= wanted

    eventually(enough, what=f"{wanted} messages")
    return got


def test_a_device_is_heard_on_its_own_topics_and_on_no_others(
    mosquitto: Brokers, listen: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto("ev-1", "ev-2")
    client = listen(broker)
    eventually(lambda: client.link.connected)
    broker.publish("ev-1", "rating", "as another", user="ev-2")
    broker.publish("ev-1", "rating", "own")
    broker.publish("ev-2", "status", "birth", "-r")
    assert [(d.topic, d.payload) for d in heard(client, 2, eventually)] == [
        ("jiancha/v1/ev-1/rating", b"own"),
        ("jiancha/v1/ev-2/status", b"birth"),
    ]


def test_on_mqtt_5_the_refusal_is_told_to_the_publisher(mosquitto: Brokers) -> None:
    broker = mosquitto("ev-1")
    options = Options(client_id="ev-1", port=broker.port, username="ev-1", password=PASSWORD)
    device = Client(options, clock=Clock())
    device.start()
    try:
        assert device.publish("jiancha/v1/ev-1/rating", b"{}").wait(10)
        refused = device.publish("jiancha/v1/ev-2/rating", b"{}")
        assert not refused.wait(10)
        assert refused.refused == "Not authorized"
    finally:
        device.stop()


def test_a_device_cannot_listen_to_others(mosquitto: Brokers) -> None:
    broker = mosquitto("ev-1", "ev-2")
    broker.publish("ev-2", "status", "x", "-r")
    answer = subprocess.run(
        ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-u", "ev-1", "-P", PASSWORD,
         "-t", "jiancha/v1/#", "-W", "1", "-C", "1"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert answer.stdout == b""


@pytest.mark.parametrize(
    "credentials",
    [(), ("-u", "ev-1", "-P", "wrong"), ("-u", "ev-9", "-P", PASSWORD)],
    ids=["nobody", "wrong password", "unknown device"],
)
def test_strangers_stay_outside(mosquitto: Brokers, credentials: tuple[str, ...]) -> None:
    broker = mosquitto("ev-1")
    answer = subprocess.run(
        [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            str(broker.port),
            "-t",
            "jiancha/v1/ev-1/rating",
            "-m",
            "x",
            *credentials,
        ],
        capture_output=True,
        check=False,
    )
    assert answer.returncode != 0


def test_a_status_is_retained_for_who_comes_later(
    mosquitto: Brokers, listen: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    broker.publish("ev-1", "status", '{"state":"online"}', "-r")
    (status,) = heard(listen(broker), 1, eventually)
    assert status.retained


def test_a_payload_above_the_limit_of_the_contract_still_comes_through(
    mosquitto: Brokers, listen: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    client = listen(broker)
    eventually(lambda: client.link.connected)
    broker.publish("ev-1", "rating", "x" * 100_000)
    assert len(heard(client, 1, eventually)[0].payload) == 100_000


BURST = 5000


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_comes_while_the_daemon_is_away_waits_for_it(
    mosquitto: Brokers, listen: Callable[..., Client], eventually: Eventually, version: str
) -> None:
    """Mosquitto's defaults keep 1,000 messages of these and drop the rest without a word."""
    broker = mosquitto("ev-1")
    first = listen(broker, version=version)
    eventually(lambda: first.link.connected)
    first.stop()
    publish_burst(broker)
    found = heard(listen(broker, version=version), BURST, eventually)
    assert [d.payload for d in found] == [str(n).encode() for n in range(BURST)]


def test_the_default_settings_lose_what_the_shipped_ones_keep(
    mosquitto: Brokers, listen: Callable[..., Client], eventually: Eventually
) -> None:
    """The control: with the default queue the same burst is cut."""
    broker = mosquitto("ev-1", settings={"max_queued_messages": "1000"})
    first = listen(broker)
    eventually(lambda: first.link.connected)
    first.stop()
    publish_burst(broker)
    got = heard(listen(broker), 1000, eventually)
    assert len(got) < BURST


def publish_burst(broker: Mosquitto) -> None:
    options = Options(client_id="ev-1", port=broker.port, username="ev-1", password=PASSWORD)
    device = Client(options, clock=Clock())
    device.start()
    sent = [device.publish("jiancha/v1/ev-1/rating", str(n).encode()) for n in range(BURST)]
    assert all(publication.wait(20) for publication in sent)
    device.stop()


def test_the_queue_and_the_retained_status_survive_a_restart_of_the_broker(
    mosquitto: Brokers, listen: Callable[..., Client], eventually: Eventually
) -> None:
    broker = mosquitto("ev-1")
    first = listen(broker)
    eventually(lambda: first.link.connected)
    first.stop()
    broker.publish("ev-1", "status", "birth", "-r")
    broker.publish("ev-1", "rating", "one")
    broker.stop()
    broker.start()
    assert {d.payload for d in heard(listen(broker), 2, eventually)} == {b"birth", b"one"}
