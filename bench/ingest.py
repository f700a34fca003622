"""Durable ingest against a naive program and a bare subscriber, on the same broker and the same SQLite settings.

    python bench/ingest.py [--rounds N] [--events N] [--naive-events N] [--seconds N] [--batch N] [--json]

ingest   messages a second that are decoded, validated, stored, marked and acknowledged out of a queue that waits at the
         broker. Goal: at least 7 (later 10) times the naive program (pydantic, one ORM row and one commit a message).
bare     the same against an aiomqtt subscriber that does nothing with a message. Goal: at least 2 times.
latency  p99 from publish to commit at 500 messages a second, judging on, against the naive program without judging.
         What is published in the first second is not counted: there both import, compile and fill their caches, and
         a fiftieth of the messages would decide the figure. Goal: at most 3 (later 2.5) times.

Rounds are interleaved, each with a fresh broker and a fresh store; ratios are those of the medians.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import structlog
from hall import DEVICE, SESSION, fresh_hall, message, wait_until
from naive import Naive
from rounds import Row, in_turn, medians, options, row, tell
from subscribers import Bare, Ours, as_python_comes, drained_a_second

from monitor.clock import Clock
from monitor.ingest.subscriber import BATCH
from monitor.mqtt import Client, Options

GOALS, BARE_GOAL, LATENCY_GOALS = (7.0, 10.0), 2.0, (3.0, 2.5)
RATE, WARM_SECONDS, LATENCY_ROUNDS = 500, 1, 7
"""Seven rounds at least of the p99, which follows the disk: one that stalls for a tenth of a second decides a round."""


def throughput(side: str, events: int, batch: int) -> float:
    with fresh_hall() as hall:
        hall.open_session()
        hall.publish(events)
        if side == "naive":
            as_python_comes()
            return drained_a_second(Naive(hall.url, hall.port, hall.passwords["jiancha"], SESSION, events), events)
        if side == "bare":
            return drained_a_second(Bare(hall.options(SESSION, "jiancha"), events), events)
        return drained_a_second(Ours(hall, events, batch=batch, judging=False), events)


def latency_ms(side: str, seconds: int, batch: int) -> float:
    """p99 of publish → committed, over `seconds` of messages at RATE a second from another process."""
    total = RATE * (WARM_SECONDS + seconds)
    with fresh_hall() as hall:
        hall.open_session()
        program: Ours | Naive
        if side == "naive":
            as_python_comes()
            program = Naive(hall.url, hall.port, hall.passwords["jiancha"], SESSION, total)
            program.start()
            program.connected.wait(10)
        else:
            program = ours = Ours(hall, total, batch=batch, judging=True)
            program.start()
            wait_until(lambda: ours.is_connected)
        command = [sys.executable, __file__, "--publish", str(hall.port), hall.passwords[DEVICE], str(total)]
        sender = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        program.done.wait(60)
        program.stop()
    published = json.loads(sender.stdout)
    if len(program.committed) < total:
        return float("inf")
    lags = [c - p for p, c in zip(published, program.committed, strict=False)]
    lags = sorted(lags[RATE * WARM_SECONDS :])
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


def measure_throughput(rounds: int, events: int, naive_events: int, batch: int) -> list[Row]:
    amounts = {"naive": naive_events, "bare": events, "ours": events}
    found = medians(
        rounds, lambda number: {side: throughput(side, amounts[side], batch) for side in in_turn([*amounts], number)}
    )
    how = {"events": events, "naive_events": naive_events, "rounds": rounds, "batch": batch}
    each = {name: f"{found[name]:,.0f}" for name in found}
    against_naive = f"{each['ours']} against {each['naive']} messages/s"
    rows = [row("ingest", found["ours"] / found["naive"], goal, against_naive, **how) for goal in GOALS]
    against_bare = f"{each['ours']} against {each['bare']} messages/s"
    return [*rows, row("bare", found["ours"] / found["bare"], BARE_GOAL, against_bare, **how)]


def measure_latency(rounds: int, seconds: int, batch: int) -> list[Row]:
    found = medians(
        rounds, lambda number: {side: latency_ms(side, seconds, batch) for side in in_turn(["naive", "ours"], number)}
    )
    figures = f"{found['ours']:.1f} against {found['naive']:.1f} ms"
    how = {"rate_per_second": RATE, "seconds": seconds, "rounds": rounds, "batch": batch}
    return [
        row("latency", found["ours"] / found["naive"], goal, figures, at_most=True, **how) for goal in LATENCY_GOALS
    ]


def main() -> int:
    if sys.argv[1:2] == ["--publish"]:
        publish_paced(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
        return 0
    given = options(__doc__, events=20_000, naive_events=3_000, seconds=10, batch=BATCH)
    tell(measure_throughput(given.rounds, given.events, given.naive_events, given.batch), json_only=given.json)
    tell(measure_latency(max(given.rounds, LATENCY_ROUNDS), given.seconds, given.batch), json_only=given.json)
    return 0


if __name__ == "__main__":
    # figures go to stdout; what the parts log would stand between them
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
