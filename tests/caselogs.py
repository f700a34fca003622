"""A log of an approval system as such systems export it, of any length, with the faults that such exports have.

Written by the year's cases one after the other; what must become of each row is counted while it is written. The same
seed gives the same bytes.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

MAP: Final = """
registry = "lenient"
case = "办件编号"
[time]
format = "%Y-%m-%d %H:%M:%S"
zone = "Asia/Shanghai"
[constants]
item = "企业设立登记"
[[events]]
event = "accepted"
at = "受理时间"
when = { "记录类型" = ["办件"] }
fields = { due = "承诺期限", staff = "受理人" }
[[events]]
event = "completed"
at = "办结时间"
optional = true
when = { "记录类型" = ["办件"] }
fields = { result = "办结结果" }
values = { result = { "准予" = "granted", "不予" = "denied" } }
[[events]]
event = "stage"
at = "环节时间"
when = { "记录类型" = ["办件"] }
fields = { stage = "环节", staff = "经办人" }
"""
HEADER: Final = (
    "办件编号", "记录类型", "环节", "环节时间", "经办人", "受理人", "受理时间", "承诺期限", "办结时间", "办结结果",
    "窗口名称", "备注",
)  # fmt: skip
STAGES: Final = ("受理", "审查", "现场核查", "决定", "制证", "送达")
NOTE: Final = "申请材料齐全，符合法定形式，已通过综合窗口系统流转至审批科室办理"
START: Final = datetime(2025, 1, 2, 9, 0, 0)  # noqa: DTZ001 - a log without offsets
FAULTS_EVERY: Final = 50
"""Of so many cases one has each fault."""
AGAIN: Final = 100
"""So many first cases stand once more at the end of the log, far from their first telling."""

Row = list[str]
Labelled = tuple[Row, str]
"""A row, and what must become of it: taken, duplicate, or the reason of its refusal."""


@dataclass(kw_only=True)
class Expected:
    """What an import of the log must say. `events` that are stored; `refused`: row number → reason."""

    rows: int = 0
    taken: int = 0
    duplicate: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    cases: int = 0
    events: int = 0

    @property
    def reasons(self) -> dict[str, int]:
        return dict(Counter(self.refused.values()))

    def count(self, labelled: Labelled) -> None:
        self.rows += 1
        match labelled[1]:
            case "taken":
                self.taken += 1
            case "duplicate":
                self.duplicate += 1
            case reason:
                self.refused[self.rows + 1] = reason


def write_log(path: Path, *, rows: int = 0, size: int = 0, seed: int = 7) -> Expected:
    """A log of at least so many rows, or bytes."""
    expected, first, dice = Expected(), list[list[Row]](), random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(HEADER)
        while expected.rows < rows or file.tell() < size:
            sound = _case(expected.cases, dice)
            if len(first) < AGAIN:
                first.append(sound)
            _write(file, with_fault(expected.cases, sound), expected)
            expected.cases += 1
            expected.events += len(sound) + 1 + bool(sound[0][8])
        _write(file, ((row, "duplicate") for case in first for row in case), expected)
    return expected


def _write(file: TextIO, labelled: Iterator[Labelled], expected: Expected) -> None:
    writer = csv.writer(file)
    for one in labelled:
        writer.writerow(one[0])
        expected.count(one)


def _case(number: int, dice: random.Random) -> list[Row]:
    """The rows of a sound case: a stage each, and in each the case's own times."""
    accepted = START + timedelta(minutes=number % 480_000)
    steps = [accepted + timedelta(hours=hours, seconds=number % 60) for hours in range(1, dice.randrange(4, 7))]
    is_open = number % 17 == 0
    ended = "" if is_open else _text(accepted - timedelta(days=2) if number % FAULTS_EVERY == 7 else steps[-1])
    own = [_text(accepted), _text(accepted + timedelta(days=14)), ended, "" if is_open else "准予"]
    clerks = [f"工号{dice.randrange(400):04}" for _ in range(len(steps) + 1)]
    return [
        [
            f"4401-2025-{number:08}",
            "办件",
            STAGES[n],
            _text(at),
            clerks[n],
            clerks[-1],
            *own,
            f"{number % 40}号窗口",
            NOTE,
        ]
        for n, at in enumerate(steps)
    ]


def with_fault(number: int, sound: Sequence[Row]) -> Iterator[Labelled]:
    """The case's rows, and before the last of them what is wrong with it."""
    *some, last = sound
    for row in some:
        yield row, "taken"
    changed = {HEADER.index(name): value for name, value in CHANGED.get(number % FAULTS_EVERY, {}).items()}
    wrong = [changed.get(n, cell) for n, cell in enumerate(last)]
    match number % FAULTS_EVERY:
        case 1:
            yield some[-1], "duplicate"
        case 2:
            yield wrong, "malformed"
        case 3:
            yield [""] * len(HEADER), "empty_row"
        case 4:
            yield last[:3], "malformed"
        case 5:
            yield [*last[:-1], *NOTE.split("，")], "malformed"
        case 6:
            yield wrong, "malformed"
        case 8:
            yield list(HEADER), "header_again"
        case 9:
            yield wrong, "future"
        case 10:
            yield wrong, "conflict"  # of its events the stage is taken: the row itself brings nothing new any more
            yield last, "duplicate"
            return
        case 11:
            yield wrong, "no_event"
        case 12:
            yield [], "empty_row"
    yield last, "taken"


CHANGED: Final = {
    2: {"办件编号": " "},
    6: {"环节时间": "2025-03-03 09:00:00 CST"},
    9: {"环节时间": "2131-03-03 09:00:00"},
    10: {"承诺期限": "2025-12-31 17:30:00"},
    11: {"记录类型": "系统日志"},
}
"""Fault → the cells that it changes in a copy of the last row."""


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
