"""Every row of attendance, posts and time limits that a program can act on, and every article, has a scenario."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.law_rows import ARTICLES, MARKS, SCENARIOS, WATCHED

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = ROOT.parent / "shared" / "domain"
beside = pytest.mark.skipif(not DOMAIN.is_dir(), reason="the domain's pages are not beside this checkout")
WANTED = [*(row for row, mark in MARKS.items() if mark in WATCHED), *(f"Art. {number}" for number in ARTICLES)]


@cache
def collected() -> frozenset[str]:
    """The ids of all tests in the modules that the table names, as pytest itself finds them."""
    modules = sorted({test.partition("::")[0] for tests in SCENARIOS.values() for test in tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *modules]
    bare = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}  # `-v` there undoes `-q`
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=True, timeout=120)
    plain = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), done.stdout)
    return frozenset(line.strip() for line in plain.splitlines() if "::" in line)


@pytest.mark.parametrize("row", WANTED)
def test_a_row_has_a_scenario(row: str) -> None:
    assert SCENARIOS.get(row), f"{row}: name a scenario in tests/law_rows.py"


@pytest.mark.parametrize("row", SCENARIOS)
def test_each_scenario_is_in_the_suite(row: str) -> None:
    """By its id; a test of real stores has the store's name within the brackets."""
    for test in SCENARIOS[row]:
        bare = test.removesuffix("]")
        known = any(one == test or (one.startswith(bare) and one[len(bare)] in "[-") for one in collected())
        assert known, f"{row}: no test {test}"


def test_the_table_names_no_row_that_there_is_not() -> None:
    assert SCENARIOS.keys() - {"A17", "I09"} == set(WANTED)


@beside
def test_the_rows_and_marks_are_those_of_the_regulations() -> None:
    page = (DOMAIN / "rules.md").read_text(encoding="utf-8")
    table = page.partition("## A.1 ")[2].partition("\n## A.4 ")[0]
    cells = [line.strip("|").split(" | ") for line in table.splitlines() if re.match(r"\| [ABC]\d", line)]
    assert {row[0].strip(): row[4].strip() for row in cells} == dict(MARKS)


@beside
def test_the_articles_are_those_of_the_law() -> None:
    page = (DOMAIN / "practice.md").read_text(encoding="utf-8")
    table = page.partition("## 3 ")[2].partition("\n## ")[0]
    listed = [line.strip("| ").split("|")[0].strip() for line in table.splitlines() if re.match(r"\| \d", line)]
    assert tuple(listed) == ARTICLES
