"""Cells of imported tables: what each kind of column takes, and what it refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest import cells
from monitor.ingest.cells import BadCell, Parser

MIDNIGHT = dt.datetime.combine(dt.date(2026, 3, 2), dt.time())
"""What a workbook gives for a date cell."""
UTC = dt.UTC
EAST8 = dt.timezone(dt.timedelta(hours=8))

TAKEN: list[tuple[Parser, Any, Any]] = [
    (cells.identifier, "w-01", "w-01"),
    (cells.identifier, 7, "7"),
    (cells.identifier, 7.0, "7"),
    (cells.identifier, "a" * 64, "a" * 64),
    (cells.text, dt.date(2026, 3, 2), "2026-03-02"),
    (cells.boolean, True, True),
    (cells.boolean, "是", True),
    (cells.boolean, 0, False),
    (cells.boolean, "FALSE", False),
    (cells.number, "0.1234567", 0.123457),
    (cells.whole, "3", 3),
    (cells.whole, 3.0, 3),
    (cells.number, "2.5", 2.5),
    (cells.day, "2026/3/2", dt.date(2026, 3, 2)),
    (cells.day, MIDNIGHT, dt.date(2026, 3, 2)),
    (cells.day, dt.date(2026, 3, 2), dt.date(2026, 3, 2)),
    (cells.instant, "2026-03-02T08:30+08:00", dt.datetime(2026, 3, 2, 0, 30, tzinfo=UTC)),
    (cells.instant, "2026-03-02 08:30:00Z", dt.datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
    (cells.instant, dt.datetime(2026, 3, 2, 8, 30, tzinfo=EAST8), dt.datetime(2026, 3, 2, 0, 30, tzinfo=UTC)),
    (cells.list_of(cells.identifier), "a, b，c、d,,a", ["a", "b", "c", "d"]),
    (cells.list_of(cells.identifier), ["a", " b "], ["a", "b"]),
    (cells.list_of(cells.identifier), 12, ["12"]),
    (cells.list_of(cells.text), '"a,b", c', ["a,b", "c"]),
    (cells.list_of(cells.text), " , ", None),
    (cells.choice("A", "B"), "A", "A"),
    (cells.short_text, "L/2026（01）", "L/2026（01）"),
]


@pytest.mark.parametrize(("parse", "cell", "value"), TAKEN)
def test_a_cell_is_taken(parse: Parser, cell: Any, value: Any) -> None:
    assert parse(cell) == value


REFUSED: list[tuple[Parser, Any]] = [
    (cells.identifier, "W-01"),
    (cells.identifier, "-w"),
    (cells.identifier, "窗口一"),
    (cells.identifier, "a" * 65),
    (cells.identifier, "w1\n"),
    (cells.text, True),
    (cells.text, ["a"]),
    (cells.text, "a\x00b"),
    (cells.text, "\ud800"),
    (cells.boolean, "maybe"),
    (cells.boolean, 2),
    (cells.whole, "2.5"),
    (cells.whole, -1),
    (cells.number, "nan"),
    (cells.number, "inf"),
    (cells.number, "five"),
    (cells.day, "2026-02-30"),
    (cells.day, "2. 3. 2026"),
    (cells.day, MIDNIGHT + dt.timedelta(hours=8)),
    (cells.day, 46083),
    (cells.instant, "2026-03-02T08:30"),
    (cells.instant, MIDNIGHT + dt.timedelta(hours=8)),
    (cells.instant, dt.date(2026, 3, 2)),
    (cells.instant, "1026-03-02T08:30Z"),
    (cells.instant, "soon"),
    (cells.list_of(cells.identifier), "a,B"),
    (cells.list_of(cells.identifier), [["a"]]),
    (cells.list_of(cells.text), '"a,b'),
    (cells.list_of(cells.text), '"a"b'),
    (cells.choice("A", "B"), "C"),
    (cells.short_text, "a b"),
]


@pytest.mark.parametrize(("parse", "cell"), REFUSED)
def test_a_cell_is_refused_in_both_languages(parse: Parser, cell: Any) -> None:
    with pytest.raises(BadCell) as caught:
        parse(cell)
    assert caught.value.zh
    assert caught.value.en


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1), unique=True))
def test_a_list_joined_into_one_cell_is_read_back(items: list[str]) -> None:
    kept = list(dict.fromkeys(item for item in (cells.tidy(item) for item in items) if item))
    joined = cells.join(kept)
    assert (cells.list_of(cells.text)(joined) if joined else None) == (kept or None)
