"""Signs of gaming (迎考迹象) read from a month of a hall's year: `facts.signs.load_signs` with `assessment.gaming`.

    python bench/signs.py [--rounds N] [--json]

The hall of bench/scoring.py, some 28,000 cases completed in the month and 8,000 ratings. Goal: below three seconds of
CPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time as clock
from pathlib import Path
from typing import Any, Final

import scoring
from sqlalchemy import text

from monitor.app.program import Program
from monitor.supervision.assessment.signs import Signs, signs_of
from monitor.supervision.commands import local

GOAL: Final = 3.0


def found(program: Program) -> tuple[float, Signs]:
    with program.store.read() as conn:
        look = program.judge().look(conn, scoring.NOW)
        began = clock.process_time()
        told = signs_of(look, "h1", scoring.MONTH, program.settings.policy, who=local("bench"))
        return clock.process_time() - began, told


def measure(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        program = scoring.prepared(Path(folder) / "signs.sqlite")
        # its devices have no heartbeats: by their events their times can be trusted
        program.store.step(lambda conn: conn.execute(text("UPDATE device SET watermark = 'events'")))
        taken = [found(program) for _ in range(rounds)]
        program.close()
    seconds, told = statistics.median(t for t, _ in taken), taken[0][1]
    return {
        "bench": "signs", "rounds": rounds, "seconds": round(seconds, 2), "cases": told.cases,
        "ratings": told.ratings, "left_out": told.left_out, "signs": len(told.found), "goal": GOAL,
        "met": seconds < GOAL,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    result = measure(options.rounds)
    if not options.json:
        print("{seconds} s of CPU for {cases} cases, {ratings} ratings: {signs} signs".format(**result))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
