"""The sheets of a month as rows (考勤表, 异常明细, 更正, 说明): what a reader sees, in Chinese (DESIGN §7). Pure.

`Tables` is all that the files are made of, so that a closed month is kept as one and gives the same bytes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final, TypeAlias

from monitor.attendance.overtime import Standing
from monitor.attendance.policy import CheckinPolicy
from monitor.exports.attendance.details import DETAIL_COLUMNS, WEEKDAYS, details
from monitor.exports.attendance.local import one_line
from monitor.exports.attendance.month import HallMonth, Person
from monitor.exports.attendance.notes import notes
from monitor.exports.attendance.symbols import Half, Totals, total
from monitor.wording.words import LEAVES

Cell: TypeAlias = str | int
Row: TypeAlias = tuple[Cell, ...]

DAYS: Final = 31
"""Every month has the columns of the longest one; days that it lacks stay blank (DESIGN §7)."""
LEGEND: Final = "√ 出勤 · 迟 迟到 · 早 早退 · 脱 脱岗、缺卡 · 旷 旷工 · 假 请假 · 差 公假、出差 · ？ 未知 · － 休"
SIGNATURES: Final = ("制表人：", "审核人：", "窗口单位负责人：", "政务服务中心：", "日期：")

PERSON_COLUMNS: Final = ("工号", "姓名", "部门")
DAY_COLUMNS: Final = tuple(f"{day}{half}" for day in range(1, DAYS + 1) for half in Half)
TOTAL_COLUMNS: Final = (
    "应出勤半天", "出勤半天", "迟到次数", "迟到分钟", "早退次数", "早退分钟", "缺卡次数", "脱岗次数", "其中查实",
    "旷工半天",
    *(f"{chinese}半天" for chinese, _ in LEAVES.values()),
    "外出次数", "加班分钟", "未知半天", "待复核半天", "不予认定半天",
)  # fmt: skip
COLUMNS: Final = (*PERSON_COLUMNS, *DAY_COLUMNS, *TOTAL_COLUMNS)
CORRECTION_COLUMNS: Final = (
    "序号", "版本", "更正时间", "工号", "姓名", "部门", "项目", "原记", "更正为", "更正人", "理由",
)  # fmt: skip
NOTE_COLUMNS: Final = ("项目", "内容")


@dataclass(frozen=True, kw_only=True)
class Day:
    """The head of a day's two columns: 一 … 日, and 班 (make-up workday), 休 or the name of the holiday."""

    weekday: str = ""
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The rows of a unit's people, and their sums."""

    name: str
    rows: tuple[Row, ...]
    subtotal: Row


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Rows below the headers. `version` 0: a draft; `state` says so, or who signed which version and when.

    `changed`: (工号, column) of the cells that a correction changed since the month was first closed.
    """

    title: str
    period: str
    made: datetime
    version: int = 0
    state: str = ""
    days: tuple[Day, ...] = ()
    units: tuple[Unit, ...] = ()
    total: Row = ()
    details: tuple[Row, ...] = ()
    corrections: tuple[Row, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    notes: tuple[Row, ...] = ()

    @property
    def sheet(self) -> tuple[Row, ...]:
        """The rows of all people, without sums."""
        return tuple(row for unit in self.units for row in unit.rows)


def tables_of(month: HallMonth, policy: CheckinPolicy, policy_version: str) -> Tables:
    """The sheets of a month, a draft. `policy` is what its slots were judged by."""
    units = tuple(units_of(month))
    exceptions = tuple(details(month))
    name = one_line(month.hall.name) or month.hall.id
    first, last = month.days[0], month.days[-1]
    return Tables(
        title=f"{name} {first:%Y}年{first.month}月考勤表",
        period=f"{first} 至 {last}",
        made=month.made,
        state=f"草稿，未签核；编制于 {month.made.astimezone(month.zone):%Y-%m-%d %H:%M:%S}，只计此前已结束的半天",
        days=tuple(days_of(month)),
        units=units,
        total=total_row(units),
        details=exceptions,
        notes=tuple(notes(month, policy, policy_version, len(exceptions))),
    )


def days_of(month: HallMonth) -> Iterator[Day]:
    """The heads of the days' columns."""
    for number in range(1, DAYS + 1):
        if number <= len(month.days):
            day = month.days[number - 1]
            yield Day(weekday=WEEKDAYS[day.weekday()], mark=_mark(day, month.why[day]))
        else:
            yield Day()


def _mark(day: date, why: str) -> str:
    if why.startswith("holiday:"):
        return why.partition(":")[2] or "休"
    if why in ("weekend", "closed"):
        return "休"
    return "班" if why == "make_up_day" or day.weekday() >= 5 else ""


# --------------------------------------------------------------------------- 考勤表


def units_of(month: HallMonth) -> Iterator[Unit]:
    """The people of each unit; two units of one name stay two."""
    for _, people in groupby(month.people, key=lambda person: person.unit_id):
        mine = list(people)
        rows = tuple(_person_row(month, person) for person in mine)
        yield Unit(name=mine[0].unit, rows=rows, subtotal=sum_row(rows, "小计", mine[0].unit))


def sum_row(rows: Sequence[Row], word: str, what: str) -> Row:
    """A row of sums: of every total, not of the days."""
    totals = [[cell for cell in row[-len(TOTAL_COLUMNS) :] if isinstance(cell, int)] for row in rows]
    sums = [sum(column) for column in zip(*totals, strict=True)] or [0] * len(TOTAL_COLUMNS)
    return ("", word, what, *([""] * len(DAY_COLUMNS)), *sums)


def total_row(units: Sequence[Unit]) -> Row:
    """合计 over the people of these units."""
    rows = [row for unit in units for row in unit.rows]
    return sum_row(rows, "合计", f"{len(rows)} 人")


def _person_row(month: HallMonth, person: Person) -> Row:
    cells = month.cells[person.id]
    marks = {
        (day.day, half): cells[day, half].symbol.value for day in month.days for half in Half if (day, half) in cells
    }
    return (
        person.id,
        person.name,
        person.unit,
        *(marks.get((day, half), "") for day in range(1, DAYS + 1) for half in Half),
        *_totals(total(cells.values(), month.posts.get(person.id, ())), month, person),
    )


def _totals(totals: Totals, month: HallMonth, person: Person) -> Iterator[int]:
    """In the order of TOTAL_COLUMNS."""
    yield from (totals.due, totals.present)
    yield from (totals.late, totals.late_minutes, totals.early, totals.early_minutes)
    yield from (totals.missed, totals.off_post, totals.confirmed, totals.absent)
    yield from (totals.leave.get(kind, 0) for kind in LEAVES)
    yield month.outings.get(person.id, 0)
    yield sum(one.minutes for one in month.overtime.get(person.id, ()) if one.standing is Standing.PROVEN)
    yield from (totals.unknown, totals.review, totals.unproven)


def printed_rows(tables: Tables) -> Iterator[tuple[str, Row]]:
    """The rows of 考勤表 below its head in their order, with what each is: person, subtotal or total."""
    for unit in tables.units:
        yield from (("person", row) for row in unit.rows)
        yield "subtotal", unit.subtotal
    if tables.total:
        yield "total", tables.total


__all__ = [
    "COLUMNS", "CORRECTION_COLUMNS", "DAY_COLUMNS", "DETAIL_COLUMNS", "LEGEND", "NOTE_COLUMNS", "PERSON_COLUMNS",
    "SIGNATURES", "TOTAL_COLUMNS", "Cell", "Day", "Row", "Tables", "Unit", "days_of", "printed_rows", "sum_row",
    "tables_of", "total_row", "units_of",
]  # fmt: skip
