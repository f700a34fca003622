"""What reports call things, in Chinese: kinds of periods, A.10 choices, effects, why something is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LEDGERS: Final[Mapping[str, str]] = {"window": "窗口", "staff": "人员"}
KINDS: Final[Mapping[str, str]] = {"month": "月度", "quarter": "季度", "half": "半年", "year": "年度"}
FEW: Final[Mapping[str, str]] = {"days": "在岗天数", "cases": "办件数"}
SEATS: Final[Mapping[str, str]] = {"yes": "", "tied": "（并列，待人选定）"}
GRADES: Final[Mapping[str, str]] = {
    "excellent": "优秀", "qualified": "合格（称职）", "basic": "基本称职", "unqualified": "不合格（不称职）",
    "none": "不定等次",
}  # fmt: skip
UNKNOWN: Final[Mapping[str, str]] = {
    "unknown": "数据未到", "unproven": "不能证明", "review": "待复核", "unwatched": "未监测",
}  # fmt: skip
OPEN: Final[Mapping[str, str]] = {
    "unconfirmed": "尚未查实", "no_evidence": "缺证据", "row": "本条须由人确认",
}  # fmt: skip
ADJUSTMENTS: Final[Mapping[str, str]] = {
    "cap": "超过上限，退回", "floor": "低于下限，补足", "ceiling": "高于封顶，减去",
}  # fmt: skip

CHOICES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "late_over_15": ("迟到、早退超过15分钟", {"off_post": "按脱岗", "absent": "按旷工半天"}),
    "offpost_minutes": ("离岗多少分钟为脱岗", {}),
    "late_amount": ("迟到早退记入哪本账", {"both": "个人、窗口各记各账", "staff": "只记个人", "window": "只记窗口"}),
    "offpost_vs_unstaffed": (
        "脱岗与窗口无人", {"both": "各记各账；全窗口无人才记窗口", "staff": "只记个人", "window": "只记窗口"},
    ),
    "accumulate_period": ("岗扣分累计的期间", {"month": "月", "quarter": "季度", "year": "日历年"}),
    "and_or_20b5": ("§20b(5)两个条件", {"either": "满足其一", "both": "同时满足"}),
    "inclusive": ("“以上”是否含本数", {"True": "含本数", "False": "不含本数"}),
    "overdue_days_unit": ("办件延期天数", {"workday": "工作日", "calendar_day": "日历日"}),
    "rolling_20": ("“20个工作日内”", {"rolling": "滚动计算", "fixed": "固定区间"}),
    "absent_units": ("几个半天折合旷工1天", {}),
    "month_15": ("§26(3)“每月各15项”", {"each_month": "读作每月各项合计（15为页码）"}),
    "year_words": ("文中缺“年度”处", {"annual": "读作年度考核"}),
    "floor": ("得分下限", {"none": "不设下限"}),
    "overdue_10": ("超时办结追究个人", {"after_confirmation": "经查实后才扣个人", "automatic": "自动扣分"}),
    "checks": ("每日打卡次数", {}),
    "denominators": ("比率的分母", {"stated": "随指标逐项列明"}),
}  # fmt: skip
"""Key of rules.md A.10 → what it decides, and its values in words; a value that is not here is printed as it is."""


def choice(key: str, value: object) -> tuple[str, str]:
    """What an A.10 key decides and what was chosen, the key itself and its value beside."""
    title, words = CHOICES.get(key, (key, {}))
    said = words.get(str(value))
    return f"{title}（{key}）", f"{said}（{_plain(value)}）" if said else _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
