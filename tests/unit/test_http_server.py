"""How the HTTP server listens, and whom it hangs up on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.console.punctual import Punctual
from monitor.console.server import HttpServer, _bind
from tests.conftest import Eventually

NEVER = 600.0
SOON = 0.05


def test_what_is_accepted_waits_for_no_acknowledgement_between_head_and_body() -> None:
    """Each answer took 40 ms more without it."""
    with _bind("127.0.0.1", 0, "http.") as listening, socket.create_connection(listening.getsockname()) as asking:
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert asking.fileno() > 0


class Echo:
    """Says how long the body was, once `goes_on` is set."""

    def __init__(self) -> None:
        self.goes_on, self.came = threading.Event(), threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length, more = length + len(message["body"]), message["more_body"]
        self.came.set()
        await asyncio.to_thread(self.goes_on.wait, 20)
        body = f"{length}\n".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Echo, HttpServer]]:
    for name in ("head_seconds", "body_seconds"):
        monkeypatch.setattr(Punctual, name, NEVER)
    app = Echo()
    app.goes_on.set()
    server = HttpServer(app)
    server.start()
    yield app, server
    app.goes_on.set()
    server.stop()


def line_to(server: HttpServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=20)


WHOLE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
CUT = {
    "nothing": (b"", "head_seconds"),
    "half a head": (WHOLE[:20], "head_seconds"),
    "half a body": (WHOLE[:-1], "body_seconds"),
    "half a chunk": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "body_seconds"),
}  # fmt: skip
"""What comes, and which clock ends it."""


@pytest.mark.parametrize(
    ("case", "first"), [*((case, False) for case in CUT), *((case, True) for case in CUT if CUT[case][0])]
)
def test_whoever_does_not_end_a_request_is_hung_up_on(
    echo: tuple[Echo, HttpServer], case: str, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, or behind a whole one on the same connection."""
    sent, clock = CUT[case]
    if not first:
        monkeypatch.setattr(Punctual, clock, SOON)
    with line_to(echo[1]) as line:
        if first:
            line.sendall(WHOLE)
            assert answer(line).endswith(b"\r\n\r\n3\n")
            monkeypatch.setattr(Punctual, clock, SOON)
        assert refused(line, sent), "it has ended before the twenty seconds of this line"


def answer(line: socket.socket) -> bytes:
    got = b""
    while not got.endswith(b"\n") or got.endswith(b"\r\n"):
        piece = line.recv(4096)
        assert piece, got
        got += piece
    return got


def test_an_answer_takes_the_time_it_takes(echo: tuple[Echo, HttpServer]) -> None:
    """No clock runs once the request is whole, for one after the other on the same connection."""
    app, server = echo
    assert server._server is not None
    with line_to(server) as line:
        for _ in range(2):
            app.goes_on.clear()
            app.came.clear()
            line.sendall(WHOLE)
            assert app.came.wait(20)
            (one,) = server._server.server_state.connections
            assert isinstance(one, Punctual)
            assert one._clock is None
            app.goes_on.set()
            assert answer(line).endswith(b"3\n")


def test_nobody_opens_connections_without_end(
    echo: tuple[Echo, HttpServer], monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(Punctual, "most", 3)
    with line_to(echo[1]) as one, line_to(echo[1]) as two, line_to(echo[1]) as three, line_to(echo[1]) as four:
        assert refused(four)
        for line in (one, two, three):
            assert not refused(line)
        one.close()

        def let_in() -> bool:
            with line_to(echo[1]) as again:
                return not refused(again)

        assert eventually(let_in, 20)


def refused(line: socket.socket, sent: bytes = WHOLE) -> bool:
    """Hung up on before a word is heard."""
    try:
        line.sendall(sent)
        return not line.recv(4096)
    except ConnectionError:
        return True
