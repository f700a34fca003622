"""The tables of the attendance sheet as XLSX and CSV bytes; text stays text whatever it begins with."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from monitor.exports.attendance.symbols import Symbol
from monitor.exports.attendance.tables import (
    COLUMNS,
    CORRECTION_COLUMNS,
    DAY_COLUMNS,
    DETAIL_COLUMNS,
    LEGEND,
    NOTE_COLUMNS,
    PERSON_COLUMNS,
    SIGNATURES,
    Row,
    Tables,
    printed_rows,
)
from monitor.ingest.spreadsheets import guarded

SHEETS: Final = ("考勤表", "异常明细", "更正", "说明")
"""更正 only where there are corrections."""
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
HEAD: Final = 5
"""Row of 考勤表 that has the columns' names; above: title, period and state, legend, weekdays, days off or worked."""


def as_csv(tables: Tables) -> bytes:
    """The people of 考勤表 alone, UTF-8 with BOM; what a spreadsheet would take for a formula gets an apostrophe."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    rows = (COLUMNS, *tables.sheet)
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def as_xlsx(tables: Tables) -> bytes:
    """The sheets, laid out for A3 and A4 landscape. The same tables give the same bytes."""
    written = io.BytesIO()
    import xlsxwriter  # 3 MB, once a workbook is asked for

    with xlsxwriter.Workbook(written, OPTIONS) as book:
        book.set_properties({"title": tables.title, "created": tables.made.astimezone(UTC).replace(tzinfo=None)})
        looks = _looks(book)
        _sheet(book.add_worksheet(SHEETS[0]), tables, looks)
        _details(book.add_worksheet(SHEETS[1]), tables, looks)
        if tables.corrections:
            _corrections(book.add_worksheet(SHEETS[2]), tables, looks)
        _notes(book.add_worksheet(SHEETS[3]), tables, looks)
    return written.getvalue()


# --------------------------------------------------------------------------- looks

_GRID: Final = {"border": 1, "border_color": "#999999", "font_name": "宋体", "font_size": 10, "valign": "vcenter"}
_NO_ZERO: Final = "0;-0;"
"""A zero is there and is not shown: what is not 0 stands out."""
_DENSE: Final = 17
"""XlsxWriter's number of a fill with sparse dots: it prints where a light colour would vanish."""
LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"bold": True, "font_size": 18, "border": 0},
    "line": {"border": 0},
    "head": {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#DDDDDD"},
    "off": {"align": "center", "font_size": 8, "bg_color": "#EEEEEE", "font_color": "#666666"},
    "worked": {"align": "center", "font_size": 8, "bold": True},
    "sum": {"bold": True, "align": "center", "top": 2, "bg_color": "#F5F5F5", "num_format": _NO_ZERO},
    "text": {"shrink": True},
    "sum_text": {"bold": True, "top": 2, "bg_color": "#F5F5F5", "shrink": True},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "mark": {"align": "center", "num_format": _NO_ZERO},
    # Fills differ in lightness, so that a grey print still tells them apart; the sign itself says what it is.
    Symbol.ABSENT: {"align": "center", "bold": True, "font_color": "#FFFFFF", "bg_color": "#990000"},
    Symbol.OFF_POST: {"align": "center", "bold": True, "bg_color": "#F6B26B"},
    Symbol.LATE: {"align": "center", "bg_color": "#FFE599"},
    Symbol.EARLY: {"align": "center", "bg_color": "#FFF2CC"},
    Symbol.UNKNOWN: {"align": "center", "bold": True, "pattern": _DENSE, "fg_color": "#6FA8DC", "bg_color": "#FFFFFF"},
    Symbol.LEAVE: {"align": "center", "bg_color": "#D9EAD3"},
    Symbol.OFFICIAL: {"align": "center", "bg_color": "#D9EAD3"},
    Symbol.REST: {"align": "center", "font_color": "#808080", "bg_color": "#F3F3F3"},
}
_CHANGED: Final = {"border": 5, "border_color": "#000000"}
"""A cell that was corrected since the month was closed has a thick frame."""


def _looks(book: Any) -> dict[str, Any]:
    plain = {name: book.add_format({**_GRID, **look}) for name, look in LOOKS.items()}
    framed = {f"{name}*": book.add_format({**_GRID, **look, **_CHANGED}) for name, look in LOOKS.items()}
    return plain | framed


# --------------------------------------------------------------------------- 考勤表


