"""The registry in words (台账): its tables, their columns, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

TABLES: Final[Mapping[str, Texts]] = {
    "halls": ("大厅", "Halls"),
    "units": ("单位", "Units"),
    "windows": ("窗口", "Windows"),
    "staff": ("人员", "Staff"),
    "posts": ("定岗", "Posts"),
    "items": ("事项", "Items"),
    "devices": ("设备", "Devices"),
}
COLUMNS: Final[Mapping[str, Texts]] = {
    "id": ("编号", "Id"),
    "parent": ("上级大厅", "Hall above"),
    "name": ("名称", "Name"),
    "zone": ("时区", "Time zone"),
    "calendar": ("工作日历", "Calendar"),
    "attendance": ("考勤预设", "Check-in preset"),
    "hall": ("大厅", "Hall"),
    "unit": ("单位", "Unit"),
    "head": ("负责人", "Head"),
    "min_staff": ("至少在岗人数", "People at least"),
    "lead": ("窗口负责人", "Lead"),
    "requires_duty": ("须登记上岗", "Duty has to be told"),
    "role": ("职务", "Role"),
    "contacts": ("联系方式", "Contacts"),
    "window": ("窗口", "Window"),
    "staff": ("人员", "Person"),
    "rank": ("岗别", "Rank"),
    "from": ("自", "From"),
    "to": ("至（不含）", "To (exclusive)"),
    "kind": ("类别", "Kind"),
    "promised": ("承诺时限", "Promised limit"),
    "statutory": ("法定时限", "Statutory limit"),
    "unit_of_time": ("时限单位", "Unit of the limits"),
    "fallback": ("即办转承诺时限", "Limit when not done at once"),
    "serves": ("服务对象", "Serves"),
    "channels": ("通道", "Channels"),
    "emits": ("上报内容", "Reports"),
    "watermark": ("数据完整依据", "Complete by"),
    "namespace": ("办件命名空间", "Namespace of its cases"),
}
"""By the column's name in files."""
VALUES: Final[Mapping[str, Mapping[str, Texts]]] = {
    "rank": {"A": ("A 岗", "A"), "B": ("B 岗", "B"), "S": ("替岗", "substitute")},
    "unit_of_time": {
        "workday": ("工作日", "working days"),
        "calendar_day": ("自然日", "calendar days"),
        "workhour": ("工作小时", "working hours"),
    },
    "watermark": {"heartbeat": ("心跳", "heartbeats"), "events": ("事件", "its events")},
    "requires_duty": {"true": ("是", "yes"), "false": ("否", "no")},
    "items.kind": {
        "immediate": ("即办件", "immediate"),
        "committed": ("承诺件", "promised"),
        "preexam": ("预审件", "pre-examined"),
        "joint": ("联办件", "joint"),
    },
    "devices.kind": {
        "evaluator": ("评价器", "evaluator"),
        "terminal": ("考勤终端", "terminal"),
        "camera": ("摄像机", "camera"),
        "cases": ("办件系统", "case system"),
        "gateway": ("网关", "gateway"),
    },
}
"""What words a column holds, by column or TABLE.COLUMN."""
HINTS: Final[Mapping[str, Texts]] = {
    "zone": ("如 Asia/Shanghai", "such as Asia/Shanghai"),
    "contacts": ("邮箱、电话或其他地址，多个用逗号分开", "mail, telephone or other addresses, with commas"),
    "serves": ("单位或人员编号，多个用逗号分开；* 为全厅", "ids of units or people, with commas; * is the whole hall"),
    "channels": ("空为该类设备的全部通道", "empty: all channels of its kind"),
    "emits": ("空为全部", "empty: all"),
    "namespace": ("空为设备自己的编号", "empty: its own id"),
    "calendar": ("空为默认或大厅的日历", "empty: the hall's or the default one"),
    "to": ("当日已不在岗", "this day no longer"),
}
