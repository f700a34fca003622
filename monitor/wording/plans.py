"""Plans in words (报备): their kinds and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

KINDS: Final[Mapping[str, Texts]] = {
    "leave": ("请假", "Leave"),
    "trips": ("出差", "Trips"),
    "lieu": ("调休", "Days in lieu"),
    "outings": ("外出", "Outings"),
    "substitutes": ("顶岗", "Substitutes"),
    "corrections": ("补签", "Corrections"),
    "overtime": ("加班", "Overtime"),
    "rota": ("值班", "Rota"),
    "shifts": ("班次", "Shifts"),
    "closures": ("停办", "Closures"),
    "power_cuts": ("停电", "Power cuts"),
}
COLUMNS: Final[Mapping[str, Texts]] = {
    "id": ("编号", "Id"),
    "staff": ("人员", "Person"),
    "kind": ("假别", "Kind"),
    "from": ("起", "From"),
    "to": ("止（不含）", "To (exclusive)"),
    "approver": ("批准人", "Approver"),
    "approved_at": ("批准时间", "Approved at"),
    "letter": ("函件", "Letter"),
    "filed_at": ("提交时间", "Handed in"),
    "window": ("窗口", "Window"),
    "date": ("日期", "Date"),
    "role": ("值班角色", "Role"),
    "hall": ("大厅", "Hall"),
    "unit": ("单位", "Unit"),
    "why": ("原因", "Why"),
    "overtime": ("所抵加班", "Overtime it is for"),
    "slot": ("时段", "Slot"),
    "at": ("实际时间", "Time"),
    "reason": ("理由", "Reason"),
    "preset": ("班次预设", "Preset"),
}
CLASHES: Final[Mapping[str, Texts]] = {
    "away": ("同一时间已有另一请假、出差或调休", "is away by another plan at the same time"),
    "stands_in": ("顶岗期间本人请假、出差或调休", "stands in while away"),
}
