"""Brokers as a tree, hall → city, by the shipped bridge over TLS: nothing is lost, nobody speaks for another hall."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.clock import Clock
from monitor.mqtt import Client, Options, Will
from tests.bridged import Tree, section
from tests.conftest import Eventually
from tests.halls import Commands, hall
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

HALLS = {"h1": ("ev-h1-01", "cam-h1-01"), "h2": ("ev-h2-01",)}
TOPICS = ["jiancha/v1/+/+"]


@pytest.fixture
def tree(tmp_path: Path, free_port: Callable[[], int], tool: Callable[[str], str]) -> Iterator[Tree]:
    tool("mosquitto")
    tool("mosquitto_sub")
    made = Tree(tmp_path, free_port, HALLS)
    yield made.start()
    made.stop()


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    """`client(broker, user)`: a started client; the daemon's user hears all devices."""
    started: list[Client] = []

    def start(broker: Mosquitto, user: str, **more: object) -> Client:
        login = {"username": user, "password": PASSWORD, "backoff_first_seconds": 0.05, "backoff_most_seconds": 0.2}
        options = Options(client_id=user, port=broker.port, **login)  # type: ignore[arg-type]
        topics = TOPICS if user == DAEMON else []
        made = Client(options, clock=Clock(), subscriptions=topics, **more)  # type: ignore[arg-type]
        started.append(made)
        made.start()
        return made

    yield start
    for each in started:
        each.stop()


class Heard:
    """What the daemon's user heard at the city, each number of a device once, in the order of first sight."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.numbers: dict[str, list[int]] = {}
        self.again = 0

    def look(self) -> None:
        batch = self._client.take(1000, 0.05)
        self._client.ack(batch)
        for delivery in batch:
            device, number = delivery.topic.split("/")[2], json.loads(delivery.payload)["seq"]
            mine = self.numbers.setdefault(device, [])
            if number in mine:
                self.again += 1
            else:
                mine.append(number)

    def all_of(self, sent: dict[str, int]) -> bool:
        self.look()
        return all(len(self.numbers.get(device, [])) >= count for device, count in sent.items())


class Devices:
    """Each says its numbers at its hall's broker; a message counts as sent when that broker has taken it."""

    def __init__(self, clients: dict[str, Client]) -> None:
        self._clients = clients
        self.sent = dict.fromkeys(clients, 0)

    def say(self, count: int) -> None:
        said = []
        for _ in range(count):
            for device, client in self._clients.items():
                self.sent[device] += 1
                payload = json.dumps({"seq": self.sent[device]}).encode()
                said.append(client.publish(f"jiancha/v1/{device}/rating", payload))
        assert all(one.wait(20) for one in said)


def started(tree: Tree, client: Callable[..., Client], eventually: Eventually) -> tuple[Heard, Devices]:
    listener = client(tree.city, DAEMON)
    eventually(lambda: listener.link.connected)
    devices = {device: client(tree.halls[name], device) for name, mine in HALLS.items() for device in mine}
    eventually(lambda: all(one.link.connected for one in devices.values()))
    return Heard(listener), Devices(devices)


def in_order(heard: Heard, devices: Devices) -> None:
    assert heard.numbers == {device: list(range(1, count + 1)) for device, count in devices.sent.items()}


def test_what_is_said_while_the_line_is_down_comes_later_in_order(
    tree: Tree, client: Callable[..., Client], eventually: Eventually
) -> None:
    heard, devices = started(tree, client, eventually)
    devices.say(20)
    eventually(lambda: heard.all_of(devices.sent), 20, "before")
    tree.interrupt("h1")
    devices.say(1_200)  # more than Mosquitto keeps by default, and than its window of 20
    eventually(lambda: heard.all_of({"ev-h2-01": devices.sent["ev-h2-01"]}), 20, "the other hall goes on")
    assert len(heard.numbers["ev-h1-01"]) < devices.sent["ev-h1-01"], "the line is down"
    tree.mend("h1")
    eventually(lambda: heard.all_of(devices.sent), 30, "after")
    in_order(heard, devices)


