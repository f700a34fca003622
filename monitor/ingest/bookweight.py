"""What a workbook would weigh in memory, told before it is read (docs/security.md, zip bombs).

A workbook is a zip of XML parts. Of the sheets openpyxl lets go of each row once it has it, of everything else it makes
objects, and a row it fills up to its last column. 63 kB of `<a/>` in a part came to 1.8 GB, 200,000 rows that begin in
the last column to hours. So every part is gone through once by expat, which keeps nothing: entities are refused, and
so is what would be held or filled up beyond a budget.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any, Final
from xml.parsers import expat

MOST_HELD: Final = 400_000
"""Elements and attributes that are in memory at once: some 100 MB. Styles of large workbooks come to a tenth of it."""
MOST_PARTS: Final = 2_000
SILENT_BYTES: Final = 1 << 20
"""A tag, a comment or a text of more bytes is none of a table."""
_PIECE: Final = 1 << 16
_LET_GO: Final = frozenset({"row", "si"})
"""Elements that openpyxl empties once it has read them: rows of sheets and shared strings."""
_XML: Final = (".xml", ".rels")
_LOOKS_XML: Final = (b"<", b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe", b"\x00\x00", b"\x00<", b"Lo\xa7\x94")
"""How XML begins, in any encoding that a parser knows: a part of another name may be a sheet all the same."""
_DRAWING_BYTES: Final = 2 << 20


class TooHeavy(ValueError):
    """A workbook that is larger than it looks; the text says in what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """`unpacked`: bytes of all parts. `cells`: of all sheets, rows filled up to their last column."""

    unpacked: int
    cells: int


SENT: Final = Budget(unpacked=64 << 20, cells=8_000_000)
"""For a workbook that comes by the network and is read by the daemon."""
OWN: Final = Budget(unpacked=2 << 30, cells=200_000_000)
"""For a file that an operator names on the command line."""


def weigh(file: Any, budget: Budget) -> None:
    """Raise TooHeavy, or what `zipfile` raises, for a workbook that is not to be read. `file`: a path or a file."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS:
            raise TooHeavy(f"{len(parts)} 个部件 parts, 至多 at most {MOST_PARTS}")
        total = sum(part.file_size for part in parts)  # zipfile gives no more of a part than that
        if total > budget.unpacked:
            most = budget.unpacked >> 20
            raise TooHeavy(f"解压后超过 {most} MB，请分成几份 more than {most} MB unpacked: split it")
        cells = 0
        for part in parts:
            with archive.open(part) as opened:
                cells += _Scales(part, budget.cells - cells).weigh(opened)


class _Scales:
    """One part on its way through expat. Every cell comes by here twice: what is looked up is kept at hand."""

    def __init__(self, part: zipfile.ZipInfo, cells_most: int) -> None:
        self._name, self._size, self._most = part.filename, part.file_size, cells_most
        self._held = self._kept = self._depth = 0
        self._cells = self._row = self._last = 0
        self._tags: dict[str, str] = {}

    def weigh(self, part: IO[bytes]) -> int:
        """The cells in it. Raises TooHeavy."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.EntityDeclHandler = self._entity
        silent, before, head = 0, -1, b""
        while piece := part.read(_PIECE):
            head = head or piece[:4]
            try:
                parser.Parse(piece, False)
            except expat.ExpatError as error:
                if self._is_xml(head):
                    raise TooHeavy(f"{self._name}: 不是合法的 XML no XML: {error}") from None
                break
            now = self._held + self._cells
            silent, before = (0, now) if now != before else (silent + len(piece), before)
            if silent > SILENT_BYTES:
                raise TooHeavy(f"{self._name}: 单个标记过长 a tag or text of more than {SILENT_BYTES >> 20} MB")
        return self._cells

    def _is_xml(self, head: bytes) -> bool:
        """Whether somebody might read as XML what expat does not: lxml, which reads the smaller parts, forgives more.
        Drawings of comments (.vml) are often none, and nobody reads them.
        """
        name = self._name.lower()
        drawing = name.endswith(".vml") and self._size <= _DRAWING_BYTES
        return name.endswith(_XML) or (head.startswith(_LOOKS_XML) and not drawing)

    def _entity(self, *_: object) -> None:
        raise TooHeavy(f"{self._name}: 含实体声明 declares an entity")

    def _tag(self, name: str) -> str:
        """`row`, `si` or `c` whatever its namespace; empty for all others."""
        plain = name.rpartition(" ")[2]
        found = plain if plain in _LET_GO or plain == "c" else ""
        if len(self._tags) < MOST_PARTS:
            self._tags[name] = found
        return found

    def _start(self, name: str, attributes: list[str]) -> None:
        self._held += 1 + len(attributes) // 2
        if self._held > MOST_HELD:
            raise TooHeavy(f"{self._name}: 元素过多 more than {MOST_HELD} elements outside of rows, or in one")
        tag = self._tags.get(name)
        if tag is None:
            tag = self._tag(name)
        if tag == "c":
            self._reach(_place(attributes))
        elif tag:
            if self._depth == 0:
                self._kept = self._held
            self._depth += 1
            if tag == "row":
                self._next_row(_place(attributes))
            else:
                self._count(1)

    def _end(self, name: str) -> None:
        tag = self._tags.get(name, "")
        if tag and tag != "c":
            self._depth -= 1
            if self._depth == 0:
                self._held = self._kept - 1

    def _next_row(self, number: str) -> None:
        """A row counts as one cell, and so does each that is left out before it."""
        at = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else self._row + 1
        self._count(max(1, at - self._row))
        self._row, self._last = max(at, self._row + 1), 0

    def _reach(self, reference: str) -> None:
        """A row is filled up to its last cell."""
        letters = reference.rstrip("0123456789")
        column = _number(letters) if 0 < len(letters) <= 3 else self._last + 1
        if column > self._last:
            self._count(column - self._last)
            self._last = column

    def _count(self, cells: int) -> None:
        self._cells += cells
        if self._cells > self._most:
            raise TooHeavy(f"{self._name}: 单元格过多 too many cells, empty ones in between included: split it")


def _place(attributes: list[str]) -> str:
    """The value of `r`, which is the first in what programs write."""
    if attributes and attributes[0] == "r":
        return attributes[1]
    return dict(zip(attributes[::2], attributes[1::2], strict=True)).get("r", "")


@lru_cache(maxsize=20_000)
def _number(letters: str) -> int:
    """A → 1, XFD → 16,384; what is no column counts as the last."""
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            return 16_384
        number = number * 26 + ord(letter) - 64
    return number
