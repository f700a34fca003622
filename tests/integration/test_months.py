"""A month is closed by sign-off; later changes are dated rows of a new version; closed ones come out byte for byte."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from monitor.access import Principal
from monitor.cli.running import run_app
from monitor.exports.attendance import BadExport
from monitor.exports.attendance.closing import Next, first_version, next_version
from monitor.exports.attendance.tables import COLUMNS
from monitor.exports.attendance.workbook import HEAD as HEAD_ROW
from monitor.ingest.plans import import_plans
from monitor.store import months, users
from monitor.store.engine import Store
from monitor.store.migrate import HEAD, VERSION_TABLE
from monitor.store.months import KEPT
from monitor.store.retention import count, keys_that_go, sorts, take
from monitor.store.schema import Audit, AuditPrivate
from monitor.store.sql import table_of
from monitor.supervision.months import sign_off
from monitor.supervision.refused import Refused
from tests.sheets import SETTINGS, World, at, filled, read_back, told

pytestmark = pytest.mark.both_databases

OVER: Final = datetime.fromisoformat("2026-04-02T09:00:00+08:00")
LATER: Final = datetime.fromisoformat("2026-04-20T09:00:00+08:00")
HEAD_OF_SUPERVISION: Final = Principal(id="head", role="supervision_head", halls=frozenset({"h1"}))
PLAIN: Final = {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20", "pm_out": "17:33"}
REGISTRY: Final = """
[[halls]]
id = "h1"
name = "一号大厅"
attendance = "tongshan"
[[units]]
id = "a"
hall = "h1"
name = "户政"
[[units]]
id = "b"
hall = "h1"
name = "税务"
[[staff]]
id = "a1"
unit = "a"
name = "甲"
[[staff]]
id = "b1"
unit = "b"
name = "乙"
[[devices]]
id = "t1"
kind = "terminal"
hall = "h1"
"""
LEAVE: Final = """
[[leave]]
id = "L1"
staff = "a1"
kind = "sick"
from = 2026-03-10T00:00:00+08:00
to = 2026-03-11T00:00:00+08:00
approver = "b1"
approved_at = 2026-04-10T09:00:00+08:00
"""


def lines(silent_on: int | None = None) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Both came on every working day of March but a1 on the 10th; `silent_on`: t1 says nothing from that day on."""
    numbers = itertools.count()
    for day in range(1, 32):
        if silent_on is not None and day >= silent_on:
            return
        for person, clock in itertools.product(("a1", "b1"), PLAIN.values()):
            if date(2026, 3, day).isoweekday() < 6 and (person, day) != ("a1", 10):
                payload = {"id": str(next(numbers)), "staff": person, "method": "face"}
                yield told("t1", "checkin", at(day, clock, 3), payload)
        yield told("t1", "heartbeat", at(day, "23:00", 3), {"queue": 0})


@pytest.fixture
def world(tmp_path: Path, store: Store) -> World:
    return filled(tmp_path, [(at(1, "00:00", 3), REGISTRY)], lines(), OVER, store)


def close(world: World, who: Principal = HEAD_OF_SUPERVISION, *, accept_open: bool = False) -> Next:
    with world.look() as look:
        made = first_version(look, SETTINGS.policy, "2026-03", "h1", who, "三月核对", accept_open=accept_open)
    keep(world, made, who)
    return made


def correct(world: World, now: datetime = LATER) -> Next:
    with world.look(now) as look:
        made = next_version(look, SETTINGS.policy, "2026-03", "h1", HEAD_OF_SUPERVISION, "病假补批")
    keep(world, made, HEAD_OF_SUPERVISION)
    return made


def keep(world: World, made: Next, who: Principal) -> None:
    with world.program.store.write() as conn:
        sign_off(
            conn, made.hall, made.month, made.tables.version, actor=who, reason="三月核对", body=made.body,
            digest=made.digest, corrections=made.corrections, now=made.made,
        )  # fmt: skip


def file_leave(world: World) -> None:
    path = world.folder / "leave.toml"
    path.write_text(LEAVE, encoding="utf-8")
    import_plans(world.program.store, path, now=LATER)


def exported(world: World, name: str, now: datetime = LATER, **options: Any) -> bytes:
    return world.export(name, "2026-03", now=now, **options).read_bytes()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("kind", ["xlsx", "csv", "pdf"])
def test_a_closed_month_comes_out_byte_for_byte_whatever_is_filed_later(world: World, kind: str) -> None:
    draft = exported(world, f"draft.{kind}", OVER)
    close(world, accept_open=True)
    first = exported(world, f"first.{kind}")
    assert first != draft or kind == "csv", "the signed sheet says who signed it and when"
    file_leave(world)
    assert exported(world, f"again.{kind}", LATER + timedelta(days=90)) == first
    correct(world)
    assert exported(world, f"second.{kind}") != first
    assert exported(world, f"old.{kind}", version=1) == first