def test_brokers_that_are_stopped_or_killed_lose_nothing_that_they_had_written_down(
    tree: Tree, client: Callable[..., Client], eventually: Eventually
) -> None:
    """The hall's writes after each change here: with the shipped 1,000 a power cut takes what came since the last."""
    conf = tree.halls["h1"].folder / "mosquitto.conf"
    conf.write_text(conf.read_text().replace("autosave_interval 1000", "autosave_interval 1"))
    tree.halls["h1"].stop()
    tree.halls["h1"].start()
    heard, devices = started(tree, client, eventually)
    tree.interrupt("h1")
    devices.say(60)
    tree.halls["h1"].kill()
    tree.halls["h1"].start()
    tree.mend("h1")
    eventually(lambda: heard.all_of(devices.sent), 30, "the hall's broker was killed")
    tree.city.stop()
    eventually(lambda: not tree.lines["h1"].open, 20, "the hall has not noticed")
    devices.say(60)
    tree.halls["h2"].stop()
    tree.halls["h2"].start()
    tree.city.start()
    eventually(lambda: heard.all_of(devices.sent), 40, "the city's broker was stopped")
    in_order(heard, devices)


def test_a_status_and_a_last_will_arrive_retained_also_from_the_time_without_a_line(
    tree: Tree, client: Callable[..., Client], eventually: Eventually
) -> None:
    topic = "jiancha/v1/ev-h1-01/status"
    online, offline = '{"state":"online"}', '{"state":"offline"}'

    def retained() -> list[str]:
        return tree.said(tree.city, DAEMON, topic, "-C", "1", "--retained-only")

    device = client(tree.halls["h1"], "ev-h1-01", will=Will(topic=topic, payload=offline.encode()))
    assert device.publish(topic, online.encode(), retain=True).wait(10)
    eventually(lambda: retained() == [f"{topic} {online}"], 20)
    tree.interrupt("h1")
    device.stop(farewell=False)  # its broker says the last will
    eventually(lambda: tree.said(tree.halls["h1"], DAEMON, topic, "-C", "1") == [f"{topic} {offline}"], 20)
    assert retained() == [f"{topic} {online}"], "the city cannot know it yet"
    tree.mend("h1")
    eventually(lambda: retained() == [f"{topic} {offline}"], 20)


def test_a_hall_speaks_for_its_own_devices_alone(
    tree: Tree, client: Callable[..., Client], eventually: Eventually
) -> None:
    """Whoever runs the hall's broker may make any user there; the city does not believe it."""
    heard, devices = started(tree, client, eventually)
    tree.halls["h1"].add_user("ev-h2-01")
    forger = client(tree.halls["h1"], "ev-h2-01")
    eventually(lambda: forger.link.connected, 20)
    assert forger.publish("jiancha/v1/ev-h2-01/rating", b'{"seq": 77}').wait(10), "its own broker takes it"
    devices.say(5)
    eventually(lambda: heard.all_of(devices.sent), 20)
    in_order(heard, devices)


def test_both_sides_say_whether_the_line_stands(tree: Tree, eventually: Eventually) -> None:
    topic, city = "jiancha/bridge/h1/state", tree.city
    (city.folder / "jiancha.acl").open("a").write("\nuser jiancha\ntopic read jiancha/bridge/#\n")
    city.reload()
    eventually(lambda: tree.said(city, DAEMON, topic, "-C", "1") == [f"{topic} 1"], 20)
    tree.interrupt("h1")
    eventually(lambda: tree.said(city, DAEMON, topic, "-C", "1") == [f"{topic} 0"], 20)


def test_the_city_s_section_is_written_from_the_registry(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    devices = [
        {"id": "ev-h1-01", "kind": "evaluator", "window": "w1"},
        {"id": "cam-h1-01", "kind": "camera", "window": "w1"},
        {"id": "far", "kind": "terminal", "hall": "h2"},
    ]
    halls = [{"id": "h1", "name": "一"}, {"id": "h2", "name": "二"}]
    commands.set_up(hall(devices=devices, halls=halls))
    assert commands.run("device", "bridge", "h1") == section("h1", ["cam-h1-01", "ev-h1-01"])
    assert commands.run("device", "bridge", "h9", status=2) == ""
