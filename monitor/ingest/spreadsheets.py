"""Where spreadsheets differ from tables: text that they would calculate, formulas that nothing has calculated, and what
a workbook unpacks to (`weighed`, which every reader of a workbook calls first).
"""

from __future__ import annotations

import contextlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from typing import IO, Any, Final

_FORMULA: Final = re.compile(r"'*(?:[=+\-@\t\r\n]|[＝＋－＠](?=.))", re.DOTALL)
"""How a cell begins that programs calculate, some also with full-width signs (the mark － alone is none), and what was
guarded against that already."""
_MARKUP: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_PIECE: Final = 1 << 20
MOST_ROWS: Final = 1_048_576
"""Of a sheet; a damaged file that names a later one would be read for hours."""
_LONGEST: Final = 32
"""More bytes than `_MARKUP` matches, carried over from piece to piece."""


def bad_book() -> tuple[type[Exception], ...]:
    """What openpyxl raises for a file that is no workbook, a broken one, or one with parts that it does not know. Both
    of its readers of XML raise kinds of SyntaxError.
    """
    from openpyxl.utils.exceptions import (
        InvalidFileException,
    )  # here: with numpy, which it loads where it is, 30 MB that a daemon does not need

    return (
        zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError,
        LookupError, ValueError, TypeError, AttributeError, NotImplementedError, RuntimeError, OSError, EOFError,
    )  # fmt: skip


def open_book(file: Any, **options: Any) -> Any:
    """A workbook, to be closed; links to other workbooks are not read. Raises `bad_book`."""
    from openpyxl import (
        load_workbook,
    )  # here: with numpy, which it loads where it is, 30 MB that a daemon does not need

    return load_workbook(file, keep_links=False, **options)


def guarded(cell: str) -> str:
    """A text cell of a CSV file that no spreadsheet calculates (OWASP, CSV injection); `unguarded` takes it back."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """A cell of a CSV file without the apostrophe that tells spreadsheets "this is text"."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def uncalculated(book: Any) -> Iterator[tuple[str, int, int]]:
    """(sheet, row, column), from 1, of each formula in a workbook that has no stored value.

    Programs that write workbooks without calculating leave such cells; read as values they would seem empty, and a
    limit or a time would be missing unseen. `book` is a path or an open file.
    """
    with zipfile.ZipFile(book) as archive:
        if not any(_has_formulas(archive, name) for name in archive.namelist() if name.startswith("xl/worksheets/")):
            return
    with (
        contextlib.closing(open_book(book, read_only=True, data_only=True)) as values,
        contextlib.closing(open_book(book, read_only=True)) as formulas,
    ):
        for value_sheet, formula_sheet in zip(values.worksheets, formulas.worksheets, strict=True):
            for sheet in (value_sheet, formula_sheet):
                sheet.reset_dimensions()
            rows = zip(value_sheet.iter_rows(values_only=True), formula_sheet.iter_rows(values_only=True), strict=True)
            for number, (stored, written) in enumerate(rows, 1):
                for column, (value, formula) in enumerate(zip_longest(stored, written), 1):
                    if value is None and formula is not None:
                        yield value_sheet.title, number, column


def _has_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        return any(_MARKUP.search(piece) for piece in _pieces(part))


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while piece := part.read(_PIECE):
        yield rest + piece
        rest = piece[-_LONGEST:]
