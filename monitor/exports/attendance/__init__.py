"""`export attendance`: the monthly attendance sheet of a hall (考勤表), as the personnel office takes it (DESIGN §7).

`month` reads and judges, `symbols` folds (pure), `tables` words the sheets (pure), `workbook` and `printed` lay them
out; `corrections` is what a closed month is (pure), `openpoints` what is open before it is closed (pure).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from monitor.exports.attendance.corrections import unkept
from monitor.exports.attendance.month import HallMonth, Tell, read_month
from monitor.exports.attendance.tables import Tables, tables_of
from monitor.exports.attendance.workbook import as_csv, as_xlsx
from monitor.exports.files import replace_file
from monitor.exports.pdf import require_pdf
from monitor.model import Hall
from monitor.settings import Policy
from monitor.store import months
from monitor.store.facts.look import Look
from monitor.workcal import WorkCalendar

__all__ = ["BadExport", "Draft", "draft", "export_attendance", "kept_tables", "written"]

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def _as_pdf(tables: Tables) -> bytes:
    from monitor.exports.attendance.printed import as_pdf  # here: fpdf2 takes a third of a second to load

    return as_pdf(tables)


_WRITERS: Final = {".xlsx": as_xlsx, ".csv": as_csv, ".pdf": _as_pdf}


class BadExport(ValueError):
    """An option that cannot be used; the text names it and the way out. Nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A month as it is now: what was read, and its tables."""

    month: HallMonth
    tables: Tables

    @property
    def is_over(self) -> bool:
        """Whether the month's last day is over on the hall's clock."""
        return self.month.made.astimezone(self.month.zone).date() > self.month.days[-1]


def export_attendance(
    look: Look,
    policy: Policy,
    month: str,
    hall: str,
    output: Path,
    *,
    version: int | None = None,
    as_draft: bool = False,
) -> Tables:
    """Write the sheet of a month (`YYYY-MM`, in the hall's zone); gives what was written.

    A month that was closed is written as it was signed off, byte for byte: its newest version, or `version`. One that
    was not, or with `as_draft`, is judged now, as far as it is over at `look.now`. `.xlsx` and `.pdf` have the sheets
    考勤表, 异常明细, 更正 (where there are corrections) and 说明, `.csv` the people of 考勤表 alone. The file appears
    whole or not at all. Raises BadExport, CannotPrint, or OSError where it cannot be written.
    """
    _check_output(output)
    found = None if as_draft else kept_tables(look, month, hall, version)
    tables = found if found is not None else draft(look, policy, month, hall).tables
    replace_file(output, written(tables, output.suffix.lower()))
    return tables


def written(tables: Tables, suffix: str) -> bytes:
    """The file of this ending; the same tables give the same bytes. Raises CannotPrint."""
    if suffix == ".pdf":
        require_pdf()
    return _WRITERS[suffix](tables)


def draft(
    look: Look, policy: Policy, month: str, hall: str, *, unit: str | None = None, tell: Tell | None = None
) -> Draft:
    """The month as it is now, of a unit's people only where one is named. `tell` hears how far it is: days judged, of
    how many. Raises BadExport, and what `tell` raises.
    """
    found = _hall(look, hall)
    first = _first_day(month, look, look.book.for_hall(look.registry, hall))
    only = None if unit is None else [s.id for s in look.registry.staff.values() if s.unit == unit]
    read = read_month(look, policy.checkin, found, first, only, tell=tell)
    if not read.presets:
        raise _no_slots(look, hall)
    return Draft(month=read, tables=tables_of(read, policy.checkin, policy.version))


def kept_tables(look: Look, month: str, hall: str, version: int | None = None) -> Tables | None:
    """The tables of a closed month, of its newest version or of `version`; None where it was not closed.

    Raises BadExport for a version that there is not, or whose sheet is gone by its retention or is damaged.
    """
    known = {row.version: row for row in months.versions(look.conn, hall, month)}
    if version is None and not known:
        return None
    row = known.get(max(known) if version is None and known else version or 0)
    if row is None:
        there = "、".join(map(str, known)) or "无 none"
        raise BadExport(f"--version {version}: 没有这一版 · no such version of {hall} {month} (已有 known: {there})")
    body = months.sheet(look.conn, hall, month, row.version)
    if body is None:
        raise BadExport(
            f"--month {month}: 第 {row.version} 版的留存期已过，仅存摘要 · the sheet of version {row.version} is past"
            f" its retention, only its digest is kept ({row.digest}); --draft 重新计算 makes it anew from the facts"
        )
    try:
        return unkept(body, row.digest)
    except ValueError as error:
        raise BadExport(f"--month {month}: 第 {row.version} 版与签核摘要不符 · {error}: {row.digest}") from error


def _check_output(output: Path) -> None:
    suffix = output.suffix.lower()
    if suffix not in _WRITERS:
        raise BadExport(f"--output {output}: 文件名应以 .xlsx、.csv 或 .pdf 结尾 · end the name in .xlsx, .csv or .pdf")
    if output.is_dir() or not output.parent.is_dir():
        raise BadExport(
            f"--output {output}: 应为已有文件夹中的文件 · name a file in a folder that exists ({output.parent})"
        )
    if suffix == ".pdf":
        require_pdf()


def _hall(look: Look, hall: str) -> Hall:
    halls = look.registry.halls
    if hall not in halls:
        known = "、".join(sorted(halls)) or "无 none"
        raise BadExport(f"--hall {hall}: 没有登记该大厅 · not in the registry (已登记 known: {known})")
    return halls[hall]


def _no_slots(look: Look, hall: str) -> BadExport:
    """Neither the hall nor a shift of anybody in it gives any."""
    known = "、".join(sorted(look.presets))
    return BadExport(
        f"--hall {hall}: 大厅没有考勤时段，请在 halls.attendance 中填写并重新导入登记，或导入班次 shifts · it has no"
        f" check-in slots; name a preset in halls.attendance, or import shifts (可选 known: {known})"
    )


def _first_day(month: str, look: Look, calendar: WorkCalendar) -> date:
    if not _MONTH.fullmatch(month) or month.startswith("0000"):
        raise BadExport(f"--month {month}: 应写作 YYYY-MM，如 2026-03 · write it as YYYY-MM, such as 2026-03")
    first = date.fromisoformat(f"{month}-01")
    today = calendar.local_date(look.now)
    if first > today:
        raise BadExport(f"--month {month}: 该月尚未开始 · the month has not begun (今天 today: {today})")
    try:
        calendar.sessions(first)
    except ValueError as error:
        raise BadExport(f"--month {month}: 超出日历范围 · {error}") from error
    return first
