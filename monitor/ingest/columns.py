"""Imported tables against their columns: whole tables parsed, duplicate keys and dangling references found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from monitor.ingest.cells import BadCell, Parser
from monitor.ingest.tables import InputError, InputTable, TableRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: its name in files, the stored name where it differs, how a cell is read, what an empty one means.

    `refers`: the table (as in files) whose ids it holds.
    """

    name: str
    parse: Parser
    stored: str = ""
    required: bool = False
    default: Any = None
    refers: str = ""

    @property
    def field(self) -> str:
        return self.stored or self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedRow:
    """A row by stored name; `broken`: stored names whose cell could not be read (they hold None)."""

    table: InputTable
    source: TableRow
    values: dict[str, Any]
    broken: frozenset[str] = frozenset()

    def error(self, column: str, value: Any, zh: str, en: str) -> InputError:
        return _fault(self.table, self.source, column, value, zh, en)


def parse_table(table: InputTable, columns: Sequence[Column]) -> tuple[list[ParsedRow], list[InputError]]:
    """Every row with a value for every column, and the faults: unknown columns, bad cells, missing required ones."""
    errors = [*table.errors, *_unknown_columns(table, columns)]
    rows: list[ParsedRow] = []
    for source in table.rows:
        row, faults = _parse_row(table, source, columns)
        rows.append(row)
        errors += faults
    return rows, errors


def _parse_row(table: InputTable, source: TableRow, columns: Sequence[Column]) -> tuple[ParsedRow, list[InputError]]:
    values: dict[str, Any] = {}
    errors: list[InputError] = []
    broken: set[str] = set()
    for column in columns:
        cell = source.cells.get(column.name)
        try:
            if cell is None and column.required:
                raise BadCell(f"缺少 {column.name}；此列必填", f"{column.name} is missing; every row needs it")
            values[column.field] = column.default if cell is None else column.parse(cell)
        except BadCell as bad:
            values[column.field] = None
            broken.add(column.field)
            errors.append(_fault(table, source, column.name, cell, bad.zh, bad.en))
    return ParsedRow(table=table, source=source, values=values, broken=frozenset(broken)), errors


def _fault(table: InputTable, row: TableRow, column: str, value: Any, zh: str, en: str) -> InputError:
    return InputError(place=table.place, row=row.number, column=column, value=value, zh=zh, en=en)


def _unknown_columns(table: InputTable, columns: Sequence[Column]) -> Iterator[InputError]:
    known = [column.name for column in columns]
    zh, en = f"未知的列；可用的列：{'、'.join(known)}", f"unknown column; known here: {', '.join(known)}"
    for name in table.header:
        if name not in known:
            yield InputError(place=table.place, row=table.header_row, column=name, zh=zh, en=en)
    for row in table.rows:
        for name in row.cells:
            if name not in known and name not in table.header:
                yield _fault(table, row, name[:64], None, zh, en)


# --------------------------------------------------------------------------- whole inputs

Columns: TypeAlias = Mapping[str, Sequence[Column]]
Parsed: TypeAlias = dict[str, list[ParsedRow]]


def parse_tables(tables: Iterable[InputTable], columns: Columns) -> tuple[Parsed, list[InputError]]:
    """The rows of every known table by its name, and the faults found so far; an unknown table is one."""
    parsed: Parsed = {}
    errors: list[InputError] = []
    for table in tables:
        if table.name not in columns:
            zh, en = f"未知的表；可用的表：{'、'.join(columns)}", f"unknown table; known: {', '.join(columns)}"
            errors.append(InputError(place=table.place, zh=zh, en=en))
        elif table.name in parsed:
            zh, en = (
                f"表 {table.name} 出现两次；合并为一个",
                f"the table {table.name} stands there twice; merge the two",
            )
            errors.append(InputError(place=table.place, zh=zh, en=en))
        else:
            parsed[table.name], faults = parse_table(table, columns[table.name])
            errors += faults
    return parsed, errors


def duplicates(parsed: Parsed, columns: Columns, keys: Mapping[str, Sequence[str]]) -> Iterator[InputError]:
    """A fault for every row whose key (stored names) an earlier row of the input has."""
    for name, rows in parsed.items():
        named = {column.field: column.name for column in columns[name]}
        place = "+".join(named[field] for field in keys[name])
        seen: dict[tuple[Any, ...], int] = {}
        for row in rows:
            key = tuple(row.values[field] for field in keys[name])
            first = seen.setdefault(key, row.source.number)
            if first != row.source.number and not row.broken.intersection(keys[name]):
                zh, en = f"与第 {first} 行重复；保留一行", f"the same as row {first}; keep one of them"
                yield row.error(place, "/".join(str(part) for part in key if part != date.min), zh, en)


def references(parsed: Parsed, columns: Columns, known: Mapping[str, frozenset[str]]) -> Iterator[InputError]:
    """A fault for every id that is neither stored nor in the input; `known`: both, by table name."""
    for name, rows in parsed.items():
        for column in (column for column in columns[name] if column.refers):
            for row in rows:
                value = row.values[column.field]
                if value is not None and value not in known[column.refers]:
                    yield row.error(column.name, value, *_dangling(column.refers))


def _dangling(table: str) -> tuple[str, str]:
    return (
        f"{table} 里没有这个编号；先登记它或改正编号",
        f"no such id in {table}, neither in the input nor stored; add it there or correct it",
    )
