"""What a machine can bear (容量), from the measured rows of docs/performance.md and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

PERFORMANCE: Final = Path(__file__).resolve().parent.parent / "docs" / "performance.md"

OURS: Final = re.compile(r"([\d.,]+) against [\d.,]+ ([^\s;]+)")
"""Ours, the other program's, the unit."""


class Asked(NamedTuple):
    """A question of a planner, and the row that answers it; `unit`: of `measured`, where that is the figure."""

    question: str
    row: str
    unit: str = ""


ASKED: Final = (
    Asked("事件入库（整个服务） Events stored by the whole daemon on one machine, and its memory then",
          "The whole daemon, judging and HTTP on, against the same flow"),
    Asked("积压入库 A backlog of 100,000 at the broker drained",
          "A backlog of 100,000 against a bare aiomqtt subscriber that does nothing"),
    Asked("两个副本 Events stored by two replicas on one PostgreSQL, all on one machine",
          "Two replicas that share a subscription on PostgreSQL against one, all on this machine"),
    Asked("两个副本，各在一机 The same with 3 ms each way between replicas and database",
          "The same with 3 ms each way between replicas and database"),
    Asked("每秒 500 事件时的 p99 From publish to commit at 500 events a second, p99",
          "p99 publish → committed at 500 events/s, judging on, against the naive program without it"),
    Asked("判定 Cases judged a second, end to end on SQLite",
          "Due cases judged a second, end to end on SQLite", "cases/s"),
    Asked("在办百万件 Finding 1,000 due subjects among 1,000,000 open cases",
          "Fetching 1,000 due subjects among 1,000,000 open cases against 10,000"),
    Asked("日历变更 1,000,000 deadlines anew after a calendar change",
          "1,000,000 deadlines anew after a calendar change, seconds", "s"),
    Asked("送达 Card committed to handed to the channel, p95 at 50 cards a second",
          "Card committed → handed to the channel at 50 cards a second, p95 in seconds", "s"),
    Asked("内存 Resident memory of the daemon at rest", "Resident memory of the daemon at rest with the demo hall, MB"),
    Asked("重放一年 A year of 318,022 cases judged again under another policy",
          "A year of 318,022 cases judged again under another policy, seconds", "s"),
    Asked("重放所需内存 Most memory of that", "Greatest resident set of that replay, MB", "MB"),
    Asked("全年统计 Statistics of that year, by unit",
          "Statistics of that year by unit from a fresh process, file cache warm, seconds", "s"),
)  # fmt: skip


def rows(page: Path) -> dict[str, tuple[str, str]]:
    """Measured value and figures of each row of the table, by its name; of two of a name the first."""
    found: dict[str, tuple[str, str]] = {}
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 5 and cells[0] != "what":
            found.setdefault(cells[0], (cells[1], cells[2]))
    return found


def table(page: Path = PERFORMANCE) -> str:
    """Raises KeyError for a question whose row is not measured any more."""
    measured = rows(page)
    lines = ["| 问题 question | 实测 measured | 出处 row of [performance](performance.md) |", "| --- | --- | --- |"]
    for one in ASKED:
        value, figures = measured[one.row]
        said = OURS.sub(r"\1 \2", figures) if figures and not one.unit else f"{value} {one.unit}".strip()
        lines.append(f"| {one.question} | {said} | {one.row} |")
    return "\n".join(lines) + "\n"