def test_a_correction_is_rows_dated_after_the_closing_and_a_version_of_its_own(world: World) -> None:
    close(world, accept_open=True)
    file_leave(world)
    made = correct(world)
    book = read_back(world.export("second.xlsx", "2026-03", now=LATER))
    assert list(book) == ["考勤表", "异常明细", "更正", "说明"]
    assert book["考勤表"][1][0] == (
        "期间：2026-03-01 至 2026-03-31　　第 2 版，head 更正于 2026-04-20 09:00:00；"
        "第 1 版 head 签核于 2026-04-02 09:00:00"
    )
    head, *rows = book["更正"]
    assert [dict(zip(head, row, strict=True)) for row in rows] == [
        {
            "序号": number, "版本": 2, "更正时间": "2026-04-20 09:00:00", "工号": "a1", "姓名": "甲", "部门": "户政",
            "项目": column, "原记": was, "更正为": now, "更正人": "head", "理由": "病假补批",
        }
        for number, (column, was, now) in enumerate(
            [("10上", "旷", "假"), ("10下", "旷", "假"), ("旷工半天", "2", "0"), ("病假半天", "0", "2")], 1
        )
    ]  # fmt: skip
    assert made.corrections == 4
    with world.look() as look:
        assert [(row.version, row.corrections, row.kept) for row in months.versions(look.conn, "h1")] == [
            (1, 0, True), (2, 4, True),
        ]  # fmt: skip


def test_a_second_correction_keeps_the_rows_of_the_first(world: World) -> None:
    close(world, accept_open=True)
    file_leave(world)
    correct(world)
    path = world.folder / "again.toml"
    path.write_text(LEAVE.replace('"sick"', '"personal"'), encoding="utf-8")
    import_plans(world.program.store, path, now=LATER)
    made = correct(world, LATER + timedelta(days=1))
    assert [(row[0], row[1], *row[6:9]) for row in made.tables.corrections[4:]] == [
        (5, 3, "事假半天", "0", "2"), (6, 3, "病假半天", "2", "0"),
    ]  # fmt: skip
    assert made.tables.state.endswith("第 1 版 head 签核于 2026-04-02 09:00:00")


@pytest.mark.parametrize(
    ("now", "says"),
    [
        pytest.param(at(31, "23:59:59", 3), "尚未结束", id="the month's last second is not over"),
        pytest.param(OVER, "未决事项", id="what nobody knows yet is an open point"),
    ],
)
def test_what_keeps_a_month_from_being_closed(tmp_path: Path, store: Store, now: datetime, says: str) -> None:
    world = filled(tmp_path, [(at(1, "00:00", 3), REGISTRY)], lines(silent_on=31), now, store)
    with pytest.raises(BadExport, match=says):
        close(world)
    with world.look() as look:
        assert months.versions(look.conn) == []


def test_it_is_closed_once_and_corrected_only_where_something_differs(world: World) -> None:
    with pytest.raises(BadExport, match="尚未签核"):
        correct(world)
    close(world, accept_open=True)
    with pytest.raises(BadExport, match="已签核"):
        close(world, accept_open=True)
    with pytest.raises(BadExport, match="没有差别"):
        correct(world)


def test_of_two_who_sign_at_once_one_is_told(world: World) -> None:
    with world.look() as look:
        both = [
            first_version(look, SETTINGS.policy, "2026-03", "h1", HEAD_OF_SUPERVISION, "核对", accept_open=True)
            for _ in range(2)
        ]
    keep(world, both[0], HEAD_OF_SUPERVISION)
    with pytest.raises(Refused, match="已有他人签核"):
        keep(world, both[1], HEAD_OF_SUPERVISION)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (Principal(id="hr", role="personnel", halls=frozenset({"h1"})), True),
        (Principal(id="hr", role="personnel", halls=frozenset({"h2"})), False),
        (Principal(id="duty", role="duty_supervisor", halls=frozenset({"h1"})), False),
        (Principal(id="unit", role="unit_head", units=frozenset({"a"})), False),
        (Principal(id="adm", role="administrator"), False),
    ],
)
def test_who_may_sign(world: World, who: Principal, allowed: bool) -> None:
    if allowed:
        close(world, who, accept_open=True)
        return
    with pytest.raises(Refused):
        close(world, who, accept_open=True)
    with world.look() as look:
        assert months.versions(look.conn) == []


def test_the_signature_has_the_users_name_and_the_audit_their_words_apart(world: World) -> None:
    row = {"id": "head", "role": "supervision_head", "name": "主任", "halls": ["h1"], "created": OVER}
    with world.program.store.write() as conn:
        users.save(conn, row)
    made = close(world, accept_open=True)
    assert made.tables.state == "第 1 版，主任（head） 签核于 2026-04-02 09:00:00"
    audit, private = table_of(Audit), table_of(AuditPrivate)
    with world.look() as look:
        found = look.conn.execute(select(audit).where(audit.c.action == "attendance.closed")).one()
        said = look.conn.execute(select(private.c.value).where(private.c.audit == found.id)).scalar_one()
    assert (found.object_id, found.body["digest"], found.body["version"]) == ("h1/2026-03", made.digest, 1)
    assert "三月核对" not in json.dumps(found.body, ensure_ascii=False)
    assert "三月核对" in str(said)


