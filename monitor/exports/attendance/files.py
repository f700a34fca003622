"""The tables of the attendance sheet as XLSX and CSV bytes; text stays text whatever it begins with."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from monitor.exports.attendance.symbols import Symbol
from monitor.exports.attendance.tables import (
    COLUMNS,
    DAY_COLUMNS,
    DETAIL_COLUMNS,
    LEGEND,
    NOTE_COLUMNS,
    PERSON_COLUMNS,
    Row,
    Tables,
)
from monitor.ingest.spreadsheets import guarded

SHEETS: Final = ("考勤表", "异常明细", "说明")
A3: Final = 8
A4: Final = 9
LINE_POINTS: Final = 15
CELL_MAX: Final = 32_767
"""Characters of a cell; XlsxWriter leaves a cell with more empty."""
OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def as_csv(tables: Tables) -> bytes:
    """考勤表 alone, UTF-8 with BOM; what a spreadsheet would take for a formula gets a leading apostrophe."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    rows = (COLUMNS, *tables.sheet)
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def as_xlsx(tables: Tables, made: datetime) -> bytes:
    """The three sheets, laid out for A3 and A4 landscape. The same tables and time give the same bytes."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, OPTIONS) as book:
        book.set_properties({"title": tables.title, "created": made.astimezone(UTC).replace(tzinfo=None)})
        looks = _looks(book)
        _sheet(book.add_worksheet(SHEETS[0]), tables, looks)
        _details(book.add_worksheet(SHEETS[1]), tables, looks)
        _notes(book.add_worksheet(SHEETS[2]), tables, looks)
    return written.getvalue()


# --------------------------------------------------------------------------- layout

_GRID: Final = {"border": 1, "border_color": "#999999", "font_name": "宋体", "font_size": 10, "valign": "vcenter"}
_LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "head": {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#DDDDDD"},
    "text": {},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "mark": {"align": "center"},
    # Fills differ in lightness, so that a grey print still tells them apart.
    Symbol.ABSENT: {"align": "center", "bold": True, "bg_color": "#E06666"},
    Symbol.OFF_POST: {"align": "center", "bold": True, "bg_color": "#F6B26B"},
    Symbol.LATE: {"align": "center", "bg_color": "#FFE599"},
    Symbol.EARLY: {"align": "center", "bg_color": "#FFE599"},
    Symbol.UNKNOWN: {"align": "center", "bold": True, "bg_color": "#CFE2F3"},
    Symbol.REST: {"align": "center", "font_color": "#808080", "bg_color": "#F3F3F3"},
}


def _looks(book: Any) -> dict[str, Any]:
    return {name: book.add_format({**_GRID, **look}) for name, look in _LOOKS.items()}


def _sheet(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    people, days = len(PERSON_COLUMNS), len(DAY_COLUMNS)
    _fill(sheet, COLUMNS, tables.sheet, looks, lambda column: "text" if column < people else "mark")
    for column, width in enumerate((8, 8, 12)):
        sheet.set_column(column, column, width)
    sheet.set_column(people, people + days - 1, 2.6)
    sheet.set_column(people + days, len(COLUMNS) - 1, 4.3)
    sheet.set_row(0, 44)
    sheet.freeze_panes(1, people)
    sheet.autofilter(0, 0, len(tables.sheet), people - 1)
    sheet.repeat_columns(0, people - 1)
    _page(sheet, tables.title, A3)


def _details(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    minutes = DETAIL_COLUMNS.index("分钟")
    _fill(sheet, DETAIL_COLUMNS, tables.details, looks, lambda column: "mark" if column == minutes else "wrapped")
    _widths(sheet, (11, 5, 8, 9, 14, 10, 10, 15, 6, 46, 16, 10, 54), tables.details)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(tables.details), len(DETAIL_COLUMNS) - 1)
    _page(sheet, f"{tables.title} · {SHEETS[1]}", A4)


def _notes(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    _fill(sheet, NOTE_COLUMNS, tables.notes, looks, lambda column: "wrapped")
    _widths(sheet, (16, 125), tables.notes)
    sheet.freeze_panes(1, 0)
    _page(sheet, f"{tables.title} · {SHEETS[2]}", A4)


def _fill(
    sheet: Any, head: Sequence[str], rows: Sequence[Row], looks: Mapping[str, Any], look_of: Callable[[int], str]
) -> None:
    """The header and the rows; a mark has a look of its own. Typed writes: no string becomes anything else."""
    for column, name in enumerate(head):
        sheet.write_string(0, column, name, looks["head"])
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            look = (looks.get(str(cell)) if look_of(column) == "mark" else None) or looks[look_of(column)]
            if isinstance(cell, int):
                sheet.write_number(number, column, cell, look)
            else:
                sheet.write_string(number, column, cell[:CELL_MAX], look)


def _widths(sheet: Any, widths: Sequence[int], rows: Sequence[Row]) -> None:
    """Column widths, and the height of rows whose text needs more lines: not every program finds it by itself."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    for number, row in enumerate(rows, 1):
        lines = max(-(-_room(str(cell)) // width) for cell, width in zip(row, widths, strict=True))
        if lines > 1:
            sheet.set_row(number, LINE_POINTS * lines)


def _room(text: str) -> int:
    """The room of a text in column widths: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _page(sheet: Any, title: str, paper: int) -> None:
    """Landscape, one page wide, the header on every page; & begins a code in page headers."""
    sheet.set_landscape()
    sheet.set_paper(paper)
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_header(f"&C&14{title[:100].replace('&', '&&')}")
    sheet.set_footer(f"&L&9{LEGEND}&R&9第 &P 页 共 &N 页")
