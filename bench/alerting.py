"""From the commit of a card to its hand-over to the channel, at 50 cards a second.

    python bench/alerting.py [--cards N] [--rate N] [--receivers N] [--json]

The whole service of the daemon — planner and senders in their threads, on an SQLite store that syncs each commit —
against real HTTP receivers on loopback. A card is written as the judge writes it (its row and its notice in one
transaction), the service is woken as the daemon wakes it, and the clock stops when the request has arrived, before the
receiver answers: its own time is no part of it. The cards go to windows whose leads are the receivers, one each, as a
hall's would; storms are off, or most of them would become one message. Goal: 95 of 100 in less than 2 seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert

from alerts.policy import AlertPolicy
from alerts.service import AlertService
from monitor.metrics import Metrics
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.store.schema import Card, CardEvent
from monitor.store.sql import table_of

GOAL = 2.0
PATIENCE_SECONDS = 120.0
CARD, NOTICE = table_of(Card), table_of(CardEvent)


class Receiver:
    """Keeps when each card's request arrived (monotonic)."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.arrived.setdefault(body["card"], time.monotonic())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nothing: the figures are printed at the end."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/alerts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def policy_of(url: str, receivers: int) -> AlertPolicy:
    named = [f"lead-{n}" for n in range(receivers)]
    return AlertPolicy.model_validate({
        "receivers": {name: {"url": url} for name in named},
        "routes": [{"window": f"w{n}", "receivers": [name]} for n, name in enumerate(named)],
        "escalation": [{"after_minutes": 30, "receivers": named[:1]}],
        "storm": {"cards": 0},
    })  # fmt: skip


def issue(store: Store, number: int, window: str) -> None:
    now = datetime.now(UTC)
    row: Mapping[str, Any] = {
        "number": number, "subject": number, "kind": "post", "key": f"{window}/{number}", "rule": "post.empty",
        "episode": "1", "level": "yellow", "state": "open", "since": now, "began": now, "issued": now,
        "cleared_at": None, "historic": False, "hall": "h1", "unit": "u1", "window": window, "staff": "s1",
        "policy_version": "p1", "basis": "", "reason": {"code": "rating.bad", "figures": {"score": 1}}, "version": 1,
        "sequence": 1,
    }  # fmt: skip
    with store.write() as conn:
        conn.execute(insert(CARD).values(row))
        conn.execute(insert(NOTICE).values(card=number, sequence=1, at=now, event="issued", level="yellow",
                                           actor="system", why="", planned_at=None))  # fmt: skip


def play(cards: int, rate: float, receivers: int, folder: Path) -> list[float]:
    """Seconds from commit to arrival, of each card."""
    store, receiver = Store(f"sqlite:///{folder / 'bench.sqlite'}"), Receiver()
    migrate.upgrade(store)
    service = AlertService(
        store, policy_of(receiver.url, receivers), now=lambda: datetime.now(UTC), real_now=lambda: datetime.now(UTC),
        age_ok=lambda since, now: True, counter=Metrics(),
    )  # fmt: skip
    stop, committed = threading.Event(), {}
    running = threading.Thread(target=service.run, args=(stop,))
    running.start()
    begun = time.monotonic()
    for number in range(1, cards + 1):
        pause = begun + (number - 1) / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        issue(store, number, f"w{number % receivers}")
        committed[number] = time.monotonic()
        service.wake()
    end = time.monotonic() + PATIENCE_SECONDS
    while len(receiver.arrived) < cards and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    running.join()
    receiver.close()
    store.close()
    if len(receiver.arrived) < cards:
        raise SystemExit(f"only {len(receiver.arrived)} of {cards} cards arrived in {PATIENCE_SECONDS:g} s")
    return [max(0.0, receiver.arrived[number] - committed[number]) for number in committed]


def measure(cards: int, rate: float, receivers: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        waits = sorted(play(cards, rate, receivers, Path(folder)))
    p95 = waits[int(len(waits) * 0.95) - 1]
    return {
        "bench": "alerting",
        "cards": cards,
        "cards_a_second": rate,
        "receivers": receivers,
        "median_seconds": round(statistics.median(waits), 3),
        "p95_seconds": round(p95, 3),
        "longest_seconds": round(waits[-1], 3),
        "ratio": round(p95, 2),
        "figures": f"median {statistics.median(waits):.3f} s, longest {waits[-1]:.2f} s at {rate:g} cards/s",
        "goal": GOAL,
        "goal_is": "less than",
        "met": p95 < GOAL,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cards", type=int, default=3_000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--receivers", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    result = measure(options.cards, options.rate, options.receivers)
    if not options.json:
        print("card → channel: median {median_seconds} s, p95 {p95_seconds} s (goal < {goal})".format(**result))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
