"""The attendance sheet as a PDF on A3 landscape: 考勤表 with its grid, 异常明细, 更正, 说明.

fpdf2 draws it: WeasyPrint lays a grid of 500 people out in half a minute, this takes seconds (docs/adr/0029).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

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
    TOTAL_COLUMNS,
    Row,
    Tables,
    printed_rows,
)
from monitor.exports.paper import MM, Fill, Paper

WIDTH, HEIGHT, MARGIN = 420.0, 297.0, 8.0
TOP, BOTTOM = 24.0, 284.0
"""Millimetres from the top of the page between which rows stand."""
ROW: Final = 4.6
LINE: Final = 3.6
_FILLS: Final[Mapping[str, Fill]] = {
    Symbol.ABSENT: (153, 0, 0), Symbol.OFF_POST: (246, 178, 107), Symbol.LATE: (255, 229, 153),
    Symbol.EARLY: (255, 242, 204), Symbol.UNKNOWN: (159, 197, 232), Symbol.LEAVE: (217, 234, 211),
    Symbol.OFFICIAL: (217, 234, 211), Symbol.REST: (243, 243, 243),
}  # fmt: skip
"""Fills differ in lightness, so that a grey print still tells them apart; the sign itself says what it is."""
_HEAD: Final[Fill] = (221, 221, 221)
_SUM: Final[Fill] = (240, 240, 240)


def as_pdf(tables: Tables) -> bytes:
    """The sheets one after the other. The same tables and font give the same bytes. Raises CannotPrint."""
    page = _Page(tables)
    _sheet(page, tables)
    _list(page, "异常明细", DETAIL_COLUMNS, tables.details, _DETAIL_WIDTHS)
    if tables.corrections:
        _list(page, "更正", CORRECTION_COLUMNS, tables.corrections, _CORRECTION_WIDTHS)
    _list(page, "说明", NOTE_COLUMNS, tables.notes, (40, 364))
    return bytes(page.output())


class _Page(Paper):
    """Pages with a title above and the legend below; `y_now` is where the next row begins."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(title=tables.title, made=tables.made, form="A3")
        self.tables = tables
        self.part = ""
        self.y_now = TOP

    def begin(self, part: str) -> None:
        self.part = part
        self.add_page()
        self.y_now = TOP

    def header(self) -> None:
        self.set_text_color(0)
        self.put(
            WIDTH / 2, 13, f"{self.tables.title} · {self.part}" if self.part != "考勤表" else self.tables.title, 16
        )
        self.put(MARGIN, 20, f"期间：{self.tables.period}　　{self.tables.state}", 8, centred=False)

    def footer(self) -> None:
        self.put(MARGIN, HEIGHT - 6, f"图例：{LEGEND}", 8, centred=False)
        edition = f"第 {self.tables.version} 版" if self.tables.version else "草稿"
        self.set_font("cjk", size=8)
        self.set_xy(WIDTH - MARGIN - 80, HEIGHT - 9.5)
        self.cell(
            80, 4.5, f"{edition} · 第 {self.page_no()} 页 共 {{nb}} 页", align="R"
        )  # {nb} is filled in cells only


# --------------------------------------------------------------------------- 考勤表

_PERSON_WIDTHS: Final = (15.0, 15.0, 24.0)
_DAY_WIDTH: Final = 3.75
_TOTAL_WIDTH: Final = (WIDTH - 2 * MARGIN - sum(_PERSON_WIDTHS) - _DAY_WIDTH * len(DAY_COLUMNS)) / len(TOTAL_COLUMNS)
_EDGES: Final = tuple(
    accumulate((*_PERSON_WIDTHS, *([_DAY_WIDTH] * len(DAY_COLUMNS)), *([_TOTAL_WIDTH] * len(TOTAL_COLUMNS))),
               initial=MARGIN)
)  # fmt: skip
_DAYS_FROM: Final = len(PERSON_COLUMNS)
_SIZE: Final = 7.0
_SMALL: Final = 5.0


def _sheet(page: _Page, tables: Tables) -> None:
    page.begin("考勤表")
    _sheet_head(page, tables)
    changed = set(tables.changed)
    for what, row in printed_rows(tables):
        if page.y_now + ROW > BOTTOM:
            page.begin("考勤表")
            _sheet_head(page, tables)
        _sheet_row(page, row, changed, what)
    if page.y_now + 14 > BOTTOM:
        page.begin("考勤表")
    for number, text in enumerate(SIGNATURES):
        page.put(MARGIN + number * (WIDTH - 2 * MARGIN) / len(SIGNATURES), page.y_now + 11, text, 10, centred=False)


