"""Rows of a case log, one by one: CSV (UTF-8, BOM, GB18030) and XLSX, however long (DESIGN §3.2, §8)."""

from __future__ import annotations

import codecs
import contextlib
import csv
import zipfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from monitor.ingest.spreadsheets import uncalculated

Row = tuple[int, Mapping[str, Any]]
"""(row number as a spreadsheet shows it, the header being row 1; cells by column, empty ones left out)."""

_BAD_BOOK: Final = (zipfile.BadZipFile, InvalidFileException, ElementTree.ParseError, KeyError, ValueError)
_PIECE: Final = 1 << 20
_NOT_CALCULATED: Final = "公式没有存值 a formula without a stored value; 打开并保存 open and save it in a spreadsheet"


class BadLog(ValueError):
    """The file cannot be read as a log of this map; the text names the file and the row or column."""


class EventLog:
    """A log file that was looked through once: encoding, syntax, header. `rows()` may be read any number of times.

    Raises BadLog for a file that is no table, lacks a column of `wanted` or has it twice; OSError where it cannot be
    read.
    """

    def __init__(self, path: Path, wanted: set[str], sheet: str | None = None) -> None:
        self._path, self._sheet = path, sheet
        self._title = ""
        self._is_book = path.suffix.lower() == ".xlsx"
        self._encoding = "" if self._is_book else _encoding(path)
        if self._is_book:
            _sound_book(path)
        with contextlib.closing(self._lines()) as lines:
            header = next(lines, None)
            if header is None:
                raise BadLog(f"{path}: 空文件，应有表头行 empty; a header row is wanted")
            self._header = ["" if cell is None else str(cell).strip() for cell in header]
            self._check_header(wanted)
            if self._is_book:
                self._check_formulas(wanted)
            else:
                for _ in lines:  # a broken quotation mark shows before the first row is written
                    pass

    def _check_header(self, wanted: set[str]) -> None:
        missing = sorted(wanted - set(self._header))
        if missing:
            there = ", ".join(name for name in self._header if name)
            raise BadLog(
                f"{self._path}: 缺少列 no column {', '.join(map(repr, missing))}; 现有的列 there are: {there or '–'}"
            )
        twice = sorted(name for name in wanted if self._header.count(name) > 1)
        if twice:
            raise BadLog(
                f"{self._path}: 列名重复，保留一列 column {', '.join(map(repr, twice))} is there twice; keep one"
            )

    def _check_formulas(self, wanted: set[str]) -> None:
        """A formula that nothing has calculated would read as an empty cell: a time would be missing unseen."""
        for sheet, row, column in uncalculated(self._path):
            name = self._header[column - 1] if column <= len(self._header) else ""
            if sheet == self._title and name in wanted:
                raise BadLog(f"{self._path} [{sheet}] 第 {row} 行 row {row}: {name}: {_NOT_CALCULATED}")

    def rows(self) -> Iterator[Row]:
        with contextlib.closing(self._lines()) as lines:
            next(lines, None)
            for number, cells in enumerate(lines, 2):
                row = {name: cell for name, cell in zip(self._header, cells, strict=False) if cell not in (None, "")}
                if row:
                    yield number, row

    def _lines(self) -> Generator[Sequence[Any], None, None]:
        return self._book_lines() if self._is_book else self._csv_lines()

    def _csv_lines(self) -> Generator[Sequence[Any], None, None]:
        with self._path.open(encoding=self._encoding, newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                yield from reader
            except csv.Error as error:
                raise BadLog(
                    f"{self._path}: 第 {reader.line_num} 行 line {reader.line_num}: 不是合法的 CSV no CSV: {error}"
                ) from None

    def _book_lines(self) -> Generator[Sequence[Any], None, None]:
        with contextlib.closing(load_workbook(self._path, read_only=True, data_only=True)) as book:
            if self._sheet is not None and self._sheet not in book.sheetnames:
                raise BadLog(
                    f"{self._path}: 没有工作表 no sheet {self._sheet!r}; 现有 there are: {', '.join(book.sheetnames)}"
                )
            sheet = book[self._sheet] if self._sheet is not None else book.worksheets[0]
            self._title = sheet.title
            sheet.reset_dimensions()  # some programs write a range that is too small
            yield from sheet.iter_rows(values_only=True)


def _encoding(path: Path) -> str:
    """utf-8-sig where all of the file is UTF-8, else gb18030 where all of it is that."""
    for name in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(name)()
        with path.open("rb") as file, contextlib.suppress(UnicodeDecodeError):
            while piece := file.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
            return name
    raise BadLog(f"{path}: 既不是 UTF-8 也不是 GB18030，请另存为 UTF-8 neither UTF-8 nor GB18030; save it as UTF-8")


def _sound_book(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
        if bad is None:
            load_workbook(path, read_only=True).close()
            return
    except _BAD_BOOK as error:
        raise BadLog(f"{path}: 不是合法的 XLSX no XLSX: {error}; 请重新另存 save it again as .xlsx") from None
    raise BadLog(f"{path}: XLSX 已损坏 no XLSX: {bad} in it is damaged; 请重新另存 save it again as .xlsx")
