"""Rows of a case log, one by one: CSV (UTF-8, BOM, GB18030) and XLSX, however long (DESIGN §3.2, §8)."""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from monitor.ingest.bookweight import OWN, weigh
from monitor.ingest.spreadsheets import MOST_ROWS, bad_book, open_book, uncalculated

_PIECE: Final = 1 << 20
_NOT_CALCULATED: Final = "公式没有存值 a formula without a stored value; 打开并保存 open and save it in a spreadsheet"
_NO_BOOK: Final = "不是合法的 XLSX，请重新另存 no XLSX, save it again as .xlsx"
_ROWS_A_BEAT: Final = 5_000
_OTHER_DELIMITERS: Final = ";\t|，"

Beat = Callable[[int, int], None]
"""Told while the file is looked through: (bytes read, bytes to read). What it raises ends the reading."""


class BadLog(ValueError):
    """The file cannot be read as a log of this map; the text names the file and the row or column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRow:
    """One row. `number` as a spreadsheet shows it, the header being row 1; `cells` by the columns that are wanted,
    blank ones left out.

    `reason` is set where no event can be read in it, with what is wrong in `detail`: `empty_row`, `header_again`, or
    `malformed` where its cells do not stand under the header's columns.
    """

    number: int
    cells: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    detail: str = ""


class EventLog:
    """A log file that was looked through once: encoding, syntax, header. `rows()` may be read any number of times.

    `digest`: SHA-256 of the file, hex. `last_row`: number of its last row, None where only reading would tell (a
    workbook without its range). Raises BadLog for a file that is no table, lacks a column of `wanted` or has it twice;
    OSError where it cannot be read; what `beat` raises.
    """

    def __init__(
        self, path: Path, wanted: set[str], sheet: str | None = None, beat: Beat = lambda done, of: None
    ) -> None:
        self._path, self._sheet = path, sheet
        self._title = ""
        self._is_book = path.suffix.lower() == ".xlsx"
        self._encoding, self.digest = _looked_through(path, beat, is_text=not self._is_book)
        self.last_row = self._sound_book() if self._is_book else None
        with contextlib.closing(self._lines()) as lines:
            header = next(lines, None)
            if header is None:
                raise BadLog(f"{path}: 空文件，应有表头行 empty; a header row is wanted")
            self._header = ["" if cell is None else str(cell).strip() for cell in header]
            self._check_header(wanted)
            self._columns = [(name, at) for at, name in enumerate(self._header) if name in wanted]
            if self._is_book:
                self._check_formulas(wanted)
            else:
                self.last_row = self._checked(lines, beat)

    def _check_header(self, wanted: set[str]) -> None:
        missing = sorted(wanted - set(self._header))
        if missing:
            self._check_delimiter(wanted)
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

    def _check_delimiter(self, wanted: set[str]) -> None:
        """A header that would do if it were cut at another sign. Raises BadLog."""
        for sign in _OTHER_DELIMITERS:
            cut = {name.strip().strip('"') for cell in self._header for name in cell.split(sign)}
            if not self._is_book and wanted <= cut:
                raise BadLog(
                    f"{self._path}：列以 {sign!r} 分隔，应为逗号，请另存为逗号分隔的 CSV | "
                    f"its columns are separated by {sign!r}; save it as CSV with commas"
                )

    def _checked(self, lines: Iterator[Sequence[Any]], beat: Beat) -> int:
        """A broken quotation mark shows before the first row is written; gives the number of the last row."""
        size, last = self._path.stat().st_size, 1
        for number, cells in enumerate(lines, 2):
            if any(cells):
                last = number
            if number % _ROWS_A_BEAT == 0:
                beat(size, size)
        return last

    def rows(self, after: int = 1) -> Iterator[LogRow]:
        """The rows whose number is above `after`. Empty ones behind the last filled one are no rows of the log."""
        empty: range = range(0)
        with contextlib.closing(self._lines()) as lines:
            next(lines, None)
            for number, cells in enumerate(lines, 2):
                if number <= after:
                    continue
                row = self._row(number, cells)
                if row is None:
                    empty = range(empty.start if empty else number, number + 1)
                    continue
                for passed in empty:
                    yield LogRow(number=passed, reason="empty_row", detail="空行 the row is empty")
                empty = range(0)
                yield row

    def _row(self, number: int, cells: Sequence[Any]) -> LogRow | None:
        """None for an empty row."""
        width, named = len(cells), {}
        for name, at in self._columns:
            cell = _tidy(cells[at]) if at < width else None
            if cell is not None:
                named[name] = cell
        if not named and all(_tidy(cell) is None for cell in cells):
            return None
        if width != len(self._header) and (detail := self._misplaced(cells)):
            return LogRow(number=number, cells=named, reason="malformed", detail=detail)
        if len(named) == len(self._columns) and all(name == cell for name, cell in named.items()):
            return LogRow(number=number, reason="header_again", detail="表头重复 the header stands here again")
        return LogRow(number=number, cells=named)

    def _misplaced(self, cells: Sequence[Any]) -> str:
        """Why a row's cells cannot be told apart; empty where they can.

        A line that ends early may have been cut off, and an end that is missing would make a case overdue: where a
        column is missing that the map reads it is refused. A workbook leaves empty cells out, that is no fault.
        """
        width, due = len(cells), len(self._header)
        if any(_tidy(cell) is not None for cell in cells[due:]):
            return (
                f"cells: {due} 列下有 {width} 格，有逗号未加引号？ "
                f"{width} of them under {due} columns; is there a comma without quotation marks?"
            )
        lacking = [name for name, at in self._columns if at >= width]
        if lacking and not self._is_book:
            return (
                f"cells: 该行只有 {width} 格（应 {due} 格），缺 "
                f"the row ends after {width} of {due}, lacks {', '.join(map(repr, lacking))}"
            )
        return ""

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
        with contextlib.closing(open_book(self._path, read_only=True, data_only=True)) as book:
            sheet = self._sheet_of(book)
            sheet.reset_dimensions()  # some programs write a range that is too small
            number = 0
            try:
                for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                    if number > MOST_ROWS:
                        raise ValueError(f"a row beyond {MOST_ROWS}")
                    yield cells
            except bad_book() as error:
                where = f"第 {number} 行之后 behind row {number}"
                raise BadLog(f"{self._path}: {where}: {_NO_BOOK}: {error}") from None

    def _sound_book(self) -> int | None:
        """What the sheet says of its own length: good enough for a progress bar. Raises BadLog."""
        try:
            with zipfile.ZipFile(self._path) as archive:
                bad = archive.testzip()
            if bad is not None:
                raise BadLog(f"{self._path}: {_NO_BOOK}: {bad} 已损坏 is damaged")
            weigh(self._path, OWN)
            with contextlib.closing(open_book(self._path, read_only=True, data_only=True)) as book:
                rows = self._sheet_of(book).max_row
        except BadLog:
            raise
        except bad_book() as error:
            raise BadLog(f"{self._path}: {_NO_BOOK}: {error}") from None
        return rows if isinstance(rows, int) and rows > 1 else None

    def _sheet_of(self, book: Any) -> Any:
        if self._sheet is not None and self._sheet not in book.sheetnames:
            raise BadLog(
                f"{self._path}: 没有工作表 no sheet {self._sheet!r}; 现有 there are: {', '.join(book.sheetnames)}"
            )
        sheet = book[self._sheet] if self._sheet is not None else next(iter(book.worksheets), None)
        if sheet is None or sheet not in book.worksheets:
            raise BadLog(
                f"{self._path}: {self._sheet or ''}: 只有图表，没有表格 holds charts and no table; name another sheet"
            )
        self._title = sheet.title
        return sheet


def _tidy(cell: Any) -> Any:
    """A cell without the blanks around it; None where it says nothing."""
    if isinstance(cell, str):
        return cell.strip() or None
    return str(cell) if isinstance(cell, bool) else cell  # True == 1, but the two say different things


def _looked_through(path: Path, beat: Beat, *, is_text: bool) -> tuple[str, str]:
    """(encoding, SHA-256): utf-8-sig where all of the file is UTF-8, else gb18030 where all of it is that."""
    size, done = path.stat().st_size, 0
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8-sig")()
    is_utf8 = is_text
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            if is_utf8:
                is_utf8 = _decodes(decoder, piece)
            done += len(piece)
            beat(done, size)
    if not is_text or (is_utf8 and _decodes(decoder, b"", final=True)):
        return ("utf-8-sig" if is_text else ""), digest.hexdigest()
    chinese = codecs.getincrementaldecoder("gb18030")()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            beat(size, size)
            if not _decodes(chinese, piece):
                break
        else:
            if _decodes(chinese, b"", final=True):
                return "gb18030", digest.hexdigest()
    raise BadLog(f"{path}: 既不是 UTF-8 也不是 GB18030，请另存为 UTF-8 neither UTF-8 nor GB18030; save it as UTF-8")


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final=final)
    except UnicodeDecodeError:
        return False
    return True
