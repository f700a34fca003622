"""A report as a PDF on A4: its texts, then every table with wrapped cells; the head stands on every page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal

from monitor.exports.assessment.table import Column, Report, Table, texts_of
from monitor.exports.paper import Paper

MARGIN: Final = 10.0
LINE: Final = 3.5
SIZE: Final = 7.5
BODY: Final = 10.5
BODY_LINE: Final = 6.2
NAME: Final = 10.5
_BEGUN: Final = 36.0
"""A table is begun where there is so much room: its name, note, head and some rows."""
_HEAD: Final = (221, 221, 221)
_GROUP: Final = (238, 238, 238)
_RIGHT: Final = frozenset({"int", "points", "share", "number"})
Way = Literal["landscape", "portrait"]


def as_pdf(report: Report, way: Way = "landscape") -> bytes:
    """The same report and font give the same bytes. Raises CannotPrint without a Chinese font."""
    page = _Page(report, way)
    page.begin()
    for text in report.texts:
        page.paragraph(text)
    for table in report.tables:
        page.draw(table)
    return bytes(page.output())


class _Page(Paper):
    """`y_now`: where the next row begins, millimetres from the top."""

    def __init__(self, report: Report, way: Way) -> None:
        super().__init__(title=report.title, made=report.made, form="A4", orientation=way)
        self.report = report
        self.bottom = self.h - 13.0
        self.top = 25.0
        self.y_now = self.top

    def begin(self) -> None:
        self.add_page()
        self.y_now = self.top

    def header(self) -> None:
        self.set_text_color(0)
        size = 14.0
        room = self.w - 2 * MARGIN
        lines = self.lines(self.report.title, room, size)
        if len(lines) > 1:
            size = 10.0
            lines = self.lines(self.report.title, room, size)[:2]
        for number, line in enumerate(lines):
            self.put(self.w / 2, 11 + number * 4.2, line, size)
        self.put(MARGIN, 20, f"期间：{self.report.period}　　{self.report.state}", 7.5, centred=False)

    def footer(self) -> None:
        self.put(MARGIN, self.h - 6, self.report.foot, 7, centred=False)
        self.set_font("cjk", size=7.5)
        self.set_xy(self.w - MARGIN - 60, self.h - 9.5)
        self.cell(60, 4.5, f"第 {self.page_no()} 页 共 {{nb}} 页", align="R")  # {nb} is filled in cells only

    def paragraph(self, text: str) -> None:
        for line in self.lines(text, self.w - 2 * MARGIN - 10, BODY):
            self._room_for(BODY_LINE)
            self.put(MARGIN + 5, self.y_now + 4.6, line, BODY, centred=False)
            self.y_now += BODY_LINE

    def _room_for(self, tall: float) -> None:
        if self.y_now + tall > self.bottom:
            self.begin()

    # ----------------------------------------------------------------------- tables

    def draw(self, table: Table) -> None:
        """Under what stands on the page already; a row of more than a page goes on on the next."""
        edges = _edges(table.columns, self.w - 2 * MARGIN)
        self._room_for(_BEGUN)
        self._name(table.name)
        if table.note:
            for line in self.lines(table.note, self.w - 2 * MARGIN, SIZE):
                self.put(MARGIN, self.y_now + 3, line, SIZE, centred=False)
                self.y_now += LINE + 0.4
        self._table_head(table, edges)
        widths = [right - left for left, right in zip(edges, edges[1:], strict=False)]
        for index, row in enumerate(table.rows):
            cells = texts_of(row, table.columns)
            wrapped = [self.lines(text, width - 1.4, SIZE) for text, width in zip(cells, widths, strict=True)]
            self._row(table, edges, wrapped, fill=index in table.groups)
        if not table.rows:
            self.put(MARGIN + 1, self.y_now + 3.6, "（无）", SIZE, centred=False)
            self.y_now += LINE + 1.2

    def _name(self, name: str) -> None:
        if self.y_now > self.top:
            self.y_now += 3.5
        self.put(MARGIN, self.y_now + 3.6, name, NAME, centred=False)
        self.y_now += 5.4

    def _table_head(self, table: Table, edges: Sequence[float]) -> None:
        widths = [right - left for left, right in zip(edges, edges[1:], strict=False)]
        names = [self.lines(c.name, width - 1.0, SIZE) for c, width in zip(table.columns, widths, strict=True)]
        tall = max(map(len, names)) * LINE + 1.2
        self.fill(edges[0], self.y_now, edges[-1] - edges[0], tall, _HEAD)
        self._written(edges, names, max(map(len, names)), ())

    def _row(self, table: Table, edges: Sequence[float], wrapped: list[list[str]], *, fill: bool) -> None:
        left = max(map(len, wrapped))
        if self.y_now + min(left, 12) * LINE + 1.2 > self.bottom:
            self._next(table, edges)
        right = [number for number, column in enumerate(table.columns) if column.kind in _RIGHT]
        while left > 0:
            fitting = max(1, int((self.bottom - self.y_now - 1.2) / LINE))
            tall = min(left, fitting)
            if fill:
                self.fill(edges[0], self.y_now, edges[-1] - edges[0], tall * LINE + 1.2, _GROUP)
            self._written(edges, [lines[:fitting] for lines in wrapped], tall, right)
            wrapped = [lines[fitting:] for lines in wrapped]
            left -= fitting
            if left > 0:
                self._next(table, edges)

    def _next(self, table: Table, edges: Sequence[float]) -> None:
        self.begin()
        self._name(f"{table.name}（续）")
        self._table_head(table, edges)

    def _written(
        self, edges: Sequence[float], texts: Sequence[Sequence[str]], lines_high: int, right: Sequence[int]
    ) -> None:
        for column, lines in enumerate(texts):
            for number, line in enumerate(lines):
                x = edges[column] + 0.7
                if column in right:
                    x = edges[column + 1] - 0.7 - self.width_of(line, SIZE)
                self.put(x, self.y_now + 3.2 + number * LINE, line, SIZE, centred=False)
        tall = lines_high * LINE + 1.2
        self.grid(edges, self.y_now, self.y_now + tall)
        self.y_now += tall


def _edges(heads: Sequence[Column], room: float) -> tuple[float, ...]:
    """The columns' edges: the room shared out by their widths."""
    whole = sum(column.width for column in heads)
    return tuple(accumulate((column.width / whole * room for column in heads), initial=MARGIN))
