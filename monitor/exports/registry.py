"""`registry export`: the registry as TOML, XLSX or CSV files, which `registry import` reads back unchanged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from monitor.exports.files import replace_file
from monitor.ingest.cells import join
from monitor.ingest.registry import COLUMNS
from monitor.ingest.spreadsheets import guarded
from monitor.store import audit
from monitor.store.registry import registry_rows

Sheets: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table name and column as in files; what is empty is left out of a row."""
ENDINGS: Final = (
    "请写到 .toml、.xlsx，或文件夹（不带后缀，内为 CSV）"
    " write to a .toml, an .xlsx, or a folder (a path without an ending) for CSV files"
)


def export_registry(conn: Connection, path: Path) -> None:
    """Write the whole registry, with names and contacts: `.toml`, `.xlsx`, or a folder where the path has no ending.

    A file appears whole or not at all. Raises ValueError for another ending or a folder that is a file.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS and suffix:
        raise ValueError(f"{path}: {ENDINGS}")
    sheets = as_sheets(registry_rows(conn))
    if suffix:
        replace_file(path, _WRITERS[suffix](sheets))
        return
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: 是文件，应为文件夹 is a file; name a folder for the CSV files")
    path.mkdir(parents=True, exist_ok=True)
    for name, rows in sheets.items():
        replace_file(path / f"{name}.csv", as_csv(name, rows))


def as_sheets(stored: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Stored rows under the names of files' columns, without what is empty."""
    return {
        name: [
            {column.name: value for column in COLUMNS[name] if not _is_empty(value := row[column.field])}
            for row in rows
        ]
        for name, rows in stored.items()
    }  # fmt: skip


def as_toml(sheets: Sheets) -> bytes:
    """Arrays of tables, in the order in which they refer to each other."""
    return "\n".join(_toml_lines(sheets)).encode()


def as_csv(name: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """One table, UTF-8 with BOM as spreadsheets want it (DESIGN §8); the header stands there even without rows.

    What a spreadsheet would calculate gets a leading apostrophe, which the import takes off again.
    """
    written = io.StringIO(newline="")
    columns = [column.name for column in COLUMNS[name]]
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([_csv_cell(row.get(column)) for column in columns] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def as_xlsx(sheets: Sheets) -> bytes:
    """A sheet for each table; text stays text, even where it looks like a formula or a link."""
    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    import xlsxwriter  # 3 MB, once a workbook is asked for

    with xlsxwriter.Workbook(written, options) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            columns = [column.name for column in COLUMNS[name]]
            sheet.write_row(0, 0, columns)
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(rows, 1):
                sheet.write_row(number, 0, [_cell(row.get(column)) for column in columns])
    return written.getvalue()


_WRITERS: Final[Mapping[str, Callable[[Sheets], bytes]]] = {".toml": as_toml, ".xlsx": as_xlsx}


def _is_empty(value: Any) -> bool:
    return value in (None, "", []) or value == date.min


def _cell(value: Any) -> Any:
    """A value as a sheet's cell: lists joined, dates and truth as text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return join(value)
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return int(value)
    return value


def cell_text(value: Any) -> str:
    """A stored value as text; a cell of a file reads it back."""
    return str(_cell(value))


def written(conn: Connection, suffix: str) -> bytes:
    """The whole registry as a file, `toml` or `xlsx`; importing it again changes nothing."""
    return _WRITERS[f".{suffix}"](as_sheets(registry_rows(conn)))


def taken(conn: Connection, by: str, now: datetime, form: str) -> None:
    """That somebody took the whole of it, names and contacts too. `form`: toml, xlsx, csv."""
    audit.record(conn, now, by, "registry.exported", "registry", "registry", {"format": form})


def _csv_cell(value: Any) -> Any:
    cell = _cell(value)
    return guarded(cell) if isinstance(cell, str) else cell


def _toml_lines(sheets: Sheets) -> Iterator[str]:
    for name, rows in sheets.items():
        for row in rows:
            yield f"[[{name}]]"
            yield from (f"{column} = {_toml_value(value)}" for column, value in row.items())
            yield ""


def _toml_value(value: Any) -> str:
    """Strings and lists as JSON writes them, which TOML reads alike; dates bare."""
    if isinstance(value, str | list):
        return json.dumps(value, ensure_ascii=False)
    return str(_cell(value))
