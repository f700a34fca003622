"""The socket between the broker and paho: what is said for each message goes past paho (docs/adr/0015).

A busy subscriber is made of two packets, PUBLISH in and PUBACK out. They are read and written here, many at once; all
others (connecting, subscribing, publishing, keep-alive) are paho's, which takes this for its socket.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from monitor.mqtt.properties import traceparent

CHUNK: Final = 65_536
"""Bytes asked for at once: some 250 messages of a hall, in one call instead of three for each."""
FAREWELL_SECONDS: Final = 1.0
_PUBLISH: Final = 0x30
_PUBACK: Final = b"\x40\x02"
_PINGRESP: Final = b"\xd0\x00"
_WOULD_BLOCK: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Published(msgspec.Struct, frozen=True, gc=False):
    """A PUBLISH packet as it came; `mid` is 0 for QoS 0. Of MQTT 5's properties only `traceparent` is read."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    mid: int
    traceparent: str = ""


class Wire:
    """A connected socket; `five`: MQTT 5, else 3.1.1. Served by the network thread alone."""

    def __init__(self, connection: Any, *, five: bool) -> None:
        self._socket, self._five = connection, five
        self._data, self._at = b"", 0
        self._cut = False
        self._for_paho = b""
        self._out = bytearray()
        self._ended = False

    # -- what paho asks of its socket

    def recv(self, size: int) -> bytes:
        if not self._for_paho and not self._ended:
            raise BlockingIOError
        taken, self._for_paho = self._for_paho[:size], self._for_paho[size:]
        return taken

    def send(self, data: bytes | bytearray) -> int:
        self._out += data
        return len(data)

    def fileno(self) -> int:
        number: int = self._socket.fileno()
        return number

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def close(self) -> None:
        """Close, having sent what is left to say (a DISCONNECT, so that no last will is published)."""
        if self._out and not self._ended:
            with contextlib.suppress(OSError):
                self._socket.settimeout(FAREWELL_SECONDS)
                self._socket.sendall(self._out)
        self.abort()

    # -- for the client

    def abort(self) -> None:
        """Close and say nothing more."""
        self._ended = True
        self._out.clear()
        self._socket.close()

    @property
    def ended(self) -> bool:
        """The other side has closed, or the connection broke: paho sees the end at its next read."""
        return self._ended

    @property
    def unsent(self) -> int:
        """Bytes that the network has not taken yet."""
        return len(self._out)

    @property
    def has_more(self) -> bool:
        """Something can be read without waiting: `select` does not see what lies here or decrypted in a TLS socket."""
        return self._cut or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0)

    def packets(self, most: int) -> Iterator[Published | None]:
        """Read once from the network; the packets that are whole, in the broker's order, at most `most`.

        None stands for one that is paho's: it has to be read by paho before the next is asked for. ValueError for bytes
        that are not MQTT.
        """
        if not self._cut:
            self._read()
        self._cut = False
        for _ in range(most):
            packet = self._next()
            if packet is None:
                return
            yield packet if isinstance(packet, Published) else None
        self._cut = True

    def show_life(self) -> None:
        """Give paho the one packet that only says that the broker lives."""
        self._for_paho = _PINGRESP

    def acknowledge(self, mids: Iterable[int]) -> None:
        """PUBACK packets (success), sent with the next `flush`."""
        self._out += b"".join([_PUBACK + mid.to_bytes(2, "big") for mid in mids])

    def flush(self) -> None:
        """Give the network as much as it takes."""
        try:
            while self._out:
                del self._out[: self._socket.send(self._out)]
        except _WOULD_BLOCK:
            return
        except OSError:
            self._ended = True

    # -- bytes to packets

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(CHUNK)
        except _WOULD_BLOCK:
            return
        except OSError:
            chunk = b""
        self._ended = not chunk
        self._data = self._data[self._at :] + chunk if self._at < len(self._data) else chunk
        self._at = 0

    def _next(self) -> Published | bool | None:
        """The next whole packet; True: it was handed to paho; None: there is none."""
        data, start = self._data, self._at
        if len(data) - start < 2:
            return None
        head, (length, body) = data[start], _varint(data, start + 1)
        end = body + length
        if not body or end > len(data):
            return None
        self._at = end
        qos = head >> 1 & 3
        if head & 0xF0 != _PUBLISH or qos > 1:
            self._for_paho = data[start:end]
            return True
        at = body + 2 + int.from_bytes(data[body : body + 2], "big")
        topic = data[body + 2 : at]
        mid = 0
        if qos:
            mid = int.from_bytes(data[at : at + 2], "big")
            at += 2
        parent = ""
        if self._five:
            length, at = _varint(data, at)
            at += length
            if length and at <= end:
                parent = traceparent(data[at - length : at])
        if not body < at <= end:
            raise ValueError("a PUBLISH packet that is longer inside than outside")
        return Published(topic.decode("utf-8", "replace"), data[at:end], qos, bool(head & 1), mid, parent)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, where it ends) of MQTT's variable byte integer; it ends at 0 where not all of it has come."""
    value = 0
    for shift in (0, 7, 14, 21):
        if at >= len(data):
            return 0, 0
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a length of more than four bytes")
