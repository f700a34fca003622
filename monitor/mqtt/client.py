"""paho-mqtt, driven by one network thread of our own (docs/adr/0005 has the reasons and the figures).

Every call into paho is made in that thread: an acknowledgement can never end up on another connection than the one that
delivered the message, and publishes leave in the order in which they were given, over reconnects too. Messages are
acknowledged only when the caller says so; what is not is delivered again. Messages and acknowledgements themselves go
past paho (`wire`); connecting, subscribing, publishing and keep-alive are paho's.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from monitor.mqtt.inbox import Inbox, Patience
from monitor.mqtt.values import Delivery, Link, Options, Publication, Time, Will
from monitor.mqtt.wire import Published, Wire
from monitor.pace import Turn, rest

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 6.0
"""How often at least the keep-alive is looked at while nothing happens; four times in one that is short."""
LIFE_SECONDS: Final = 1.0
"""How often paho is told, while messages come, that the broker lives."""
STEADY_SECONDS: Final = 5.0
GATE_SECONDS: Final = 0.2
"""How often a closed gate is asked again."""
PUBLISHES_IN_FLIGHT: Final = 20
"""What every broker takes: Mosquitto's own default, and one that is sent more breaks the connection."""
UNSENT_BYTES: Final = 65_536
"""No further publish is handed over while so much waits for the network."""


class _Outgoing(NamedTuple):
    topic: str
    payload: bytes
    qos: int
    retain: bool
    publication: Publication


class _Paho(paho.Client):
    """paho with our wire for its socket."""

    def _create_socket(self) -> Wire:
        made = super()._create_socket()
        if isinstance(made, socket.socket):
            # Acknowledgements are small and many: Nagle would hold each back for the peer's delayed ACK (40 ms).
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Wire(made, five=self._protocol == MQTTProtocolVersion.MQTTv5)


