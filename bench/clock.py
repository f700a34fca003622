"""Deadlines a second, one by one and many at once, and all of them again after a calendar change.

    python bench/clock.py [--cases N] [--json]

one_by_one   `deadline_at` called for each of `--cases` starts. Goal: at least 200,000 a second.
vectorised   `deadlines_at` for all of them. Goal: at least 1,000,000 a second.
recompute    a notice moves a week of the year: a new calendar, and the deadlines of all cases anew, one in ten of them
             with a pause. Goal: less than 60 s for 1,000,000.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from monitor.workcal import NoticeDay, WorkCalendar, build_calendar

ROUNDS = 3
DAYS = 20
FIRST = datetime(2025, 1, 2, 1, tzinfo=UTC)
EVERY = 10  # one case in so many has a pause


def starts(number: int) -> list[datetime]:
    """Acceptances over two years, at every minute of the day."""
    step = timedelta(days=700) / number
    return [FIRST + step * n for n in range(number)]


def seconds(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def recomputed(cases: list[datetime]) -> list[datetime | None]:
    """Every deadline on a calendar in which a week of holiday is new."""
    week = [NoticeDay(date=date(2026, 3, 16) + timedelta(days=n), name="调整", off=True) for n in range(5)]
    calendar = build_calendar(None, week)
    due: list[datetime | None] = []
    for n, start in enumerate(cases):
        if n % EVERY:
            due.append(calendar.deadline_at(start, DAYS))
        else:
            pause = (start + timedelta(days=3), start + timedelta(days=6))
            due.append(calendar.deadline_at(start, DAYS, (pause,)))
    return due


def measure(number: int) -> list[dict[str, object]]:
    cases = starts(number)
    calendar: WorkCalendar = build_calendar()
    plain = [calendar.deadline_at(start, DAYS) for start in cases]  # warms the tables
    if calendar.deadlines_at(cases, DAYS) != plain:
        raise SystemExit("bench/clock.py: one by one and many at once differ")
    single = seconds(lambda: [calendar.deadline_at(start, DAYS) for start in cases])
    many = seconds(lambda: calendar.deadlines_at(cases, DAYS))
    again = seconds(lambda: recomputed(cases)) * 1_000_000 / number
    return [
        _row("one_by_one", number / single, 200_000, number, at_most=False),
        _row("vectorised", number / many, 1_000_000, number, at_most=False),
        _row("recompute", again, 60, number, at_most=True),
    ]


def _row(name: str, value: float, goal: float, number: int, *, at_most: bool) -> dict[str, object]:
    met = value <= goal if at_most else value >= goal
    kept: dict[str, object] = {"bench": name, "cases": number, "rounds": ROUNDS, "ratio": round(value, 1)}
    return {**kept, "goal": goal, "met": met, **({"goal_is": "at most"} if at_most else {})}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    for row in measure(options.cases):
        if not options.json:
            print("{bench}: {ratio} (goal {goal})".format(**row))
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