def test_a_sheet_past_its_retention_or_damaged_is_said_to_be(world: World) -> None:
    close(world, accept_open=True)
    with world.program.store.write() as conn:
        conn.execute(update(KEPT).values(body=b"x\x9c"))
    with pytest.raises(BadExport, match="摘要不符"):
        exported(world, "sheet.csv")
    with world.program.store.write() as conn:
        sheets = sorts(conn)["sheets"]
        assert count(conn, sheets, OVER).goes == 0, "kept at that very time"
        assert take(conn, sheets, keys_that_go(conn, sheets, LATER, None, 9)) == [(1,)]
    with pytest.raises(BadExport, match="留存期已过"):
        exported(world, "sheet.csv")
    assert exported(world, "sheet.csv", as_draft=True)
    with pytest.raises(BadExport, match="--version 7"):
        exported(world, "sheet.csv", version=7)


@pytest.mark.sqlite_only
def test_the_commands(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """check, close, list, correct and export by the command line; words of a refusal name the way out."""
    monkeypatch.setenv("JIANCHA_STORE__URL", str(world.program.store.url))
    monkeypatch.setenv("JIANCHA_CLOCK__START", OVER.isoformat())
    with world.program.store.write() as conn:
        conn.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} AS SELECT '{HEAD}' AS version_num")

    def run(*arguments: str) -> tuple[int, str, str]:
        status = run_app(list(arguments))
        said = capsys.readouterr()
        return status, said.out, said.err

    of_march = ("--month", "2026-03", "--hall", "h1")
    status, out, _ = run("month", "check", *of_march, "--json")
    told_of = json.loads(out)
    assert (status, told_of["version"], told_of["over"], told_of["open"]) == (0, 0, True, []), "no card stands yet"
    assert run("month", "close", *of_march, "--reason", " ")[0] == 2
    status, out, err = run("month", "close", *of_march, "--reason", "核对")
    assert (status, err) == (0, "")
    assert out.startswith("h1 2026-03 第 1 版，cli:")
    assert json.loads(run("month", "list", "--json")[1])[0]["version"] == 1
    assert OVER.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M") in run("month", "list")[1], "its time"
    status, _, err = run("month", "list", "--hall", "h9")
    assert (status, "h9" in err and "h1" in err) == (2, True), "an empty answer would read as: never closed"
    file_leave(world)
    monkeypatch.setenv("JIANCHA_CLOCK__START", LATER.isoformat())
    status, out, _ = run("month", "check", *of_march)
    assert status == 1
    assert "变化 changed  a1  10上：旷 → 假" in out
    status, out, _ = run("month", "correct", *of_march, "--reason", "补批")
    assert status == 0
    assert out.startswith("h1 2026-03 第 2 版，cli:")
    path = world.folder / "by_command.csv"
    status, out, _ = run("export", "attendance", *of_march, "-o", str(path))
    assert (status, out.split()[0]) == (0, str(path))
    assert run("export", "attendance", *of_march, "-o", str(path), "--version", "1", "--draft")[0] == 2


def test_a_hall_whose_slots_come_from_shifts_alone_has_a_sheet(tmp_path: Path, store: Store) -> None:
    world = filled(
        tmp_path, [(at(1, "00:00", 3), REGISTRY.replace('attendance = "tongshan"', ""))], lines(), OVER, store
    )
    with pytest.raises(BadExport, match="halls.attendance"):
        exported(world, "none.csv", OVER)
    path = world.folder / "shifts.toml"
    path.write_text('[[shifts]]\nid = "S1"\nstaff = "a1"\npreset = "tianyang"\n', encoding="utf-8")
    import_plans(world.program.store, path, now=OVER, ground=world.program.ground())
    book = read_back(world.export("shifts.xlsx", "2026-03", now=OVER))
    rows = {row[0]: row for row in book["考勤表"][HEAD_ROW:]}
    assert (rows["a1"][COLUMNS.index("3上")], rows["a1"][COLUMNS.index("10上")]) == ("√", "旷")
    assert rows["b1"][COLUMNS.index("应出勤半天")] == 0
    assert ("考勤时段", "tianyang 两次签到") in book["说明"]


def test_a_correction_that_nobody_approved_is_an_open_point(world: World) -> None:
    path = world.folder / "corrections.toml"
    row = """[[corrections]]
id = "B1"
staff = "a1"
date = 2026-03-10
slot = "am_in"
at = 2026-03-10T08:25:00+08:00
reason = "忘打卡"
"""
    path.write_text(row, encoding="utf-8")
    import_plans(world.program.store, path, now=OVER, ground=world.program.ground())
    with pytest.raises(BadExport, match="上午签到旷工半天，补签 B1 待批"):
        close(world)
    path.write_text(f'{row}approver = "b1"\napproved_at = 2026-04-01T09:00:00+08:00\n', encoding="utf-8")
    import_plans(world.program.store, path, now=OVER, ground=world.program.ground())
    assert close(world).tables.version == 1
