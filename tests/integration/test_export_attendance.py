"""`export attendance`: a hall's days through imports and events to the sheet, cell by cell (DESIGN §7)."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import select

from monitor.app.program import judge_as_of
from monitor.attendance.slots import slot_key
from monitor.cli.running import run_app
from monitor.exports.attendance import BadExport, export_attendance
from monitor.exports.attendance.month import read_month
from monitor.exports.attendance.oneday import facts_of
from monitor.exports.attendance.tables import COLUMNS, DETAIL_COLUMNS
from monitor.exports.attendance.workbook import HEAD
from monitor.ingest.plans import import_plans
from monitor.store.facts.slots import load_slots, slots_of
from monitor.store.subjects import SUBJECT
from monitor.supervision.commands import transition
from monitor.supervision.losses import declare_lost
from tests.sheets import SETTINGS, World, at, filled, read_back, told

pytestmark = pytest.mark.both_databases

BEGUN: Final = at(13, "07:00")
NOW: Final = at(25, "13:30")
"""A Wednesday after lunch: its forenoon is over, its afternoon is not."""
WORKED: Final = (13, 14, 24, 25)
"""Friday, the make-up Saturday of the Spring Festival, the Tuesday and Wednesday after it."""
PLAIN: Final = {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20", "pm_out": "17:33"}
TERMINALS: Final = {"t1": "a", "t2": "b", "t3": "c", "t4": "d"}

PEOPLE: Final = {
    "a01": "张三", "a02": "=1+1", "a03": "@SUM(A1)", "a04": "-2", "a05": "+86", "a06": "孙六", "a07": "周七",
    "a08": "吴八", "a09": "郑九", "b01": "王十", "c01": "冯一", "d01": "陈二",
}  # fmt: skip
NEWCOMER: Final = "a10"
"""First imported on the 24th at noon."""

CAME: Final[dict[tuple[str, int], dict[str, str]]] = {
    ("a02", 13): PLAIN | {"am_in": "08:40:01"},
    ("a02", 14): PLAIN | {"pm_out": "17:20"},
    ("a03", 13): PLAIN | {"am_in": "08:46"},
    ("a03", 24): {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20"},
    ("a03", 25): {"am_out": "12:02"},
    ("a04", 13): {"pm_in": "14:20", "pm_out": "17:33"},
    ("a05", 13): {},
    ("a06", 14): {},
    ("a07", 24): {"pm_in": "14:20", "pm_out": "17:33"},
    ("a08", 14): PLAIN | {"pm_in": "14:35", "pm_out": "17:25"},
    ("a08", 24): PLAIN | {"am_in": "08:48"},
    ("a09", 14): {"am_in": "08:20", "am_out": "12:02"},
    ("b01", 24): {"am_in": "08:20", "am_out": "12:02"},
    ("b01", 25): {},
    ("c01", 24): PLAIN | {"am_in": ""},
    ("d01", 24): PLAIN | {"am_in": "08:44"},
    (NEWCOMER, 24): {"pm_in": "14:20", "pm_out": "17:33"},
}
"""Check-ins where they are not plain, by person and day."""

MARKS: Final[dict[str, dict[str, str]]] = {
    "a01": {},
    "a02": {"13上": "迟", "14下": "早"},
    "a03": {"13上": "脱", "24下": "脱", "25上": "脱"},
    "a04": {"13上": "旷"},
    "a05": {"13上": "假", "13下": "假"},
    "a06": {"14上": "差", "14下": "差"},
    "a07": {"24上": "旷"},
    "a08": {"14下": "迟"},
    "a09": {"14下": "－"},
    "b01": {"24下": "？", "25上": "？"},
    "c01": {"24上": "？"},
    "d01": {"24上": "？"},
    NEWCOMER: {cell: "" for day in range(13, 24) for cell in (f"{day}上", f"{day}下")} | {"24上": ""},
}
"""Cells that are not √ on a worked half day, nor － on a day off."""

TOTALS: Final[dict[str, dict[str, int]]] = {
    "a01": {"应出勤半天": 7, "出勤半天": 7},
    "a02": {"应出勤半天": 7, "出勤半天": 7, "迟到次数": 1, "迟到分钟": 11, "早退次数": 1, "早退分钟": 10},
    "a03": {"应出勤半天": 7, "出勤半天": 7, "缺卡次数": 2, "脱岗次数": 1},
    "a04": {"应出勤半天": 7, "出勤半天": 6, "旷工半天": 1},
    "a05": {"应出勤半天": 7, "出勤半天": 5, "病假半天": 2},
    "a06": {"应出勤半天": 7, "出勤半天": 5, "公假半天": 2},
    "a07": {"应出勤半天": 7, "出勤半天": 6, "旷工半天": 1},
    "a08": {
        "应出勤半天": 7,
        "出勤半天": 7,
        "迟到次数": 1,
        "迟到分钟": 5,
        "早退次数": 1,
        "早退分钟": 5,
        "外出次数": 1,
    },
    "a09": {"应出勤半天": 6, "出勤半天": 6},
    "b01": {"应出勤半天": 7, "出勤半天": 5, "未知半天": 2},
    "c01": {"应出勤半天": 7, "出勤半天": 6, "不予认定半天": 1},
    "d01": {"应出勤半天": 7, "出勤半天": 6, "待复核半天": 1},
    NEWCOMER: {"应出勤半天": 2, "出勤半天": 2},
}
"""Totals that are not 0, counted by hand."""

DOUBTED: Final = "08:44:00 签到 t4（存疑）；12:02:00 签退 t4（存疑）"
DETAILS: Final = [
    ("2026-02-13", "a02", "上午签到", "迟到", 11, "08:40:01 签到 t1；12:02:00 签退 t1", "", False),
    ("2026-02-13", "a03", "上午签到", "脱岗（迟到）", 16, "08:46:00 签到 t1；12:02:00 签退 t1", "", True),
    ("2026-02-13", "a04", "上午签到", "旷工半天", "", "", "", True),
    ("2026-02-13", "a05", "上午签到", "病假", "", "", "L1", False),
    ("2026-02-13", "a05", "上午签退", "病假", "", "", "L1", False),
    ("2026-02-13", "a05", "下午签到", "病假", "", "", "L1", False),
    ("2026-02-13", "a05", "下午签退", "病假", "", "", "L1", False),
    ("2026-02-14", "a02", "下午签退", "早退", 10, "14:20:00 签到 t1；17:20:00 签退 t1", "", False),
    ("2026-02-14", "a06", "上午签到", "公假", "", "", "L2", False),
    ("2026-02-14", "a06", "上午签退", "公假", "", "", "L2", False),
    ("2026-02-14", "a06", "下午签到", "公假", "", "", "L2", False),
    ("2026-02-14", "a06", "下午签退", "公假", "", "", "L2", False),
    ("2026-02-14", "a08", "下午签到", "迟到", 5, "14:35:00 签到 t1；17:25:00 签退 t1", "", False),
    ("2026-02-14", "a08", "下午签退", "早退", 5, "14:35:00 签到 t1；17:25:00 签退 t1", "", False),
    ("2026-02-14", "a09", "下午签到", "停办", "", "", "", False),
    ("2026-02-14", "a09", "下午签退", "停办", "", "", "", False),
    ("2026-02-24", "a03", "下午签退", "缺卡（未签退）", "", "14:20:00 签到 t1", "", True),
    ("2026-02-24", "a07", "上午签到", "旷工半天", "", "", "L3（未批准）", True),
    ("2026-02-24", "b01", "下午签到", "未知", "", "", "", False),
    ("2026-02-24", "b01", "下午签退", "未知", "", "", "", False),
    ("2026-02-24", "c01", "上午签到", "不予认定", "", "12:02:00 签退 t3", "", False),
    ("2026-02-24", "d01", "上午签到", "待复核", "", DOUBTED, "", False),
    ("2026-02-25", "a03", "上午签到", "缺卡（未签到）", "", "12:02:00 签退 t1", "", True),
    ("2026-02-25", "b01", "上午签到", "未知", "", "", "", False),
    ("2026-02-25", "b01", "上午签退", "未知", "", "", "", False),
]  # fmt: skip
"""日期, 工号, 时段, 异常, 分钟, 考勤记录, 请假单, whether there is a card."""


# --------------------------------------------------------------------------- the hall


def registry_toml(people: Collection[str]) -> str:
    units = "".join(
        f'[[units]]\nid = "{u}"\nhall = "h1"\nname = "{n}"\n' for u, n in zip("abcd", "税社公房", strict=True)
    )
    staff = "".join(
        f'[[staff]]\nid = "{p}"\nunit = "{p[0]}"\nname = {json.dumps(PEOPLE.get(p, "新人"))}\n' for p in people
    )
    devices = "".join(
        f'[[devices]]\nid = "{t}"\nkind = "terminal"\nhall = "h1"\nserves = ["{u}"]\n' for t, u in TERMINALS.items()
    )
    post = '[[posts]]\nwindow = "w9"\nstaff = "a09"\n' if "a09" in people else ""
    return (
        '[[halls]]\nid = "h1"\nname = "A&B 大厅"\nattendance = "tongshan"\n[[halls]]\nid = "h2"\n'
        f'[[windows]]\nid = "w9"\nhall = "h1"\nunit = "a"\n{post}{units}{staff}{devices}'
    )


PLANS: Final = """
[[leave]]
id = "L1"
staff = "a05"
kind = "sick"
from = 2026-02-13T00:00:00+08:00
to = 2026-02-14T00:00:00+08:00
approver = "head"
approved_at = 2026-02-24T09:00:00+08:00

