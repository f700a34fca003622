"""The watcher as a device at the broker: birth and last will, kept events in order, heartbeats that tell the truth."""

from __future__ import annotations

import itertools
import json
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from monitor.agents.postwatch.config import BrokerSection, WatchSection
from monitor.agents.postwatch.kept import Kept, KeptEvents
from monitor.clock import Clock
from monitor.mqtt import Client, Link, Options, Publication, Will

log = structlog.get_logger(__name__)

FIRMWARE: Final = "jiancha-watch"
IN_FLIGHT: Final = 500
"""Events handed to the client at once; they stay in the file until the broker has them."""
REFUSED_SECONDS: Final = 30.0
"""How long to wait after a refusal before the same event is offered again."""
FAREWELL_SECONDS: Final = 5.0


class Uplink:
    """Single-threaded but for `_on_link`. Nothing is forgotten before the broker's acknowledgement."""

    def __init__(self, watch: WatchSection, mqtt: BrokerSection, kept: KeptEvents, clock: Clock) -> None:
        self._watch, self._kept, self._clock = watch, kept, clock
        self._zone = ZoneInfo(watch.zone)
        self._flying: deque[tuple[Kept, Publication]] = deque()
        self._offered = 0
        self._refused_until: float | None = None
        self._beat_at: float | None = None
        self._came_up = threading.Event()
        self._client = Client(
            Options(
                client_id=watch.device,
                host=mqtt.host,
                port=mqtt.port,
                username=mqtt.username or watch.device,
                password=mqtt.password.get_secret_value() if mqtt.password is not None else None,
                version=mqtt.version,
                tls=mqtt.tls_ca is not None,
                ca_file=mqtt.tls_ca,
                cert_file=mqtt.tls_cert,
                key_file=mqtt.tls_key,
                keepalive_seconds=30,
            ),
            clock=clock,
            will=Will(topic=self._topic("status"), payload=_encoded(_status("offline"))),
            on_link=self._on_link,
        )

    @property
    def is_connected(self) -> bool:
        return self._client.link.connected

    def start(self) -> None:
        self._client.start()

    def turn(self) -> None:
        """Settle what the broker has, hand over what waits, and say the heartbeat when it is due."""
        if self._came_up.is_set():
            self._came_up.clear()
            self._say("status", _status("online"), retain=True)
            self._beat_at = None
        self._settle()
        if self.is_connected and self._may_offer():
            self._offer()
        now = self._clock.monotonic()
        due = self._beat_at is None or now - self._beat_at >= self._watch.heartbeat_seconds
        if self.is_connected and due:
            self._beat_at = now
            self._say("heartbeat", self._heartbeat())

    def close(self) -> None:
        """A last heartbeat tells up to when all was said; then offline. What is unsent stays in the file."""
        self.turn()
        if self.is_connected:
            self._last(FAREWELL_SECONDS)
        self._client.stop()
        self._settle()

    def _last(self, seconds: float) -> None:
        end = self._clock.monotonic() + seconds
        pause = threading.Event()
        while self._kept.waiting and self.is_connected and self._clock.monotonic() < end and self._may_offer():
            self._settle()
            self._offer()
            pause.wait(0.01)
        self._say("heartbeat", self._heartbeat())
        self._say("status", _status("offline"), retain=True).wait(max(0.1, end - self._clock.monotonic()))

    def _settle(self) -> None:
        """In the order of sending; a refusal puts all that follows back, for the order matters."""
        done = [kept for kept, _ in itertools.takewhile(lambda one: one[1].wait(0), self._flying)]
        if done:
            self._kept.forget(done)  # before they leave the list: where the disk fails this is done again
            for _ in done:
                self._flying.popleft()
        if self._flying and self._flying[0][1].refused is not None:
            kept, publication = self._flying[0]
            log.error("the broker refuses an event", action="watch.refused", why=publication.refused)
            self._flying.clear()
            self._offered = kept.row - 1
            self._refused_until = self._clock.monotonic() + REFUSED_SECONDS

    def _may_offer(self) -> bool:
        return self._refused_until is None or self._clock.monotonic() >= self._refused_until

    def _offer(self) -> None:
        self._refused_until = None
        for kept in self._kept.after(self._offered, IN_FLIGHT - len(self._flying)):
            topic = self._topic("presence")
            self._flying.append((kept, self._client.publish(topic, kept.payload.encode())))
            self._offered = kept.row

    def _heartbeat(self) -> dict[str, Any]:
        at = self._clock.now().astimezone(self._zone).isoformat(timespec="milliseconds")
        queue, last = self._kept.waiting, self._kept.acknowledged
        return {"at": at, "queue": queue, "boot": self._kept.boot, "last_seq": last}

    def _say(self, channel: str, payload: Mapping[str, Any], *, retain: bool = False) -> Publication:
        return self._client.publish(self._topic(channel), _encoded(payload), retain=retain)

    def _topic(self, channel: str) -> str:
        return f"jiancha/v1/{self._watch.device}/{channel}"

    def _on_link(self, link: Link) -> None:
        """In the network thread."""
        if link.connected:
            self._came_up.set()
            log.info("connected to the broker", action="watch.connected", waiting=self._kept.waiting)
        else:
            log.warning("the broker is away", action="watch.broker_away", why=link.error)


def _status(state: str) -> dict[str, Any]:
    return {"state": state, "firmware": FIRMWARE}


def _encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
