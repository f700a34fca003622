"""Case logs by a map: the real log of the sample data, small logs of every shape, bad files (DESIGN §3.2)."""

from __future__ import annotations

import csv
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from monitor.ingest.cases import BadCases, import_cases
from monitor.ingest.feed import Fed
from monitor.ingest.replay import IMPORT_AGAIN, replay
from monitor.model import Registry
from monitor.store.engine import Store
from monitor.store.schema import CaseEventRow, Quarantine, RawEvent, SourceRow, Subject
from tests.ingest_world import columns, count, rows

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
RECEIPT = Path(__file__).resolve().parents[2] / "config" / "maps" / "coselog-receipt.toml"

MAP = """
registry = "lenient"
case = "编号"
[time]
format = "%Y/%m/%d %H:%M"
zone = "Asia/Shanghai"
[constants]
item = "营业执照"
[[events]]
event = "accepted"
at = "受理时间"
when = { "环节" = ["受理"] }
fields = { due = "期限", staff = "经办人" }
[[events]]
event = "completed"
at = "办结时间"
optional = true
fields = { result = "结果" }
values = { result = { "准予" = "granted", "不予" = "denied" } }
"""
HEADER = ["编号", "环节", "受理时间", "期限", "经办人", "办结时间", "结果"]
ROWS = [
    ["1", "受理", "2026/02/02 09:00", "2026/02/09 17:30", "王五", "2026/02/05 10:00", "准予"],
    ["2", "受理", "2026/02/03 09:00", "2026/02/10 17:30", "赵六", "", ""],
    ["2", "审核", "2026/02/03 09:00", "2026/02/10 17:30", "赵六", "", ""],
]


@pytest.fixture
def small_map(tmp_path: Path) -> Path:
    path = tmp_path / "licence.toml"
    path.write_text(MAP, encoding="utf-8")
    return path


def write_csv(path: Path, *records: list[Any], encoding: str = "utf-8", header: list[str] | None = None) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header or HEADER, *records])
    return path


def bring(store: Store, file: Path, map_path: Path, **options: Any) -> Fed:
    return import_cases(store, file, map_path, now=options.pop("now", NOW), **options)


def facts(store: Store) -> list[tuple[Any, ...]]:
    names = ("case_key", "event", "at", "event_id", "staff", "window", "item", "received", "body")
    return sorted(columns(rows(store, CaseEventRow), *names), key=lambda row: (row[0], row[2], row[3]))


# ------------------------------------------------------------------ the real log


@pytest.mark.scenarios
def test_the_receipt_log_gives_the_times_that_its_columns_state(store: Store, data_dir: Path) -> None:
    fed = bring(store, data_dir / "cases" / "receipt.csv", RECEIPT)
    assert (fed.stored, fed.quarantined) == (11_340, 0)
    kinds = Counter(row["event"] for row in rows(store, CaseEventRow))
    assert kinds == {"stage": 8577, "accepted": 1434, "completed": 1329}
    due = {
        r["case_key"]: datetime.fromisoformat(r["body"]["due"])
        for r in rows(store, CaseEventRow)
        if r["event"] == "accepted"
    }
    end = {r["case_key"]: r["at"] for r in rows(store, CaseEventRow) if r["event"] == "completed"}
    as_of = datetime(2012, 2, 1, tzinfo=UTC)
    assert sum(end[case] <= due[case] for case in end) == 952
    assert sum(end[case] > due[case] for case in end) == 377
    assert sum(due[case] < as_of for case in due.keys() - end.keys()) == 46
    assert sum(due[case] >= as_of for case in due.keys() - end.keys()) == 59
    assert columns(rows(store, SourceRow), "id", "watermark", "calendar", "historic") == [
        ("import-coselog-receipt", as_of, "weekdays-amsterdam", True)
    ]
    assert all(row["historic"] for row in rows(store, Subject) if row["kind"] == "case")


