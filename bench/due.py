"""Fetching due subjects among many open cases: the cost among 1,000,000 against that among 10,000.

    python bench/due.py [--rounds N] [--small N] [--large N] [--json]

Two SQLite stores hold open cases whose next look lies in the future, and in each the same 1,000 are due. A fetch is the
loop's own query. Rounds are interleaved; the ratio is that of the medians. Goal: at most 3.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time as clock
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.store import migrate, subjects
from monitor.store.engine import Store
from monitor.supervision.loop import CLAIM

GOAL = 3.0
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def fill(store: Store, number: int) -> None:
    """`number` open cases over the next year; the first CLAIM of them are due."""
    step = timedelta(days=365) / number
    for first in range(0, number, 50_000):
        rows = [
            {
                "kind": "case",
                "key": f"ns/{n:07d}",
                "hall": "h1",
                "version": 0,
                "verdict": "pending",
                "historic": False,
                "failures": 0,
                "next_check_at": NOW - timedelta(minutes=1) if n < CLAIM else NOW + step * (n + 1),
            }
            for n in range(first, min(first + 50_000, number))
        ]
        store.step(lambda conn, some=rows: conn.execute(subjects.SUBJECT.insert(), some))  # type: ignore[misc]


def fetch_microseconds(store: Store) -> float:
    with store.read() as conn:
        began = clock.perf_counter()
        found = subjects.due(conn, NOW, CLAIM)
        spent = clock.perf_counter() - began
    assert len(found) == CLAIM
    return spent * 1e6


def measure(rounds: int = 15, small: int = 10_000, large: int = 1_000_000) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        stores = {}
        for name, number in (("small", small), ("large", large)):
            store = Store(f"sqlite:///{Path(folder) / name}.sqlite")
            migrate.ensure(store)
            fill(store, number)
            fetch_microseconds(store)
            stores[name] = store
        times: dict[str, list[float]] = {name: [] for name in stores}
        for _ in range(rounds):
            for name, store in stores.items():
                times[name].append(fetch_microseconds(store))
        for store in stores.values():
            store.close()
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["large"] / medians["small"]
    return {
        "bench": "due",
        "small": small,
        "large": large,
        "rounds": rounds,
        "small_us": round(medians["small"], 1),
        "large_us": round(medians["large"], 1),
        "ratio": round(ratio, 2),
        "figures": f"{medians['large']:,.0f} against {medians['small']:,.0f} µs",
        "goal": GOAL,
        "goal_is": "at most",
        "met": ratio <= GOAL,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds: a median needs 3 or more")
    result = measure(options.rounds, options.small, options.large)
    if not options.json:
        print("1,000 due among {small}: {small_us} µs; among {large}: {large_us} µs; ratio {ratio}".format(**result))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
