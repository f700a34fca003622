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
