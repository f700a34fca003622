"""What the measurements of ingest share: a hall's mix of events, a fresh broker and store, queues that wait."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from monitor.agents.children import Broker, find_mosquitto
from monitor.agents.tomlfile import toml_text
from monitor.app.program import Program, open_program
from monitor.clock import Clock
from monitor.ingest.registry import import_registry
from monitor.mqtt import Client, Options
from monitor.settings import load
from monitor.store.schema import RawEvent
from monitor.store.sql import table_of

RAW: Final = table_of(RawEvent)
DEVICE, SESSION, TOPIC = "gw-1", "daemon", "jiancha/v1/+/+"
WINDOWS = [f"w{n}" for n in range(1, 13)]
STAFF = [f"s{n}" for n in range(1, 25)]
REGISTRY = {
    "halls": [{"id": "h1", "attendance": "tongshan"}],
    "units": [{"id": "u1", "hall": "h1"}],
    "windows": [{"id": name, "hall": "h1", "unit": "u1"} for name in WINDOWS],
    "staff": [{"id": name, "unit": "u1"} for name in STAFF],
    "posts": [{"window": window, "staff": STAFF[n], "rank": "A"} for n, window in enumerate(WINDOWS)],
    "items": [{"id": "i1", "unit": "u1", "kind": "committed", "promised": 5}],
    "devices": [{"id": DEVICE, "kind": "gateway", "hall": "h1"}],
}


def message(number: int, at: str) -> tuple[str, bytes]:
    """(channel, payload) of the number-th event of a hall's mix."""
    window, staff = WINDOWS[number % 12], STAFF[number % 24]
    body: dict[str, Any] = {"id": f"01890000-0000-7000-8000-{number:012d}", "at": at, "seq": number + 1, "boot": "b1"}
    kind = number % 20
    if kind < 8:
        return "rating", _json(body, score=5, window=window, staff=staff, tags=["态度好"])
    if kind < 14:
        return "presence", _json(body, people=1, view="ok", window=window, confidence=0.93)
    if kind < 17:
        return "case", _json(body, case=f"2026-{number}", event="accepted", item="i1", window=window, staff=staff)
    if kind < 19:
        return "duty", _json(body, action="on", staff=staff, window=window)
    return "checkin", _json(body, staff=staff, method="face", direction="in")


def _json(body: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({**body, **fields}, ensure_ascii=False).encode()


@dataclass(kw_only=True)
class Hall:
    """One round's broker, store and registry."""

    folder: Path
    port: int
    passwords: dict[str, str]
    url: str
    program: Program
    broker_pid: int = 0

    def options(self, client_id: str, user: str) -> Options:
        return Options(client_id=client_id, port=self.port, username=user, password=self.passwords[user])

    def open_session(self, client_id: str = SESSION, topics: Sequence[str] = (TOPIC,)) -> None:
        """A session of the daemon's user, so that the broker keeps what is published before anybody comes."""
        listener = Client(self.options(client_id, "jiancha"), clock=Clock(), subscriptions=topics)
        listener.start()
        wait_until(lambda: listener.link.connected)
        listener.stop()

    def publish(self, number: int) -> None:
        """The first `number` events of the mix, taken by the broker at QoS 1."""
        sender = Client(self.options("sender", DEVICE), clock=Clock())
        sender.start()
        at = Clock().now().isoformat()
        events = (message(n, at) for n in range(number))
        sent = [sender.publish(f"jiancha/v1/{DEVICE}/{kind}", body) for kind, body in events]
        if not all(publication.wait(120) for publication in sent):
            raise SystemExit("the broker did not take all messages")
        sender.stop()

    def stored(self) -> tuple[int, datetime]:
        """Rows of `raw_event`, and when the first of them was received."""
        with self.program.store.read() as conn:
            number, first = conn.execute(select(func.count(), func.min(RAW.c.received)).select_from(RAW)).one()
        return int(number), first


@contextmanager
def fresh_hall(url: str | None = None) -> Iterator[Hall]:
    """A broker with the shipped configuration and a store with the registry: SQLite, or an empty database by URL."""
    programs = find_mosquitto()
    if programs is None:
        raise SystemExit("no mosquitto; `make packages` installs it where apt can")
    with tempfile.TemporaryDirectory() as name, ExitStack() as parts:
        folder = Path(name)
        url = url or f"sqlite:///{folder / 'jiancha.sqlite'}"
        broker = Broker(programs, folder / "broker", [DEVICE])
        running = broker.start()
        parts.callback(running.end)
        settings = load(environ={"JIANCHA_STORE__URL": url})
        program = open_program(settings)
        parts.callback(program.close)
        registry = folder / "registry.toml"
        registry.write_text(toml_text(REGISTRY), encoding="utf-8")
        known = {"calendars": settings.calendars, "presets": settings.presets}
        import_registry(program.store, registry, now=Clock().now(), **known)
        yield Hall(
            folder=folder,
            port=broker.port,
            passwords=broker.passwords,
            url=url,
            program=program,
            broker_pid=running.pid,
        )


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("nothing came within the time-out")
        time.sleep(0.01)
