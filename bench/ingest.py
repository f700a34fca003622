"""Durable ingest against a naive program, on the same broker and the same SQLite settings.

    python bench/ingest.py [--rounds N] [--events N] [--naive-events N] [--seconds N] [--batch N] [--json]

ingest   messages a second that are decoded, validated, stored, marked and acknowledged out of a queue that waits at the
         broker. Goal: at least 7 times the naive program (pydantic, one ORM row and one commit a message).
latency  p99 from publish to commit at 500 messages a second, judging on, against the naive program without judging.
         Goal: at most 3 times.

Rounds are interleaved, each with a fresh broker and a fresh store; ratios are those of the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from naive import Naive

from monitor.agents.children import Broker, find_mosquitto
from monitor.agents.tomlfile import toml_text
from monitor.app.loop import JudgingLoop
from monitor.app.program import Program, open_program
from monitor.clock import Clock
from monitor.ingest.registry import import_registry
from monitor.ingest.subscriber import Subscriber
from monitor.ingest.writer import BatchResult
from monitor.metrics import Metrics
from monitor.mqtt import Client, Options
from monitor.settings import load

GOAL, LATENCY_GOAL = 7.0, 3.0
DEVICE, SESSION = "gw-1", "daemon"
RATE = 500
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


# --------------------------------------------------------------------------- the hall of one round


@dataclass(kw_only=True)
class Hall:
    """One round's broker, store and registry."""

    port: int
    passwords: dict[str, str]
    url: str
    program: Program

    def options(self, client_id: str, user: str) -> Options:
        return Options(client_id=client_id, port=self.port, username=user, password=self.passwords[user])


@contextmanager
def fresh_hall() -> Iterator[Hall]:
    programs = find_mosquitto()
    if programs is None:
        raise SystemExit("bench/ingest.py: no mosquitto; `make packages` installs it where apt can")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'jiancha.sqlite'}"
        broker = Broker(programs, folder / "broker", [DEVICE])
        with ExitStack() as parts:
            parts.callback(broker.start().end)
            settings = load(environ={"JIANCHA_STORE__URL": url})
            program = open_program(settings)
            parts.callback(program.close)
            registry = folder / "registry.toml"
            registry.write_text(toml_text(REGISTRY), encoding="utf-8")
            known = {"calendars": settings.calendars, "presets": settings.presets}
            import_registry(program.store, registry, now=Clock().now(), **known)
            yield Hall(port=broker.port, passwords=broker.passwords, url=url, program=program)


def open_session(hall: Hall) -> None:
    """The daemon's session, so that the broker keeps what is published before it comes."""
    listener = Client(hall.options(SESSION, "jiancha"), clock=Clock(), subscriptions=["jiancha/v1/+/+"])
    listener.start()
    wait_until(lambda: listener.link.connected)
    listener.stop()


def publish_all(hall: Hall, number: int) -> None:
    sender = Client(hall.options("sender", DEVICE), clock=Clock())
    sender.start()
    at = Clock().now().isoformat()
    sent = [
        sender.publish(f"jiancha/v1/{DEVICE}/{kind}", body) for kind, body in (message(n, at) for n in range(number))
    ]
    if not all(publication.wait(120) for publication in sent):
        raise SystemExit("the broker did not take all messages")
    sender.stop()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("nothing came within the time-out")
        time.sleep(0.005)


# --------------------------------------------------------------------------- the two programs


class Ours:
    """The daemon's ingest in this process, with or without its judging loop; `committed` as in `Naive`."""

    def __init__(self, hall: Hall, total: int, batch: int, *, judging: bool) -> None:
        self.committed: list[float] = []
        self.batches: list[int] = []
        self.done = threading.Event()
        self._total, self._loop = total, None
        metrics = Metrics()
        if judging:
            judge = hall.program.judge(metrics=metrics)
            self._loop = JudgingLoop(hall.program, judge, beat=lambda why: None, after=lambda: None)
        self._subscriber = Subscriber(
            hall.options(SESSION, "jiancha"),
            store=hall.program.store,
            registry=hall.program.registry,
            clock=hall.program.clock,
            counters=metrics,
            batch_size=batch,
            after=self._after,
        )

    def _after(self, result: BatchResult) -> None:
        if result.quarantined:
            raise SystemExit(f"quarantined: {[o.refused for o in result.outcomes if o.refused][0]}")
        self.committed += [time.perf_counter()] * len(result.outcomes)
        self.batches.append(len(result.outcomes))
        if self._loop is not None:
            self._loop.wake()
        if len(self.committed) >= self._total:
            self.done.set()

    @property
    def is_connected(self) -> bool:
        return self._subscriber.client.link.connected

    def start(self) -> None:
        if self._loop is not None:
            self._loop.start()
        self._subscriber.start()

    def stop(self) -> None:
        self._subscriber.stop()
        if self._loop is not None:
            self._loop.stop()


