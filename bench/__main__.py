"""`make bench`: every measurement in one run, printed and written to docs/performance.md, met or not."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
PROGRAMS = ("ingest", "deadlines", "due", "judging", "caselog", "rest", "year")
TITLES = {
    "ingest": "Durable ingest (decode, validate, store, mark, acknowledge) against one ORM row a message",
    "latency": "p99 publish → committed at 500 events/s, judging on, against the naive program without it",
    "deadlines": "A deadline on tables against a memoised day loop over chinesecalendar",
    "due": "Fetching 500 due subjects among 1,000,000 open cases against 10,000",
    "caselog": "A case log imported against an importer that stores row by row through the ORM, a commit a row",
    "rest": "Resident memory of the daemon at rest with the demo hall, MB",
    "year_replay": "A year of 318,022 cases judged again under another policy, seconds",
    "year_memory": "Greatest resident set of that replay, MB",
    "year_statistics": "Statistics of that year by unit from a fresh process, file cache warm, seconds",
}


def run(program: str) -> list[dict[str, object]]:
    """The JSON lines that a program prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / f"{program}.py"), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not rows:
        raise SystemExit(f"bench/{program}.py printed no figures (exit status {done.returncode})")
    return rows


def page(rows: list[dict[str, object]], made: datetime) -> str:
    lines = [
        "# Performance",
        "",
        f"Written by `make bench` on {made:%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}, "
        "two cores. Ratios are of medians over interleaved rounds in one run; absolute figures are this machine's.",
        "",
        "| what | measured | goal | met |",
        "|---|---|---|---|",
    ]
    for row in rows:
        name = str(row["bench"])
        goal = f"{row.get('goal_is', 'at least')} {row['goal']}"
        lines.append(f"| {TITLES.get(name, name)} | {row['ratio']} | {goal} | {'yes' if row['met'] else '**no**'} |")
    lines += ["", "Each figure in full:", "", "```json", *(json.dumps(row) for row in rows), "```", ""]
    return "\n".join(lines)


def main() -> int:
    rows = [row for program in PROGRAMS for row in run(program)]
    text = page(rows, datetime.now(UTC))
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
