"""The monthly sheet of 500 people over 31 days, by the command from a fresh process: seconds.

    python bench/sheet.py [--people N] [--rounds N] [--json]

Four check-ins a person and working day, one in seven days with something late, early or missing; the month is judged
afresh from its facts each time. Goal: under 5 s for the workbook; csv and pdf stand beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from monitor.agents.tomlfile import toml_text
from monitor.ingest.feed import import_events
from monitor.ingest.registry import import_registry
from monitor.settings import load
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.store.registry import load_registry

GOAL = 5.0
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 3, 1)
PLAIN = {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20", "pm_out": "17:33"}
ODD: tuple[dict[str, str], ...] = (
    PLAIN | {"am_in": "08:41"},
    PLAIN | {"am_in": "08:55"},
    PLAIN | {"pm_out": "17:20"},
    {name: clock for name, clock in PLAIN.items() if name != "pm_out"},
    {},
)
KINDS = ("xlsx", "csv", "pdf")


def measure(people: int, rounds: int) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'jiancha.sqlite'}"
        _fill(folder, url, [f"s{number:04}" for number in range(people)])
        took: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(rounds):
            for kind in KINDS:
                took[kind].append(_export(folder, url, kind))
    medians = {kind: round(statistics.median(seconds), 2) for kind, seconds in took.items()}
    return [
        {
            "bench": "sheet",
            "ratio": medians["xlsx"],
            "figures": ", ".join(f"{kind} {seconds} s" for kind, seconds in medians.items()),
            "goal": GOAL,
            "goal_is": "less than",
            "met": medians["xlsx"] < GOAL,
            "people": people,
            "rounds": rounds,
        }
    ]


def _export(folder: Path, url: str, kind: str) -> float:
    command = [Path(sys.executable).with_name("jiancha"), "export", "attendance", "--month", f"{FIRST:%Y-%m}"]
    environ = {**os.environ, "JIANCHA_STORE__URL": url, "JIANCHA_CLOCK__START": "2026-04-01T08:00:00+08:00"}
    began = time.perf_counter()
    subprocess.run(
        [*command, "--hall", "h1", "-o", folder / f"sheet.{kind}"], check=True, env=environ, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def _fill(folder: Path, url: str, people: list[str]) -> None:
    settings = load(environ={})
    store = Store(url)
    migrate.ensure(store)
    registry = {
        "halls": [{"id": "h1", "name": "大厅", "attendance": "tongshan"}],
        "units": [{"id": f"u{n}", "hall": "h1", "name": f"单位{n}"} for n in range(20)],
        "staff": [{"id": person, "unit": f"u{n % 20}", "name": f"员工{n}"} for n, person in enumerate(people)],
        "devices": [{"id": "t1", "kind": "terminal", "hall": "h1"}],
    }
    file = folder / "registry.toml"
    file.write_text(toml_text(registry), encoding="utf-8")
    begins = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZONE)
    import_registry(store, file, calendars=settings.calendars, presets=settings.presets, now=begins)
    events = folder / "events.jsonl"
    events.write_text("\n".join(json.dumps(line) for line in _events(people, begins)), encoding="utf-8")
    with store.read() as conn:
        known = load_registry(conn)
    import_events(store, events, known)
    store.close()


def _events(people: list[str], begins: datetime) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    for offset in range(31):
        day = begins + timedelta(days=offset)
        for person in people if day.isoweekday() < 6 else ():
            for slot, clock in (PLAIN if chance.random() > 1 / 7 else chance.choice(ODD)).items():
                at = day.replace(hour=int(clock[:2]), minute=int(clock[3:])).isoformat()
                payload = {"id": f"{offset}{person}{slot}", "at": at, "staff": person, "method": "face"}
                yield {"received": at, "device": "t1", "channel": "checkin", "payload": payload}
        at = day.replace(hour=23).isoformat()
        yield {"received": at, "device": "t1", "channel": "heartbeat", "payload": {"at": at, "queue": 0}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    for result in measure(options.people, options.rounds):
        if not options.json:
            print("the sheet of {people} people: {figures} (goal: xlsx {goal_is} {goal} s)".format(**result))
        print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
