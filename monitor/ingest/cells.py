"""Parsers of cells: what a cell of an imported table may be, and what is stored for it.

A parser takes a cell as `tables` gives it (never empty) and returns the value to store, or raises BadCell saying what
is wrong and the way out.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeAlias

from monitor.ingest.tables import tidy

Parser: TypeAlias = Callable[[Any], Any]

ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LIST_ITEM: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",，、]*))\s*(?:[,，、]|$)')
_DAY: Final = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})")
_NO_TEXT: Final = frozenset({"Cc", "Cs"})
"""Control characters and lone surrogates: neither XLSX nor TOML can hold them."""
_TRUE: Final = frozenset({"true", "yes", "y", "1", "是", "√"})
_FALSE: Final = frozenset({"false", "no", "n", "0", "否", "×"})


class BadCell(ValueError):
    """A cell that cannot be what its column asks for; `zh` and `en` say why and what to write instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def text(cell: Any) -> str:
    """Text; a number in a sheet is taken as it is written, without a `.0` that the sheet adds."""
    if isinstance(cell, bool | list | Mapping):
        raise BadCell("应为文字", "text expected")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    written = cell.isoformat() if isinstance(cell, date | time) else str(cell)
    if any(unicodedata.category(sign) in _NO_TEXT or sign in "\ufffe\uffff" for sign in written if sign not in "\t\n"):
        raise BadCell("含有控制字符；删去它", "holds a control character; remove it")
    return written


def short_text(cell: Any) -> str:
    """Text of at most 64 characters, as ids of plans and namespaces are."""
    written = text(cell)
    if len(written) > 64 or any(sign.isspace() for sign in written):
        raise BadCell("至多 64 个字符，不含空白", "at most 64 characters without blanks")
    return written


def identifier(cell: Any) -> str:
    """An id, as for devices: `[a-z0-9][a-z0-9-]{0,63}` (DESIGN §3.1, §7)."""
    written = text(cell)
    if not ID.fullmatch(written):
        raise BadCell(
            "编号只能用小写字母、数字和连字符，以字母或数字开头，至多 64 个字符，如 w-01",
            "an id has lower-case letters, digits and hyphens, begins with a letter or digit, at most 64: such as w-01",
        )
    return written


def list_of(parse: Parser) -> Parser:
    """A list, each item read by `parse`: an array, or text parted by `,` `，` `、` (an item with one in "quotes").

    An empty list is None; repeated items count once.
    """

    def parse_list(cell: Any) -> list[Any] | None:
        items = (tidy(item) for item in (cell if isinstance(cell, list) else _split(text(cell))))
        return list(dict.fromkeys(parse(item) for item in items if item is not None)) or None

    return parse_list


def _split(written: str) -> list[str]:
    items: list[str] = []
    at = 0
    while at < len(written):
        found = _LIST_ITEM.match(written, at)
        if found is None:
            raise BadCell(
                '引号不成对；含逗号的一项写作 "…"', 'unpaired quotation marks; write an item with commas as "…"'
            )
        quoted, plain = found.groups()
        items.append(quoted.replace('""', '"') if quoted is not None else plain)
        at = found.end()
    return items


def join(items: Iterable[str]) -> str:
    """A list as one cell; `list_of` reads it back."""
    return ",".join('"' + item.replace('"', '""') + '"' if re.search(r'[,，、"]', item) else item for item in items)


def choice(*words: str) -> Parser:
    """One of the words."""
    listed = " ".join(words)

    def parse_choice(cell: Any) -> str:
        written = text(cell)
        if written not in words:
            raise BadCell(f"不在可选值之内：{listed}", f"none of: {listed}")
        return written

    return parse_choice


def boolean(cell: Any) -> bool:
    """true or false; in sheets also yes/no, 1/0, 是/否."""
    if isinstance(cell, bool):
        return cell
    word = text(cell).lower()
    if word not in _TRUE | _FALSE:
        raise BadCell("应为 true 或 false（是、否）", "true or false expected")
    return word in _TRUE


def whole(cell: Any) -> int:
    """A whole number of at least 0."""
    value = number(cell)
    if not value.is_integer():
        raise BadCell("应为整数", "a whole number expected")
    return int(value)


def number(cell: Any) -> float:
    """A number from 0 to 100,000, to six places: no more survive every spreadsheet."""
    try:
        value = float(text(cell))
    except ValueError:
        raise BadCell("应为数字，如 5", "a number such as 5 expected") from None
    if not 0 <= value <= 100_000:
        raise BadCell("应在 0 到 100000 之间", "must lie within 0 and 100000")
    return round(value, 6)


def day(cell: Any) -> date:
    """A date: a date cell, or text such as 2026-03-02 (also 2026/3/2)."""
    if isinstance(cell, datetime):
        if cell.time() == time(0) and cell.tzinfo is None:
            return cell.date()
    elif isinstance(cell, date):
        return cell
    elif isinstance(cell, str) and (found := _DAY.fullmatch(cell)):
        with contextlib.suppress(ValueError):  # no such day: the one message below
            return date(int(found[1]), int(found[3]), int(found[4]))
    raise BadCell("应为日期，如 2026-03-02", "a date such as 2026-03-02 expected")


def instant(cell: Any) -> datetime:
    """An instant with offset, in UTC. A date cell of a sheet carries no offset and is refused (DESIGN §7)."""
    value: datetime | None = cell if isinstance(cell, datetime) else None
    if isinstance(cell, str):
        with contextlib.suppress(ValueError):  # the one message below is for whatever is not an instant
            value = datetime.fromisoformat(cell)
    if value is None or value.tzinfo is None or not 1970 <= value.year <= 2100:
        raise BadCell(
            "应为带时区偏移的时间，如 2026-03-02T08:30+08:00（在表格里以文本写入）",
            "an instant with offset such as 2026-03-02T08:30+08:00 expected (in a sheet, as text)",
        )
    return value.astimezone(UTC)
