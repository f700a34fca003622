"""The rules of this folder by subject kind, each with its basis, and the subjects that an event touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from monitor.evaluators import backlog, devices, operators, ratings
from monitor.model import IN_TIME, Event, Heartbeat, Registry, SubjectRef, Verdict


class Rule(NamedTuple):
    """A rule id, `judge(facts, policy, calendar, now) -> Verdict`, and the basis (依据) that a card names."""

    id: str
    judge: Callable[[Any, Any, Any, Any], Verdict]
    basis: str


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "rating": (
        Rule(
            ratings.BAD,
            ratings.judge_rating,
            "《国务院办公厅关于建立政务服务“好差评”制度提高政务服务水平的意见》（国办发〔2019〕51号）：差评核实、整改、反馈；"
            "GB/T 39734-2020",
        ),
    ),
    "device": (
        Rule(devices.SILENT, devices.judge_silent, "运行规则：设备心跳中断，数据不到不等于人员缺岗"),
        Rule(devices.SKEW, devices.judge_skew, "运行规则：设备时钟偏差过大，其时间不作迟到、缺勤的证据"),
        Rule(backlog.BACKLOG, backlog.judge_backlog, "运行规则：设备事件积压或序号缺失"),
    ),
    "hall": (Rule(operators.STALE, operators.judge_stale, "运行规则：判定依据不足，应不定时抽查"),),
    "calendar": (
        Rule(
            operators.CALENDAR,
            operators.judge_calendar,
            "《中华人民共和国行政许可法》第八十二条（期限按工作日计算，不含法定节假日）；次年放假安排尚未导入",
        ),
    ),
}


def reassures(beat: Heartbeat) -> bool:
    """Whether it says only that the device lives: it holds nothing back, and its clock is right. A device whose clock
    is further off is looked at with each heartbeat.
    """
    return beat.queue == 0 and abs(beat.received - beat.at) <= IN_TIME


def touches(event: Event | Heartbeat, registry: Registry) -> tuple[SubjectRef, ...]:
    """The subjects to be judged again: a rating of any score itself, a heartbeat's device.

    Whether a score is bad is the policy's to say, so no score is left out here.
    """
    if isinstance(event, Heartbeat):
        return (SubjectRef(kind="device", key=event.device),)
    if event.channel == "rating":
        return (SubjectRef(kind="rating", key=f"{event.device}/{event.id}"),)
    return ()
