"""A whole tick of the judge among many open cases: claim, read, judge and write 1,000 due cases among 1,000,000 open
ones, against among 10,000.

    python bench/tick.py [--rounds N] [--small N] [--large N] [--json]

Two SQLite stores with cases as devices tell of them (bench/judging.py); the others have their events, their row of
statistics and a look that lies ahead. Each round wakes the same 1,000 and takes a step, five times, of which the
shortest counts. Rounds are interleaved; the ratio is that of the medians. Goal: at most 3.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import structlog
from judging import NOW, WINDOWS, filled
from rounds import Row, in_turn, medians, options, row, tell
from sqlalchemy import update

from monitor.app.program import Program
from monitor.store.facts.cases import CASE
from monitor.store.schema import CaseStatRow, Subject
from monitor.store.sql import table_of
from monitor.supervision.loop import CLAIM

GOAL: Final = 3.0
SUBJECT: Final = table_of(Subject)
STAT: Final = table_of(CaseStatRow)
BULK: Final = 20_000
TICKS: Final = 5


def others(number: int) -> Iterator[dict[str, dict[str, Any]]]:
    """Open cases, received and accepted over the last weeks; their next look is in the weeks to come."""
    for n in range(number):
        key, at = f"far/{n:07d}", NOW - timedelta(days=30) + timedelta(seconds=2 * n)
        told = {
            "case_key": key, "source": "c1", "at": at, "at_second": int(at.timestamp()), "received": at, "boot": "",
            "discriminator": "", "item": "far", "window": WINDOWS[n % 12], "staff": "s1", "body": {},
        }  # fmt: skip
        yield {
            "received": {**told, "raw_event": 10_000_000 + 2 * n, "event_id": f"r{n}", "event": "received"},
            "accepted": {**told, "raw_event": 10_000_001 + 2 * n, "event_id": f"a{n}", "event": "accepted"},
            "subject": {
                "kind": "case", "key": key, "hall": "h1", "version": 1, "verdict": "pending", "historic": False,
                "failures": 0, "judged_at": NOW, "next_check_at": NOW + timedelta(days=1, seconds=2 * n),
            },
            "stat": {
                "case_key": key, "hall": "h1", "unit": "u1", "window": WINDOWS[n % 12], "item": "far",
                "kind": "promised", "received_us": round(at.timestamp() * 1e6), "early": False,
            },
        }  # fmt: skip


def fill(program: Program, number: int) -> None:
    made = others(number)
    while some := list(islice(made, BULK)):

        def write(conn: Any, some: list[dict[str, dict[str, Any]]] = some) -> None:
            conn.execute(CASE.insert(), [one[name] for one in some for name in ("received", "accepted")])
            conn.execute(SUBJECT.insert(), [one["subject"] for one in some])
            conn.execute(STAT.insert(), [one["stat"] for one in some])

        program.store.step(write)


def wake(program: Program) -> None:
    mine = (SUBJECT.c.kind == "case", SUBJECT.c.key < "far/")
    again = update(SUBJECT).where(*mine).values(next_check_at=NOW, version=SUBJECT.c.version + 1)
    program.store.step(lambda conn: conn.execute(again))


def tick_milliseconds(program: Program) -> float:
    wake(program)
    judge = program.judge()
    began = time.perf_counter()
    applied, claimed = judge.step(NOW)
    spent = time.perf_counter() - began
    assert (claimed, applied.judged) == (CLAIM, CLAIM), (claimed, applied)
    return spent * 1e3


def best(program: Program) -> float:
    """The shortest of TICKS: what else runs on the machine only makes one longer."""
    return min(tick_milliseconds(program) for _ in range(TICKS))


def measure(rounds: int, sizes: dict[str, int]) -> list[Row]:
    with ExitStack() as stack:
        programs = {}
        for name, number in sizes.items():
            programs[name] = stack.enter_context(filled(CLAIM))
            programs[name].judge().run_until_nothing_due(NOW)
            fill(programs[name], number - CLAIM)
            tick_milliseconds(programs[name])
        found = medians(rounds, lambda n: {name: best(programs[name]) for name in in_turn([*sizes], n)})
    figures = f"{found['large']:.0f} against {found['small']:.0f} ms"
    return [row("tick", found["large"] / found["small"], GOAL, figures, at_most=True, rounds=rounds, **sizes)]


def main() -> int:
    given = options(__doc__, small=10_000, large=1_000_000)
    tell(measure(given.rounds, {"small": given.small, "large": given.large}), json_only=given.json)
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
