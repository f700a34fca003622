"""Ingest of a running daemon while it assesses (考评核算) a month of 26,500 cases and 250 people, and without that.

    python bench/assessing.py [--rounds N] [--events N] [--json]

assessing  ratings a second that the whole daemon (`jiancha run`: judging, alerts and HTTP on) stores out of a queue
           that waits at the broker, from its first stored row on: with `assessment.enabled` false, and while its first
           run brings the ledgers of the hall of bench/scoring.py to its year's last month. Told, without a goal: the
           ratio, both rates, and how long the run took beside the queue.

Each round copies the same store; the sides are interleaved, the figures are medians.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from hall import wait_until
from rounds import Row, in_turn, medians, options, row, tell
from scoring import MONTH, NOW, prepared
from sqlalchemy import func, select

from monitor.agents.children import Broker, Daemon, find_mosquitto, free_port
from monitor.clock import Clock
from monitor.mqtt import Client, Options
from monitor.store.engine import Store
from monitor.store.schema import RawEvent
from monitor.store.sql import table_of
from monitor.supervision.assessment.books import shipped_text, use_book

RAW: Final = table_of(RawEvent)
DEVICE: Final = "eval-w00"
SESSION: Final = "daemon"
DONE: Final = '"action": "assessment.done"'


@dataclass(frozen=True)
class Year:
    """The store of a hall with its year and a rule book in force in the last month, to be copied."""

    file: Path

    def make(self) -> None:
        program = prepared(self.file)
        with program.store.write() as conn:
            registry = program.registry.get(conn)
            use_book(conn, registry, "h1", shipped_text("tongshan"), MONTH, actor="cli:bench", reason="bench", now=NOW)
        program.store.close()


def published(port: int, password: str, number: int) -> None:
    """So many ratings, taken by the broker at QoS 1."""
    sender = Client(Options(client_id="sender", port=port, username=DEVICE, password=password), clock=Clock())
    sender.start()
    sent = []
    for n in range(number):
        body = {
            "id": f"r{n}",
            "at": NOW.isoformat(),
            "seq": n + 1,
            "boot": "b1",
            "score": 5,
            "staff": f"s{n % 250:02d}",
        }
        sent.append(sender.publish(f"jiancha/v1/{DEVICE}/rating", json.dumps(body).encode()))
    if not all(publication.wait(300) for publication in sent):
        raise SystemExit("the broker did not take all messages")
    sender.stop()


def played(side: str, year: Path, events: int) -> Mapping[str, float]:
    programs = find_mosquitto()
    if programs is None:
        raise SystemExit("no mosquitto; `make packages` installs it where apt can")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(year, folder / "jiancha.sqlite")
        broker = Broker(programs, folder / "broker", [DEVICE])
        running = broker.start()
        try:
            _open_session(broker)
            published(broker.port, broker.passwords[DEVICE], events)
            return _drained(side, folder, broker, events)
        finally:
            running.end()


def _open_session(broker: Broker) -> None:
    login = Options(client_id=SESSION, port=broker.port, username="jiancha", password=broker.passwords["jiancha"])
    listener = Client(login, clock=Clock(), subscriptions=("jiancha/v1/+/+",))
    listener.start()
    wait_until(lambda: listener.link.connected)
    listener.stop()


def _drained(side: str, folder: Path, broker: Broker, events: int) -> Mapping[str, float]:
    config, port = folder / "jiancha.toml", free_port()
    config.write_text("[mqtt]\nusername = 'jiancha'\n")
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    before = _last(store)
    environ = {
        "JIANCHA_STORE__URL": f"sqlite:///{folder / 'jiancha.sqlite'}", "JIANCHA_CLOCK__START": NOW.isoformat(),
        "JIANCHA_MQTT__PORT": str(broker.port), "JIANCHA_MQTT__CLIENT_ID": SESSION,
        "JIANCHA_MQTT__PASSWORD": broker.passwords["jiancha"], "JIANCHA_HTTP__PORT": str(port),
        "JIANCHA_ASSESSMENT__ENABLED": "true" if side == "beside" else "false",
    }  # fmt: skip
    daemon, log = Daemon(config, port, environ), folder / "daemon.log"
    try:
        wait_until(lambda: not daemon.child.is_running or _last(store) > before, 600)
        began, first, assessed = time.perf_counter(), _last(store), 0.0
        while daemon.child.is_running and _last(store) < before + events:
            if not assessed and side == "beside" and DONE in log.read_text(errors="replace"):
                assessed = time.perf_counter() - began
            time.sleep(0.02)
        if not daemon.child.is_running:
            raise SystemExit(f"jiancha run: {daemon.child.last_words()}")
        seconds = time.perf_counter() - began
        if side == "beside" and not assessed:
            wait_until(lambda: DONE in log.read_text(errors="replace"), 600)
            assessed = time.perf_counter() - began
    finally:
        daemon.child.end()
        store.close()
    return {side: (before + events - first) / seconds, f"{side}_assessed": assessed, f"{side}_drained": seconds}


def _last(store: Store) -> int:
    with store.read() as conn:
        return int(conn.execute(select(func.max(RAW.c.id))).scalar() or 0)


def measure(rounds: int, events: int) -> Row:
    with tempfile.TemporaryDirectory() as name:
        year = Year(Path(name) / "year.sqlite")
        year.make()

        def both(number: int) -> Mapping[str, float]:
            found: dict[str, float] = {}
            for side in in_turn(["alone", "beside"], number):
                found |= played(side, year.file, events)
            print(json.dumps(found), file=sys.stderr)
            return found

        found = medians(rounds, both)
    figures = (
        f"{found['beside']:,.0f} against {found['alone']:,.0f} messages/s; the queue took {found['beside_drained']:.1f}"
        f" and {found['alone_drained']:.1f} s, the run {found['beside_assessed']:.1f} s of the former"
    )
    return row("assessing", found["beside"] / found["alone"], None, figures, events=events, rounds=rounds)


def main() -> int:
    given = options(__doc__, events=60_000)
    tell([measure(given.rounds, given.events)], json_only=given.json)
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