[[leave]]
id = "L2"
staff = "a06"
kind = "official"
from = 2026-02-14T00:00:00+08:00
to = 2026-02-15T00:00:00+08:00
approver = "head"
approved_at = 2026-02-12T09:00:00+08:00

[[leave]]
id = "L3"
staff = "a07"
kind = "personal"
from = 2026-02-24T00:00:00+08:00
to = 2026-02-24T12:30:00+08:00

[[outings]]
id = "O1"
staff = "a08"
from = 2026-02-24T08:20:00+08:00
to = 2026-02-24T09:10:00+08:00

[[closures]]
id = "C1"
window = "w9"
from = 2026-02-14T13:00:00+08:00
to = 2026-02-14T18:00:00+08:00
why = "停电"
"""


def event_lines() -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Check-ins as they were received, and the terminals' heartbeats.

    t2 falls silent after the 24th's lunch; t4's clock is ten minutes slow (and its people come as if it were right).
    """
    numbers = itertools.count()
    terminal_of = {unit: terminal for terminal, unit in TERMINALS.items()}
    for person, day in itertools.product([*PEOPLE, NEWCOMER], WORKED):
        if person == NEWCOMER and day < 24:
            continue
        device = terminal_of[person[0]]
        for clock in CAME.get((person, day), PLAIN).values():
            if clock and at(day, clock) <= NOW:
                payload = {"id": str(next(numbers)), "staff": person, "method": "face"}
                yield told(device, "checkin", at(day, clock), payload, _slow(device))
    for device, day, clock in itertools.product(TERMINALS, range(13, 26), ("06:30", "09:00", "13:10", "19:10")):
        heard = at(day, clock)
        if heard <= NOW and (device != "t2" or heard < at(24, "13:30")):
            yield told(device, "heartbeat", heard, {"queue": 0}, _slow(device))


