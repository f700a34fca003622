"""A log of 500 MB, and a workbook: every row accounted for in at most 300 MB of memory (issue 4)."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.caselogs import MAP, write_log
from tests.halls import Commands

MOST_KILOBYTES = 300 * 1024


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What the command printed, and its greatest resident memory in KB as the system counted it."""

    status: int
    answer: Any
    kilobytes: int


MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=open("peak.txt", "w"))
sys.exit(status)
"""
"""Runs a command and writes down its greatest memory. The system counts what a process was forked from too, and a
process of the tests may have grown to half a gigabyte: this one is small.
"""


def ran(folder: Path, log: str) -> Ran:
    jiancha = Commands(folder)
    (folder / "log.toml").write_text(MAP, encoding="utf-8")
    with (folder / "answer.json").open("wb") as answer, (folder / "said.txt").open("wb") as said:
        command = [jiancha.program, "cases", "import", log, "--map", "log.toml", "--refused", "refused.csv", "--json"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *map(str, command)],
            env=jiancha.environment(None),
            cwd=folder,
            stdout=answer,
            stderr=said,
        )
    text = (folder / "answer.json").read_text(encoding="utf-8")
    assert text, (folder / "said.txt").read_text(encoding="utf-8")
    kilobytes = int((folder / "peak.txt").read_text())
    return Ran(status=done.returncode, answer=json.loads(text), kilobytes=kilobytes)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_500_mb_are_accounted_for_row_by_row_in_300_mb_of_memory(tmp_path: Path) -> None:
    expected = write_log(tmp_path / "log.csv", size=500 * 1024 * 1024)
    assert (tmp_path / "log.csv").stat().st_size >= 500 * 1024 * 1024
    done = ran(tmp_path, "log.csv")
    told = done.answer["rows"]
    print(f"{told['read']} rows, {done.answer['stored']} events, at most {done.kilobytes // 1024} MB")
    assert done.kilobytes <= MOST_KILOBYTES
    assert (told["read"], told["taken"], told["duplicate"]) == (expected.rows, expected.taken, expected.duplicate)
    assert (told["reasons"], done.answer["stored"]) == (expected.reasons, expected.events)
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        next(file)
        assert sum(1 for _ in file) == len(expected.refused)


def _as_workbook(log: Path, book: Path) -> None:
    with (
        log.open(encoding="utf-8", newline="") as file,
        xlsxwriter.Workbook(book, {"constant_memory": True, "strings_to_formulas": False}) as made,
    ):
        sheet = made.add_worksheet()
        for number, row in enumerate(csv.reader(file)):
            sheet.write_row(number, 0, row)


@pytest.mark.parametrize("rows", [2_000, pytest.param(150_000, marks=[pytest.mark.long, pytest.mark.timeout(3_600)])])
def test_a_workbook_is_accounted_for_row_by_row_in_300_mb_of_memory(tmp_path: Path, rows: int) -> None:
    """In a workbook a line that ends early has empty cells there: the time of its acceptance is missing."""
    expected = write_log(tmp_path / "log.csv", rows=rows)
    _as_workbook(tmp_path / "log.csv", tmp_path / "log.xlsx")
    done = ran(tmp_path, "log.xlsx")
    told = done.answer["rows"]
    print(f"{told['read']} rows of a workbook, at most {done.kilobytes // 1024} MB")
    assert done.kilobytes <= MOST_KILOBYTES
    assert (told["read"], told["taken"], told["duplicate"]) == (expected.rows, expected.taken, expected.duplicate)
    assert (told["reasons"], done.answer["stored"]) == (expected.reasons, expected.events)
