"""The words of closing a month (关账): what may be open, and where it is settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

POINTS: Final[Mapping[str, Texts]] = {
    "unknown": ("无法判定的时段", "slots that cannot be judged"),
    "review": ("待复核的签到", "check-ins to be reviewed"),
    "leave": ("未批准的请假", "leave that is not approved"),
    "correction": ("待批的补签", "corrections that wait"),
    "request": ("未审批的申请", "requests not decided"),
    "card": ("未办结的牌", "cards not at their end"),
    "post": ("无法判定的在岗", "posts that cannot be judged"),
    "device": ("数据未到齐的终端", "terminals whose data are not all here"),
    "lost": ("已声明丢失的数据", "data that were declared lost"),
}
"""The kinds of `exports.attendance.stillopen.KINDS`."""

SETTLED: Final[Mapping[str, Texts]] = {
    "unknown": (
        "终端数据到齐、补签或声明数据丢失以后自动判定。",
        "Judged by itself once the terminal's data are here, by a correction, or by declaring the data lost.",
    ),
    "review": ("在「疑似签到」逐条复核。", "Decided one by one under check-ins in doubt."),
    "leave": ("由有权人批准，或改正报备。", "Approved by whoever may, or mended where leave is filed."),
    "correction": ("由有权人批准或退回。", "Approved or refused by whoever may."),
    "request": ("由有权人批准或退回。", "Approved or refused by whoever may."),
    "card": ("查实、办结或撤牌。", "Verified, closed or withdrawn on the card's page."),
    "post": (
        "看当日依据；摄像头或登记数据到齐后自动判定。",
        "See the day's evidence; judged by itself once the data are here.",
    ),
    "device": ("让终端补传，或声明数据丢失。", "Have the terminal deliver, or declare the data lost."),
    "lost": ("不可撤销；相关时段按无法证明处理。", "Cannot be taken back; what rests on it is unproven."),
}
"""How each kind is settled."""

WINDOW: Final = "{window}"
"""Stands in the text of an open point for the name of its window."""
JOB_STATES: Final[Mapping[str, Texts]] = {
    "queued": ("排队中", "waiting"),
    "running": ("制作中", "being made"),
    "done": ("已完成", "ready"),
    "failed": ("未成", "failed"),
}
"""The states of a sheet that is made in the background (`store.sheetjobs`)."""