def _slow(device: str) -> timedelta:
    return timedelta(minutes=10) if device == "t4" else timedelta(0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The hall of the tables above, judged once, so that cards stand. Exporting changes nothing."""
    folder = tmp_path_factory.mktemp("attendance")
    registries = [(BEGUN, registry_toml(PEOPLE)), (at(24, "12:00"), registry_toml([*PEOPLE, NEWCOMER]))]
    world = filled(folder, registries, event_lines(), NOW)
    store = world.program.store
    (folder / "plans.toml").write_text(PLANS, encoding="utf-8")
    import_plans(store, folder / "plans.toml", now=at(24, "12:00"))
    with store.write() as conn:
        declare_lost(conn, "t3", at(24, "08:00"), at(24, "09:00"), actor="op", why="disk", now=NOW)
    judge_as_of(world.program, NOW)
    yield world
    store.close()


def default_mark(day: int, half: str) -> str:
    if not 13 <= day <= 25 or (day, half) == (25, "下"):
        return ""
    return "√" if day in WORKED else "－"


# --------------------------------------------------------------------------- 考勤表


def test_the_columns_are_those_of_the_contract(world: World) -> None:
    book = world.book()
    assert list(book) == ["考勤表", "异常明细", "说明"]
    head = book["考勤表"][0]
    assert head[:7] == ("工号", "姓名", "部门", "1上", "1下", "2上", "2下")
    assert head[63:66] == ("31上", "31下", "应出勤半天")
    assert len(head) == len(set(head))


@pytest.mark.parametrize("person", [*PEOPLE, NEWCOMER])
def test_each_cell_of_a_persons_row(world: World, person: str) -> None:
    rows = world.book()["考勤表"]
    row = dict(zip(rows[0], next(row for row in rows if row[0] == person), strict=True))
    expected = {f"{d}{h}": default_mark(d, h) for d in range(1, 32) for h in "上下"} | MARKS[person]
    assert {name: row[name] for name in expected} == expected
    totals = {name: row[name] for name in COLUMNS[65:] if row[name]}
    assert totals == TOTALS[person]


def test_rows_are_the_people_of_the_hall_by_unit_with_their_names(world: World) -> None:
    rows = world.book()["考勤表"][1:]
    units = dict(zip("abcd", "税社公房", strict=True))
    assert [row[:3] for row in rows] == [
        (person, PEOPLE.get(person, "新人"), units[person[0]]) for person in sorted([*PEOPLE, NEWCOMER])
    ]


def test_a_name_that_looks_like_a_formula_stays_text(world: World) -> None:
    book = openpyxl.load_workbook(world.export("formula.xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}, "no formula, no link, no error"
    assert "=1+1" in {cell.value for cell in cells if cell.data_type == "s"}


def test_the_csv_is_the_sheet_with_a_bom_and_guards_what_looks_like_a_formula(world: World) -> None:
    content = world.export("sheet.CSV").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert {row[1] for row in rows} >= {"'=1+1", "'@SUM(A1)", "'-2", "'+86", "张三"}
    assert [[cell.removeprefix("'") for cell in row] for row in rows] == [
        [str(cell) for cell in row] for row in world.book()["考勤表"]
    ]


def test_the_same_store_and_time_give_the_same_bytes(world: World) -> None:
    first = world.export("first.xlsx").read_bytes()
    assert world.export("second.xlsx").read_bytes() == first


def test_the_sheet_can_be_made_as_of_an_earlier_time(world: World) -> None:
    """On the 13th at 20:00 nobody knew of the leave approved on the 24th, and no later day was there."""
    rows = world.book(at(13, "20:00"))["考勤表"]
    row = dict(zip(rows[0], next(row for row in rows if row[0] == "a05"), strict=True))
    assert {name: row[name] for name in ("13上", "13下", "14上", "旷工半天", "病假半天")} == {
        "13上": "旷", "13下": "旷", "14上": "", "旷工半天": 2, "病假半天": 0,
    }  # fmt: skip


def test_the_head_says_what_it_is_and_which_days_are_off_or_made_up(world: World) -> None:
    rows = read_back(world.export("head.xlsx"))["考勤表"]
    assert rows[0][0] == "A&B 大厅 2026年2月考勤表"
    assert (
        rows[1][0] == "期间：2026-02-01 至 2026-02-28　　草稿，未签核；编制于 2026-02-25 13:30:00，只计此前已结束的半天"
    )
    assert rows[2][0].startswith("图例：√ 出勤")
    weekdays, marks = ({day: row[3 + 2 * (day - 1)] for day in range(1, 32)} for row in rows[3:5])
    assert [weekdays[day] for day in (1, 2, 13, 14, 28, 29)] == ["日", "一", "五", "六", "六", ""]
    assert [marks[day] for day in (1, 2, 13, 14, 15, 23, 24, 28)] == ["休", "", "", "班", "春节", "春节", "", "班"]


def test_each_unit_has_its_sums_and_the_hall_its_own(world: World) -> None:
    rows = read_back(world.export("sums.xlsx"))["考勤表"][HEAD:]
    columns = {name: rows[0].index(name) for name in ("应出勤半天", "缺卡次数", "未知半天")}
    sums = {row[2]: {name: row[index] for name, index in columns.items()} for row in rows if row[1] in ("小计", "合计")}
    assert sums == {
        "税": {"应出勤半天": 64, "缺卡次数": 2, "未知半天": 0},
        "社": {"应出勤半天": 7, "缺卡次数": 0, "未知半天": 2},
        "公": {"应出勤半天": 7, "缺卡次数": 0, "未知半天": 0},
        "房": {"应出勤半天": 7, "缺卡次数": 0, "未知半天": 0},
        "13 人": {"应出勤半天": 85, "缺卡次数": 2, "未知半天": 2},
    }
    assert [row[1] for row in rows if row[1].endswith("：")][:1] == ["制表人："], "room for signatures below"


def test_the_pdf_can_be_read_back(world: World, tool: Callable[[str], str]) -> None:
    program = tool("pdftotext")
    path = world.export("sheet.pdf")
    text = subprocess.run([program, "-layout", str(path), "-"], check=True, capture_output=True, text=True).stdout
    for said in ("A&B 大厅 2026年2月考勤表", "异常明细", "说明", "=1+1", "缺卡（未签退）", "签核", "审核人："):
        assert said in text
    pages = text.count("\f")
    assert f"第 {pages} 页 共 {pages} 页" in text
    sizes = subprocess.run([tool("pdfinfo"), str(path)], check=True, capture_output=True, text=True).stdout
    assert "A3" in sizes
    assert path.read_bytes() == world.export("again.pdf").read_bytes()


# --------------------------------------------------------------------------- 异常明细, 说明


def test_details_name_every_exception_with_its_evidence(world: World) -> None:
    head, *rows = world.book()["异常明细"]
    assert head == DETAIL_COLUMNS
    seen = [dict(zip(head, row, strict=True)) for row in rows]
    columns = ("日期", "工号", "时段", "异常", "分钟", "考勤记录", "请假单")
    assert [(*(row[c] for c in columns), bool(row["牌号"])) for row in seen] == DETAILS


@pytest.mark.parametrize(
    ("person", "day", "remark"),
    [
        pytest.param("b01", "2026-02-25", "t2 未送达 08:30 前的数据", id="unknown says what it waits for"),
        pytest.param("d01", "2026-02-24", "t4 的时间不可采信", id="review says whose clock"),
        pytest.param("a09", "2026-02-14", "停办 C1 停电", id="a closure says why"),
    ],
)
def test_remarks(world: World, person: str, day: str, remark: str) -> None:
    rows = world.book()["异常明细"]
    assert next(row for row in rows if row[0] == day and row[2] == person)[-1] == remark


def test_lost_data_name_their_span(world: World) -> None:
    row = next(row for row in world.book()["异常明细"] if row[2] == "c01")
    assert re.fullmatch(r"数据已声明丢失：2026-02-24 08:00:00 至 2026-02-24 09:00:00", row[-1])


def test_an_outing_slip_moves_the_due_and_leaves_no_exception(world: World) -> None:
    """a08 came at 08:48 on the 24th; the slip from 08:20 counts for 30 minutes."""
    rows = world.book()["异常明细"]
    assert not [row for row in rows if row[2] == "a08" and row[0] == "2026-02-24"]


def test_a_withdrawn_card_is_said_to_be_withdrawn(world: World) -> None:
    def shown() -> str:
        return str(next(row for row in world.book()["异常明细"] if row[2] == "a04")[-3])

    number = shown()
    with world.program.store.write() as conn:
        transition(conn, int(number), "withdrawn", actor="head", why="停电", now=NOW)
    assert shown() == f"{number}（已撤）"


def test_notes_say_what_the_sheet_rests_on(world: World) -> None:
    notes = world.book()["说明"]
    assert ("大厅", "A&B 大厅（h1）") in notes
    assert ("期间", "2026-02-01 至 2026-02-28，时区 Asia/Shanghai") in notes
    assert ("编制时间", "2026-02-25T13:30:00+08:00；只计此前已结束的半天") in notes
    assert ("政策版本", SETTINGS.policy.version) in notes
    assert ("数据截至", "考勤机 t2：2026-02-24 13:10:00") in notes
    assert ("数据截至", "考勤机 t4：2026-02-25 13:10:00（时钟不可采信）") in notes
    assert [text for name, text in notes if name == "未知时段"] == ["4 个"]
    assert {name[:1] for name, _ in notes} >= set("√迟早脱旷假差？－")


def test_notes_carry_the_values_of_the_policy(world: World) -> None:
    changed = SETTINGS.policy.model_copy(
        update={"checkin": SETTINGS.policy.checkin.model_copy(update={"yellow_after_minutes": 20})}
    )
    path = world.folder / "lenient.xlsx"
    with world.look() as look:
        export_attendance(look, changed, "2026-02", "h1", path)
    book = openpyxl.load_workbook(path)
    assert any("晚到不超过 20 分钟" in str(row[1]) for row in book["说明"].iter_rows(values_only=True))
    row = next(row for row in book["考勤表"].iter_rows(values_only=True) if row[0] == "a03")
    assert row[COLUMNS.index("13上")] == "迟", "16 minutes are within 20"


# --------------------------------------------------------------------------- what it rests on


def test_facts_of_a_days_slots_differ_in_slot_and_session_only(world: World) -> None:
    """The sheet loads one slot of a day and judges the others on the same facts: they must be what the loop loads."""
    with world.look() as look:
        for person, day in itertools.product([*PEOPLE, NEWCOMER], WORKED):
            on = date(2026, 2, day)
            slots = slots_of(look, person, on)
            loaded = load_slots(look, [slot_key(person, on, slot.name) for slot in slots])
            shared = loaded[slot_key(person, on, slots[0].name)].facts
            for slot in slots:
                own = loaded[slot_key(person, on, slot.name)].facts
                assert facts_of(shared, slot, slots) == own


def test_the_sheet_says_what_the_loop_judged(world: World) -> None:
    """Every slot of the sheet is a subject of the store, with the verdict that the loop gave it at the same time."""
    with world.look() as look:
        hall = look.registry.halls["h1"]
        month = read_month(look, SETTINGS.policy.checkin, hall, date(2026, 2, 1))
        stored = dict(look.conn.execute(select(SUBJECT.c.key, SUBJECT.c.verdict).where(SUBJECT.c.kind == "slot")).all())
    said = {
        slot.key: slot.outcome.value for cells in month.cells.values() for half in cells.values() for slot in half.slots
    }
    assert len(said) == (len(PEOPLE) * 7 + 2) * 2, "the newcomer has two half days; a half day has two slots"
    assert said == {key: stored[key] for key in said}


def test_days_and_times_are_those_of_the_halls_zone(tmp_path: Path) -> None:
    """A hall in Urumqi by its own clock: 08:40 there is 10:40 in Beijing; 00:10 there is the day before in UTC."""
    text = registry_toml(["a01"]).replace('name = "A&B 大厅"', 'zone = "Asia/Urumqi"')
    zone = ZoneInfo("Asia/Urumqi")
    came = datetime(2026, 3, 2, 8, 40, tzinfo=zone)
    heard = datetime(2026, 3, 2, 23, 0, tzinfo=zone)
    world = filled(
        tmp_path,
        [(datetime(2026, 3, 2, 0, 0, tzinfo=zone), text)],
        [
            told("t1", "checkin", came, {"id": "1", "staff": "a01", "method": "face"}),
            told("t1", "heartbeat", came, {"queue": 0}),
            told("t1", "heartbeat", heard, {"queue": 0}),
        ],
        NOW,
    )
    book = world.book(datetime(2026, 3, 3, 0, 10, tzinfo=zone), "2026-03")
    world.program.store.close()
    row = dict(zip(COLUMNS, book["考勤表"][1], strict=True))
    assert {name: row[name] for name in ("1上", "1下", "2上", "2下", "3上")} == {
        "1上": "", "1下": "", "2上": "脱", "2下": "旷", "3上": "",
    }  # fmt: skip
    assert [detail[6:10] for detail in book["异常明细"][1:]] == [
        ("08:30", "迟到", 10, "08:40:00 签到 t1"),
        ("12:00", "缺卡（未签退）", "", "08:40:00 签到 t1"),
        ("14:30", "旷工半天", "", ""),
    ]


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("option", "given", "says"),
    [
        pytest.param("--month", {"month": "2026-2"}, "YYYY-MM", id="a month without its zero"),
        pytest.param("--month", {"month": "2026-13"}, "YYYY-MM", id="a thirteenth month"),
        pytest.param("--month", {"month": "0000-01"}, "YYYY-MM", id="a year that is none"),
        pytest.param("--month", {"month": "1900-01"}, "1950", id="a year outside the calendar"),
        pytest.param("--month", {"month": "2026-03"}, "2026-02-25", id="a month that has not begun"),
        pytest.param("--hall", {"hall": "h9"}, "h1、h2", id="an unknown hall"),
        pytest.param("--hall", {"hall": "h2"}, "tongshan", id="a hall without check-in slots"),
        pytest.param("--output", {"name": "sheet.ods"}, ".xlsx", id="another ending"),
        pytest.param("--output", {"name": "none/sheet.csv"}, "none", id="a folder that is not there"),
    ],
)
def test_bad_input_names_the_option_and_the_way_out(
    world: World, option: str, given: dict[str, Any], says: str
) -> None:
    before = sorted(world.folder.iterdir())
    with pytest.raises(BadExport) as caught:
        world.export(**({"name": "refused.xlsx"} | given))
    assert str(caught.value).startswith(option)
    assert says in str(caught.value)
    assert sorted(world.folder.iterdir()) == before, "nothing half-written"


def test_a_refusal_is_exit_status_2_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JIANCHA_STORE__URL", f"sqlite:///{tmp_path / 'new.sqlite'}")
    command = ["export", "attendance", "--month", "2026-02", "--hall", "h1", "-o", str(tmp_path / "sheet.ods")]
    assert run_app(command) == 2
    assert "xlsx" in capsys.readouterr().err


# --------------------------------------------------------------------------- speed


@pytest.mark.long
def test_500_people_take_less_than_ten_seconds(tmp_path: Path) -> None:
    """A full month of 500 people, four check-ins a day each (DESIGN's size of a large hall)."""
    people = [f"a{number:03}" for number in range(500)]
    days = [day for day in range(1, 32) if date(2026, 3, day).isoweekday() < 6]
    events = [
        told("t1", "checkin", at(day, clock, 3), {"id": f"{day}{person}{slot}", "staff": person, "method": "face"})
        for day, person, (slot, clock) in itertools.product(days, people, PLAIN.items())
    ]
    events += [told("t1", "heartbeat", at(day, "23:00", 3), {"queue": 0}) for day in range(1, 32)]
    world = filled(tmp_path, [(at(1, "00:00"), registry_toml(people))], events, NOW)
    begun = time.process_time()
    path = world.export("sheet.xlsx", "2026-03", now=at(1, "08:00", 4))
    took = time.process_time() - begun
    world.program.store.close()
    marks = [row[3:65] for row in openpyxl.load_workbook(path)["考勤表"].iter_rows(min_row=HEAD + 2, values_only=True)]
    assert sum(row.count("√") for row in marks) == 500 * len(days) * 2
    assert took < 10
