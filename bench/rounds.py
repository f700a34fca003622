"""Interleaved rounds, medians, and the rows that `make bench` prints: one for each goal that a measurement answers."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


def in_turn(sides: Sequence[str], number: int) -> list[str]:
    """The sides in the order of a round: turned round with each, so that none is always first."""
    return list(sides) if number % 2 == 0 else list(reversed(sides))


def medians(rounds: int, play: Callable[[int], Mapping[str, float]]) -> dict[str, float]:
    """The median of each side over rounds; `play` gives what each side reached in the round of that number."""
    played = [play(number) for number in range(rounds)]
    return {side: statistics.median(found[side] for found in played) for side in played[0]}


def row(bench: str, ratio: float, goal: float | None, figures: str, *, at_most: bool = False, **more: object) -> Row:
    """One goal, or None for what is told beside one: `figures` are the absolute figures behind the ratio, in words."""
    if goal is None:
        return {"bench": bench, "ratio": round(ratio, 2), "figures": figures, **more}
    met = ratio <= goal if at_most else ratio >= goal
    kept = {"bench": bench, "ratio": round(ratio, 2), "goal": goal, "met": met, "figures": figures, **more}
    return {**kept, "goal_is": "at most"} if at_most else kept


def skipped(bench: str, why: str) -> Row:
    return {"bench": bench, "skipped": why}


def options(doc: str | None, **numbers: int) -> argparse.Namespace:
    """The command line of a measurement: --rounds (3 or more), whole numbers with their defaults, --json."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    for name, default in numbers.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    given = parser.parse_args()
    if given.rounds < 3:
        parser.error("--rounds: a median needs 3 or more")
    return given


def tell(rows: Sequence[Row], *, json_only: bool) -> None:
    """Each row as a JSON line, and before it as a sentence."""
    for each in rows:
        if not json_only and "skipped" in each:
            print(f"{each['bench']}: skipped, {each['skipped']}")
        elif not json_only:
            goal = f" (goal {each.get('goal_is', 'at least')} {each['goal']})" if "goal" in each else ""
            print(f"{each['bench']}: {each['ratio']}{goal}; {each['figures']}")
        print(json.dumps(each))
    sys.stdout.flush()
