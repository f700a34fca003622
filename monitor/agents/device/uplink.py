"""A program as a device at the broker: birth and last will, kept events in order, heartbeats that tell the truth."""

from __future__ import annotations

import itertools
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from monitor.agents.device.config import BrokerSection, Kind
from monitor.agents.device.kept import Kept, KeptEvents
from monitor.clock import Clock
from monitor.mqtt import Client, Link, Options, Publication, Will

log = structlog.get_logger(__name__)

IN_FLIGHT: Final = 500
"""Events handed to the client at once; they stay in the file until the broker has them."""
REFUSED_SECONDS: Final = 30.0
"""How long to wait after a refusal before the same event is offered again."""
FAREWELL_SECONDS: Final = 5.0


class Sender(Protocol):
    """Who speaks: the section of the program's own keys."""

    @property
    def device(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def heartbeat_seconds(self) -> float: ...


class Uplink:
    """Single-threaded but for `_on_link`. Nothing is forgotten before the broker's acknowledgement.

    `proven` says up to when all that happened is in the queue: a heartbeat tells that time. None: nothing is proven at
    present, so there is no heartbeat, which stays due. Without it all is proven up to now.
    """

    def __init__(
        self, sender: Sender, mqtt: BrokerSection, kept: KeptEvents, clock: Clock, kind: Kind, *,
        proven: Callable[[], datetime | None] | None = None,
    ) -> None:  # fmt: skip
        self._sender, self._kept, self._clock, self._kind = sender, kept, clock, kind
        self._proven = proven if proven is not None else clock.now
        self._zone = ZoneInfo(sender.zone)
        self._flying: deque[tuple[Kept, Publication]] = deque()
        self._offered = 0
        self._refused_until: float | None = None
        self._beat_at: float | None = None
        self._came_up = threading.Event()
        self._client = Client(
            Options(
                client_id=sender.device,
                host=mqtt.host,
                port=mqtt.port,
                username=mqtt.username or sender.device,
                password=mqtt.password.get_secret_value() if mqtt.password is not None else None,
                version=mqtt.version,
                tls=mqtt.tls_ca is not None,
                ca_file=mqtt.tls_ca,
                cert_file=mqtt.tls_cert,
                key_file=mqtt.tls_key,
                keepalive_seconds=30,
            ),
            clock=clock,
            will=Will(topic=self._topic("status"), payload=_encoded(self._status("offline"))),
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
            self._say("status", self._status("online"), retain=True)
            self._beat_at = None
        self._settle()
        if self.is_connected and self._may_offer():
            self._offer()
        now = self._clock.monotonic()
        due = self._beat_at is None or now - self._beat_at >= self._sender.heartbeat_seconds
        if self.is_connected and due and self._beat() is not None:
            self._beat_at = now

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
        self._beat()
        self._say("status", self._status("offline"), retain=True).wait(max(0.1, end - self._clock.monotonic()))

    def _settle(self) -> None:
        """In the order of sending; a refusal puts all that follows back, for the order matters."""
        done = [kept for kept, _ in itertools.takewhile(lambda one: one[1].wait(0), self._flying)]
        if done:
            self._kept.forget(done)  # before they leave the list: where the disk fails this is done again
            for _ in done:
                self._flying.popleft()
        if self._flying and self._flying[0][1].refused is not None:
            kept, publication = self._flying[0]
            log.error("the broker refuses an event", action=self._action("refused"), why=publication.refused)
            self._flying.clear()
            self._offered = kept.row - 1
            self._refused_until = self._clock.monotonic() + REFUSED_SECONDS

    def _may_offer(self) -> bool:
        return self._refused_until is None or self._clock.monotonic() >= self._refused_until

    def _offer(self) -> None:
        self._refused_until = None
        for kept in self._kept.after(self._offered, IN_FLIGHT - len(self._flying)):
            topic = self._topic(self._kind.channel)
            self._flying.append((kept, self._client.publish(topic, kept.payload.encode())))
            self._offered = kept.row

    def _beat(self) -> Publication | None:
        """Say up to when all is told, where anything is proven."""
        proven = self._proven()
        if proven is None:
            return None
        at = proven.astimezone(self._zone).isoformat(timespec="milliseconds")
        queue, last = self._kept.waiting, self._kept.acknowledged
        return self._say("heartbeat", {"at": at, "queue": queue, "boot": self._kept.boot, "last_seq": last})

    def _say(self, channel: str, payload: Mapping[str, Any], *, retain: bool = False) -> Publication:
        return self._client.publish(self._topic(channel), _encoded(payload), retain=retain)

    def _status(self, state: str) -> dict[str, Any]:
        return {"state": state, "firmware": f"jiancha-{self._kind.name}"}

    def _action(self, word: str) -> str:
        return f"{self._kind.name}.{word}"

    def _topic(self, channel: str) -> str:
        return f"jiancha/v1/{self._sender.device}/{channel}"

    def _on_link(self, link: Link) -> None:
        """In the network thread."""
        if link.connected:
            self._came_up.set()
            log.info("connected to the broker", action=self._action("connected"), waiting=self._kept.waiting)
        else:
            log.warning("the broker is away", action=self._action("broker_away"), why=link.error)


def _encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
