"""What the reasons of check-in slots and posts say; the language of templates is told in `reasons`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

_EMPTY: Final[Texts] = (
    "窗口 {window} 自 {began} 起无人在岗，服务时间内已满 {minutes} 分钟[，{cleared_at} 恢复][；{answers}]"
    "[（当时在窗口 {elsewhere}）][；待核实：{rows}]。",
    "Window {window} has been empty since {began}, for {minutes} minutes of service time[, until {cleared_at}]"
    "[; {answers}][ (at window {elsewhere})][; to be verified: {rows}].",
)

ATTENDANCE: Final[Mapping[str, Texts]] = {
    "checkin.slot.reminder": (
        "{staff} {date} {slot}应于 {due} 前完成，到时未见记录[（{at} 补到，迟 {minutes} 分钟）]。",
        "{staff}: {slot} of {date} was due at {due}, none was recorded by then[ (came at {at}, {minutes} min late)].",
    ),
    "checkin.slot.missing": (
        "{staff} {date} {slot}应于 {due} 前完成，逾时仍无记录。",
        "{staff}: {slot} of {date} was due at {due} and is still missing.",
    ),
    "checkin.slot.very_late": (
        "{staff} {date} {slot}应于 {due} 前完成，{at} 才到，迟 {minutes} 分钟。",
        "{staff}: {slot} of {date} was due at {due}, came at {at}, {minutes} min late.",
    ),
    "checkin.slot.absent": (
        "{staff} {date} 整个时段（{slot}，应于 {due}）无任何考勤记录，按旷工半天提请核实。",
        "{staff}: no check-in in the whole session of {date} ({slot}, due {due}): half a day absent, to be verified.",
    ),
    "checkin.slot.late_absent": (
        "{staff} {date} {slot}应于 {due} 前完成，{at} 才到，迟 {minutes} 分钟，已达 {limit} 分钟，按旷工半天提请核实。",
        "{staff}: {slot} of {date} was due at {due}, came at {at}, {minutes} min late: from {limit} min on that is half"
        " a day absent, to be verified.",
    ),
    "checkin.slot.review_whose": (
        "{staff} {date} {slot}：{at} 的签到存疑（距离 {distance}，上限 {most_distance}；活体 {liveness}），待人工复核，"
        "不作出勤、迟到或旷工的依据。",
        "{staff}: {slot} of {date}: whose check-in of {at} it was is in doubt (distance {distance}, at most"
        " {most_distance}; liveness {liveness}): for review, it proves neither presence nor lateness nor absence.",
    ),
    "checkin.slot.no_checkout": (
        "{staff} {date} {slot}至 {closes} 无签退记录（应于 {due} 后签退）。",
        "{staff}: {slot} of {date}, no check-out by {closes} (due from {due} on).",
    ),
    "checkin.slot.left_early": (
        "{staff} {date} {slot}于 {at} 签退，早于 {due} {minutes} 分钟。",
        "{staff}: {slot} of {date}, checked out at {at}, {minutes} min before {due}.",
    ),
    "checkin.slot.late": (
        "{staff} {date} {slot}于 {at} 完成，迟 {minutes} 分钟（应于 {due} 前）。",
        "{staff}: {slot} of {date} at {at}, {minutes} min late (due {due}).",
    ),
    "checkin.slot.early": (
        "{staff} {date} {slot}于 {at} 签退，早 {minutes} 分钟（应于 {due} 后）。",
        "{staff}: {slot} of {date} at {at}, {minutes} min early (due {due}).",
    ),
    "post.empty.yellow": _EMPTY,
    "post.empty.red": _EMPTY,
    "post.checked_empty": (
        "窗口 {window} {date} 抽查（{at}）发现无人在岗，[{staff}，]待核实：{rows}；{answers}"
        "[（当时在窗口 {elsewhere}）]。",
        "Window {window}, {date}: a spot check at {at} found nobody;[ {staff},] to be verified: {rows}; {answers}"
        "[ (at window {elsewhere})].",
    ),
    "post.stranger": (
        "窗口 {window} {date}：{staff} 自 {from} 上岗，未在该窗口定岗，也未备案代岗（B03），请核实。",
        "Window {window}, {date}: {staff} signed on at {from} without a post there and without being filed as a"
        " substitute (B03): to be verified.",
    ),
    "post.covered": (
        "窗口 {window} {date}：{staff} 自 {from} 至 {to} 离岗，无请假和外出手续，由他人顶岗，待核实：{rows}。",
        "Window {window}, {date}: {staff} was away from {from} to {to} without leave or slip while another covered,"
        " to be verified: {rows}.",
    ),
    "post.short": (
        "窗口 {window} {date}：自 {from} 至 {to} 在岗 {people} 人，少于应有的 {needed} 人（A19）。",
        "Window {window}, {date}: {people} there from {from} to {to}, fewer than the {needed} it needs (A19).",
    ),
    "post.empty.empty": (
        "窗口 {window} {date} {session_start:clock} 场：当前无人，未满时限。",
        "Window {window}, session of {date} {session_start:clock}: nobody there, not for long yet.",
    ),
    "post.empty.pending": (
        "窗口 {window} {date} {session_start:clock} 场：尚未到判定时间。",
        "Window {window}, session of {date} {session_start:clock}: nothing to be judged yet.",
    ),
    "post.empty.unknown": (
        "窗口 {window} {date} {session_start:clock} 场：[{from} 起]{cause}，无法判定[（{sources}）]，不作缺岗认定。",
        "Window {window}, session of {date} {session_start:clock}: unknown[ since {from}], {cause}[ ({sources})];"
        " nobody is held absent.",
    ),
    "post.empty.unproven": (
        "窗口 {window} {date} {session_start:clock} 场：[{from} 起]数据已声明丢失，不予认定。",
        "Window {window}, session of {date} {session_start:clock}: not proven, data were declared lost[ from {from}].",
    ),
}