class Client:
    """A connection that comes back by itself, with back-off and jitter, and keeps its session.

    `take` and `ack` serve one consumer; `publish` and `link` any thread. `on_link` is called in the network thread at
    every change. `gate` is asked in it before each connection: None, or why there must be none now.
    """

    def __init__(
        self,
        options: Options,
        *,
        clock: Time,
        subscriptions: Sequence[str] = (),
        will: Will | None = None,
        on_link: Callable[[Link], None] | None = None,
        gate: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.options = options
        self._gate = gate
        self._clock = clock
        self._subscriptions = tuple(subscriptions)
        self._on_link = on_link
        self._link = Link(connected=False, since=clock.now(), error="not started")
        self._inbox = Inbox()
        self._acks: deque[Delivery] = deque()
        self._outbox: deque[_Outgoing] = deque()
        self._sent: dict[int, Publication] = {}
        self._standing = False
        self._connection = 0
        self._heard_at = clock.now()
        self._told_at = clock.monotonic()
        self._refusal = ""
        self._stopping = threading.Event()
        self._farewell = True
        self._bell, self._hear = socket.socketpair()
        self._bell.setblocking(False)
        self._hear.setblocking(False)
        self._room = 2 * options.receive_maximum
        self._tick = min(TICK_SECONDS, options.keepalive_seconds / 4)
        self._hearing = selectors.DefaultSelector()
        self._hearing.register(self._hear, selectors.EVENT_READ)
        self._where = {"host": options.host, "port": options.port, "client_id": options.client_id}
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{options.client_id}", daemon=True)
        self._paho = self._make_paho(will)

    # -- for any thread

    @property
    def link(self) -> Link:
        return self._link

    @property
    def waiting(self) -> int:
        """Messages delivered and not yet taken."""
        return len(self._inbox)

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
            self._hearing.close()
            self._bell.close()
            self._hear.close()

    def take(self, most: int, timeout: float, patience: Patience | None = None) -> list[Delivery]:
        """What has arrived, in the broker's order, at most `most`; waits up to `timeout` seconds for the first, and
        with `patience` as long as all that lies here may wait for company.
        """
        taken = self._inbox.take(most, timeout, patience)
        if len(taken) + len(self._inbox) >= self._room:
            self._ring()  # it was full: the network thread may read again
        return taken

    def wake(self) -> None:
        """Have whoever takes return at once, with nothing."""
        self._inbox.ring()

    def unstored(self) -> list[Delivery]:
        """All that arrived and is not taken, and what was taken last until more is."""
        return self._inbox.unstored()

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that it may forget these; only after their commit, in the order they came."""
        self._acks.extend(deliveries)
        self._ring()

    def drain(self, timeout: float) -> bool:
        """Wait until the acknowledgements given so far are with the network; whether they are."""
        end = self._clock.monotonic() + timeout
        while self._acks or self._paho.want_write() or self._unsent:
            if self._clock.monotonic() > end or self._stopping.wait(0.001):
                return False
        return True

    @property
    def _unsent(self) -> int:
        wire = self._paho.socket()
        return wire.unsent if isinstance(wire, Wire) else 0

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> Publication:
        """Send in the order given; while the connection is down the message waits in memory.

        ValueError for a topic that nothing can be published to.
        """
        if not topic or len(topic.encode()) > 65_535 or set("+#\0") & set(topic):
            raise ValueError(f"topic: {topic[:100]!r} holds a wildcard or NUL, or is empty or too long")
        publication = Publication()
        self._outbox.append(_Outgoing(topic, payload, qos, retain, publication))
        self._ring()
        return publication

    # -- in the network thread

    def _make_paho(self, will: Will | None) -> paho.Client:
        o = self.options
        five = o.version == "5"
        made = _Paho(
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
        made.on_publish = self._published
        made.on_disconnect = self._disconnected
        # with this hook paho leaves writing to us
        made.on_socket_register_write = lambda *_: None
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
            closed = self._gate()
            if closed is not None:
                self._change(False, closed)
                self._stopping.wait(GATE_SECONDS)
                continue
            try:
                self._connect()
                failures = 0 if self._serve() else failures + 1
            except (OSError, ValueError) as error:
                failures += 1
                self._lost(str(error))
            except Exception as error:  # a packet that the library cannot read must not end the thread for good
                failures += 1
                log.error("connection given up", action="mqtt.failed", error=repr(error))
                self._lost(f"{type(error).__name__}: {error}")
            delay = min(self.options.backoff_most_seconds, self.options.backoff_first_seconds * 2 ** min(failures, 16))
            # jitter: after a broker's restart not everybody comes back in the same instant
            self._stopping.wait(delay * random.uniform(0.5, 1.0))  # nosec B311  # spreads tries, guards nothing

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
        """Read and write until the connection ends; whether it stood for a while.

        One that ends at once (refused, or taken over by another client of the same id) must not reset the back-off.
        """
        before, begun = self._connection, self._clock.monotonic()
        wire = self._paho.socket()
        if not isinstance(wire, Wire):
            return False
        self._until_ended(wire)
        self._lost(self._refusal or "connection lost")
        return self._connection != before and self._clock.monotonic() - begun > STEADY_SECONDS

    def _until_ended(self, wire: Wire) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(wire, selectors.EVENT_READ)
            selector.register(self._hear, selectors.EVENT_READ)
            self._write(wire)  # what asks for the connection
            while self._paho.socket() is wire and not self._stopping.is_set():
                self._turn(selector, wire)
        if self._paho.socket() is not wire:
            return
        if self._farewell:
            self._send_acks(wire)
            self._leave()
            self._paho.loop_write()
        else:
            wire.abort()

    def _turn(self, selector: selectors.BaseSelector, wire: Wire) -> None:
        """Once round: wait for something to read, to write or to acknowledge, and do it.

        While the inbox is full nothing is read: Mosquitto 2.0.11 sends beyond the receive maximum (docs/adr/0005).
        """
        readable = not self._is_full
        wanted = (selectors.EVENT_READ if readable else 0) | (selectors.EVENT_WRITE if wire.unsent else 0)
        if not wanted:
            self._hearing.select(rest(Turn.MQTT, self._tick))
        else:
            selector.modify(wire, wanted)
            waits = 0.0 if readable and wire.has_more else rest(Turn.MQTT, self._tick)
            ready = {key.fileobj: mask for key, mask in selector.select(waits)}
            readable = readable and (not waits or bool(ready.get(wire, 0) & selectors.EVENT_READ))
        with contextlib.suppress(BlockingIOError):
            self._hear.recv(4096)
        self._send_acks(wire)
        if readable and wanted:
            self._read(wire)
        self._send_publishes(wire)
        self._paho.loop_misc()
        self._write(wire)

    def _write(self, wire: Wire) -> None:
        if self._paho.want_write():
            self._paho.loop_write()
        wire.flush()
        if wire.ended:
            self._paho.loop_read()  # it finds the end and says why

    @property
    def _is_full(self) -> bool:
        return len(self._inbox) >= self._room

    def _read(self, wire: Wire) -> None:
        """What one read brings; all of it came at the same time."""
        now, arrived = self._clock.now(), self._clock.monotonic()
        for packet in wire.packets(self._room - len(self._inbox)):
            if packet is not None:
                self._take_in(wire, packet, now, arrived)
            elif self._paho.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
        if wire.ended:
            return
        self._heard_at = self._clock.now()
        if arrived - self._told_at > LIFE_SECONDS:
            # paho has seen no message: without this it would ask for one, and give up when the answer stands in line
            self._told_at = arrived
            wire.show_life()
            self._paho.loop_read()

    def _take_in(self, _wire: Wire, packet: Published, now: datetime, arrived: float) -> None:
        self._inbox.put(self._delivery(packet, now, arrived))

    def _send_acks(self, wire: Wire) -> int:
        """Those of this very connection, in one write: on another the packet number may name another message. Gives how
        many were taken up.
        """
        given = [self._acks.popleft() for _ in range(len(self._acks))]
        wire.acknowledge(d.mid for d in given if d.qos and d.connection == self._connection)
        return len(given)

    def _send_publishes(self, wire: Wire) -> None:
        """Hand over only what goes out at once: what paho queues by itself can be overtaken after a reconnect."""
        while self._standing and self._outbox and len(self._sent) < PUBLISHES_IN_FLIGHT and wire.unsent < UNSENT_BYTES:
            out = self._outbox.popleft()
            info = self._paho.publish(out.topic, out.payload, qos=out.qos, retain=out.retain)
            self._sent[info.mid] = out.publication

    def _ring(self) -> None:
        # a full pipe means the network thread is already woken, a closed one that it has ended
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def _connected(self, _c: object, _u: object, _flags: object, code: ReasonCode, _p: object) -> None:
        if code.is_failure:
            self._refusal = f"refused by the broker: {code}"
            return
        self._connection += 1
        self._standing = True
        self._join()

    def _join(self) -> None:
        """The connection stands: subscribe; whoever is there only to publish is ready at once."""
        if not self._subscriptions:
            self._change(True)
        elif self.options.version == "5":
            # retain as published: an event wrongly sent with the retain flag is to be seen as such at once
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            self._paho.subscribe([(topic, options) for topic in self._subscriptions])
        else:
            self._paho.subscribe([(topic, 1) for topic in self._subscriptions])

    def _leave(self) -> None:
        """End the connection; the session stays."""
        self._paho.disconnect()

    def _subscribed(self, _c: object, _u: object, _mid: int, codes: Sequence[ReasonCode], _p: object) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._refusal = f"subscription refused by the broker: {', '.join(refused)}"
            self._paho.disconnect()
        else:
            self._change(True)

    def _delivery(self, packet: Published, now: datetime, arrived: float) -> Delivery:
        return Delivery(
            topic=packet.topic,
            payload=packet.payload,
            retained=packet.retained,
            received=now,
            arrived=arrived,
            qos=packet.qos,
            mid=packet.mid,
            connection=self._connection,
            traceparent=packet.traceparent,
        )

    def _published(self, _c: object, _u: object, mid: int, code: ReasonCode, _p: object) -> None:
        publication = self._sent.pop(mid, None)
        if publication is not None:
            publication.settle(str(code) if code.is_failure else None)

    def _disconnected(self, _c: object, _u: object, flags: paho.DisconnectFlags, code: ReasonCode, _p: object) -> None:
        if flags.is_disconnect_packet_from_server:
            self._refusal = self._refusal or f"ended by the broker: {code}"
        elif code == "Keep alive timeout":
            self._refusal = self._refusal or f"no answer within the keep-alive of {self.options.keepalive_seconds} s"

    def _lost(self, error: str) -> None:
        """The broker delivers again what was not acknowledged: what still waits here would come twice."""
        self._standing = False
        self._inbox.drop(lambda delivery: delivery.qos > 0)
        self._change(False, "stopped" if self._stopping.is_set() else error)

    def _change(self, connected: bool, error: str = "") -> None:
        if (connected, error) == (self._link.connected, self._link.error):
            return
        since = self._link.since
        if connected:
            since = self._heard_at = self._clock.now()
        elif self._link.connected:  # a half-open connection is noticed late: it was down since the last sign of life
            since = self._heard_at
        self._link = Link(connected=connected, since=since, error=error)
        if connected:
            log.info("broker connected", action="mqtt.connected", **self._where)
        elif not self._stopping.is_set():
            log.warning("broker away", action="mqtt.disconnected", error=error, **self._where)
        if self._on_link is not None:
            self._on_link(self._link)
