"""Ranking (排名): places with their ties, apart from those of whom too little is known to tell. Pure."""

from __future__ import annotations

from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Sheet
from monitor.exports.assessment import words
from monitor.exports.assessment.reading import Reading
from monitor.exports.assessment.sheets import LEDGERS, grade, place
from monitor.exports.assessment.table import Row, Table, columns


def tables(reading: Reading) -> tuple[Table, ...]:
    return tuple(ranking(reading, ledger) for ledger in LEDGERS)


def ranking(reading: Reading, ledger: Ledger) -> Table:
    sheets = reading.ranked(ledger)
    few = sum(sheet.place is None for sheet in sheets)
    staff = ledger == "staff"
    return Table(
        name=f"{words.LEDGERS[ledger]}排名",
        columns=columns(
            ("名次", 16), ("编号", 12), ("姓名" if staff else "窗口", 18), ("单位", 20),
            *((("窗口", 16),) if staff else ()),
            ("得分", 9, "points"), ("等次", 14), ("未知时段", 9, "int"),
            *((("已知在岗天数", 13, "int"),) if staff else ()),
            ("备注", 56),
        ),
        rows=tuple(_row(reading, ledger, sheet) for sheet in sheets),
        note=f"得分相同的并列，占用其后名次；样本不足、不排名的 {few} {'人' if staff else '个'}，得分照列",
    )  # fmt: skip


def _row(reading: Reading, ledger: Ledger, sheet: Sheet) -> Row:
    staff = ledger == "staff"
    seats = (("表彰", sheet.award), ("优秀", sheet.excellent), ("末位", sheet.bottom))
    told = [f"{word}{words.SEATS[held]}" for word, held in seats if held != "no"]
    told += [reading.said(one) for one in sheet.why]
    return (
        place(sheet), sheet.id, reading.whom(ledger, sheet.id), reading.unit(sheet.unit),
        *((reading.window(sheet.window),) if staff else ()),
        sheet.points, grade(sheet), sheet.unknown, *((sheet.duty,) if staff else ()), "；".join(told),
    )  # fmt: skip
