"""Names on the printed sheet: one line each, none cut in silence, nothing left out unseen."""

from __future__ import annotations

import io
import logging
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from monitor.exports.attendance.local import one_line
from monitor.exports.attendance.printed import as_pdf
from monitor.exports.attendance.tables import COLUMNS, DETAIL_COLUMNS, PERSON_COLUMNS, Tables, Unit
from monitor.exports.attendance.workbook import HEAD, as_xlsx

BUREAU = "市人力资源和社会保障局"
ENDLESS = "派驻政务服务中心综合窗口行政审批服务科" * 4


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王\t小\n明", "王 小 明"),
        ("  欧阳　靖 ", "欧阳 靖"),
        ("\u202e反向\u202c\u200b", "反向"),
        ("\x00\x07王", "王"),
        ("=1+1", "=1+1"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("\r\n", ""),
    ],
)
def test_a_name_is_one_line(name: str, shown: str) -> None:
    assert one_line(name) == shown


def sheet(name: str, unit: str) -> Tables:
    blank = ("",) * (len(COLUMNS) - len(PERSON_COLUMNS))
    row, below = ("s1", name, unit, *blank), ("", "小计", unit, *blank)
    details = (("2026-03-02", "一", "s1", name, *([""] * (len(DETAIL_COLUMNS) - 4))),)
    return Tables(
        title="大厅 2026年3月考勤表",
        period="2026-03-01 至 2026-03-31",
        made=datetime(2026, 4, 1, tzinfo=UTC),
        units=(Unit(name=unit, rows=(row,), subtotal=below),),
        details=details,
    )


@pytest.mark.parametrize(
    ("name", "unit", "says"),
    [
        ("张三", BUREAU, ["张三", "市人力资源和社会保障局"]),
        ("张三", ENDLESS, ["张三", ENDLESS[:12], "…"]),
        ("\U0002cb2e钰", "税务局", ["□钰"]),  # a character of names that fonts lack
        ("😀笑", "税务局", ["□笑"]),
    ],
)
def test_a_printed_name_is_whole_or_says_that_it_is_not(
    tmp_path: Path, tool: Callable[[str], str], caplog: pytest.LogCaptureFixture, name: str, unit: str, says: list[str]
) -> None:
    path = tmp_path / "sheet.pdf"
    with caplog.at_level(logging.WARNING):
        path.write_bytes(as_pdf(sheet(name, unit)))
    command = [tool("pdftotext"), "-layout", "-l", "1", str(path), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert all(word in text for word in says), text
    assert caplog.records == [], "no word of the library on the terminal"


def test_a_workbook_shrinks_names_to_their_columns() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(sheet("张三", BUREAU))))
    cells = [book["考勤表"].cell(row, 3) for row in (HEAD + 2, HEAD + 3)]
    assert [(cell.value, cell.alignment.shrinkToFit) for cell in cells] == [(BUREAU, True), (BUREAU, True)]
