"""A page drawn by fpdf2 with the machine's Chinese font: text that is measured sign by sign, wrapped cells, grids.

fpdf2 draws large tables in seconds where WeasyPrint takes half a minute (docs/adr/0029).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from fpdf import FPDF
from fpdf.fonts import TTFFont

from monitor.exports.pdf import chinese_font

MM: Final = 0.3528
"""Millimetres of a point."""
Fill = tuple[int, int, int]


class Paper(FPDF):
    """Pages in millimetres; what makes them writes heads and feet. Raises CannotPrint without a Chinese font."""

    def __init__(
        self, *, title: str, made: datetime, form: str, orientation: Literal["landscape", "portrait"] = "landscape"
    ) -> None:
        super().__init__(orientation=orientation, unit="mm", format=form)
        font = chinese_font()
        self.add_font("cjk", "", font.path, collection_font_number=font.number)
        font_file = self.fonts["cjk"]
        assert isinstance(font_file, TTFFont)  # add_font with a path adds no other
        self._glyphs: Container[int] = font_file.cmap
        self.set_auto_page_break(False)
        self.set_creation_date(made.astimezone(UTC))
        self.set_title(title)
        self.set_line_width(0.1)
        self._widths: dict[tuple[str, float], float] = {}

    def put(self, x: float, y: float, text: str, size: float, *, centred: bool = True) -> None:
        """Text with its base line at y, about x or from it; □ for a sign that the font lacks, so that it is missed."""
        text = self.known(text)
        if text:
            self.set_font("cjk", size=size)
            self.text(x - self.width_of(text, size) / 2 if centred else x, y, text)

    def known(self, text: str) -> str:
        return "".join(sign if sign == "\n" or ord(sign) in self._glyphs else "□" for sign in text)

    def width_of(self, text: str, size: float) -> float:
        return sum(self._width(sign, size) for sign in self.known(text))

    def _width(self, sign: str, size: float) -> float:
        if (sign, size) not in self._widths:
            self.set_font("cjk", size=size)
            self._widths[sign, size] = self.get_string_width(sign)
        return self._widths[sign, size]

    def lines(self, text: str, room: float, size: float) -> list[str]:
        """The text in lines that are no wider than the room; Chinese breaks anywhere, and so does the rest."""
        found: list[str] = []
        for part in self.known(text).split("\n"):
            line, used = "", 0.0
            for sign in part:
                width = self._width(sign, size)
                if line and used + width > room:
                    found.append(line)
                    line, used = "", 0.0
                line, used = line + sign, used + width
            found.append(line)
        return found

    def fill(self, x: float, y: float, width: float, height: float, colour: Fill) -> None:
        self.set_fill_color(*colour)
        self.rect(x, y, width, height, style="F")

    def grid(self, edges: Sequence[float], top: float, bottom: float) -> None:
        self.set_draw_color(120)
        for x in edges:
            self.line(x, top, x, bottom)
        self.line(edges[0], top, edges[-1], top)
        self.line(edges[0], bottom, edges[-1], bottom)
