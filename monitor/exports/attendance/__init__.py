"""`export attendance`: the monthly attendance sheet of a hall (考勤表), as the personnel office takes it (DESIGN §7).

`month` reads and judges, `symbols` folds (pure), `tables` words the sheets (pure), `files` lays them out.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Final

from monitor.attendance.policy import SlotPreset
from monitor.exports.attendance.files import as_csv, as_xlsx
from monitor.exports.attendance.month import read_month
from monitor.exports.attendance.tables import tables_of
from monitor.exports.files import replace_file
from monitor.model import Hall
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.workcal import WorkCalendar

__all__ = ["BadExport", "export_attendance"]

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class BadExport(ValueError):
    """An option that cannot be used; the text names it and the way out. Nothing was written."""


def export_attendance(look: Look, policy: Policy, month: str, hall: str, output: Path) -> None:
    """Write the sheet of a month (`YYYY-MM`, in the hall's zone), as far as it is over at `look.now`.

    `.xlsx` has the sheets 考勤表, 异常明细 and 说明, `.csv` 考勤表 alone. The file appears whole or not at all. Raises
    BadExport, or OSError where it cannot be written.
    """
    _check_output(output)
    found, preset = _hall(look, hall)
    first = _first_day(month, look, look.book.for_hall(look.registry, hall))
    read = read_month(look, policy.checkin, found, preset, first)
    tables = tables_of(read, policy.checkin, policy.version)
    is_csv = output.suffix.lower() == ".csv"
    replace_file(output, as_csv(tables) if is_csv else as_xlsx(tables, look.now))


def _check_output(output: Path) -> None:
    suffix = output.suffix.lower()
    if suffix == ".pdf":
        raise BadExport(f"--output {output}: 暂不能写 PDF，请用 .xlsx 或 .csv · no PDF yet; write .xlsx or .csv")
    if suffix not in (".xlsx", ".csv"):
        raise BadExport(f"--output {output}: 文件名应以 .xlsx 或 .csv 结尾 · end the name in .xlsx or .csv")
    if output.is_dir() or not output.parent.is_dir():
        raise BadExport(
            f"--output {output}: 应为已有文件夹中的文件 · name a file in a folder that exists ({output.parent})"
        )


def _hall(look: Look, hall: str) -> tuple[Hall, SlotPreset]:
    halls = look.registry.halls
    if hall not in halls:
        known = "、".join(sorted(halls)) or "无 none"
        raise BadExport(f"--hall {hall}: 没有登记该大厅 · not in the registry (已登记 known: {known})")
    preset = look.presets.get(halls[hall].attendance)
    if preset is None:
        known = "、".join(sorted(look.presets))
        raise BadExport(
            f"--hall {hall}: 大厅没有考勤时段，请在 halls.attendance 中填写并重新导入登记 · it has no check-in slots;"
            f" name a preset in halls.attendance and import the registry again (可选 known: {known})"
        )
    return halls[hall], preset


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
