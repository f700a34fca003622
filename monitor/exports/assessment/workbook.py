"""A report as XLSX bytes: one sheet a table, text stays text whatever it begins with, points are numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from monitor.exports.assessment.table import NOTHING, Cell, Column, Report, Table
from monitor.exports.attendance.workbook import CELL_MAX, LINE_POINTS, OPTIONS, room

HEAD: Final = 3
"""Row of the columns' names; above: title, period with state, the table's note."""
_A4: Final = 9
_GRID: Final = {"border": 1, "border_color": "#999999", "font_name": "宋体", "font_size": 10, "valign": "top"}
_LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"bold": True, "font_size": 16, "border": 0, "valign": "vcenter"},
    "line": {"border": 0},
    "head": {"bold": True, "bg_color": "#DDDDDD", "text_wrap": True, "align": "center", "valign": "vcenter"},
    "text": {"text_wrap": True},
    "int": {"num_format": "#,##0"},
    "points": {"num_format": "0.00"},
    "share": {"num_format": "0.00%"},
    "number": {"num_format": "#,##0.00"},
    "nothing": {"align": "center"},
}
_GROUP: Final = {"bg_color": "#EEEEEE", "bold": True}


def as_xlsx(report: Report) -> bytes:
    """The same report gives the same bytes."""
    written = io.BytesIO()
    import xlsxwriter  # 3 MB, once a workbook is asked for

    with xlsxwriter.Workbook(written, OPTIONS) as book:
        made = report.made.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": report.title[:200], "comments": report.state, "created": made})
        looks = {name: book.add_format({**_GRID, **look}) for name, look in _LOOKS.items()}
        looks |= {f"{name}!": book.add_format({**_GRID, **look, **_GROUP}) for name, look in _LOOKS.items()}
        for table in report.tables:
            _sheet(book.add_worksheet(table.name), report, table, looks)
        if report.texts:
            _texts(book.add_worksheet("正文"), report, looks)
    return written.getvalue()


def _sheet(sheet: Any, report: Report, table: Table, looks: Mapping[str, Any]) -> None:
    _top(sheet, report, looks, table.note)
    for number, column in enumerate(table.columns):
        sheet.write_string(HEAD, number, column.name, looks["head"])
        sheet.set_column(number, number, column.width + 1)
    for index, row in enumerate(table.rows):
        group = "!" if index in table.groups else ""
        lines = 1
        for number, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            _write(sheet, HEAD + 1 + index, number, cell, column, looks, group)
            if isinstance(cell, str):
                lines = max(lines, sum(-(-room(part) // column.width) or 1 for part in cell[:CELL_MAX].split("\n")))
        if lines > 1:
            sheet.set_row(HEAD + 1 + index, min(LINE_POINTS * lines, 400))
    last = HEAD + max(len(table.rows), 1)
    sheet.freeze_panes(HEAD + 1, min(2, len(table.columns) - 1))
    sheet.autofilter(HEAD, 0, last, len(table.columns) - 1)
    _page(sheet, report, table.name)


def _write(sheet: Any, row: int, number: int, cell: Cell, column: Column, looks: Mapping[str, Any], group: str) -> None:
    """Typed writes: no string becomes a formula, a number or a link."""
    if cell is None:
        sheet.write_string(row, number, NOTHING, looks[f"nothing{group}"])
    elif isinstance(cell, str):
        sheet.write_string(row, number, cell[:CELL_MAX], looks[f"text{group}"])
    else:
        sheet.write_number(row, number, cell, looks[f"{column.kind}{group}"])


def _texts(sheet: Any, report: Report, looks: Mapping[str, Any]) -> None:
    _top(sheet, report, looks, "")
    sheet.set_column(0, 0, 120)
    for number, text in enumerate(report.texts):
        sheet.write_string(HEAD + number, 0, text[:CELL_MAX], looks["text"])
        sheet.set_row(HEAD + number, LINE_POINTS * max(1, -(-room(text) // 118)))
    _page(sheet, report, "正文")


def _top(sheet: Any, report: Report, looks: Mapping[str, Any], note: str) -> None:
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, report.title, looks["title"])
    sheet.write_string(1, 0, f"期间：{report.period}　　{report.state}", looks["line"])
    sheet.write_string(2, 0, note, looks["line"])


def _page(sheet: Any, report: Report, name: str) -> None:
    """A4 landscape, one page wide, the heads on every page; & begins a code in page headers of at most 255 signs."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEAD)
    sheet.set_header(f"&L&9{_plain(report.title, 60)} · {name}&R&9{_plain(report.state, 80)}")
    sheet.set_footer(f"&L&8{_plain(report.foot, 120)}&R&9第 &P 页 共 &N 页")


def _plain(text: str, most: int) -> str:
    return text[:most].replace("&", "&&")
