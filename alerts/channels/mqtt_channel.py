"""A message as the webhook's JSON (DESIGN §6) on an MQTT topic, QoS 1; the broker's answer is read.

    mqtt://USER:PASSWORD@HOST:1883/hall/alerts      mqtts://…/hall/alerts?ca=/etc/jiancha/ca.crt

On MQTT 5 the broker says when its ACL refuses a topic; on 3.1.1 (`?version=3.1.1`) a denied publish looks like success.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from alerts.channels.base import Message, Unusable
from alerts.retry import Result, refused, sent, timed_out
from monitor.mqtt import Client, Options

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
ANSWER_SHARE: Final = 0.9
"""Of the time that a try has: the rest is for saying that it was not enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Real:
    """Real time, as the client wants it."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    jump: timedelta = timedelta(0)


class MqttChannel:
    """One topic of one broker, on a connection of its own that is opened with the first message."""

    name = "mqtt"
    grouped = False
    default_per_minute: int | None = None

    def __init__(self, url: str, *, key: str, timeout_seconds: float, real_now: Callable[[], datetime]) -> None:
        self._options, self._topic = _parsed(url, key)
        self._timeout, self._real_now = timeout_seconds, real_now
        self._client: Client | None = None
        self._opening = threading.Lock()

    def limit(self) -> int | None:
        return None

    def title_apart(self) -> bool:
        return True

    def send(self, message: Message) -> Result:
        payload = json.dumps(dict(message.body), ensure_ascii=False).encode()
        client = self._opened()
        publication = client.publish(self._topic, payload)
        if publication.wait(self._timeout * ANSWER_SHARE):
            return sent()
        if publication.refused is not None:
            return refused(f"the broker refused the topic: {publication.refused}", permanent=True)
        link = client.link
        if link.connected:
            return timed_out("no answer from the broker")
        self.close()  # with what waits in it: the next try says it again, and it must not be said twice
        return refused(f"no connection: {link.error}")

    def _opened(self) -> Client:
        with self._opening:
            if self._client is None:
                self._client = Client(self._options, clock=_Real(now=self._real_now))
                self._client.start()
            return self._client

    def close(self) -> None:
        with self._opening:
            if self._client is not None:
                self._client.stop()
                self._client = None


def _parsed(url: str, key: str) -> tuple[Options, str]:
    """The broker and the topic that a URL names. Unusable says which part is wrong; the URL itself is a secret."""
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    unknown = sorted(asked.keys() - {"ca", "cert", "key", "version", "client"})
    if unknown:
        raise Unusable(
            f"{key}: mqtt 网址只认 an mqtt URL takes ca, cert, key, version and client, 而非 not {', '.join(unknown)}"
        )
    topic = unquote(parts.path.removeprefix("/"))
    if not parts.hostname or not topic or "#" in url or set(topic) & set("+#\0"):
        raise Unusable(f"{key}: 应写作 write mqtt://USER:PASSWORD@HOST:PORT/TOPIC, 主题不带通配符 no wildcards")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise Unusable(f"{key}: 端口有误 the port of the mqtt URL is none") from None
    return (
        Options(
            client_id=asked.get("client") or f"jiancha-{key.rpartition('.')[2]}",
            host=parts.hostname,
            port=port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            version=_version(asked, key),
            tls=parts.scheme == "mqtts",
            ca_file=asked.get("ca"),
            cert_file=asked.get("cert"),
            key_file=asked.get("key"),
            session_expiry_seconds=0,
            backoff_most_seconds=5,
        ),
        topic,
    )


def _version(asked: Mapping[str, str], key: str) -> Literal["5", "3.1.1"]:
    match asked.get("version", "5"):
        case "5":
            return "5"
        case "3.1.1":
            return "3.1.1"
    raise Unusable(f"{key}: version= is 5 or 3.1.1")
