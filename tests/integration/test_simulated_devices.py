"""Simulated devices live: each under its own name at a real broker, or all by the HTTP feed, on any clock."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.agents.devices import Fleet, HttpDevices, MqttDevices
from monitor.agents.faults import Cut, Faults
from monitor.agents.madeup import made_up_halls
from monitor.agents.outbox import Sent
from monitor.agents.scene import Pace
from monitor.agents.simulator import Simulation
from monitor.clock import Clock, ManualClock
from monitor.mqtt import Client, Options
from monitor.settings import load
from monitor.workcal import build_calendar
from tests.conftest import Eventually
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

SETTINGS = load(environ={})
CALENDAR = build_calendar(SETTINGS.calendars["default"])
HALL = made_up_halls(1, "h")
PACE = Pace(heartbeat_seconds=600, camera_seconds=600, cases_a_window=1, hours=(time(7), time(19, 30)))
DAY = date(2026, 3, 3)


def simulation(faults: Faults = Faults()) -> Simulation:
    return Simulation(
        registry=HALL.registry,
        calendar=lambda _: CALENDAR,
        presets=SETTINGS.presets,
        first=DAY,
        pace=PACE,
        faults=faults,
    )


def sent(device: str, channel: str, **payload: object) -> Sent:
    return Sent(device=device, channel=channel, payload=dict(payload))


# --------------------------------------------------------------------------- MQTT


class Heard:
    """What the daemon's user hears of all devices: (topic without its prefix, payload)."""

    def __init__(self, broker: Mosquitto) -> None:
        options = Options(client_id="test", port=broker.port, username=DAEMON, password=PASSWORD)
        self.client = Client(options, clock=Clock(), subscriptions=["jiancha/v1/+/+"])
        self.messages: list[tuple[str, dict[str, object]]] = []
        self.client.start()

    def collect(self) -> list[tuple[str, dict[str, object]]]:
        for delivery in self.client.take(1000, 0.05):
            self.messages.append((delivery.topic.removeprefix("jiancha/v1/"), json.loads(delivery.payload)))
            self.client.ack([delivery])
        return self.messages

    def states(self, device: str) -> list[object]:
        return [payload["state"] for topic, payload in self.collect() if topic == f"{device}/status"]


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return mosquitto("tm-1", "ev-1")


@pytest.fixture
def heard(broker: Mosquitto, eventually: Eventually) -> Iterator[Heard]:
    made = Heard(broker)
    eventually(lambda: made.client.link.connected)
    yield made
    made.client.stop()


def test_a_device_that_is_cut_off_leaves_its_last_will_and_comes_back(
    broker: Mosquitto, heard: Heard, eventually: Eventually
) -> None:
    devices = MqttDevices({"tm-1": PASSWORD, "ev-1": PASSWORD}, host="127.0.0.1", port=broker.port, clock=Clock())
    assert devices.wait(10) == []
    devices.send(sent("tm-1", "status", state="online"))
    eventually(lambda: heard.states("tm-1") == ["online"])
    devices.cut("tm-1")
    eventually(lambda: heard.states("tm-1") == ["online", "offline"], what="the last will")
    devices.restore("tm-1")
    devices.send(sent("tm-1", "status", state="online"))
    devices.send(sent("ev-1", "rating", score=5))
    eventually(lambda: heard.states("tm-1") == ["online", "offline", "online"])
    eventually(lambda: ("ev-1/rating", {"score": 5}) in heard.collect())
    devices.close()
    assert heard.states("ev-1") == [], "a farewell leaves no will"


def test_a_device_with_a_wrong_password_is_named(broker: Mosquitto) -> None:
    devices = MqttDevices({"tm-1": "wrong", "ev-1": PASSWORD}, host="127.0.0.1", port=broker.port, clock=Clock())
    (away,) = devices.wait(1.0)
    assert away.startswith("tm-1: refused by the broker")
    devices.close()


# --------------------------------------------------------------------------- HTTP