def _sheet(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    people, days = len(PERSON_COLUMNS), len(DAY_COLUMNS)
    sheet.write_string(0, 0, tables.title, looks["title"])
    sheet.write_string(1, 0, f"期间：{tables.period}　　{tables.state}", looks["line"])
    sheet.write_string(2, 0, f"图例：{LEGEND}", looks["line"])
    _days(sheet, tables, looks)
    _row(sheet, HEAD, COLUMNS, lambda column, cell: looks["head"])
    changed = set(tables.changed)
    number = HEAD + 1

    def sums(column: int, cell: str | int) -> Any:
        return looks["sum_text" if column < people else "sum"]

    for what, row in printed_rows(tables):
        _row(sheet, number, row, _look_of(row, changed, looks) if what == "person" else sums)
        number += 1
    for column, text in zip(range(1, len(COLUMNS), 18), SIGNATURES, strict=False):  # 工号 is empty but of people
        sheet.write_string(number + 1, column, text, looks["line"])
    for column, width in enumerate((8, 8, 12)):
        sheet.set_column(column, column, width)
    sheet.set_column(people, people + days - 1, 2.6)
    sheet.set_column(people + days, len(COLUMNS) - 1, 4.3)
    sheet.set_row(0, 28)
    sheet.set_row(HEAD, 44)
    sheet.freeze_panes(HEAD + 1, people)
    sheet.autofilter(HEAD, 0, max(number - 1, HEAD), len(COLUMNS) - 1)
    sheet.repeat_columns(0, people - 1)
    _page(sheet, tables, SHEETS[0], A3, (3, HEAD))


def _days(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    """Weekday, and 班, 休 or the holiday's name, over each day's two columns."""
    first = len(PERSON_COLUMNS)
    for row, name in ((3, "星期"), (4, "班休")):
        sheet.merge_range(row, 0, row, first - 1, name, looks["worked"])
    for index, day in enumerate(tables.days):
        column = first + 2 * index
        look = looks["off" if day.mark and day.mark != "班" else "worked"]
        sheet.merge_range(3, column, 3, column + 1, day.weekday, look)
        sheet.merge_range(4, column, 4, column + 1, day.mark, look)


def _look_of(row: Row, changed: set[tuple[str, str]], looks: Mapping[str, Any]) -> Callable[[int, str | int], Any]:
    def look(column: int, cell: str | int) -> Any:
        frame = "*" if (str(row[0]), COLUMNS[column]) in changed else ""
        if column < len(PERSON_COLUMNS):
            return looks[f"text{frame}"]
        name = str(cell) if str(cell) in looks and isinstance(cell, str) else "mark"
        return looks[f"{name}{frame}"]

    return look


# --------------------------------------------------------------------------- the other sheets


def _details(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    minutes = DETAIL_COLUMNS.index("分钟")
    _list(sheet, DETAIL_COLUMNS, tables.details, looks, {minutes: "mark"})
    _widths(sheet, (11, 5, 8, 9, 14, 10, 10, 15, 6, 44, 16, 10, 9, 46), tables.details)
    sheet.freeze_panes(1, 4)
    sheet.autofilter(0, 0, len(tables.details), len(DETAIL_COLUMNS) - 1)
    _page(sheet, tables, SHEETS[1], A4, (0, 0))


def _corrections(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    _list(sheet, CORRECTION_COLUMNS, tables.corrections, looks, {0: "mark", 1: "mark"})
    _widths(sheet, (6, 6, 20, 8, 9, 14, 14, 10, 10, 12, 60), tables.corrections)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(tables.corrections), len(CORRECTION_COLUMNS) - 1)
    _page(sheet, tables, SHEETS[2], A4, (0, 0))


def _notes(sheet: Any, tables: Tables, looks: Mapping[str, Any]) -> None:
    _list(sheet, NOTE_COLUMNS, tables.notes, looks, {})
    _widths(sheet, (16, 125), tables.notes)
    sheet.freeze_panes(1, 0)
    _page(sheet, tables, SHEETS[3], A4, (0, 0))


def _list(
    sheet: Any, head: Sequence[str], rows: Sequence[Row], looks: Mapping[str, Any], look_of: Mapping[int, str]
) -> None:
    _row(sheet, 0, head, lambda column, cell: looks["head"])
    for number, row in enumerate(rows, 1):
        _row(sheet, number, row, lambda column, cell: looks[look_of.get(column, "wrapped")])


def _row(sheet: Any, number: int, row: Iterable[str | int], look_of: Callable[[int, str | int], Any]) -> None:
    """Typed writes: no string becomes anything else."""
    for column, cell in enumerate(row):
        if isinstance(cell, int):
            sheet.write_number(number, column, cell, look_of(column, cell))
        else:
            sheet.write_string(number, column, cell[:CELL_MAX], look_of(column, cell))


def _widths(sheet: Any, widths: Sequence[int], rows: Sequence[Row]) -> None:
    """Column widths, and the height of rows whose text needs more lines: not every program finds it by itself."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    for number, row in enumerate(rows, 1):
        lines = max(-(-room(str(cell)) // width) for cell, width in zip(row, widths, strict=True))
        if lines > 1:
            sheet.set_row(number, LINE_POINTS * lines)


def room(text: str) -> int:
    """The room of a text in column widths: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _page(sheet: Any, tables: Tables, name: str, paper: int, repeated: tuple[int, int]) -> None:
    """Landscape, one page wide, the heads on every page; & begins a code in page headers."""
    sheet.set_landscape()
    sheet.set_paper(paper)
    sheet.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(*repeated)
    title = f"{tables.title[:80]} · {name}".replace("&", "&&")
    sheet.set_header(f"&L&9{title}&R&9{_version(tables)}")
    sheet.set_footer(f"&L&9{LEGEND}&R&9第 &P 页 共 &N 页")


def _version(tables: Tables) -> str:
    return f"第 {tables.version} 版" if tables.version else "草稿"
