"""Every row of a case log accounted for: taken, duplicate or refused with a reason (ADR 19)."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from monitor.exports.refused import RefusedCsv
from monitor.ingest.account import Imported, Refusal, Tally
from monitor.ingest.caseimport import CaseImport
from monitor.ingest.cases import BadCases, import_cases
from monitor.ingest.eventlog import EventLog
from monitor.ingest.maps import CaseMap, TimeFormat, load_map
from monitor.ingest.quarantine import listed
from monitor.model import Registry
from monitor.store.engine import Store
from monitor.store.schema import CaseEventRow, RawEvent
from tests.caselogs import HEADER, MAP, write_log
from tests.ingest_world import count, rows

pytestmark = pytest.mark.scenarios

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SOUND = [
    "A1", "办件", "受理", "2026-02-02 10:00:00", "甲", "乙",
    "2026-02-02 09:00:00", "2026-02-16 09:00:00", "", "", "1号", "x",
]  # fmt: skip


@pytest.fixture
def log_map(tmp_path: Path) -> Path:
    path = tmp_path / "log.toml"
    path.write_text(MAP, encoding="utf-8")
    return path


def bring(store: Store, file: Path, log_map: Path, **options: Any) -> Imported:
    return import_cases(store, file, log_map, now=NOW, **options)


def write(path: Path, *records: Any, header: Any = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *records])
    return path


def changed(**cells: str) -> list[str]:
    return [cells.get(name, cell) for name, cell in zip(HEADER, SOUND, strict=True)]


def read_back(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


# ------------------------------------------------------------------ a log with everything wrong


@pytest.mark.both_databases
def test_each_row_of_a_long_log_is_taken_duplicate_or_refused_with_its_reason(
    store: Store, tmp_path: Path, log_map: Path
) -> None:
    expected = write_log(tmp_path / "log.csv", rows=2_000)
    refused = tmp_path / "refused.csv"
    tally = bring(store, tmp_path / "log.csv", log_map, refused=RefusedCsv(refused)).tally
    assert (tally.rows, tally.taken, tally.duplicate) == (expected.rows, expected.taken, expected.duplicate)
    assert tally.refused == expected.reasons
    assert tally.rows == tally.taken + tally.duplicate + tally.refused_rows
    assert {int(number): code for number, _, _, code, _ in read_back(refused)} == expected.refused
    assert count(store, CaseEventRow) == count(store, RawEvent) == tally.stored == expected.events

    again = bring(store, tmp_path / "log.csv", log_map).tally
    assert (again.rows, again.stored, again.taken) == (expected.rows, 0, 0)
    assert again.refused == expected.reasons


@pytest.mark.both_databases
def test_what_is_remembered_makes_no_difference_to_any_row(store: Store, tmp_path: Path, log_map: Path) -> None:
    """The store knows what memory has forgotten: a repetition far behind is a duplicate all the same."""
    expected = write_log(tmp_path / "log.csv", rows=1_000)
    mapping = load_map(log_map)
    job = CaseImport(
        name="import-log",
        mapping=mapping,
        log=EventLog(tmp_path / "log.csv", mapping.columns()),
        now=NOW,
        historic=True,
        remembered=0,
    )
    tally = job.write(store, Registry(devices={job.name: job.device}), lambda progress: None, None).tally
    assert (tally.taken, tally.duplicate, tally.refused) == (expected.taken, expected.duplicate, expected.reasons)
    assert count(store, RawEvent) == expected.events


BAD_ROWS = [
    ("no case number", changed(办件编号=""), "malformed", "列 column '办件编号' = '': case: 缺少 missing"),
    ("a blank case number", changed(办件编号="  "), "malformed", "列 column '办件编号' = '': case: 缺少 missing"),
    ("a blank line", [], "empty_row", "空行 the row is empty"),
    ("blanks alone", ["", " ", "\u3000"], "empty_row", "空行 the row is empty"),
    ("cut off", SOUND[:7], "malformed", "cells: 该行只有 7 格（应 12 格），缺"),
    ("too long", [*SOUND, "y"], "malformed", "cells: 12 列下有 13 格"),
    ("the header again", list(HEADER), "header_again", "表头重复 the header"),
    ("no rule wants it", changed(记录类型="日志"), "no_event", "按对照表读不出事件 the map"),
    ("an unreadable time", changed(环节时间="昨天"), "malformed", "列 column '环节时间' = '昨天': at: 不是时间"),
    ("a zone's name", changed(环节时间="2026-02-02 10:00:00 CST"), "malformed", "列 column '环节时间' = '2026-"),
    ("no 31st", changed(受理时间="2026-02-31 09:00:00"), "malformed", "列 column '受理时间' = '2026-02-31"),
    ("no time at all", changed(受理时间=""), "malformed", "列 column '受理时间' = '': at: 缺少 missing"),
    ("an unreadable due", changed(承诺期限="下周"), "malformed", "列 column '承诺期限' = '下周': due: 不是时间"),
    ("before all time", changed(环节时间="1066-10-14 09:00:00"), "malformed", "列 column '环节时间' = '1066"),
    ("the future", changed(环节时间="2026-03-02 10:00:00"), "future", "at: 超前收到时刻 3600 s ahead of its receipt"),
    ("another result", changed(办结时间="2026-02-05 10:00:00", 办结结果="?"), "malformed", "列 column '办结结果' = "),
    ("a case number without end", changed(办件编号="A" * 70), "malformed", "列 column '办件编号' = 'AAA"),
    ("too large a cell", changed(环节="审" * 30_000), "too_large", ""),
]  # fmt: skip


@pytest.mark.parametrize(("row", "reason", "detail"), [case[1:] for case in BAD_ROWS], ids=[c[0] for c in BAD_ROWS])
def test_a_row_that_is_refused_says_why_and_the_next_one_is_taken(
    store: Store, tmp_path: Path, log_map: Path, row: list[str], reason: str, detail: str
) -> None:
    log = write(tmp_path / "a.csv", row, changed(办件编号="A2"))
    refused = tmp_path / "refused.csv"
    done = bring(store, log, log_map, refused=RefusedCsv(refused))
    assert (done.tally.rows, done.tally.taken, done.tally.refused) == (2, 1, {reason: 1})
    ((number, _, _, code, said),) = read_back(refused)
    assert (number, code, said.startswith(detail)) == ("2", reason, True), said
    is_fault = reason not in ("empty_row", "no_event", "header_again")
    assert done.tally.has_faults is is_fault
    with store.read() as conn:
        held = listed(conn)
    assert {h.reason for h in held} == ({reason} if is_fault else set())
    assert all(h.detail.startswith(f"row 2: {detail}"[:200]) for h in held)


SOUND_ROWS = [
    ("a line that ends before a column that nobody reads", SOUND[:10]),
    ("blanks around a time", changed(环节时间=" 2026-02-02 10:00:00 ")),
    ("empty cells behind the last column", [*SOUND, "", " "]),
]


@pytest.mark.parametrize("row", [case[1] for case in SOUND_ROWS], ids=[case[0] for case in SOUND_ROWS])
def test_what_can_be_told_apart_is_taken(store: Store, tmp_path: Path, log_map: Path, row: list[str]) -> None:
    assert bring(store, write(tmp_path / "a.csv", row), log_map).tally == Tally(rows=1, taken=1, stored=2, last_row=2)


def test_lines_that_are_empty_behind_the_last_row_are_no_rows(store: Store, tmp_path: Path, log_map: Path) -> None:
    log = write(tmp_path / "a.csv", SOUND, [], [], changed(办件编号="A2"), [], ["", ""])
    tally = bring(store, log, log_map).tally
    assert (tally.rows, tally.taken, tally.refused, tally.last_row) == (4, 2, {"empty_row": 2}, 5)


def test_an_end_before_the_start_is_stored_and_not_refused(store: Store, tmp_path: Path, log_map: Path) -> None:
    log = write(tmp_path / "a.csv", changed(办结时间="2026-01-20 10:00:00", 办结结果="准予"))
    assert bring(store, log, log_map).tally.taken == 1
    assert {row["event"] for row in rows(store, CaseEventRow)} == {"accepted", "completed", "stage"}


@pytest.mark.both_databases
def test_a_row_of_several_events_is_taken_for_one_that_is_new_and_refused_for_one_that_is(
    store: Store, tmp_path: Path, log_map: Path
) -> None:
    new_stage = changed(环节="审查", 环节时间="2026-02-03 10:00:00")
    other_due = changed(环节="决定", 环节时间="2026-02-04 10:00:00", 承诺期限="2026-02-20 09:00:00")
    repeated_fault = [*other_due[:2], "制证", *other_due[3:]]
    done = bring(store, write(tmp_path / "a.csv", SOUND, SOUND, new_stage, other_due, repeated_fault), log_map)
    assert (done.tally.taken, done.tally.duplicate, done.tally.refused) == (2, 1, {"conflict": 2})
    assert [(r.place, r.case) for r in done.refused] == [(5, "A1"), (6, "A1")]
    assert (done.stored, done.quarantined) == (5, 1), "the stages of the refused rows are sound, so they are in"


def test_the_list_of_refused_rows_holds_no_formula(tmp_path: Path) -> None:
    listing = RefusedCsv(tmp_path / "r.csv")
    bad = Refusal(place=7, reason="malformed", detail="-1+1", case='=HYPERLINK("x")')
    position = listing.add(listing.begin(), [bad])
    assert read_back(listing.path) == [["7", '\'=HYPERLINK("x")', "内容不合规范", "malformed", "'-1+1"]]
    assert listing.path.stat().st_size == position
    assert listing.path.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------ times without an offset


@pytest.mark.parametrize(
    ("zone", "cell", "instant"),
    [
        ("Europe/Amsterdam", "2011-03-27 01:59:59", "2011-03-27T00:59:59+00:00"),
        ("Europe/Amsterdam", "2011-03-27 02:30:00", None),
        ("Europe/Amsterdam", "2011-03-27 03:00:00", "2011-03-27T01:00:00+00:00"),
        ("Europe/Amsterdam", "2011-10-30 02:30:00", "2011-10-30T00:30:00+00:00"),
        ("Europe/Amsterdam", "2011-10-30 02:30:00+01:00", "2011-10-30T01:30:00+00:00"),
        ("Europe/Amsterdam", "2011-03-27 02:30:00+01:00", "2011-03-27T01:30:00+00:00"),
        ("Asia/Shanghai", "1986-05-04 02:30:00", None),
        ("Asia/Shanghai", "2026-03-29 02:30:00", "2026-03-28T18:30:00+00:00"),
    ],
)
def test_an_hour_that_was_left_out_is_no_time_and_of_one_that_came_twice_it_is_the_first(
    zone: str, cell: str, instant: str | None
) -> None:
    at = TimeFormat(zone=zone).instant(cell)
    assert (at.isoformat() if at else None) == instant


def test_a_time_that_no_clock_showed_is_refused_and_says_so(store: Store, tmp_path: Path, log_map: Path) -> None:
    log_map.write_text(MAP.replace("Asia/Shanghai", "Europe/Amsterdam"), encoding="utf-8")
    log = write(tmp_path / "a.csv", changed(环节时间="2025-03-30 02:30:00"))
    (refusal,) = bring(store, log, log_map).refused
    assert refusal.detail == (
        "列 column '环节时间' = '2025-03-30 02:30:00': at: Europe/Amsterdam 没有这一时刻，钟在此拨快 "
        "no such time there: the clocks were put forward over it"
    )


# ------------------------------------------------------------------ files that are no log of the map


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_another_delimiter_is_named(store: Store, tmp_path: Path, log_map: Path, sign: str) -> None:
    log = tmp_path / "a.csv"
    log.write_text(f"{sign.join(HEADER)}\n{sign.join(SOUND)}\n", encoding="utf-8")
    with pytest.raises(BadCases, match="应为逗号.*save it as CSV with commas"):
        bring(store, log, log_map)


def test_a_column_that_is_there_twice_is_refused_where_the_map_reads_it(
    store: Store, tmp_path: Path, log_map: Path
) -> None:
    assert bring(store, write(tmp_path / "a.csv", [*SOUND, "z"], header=[*HEADER, "备注"]), log_map).tally.taken == 1
    with pytest.raises(BadCases, match="'环节时间' is there twice"):
        bring(store, write(tmp_path / "b.csv", [*SOUND, "z"], header=[*HEADER, "环节时间"]), log_map)


# ------------------------------------------------------------------ workbooks


def test_a_workbook_is_accounted_for_like_a_csv_and_leaves_empty_cells_out(
    store: Store, tmp_path: Path, log_map: Path
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    short = changed(办件编号="A3")[:8]
    for row in (
        HEADER,
        SOUND,
        [],
        short,
        [None] * 12,
        [*changed(办件编号="A4"), "y"],
        changed(办件编号="A5"),
        [],
        [None],
    ):
        sheet.append(row)
    sheet.cell(row=1_000, column=3).number_format = "0.00"  # formatted and empty, as sheets often end
    book.save(tmp_path / "a.xlsx")
    done = bring(store, tmp_path / "a.xlsx", log_map)
    assert (done.tally.rows, done.tally.taken) == (6, 3)
    assert done.tally.refused == {"empty_row": 2, "malformed": 1}
    assert [(r.place, r.detail[:16]) for r in done.refused] == [(6, "cells: 12 列下有 13")]


def test_a_map_names_the_columns_that_its_rules_read() -> None:
    assert CaseMap.model_validate(
        {"case": "c", "events": [{"event": "accepted", "at": "t", "when": {"k": ["x"]}, "id": ["n"]}]}
    ).columns() == {"c", "t", "k", "n"}
