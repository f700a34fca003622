"""The only MQTT client module: what devices say comes in through it, what agents and alerts say goes out (DESIGN §3.1).

paho-mqtt, driven by one network thread of our own: every call that writes to the socket is made in that thread, so an
acknowledgement can never end up on another connection than the one that delivered the message. docs/adr/0005 has the
figures. Messages are acknowledged only when the caller says so; what is not is delivered again.
"""

from __future__ import annotations

import contextlib
import queue
import random
import selectors
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

log = structlog.get_logger(__name__)

WEEK_SECONDS: Final = 7 * 86_400
TICK_SECONDS: Final = 1.0
"""How often keep-alive and a stop are looked at while nothing happens."""
PUBLISHES_IN_FLIGHT: Final = 20
"""What every broker takes: Mosquitto's own default, and one that is sent more breaks the connection."""


class Time(Protocol):
    """The program's clock, as far as it is needed here."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to reach the broker. `client_id` must stay the same over restarts: the broker keeps the session under it.

    `receive_maximum`: unacknowledged messages the broker may send, at least two batches; on 3.1.1, which cannot ask
    for it, the broker's `max_inflight_messages` stands for it.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message from the broker. `received`: aware UTC, the program's clock; `arrived`: the same in real seconds."""

    topic: str
    payload: bytes
    retained: bool
    received: datetime
    arrived: float
    qos: int
    mid: int
    connection: int
    """Which connection delivered it: an acknowledgement on a later one would name another message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The connection as it stands: `since` is the time of the last change; `error` says why it is down."""

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


