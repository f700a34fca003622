"""The statistics of A.9 (I01 to I08), each with its definition as it is printed. Pure.

The figures are those of `report statistics`, kept with the snapshot; what is not there is printed as —, never as 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from monitor.exports.assessment.reading import Reading
from monitor.exports.assessment.table import Cell, Column, Row, Table, columns
from monitor.wording.statistics import FIGURES, NOTES

ROWS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("I01", ("received", "completed", "completion_rate")),
    ("I02", ("completed_immediate", "immediate_rate")),
    ("I03", ("received_promised", "received_immediate", "promised_on_time", "promised_on_time_rate", "promised_early",
             "promised_early_rate")),
    ("I04", ("received_per_workday", "received_per_day", "completed_per_workday", "completed_per_day")),
    ("I06", ("accepted", "completed_on_time", "completed_late", "open", "open_overdue", "overdue", "left")),
    ("I07", ("saved_workdays", "saved_items")),
)  # fmt: skip
"""Row of rules.md A.9 → its figures, by their names in `wording.statistics`. I05: `_by_part`; I08 and D20: `_rows`."""
SERVICE: Final[Mapping[str, tuple[str, str, str, bool]]] = {
    "ratings": ("", "评价", "期内本厅的评价件数，经核实不计的除外", False),
    "bad": ("", "差评", "其中不满意的", False),
    "set_aside": ("", "不计的评价", "差评经核实为误评、恶意的，不计入满意率", False),
    "satisfaction": ("", "满意率", "1－差评÷评价", True),
    "average": ("", "平均分", "评价的平均分，满分5分", False),
    "orders": ("I09", "12345工单受理", "期内转来的热线工单件数", False),
    "orders_done": ("I09", "12345工单办理", "期内答复或办结的件数", False),
    "orders_late": (
        "I09",
        "12345工单超时",
        "期内受理、超过时限而发牌未撤回的；工单满意率无数据来源，不列",
        False,
    ),
}
"""Figures of `supervision.assessment.service`: row of A.9, title, definition, whether it is a share."""
_HEADS: Final = columns(("编号", 7), ("指标", 24), ("数值", 16), ("定义", 100))


def tables(reading: Reading) -> tuple[Table, ...]:
    kept = reading.snapshot.statistics
    found = [Table(name="统计", columns=_HEADS, rows=tuple(_rows(reading, kept)), note=NOTES[0])]
    parts = kept.get("parts")
    if parts:
        found.append(_by_part("分窗口统计", parts))
    if kept.get("items"):
        found.append(_by_part("分事项统计", kept["items"]))
    return tuple(found)


def value_text(name: str, value: Any) -> Cell:
    """A figure as it is printed; None where there is none."""
    if value is None:
        return None
    if FIGURES[name].share:
        return f"{value:.2%}"
    return f"{value:,.2f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"


def _rows(reading: Reading, kept: Mapping[str, Any]) -> Iterator[Row]:
    figures: Mapping[str, Any] = kept.get("figures") or {}
    days: Mapping[str, Any] = kept.get("days") or {}
    yield "", "期内工作日", _days(days.get("workdays")), "大厅日历的工作日数，I04 的分母之一"
    yield "", "期内日历天数", _days(days.get("calendar")), "I04 的另一分母"
    for row, names in ROWS:
        for name in names:
            yield row, FIGURES[name].zh, value_text(name, figures.get(name)), FIGURES[name].defined_zh
    yield from _service(kept.get("service"))
    windows, people = awarded(reading)
    over = "本期及期内各季度" if reading.snapshot.kind in ("half", "year") else "本期"
    yield "I08", "受表彰窗口", f"{windows:,}", f"{over}列入表彰的窗口个数；同一窗口计一次"
    yield "I08", "服务标兵（先进个人）", f"{people:,}", f"{over}列入表彰的人次"
    for one in kept.get("praise") or ():
        yield "D20", one["name"], f"{one['count']:,}", f"{one['row']} 期内查实入账的件数；锦旗与表扬信同样登记，不分列"
    for check in kept.get("checks") or ():
        told = "相符" if check["ok"] else "不符"
        yield "核对", check["check"], told, f"应为 {check['expected']:,}，得 {check['found']:,}"


def _service(found: Mapping[str, Any] | None) -> Iterator[Row]:
    """Satisfaction and the hotline's orders; nothing where a period was signed before they were counted."""
    for key, (row, title, defined, share) in SERVICE.items() if found is not None else ():
        yield row, title, _told(found.get(key) if found is not None else None, share), defined


def _told(value: Any, share: bool) -> Cell:
    if value is None:
        return None
    return f"{value:.2%}" if share else f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _days(days: Any) -> Cell:
    return None if days is None else f"{days:,}"


def awarded(reading: Reading) -> tuple[int, int]:
    """I08: windows, and times that a person was; a seat that equals still compete for is nobody's."""
    counted = reading.snapshot.statistics.get("awarded")
    if counted is not None:
        return counted["windows"], counted["staff"]
    given = [one for one in reading.snapshot.awards if one.state == "awarded"]
    return len({one.whom for one in given if one.ledger == "window"}), sum(one.ledger == "staff" for one in given)


_PART: Final = ("received", "completed", "completion_rate", "completed_per_workday", "promised_on_time_rate")


def _by_part(name: str, parts: Any) -> Table:
    """By window or by item, as the snapshot was counted; I05 is each item's completed on a working day."""
    return Table(
        name=name,
        columns=(*columns(("编号", 14), ("名称", 32)), *(Column(name=FIGURES[n].zh, width=16) for n in _PART)),
        rows=tuple(
            (str(part.get("id") or ""), str(part.get("name") or "未登记"),
             *(value_text(name, part["figures"].get(name)) for name in _PART))
            for part in parts
        ),
        note="I05：每个工作日的办结，及办结率；分母同上表",
    )  # fmt: skip
