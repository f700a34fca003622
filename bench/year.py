"""A year of 318,022 cases (rules.md I01): replayed under another policy, and its statistics from a fresh process.

    python bench/year.py [--scale N] [--rounds N] [--json]

The year is written by bulk (bench/madeyear.py) and its rows of statistics are made from the facts, as after an upgrade.
`jiancha replay --policy chengdu-2010` over the whole year is one process: wall time and its greatest resident set.
`jiancha report statistics --by unit` is a fresh process each round, once after the file was dropped from the file
cache (`cold_file_s`), then with it warm; the figure is the median of the warm ones. Goals: 180 s, 1,000 MB, 2 s.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time as clock
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from madeyear import Year, write_year

from monitor.app.program import open_program
from monitor.settings import load
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.supervision.statfill import fill_in

REPLAY_GOAL, MEMORY_GOAL, STATISTICS_GOAL = 180.0, 1000.0, 2.0


def prepared(file: Path, year: Year) -> float:
    """The store of the year; gives the seconds that its rows of statistics took."""
    url = f"sqlite:///{file}"
    store = Store(url)
    migrate.ensure(store)
    write_year(store, year)
    store.close()
    program = open_program(load(environ={"JIANCHA_STORE__URL": url}))
    began = clock.perf_counter()
    while fill_in(program.judge(), _end(year)):
        pass
    spent = clock.perf_counter() - began
    program.close()
    return spent


def _end(year: Year) -> datetime:
    return datetime(year.of + 1, 1, 1, tzinfo=UTC) - timedelta(hours=8)


def run(file: Path, year: Year, *words: str) -> dict[str, Any]:
    """One command over the year in a process of its own: {"answer", "wall_s", "cpu_s", "peak_mb"}."""
    command = [sys.executable, "-m", "monitor", *words]
    command += ["--from", f"{year.of}-01-01", "--to", f"{year.of}-12-31", "--json"]
    known = {**os.environ, "JIANCHA_STORE__URL": f"sqlite:///{file}", "JIANCHA_CLOCK__START": _end(year).isoformat()}
    with tempfile.TemporaryFile() as out:
        began = clock.perf_counter()
        child = subprocess.Popen(command, env=known, stdout=out)
        _, status, used = os.wait4(child.pid, 0)
        wall = clock.perf_counter() - began
        if status:
            raise SystemExit(f"bench/year.py: {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
        out.seek(0)
        answer = json.load(out)
    peak = used.ru_maxrss / 1e3  # kB on Linux
    return {"answer": answer, "wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": peak}


def _drop_from_cache(file: Path) -> None:
    with contextlib.suppress(AttributeError), file.open("rb") as handle:
        os.fsync(handle.fileno())
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(scale: int = 1, rounds: int = 5) -> list[dict[str, object]]:
    year = Year().scaled(scale) if scale > 1 else Year()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "year.sqlite"
        filled = prepared(file, year)
        replay = run(file, year, "replay", "--policy", "chengdu-2010")
        _drop_from_cache(file)
        words = ("report", "statistics", "--by", "unit")
        cold = run(file, year, *words)
        warm = [run(file, year, *words) for _ in range(rounds)]
    assert cold["answer"]["figures"]["received"] == year.received
    assert replay["answer"]["judged"]["case"] == year.received
    assert replay["answer"]["totals"]["more"] == year.promised - year.left_open - year.early
    warm_s = statistics.median(one["wall_s"] for one in warm)
    base = {"cases": year.received, "goal_is": "at most"}
    return [
        _row("year_replay", replay["wall_s"], REPLAY_GOAL, base | {"cpu_s": round(replay["cpu_s"], 1)}),
        _row("year_memory", replay["peak_mb"], MEMORY_GOAL, base),
        _row(
            "year_statistics",
            warm_s,
            STATISTICS_GOAL,
            base
            | {
                "cold_file_s": round(cold["wall_s"], 2),
                "cpu_s": round(statistics.median(one["cpu_s"] for one in warm), 2),
                "rows_made_s": round(filled, 1),
            },
        ),
    ]


def _row(name: str, ratio: float, goal: float, more: dict[str, object]) -> dict[str, object]:
    return {"bench": name, **more, "ratio": round(ratio, 2), "goal": goal, "met": ratio <= goal}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scale", type=int, default=1, help="one case in N")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    if options.scale < 1 or options.rounds < 1:
        parser.error("--scale and --rounds: 1 or more")
    for row in measure(options.scale, options.rounds):
        if not options.json:
            print("{bench} over {cases} cases: {ratio} (goal {goal_is} {goal})".format(**row))
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
