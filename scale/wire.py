"""An MQTT 3.1.1 publisher of the least kind: QoS 1, many messages in one write, acknowledgements counted.

A library's client would take more of the machine that it measures than what it measures.
"""

from __future__ import annotations

import selectors
import socket
from typing import Final

CONNACK: Final = 0x20
PUBACK: Final = 0x40
IDS: Final = 65_535


def _text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def _length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = divmod(number, 128)
        out.append(byte | (128 if number else 0))
        if not number:
            return bytes(out)


def connect_packet(client: str, user: str, password: str) -> bytes:
    """Clean session, user and password, no keep-alive."""
    body = _text("MQTT") + bytes((4, 0b1100_0010)) + b"\0\0" + _text(client) + _text(user) + _text(password)
    return b"\x10" + _length(len(body)) + body


class Refused(RuntimeError):
    """The broker did not take the connection, or ended it."""


class Link:
    """One connection. `waiting`: messages that the broker has not acknowledged."""

    def __init__(self, port: int, client: str, user: str, password: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(connect_packet(client, user, password))
        answer = self.socket.recv(4)
        if answer[:1] != bytes((CONNACK,)) or answer[3:] != b"\0":
            raise Refused(f"{user}: CONNACK {answer.hex()}")
        self.socket.setblocking(False)
        self.user, self.waiting, self.acknowledged = user, 0, 0
        self._mid, self._out, self._in = 0, bytearray(), b""

    def publish(self, topic: str, payload: bytes) -> None:
        self._mid = self._mid % IDS + 1
        self.waiting += 1
        if self.waiting >= IDS:
            raise Refused(f"{self.user}: the broker does not acknowledge")
        head = _text(topic) + self._mid.to_bytes(2, "big")
        self._out += b"\x32" + _length(len(head) + len(payload)) + head + payload

    @property
    def unsent(self) -> int:
        return len(self._out)

    def send(self) -> None:
        """As much as the network takes."""
        try:
            while self._out:
                del self._out[: self.socket.send(self._out)]
        except BlockingIOError:
            return

    def hear(self) -> None:
        """Count acknowledgements; 3.1.1's PUBACK is four bytes."""
        data = self.socket.recv(65_536)
        if not data:
            raise Refused(f"{self.user}: the broker closed the connection")
        data = self._in + data
        whole = len(data) - len(data) % 4
        if any(data[at] != PUBACK for at in range(0, whole, 4)):
            raise Refused(f"{self.user}: {data[:8].hex()} is no acknowledgement")
        self.waiting -= whole // 4
        self.acknowledged += whole // 4
        self._in = data[whole:]


class Links:
    """The connections of all halls, served by one thread."""

    def __init__(self, links: list[Link]) -> None:
        self.links = links
        self._selector = selectors.DefaultSelector()
        for link in links:
            self._selector.register(link.socket, selectors.EVENT_READ, link)

    @property
    def waiting(self) -> int:
        return sum(link.waiting for link in self.links)

    @property
    def acknowledged(self) -> int:
        return sum(link.acknowledged for link in self.links)

    def serve(self, seconds: float) -> None:
        """Send what is to be sent; take acknowledgements for so long at most, back at once when something came."""
        for link in self.links:
            if link.unsent:
                link.send()
        busy = any(link.unsent for link in self.links)
        for key, _ in self._selector.select(min(seconds, 0.002) if busy else seconds):
            key.data.hear()
