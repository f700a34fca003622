"""A local HTTP receiver of alerts (告警接收端): takes webhook bodies (DESIGN §6) and keeps them in order."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST_BYTES = 1024 * 1024


class Receiver:
    """Listens on a port of 127.0.0.1 that the system chooses, between `start` and `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="receiver", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def alerts(self) -> list[dict[str, Any]]:
        """What has arrived, oldest first."""
        with self._lock:
            return list(self._alerts)

    def _take(self, body: bytes) -> bool:
        try:
            alert = json.loads(body)
        except ValueError:
            return False
        if not isinstance(alert, dict):
            return False
        with self._lock:
            self._alerts.append(alert)
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length") or 0), MOST_BYTES)
                taken = receiver._take(self.rfile.read(length))
                self.send_response(204 if taken else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """The terminal belongs to the demo."""

        return Handler
