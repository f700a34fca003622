"""Where facts come from: the vocabulary of `source` in a rule book, with what each says (rules.md A.1 to A.8). Pure.

`monitor/store/facts/scoring*.py` finds them in the store; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.assessment.model import Charged
from monitor.wording.words import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """`amount`: what the fact's amount counts, empty where it is 1; `rungs`: the levels it may name, empty for none.
    `charges`: whom it can name. `open`: whether it can wait for a confirmation (S). `by_row`: facts name the row: the
    one that a person chose, or of `report.late` the rule of `policy.timeliness.late_reports` (C14, C15).

    A share is a fraction of 1. `cover.none` is none where the same hours are an `off_post` of the same person (B03:
    否则视为脱岗). `leave.unfiled`: no form, or one handed in after the leave began. `count.reports`: reports that
    the window handed in in the month, 0 too, where the hall's feed tells of reports at all.
    """

    name: Texts
    charges: tuple[Charged, ...]
    amount: str = ""
    rungs: tuple[str, ...] = ()
    open: bool = False
    by_row: bool = False


_WHO: Final[tuple[Charged, ...]] = ("window", "person", "lead", "head")
LEVELS: Final = ("found", "centre", "county", "city", "province", "nation")
"""发现、中心、县、市、省(自治区)、国家: the rungs of E13 and E22."""

SOURCES: Final[Mapping[str, Source]] = {
    # attendance (考勤机评): happenings of monitor/attendance/tallies.py
    "late": Source(name=("迟到", "late"), charges=_WHO),
    "early": Source(name=("早退", "left early"), charges=_WHO),
    "absent": Source(name=("旷工半天", "absent for half a day"), charges=_WHO),
    "punch.missing": Source(name=("缺卡", "check-in missing within a half day"), charges=_WHO),
    "off_post": Source(name=("脱岗", "off post"), charges=_WHO, open=True),
    "unstaffed": Source(name=("窗口无人在岗", "nobody at the window"), charges=("window", "lead", "head"), open=True),
    # leave and posts (A.2): monitor/supervision/planfindings.py
    "leave.unfiled": Source(name=("未办请假手续", "leave without a form"), charges=_WHO, open=True),
    "leave.retroactive": Source(name=("事后补假", "leave approved afterwards"), charges=_WHO, open=True),
    "leave.uncovered": Source(
        name=("有函请假未派人代岗", "leave with a letter, nobody sent"), charges=("window", "head")
    ),
    "cover.none": Source(name=("AB岗均不在且未备案代岗", "A and B out, no substitute filed"), charges=_WHO, open=True),
    "posting.short": Source(
        name=("派驻期未满即更换", "replaced before the posting's time"), charges=("window", "head"),
        rungs=("quarter", "year"),
    ),  # fmt: skip
    "posting.vacant": Source(name=("未按规定派驻", "post left vacant"), charges=("window", "head"), open=True),
    # cases (A.3) and the record (A.6)
    "case.overdue": Source(
        name=("超时办结", "case past its limit"), charges=_WHO, amount="working days overdue", open=True
    ),
    "case.supplements": Source(name=("两次以上补件", "two rounds of supplements"), charges=_WHO, amount="rounds"),
    "case.return_reason": Source(name=("退件理由不详", "returned without a full reason"), charges=_WHO, open=True),
    "case.refusal_reason": Source(name=("不予受理未记理由", "refused without a reason"), charges=_WHO),
    "case.notice_late": Source(name=("未按期告知", "not told in time"), charges=_WHO, amount="working days late"),
    "case.stage_late": Source(name=("环节超时", "stage past its limit"), charges=_WHO, amount="working days overdue"),
    "case.unrecorded": Source(name=("办件未录入", "case not recorded"), charges=_WHO, open=True),
    "case.contradiction": Source(name=("数据与原始资料不一致", "record contradicts itself"), charges=_WHO, open=True),
    "case.false_close": Source(name=("未办结谎称办结", "told done, was not"), charges=_WHO, open=True),
    "case.late_entry": Source(name=("连续迟录", "entered late twice in a row"), charges=_WHO, open=True),
    "item.immediate": Source(name=("承诺件改即办件", "item made immediate"), charges=("window", "head")),
    "item.shortened": Source(
        name=("承诺时限压缩", "promise cut by half"), charges=("window", "head"), amount="percent cut"
    ),
    # dated tasks, complaints, ratings (A.4)
    "report.late": Source(
        name=("材料迟报", "report handed in late"), charges=_WHO, amount="working days beyond the grace", open=True,
        by_row=True,
    ),  # fmt: skip
    "order.late": Source(
        name=("交办、督办未按时完成", "order not done in time"), charges=_WHO, amount="days", open=True
    ),
    "complaint.overdue": Source(
        name=("投诉逾期未答复", "complaint answered late"), charges=_WHO, amount="days overdue"
    ),
    "complaint.in_time": Source(name=("投诉按期圆满解决", "complaint settled in time"), charges=_WHO, open=True),
    "complaint.verified": Source(name=("投诉经查实", "complaint found true"), charges=_WHO, open=True),
    "rating.bad": Source(name=("差评", "bad rating"), charges=_WHO, open=True),
    # what a person finds or enters
    "hand": Source(name=("人工发牌", "card by hand"), charges=_WHO, open=True, by_row=True),
    "mark": Source(
        name=("人工登记", "entered by hand"), charges=_WHO, amount="as entered", rungs=LEVELS, open=True, by_row=True
    ),
    # statistics of a month (C24, D16, G22) and what closing itself finds (E23)
    "share.completion": Source(
        name=("办结率缺额", "missing share of the completion rate"), charges=("window",), amount="share"
    ),
    "share.on_time": Source(
        name=("按时办结率缺额", "missing share of the on-time rate"), charges=("window",), amount="share"
    ),
    "share.satisfaction": Source(
        name=("满意率缺额", "missing share of satisfaction"), charges=("window",), amount="share"
    ),
    "count.complaints": Source(name=("有投诉", "complaints there were"), charges=("window",), amount="complaints"),
    "count.reports": Source(
        name=("报送信息篇数", "reports handed in"), charges=("window",), amount="reports of the month"
    ),
    "award.window": Source(name=("评为优秀窗口", "made window of the quarter"), charges=("window", "person")),
}  # fmt: skip