def _sheet_head(page: _Page, tables: Tables) -> None:
    """Weekdays, days off and worked, then the columns' names."""
    top, first = page.y_now, _EDGES[_DAYS_FROM]
    days_edges = [first + 2 * _DAY_WIDTH * number for number in range(len(DAY_COLUMNS) // 2 + 1)]
    for number, day in enumerate(tables.days):
        if day.mark and day.mark != "班":
            page.fill(days_edges[number], top, 2 * _DAY_WIDTH, 2 * LINE, (235, 235, 235))
        middle = days_edges[number] + _DAY_WIDTH
        page.put(middle, top + LINE - 0.9, day.weekday, 6)
        page.put(middle, top + 2 * LINE - 0.9, day.mark[:3], 6 if len(day.mark) < 3 else 5)
    page.put((MARGIN + first) / 2, top + LINE - 0.9, "星期", 6)
    page.put((MARGIN + first) / 2, top + 2 * LINE - 0.9, "班休", 6)
    for y in (top, top + LINE):
        page.grid([MARGIN, *days_edges], y, y + LINE)
    top += 2 * LINE
    tall = 3 * LINE
    page.fill(MARGIN, top, _EDGES[-1] - MARGIN, tall, _HEAD)
    for column, name in enumerate(COLUMNS):
        left, right = _EDGES[column], _EDGES[column + 1]
        lines = [name[:-1], name[-1]] if name in DAY_COLUMNS else page.lines(name, right - left - 0.4, 6)
        _stacked(page, (left + right) / 2, top, tall, lines, 6)
    page.grid(_EDGES, top, top + tall)
    page.y_now = top + tall


def _stacked(page: _Page, x: float, top: float, tall: float, lines: Sequence[str], size: float) -> None:
    step = size * MM * 1.25
    y = top + (tall - step * len(lines)) / 2 + size * MM
    for line in lines:
        page.put(x, y, line, size)
        y += step


def _sheet_row(page: _Page, row: Row, changed: set[tuple[str, str]], what: str) -> None:
    top = page.y_now
    if what != "person":
        page.fill(MARGIN, top, _EDGES[-1] - MARGIN, ROW, _SUM)
    framed: list[int] = []
    for column, cell in enumerate(row):
        text, left, width = str(cell or ""), _EDGES[column], _EDGES[column + 1] - _EDGES[column]
        if column < _DAYS_FROM:
            _label(page, left + 0.6, top, width - 1, text)
            continue
        if isinstance(cell, str) and cell in _FILLS:
            page.fill(left, top, width, ROW, _FILLS[cell])
        if cell == Symbol.ABSENT:
            page.set_text_color(255)
        page.put(left + width / 2, top + 3.3, text, _SIZE if len(text) < 4 else 5.5)
        if cell == Symbol.ABSENT:
            page.set_text_color(0)
        if (str(row[0]), COLUMNS[column]) in changed:
            framed.append(column)
    page.grid(_EDGES, top, top + ROW)
    for column in framed:
        _frame(page, _EDGES[column], top, _EDGES[column + 1] - _EDGES[column])
    page.y_now = top + ROW


def _label(page: _Page, left: float, top: float, room: float, text: str) -> None:
    """A name: in small type on two lines where one has no room for it, and then … where they have none either."""
    if page.width_of(text, _SIZE) <= room:
        page.put(left, top + 3.3, text, _SIZE, centred=False)
        return
    lines = page.lines(text, room, _SMALL)
    if len(lines) > 2:
        lines = [lines[0], page.lines(lines[1], room - page.width_of("…", _SMALL), _SMALL)[0] + "…"]
    first = top + (2.0 if len(lines) == 2 else 3.0)
    for number, line in enumerate(lines):
        page.put(left, first + number * 2.1, line, _SMALL, centred=False)


def _frame(page: _Page, left: float, top: float, width: float) -> None:
    """A cell that was corrected since the month was closed."""
    page.set_line_width(0.5)
    page.set_draw_color(0)
    page.rect(left, top, width, ROW)
    page.set_line_width(0.1)


# --------------------------------------------------------------------------- lists

_DETAIL_WIDTHS: Final = (20, 8, 18, 18, 26, 24, 18, 28, 11, 92, 30, 18, 18, 75)
_CORRECTION_WIDTHS: Final = (12, 12, 36, 20, 20, 30, 34, 24, 24, 32, 160)


def _list(page: _Page, part: str, head: Sequence[str], rows: Iterable[Row], widths: Sequence[float]) -> None:
    """A table whose cells wrap; the head stands on every page, and a row of more than a page goes on on the next."""
    edges = tuple(accumulate(widths, initial=MARGIN))
    page.begin(part)
    _list_head(page, edges, head)
    for row in rows:
        texts = [page.lines(str(cell), width - 1.6, _LIST_SIZE) for cell, width in zip(row, widths, strict=True)]
        left = max(map(len, texts))
        if page.y_now + left * LINE + 1.2 > BOTTOM and page.y_now > TOP + 2 * LINE:
            page.begin(part)
            _list_head(page, edges, head)
        while left > 0:
            fitting = int((BOTTOM - page.y_now - 1.2) / LINE)
            _written(page, edges, [lines[:fitting] for lines in texts], min(left, fitting))
            texts = [lines[fitting:] for lines in texts]
            left -= fitting
            if left > 0:
                page.begin(part)
                _list_head(page, edges, head)


_LIST_SIZE: Final = 8.0


def _list_head(page: _Page, edges: Sequence[float], head: Sequence[str]) -> None:
    page.fill(edges[0], page.y_now, edges[-1] - edges[0], LINE + 1.2, _HEAD)
    _written(page, edges, [[text] for text in head], 1)


def _written(page: _Page, edges: Sequence[float], texts: Sequence[Sequence[str]], lines_high: int) -> None:
    for left, lines in zip(edges, texts, strict=False):
        for number, line in enumerate(lines):
            page.put(left + 0.8, page.y_now + 3.3 + number * LINE, line, _LIST_SIZE, centred=False)
    tall = lines_high * LINE + 1.2
    page.grid(edges, page.y_now, page.y_now + tall)
    page.y_now += tall
