"""What reports call things, in Chinese: kinds of periods, A.10 choices, effects, why something is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording import bookwords

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
    key: (one.asks[0], {value: said[0] for value, said in one.values.items()}) for key, one in bookwords.CHOICES.items()
}
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