def drained_a_second(program: Ours | Naive, total: int) -> float:
    """Messages a second from the start of the program to the commit of the last."""
    began = time.perf_counter()
    program.start()
    if not program.done.wait(600):
        raise SystemExit(f"only {len(program.committed)} of {total} were committed")
    spent = program.committed[total - 1] - began
    program.stop()
    return total / spent


def throughput(naive: bool, events: int, batch: int) -> float:
    with fresh_hall() as hall:
        open_session(hall)
        publish_all(hall, events)
        if naive:
            return drained_a_second(Naive(hall.url, hall.port, hall.passwords["jiancha"], SESSION, events), events)
        return drained_a_second(Ours(hall, events, batch, judging=False), events)


def latency_ms(naive: bool, seconds: int, batch: int) -> float:
    """p99 of publish → committed, over messages at RATE a second from another process."""
    total = RATE * seconds
    with fresh_hall() as hall:
        open_session(hall)
        program: Ours | Naive
        if naive:
            program = Naive(hall.url, hall.port, hall.passwords["jiancha"], SESSION, total)
            program.start()
            program.connected.wait(10)
        else:
            program = Ours(hall, total, batch, judging=True)
            program.start()
            wait_until(lambda: program.is_connected)
        command = [sys.executable, __file__, "--publish", str(hall.port), hall.passwords[DEVICE], str(total)]
        sender = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        program.done.wait(60)
        program.stop()
    published = json.loads(sender.stdout)
    if len(program.committed) < total:
        return float("inf")
    lags = sorted(c - p for p, c in zip(published, program.committed, strict=False))
    return lags[int(len(lags) * 0.99)] * 1000


def publish_paced(port: int, password: str, total: int) -> None:
    """The sending process: prints when each message was published, by the monotonic clock that both share."""
    sender = Client(Options(client_id="sender", port=port, username=DEVICE, password=password), clock=Clock())
    sender.start()
    wait_until(lambda: sender.link.connected)
    began, published, sent = time.perf_counter() + 0.2, [], []
    for number in range(total):
        time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        channel, payload = message(number, Clock().now().isoformat())
        published.append(time.perf_counter())
        sent.append(sender.publish(f"jiancha/v1/{DEVICE}/{channel}", payload))
    if not all(publication.wait(30) for publication in sent):
        raise SystemExit("the broker did not take all messages")
    sender.stop()
    print(json.dumps(published))


def measure_throughput(rounds: int, events: int, naive_events: int, batch: int) -> dict[str, object]:
    ours: list[float] = []
    naive: list[float] = []
    for _ in range(rounds):
        naive.append(throughput(True, naive_events, batch))
        ours.append(throughput(False, events, batch))
    ratio = statistics.median(ours) / statistics.median(naive)
    return {
        "bench": "ingest",
        "events": events,
        "naive_events": naive_events,
        "rounds": rounds,
        "batch": batch,
        "naive_per_second": round(statistics.median(naive)),
        "ours_per_second": round(statistics.median(ours)),
        "ratio": round(ratio, 2),
        "goal": GOAL,
        "met": ratio >= GOAL,
    }


def measure_latency(rounds: int, seconds: int, batch: int) -> dict[str, object]:
    ours: list[float] = []
    naive: list[float] = []
    for _ in range(rounds):
        naive.append(latency_ms(True, seconds, batch))
        ours.append(latency_ms(False, seconds, batch))
    ratio = statistics.median(ours) / statistics.median(naive)
    return {
        "bench": "latency",
        "rate_per_second": RATE,
        "seconds": seconds,
        "rounds": rounds,
        "naive_p99_ms": round(statistics.median(naive), 1),
        "ours_p99_ms": round(statistics.median(ours), 1),
        "ratio": round(ratio, 2),
        "goal": LATENCY_GOAL,
        "goal_is": "at most",
        "met": ratio <= LATENCY_GOAL,
    }


def main() -> int:
    if sys.argv[1:2] == ["--publish"]:
        publish_paced(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--naive-events", type=int, default=3_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds: a median needs 3 or more")
    first = measure_throughput(options.rounds, options.events, options.naive_events, options.batch)
    if not options.json:
        print("naive {naive_per_second}/s, ours {ours_per_second}/s: {ratio} times (goal {goal})".format(**first))
    print(json.dumps(first), flush=True)
    second = measure_latency(options.rounds, options.seconds, options.batch)
    if not options.json:
        print(
            "p99 naive {naive_p99_ms} ms, ours {ours_p99_ms} ms: {ratio} times (goal {goal_is} {goal})".format(**second)
        )
    print(json.dumps(second))
    return 0


if __name__ == "__main__":
    # figures go to stdout; what the parts log would stand between them
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
