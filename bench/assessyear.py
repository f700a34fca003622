"""A year of assessment (考评) of a hall of Tongshan's size: from `simulate` to twelve closed months, four quarters, two
halves and the year, by Tongshan's book, every step a command (bench/madepractice.py).

    python bench/assessyear.py [--months N] [--windows N] [--people N] [--book NAME] [--store URL] [--no-reports]
        [--json]

318,022 cases and a few more, 250 people with four check-ins a day, 100 windows. `simulate` plays the devices, and what
they tell of a month is imported, while the months before are judged, brought into the ledgers, decided by a second
person and signed off. The ten minutes are all of that, from the empty store to the year signed off: wall time on a
machine of its own; `cpu_s` says the same where others work on it. A month is its run and its closing. Afterwards: every
snapshot held against its digest, reports of every period. Goals: 600 s, 1,000 MB, 10 s a month.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time as clock
from collections import Counter
from pathlib import Path
from typing import Any, Final

from madepractice import BOOK, REPORTS, Practice, Size

WHOLE_GOAL, MEMORY_GOAL, MONTH_GOAL = 600.0, 1000.0, 10.0
CASES: Final = 318_022


def measure(practice: Practice, *, reports: bool = True) -> list[dict[str, Any]]:
    began = clock.perf_counter()
    practice.whole()
    wall = clock.perf_counter() - began
    signed = practice.verify()
    assert [one["period"] for one in signed] == sorted(practice.periods())
    assert all(one["intact"] for one in signed)
    snapshots = [practice.snapshot(period) for period in practice.periods()]
    for period in practice.periods() if reports else ():
        for ending in REPORTS:
            practice.report(period, ending)
    total, month = practice.total(), practice.month()
    base = {
        "windows": practice.size.windows, "people": practice.size.people, "months": practice.size.months,
        "book": practice.book, "goal_is": "at most",
    }  # fmt: skip
    counts = {**practice.counts, **_counts(snapshots)}
    phases = {phase: used.to_json() for phase, used in practice.used.items()}
    return [
        _row("assessment_year", wall, WHOLE_GOAL, base | {"cpu_s": round(total.cpu, 1), **counts, "phases": phases}),
        _row("assessment_memory", max(used.peak for used in practice.used.values()), MEMORY_GOAL, base),
        _row("assessment_month", month.wall, MONTH_GOAL, base | {"cpu_s": round(month.cpu, 1)}),
    ]


def _counts(snapshots: list[dict[str, Any]]) -> dict[str, Any]:
    """What the periods came to."""
    months = [one for one in snapshots if one["kind"] == "month"]
    last = snapshots[-1]
    sheets = [sheet for one in months for sheet in (*one["people"], *one["windows"])]
    return {
        "cases": sum(one["statistics"]["figures"]["received"] for one in months),
        "entries": sum(len(sheet["lines"]) for sheet in sheets),
        "unknown_spans": sum(len(one["unknown"]) for one in months),
        "open_proposals": len(last["proposals"]),
        "grades": {
            f"{last['period']} {whose}": dict(Counter(sheet["grade"] for sheet in last[whose]))
            for whose in ("people", "windows")
        },
        "effects": dict(Counter(one["id"] for snapshot in snapshots for one in snapshot["effects"])),
    }


def _row(name: str, ratio: float, goal: float, more: dict[str, Any]) -> dict[str, Any]:
    return {"bench": name, **more, "ratio": round(ratio, 2), "goal": goal, "met": ratio <= goal}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--people", type=int, default=250)
    parser.add_argument("--book", default=BOOK, help="a shipped rule book")
    parser.add_argument("--store", default="", help="an empty database; default: a SQLite file")
    parser.add_argument("--no-reports", action="store_true")
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    size = Size(windows=options.windows, people=options.people, months=options.months)
    with tempfile.TemporaryDirectory() as folder:
        practice = Practice(Path(folder), size, options.book, options.store)
        rows = measure(practice, reports=not options.no_reports)
    for row in rows:
        if not options.json:
            print("{bench}: {ratio} (goal {goal_is} {goal})".format(**row))
            for phase, used in row.get("phases", {}).items():
                print(f"  {phase}: " + ", ".join(f"{name} {figure}" for name, figure in used.items()))
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
