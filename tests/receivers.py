"""Real receivers on loopback for tests of alerts: HTTP servers that answer, lie, refuse or hang, and an SMTP server."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

REVOKED = {"errcode": 93000, "errmsg": "invalid webhook url"}
"""What a revoked robot says, with HTTP 200."""


@dataclass(frozen=True, kw_only=True)
class Got:
    """One request as it came. `json` is None where the body is none."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    json: Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    """Never answer; the request is read and kept."""


class HttpReceiver:
    """An HTTP server that keeps what it gets and answers as told; `answers` may change while it runs."""

    def __init__(self, answer: Answer | Callable[[Got], Answer], tls: ssl.SSLContext | None = None) -> None:
        self.answers = answer
        self._got: list[Got] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._serve(self)

            def do_GET(self) -> None:
                receiver._serve(self)

            def log_message(self, *args: object) -> None:
                """Silence: a test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def base(self) -> str:
        """`http://127.0.0.1:PORT`"""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.base}/alerts"

    @property
    def got(self) -> list[Got]:
        with self._lock:
            return list(self._got)

    @property
    def bodies(self) -> list[Any]:
        """The JSON of each request, in the order of arrival."""
        return [entry.json for entry in self.got]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        try:
            parsed = json.loads(raw)
        except ValueError:
            parsed = None
        entry = Got(path=handler.path, headers=dict(handler.headers), body=raw, json=parsed)
        with self._lock:
            self._got.append(entry)
        answer = self.answers(entry) if callable(self.answers) else self.answers
        if answer.hang:
            self._stop.wait()
            return
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)

    def close(self) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def http_receiver(
    answer: Answer | Callable[[Got], Answer] = Answer(), tls: ssl.SSLContext | None = None
) -> Iterator[HttpReceiver]:
    """A server that answers; see the helpers below for others."""
    receiver = HttpReceiver(answer, tls)
    try:
        yield receiver
    finally:
        receiver.close()


def says(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body: `says({"errcode": 93000})`, `says({}, 503, Retry_After="3")`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=json.dumps(body).encode(), headers=named)


HANGS = Answer(hang=True)


@dataclass(frozen=True, kw_only=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Decoded."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain", "html"))
        assert part is not None
        return str(part.get_content())


class SmtpReceiver:
    """A real SMTP server; `refuse` maps a recipient to the line that it is refused with."""

    def __init__(self, refuse: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.mails: list[Mail] = []
        self.encrypted: list[bool] = []
        self.refuse = dict(refuse or {})
        # port 0: the system chooses; aiosmtpd probes its own port on start, which it can only do once it is known
        self._controller = _AnyPort(self, tls)
        self._controller.start()

    @property
    def port(self) -> int:
        return self._controller.port

    def url(self, recipient: str) -> str:
        """An Apprise URL that mails to `recipient` by this server."""
        return f"mailto://127.0.0.1:{self.port}/?from=jiancha@hall.example&to={recipient}&mode=insecure"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.encrypted.append(session.ssl is not None)
        self.mails.append(Mail(sender=envelope.mail_from, recipients=tuple(envelope.rcpt_tos), message=message))
        return "250 OK"

    def close(self) -> None:
        self._controller.stop()


class _AnyPort(Controller):
    def __init__(self, handler: SmtpReceiver, tls: ssl.SSLContext | None) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=0, tls_context=tls, require_starttls=tls is not None)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def smtp_receiver(refuse: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[SmtpReceiver]:
    receiver = SmtpReceiver(refuse, tls)
    try:
        yield receiver
    finally:
        receiver.close()
