"""What each reason code says, (Chinese, English).

`{name}` is a figure of the reason; `[…]` is left out when one of its figures is missing, empty, zero or false. A
figure's form follows its value (instants in the hall's zone, lists joined, words of a vocabulary translated) or the
mark after the colon: `duration` (seconds in words), `clock` (08:30 of an instant), `subjects` (kind:key in words).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.assessment import ASSESSMENT
from monitor.wording.attendance_reasons import ATTENDANCE
from monitor.wording.case_reasons import CASES
from monitor.wording.face_reasons import FACES
from monitor.wording.gaming import GAMING
from monitor.wording.item_reasons import ITEMS
from monitor.wording.kiosk_reasons import KIOSK
from monitor.wording.rating_reasons import RATINGS
from monitor.wording.tally_reasons import TALLIES
from monitor.wording.task_reasons import TASKS
from monitor.wording.terminal_reasons import TERMINAL
from monitor.wording.words import Texts
from monitor.wording.work_reasons import HAND_ISSUED, WORK

_SUBJECT: Final[Texts] = (
    "[办件 {case}：][{task_kind} {task}：][{staff} {date} {slot}：][窗口 {window}：]",
    "[Case {case}: ][{task_kind} {task}: ][{staff}, {slot} of {date}: ][Window {window}: ]",
)

EVALUATORS: Final[Mapping[str, Texts]] = {
    "rating.bad": (
        "{at} 收到 {score} 分差评[，窗口 {window}][，办件 {case}][，设备 {device}]；"
        "须在 {days} 个工作日内（{due} 前）整改回访。",
        "A rating of {score} came in at {at}[, window {window}][, case {case}][, device {device}];"
        " to be followed up within {days} working days, by {due}.",
    ),
    "rating.not_followed_up": (
        "{at} 的 {score} 分差评[（窗口 {window}）][，办件 {case}]至 {due} 仍未整改回访（期限 {days} 个工作日）。",
        "The rating of {score} at {at}[ (window {window})][, case {case}] was not followed up by {due}"
        " ({days} working days).",
    ),
    "device.heartbeats_missed": (
        "设备 {device} 已缺 {missed} 次心跳（每 {heartbeat_seconds:duration}一次）"
        "[，最近一次 {last_beat}][，自 {expected_from} 起从未收到]。",
        "Device {device} has missed {missed} heartbeats (one every {heartbeat_seconds:duration})"
        "[, the last came at {last_beat}][, none has come since {expected_from}].",
    ),
    "device.heartbeats_missed_in_service": (
        "服务时间内设备 {device} 已缺 {missed} 次心跳（每 {heartbeat_seconds:duration}一次）"
        "[，最近一次 {last_beat}][，自 {expected_from} 起从未收到]。",
        "Device {device} has missed {missed} heartbeats in service hours (one every {heartbeat_seconds:duration})"
        "[, the last came at {last_beat}][, none has come since {expected_from}].",
    ),
    "device.silent_in_service": (
        "服务时间内设备 {device} 已失联 {minutes} 分钟"
        "[，最近一次心跳 {last_beat}][，自 {expected_from} 起从未收到心跳]。",
        "Device {device} has been silent for {minutes} minutes of service hours"
        "[, its last heartbeat came at {last_beat}][, no heartbeat has come since {expected_from}].",
    ),
    "device.skew": (
        "设备 {device} 的时钟{direction}了 {skew_seconds:duration}，超过 {limit_seconds:duration}，其时间不可采信。",
        "The clock of device {device} is {skew_seconds:duration} {direction}, more than {limit_seconds:duration}:"
        " its times prove nothing.",
    ),
    "feed.backlog": (
        "设备 {device} 自 {from} 起有未上传的事件（当时 {queue} 条），已超过 {minutes} 分钟。",
        "Device {device} has held unsent events since {from} ({queue} then), for more than {minutes} minutes.",
    ),
    "feed.hole": (
        "设备 {device} 自 {from} 起缺少部分序号的事件，{minutes} 分钟内未补到。",
        "Events of device {device} have been missing from its sequence since {from}, for more than {minutes} minutes.",
    ),
    "calendar.missing": (
        "{year} 年放假安排尚未导入，自 {from} 起提醒；涉及该年的期限均为暂算。",
        "The calendar of {year} is not imported, reminded since {from}; deadlines in that year are provisional.",
    ),
    "unknown.stale": (
        "有 {count} 项因数据未到长时间无法判定（最早自 {since}）[：{subjects:subjects}]。",
        "{count} subjects have been unknown for too long, for want of data (the first since {since})"
        "[: {subjects:subjects}].",
    ),
    "unknown.spot_check": (
        "有 {count} 项因数据未到长时间无法判定（最早自 {since}）[：{subjects:subjects}]；请对窗口 {windows} 现场抽查。",
        "{count} subjects have been unknown for too long, for want of data (the first since {since})"
        "[: {subjects:subjects}]; spot-check the windows {windows}.",
    ),
}

ACCESS: Final[Mapping[str, Texts]] = {
    "access.unknown_role": ("没有“{role}”这一角色，不予操作。", "There is no role {role}: refused."),
    "access.not_in_role": (
        "{role}无权{action}[；可由{roles}办理]。",
        "The role {role} may not {action}[; it is for: {roles}].",
    ),
    "access.out_of_reach": (
        "{role}只能对{reach}{action}[，{target} 不在其内]。",
        "The role {role} may {action} for {reach} only[; {target} is not among them].",
    ),
}

STANDING: Final[Mapping[str, Texts]] = {
    "none": ("无异常。", "Nothing to report."),
    "*.pending": (_SUBJECT[0] + "尚未到判定时间。", _SUBJECT[1] + "not yet due."),
    "*.ok": (_SUBJECT[0] + "正常[，{at}]。", _SUBJECT[1] + "in order[, {at}]."),
    "*.paused": (_SUBJECT[0] + "中止计时。", _SUBJECT[1] + "the clock is paused."),
    "*.fallback": (_SUBJECT[0] + "已转为承诺件。", _SUBJECT[1] + "the fallback limit holds."),
    "*.closed": (
        _SUBJECT[0] + "已结束[（{end} {ended}）]，不再判定。",
        _SUBJECT[1] + "over[ ({end} {ended})], no longer judged.",
    ),
    "*.merged": (
        _SUBJECT[0] + "并入同一时段的另一条记录。",
        _SUBJECT[1] + "merged into another record of the session.",
    ),
    "*.excused": (
        _SUBJECT[0] + "因{by}[（{kind}）][（{why}）]免责。",
        _SUBJECT[1] + "excused by {by}[ ({kind})][ ({why})].",
    ),
    "*.unwatched": (_SUBJECT[0] + "没有可用的数据来源，未监测。", _SUBJECT[1] + "not watched: no source could tell."),
    "*.unpublished": (
        _SUBJECT[0] + "该年放假安排未公布，无法判定。",
        _SUBJECT[1] + "unknown: that year's calendar is not published.",
    ),
    "*.unknown": (
        _SUBJECT[0] + "数据未到[（{sources}）][，{boundary} 之后]无法判定。",
        _SUBJECT[1] + "unknown[ after {boundary}]: the data have not arrived[ ({sources})].",
    ),
    "*.incomplete": (
        _SUBJECT[0] + "数据源不报办结，无法判定。",
        _SUBJECT[1] + "unknown: its source reports no completions.",
    ),
    "*.unproven": (
        _SUBJECT[0] + "[{lost_from} 至 {lost_to} ]数据已声明丢失，不予认定。",
        _SUBJECT[1] + "not proven: data were declared lost[ from {lost_from} to {lost_to}].",
    ),
    "*.review": (
        _SUBJECT[0] + "所依据的时间不可信[（{sources}）][，记录时间 {at}]，待人工复核。",
        _SUBJECT[1] + "to be reviewed: it rests on times that cannot be trusted[ ({sources})][, recorded {at}].",
    ),
    "*.no_limit": (_SUBJECT[0] + "没有登记时限，不作判定。", _SUBJECT[1] + "no limit is registered: not judged."),
    "*.not_applicable": (_SUBJECT[0] + "不适用本规则。", _SUBJECT[1] + "this rule does not apply."),
    "*.not_reported": (
        _SUBJECT[0] + "数据源登记为不报办结，不作判定。",
        _SUBJECT[1] + "its source is registered as reporting no completions: not judged.",
    ),
    "*.not_accepted": (_SUBJECT[0] + "尚未受理。", _SUBJECT[1] + "not accepted yet."),
}
"""What any rule may say; `*` stands for the rule id where the rule has no text of its own."""

REASONS: Final[Mapping[str, Texts]] = {
    **EVALUATORS, **CASES, **TASKS, **ITEMS, **ATTENDANCE, **TALLIES, **FACES, **KIOSK, **RATINGS, **ACCESS, **WORK,
    **HAND_ISSUED, **STANDING, **TERMINAL, **ASSESSMENT, **GAMING,
}  # fmt: skip


def texts_of(code: str) -> Texts | None:
    """The texts of a code, or what any rule says by its last word; None for a code that has none."""
    return REASONS.get(code) or REASONS.get(f"*.{code.rpartition('.')[2]}")
