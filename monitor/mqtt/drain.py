"""Taking what the broker keeps for another client: once in with its client id, out when nothing is left (ADR 10)."""

from __future__ import annotations

import selectors
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.mqtt.client import Client
from monitor.mqtt.values import Link, Options, Time
from monitor.mqtt.wire import Published, Wire


class Drain(Client):
    """One connection in the place of the client that `options.client_id` names, which never comes back by itself.

    1. It unsubscribes from `topics`, all that the session may have subscribed to: from the answer on nothing is added.
    2. Whatever is delivered is taken and acknowledged as with any client; of topics that `skip` names it is
       acknowledged at once.
    3. When nothing is left to acknowledge it unsubscribes again. The broker handles one client's packets in order, so
       what the acknowledgements released comes before the answer: an answer that nothing came before is the end.
    4. `stop` then ends the session (MQTT 5). Before that, or when the client itself has come back and the broker has
       sent this one off, it leaves the session as it is, with all that was not acknowledged.
    """

    def __init__(
        self,
        options: Options,
        *,
        clock: Time,
        topics: Sequence[str],
        skip: Callable[[str], bool] = lambda topic: False,
        on_link: Callable[[Link], None] | None = None,
    ) -> None:
        super().__init__(options, clock=clock, on_link=on_link, gate=self._once)
        self._topics, self._skip = list(topics), skip
        self._came = self._acknowledged = self._came_before = 0
        self._asking = self._tried = False
        self.drained = threading.Event()
        """Nothing is left in the session, and nothing can come into it."""
        self.over = threading.Event()
        """The connection has ended, or there was none to be had."""
        self._paho.on_unsubscribe = self._answered

    def _once(self) -> str | None:
        if not self._tried:
            self._tried = True
            return None
        return self._link.error

    def _join(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self._asking, self._came_before = True, self._came
        self._paho.unsubscribe(self._topics)

    def _answered(
        self, _c: object, _u: object, _mid: int, codes: Sequence[ReasonCode], _p: Properties | None = None
    ) -> None:
        self._asking = False
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._refusal = f"leaving refused by the broker: {', '.join(refused)}"
            self._paho.disconnect()
        elif not self._link.connected:
            self._change(True)
        elif self._came == self._came_before:
            self.drained.set()

    def _turn(self, selector: selectors.BaseSelector, wire: Wire) -> None:
        super()._turn(selector, wire)
        idle = self._link.connected and not self._asking and not self.drained.is_set()
        if idle and self._acknowledged == self._came:
            self._ask()

    def _take_in(self, wire: Wire, packet: Published, now: datetime, arrived: float) -> None:
        self._came += 1
        if self._skip(packet.topic):
            wire.acknowledge([packet.mid] if packet.qos else ())
            self._acknowledged += 1
        else:
            super()._take_in(wire, packet, now, arrived)

    def _send_acks(self, wire: Wire) -> int:
        sent = super()._send_acks(wire)
        self._acknowledged += sent
        return sent

    def _lost(self, error: str) -> None:
        super()._lost(error)
        self.over.set()

    def _leave(self) -> None:
        if self.drained.is_set() and self.options.version == "5":
            ended = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            ended.SessionExpiryInterval = 0
            self._paho.disconnect(properties=ended)
        else:  # 3.1.1 could end it only by another connection, which might send off the client that has come back
            self._paho.disconnect()
