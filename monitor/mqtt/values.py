"""What goes in and out of the MQTT client: options, deliveries, publications, the state of the link."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

WEEK_SECONDS: Final = 7 * 86_400


class Time(Protocol):
    """The program's clock, as far as it is needed here."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    @property
    def jump(self) -> timedelta: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to reach the broker. `client_id` must stay the same over restarts: the broker keeps the session under it.

    `receive_maximum`: unacknowledged messages the broker may send, at least two batches; on 3.1.1, which cannot ask
    for it, the broker's `max_inflight_messages` stands for it. At most twice as many are held here, whatever it sends.
    """

    client_id: str
    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    version: Literal["5", "3.1.1"] = "5"
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    keepalive_seconds: int = 60
    session_expiry_seconds: int = WEEK_SECONDS
    receive_maximum: int = 2000
    backoff_first_seconds: float = 0.5
    backoff_most_seconds: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Will:
    """What the broker publishes when the connection is lost (MQTT last will), QoS 1."""

    topic: str
    payload: bytes
    retain: bool = True


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message from the broker. `received`: aware UTC, the program's clock; `arrived`: the same in real seconds.

    A Struct, like all values made for each message: a frozen dataclass takes ten times as long (docs/adr/0015).
    """

    topic: str
    payload: bytes
    retained: bool
    received: datetime
    arrived: float
    qos: int
    mid: int
    connection: int
    """Which connection delivered it: an acknowledgement on a later one would name another message."""
    traceparent: str = ""
    """As the device gave it (MQTT 5), unchecked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The connection as it stands. `since`: when it came up; where it is down, when the broker was last heard.

    `error` says why it is down.
    """

    connected: bool
    since: datetime
    error: str = ""


class Publication:
    """A message on its way out. The client sends it again over reconnects until the broker has it (QoS 1)."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self.refused: str | None = None
        """The broker's reason where it refused (MQTT 5 only: on 3.1.1 a denied publish looks like success)."""

    def settle(self, refused: str | None) -> None:
        self.refused = refused
        self._done.set()

    def wait(self, timeout: float | None = None) -> bool:
        """True once the broker has taken the message; False at the time-out or when it refused."""
        return self._done.wait(timeout) and self.refused is None
