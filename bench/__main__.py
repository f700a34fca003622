"""`make bench`: every measurement in one run, printed and written to docs/performance.md, met or not."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from monitor.agents.children import find_mosquitto

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
NOTES = ROOT / "bench" / "notes.md"
"""How the figures are to be read, for the page."""
PROGRAMS = (
    "ingest",
    "backlog",
    "nodered",
    "replicas",
    "deadlines",
    "clock",
    "due",
    "tick",
    "judging",
    "caselog",
    "alerting",
    "rest",
    "hallday",
    "year",
    "assessyear",
    "assessing",
    "sheet",
    "faces",
    "console",
)
TITLES = {
    "ingest": "Durable ingest (decode, validate, store, mark, acknowledge) against one ORM row a message",
    "bare": "Durable ingest against a bare aiomqtt subscriber that does nothing",
    "latency": "p99 publish → committed at 500 events/s, judging on, against the naive program without it",
    "backlog": "A backlog of 100,000 against a bare aiomqtt subscriber that does nothing",
    "node_red": "Durable ingest against a Node-RED flow mqtt → function → SQLite",
    "node_red_memory": "Peak memory of that ingest against Node-RED's",
    "node_red_daemon": "The whole daemon, judging and HTTP on, against the same flow",
    "replicas": "Two replicas that share a subscription on PostgreSQL against one, all on this machine",
    "replicas_far": "The same with 3 ms each way between replicas and database",
    "deadlines": "A deadline on tables against a memoised day loop over chinesecalendar",
    "due": "Fetching 1,000 due subjects among 1,000,000 open cases against 10,000",
    "tick": "A tick of the judge: 1,000 due cases judged and written among 1,000,000 open ones against 10,000",
    "hall_day": "A hall's day of the daemon, everything switched on, % of a core",
    "hall_day_memory": "Its resident memory meanwhile, MB",
    "touching": "A page of memory that is touched first after a second's rest, in microseconds",
    "waking": "A piece of Python after a second's rest against the same in a loop: what a waking costs this machine",
    "scrape": "A scrape while the hall serves, median in milliseconds",
    "caselog": "A case log imported against an importer that stores row by row through the ORM, a commit a row",
    "alerting": "Card committed → handed to the channel at 50 cards a second, p95 in seconds",
    "one_by_one": "Deadlines a second, one by one",
    "vectorised": "Deadlines a second, many at once",
    "recompute": "1,000,000 deadlines anew after a calendar change, seconds",
    "judging": "Due cases judged a second, end to end on SQLite",
    "rest": "Resident memory of the daemon at rest with the demo hall, MB",
    "sheet": "The attendance sheet of 500 people over 31 days, judged afresh, from a fresh process, seconds",
    "faces_event": "A 640×480 frame at a kiosk → its check-in committed, p95 in seconds",
    "faces_memory": "The encoder's process, resident, MB",
    "faces_match": "One face among 10,000, milliseconds",
    "faces_windows": "Windows that one core watches at one frame a second",
    "year_replay": "A year of 318,022 cases judged again under another policy, seconds",
    "year_memory": "Greatest resident set of that replay, MB",
    "console_first_look": "First look at the board of 100 windows with a year behind it, milliseconds",
    "console_board": "The board's page, p95 in milliseconds",
    "console_inbox": "The inbox of cards, p95 in milliseconds",
    "console_card": "A card's page, p95 in milliseconds",
    "console_cases": "The search of cases, p95 in milliseconds",
    "console_due": "Cases by the day they are due, p95 in milliseconds",
    "console_statistics": "Statistics of cases as a page, p95 in milliseconds",
    "console_ratings": "Satisfaction, p95 in milliseconds",
    "console_ratings_list": "Ratings one by one, p95 in milliseconds",
    "console_devices": "Devices and their health, p95 in milliseconds",
    "console_quarantine": "What is held in quarantine, p95 in milliseconds",
    "console_api_cards": "GET /api/v1/cards, 50 cards, p95 in milliseconds",
    "console_attendance_day": "Attendance of the day, p95 in milliseconds",
    "console_attendance_month": "The month grid of attendance, p95 in milliseconds",
    "console_requests": "Requests, p95 in milliseconds",
    "console_posts": "Posts of 100 windows, p95 in milliseconds",
    "console_post": "A window's day, p95 in milliseconds",
    "console_spots": "Spot checks, p95 in milliseconds",
    "console_closing": "Closed months, p95 in milliseconds",
    "console_closing_month": "What closing a month means, p95 in milliseconds",
    "console_people": "People, p95 in milliseconds",
    "console_sessions": "Who is signed in, p95 in milliseconds",
    "console_tokens": "Tokens, p95 in milliseconds",
    "console_registry": "The registry's devices, p95 in milliseconds",
    "console_plans": "Plans, p95 in milliseconds",
    "console_rota": "The rota of a month, p95 in milliseconds",
    "console_calendars": "Calendars, p95 in milliseconds",
    "console_policy": "The policy, p95 in milliseconds",
    "console_routes": "Receivers and routes, p95 in milliseconds",
    "console_silences": "Silences, p95 in milliseconds",
    "console_audit": "The audit, 100,000 rows, p95 in milliseconds",
    "console_deliveries": "Messages that went out, 20,000, p95 in milliseconds",
    "console_operations": "How the daemon does, p95 in milliseconds",
    "console_notices": "Notices, p95 in milliseconds",
    "console_faces": "Consents and faces, p95 in milliseconds",
    "console_doubts": "Check-ins in doubt, p95 in milliseconds",
    "console_kiosks": "Kiosks, p95 in milliseconds",
    "console_api_posts": "GET /api/v1/posts of a day, p95 in milliseconds",
    "console_api_attendance_day": "GET /api/v1/attendance/day, p95 in milliseconds",
    "console_api_requests": "GET /api/v1/requests, 50 of them, p95 in milliseconds",
    "console_api_audit": "GET /api/v1/audit, 50 rows, p95 in milliseconds",
    "console_screen": "What a public screen is told, p95 in milliseconds",
    "console_first_load": "First load of the board, page, styles and scripts, compressed, kB",
    "console_boards": "Memory with 200 boards open while a window changes each second, MB",
    "assessment_year": "A year of assessment, 318,022 cases and 250 people, `simulate` to the last signature, seconds",
    "assessment_memory": "Greatest resident set of any command of that year, MB",
    "assessment_month": "Its longest month, brought into the ledgers and signed off, seconds",
    "assessing": "Ingest of a daemon that brings a month of 26,500 cases into the ledgers beside it, against without",
    "year_statistics": "Statistics of that year by unit from a fresh process, file cache warm, seconds",
}
PACKAGES = ("sqlalchemy", "msgspec", "paho-mqtt", "psycopg", "aiomqtt", "pydantic")

Row = Mapping[str, Any]


def run(program: str) -> list[Row]:
    """The JSON lines that a program prints."""
    began = time.monotonic()
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
    print(f"bench/{program}.py: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows


def machine() -> str:
    """What it ran on; the load tells whether the machine was its own."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = psutil.virtual_memory().total / 2**30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}; load at the start {load}"


