"""A TCP proxy in threads that stands for a bad network: cut, delayed, throttled, or silent for ever (half-open)."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from types import TracebackType

CHUNK = 4096


class TcpProxy:
    """Forwards a loopback port to another. What is set holds for the connections that stand and for those to come.

    `delay` seconds each way; `rate` bytes a second each way (0: no limit); `blackhole` True: connections are accepted
    and stay open, and nothing goes through, as behind a pulled cable; `refuse` True: connections are ended at once.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0
        self.rate = 0.0
        self.refuse = False
        self.accepted = 0
        self._blackhole = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._pairs: list[_Pair] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)

    def start(self) -> TcpProxy:
        self._thread.start()
        return self

    @property
    def blackhole(self) -> bool:
        return self._blackhole.is_set()

    @blackhole.setter
    def blackhole(self, on: bool) -> None:
        """Switched off again, the connections of the silent time are dead: their peers gave them up meanwhile."""
        if on:
            self._blackhole.set()
        else:
            self._blackhole.clear()
            self.cut()

    def cut(self) -> None:
        """End every connection with a reset, as a switch that is turned off and on."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.reset()

    @property
    def open(self) -> int:
        """How many connections stand."""
        with self._lock:
            return sum(not pair.ended.is_set() for pair in self._pairs)

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()
        self.cut()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.refuse:
                _reset(client)
                continue
            pair = _Pair(self, client)
            with self._lock:
                self._pairs.append(pair)
            pair.start()

    def __enter__(self) -> TcpProxy:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Pair:
    """One connection and its other half, with two threads for each direction: one reads, one writes when it is time."""

    def __init__(self, proxy: TcpProxy, client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        self.server: socket.socket | None = None
        self.ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._open, daemon=True).start()

    def _open(self) -> None:
        try:
            if self.proxy.blackhole:
                self._swallow()
                return
            self.server = socket.create_connection(("127.0.0.1", self.proxy.target), timeout=5)
            self.server.settimeout(None)
        except OSError:  # nobody listens behind the proxy
            self.reset()
            return
        for half in (self.client, self.server):  # a network does not wait for more to send, nor do those who talk here
            half.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, sink in ((self.client, self.server), (self.server, self.client)):
            waiting: queue.Queue[tuple[float, bytes]] = queue.Queue(64)
            threading.Thread(target=self._read, args=(source, sink, waiting), daemon=True).start()
            threading.Thread(target=self._write, args=(sink, waiting), daemon=True).start()

    def _swallow(self) -> None:
        """Take what comes and answer nothing, until somebody gives up."""
        with contextlib.suppress(OSError):
            while self.client.recv(CHUNK):
                pass
        self.reset()

    def _read(self, source: socket.socket, sink: socket.socket, waiting: queue.Queue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data and not self.ended.is_set():
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            if not self.proxy.blackhole:
                if data and not self.proxy.delay and not self.proxy.rate and not waiting.unfinished_tasks:
                    self._send(sink, data)  # nothing waits and nothing is to wait: no second thread is needed
                else:
                    waiting.put((time.monotonic() + self.proxy.delay, data))
            elif not data:
                self.reset()

    def _write(self, sink: socket.socket, waiting: queue.Queue[tuple[float, bytes]]) -> None:
        while not self.ended.is_set():
            with contextlib.suppress(queue.Empty):
                due, data = waiting.get(timeout=1.0)
                self.ended.wait(max(0.0, due - time.monotonic()))
                if not data:
                    self.reset()
                    return
                self._send(sink, data)
                waiting.task_done()

    def _send(self, sink: socket.socket, data: bytes) -> None:
        """At the rate that the proxy allows at present; nothing at all into a black hole."""
        step = len(data) if not self.proxy.rate else max(1, int(self.proxy.rate / 50))
        for start in range(0, len(data), step):
            if self.proxy.blackhole or self.ended.is_set():
                return
            part = data[start : start + step]
            with contextlib.suppress(OSError):
                sink.sendall(part)
            if self.proxy.rate:
                self.ended.wait(len(part) / self.proxy.rate)

    def reset(self) -> None:
        self.ended.set()
        for half in (self.client, self.server):
            if half is not None:
                _reset(half)


def _reset(half: socket.socket) -> None:
    """Close with RST instead of FIN: nothing that waits is sent any more."""
    with contextlib.suppress(OSError):
        half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    with contextlib.suppress(OSError):
        half.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
    half.close()
