"""Due cases judged a second, end to end on SQLite: claim, read, fold, every case rule, compare-and-set, commit.

    python bench/judging.py [--rounds N] [--cases N] [--json]

`--cases` accepted cases of a hall, told through the ordinary writer, all due at once; a twentieth of them has reached
its reminder, which issues a card and its notice. Goal: at least 5,000 a second (the median of the rounds).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from monitor.agents.tomlfile import toml_text
from monitor.app.program import Program, open_program
from monitor.ingest.decode import Message
from monitor.ingest.registry import import_registry
from monitor.ingest.writer import Writing, write_batch
from monitor.settings import load
from monitor.store.subjects import wake_all

GOAL = 5_000.0
SHARE_REMINDED = 20
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)  # the close of Tuesday, in Shanghai
BATCH = 500
WINDOWS = [f"w{n}" for n in range(1, 13)]
REGISTRY = {
    "halls": [{"id": "h1"}],
    "units": [{"id": "u1", "hall": "h1"}],
    "windows": [{"id": name, "hall": "h1", "unit": "u1"} for name in WINDOWS],
    "staff": [{"id": f"s{n}", "unit": "u1"} for n in range(1, 25)],
    "items": [
        {"id": "near", "unit": "u1", "kind": "committed", "promised": 7, "statutory": 20},
        {"id": "far", "unit": "u1", "kind": "committed", "promised": 15, "statutory": 20},
    ],
    "devices": [{"id": "c1", "kind": "cases", "hall": "h1"}],
}


def messages(number: int) -> Iterator[Message]:
    """A receipt, an acceptance and a stage for each case, on the working day a week before."""
    opened = NOW - timedelta(days=8)
    for n in range(number):
        at = opened - timedelta(seconds=3 * (n % 7000))
        item = "near" if n % SHARE_REMINDED == 0 else "far"
        for k, event in enumerate(("received", "accepted", "stage")):
            body = {
                "id": f"{n}-{k}",
                "at": (at + timedelta(seconds=k)).isoformat(),
                "case": f"2026-{n}",
                "event": event,
            }
            own = {"item": item, "window": WINDOWS[n % 12], "staff": f"s{n % 24 + 1}"}
            body |= own if event != "stage" else {"stage": "审核", "limit_days": 10}
            yield Message(device="c1", channel="case", payload=json.dumps(body).encode(), received=NOW)
    beat = {"at": NOW.isoformat(), "queue": 0}
    yield Message(device="c1", channel="heartbeat", payload=json.dumps(beat).encode(), received=NOW)


@contextmanager
def filled(number: int) -> Iterator[Program]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load(environ={"JIANCHA_STORE__URL": f"sqlite:///{folder}/judging.sqlite"})
        program = open_program(settings)
        registry = Path(folder) / "registry.toml"
        registry.write_text(toml_text(REGISTRY), encoding="utf-8")
        known = {"calendars": settings.calendars, "presets": settings.presets}
        import_registry(program.store, registry, now=NOW - timedelta(days=60), **known)
        with program.store.read() as conn:
            known_rows = program.registry.get(conn)
        how, batch = Writing(due=NOW), []
        for message in messages(number):
            batch.append(message)
            if len(batch) == BATCH:
                program.store.step(lambda conn, some=tuple(batch): write_batch(conn, some, known_rows, how))
                batch.clear()
        program.store.step(lambda conn: write_batch(conn, batch, known_rows, how))
        yield program
        program.close()


def judged_a_second(program: Program, number: int) -> tuple[float, int]:
    """Cases judged a second at NOW, and how many cards that issued."""
    judge = program.judge()
    began = time.perf_counter()
    applied = judge.run_until_nothing_due(NOW)
    spent = time.perf_counter() - began
    assert applied.judged >= number, applied
    return applied.judged / spent, applied.issued


def measure(rounds: int = 3, cases: int = 10_000) -> dict[str, object]:
    rates: list[float] = []
    again: list[float] = []
    issued = 0
    for _ in range(rounds):
        with filled(cases) as program:
            rate, issued = judged_a_second(program, cases)
            rates.append(rate)
            program.store.step(lambda conn: wake_all(conn, due=NOW))
            again.append(judged_a_second(program, cases)[0])
    rate = statistics.median(rates)
    return {
        "bench": "judging",
        "cases": cases,
        "rounds": rounds,
        "cards": issued,
        "again_per_second": round(statistics.median(again)),
        "ratio": round(rate),
        "goal": GOAL,
        "met": rate >= GOAL,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds: a median needs 3 or more")
    result = measure(options.rounds, options.cases)
    if not options.json:
        print("{ratio} due cases a second ({cards} cards), {again_per_second} when nothing changes".format(**result))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(main())
