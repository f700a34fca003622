"""The words of the attendance sheet on a page: its marks, its totals, what a slot is on a list, day heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import HOLIDAYS, LEAVES, Texts

MARKS: Final[Mapping[str, Texts]] = {
    "√": ("√", "√"),
    "迟": ("迟", "L"),
    "早": ("早", "E"),
    "脱": ("脱", "O"),
    "旷": ("旷", "A"),
    "假": ("假", "V"),
    "差": ("差", "T"),
    "？": ("？", "?"),
    "－": ("－", "–"),
}
"""A half day's mark as the sheet prints it, and the letter that stands for it on an English page."""
MARK_WORDS: Final[Mapping[str, Texts]] = {
    "√": ("出勤", "present"),
    "迟": ("迟到", "late"),
    "早": ("早退", "left early"),
    "脱": ("脱岗、缺卡", "off-post, check-in missing"),
    "旷": ("旷工", "absent"),
    "假": ("请假", "leave"),
    "差": ("公假、出差", "official leave, trip"),
    "？": ("未知、待复核", "unknown, for review"),
    "－": ("休", "off"),
}
SLOT_SAYS: Final[Mapping[str, Texts]] = {
    "late": ("迟到", "late"),
    "very_late": ("脱岗（迟到）", "off-post (late)"),
    "missing": ("缺卡（未签到）", "check-in missing"),
    "absent": ("旷工半天", "absent for half a day"),
    "late_absent": ("旷工半天（迟到）", "absent for half a day (late)"),
    "early": ("早退", "left early"),
    "left_early": ("脱岗（早退）", "off-post (left early)"),
    "no_checkout": ("缺卡（未签退）", "check-out missing"),
    "unpublished": ("未知（放假安排未公布）", "unknown (days off not published)"),
}
"""What a slot is called in 异常明细, by the code of its reason."""
CLOSED: Final[Texts] = ("停办", "closed")
CORRECTED: Final[Texts] = ("补签", "corrected afterwards")
TOTALS: Final[tuple[Texts, ...]] = (
    ("应出勤半天", "Half days due"),
    ("出勤半天", "present"),
    ("迟到次数", "Times late"),
    ("迟到分钟", "minutes late"),
    ("早退次数", "Times early"),
    ("早退分钟", "minutes early"),
    ("缺卡次数", "Check-ins missing"),
    ("脱岗次数", "Off-post"),
    ("其中查实", "of these confirmed"),
    ("旷工半天", "Half days absent"),
    *((f"{chinese}半天", f"{english}, half days") for chinese, english in LEAVES.values()),
    ("外出次数", "Outings"),
    ("加班分钟", "Overtime, minutes"),
    ("未知半天", "Half days unknown"),
    ("待复核半天", "for review"),
    ("不予认定半天", "not proven"),
)
"""In the order of the sheet's `TOTAL_COLUMNS`."""
LEAVE_SUM: Final[Texts] = ("请假半天", "Half days on leave")
"""One sum in place of those of each kind, for whoever is not told the kinds."""
WEEKDAYS: Final[tuple[Texts, ...]] = (
    ("一", "Mo"), ("二", "Tu"), ("三", "We"), ("四", "Th"), ("五", "Fr"), ("六", "Sa"), ("日", "Su"),
)  # fmt: skip
DAY_NAMES: Final[tuple[Texts, ...]] = (
    ("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"),
    ("周五", "Fri"), ("周六", "Sat"), ("周日", "Sun"),
)  # fmt: skip
MENDED: Final[Mapping[str, Texts]] = {
    "punch": ("无打卡，可补签", "no check-in: a correction can be asked for"),
    "correction": ("补签待批", "a correction waits for approval"),
    "leave": ("请假未批", "leave that covers it is not approved"),
    "source": ("等待数据", "waits for data"),
    "review": ("待人工复核", "a person has to look at it"),
}
"""What a slot still waits for, as `report attendance` has it, in one language."""
_HEADS: Final[Mapping[str, Texts]] = {"班": ("班", "work"), "休": ("休", "off")}
MERGED: Final[Texts] = ("并入同场旷工", "counted with the absence of its half day")


def head_word(mark: str) -> Texts:
    """The head of a day: 班 (make-up workday), 休, or a holiday."""
    return _HEADS.get(mark, (mark, HOLIDAYS.get(mark, mark)))
