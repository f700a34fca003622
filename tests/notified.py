"""A service manager for tests: a real datagram socket under NOTIFY_SOCKET that keeps what it was told, in order."""

from __future__ import annotations

import socket
import threading
from pathlib import Path


class Notified:
    """`address` for the environment; `said` are the assignments in the order in which they came."""

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{self.address[1:]}" if self.address.startswith("@") else self.address)
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def index(self, said: str, after: int = 0) -> int | None:
        """Where it was first told at `after` or later, from 1 on (0 would be false); None: not yet."""
        found = (n for n, one in enumerate(self.said[after:], after + 1) if said in one)
        return next(found, None)

    def _listen(self) -> None:
        while told := self._socket.recv(4096).decode():
            self.said += told.splitlines()

    def __enter__(self) -> Notified:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RD)
        self._thread.join(5)
        self._socket.close()