def test_the_receipt_log_shuffled_or_imported_again_gives_the_same_facts(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    original = data_dir / "cases" / "receipt.csv"
    with original.open(encoding="utf-8", newline="") as file:
        header, *records = list(csv.reader(file))
    random.Random(7).shuffle(records)
    bring(store, write_csv(tmp_path / "shuffled.csv", *records, header=header), RECEIPT)
    shuffled = facts(store)
    again = bring(store, original, RECEIPT)
    assert (again.stored, again.duplicates, again.quarantined) == (0, 11_340, 0)
    assert facts(store) == shuffled


# ------------------------------------------------------------------ small logs


def test_rows_become_events_by_the_map(store: Store, tmp_path: Path, small_map: Path) -> None:
    fed = bring(store, write_csv(tmp_path / "a.csv", *ROWS), small_map)
    assert (fed.stored, fed.duplicates, fed.quarantined) == (3, 0, 0)
    first, done, second = facts(store)
    eight = timedelta(hours=8)
    assert first[:3] == ("import-licence/1", "accepted", datetime(2026, 2, 2, 9, 0, tzinfo=UTC) - eight)
    assert (first[4], first[6], first[8]) == ("王五", "营业执照", {"due": "2026-02-09T09:30:00+00:00"})
    assert (done[1], done[8]) == ("completed", {"result": "granted"})
    assert second[0] == "import-licence/2"


@pytest.mark.scenarios
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_are_detected(store: Store, tmp_path: Path, small_map: Path, encoding: str) -> None:
    bring(store, write_csv(tmp_path / "a.csv", *ROWS, encoding=encoding), small_map)
    assert [row[4] for row in facts(store)] == ["王五", None, "赵六"]


def test_a_workbook_gives_the_same_facts_as_the_csv(store: Store, tmp_path: Path, small_map: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for number, record in enumerate(ROWS):
        real = datetime(2026, 2, 2 + (number > 0), 9, 0)  # noqa: DTZ001 - a workbook holds no zones
        sheet.append([int(record[0]), record[1], real, *record[3:]])
    book.save(tmp_path / "a.xlsx")
    bring(store, tmp_path / "a.xlsx", small_map)
    from_book = facts(store)
    again = bring(store, write_csv(tmp_path / "a.csv", *ROWS), small_map)
    assert again.stored == 0
    assert len(from_book) == 3


@pytest.mark.sqlite_only
def test_history_counts_as_received_when_it_happened_and_live_as_received_now(
    store: Store, tmp_path: Path, small_map: Path
) -> None:
    log = write_csv(tmp_path / "a.csv", ROWS[0])
    bring(store, log, small_map)
    assert {row[2] == row[7] for row in facts(store)} == {True}
    other = Store(f"{store.url}-live")
    with other.write() as conn:
        CaseEventRow.metadata.create_all(conn)
    bring(other, log, small_map, historic=False)
    assert {row[7] for row in facts(other)} == {NOW}
    assert {row["historic"] for row in rows(other, Subject)} == {False}
    other.close()


def test_the_watermark_is_the_option_then_the_map_then_the_end_of_the_file_and_only_rises(
    store: Store, tmp_path: Path, small_map: Path
) -> None:
    log = write_csv(tmp_path / "a.csv", *ROWS)
    end = datetime(2026, 2, 5, 2, 0, tzinfo=UTC)
    later, earlier = datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)
    for as_of, mark in ((None, end), (later, later), (earlier, later)):
        bring(store, log, small_map, as_of=as_of)
        assert columns(rows(store, SourceRow), "watermark") == [(mark,)]


def test_a_bad_row_is_held_and_named_and_the_others_are_written(store: Store, tmp_path: Path, small_map: Path) -> None:
    bad_time = ["3", "受理", "昨天", "", "", "", ""]
    bad_due = ["4", "受理", "2026/02/03 09:00", "下周", "", "", ""]
    bad_result = ["5", "受理", "2026/02/03 09:00", "", "", "2026/02/05 10:00", "?"]
    no_case = ["", "受理", "2026/02/03 09:00", "", "", "", ""]
    ahead = ["6", "受理", "2026/09/03 09:00", "", "", "", ""]
    fed = bring(store, write_csv(tmp_path / "a.csv", ROWS[0], bad_time, bad_due, bad_result, no_case, ahead), small_map)
    named = [(r.place, r.reason, r.detail) for r in fed.refused]
    expected = [
        (3, "malformed", "列 column '受理时间' = '昨天': at: 不是时间 no time; 应写作 written as %Y/%m/%d %H:%M"),
        (4, "malformed", "列 column '期限' = '下周': due: 不是时间 no time"),
        (5, "malformed", "列 column '结果' = '?': result"),
        (6, "malformed", "列 column '编号' = '': case"),
        (7, "future", "at"),
    ]
    assert [n[:2] for n in named] == [e[:2] for e in expected]
    assert all(n[2].startswith(e[2]) for n, e in zip(named, expected, strict=True)), named
    assert columns(rows(store, Quarantine), "detail")[0] == (f"row 3: {fed.refused[0].detail}",)
    assert (fed.stored, count(store, Quarantine)) == (3, 5)


def test_a_row_in_quarantine_is_taken_in_by_importing_the_mended_file_again(
    store: Store, tmp_path: Path, small_map: Path
) -> None:
    """No replay: which case a row is of, and which names it may hold, the map says, and that is not at hand."""
    small_map.write_text(MAP.replace('"lenient"', '"strict"'), encoding="utf-8")
    log = write_csv(tmp_path / "a.csv", ROWS[0])
    assert bring(store, log, small_map).quarantined > 0
    with store.write() as conn:
        done = replay(conn, Registry(), now=NOW, actor="test")
    assert done.released == ()
    assert {(reason, detail) for _, reason, detail in done.still_held} == {("unknown_ref", IMPORT_AGAIN)}
    small_map.write_text(MAP, encoding="utf-8")
    assert bring(store, log, small_map).quarantined == 0
    assert {row["state"] for row in rows(store, Quarantine)} == {"replayed"}


def test_two_rows_that_tell_one_event_differently_conflict(store: Store, tmp_path: Path, small_map: Path) -> None:
    other_due = [*ROWS[0][:3], "2026/02/12 17:30", *ROWS[0][4:]]
    fed = bring(store, write_csv(tmp_path / "a.csv", ROWS[0], other_due), small_map)
    assert [(r.place, r.reason) for r in fed.refused] == [(3, "conflict")]


@pytest.mark.scenarios
def test_a_strict_map_wants_names_of_the_registry(store: Store, tmp_path: Path, small_map: Path) -> None:
    small_map.write_text(MAP.replace('"lenient"', '"strict"'), encoding="utf-8")
    fed = bring(store, write_csv(tmp_path / "a.csv", *ROWS), small_map)
    assert fed.stored == 0
    assert {r.reason for r in fed.refused} == {"unknown_ref"}


@pytest.mark.scenarios
@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no column"),
        ("编号,环节,受理时间,期限,经办人,办结时间,结果,编号\n".encode(), "twice"),
        (",".join(HEADER).encode() + b'\n"1,2\n', "line"),
        (b"\xff\xff\xff\x80", "GB18030"),
    ],
)
def test_a_file_that_is_no_log_of_the_map_is_refused_whole(
    store: Store, tmp_path: Path, small_map: Path, content: bytes, names: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(BadCases, match=names):
        bring(store, path, small_map)
    assert count(store, SourceRow) == 0


@pytest.mark.scenarios
def test_a_workbook_whose_times_were_never_calculated_is_refused_whole(
    store: Store, tmp_path: Path, small_map: Path
) -> None:
    """Read as an empty cell the completion would be missing, and the case overdue."""
    made = Workbook()
    made.active.append(HEADER)
    made.active.append([*ROWS[0][:5], "=NOW()", "准予"])
    made.save(tmp_path / "a.xlsx")
    with pytest.raises(BadCases, match=r"第 2 行 row 2: 办结时间: 公式没有存值"):
        bring(store, tmp_path / "a.xlsx", small_map)


@pytest.mark.scenarios
def test_a_damaged_workbook_is_refused_whole(store: Store, tmp_path: Path, small_map: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(BadCases, match="no XLSX"):
        bring(store, path, small_map)


@pytest.mark.scenarios
def test_a_workbook_of_charts_alone_is_refused_whole(store: Store, tmp_path: Path, small_map: Path) -> None:
    made = Workbook()
    chart = made.create_chartsheet("图")
    chart.add_chart(BarChart())
    made.remove(made.worksheets[0])
    made.save(tmp_path / "a.xlsx")
    with pytest.raises(BadCases, match="只有图表，没有表格"):
        bring(store, tmp_path / "a.xlsx", small_map)


@pytest.mark.scenarios
@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('event = "accepted"', 'event = "lost"', "events.0.event"),
        ('fields = { result = "结果" }', 'fields = { colour = "结果" }', "colour"),
        ('zone = "Asia/Shanghai"', 'zone = "Mars/Base"', "time.zone"),
        ('case = "编号"', "", "case"),
        ('case = "编号"', 'case = "编号"\nas_of = 2026-02-01', "as_of"),
        ('case = "编号"', 'case = "编号"\nspeed = 1', "speed"),
        ('item = "营业执照"', 'due = "x"', "due"),
        ('case = "编号"', 'case = "编号"\nhall = "h9"', "hall"),
        ('case = "编号"', 'case = "编号"\ncalendar = "lunar"', "calendar"),
        ("[time]", "[time", "TOML"),
    ],
)
def test_a_bad_map_is_refused_and_its_key_named(
    store: Store, tmp_path: Path, small_map: Path, old: str, new: str, names: str
) -> None:
    assert old in MAP
    small_map.write_text(MAP.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadCases, match=names):
        bring(store, write_csv(tmp_path / "a.csv", *ROWS), small_map, calendars={"default"})
    assert count(store, RawEvent) == 0


@pytest.mark.scenarios
def test_an_as_of_after_the_present_is_refused(store: Store, tmp_path: Path, small_map: Path) -> None:
    with pytest.raises(BadCases, match="as-of"):
        bring(store, write_csv(tmp_path / "a.csv", *ROWS), small_map, as_of=NOW + timedelta(days=1))
