"""Every row of the regulations has a test or a reason; what a program acts on in A.1 to A.3 has a scene."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import rule_rows
from tests.law_rows import ARTICLES, MARKS, SCENARIOS, WATCHED

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = ROOT.parent / "shared" / "domain"
beside = pytest.mark.skipif(not DOMAIN.is_dir(), reason="the domain's pages are not beside this checkout")
WANTED = [*(row for row, mark in MARKS.items() if mark in WATCHED), *(f"Art. {number}" for number in ARTICLES)]


@pytest.fixture(scope="module")
def collected(collected_here: frozenset[str], pytestconfig: pytest.Config) -> frozenset[str]:
    """The ids of all tests in the modules that the table names, as pytest itself finds them; one try for all rows."""
    named = [*SCENARIOS.values(), *rule_rows.ASSESSED.values(), *rule_rows.SUPERVISED.values()]
    named += rule_rows.GRADED.values()
    modules = {test.partition("::")[0] for tests in named for test in tests if "::" in test}
    chosen = any("::" in word for word in pytestconfig.args)  # a module may be here in part
    here = frozenset() if chosen else {test.partition("::")[0] for test in collected_here}
    told = "\n".join(collected_here) + asked_for(sorted(modules - here))
    plain = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), told)
    return frozenset(line.strip() for line in plain.splitlines() if "::" in line)


def asked_for(modules: list[str]) -> str:
    """What a pytest of its own finds in modules that this run was not given; it takes 20 s for all of them."""
    if not modules:
        return ""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *modules]
    bare = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}  # `-v` there undoes `-q`
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return f"\n{done.stdout}"


@pytest.mark.parametrize("row", WANTED)
def test_a_row_has_a_scenario(row: str) -> None:
    assert SCENARIOS.get(row), f"{row}: name a scenario in tests/law_rows.py"


@pytest.mark.parametrize("row", [*SCENARIOS, *(row for row in rule_rows.MARKS if row not in SCENARIOS)])
def test_each_scenario_is_in_the_suite(row: str, collected: frozenset[str]) -> None:
    """By its id; a test of real stores has the store's name within the brackets. A file stands for all its tests."""
    for test in (*SCENARIOS.get(row, ()), *rule_rows.tests_of(row)):
        bare = test.removesuffix("]")
        known = any(one == test or (one.startswith(bare) and one[len(bare)] in "[-") for one in collected)
        assert known or ("::" not in test and (ROOT / test).is_file()), f"{row}: no test {test}"


@pytest.mark.parametrize("row", rule_rows.MARKS)
def test_a_row_has_tests_or_a_reason(row: str) -> None:
    """And not both: a reason that a test has overtaken goes."""
    assert bool(rule_rows.tests_of(row)) != (row in rule_rows.WHY_NOT), f"{row}: see tests/rule_rows.py"


def test_the_table_names_no_row_that_there_is_not() -> None:
    assert SCENARIOS.keys() - {"A17", "I09"} == set(WANTED)
    named = rule_rows.ASSESSED.keys() | rule_rows.GRADED.keys() | rule_rows.SUPERVISED.keys() | rule_rows.WHY_NOT.keys()
    assert named <= rule_rows.MARKS.keys()
    assert len(rule_rows.MARKS) == 167


@beside
def test_the_rows_and_marks_are_those_of_the_regulations() -> None:
    page = (DOMAIN / "rules.md").read_text(encoding="utf-8")
    table = page.partition("## A.1 ")[2].partition("\n## A.4 ")[0]
    cells = [line.strip("|").split(" | ") for line in table.splitlines() if re.match(r"\| [ABC]\d", line)]
    assert {row[0].strip(): row[4].strip() for row in cells} == dict(MARKS)
    whole = page.partition("## A.1 ")[2].partition("\n## A.10 ")[0]
    lines = [line.strip().strip("|").split(" | ") for line in whole.splitlines() if re.match(r"\| [A-I]\d", line)]
    assert {row[0].strip(): row[4].strip() for row in lines} == dict(rule_rows.MARKS)


@beside
def test_the_articles_are_those_of_the_law() -> None:
    page = (DOMAIN / "practice.md").read_text(encoding="utf-8")
    table = page.partition("## 3 ")[2].partition("\n## ")[0]
    listed = [line.strip("| ").split("|")[0].strip() for line in table.splitlines() if re.match(r"\| \d", line)]
    assert tuple(listed) == ARTICLES
