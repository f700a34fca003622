"""How the HTTP server listens."""

from __future__ import annotations

import socket

from monitor.console.server import _bind


def test_what_is_accepted_waits_for_no_acknowledgement_between_head_and_body() -> None:
    """Each answer took 40 ms more without it."""
    with _bind("127.0.0.1", 0, "http.") as listening, socket.create_connection(listening.getsockname()) as asking:
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert asking.fileno() > 0
