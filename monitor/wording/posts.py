"""The words of a window's day (在岗时间线): its states, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

SEGMENTS: Final[Mapping[str, Texts]] = {
    "A": ("A 岗在岗", "A there"),
    "B": ("B 岗在岗", "B there"),
    "substitute": ("代岗", "substitute there"),
    "other": ("他人在岗", "somebody else there"),
    "excused": ("准假外出", "excused"),
    "empty": ("无人在岗", "empty"),
    "unknown": ("无法判定", "unknown"),
    "unwatched": ("未监测", "not watched"),
    "closed": ("停办", "closed"),
}
"""The states of `attendance.dayline.STATES`."""

RESTS_ON: Final[Mapping[str, Texts]] = {
    "camera": ("摄像头", "camera"),
    "duty": ("上岗登记", "signed on or off"),
    "no_sign_on": ("未登记上岗", "no sign-on"),
    "rating": ("评价", "a rating"),
    "case": ("办件", "a case handled"),
    "checkin": ("考勤签到", "a check-in"),
    "spot": ("抽查", "a spot check"),
    "neighbour": ("邻窗兼顾", "covered from beside it"),
    "stale": ("摄像头无数据", "the camera says nothing"),
    "view": ("摄像头画面异常", "the camera's view is not clear"),
    "confidence": ("摄像头把握不足", "the camera is not sure"),
    "untrusted": ("设备时钟不可信", "the device's clock is wrong"),
    "lost": ("数据已声明丢失", "data were declared lost"),
    "lag": ("数据未到", "not delivered yet"),
    "unpublished": ("放假安排未公布", "the calendar is not published"),
}

SPOT_RESULTS: Final[Mapping[str, Texts]] = {
    "present": ("在岗", "present"),
    "short": ("人数不足", "short of staff"),
    "empty": ("无人在岗", "empty"),
    "closed": ("停办", "closed"),
    "dropped": ("取消", "dropped"),
}

SPOT_CAUSES: Final[Mapping[str, Texts]] = {
    "random": ("随机", "random"),
    "unknown": ("无法判定", "unknown post"),
    "named": ("指定", "named"),
}

WHY_UNKNOWN: Final[Mapping[str, Texts]] = {
    "stale": (
        "这段时间摄像头没有数据；没有数据不等于无人，不据此发牌。",
        "The camera said nothing in this time: silence proves no absence, and no card rests on it.",
    ),
    "view": (
        "摄像头画面异常（过暗、冻结或被遮挡），看不清窗口。",
        "The camera's view was not clear (dark, frozen or covered).",
    ),
    "confidence": ("摄像头把握不足，不作数。", "The camera was not sure enough to count."),
    "untrusted": (
        "设备时钟偏差过大，它的时间证明不了缺岗。",
        "The device's clock was too wrong: its times prove no absence.",
    ),
    "lost": ("这段数据已声明丢失。", "The data of this time were declared lost."),
    "lag": (
        "设备的数据还没有到齐；到齐以后自动判定。",
        "The device's data are not here yet; once they are, it is judged by itself.",
    ),
    "unpublished": ("当年放假安排尚未公布。", "The calendar of that year is not published yet."),
    "duty": ("上岗登记证明不了这段时间。", "The sign-ons prove nothing about this time."),
    "no_sign_on": ("没有上岗登记，也没有别的依据。", "There is no sign-on and nothing else to go by."),
}
"""Why a time cannot be judged, by what it rests on."""
NOT_KNOWN: Final[Texts] = ("现有数据判定不了这段时间。", "What is known does not tell about this time.")

SAID: Final[Mapping[str, Texts]] = {"presence": ("摄像头", "camera"), **RESTS_ON}
"""Kinds of evidence."""
DUTY_ACTIONS: Final[Mapping[str, Texts]] = {
    "on": ("上岗", "signed on"),
    "off": ("离岗", "signed off"),
    "pause": ("暂停", "paused"),
    "resume": ("恢复", "resumed"),
}
PLAN_KINDS: Final[Mapping[str, Texts]] = {
    "leave": ("准假", "leave"),
    "outing": ("外出单", "outing slip"),
    "substitute": ("代岗报备", "substitute filed"),
    "closure": ("停办", "closed"),
}
UNAPPROVED: Final[Texts] = ("请假未批准", "leave not approved")
ROLES_HEARD: Final[Mapping[str, Texts]] = {
    "camera": ("摄像头", "camera"),
    "duty": ("上岗登记", "sign-ons"),
}
"""What a device tells of a window."""

SPOT_STATES: Final[Mapping[str, Texts]] = {
    "open": ("待检查", "to be made"),
    "late": ("已超时", "past its time"),
    "done": ("已登记", "recorded"),
}
"""The states of `supervision.spotlist.STATES`."""