class Feed:
    """An events endpoint that answers with the next status of a list, then with 200."""

    def __init__(self, server: HTTPServer, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.taken: list[int] = []
        self.tokens: set[str | None] = set()
        server.expect_request("/api/v1/events", method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.tokens.add(request.headers.get("Authorization"))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.taken += [item["payload"]["n"] for item in request.get_json()]
        return Response("{}", status=status)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((), [1, 2, 3]), ((503, 500), [1, 2, 3]), ((403,), [2, 3])],
    ids=["taken", "taken when asked again", "refused and not asked again"],
)
def test_what_the_daemon_cannot_take_now_is_posted_again(
    httpserver: HTTPServer, eventually: Eventually, statuses: tuple[int, ...], expected: list[int]
) -> None:
    feed = Feed(httpserver, *statuses)
    devices = HttpDevices(httpserver.url_for("").rstrip("/"), "t0ken")
    devices.send(sent("ev-1", "rating", n=1))
    eventually(lambda: 1 in feed.taken or feed.statuses == [] and 403 in statuses)
    devices.send(sent("ev-1", "rating", n=2))
    devices.send(sent("tm-1", "checkin", n=3))
    devices.close()
    assert (feed.taken, feed.tokens) == (expected, {"Bearer t0ken"})


def test_closing_does_not_wait_for_a_daemon_that_is_gone(httpserver: HTTPServer) -> None:
    Feed(httpserver, *[503] * 1000)
    devices = HttpDevices(httpserver.url_for("").rstrip("/"), "t0ken")
    devices.send(sent("ev-1", "rating", n=1))
    began = Clock().monotonic()
    devices.close()
    assert Clock().monotonic() - began < 5


# --------------------------------------------------------------------------- the clock


class Kept:
    """A carrier that keeps what is sent and what is done to connections, in order."""

    def __init__(self) -> None:
        self.did: list[tuple[str, str]] = []
        self.sent: list[Sent] = []

    def send(self, message: Sent) -> None:
        self.sent.append(message)

    def cut(self, device: str) -> None:
        self.did.append(("cut", device))

    def restore(self, device: str) -> None:
        self.did.append(("restore", device))

    def close(self) -> None:
        """Nothing is open."""


AT_NOON = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
AT_NIGHT = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)


def test_a_machine_that_lags_sends_every_event_with_its_time_and_no_stale_heartbeat() -> None:
    carrier = Kept()
    played = simulation()
    Fleet(played, carrier, ManualClock(AT_NIGHT)).run(threading.Event())
    happened = [step for step in played.steps() if step.what == "event"]
    events = [m for m in carrier.sent if m.channel not in ("status", "heartbeat")]
    assert [datetime.fromisoformat(m.payload["at"]) for m in events] == [
        step.at.replace(microsecond=step.at.microsecond // 1000 * 1000) for step in happened
    ]
    assert [m for m in carrier.sent if m.channel == "heartbeat"] == []


def test_what_lies_before_the_start_is_left_out_and_what_lies_ahead_waits_for_the_clock() -> None:
    carrier, stop = Kept(), threading.Event()
    clock = Clock.of(AT_NOON, rate=36_000.0)  # the rest of the day in less than a second
    fleet = Fleet(simulation(), carrier, clock, since=AT_NOON)
    fleet.run(stop)
    times = [datetime.fromisoformat(m.payload["at"]) for m in carrier.sent if "at" in m.payload]
    assert fleet.failed is None
    assert min(times) >= AT_NOON
    assert max(times) > AT_NOON + timedelta(hours=7)
    assert [m.payload["state"] for m in carrier.sent if m.channel == "status"] == ["online"] * len(
        HALL.registry.devices
    )


def test_a_cut_that_began_before_the_start_is_left_out_to_its_end() -> None:
    carrier = Kept()
    cut = Cut(device="h-tm1", start=AT_NOON, end=AT_NOON + timedelta(hours=2))
    since = AT_NOON + timedelta(hours=1)
    Fleet(simulation(Faults(cuts=(cut,))), carrier, ManualClock(AT_NIGHT), since=since).run(threading.Event())
    assert carrier.did == []


def test_a_cut_is_done_to_the_carrier_before_anything_is_kept_back() -> None:
    carrier = Kept()
    cut = Cut(device="h-tm1", start=AT_NOON, end=AT_NOON + timedelta(hours=1))
    Fleet(simulation(Faults(cuts=(cut,))), carrier, ManualClock(AT_NIGHT)).run(threading.Event())
    assert carrier.did == [("cut", "h-tm1"), ("restore", "h-tm1")]


def test_a_carrier_that_fails_ends_the_play_and_is_told() -> None:
    class Broken(Kept):
        def send(self, message: Sent) -> None:
            raise OSError("no route")

    fleet = Fleet(simulation(), Broken(), ManualClock(AT_NIGHT))
    fleet.run(threading.Event())
    assert isinstance(fleet.failed, OSError)


def test_a_stop_ends_the_play_at_once() -> None:
    stop = threading.Event()
    stop.set()
    carrier = Kept()
    Fleet(simulation(), carrier, Clock.of(AT_NOON)).run(stop)
    assert len(carrier.sent) == 0
