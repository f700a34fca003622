"""The HTTP server inside the daemon: uvicorn in a thread of its own, with a clean start and stop.

In its own thread uvicorn leaves the process's signals alone; run in the main thread's loop it takes them over and
raises them again at its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from pathlib import Path
from typing import Final

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from monitor.console.punctual import Punctual

START_SECONDS: Final = 20.0
THREADS: Final = 15
"""For what reads the store: as many as it has connections (SQLAlchemy's pool); more would wait for one there."""
LEAVE_SECONDS: Final = 0.005
"""Between two looks whether everybody has gone."""
GRACE_SECONDS: Final = 3
"""What an open request has for its end; a stream that stays open would block the stop for ever."""


class HttpServer:
    """Serves an app on `host`:`port` (0: a port from the system, then in `port`) between `start` and `stop`.

    `tls`: the files of certificate and key; with them it speaks HTTPS.
    """

    def __init__(
        self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, tls: tuple[Path, Path] | None = None
    ) -> None:
        self._app = app
        self._tls = tls
        self.host = host
        self.port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        """Bind, serve in a thread, return once requests are answered. OSError when the address cannot be had."""
        # Bound here: uvicorn answers a taken port by SystemExit, which would end the daemon without a word.
        bound = _bind(self.host, self.port, "http.tls_" if self._tls else "http.")
        self.port = int(bound.getsockname()[1])
        config = uvicorn.Config(
            self._app,
            http=Punctual,  # its parser, h11, bounds what a head may hold
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,  # `Punctual` writes it
            ssl_certfile=self._tls[0] if self._tls else None,
            ssl_keyfile=self._tls[1] if self._tls else None,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._serve, args=(self._server, bound), name="http", daemon=True)
        self._thread.start()
        if not self._server.up.wait(START_SECONDS):
            self.stop()
            raise OSError(f"the HTTP server did not come up on {self.url} within {START_SECONDS:.0f} s")

    def stop(self) -> None:
        """End requests within the grace and the thread with them. Harmless when it never started."""
        if self._server is not None and self._thread is not None:
            self._server.leave()
            self._thread.join(GRACE_SECONDS + 10)
            self._server = self._thread = None

    @staticmethod
    def _serve(server: _Server, bound: socket.socket) -> None:
        with bound:
            server.run(sockets=[bound])


class _Server(uvicorn.Server):
    """Says when it is up, and leaves when it is told; uvicorn itself only sets a flag and looks at one now and then."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def leave(self) -> None:
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        # uvicorn's own wakes ten times a second, for a date and for the flag that tells it to leave: a daemon with
        # nothing to do took a fifth of its processor time for that
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Until requests have ended and connections are closed, within the grace. uvicorn's own waits a tenth of a
        second at least, whether anybody is there or not.
        """
        for server in self.servers:
            server.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                while state.connections or state.tasks:  # noqa: ASYNC110 - of neither end it is told
                    await asyncio.sleep(LEAVE_SECONDS)
        for task in state.tasks:
            task.cancel(msg="the server ends")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        self.up.set()


def _bind(host: str, port: int, keys: str) -> socket.socket:
    try:
        made = socket.create_server((host, port), family=_family(host), backlog=512)
        # asyncio sets it for sockets that name their protocol, which this one does not: without it the second of two
        # small writes, head and body, waits 40 ms for an acknowledgement. What is accepted inherits it.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"{keys}host, {keys}port: cannot listen on {host}:{port}: {reason}") from error


def _family(host: str) -> socket.AddressFamily:
    try:
        return socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return socket.AF_INET
