"""A month of assessment (考评) read from a hall's year: `facts.scoring.load_scoring`.

    python bench/scoring.py [--rounds N] [--json]

The hall of bench/madehall.py (318,022 cases of the year, some 26,000 of the month, 100 windows, 250 people, ratings and
cards), with four check-in slots a person and two sessions a window for each working day of the year, judged: one in
forty late, one in fifty of the slots unknown. One case in a hundred is said to be late, and is folded to see. Goal: the
median of the rounds below five seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import madehall
from sqlalchemy import update

from monitor.app.program import Program, open_program
from monitor.assessment.book import Choices
from monitor.assessment.scoring import Scoring
from monitor.settings import load
from monitor.store import migrate
from monitor.store.casestats import STAT, SUBJECT
from monitor.store.engine import Store
from monitor.store.facts.scoring import load_scoring
from monitor.workcal import build_calendar

GOAL: Final = 5.0
NOW: Final = datetime(2026, 1, 2, 1, tzinfo=UTC)
MONTH: Final = "2025-12"
SLOTS: Final = ("am_in", "am_out", "pm_in", "pm_out")
CHOICES: Final = Choices(
    late_over_15="off_post", offpost_minutes=15, late_amount="both", offpost_vs_unstaffed="both",
    accumulate_period="year", and_or_20b5="either", inclusive=True, overdue_days_unit="workday", rolling_20="rolling",
    absent_units=2, month_15="each_month", year_words="annual", floor=Decimal(0), overdue_10="after_confirmation",
    checks=4, denominators="stated",
)  # fmt: skip


def subjects() -> Iterator[dict[str, Any]]:
    calendar, day, n = build_calendar(), date(2025, 1, 1), 0
    while day < date(2026, 1, 1):
        if calendar.is_workday(day):
            for person in range(madehall.PEOPLE):
                for slot in SLOTS:
                    n += 1
                    verdict = "late" if n % 40 == 1 else "unknown" if n % 50 == 0 else "ok"
                    yield _subject("slot", f"s{person:02d}/{day}/{slot}", verdict)
            for window in range(madehall.YEAR.windows):
                for begins in ("0830", "1430"):
                    yield _subject("post", f"w{window:02d}/{day}/{begins}", "ok")
        day += timedelta(days=1)


def _subject(kind: str, key: str, verdict: str) -> dict[str, Any]:
    return {
        "kind": kind, "key": key, "hall": "h1", "version": 1, "verdict": verdict, "next_check_at": None,
        "judged_at": NOW, "historic": False, "failures": 0,
    }  # fmt: skip


def prepared(file: Path) -> Program:
    url = f"sqlite:///{file}"
    store = Store(url)
    migrate.ensure(store)
    madehall.write_hall(store)
    madehall._put(store, SUBJECT, subjects())
    late = update(STAT).where(STAT.c.ended_us.is_not(None), STAT.c.case_key.like("%00"))
    store.step(lambda conn: conn.execute(late.values(overdue_us=STAT.c.ended_us)))
    store.close()
    return open_program(load(environ={"JIANCHA_STORE__URL": url}))


def loaded(program: Program) -> tuple[float, Scoring]:
    with program.store.read() as conn:
        look = program.judge().look(conn, NOW)
        began = clock.perf_counter()
        found = load_scoring(look, "h1", MONTH, program.settings.policy, CHOICES)
        return clock.perf_counter() - began, found


def measure(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        program = prepared(Path(folder) / "scoring.sqlite")
        taken = [loaded(program) for _ in range(rounds)]
        program.close()
    seconds, found = statistics.median(t for t, _ in taken), taken[0][1]
    return {
        "bench": "scoring", "rounds": rounds, "seconds": round(seconds, 2),
        "received": sum(c.received for c in found.cases.values()), "facts": len(found.facts),
        "unknowns": len(found.unknowns), "people": len(found.duty), "goal": GOAL, "met": seconds < GOAL,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    result = measure(options.rounds)
    if not options.json:
        print("{seconds} s for {received} cases, {people} people: {facts} facts, {unknowns} unknown".format(**result))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
