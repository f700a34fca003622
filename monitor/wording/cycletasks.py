"""What is owed in the cycle of assessment (考评待办) in words: `assess.self/2026-03/h1/w1` → 窗口自评 2026-03."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

SORTS: Final[Mapping[str, Texts]] = {
    "patrol": ("日巡查", "daily patrol"),
    "week": ("周小结", "weekly summary"),
    "self": ("窗口自评", "self-assessment"),
    "selfreview": ("自评复核", "review of a self-assessment"),
    "close": ("考评结账", "closing of the period"),
    "talk": ("谈话整改", "talk"),
    "circular": ("通报", "circular"),
    "feedback": ("书面反馈", "written feedback"),
    "answer": ("反馈回复", "answer to the feedback"),
    "sent": ("报送备案", "distribution of the report"),
    "nominate": ("先进推荐", "nomination"),
    "award": ("表彰确认", "confirmation of awards"),
    "review": ("复核申请", "review that was asked for"),
}
HEAD: Final = "assess."
_OF_WINDOW: Final = ("self", "selfreview", "answer", "nominate")


def task_text(key: str, names: Mapping[str, str], lang: str) -> str | None:
    """The task's number in words; None for any other task."""
    head, *rest = key.split("/")
    texts = SORTS.get(head.removeprefix(HEAD)) if head.startswith(HEAD) else None
    if texts is None or len(rest) < 2:
        return None
    period, _hall, *of = rest
    sort = head.removeprefix(HEAD)
    whom = [_named(sort, one, names) for one in of]
    return " ".join([texts[0 if lang == "zh" else 1], period, *whom])


def parts(key: str, names: Mapping[str, str], lang: str) -> tuple[str, str]:
    """What is owed, and what tells it apart within its period: ("日巡查", "第 1 轮"), ("窗口自评", "一号窗")."""
    head, _period, _hall, *of = key.split("/")
    sort = head.removeprefix(HEAD)
    zh, en = SORTS[sort]
    if sort == "patrol" and of:
        return (zh, f"第 {of[0]} 轮") if lang == "zh" else (en, f"round {of[0]}")
    return (zh if lang == "zh" else en, " ".join(_named(sort, one, names) for one in of))


def _named(sort: str, of: str, names: Mapping[str, str]) -> str:
    """`w1` of a window's task, `staff.s01` or `window.w1` of a talk; else as it is: a round, a receiver's number."""
    kind, dot, key = of.partition(".")
    if dot:
        return names.get(f"{kind}:{key}", key)
    return names.get(f"window:{of}", of) if sort in _OF_WINDOW else of
