"""What a report is made of, whatever the file: a title, texts and tables of typed columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

Cell: TypeAlias = str | int | float | Decimal | None
"""None: there is nothing to say; it is printed as —, never as 0."""
Row: TypeAlias = tuple[Cell, ...]
Kind: TypeAlias = Literal["text", "int", "points", "share", "number"]
NOTHING = "—"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """`width`: in Latin characters, a Chinese one takes two; pages share their width out by it."""

    name: str
    width: int
    kind: Kind = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """`note` stands above the rows. `groups`: numbers of the rows that begin a group and are set off."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One file. `state`: 预览稿, or who closed which version and when; it stands on every page, `foot` too."""

    title: str
    period: str
    state: str
    foot: str
    made: datetime
    tables: tuple[Table, ...]
    texts: tuple[str, ...] = ()


def columns(*given: tuple[str, int] | tuple[str, int, Kind]) -> tuple[Column, ...]:
    return tuple(Column(name=one[0], width=one[1], kind=one[2] if len(one) > 2 else "text") for one in given)


def text_of(cell: Cell, kind: Kind) -> str:
    """A cell as it is printed."""
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    if kind == "share":
        return f"{cell:.2%}"
    if kind == "points":
        return f"{Decimal(cell):.2f}"
    return f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}"


def texts_of(row: Row, heads: Sequence[Column]) -> list[str]:
    return [text_of(cell, head.kind) for cell, head in zip(row, heads, strict=True)]
