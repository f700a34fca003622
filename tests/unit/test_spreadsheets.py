"""Text that a spreadsheet would calculate, and formulas that nothing has calculated."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from monitor.ingest.spreadsheets import guarded, uncalculated, unguarded

FORMULAS = ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－2", "'=1", "''@x"]
PLAIN = ["张三", "√", "－", "？", "a=1", "", "'", "'张三'", "O'Neil"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_could_calculate_gets_an_apostrophe_that_comes_off_again(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is_both_ways(text: str) -> None:
    assert (guarded(text), unguarded(text)) == (text, text)


def test_a_formula_without_a_stored_value_is_found_where_it_stands(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["id", "name"])
    other = made.create_sheet("items")
    other.append(["id", "name", "promised"])
    other.append(["i1", "a = b", "=2+3"])
    made.save(tmp_path / "hall.xlsx")
    assert list(uncalculated(tmp_path / "hall.xlsx")) == [("items", 2, 3)]


def test_a_workbook_without_formulas_has_none(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["id", "<f>", 5, None])
    made.save(tmp_path / "hall.xlsx")
    assert list(uncalculated(tmp_path / "hall.xlsx")) == []