def versions() -> str:
    programs = find_mosquitto()
    broker = ""
    if programs is not None:
        said = subprocess.run([programs[0], "-h"], stdout=subprocess.PIPE, text=True, check=False).stdout
        broker = f"{said.splitlines()[0]}, " if said else ""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{broker}Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}"


def line(row: Row) -> str:
    name = str(row["bench"])
    title = TITLES.get(name, name)
    if "skipped" in row:
        return f"| {title} | – | – | – | skipped: {row['skipped']} |"
    if "goal" not in row:
        return f"| {title} | {row['ratio']} | {row.get('figures', '')} | – | – |"
    goal = f"{row.get('goal_is', 'at least')} {row['goal']:g}"
    return f"| {title} | {row['ratio']} | {row.get('figures', '')} | {goal} | {'yes' if row['met'] else '**no**'} |"


def page(rows: Sequence[Row], made: datetime, ran_on: str) -> str:
    lines = [
        "# Performance",
        "",
        f"Written by `make bench` on {made:%Y-%m-%d}. Ratios are of medians over interleaved rounds in one run, "
        "absolute figures are this machine's. A measurement that answers two goals stands in two rows.",
        "",
        f"- Machine: {ran_on}",
        f"- Versions: {versions()}",
        "",
        NOTES.read_text().strip(),
        "",
        "| what | measured | figures | goal | met |",
        "|---|---|---|---|---|",
        *(line(row) for row in rows),
        "",
        "Each figure in full:",
        "",
        "```json",
        *(json.dumps(row, ensure_ascii=False) for row in rows),
        "```",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    ran_on = machine()
    rows = [row for program in PROGRAMS for row in run(program)]
    text = page(rows, datetime.now(UTC), ran_on)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
