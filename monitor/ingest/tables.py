"""Tables as people keep them — TOML, CSV, XLSX, or JSON arrays — read into rows that know their place (DESIGN §7).

Cells come out as the file gives them: text, numbers, booleans, dates, instants, lists. Empty cells, empty strings and
missing keys are all absent; blank rows are skipped. What a cell means is the business of `columns`.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from monitor.ingest.bookweight import OWN, SENT, Budget, weigh
from monitor.ingest.spreadsheets import MOST_ROWS, bad_book, open_book, uncalculated, unguarded

FORMATS_ZH: Final = "可用 .toml、.xlsx、.csv（文件名即表名）或一个 CSV 文件夹"
FORMATS_EN: Final = "give a .toml, an .xlsx, a .csv named after its table, or a folder of CSV files"
SENT_ZH: Final = "可上传 .toml、.xlsx、.json 或 .csv（文件名即表名）"
SENT_EN: Final = "send a .toml, an .xlsx, a .json, or a .csv named after its table"
_BLANK: Final = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace()) + "\ufeff\u200b"


@dataclass(frozen=True, kw_only=True, slots=True)
class InputError:
    """One fault in an input: where it stands, the value, and what is wrong with the way out, in both languages.

    `row` is the row as a spreadsheet numbers it (the header is row 1), in TOML and JSON the entry's number from 1.
    """

    place: str
    zh: str
    en: str
    row: int | None = None
    column: str | None = None
    value: Any = None

    def __str__(self) -> str:
        row_zh, row_en = (f" 第 {self.row} 行", f" row {self.row}") if self.row is not None else ("", "")
        column = f" {self.column}" if self.column is not None else ""
        shown = f" = {_shown(self.value)}" if self.value is not None else ""
        return f"{self.place}{row_zh}{column}{shown}：{self.zh} | {self.place}{row_en}{column}{shown}: {self.en}"


class InputErrors(ValueError):
    """Every fault of an input, by place and row; nothing of it was written. Exit status 2, HTTP 422."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.place, error.row or 0)))
        super().__init__("\n".join(str(error) for error in self.errors))


@dataclass(frozen=True, kw_only=True, slots=True)
class TableRow:
    """One row that says something: its cells by column name, without the empty ones."""

    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class InputTable:
    """One table of an input. `place` names its file, and its sheet or array.

    `header` has the column names of a sheet and `header_row` their row; without one the rows carry their own keys.
    `errors` are faults of the sheet's shape, to be reported with those of its rows.
    """

    name: str
    place: str
    rows: tuple[TableRow, ...]
    header: tuple[str, ...] = ()
    header_row: int | None = None
    errors: tuple[InputError, ...] = ()


def read_tables(path: Path) -> list[InputTable]:
    """The tables of a file or folder. Raises InputErrors for what cannot be read as tables at all."""
    if path.is_dir():
        return _folder(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise _refuse(path.name, f"不认识的格式；{FORMATS_ZH}", f"unknown format; {FORMATS_EN}")
    try:
        return reader(path.name, path.stem.lower(), path.read_bytes())
    except OSError as error:
        raise _refuse(str(path), f"无法读取（{error.strerror}）", f"cannot be read ({error.strerror})") from None


def tables_in(name: str, data: bytes, table: str = "") -> list[InputTable]:
    """The tables of a file that was sent (`name` says its format; of a CSV `table` says which table it is, else its
    name does), or of a JSON object. Raises InputErrors.
    """
    stem, _, suffix = name.rpartition(".")
    if suffix.lower() == "json":
        return tables_of(_json(name, data), name)
    reader = _READERS.get(f".{suffix.lower()}")
    if reader is None or not stem:
        raise _refuse(name[:80], f"不认识的格式；{SENT_ZH}", f"unknown format; {SENT_EN}")
    if reader is _xlsx:
        return _xlsx(name, table or stem.lower(), data, SENT)
    return reader(name, table or stem.lower(), data)


def tables_of(data: object, place: str) -> list[InputTable]:
    """The tables of a parsed TOML document or JSON object: arrays of tables by name. Raises InputErrors."""
    shape_zh, shape_en = "应为表名到行数组的对象", "an object of arrays of rows by table name expected"
    if not isinstance(data, Mapping):
        raise _refuse(place, shape_zh, shape_en)
    faults = [
        InputError(
            place=f"{place} [{name}]", zh=f"应为行的数组，写作 [[{name}]]", en=f"an array of rows expected: [[{name}]]"
        )
        for name, rows in data.items()
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows)
    ]
    if faults:
        raise InputErrors(faults)
    return [
        InputTable(name=name, place=f"{place} [{name}]", rows=tuple(_filled(enumerate(rows, 1))))
        for name, rows in data.items()
    ]