class Client:
    """A connection that comes back by itself, with back-off and jitter, and keeps its session.

    `take` and `ack` serve one consumer; `publish` and `link` any thread. `on_link` is called in the network thread at
    every change.
    """

    def __init__(
        self,
        options: Options,
        *,
        clock: Time,
        subscriptions: Sequence[str] = (),
        will: Will | None = None,
        on_link: Callable[[Link], None] | None = None,
    ) -> None:
        self.options = options
        self._clock = clock
        self._subscriptions = tuple(subscriptions)
        self._on_link = on_link
        self._link = Link(connected=False, since=clock.now(), error="not started")
        self._inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._acks: deque[Delivery] = deque()
        self._sent: dict[int, Publication | str] = {}
        self._connection = 0
        self._refusal = ""
        self._stopping = threading.Event()
        self._farewell = True
        self._bell, self._hear = socket.socketpair()
        self._bell.setblocking(False)
        self._hear.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{options.client_id}", daemon=True)
        self._paho = self._make_paho(will)

    # -- for any thread

    @property
    def link(self) -> Link:
        return self._link

    @property
    def waiting(self) -> int:
        """Messages delivered and not yet taken."""
        return self._inbox.qsize()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0, *, farewell: bool = True) -> None:
        """Disconnect, having sent the acknowledgements given so far; the broker keeps the session.

        Without `farewell` the connection just ends, as in a power cut, and the broker publishes the last will.
        """
        self._farewell = farewell
        self._stopping.set()
        self._ring()
        if self._thread.is_alive():
            self._thread.join(timeout)
        if not self._thread.is_alive():
            self._bell.close()
            self._hear.close()

    def take(self, most: int, timeout: float) -> list[Delivery]:
        """What has arrived, in the broker's order, at most `most`; waits up to `timeout` seconds for the first."""
        taken: list[Delivery] = []
        with contextlib.suppress(queue.Empty):
            taken.append(self._inbox.get(timeout=timeout))
            while len(taken) < most:
                taken.append(self._inbox.get_nowait())
        return taken

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that it may forget these; only after their commit, in the order they came."""
        self._acks.extend(deliveries)
        self._ring()

    def drain(self, timeout: float) -> bool:
        """Wait until the acknowledgements given so far are with the network; whether they are."""
        end = self._clock.monotonic() + timeout
        while self._acks or self._paho.want_write():
            if self._clock.monotonic() > end or self._stopping.wait(0.001):
                return False
        return True

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> Publication:
        """Send; while the connection is down the message waits in memory. ValueError for a bad topic."""
        publication = Publication()
        info = self._paho.publish(topic, payload, qos=qos, retain=retain)
        # the broker's answer may have come before this line: whoever is second settles
        early = self._sent.setdefault(info.mid, publication)
        if isinstance(early, str):
            self._settle(info.mid, publication, early)
        return publication

    # -- in the network thread

    def _make_paho(self, will: Will | None) -> paho.Client:
        o = self.options
        five = o.version == "5"
        made = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=o.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            clean_session=None if five else False,
            manual_ack=True,
        )
        if o.username is not None:
            made.username_pw_set(o.username, o.password)
        if o.tls:
            made.tls_set_context(self._tls())
        if will is not None:
            made.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        made.max_inflight_messages_set(PUBLISHES_IN_FLIGHT)
        made.on_connect = self._connected
        made.on_subscribe = self._subscribed
        made.on_message = self._arrived
        made.on_publish = self._published
        made.on_disconnect = self._disconnected
        # with this hook paho leaves writing to us, whichever thread has something to send
        made.on_socket_register_write = lambda *_: self._ring()
        return made

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.options.ca_file)
        if self.options.cert_file:
            context.load_cert_chain(self.options.cert_file, self.options.key_file)
        return context

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._refusal = ""
            try:
                self._connect()
                failures = 0 if self._serve() else failures
            except (OSError, ValueError) as error:
                self._lost(str(error))
            except Exception as error:  # a packet that the library cannot read must not end the thread for good
                log.exception("connection given up", action="mqtt.failed")
                self._lost(f"{type(error).__name__}: {error}")
            delay = min(self.options.backoff_most_seconds, self.options.backoff_first_seconds * 2 ** min(failures, 16))
            failures += 1
            # jitter: after a broker's restart not everybody comes back in the same instant
            self._stopping.wait(delay * random.uniform(0.5, 1.0))

    def _connect(self) -> None:
        o = self.options
        if o.version == "5":
            wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            wanted.SessionExpiryInterval = o.session_expiry_seconds
            wanted.ReceiveMaximum = o.receive_maximum
            self._paho.connect(o.host, o.port, o.keepalive_seconds, clean_start=False, properties=wanted)
        else:
            self._paho.connect(o.host, o.port, o.keepalive_seconds)

    def _serve(self) -> bool:
        """Read and write until the connection ends; whether it ever stood."""
        before = self._connection
        connection = self._paho.socket()
        if connection is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._hear, selectors.EVENT_READ)
            while self._paho.socket() is connection:
                if self._stopping.is_set():
                    if self._farewell:
                        self._send_acks()
                        self._paho.disconnect()
                        self._paho.loop_write()
                    else:
                        connection.close()
                    break
                self._turn(selector, connection)
        self._lost(self._refusal or "connection lost")
        return self._connection != before

    def _turn(self, selector: selectors.BaseSelector, connection: Any) -> None:
        """Once round: wait for something to read, to write or to acknowledge, and do it."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._paho.want_write() else 0)
        selector.modify(connection, wanted)
        # TLS reads ahead: what lies decrypted in the socket object does not show in select
        buffered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        ready = {key.fileobj: mask for key, mask in selector.select(0 if buffered else TICK_SECONDS)}
        if self._hear in ready:
            with contextlib.suppress(BlockingIOError):
                self._hear.recv(4096)
        self._send_acks()
        status = MQTTErrorCode.MQTT_ERR_SUCCESS
        if buffered or ready.get(connection, 0) & selectors.EVENT_READ:
            status = self._paho.loop_read()
        if status == MQTTErrorCode.MQTT_ERR_SUCCESS and self._paho.want_write():
            status = self._paho.loop_write()
        if status == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._paho.loop_misc()

    def _send_acks(self) -> None:
        while self._acks:
            delivery = self._acks.popleft()
            if delivery.connection == self._connection:
                self._paho.ack(delivery.mid, delivery.qos)

    def _ring(self) -> None:
        # a full pipe means the network thread is already woken, a closed one that it has ended
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def _connected(self, _c: object, _u: object, _flags: object, code: ReasonCode, _p: object) -> None:
        if code.is_failure:
            self._refusal = f"refused by the broker: {code}"
            return
        self._connection += 1
        if not self._subscriptions:
            self._change(True)
        elif self.options.version == "5":
            # retain as published: an event wrongly sent with the retain flag is to be seen as such at once
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            self._paho.subscribe([(topic, options) for topic in self._subscriptions])
        else:
            self._paho.subscribe([(topic, 1) for topic in self._subscriptions])

    def _subscribed(self, _c: object, _u: object, _mid: int, codes: Sequence[ReasonCode], _p: object) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._refusal = f"subscription refused by the broker: {', '.join(refused)}"
            self._paho.disconnect()
        else:
            self._change(True)

    def _arrived(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        self._inbox.put(
            Delivery(
                topic=message.topic,
                payload=bytes(message.payload),
                retained=message.retain,
                received=self._clock.now(),
                arrived=self._clock.monotonic(),
                qos=message.qos,
                mid=message.mid,
                connection=self._connection,
            )
        )

    def _published(self, _c: object, _u: object, mid: int, code: ReasonCode, _p: object) -> None:
        refused = str(code) if code.is_failure else ""
        publication = self._sent.setdefault(mid, refused)
        if isinstance(publication, Publication):
            self._settle(mid, publication, refused)

    def _settle(self, mid: int, publication: Publication, refused: str) -> None:
        self._sent.pop(mid, None)
        publication.settle(refused or None)

    def _disconnected(self, _c: object, _u: object, _flags: object, code: ReasonCode, _p: object) -> None:
        self._lost(self._refusal or str(code))

    def _lost(self, error: str) -> None:
        """The broker delivers again what was not acknowledged: what still waits here would come twice."""
        kept = []
        with contextlib.suppress(queue.Empty):
            while True:
                delivery = self._inbox.get_nowait()
                if delivery.qos == 0:
                    kept.append(delivery)
        for delivery in kept:
            self._inbox.put(delivery)
        self._change(False, "stopped" if self._stopping.is_set() else error)

    def _change(self, connected: bool, error: str = "") -> None:
        if (connected, error) == (self._link.connected, self._link.error):
            return
        since = self._link.since if connected == self._link.connected else self._clock.now()
        self._link = Link(connected=connected, since=since, error=error)
        if connected:
            log.info("broker connected", action="mqtt.connected", host=self.options.host, port=self.options.port)
        elif not self._stopping.is_set():
            log.warning("broker away", action="mqtt.disconnected", error=error, host=self.options.host)
        if self._on_link is not None:
            self._on_link(self._link)
