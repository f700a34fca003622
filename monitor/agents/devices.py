"""Simulated devices, live: each connects to the broker as itself, or all use the HTTP feed (DESIGN §3.1, §3.2)."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import httpx
import structlog

from monitor.agents.eventfile import outboxes
from monitor.agents.outbox import Outbox, Sent
from monitor.agents.scene import Step
from monitor.agents.simulator import Simulation
from monitor.clock import Clock
from monitor.mqtt import Client, Options, Will

log = structlog.get_logger(__name__)

TOPIC: Final = "jiancha/v1/{device}/{channel}"
KEEPALIVE_SECONDS: Final = 30
RETRY_SECONDS: Final = 0.2
MOST_AT_ONCE: Final = 500
"""Messages in one request."""


class Carrier(Protocol):
    """The way from the devices to the daemon; `cut` takes one device's connection away, `restore` gives it back."""

    def send(self, message: Sent) -> None: ...
    def cut(self, device: str) -> None: ...
    def restore(self, device: str) -> None: ...
    def close(self) -> None: ...


class Fleet:
    """Plays a simulation on a clock: every message leaves its device when the clock shows its time.

    Where the machine lags behind, events are sent late with the time at which they happened; a heartbeat says how
    things are when it is sent, else the device's clock would seem to be wrong.

    `failed` holds what broke the play; `run` may be the target of a thread.
    """

    def __init__(
        self, simulation: Simulation, carrier: Carrier, clock: Clock, *, since: datetime | None = None
    ) -> None:
        self._simulation = simulation
        self._carrier = carrier
        self._clock = clock
        self._since = since
        self.sent = 0
        self.failed: Exception | None = None

    def run(self, stop: threading.Event) -> None:
        """Play until the end or until `stop` is set."""
        try:
            self._play(outboxes(self._simulation), stop)
        except Exception as error:
            log.exception("the simulated devices failed", action="simulator.failed")
            self.failed = error

    def _play(self, boxes: Mapping[str, Outbox], stop: threading.Event) -> None:
        away: set[str] = set()
        for step in self._simulation.steps():
            if self._is_left_out(step, away):
                continue
            if stop.wait(self._clock.seconds_until(step.at)):
                return
            now = self._clock.now()
            if step.what == "beat" and (now - step.at).total_seconds() > self._simulation.pace.heartbeat_seconds:
                continue  # the next one is due too
            if step.what == "cut":
                away.add(step.device)
                self._carrier.cut(step.device)
            elif step.what == "restore":
                away.remove(step.device)
                self._carrier.restore(step.device)
            if step.what in ("beat", "restore"):
                step = replace(step, at=now)
            for message in boxes[step.device].take(step):
                self._carrier.send(message)
                self.sent += 1

    def _is_left_out(self, step: Step, away: set[str]) -> bool:
        """What lies before `since`, but for the switching on; and the end of a cut that lies there."""
        if step.what == "restore":
            return step.device not in away
        return self._since is not None and step.at < self._since and step.what != "start"


class MqttDevices:
    """A connection for each device, under its own name and password, with birth and last will.

    `devices`: their passwords by id, which is user name and client id too (None: the broker asks for none).
    """

    def __init__(
        self,
        devices: Mapping[str, str | None],
        *,
        host: str,
        port: int,
        clock: Clock,
        version: Literal["5", "3.1.1"] = "5",
    ) -> None:
        self._passwords = devices
        self._host, self._port, self._version = host, port, version
        self._clock = clock
        self._clients = {device: self._connect(device) for device in devices}

    def wait(self, seconds: float) -> list[str]:
        """Wait until all are connected, at most so long; gives those that are not, with the reason."""
        pause, end = threading.Event(), self._clock.monotonic() + seconds
        while (away := self._away()) and self._clock.monotonic() < end:
            pause.wait(0.02)
        return away

    def send(self, message: Sent) -> None:
        topic = TOPIC.format(device=message.device, channel=message.channel)
        self._clients[message.device].publish(topic, encoded(message.payload), retain=message.retain)

    def cut(self, device: str) -> None:
        """No farewell: the broker notices, and publishes the last will."""
        self._clients[device].stop(farewell=False)

    def restore(self, device: str) -> None:
        self._clients[device] = self._connect(device)

    def close(self) -> None:
        for client in self._clients.values():
            client.stop()

    def _connect(self, device: str) -> Client:
        options = Options(
            client_id=device,
            host=self._host,
            port=self._port,
            username=device,
            password=self._passwords[device],
            version=self._version,
            keepalive_seconds=KEEPALIVE_SECONDS,
        )
        last = Outbox(device, boot="", zone="UTC").status("offline")
        will = Will(topic=TOPIC.format(device=device, channel="status"), payload=encoded(last.payload))
        client = Client(options, clock=self._clock, will=will)
        client.start()
        return client

    def _away(self) -> list[str]:
        links = {device: client.link for device, client in self._clients.items()}
        return [f"{device}: {link.error}" for device, link in links.items() if not link.connected]


class HttpDevices:
    """All devices behind one sender that posts what has gathered, and posts it again until it is taken.

    What the daemon refuses (4xx) is logged and dropped: it would be refused for ever.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api/v1/events"
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=10)
        self._queue: queue.SimpleQueue[Sent | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http-devices", daemon=True)
        self._thread.start()

    def send(self, message: Sent) -> None:
        self._queue.put(message)

    def cut(self, device: str) -> None:
        """Nothing to take away: the device's outbox keeps its messages, and HTTP knows no last will."""

    def restore(self, device: str) -> None:
        """Nothing to give back."""

    def close(self) -> None:
        """Post what waits, once, and end."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(15)
        self._client.close()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._gather()
            wait = RETRY_SECONDS
            while batch and not self._post(batch) and not self._closing.wait(wait):
                wait = min(2 * wait, 10 * RETRY_SECONDS)

    def _gather(self) -> tuple[list[Sent], bool]:
        """What waits, once there is something, and whether that is the end."""
        batch: list[Sent] = []
        while not batch or (len(batch) < MOST_AT_ONCE and not self._queue.empty()):
            message = self._queue.get()
            if message is None:
                return batch, True
            batch.append(message)
        return batch, False

    def _post(self, batch: list[Sent]) -> bool:
        """Whether nothing more is to be done with the batch."""
        body = [{"device": m.device, "channel": m.channel, "payload": m.payload} for m in batch]
        try:
            answer = self._client.post(self._url, json=body)
        except httpx.HTTPError as error:
            log.warning("events could not be posted", action="simulator.post_failed", error=repr(error))
            return False
        if answer.is_client_error:
            log.error(
                "events were refused", action="simulator.post_refused", status=answer.status_code, why=answer.text
            )
            return True
        return answer.is_success


def encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