def decode(data: bytes) -> str:
    """Text in UTF-8, with or without BOM, else in GB18030 (DESIGN §8). Raises UnicodeDecodeError for neither."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")
    if data.startswith(codecs.BOM_UTF8) or not _looks_mistaken(text):
        return text
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        return text


def _looks_mistaken(text: str) -> bool:
    """Whether text read as UTF-8 was rather meant as GB18030, some of whose characters are UTF-8 of two bytes too: a
    short file with 员 or 联通 alone reads as Armenian or Arabic. Chinese in UTF-8 has three bytes: none of it is there.
    """
    letters = {sign for sign in text if not sign.isascii()}
    return bool(letters) and max(letters) < "\u0800" and any(sign > _LATIN_END for sign in letters)


_LATIN_END: Final = "\u024f"
"""Accented Latin letters come before it."""


# --------------------------------------------------------------------------- formats


def _folder(path: Path) -> list[InputTable]:
    files = sorted(p for p in path.iterdir() if p.suffix.lower() == ".csv" and not p.name.startswith("."))
    if not files:
        raise _refuse(str(path), "文件夹里没有 CSV 文件", "the folder holds no CSV file; name each after its table")
    found: list[InputTable] = []
    faults: list[InputError] = []
    for file in files:
        try:
            found += read_tables(file)
        except InputErrors as error:
            faults += error.errors
    if faults:
        raise InputErrors(faults)
    return found


def _toml(place: str, _stem: str, data: bytes) -> list[InputTable]:
    text = _text(place, data)
    try:
        parsed = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers too long for int(), and arrays nested without end
        raise _refuse(place, f"不是合法的 TOML：{error}", f"no valid TOML: {error}") from None
    return tables_of(parsed, place)


def _json(place: str, data: bytes) -> object:
    try:
        return json.loads(_text(place, data))
    except (ValueError, RecursionError) as error:
        raise _refuse(place, f"不是合法的 JSON：{error}", f"no valid JSON: {error}") from None


def _csv(place: str, stem: str, data: bytes) -> list[InputTable]:
    text = _text(place, data)
    try:
        read = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [[unguarded(cell) for cell in line] for line in read]
    except csv.Error as error:
        raise _refuse(place, f"不是合法的 CSV：{error}", f"no valid CSV: {error}; check the quotation marks") from None
    table = _sheet(stem, place, enumerate(lines, 1))
    return [table] if table else []


def _xlsx(place: str, _stem: str, data: bytes, budget: Budget = OWN) -> list[InputTable]:
    try:
        weigh(io.BytesIO(data), budget)
        faults = [_uncalculated(f"{place} [{sheet}]", *where) for sheet, *where in uncalculated(io.BytesIO(data))]
        if faults:
            raise InputErrors(faults)
        with contextlib.closing(open_book(io.BytesIO(data), read_only=True, data_only=True)) as book:
            sheets = [
                _sheet(sheet.title.strip().lower(), f"{place} [{sheet.title}]", _sheet_lines(sheet))
                for sheet in book.worksheets
            ]
    except InputErrors:
        raise
    except bad_book() as error:
        raise _refuse(place, f"不是合法的 XLSX：{error}", f"no valid XLSX: {error}; save it again as .xlsx") from None
    return [sheet for sheet in sheets if sheet]


def _sheet_lines(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    sheet.reset_dimensions()  # some programs write a range that is too small, and the rest would be cut off unseen
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MOST_ROWS:
            raise ValueError(f"[{sheet.title}] has a row beyond {MOST_ROWS}")
        yield number, cells


_READERS: Final[Mapping[str, Callable[[str, str, bytes], list[InputTable]]]] = {
    ".toml": _toml,
    ".csv": _csv,
    ".xlsx": _xlsx,
}


def _sheet(name: str, place: str, lines: Iterable[tuple[int, Sequence[Any]]]) -> InputTable | None:
    """A table whose first filled row is the header; None for an empty sheet."""
    tidied = ((number, [tidy(cell) for cell in cells]) for number, cells in lines)
    filled = ((number, cells) for number, cells in tidied if any(cell is not None for cell in cells))
    first = next(filled, None)
    if first is None:
        return None
    header_row, titles = first
    header = ["" if title is None else str(title).lower() for title in titles]
    named = [title for title in header if title]
    errors = [
        InputError(place=place, row=header_row, column=title, zh="列名重复；保留一列", en="a column twice; keep one")
        for title in sorted({title for title in named if named.count(title) > 1})
    ]
    rows: list[TableRow] = []
    for number, cells in filled:
        pairs = [(title, cell) for title, cell in zip_longest(header, cells, fillvalue=None) if cell is not None]
        errors += [_nameless(place, number, cell) for title, cell in pairs if not title]
        rows.append(TableRow(number=number, cells={title: cell for title, cell in pairs if title}))
    return InputTable(
        name=name, place=place, rows=tuple(rows), header=tuple(named), header_row=header_row, errors=tuple(errors)
    )


def _uncalculated(place: str, row: int, column: int) -> InputError:
    from openpyxl.utils import get_column_letter  # here: as in spreadsheets; by now it is loaded

    zh, en = (
        "公式没有存值；在表格软件里打开并保存，或写入值",
        "a formula without a stored value; open and save the file in a spreadsheet program, or write the value",
    )
    return InputError(place=place, row=row, column=get_column_letter(column), zh=zh, en=en)


def _nameless(place: str, row: int, value: Any) -> InputError:
    zh, en = (
        "此值没有列名；给该列一个列名或删去它",
        "a value in a column without a name; name the column or drop the value",
    )
    return InputError(place=place, row=row, value=value, zh=zh, en=en)


def _filled(entries: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[TableRow]:
    for number, entry in entries:
        cells = {key: said for key, value in entry.items() if (said := tidy(value)) is not None}
        if cells:
            yield TableRow(number=number, cells=cells)


def tidy(cell: Any) -> Any:
    """A cell without the blanks around it and with plain line ends; None when it says nothing."""
    if isinstance(cell, str):
        return cell.strip(_BLANK).replace("\r\n", "\n").replace("\r", "\n") or None
    return None if isinstance(cell, list) and not cell else cell


def _text(place: str, data: bytes) -> str:
    try:
        return decode(data)
    except UnicodeDecodeError:
        raise _refuse(
            place, "既不是 UTF-8 也不是 GB18030；请另存为 UTF-8", "neither UTF-8 nor GB18030; save it as UTF-8"
        ) from None


def _refuse(place: str, zh: str, en: str) -> InputErrors:
    return InputErrors([InputError(place=place, zh=zh, en=en)])


def _shown(value: Any) -> str:
    """A value as an error names it, cut where it is long."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")
