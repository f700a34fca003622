"""How much faster a deadline is on tables than by a memoised day loop over chinesecalendar, with the same answers.

    python bench/deadlines.py [--rounds N] [--deadlines N] [--json]

Both sides take a start in UTC and a number of working days and give the instant of the close in UTC. Limits are those
of service items (1 to 60 working days), starts are spread over 2004-2026. The loop is the plain one and remembers each
date it has asked for (`lru_cache`, warmed before the first round), so the library itself is out of the measurement.
A second loop, tuned by hand (one timedelta for all, closes remembered too), is printed beside it. Rounds are
interleaved; the ratio is that of the medians. Goal: 30 or more. Exit status 1 below the goal or if an answer differs.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time as clock
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar

from monitor.workcal import build_calendar

GOAL = 30.0
LIMITS = (1, 3, 5, 5, 7, 10, 10, 15, 20, 20, 25, 30, 42, 45, 60)
ZONE = ZoneInfo("Asia/Shanghai")
CLOSE = time(17, 30)
DAY = timedelta(days=1)

Case = tuple[datetime, int]


@cache
def is_workday(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


@cache
def close_of(day: date) -> datetime:
    return datetime.combine(day, CLOSE, ZONE).astimezone(UTC)


def by_day_loop(start: datetime, n: int) -> datetime:
    day = start.astimezone(ZONE).date()
    counted = 0
    while counted < n:
        day += timedelta(days=1)
        if is_workday(day):
            counted += 1
    return datetime.combine(day, CLOSE, ZONE).astimezone(UTC)


def by_tuned_loop(start: datetime, n: int) -> datetime:
    day = start.astimezone(ZONE).date()
    while n:
        day += DAY
        n -= is_workday(day)
    return close_of(day)


def draw_cases(number: int) -> list[Case]:
    rng = random.Random(2026)
    first, last = datetime(2004, 1, 2, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    seconds = int((last - first).total_seconds())
    return [(first + timedelta(seconds=rng.randrange(seconds)), rng.choice(LIMITS)) for _ in range(number)]


def microseconds_each(due: Callable[[datetime, int], object], cases: list[Case]) -> float:
    began = clock.perf_counter()
    for start, n in cases:
        due(start, n)
    return (clock.perf_counter() - began) / len(cases) * 1e6


def measure(rounds: int, number: int) -> dict[str, object]:
    cases, calendar = draw_cases(number), build_calendar()
    differing = sum(
        not by_day_loop(start, n) == by_tuned_loop(start, n) == calendar.deadline_at(start, n) for start, n in cases
    )
    sides: dict[str, Callable[[datetime, int], object]] = {
        "loop_us": by_day_loop,
        "tuned_loop_us": by_tuned_loop,
        "table_us": calendar.deadline_at,
        "with_steps_us": calendar.due_in_days,
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, due in sides.items():
            times[name].append(microseconds_each(due, cases if name != "with_steps_us" else cases[: number // 20]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["loop_us"] / medians["table_us"]
    return {
        "bench": "deadlines",
        "deadlines": number,
        "rounds": rounds,
        **{name: round(value, 3) for name, value in medians.items()},
        "ratio": round(ratio, 1),
        "figures": f"{medians['table_us']:.3f} against {medians['loop_us']:.1f} µs",
        "tuned_ratio": round(medians["tuned_loop_us"] / medians["table_us"], 1),
        "goal": GOAL,
        "differing": differing,
        "met": ratio >= GOAL and not differing,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deadlines", type=int, default=50_000)
    parser.add_argument("--json", action="store_true", help="the JSON line alone")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds: a median needs 3 or more")
    result = measure(options.rounds, options.deadlines)
    if not options.json:
        print("a deadline: day loop {loop_us} µs (tuned {tuned_loop_us}), table {table_us} µs,".format(**result))
        print("with its steps {with_steps_us} µs; {differing} of {deadlines} answers differ;".format(**result))
        print("ratio {ratio} (goal {goal}; over the tuned loop {tuned_ratio})".format(**result))
    print(json.dumps(result))
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
