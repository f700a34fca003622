"""Whoever speaks slowly is hung up on, and nobody opens connections without end.

uvicorn has a clock for what lies between two requests and none for a request: a connection that says nothing, or a
letter a minute, is held for ever. Some thousands of them, from anywhere on the hall's network, would leave the daemon
without descriptors for its store and its broker.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache
from typing import ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol


class Punctual(H11Protocol):
    """uvicorn's protocol with a clock until a request is whole; an answer, a stream too, takes the time it takes."""

    head_seconds: ClassVar[float] = 20.0
    """From the connection, or the first letter of a further request, to the end of its head."""
    body_seconds: ClassVar[float] = 600.0
    """From there to the end of the body: 32 MB over half a megabit a second."""
    most: ClassVar[int] = 4000
    """Connections at once; a unit has 16,384 descriptors for everything."""
    _clock: asyncio.TimerHandle | None = None
    _of_body: object = None
    """The request whose body the clock runs for; None: it runs for a head."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > self.most:
            self.transport.abort()
        else:
            self._wind(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # uvicorn writes the date on each second's tick, for which a daemon that nobody asks would have to wake
        self.server_state.default_headers = _date(int(time.time()))
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()  # what stood behind the request is begun here
        if self.cycle is not None and not self.cycle.response_complete:
            self._look()

    def _look(self) -> None:
        """What the clock is for after what has just come."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            if self._clock is None:
                self._wind(self.head_seconds)
        elif not cycle.more_body:
            self._stop()
        elif self._of_body is not cycle:
            self._wind(self.body_seconds)
            self._of_body = cycle

    def _wind(self, seconds: float) -> None:
        self._stop()
        self._clock = self.loop.call_later(seconds, self._late)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._clock = self._of_body = None

    def _late(self) -> None:
        self._clock = None
        self.transport.close()


@lru_cache(maxsize=1)
def _date(second: int) -> list[tuple[bytes, bytes]]:
    """The header of answers begun within a second, Unix time."""
    return [(b"date", formatdate(second, usegmt=True).encode())]
