"""The words of lists and pages of cases (办件): where one stands, what is looked for, what became of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

STANDINGS: Final[Mapping[str, Texts]] = {
    "waiting": ("待受理", "not accepted yet"),
    "running": ("在办", "running"),
    "passed": ("时限已过，待证实", "limit passed, not proven"),
    "overdue": ("超时在办", "overdue"),
    "paused": ("中止计时", "paused"),
    "on_time": ("按时办结", "completed on time"),
    "late": ("超时办结", "completed late"),
    "rejected": ("不予受理", "rejected"),
    "withdrawn": ("撤回", "withdrawn"),
    "returned": ("退件", "returned"),
}
"""`supervision.caserows.Standing`."""

ASKED: Final[Mapping[str, Texts]] = {
    "waiting": ("待受理", "not accepted yet"),
    "running": ("在办（全部）", "running (all)"),
    "near": ("临近到期", "nearly due"),
    "overdue": ("超时在办", "overdue"),
    "paused": ("中止计时", "paused"),
    "completed": ("已办结", "completed"),
    "late": ("超时办结", "completed late"),
    "left": ("不予受理、撤回、退件", "rejected, withdrawn, returned"),
    "historic": ("历史导入", "imported history"),
}
"""`supervision.casesearch.State`."""

CASE_KINDS: Final[Mapping[str, Texts]] = {
    "immediate": ("即办件", "immediate"),
    "promised": ("承诺件", "promised"),
    "joint": ("联办件", "joint"),
    "preexam": ("预审件", "pre-examined"),
    "other": ("事项未登记", "item not registered"),
}

LIMIT_TITLES: Final[Mapping[str, Texts]] = {
    "promised": ("承诺时限", "Promised limit"),
    "statutory": ("法定时限", "Statutory limit"),
    "due": ("来源给定的期限", "Limit given by the source"),
    "fallback": ("转承诺件后的时限", "Limit after the fallback"),
    "immediate": ("即办时限", "Immediate limit"),
    "order": ("督办回复时限", "Reply to the order"),
}

PAUSE_CAUSES: Final[Mapping[str, Texts]] = {
    "suspended": ("特别程序", "special procedure"),
    "supplement": ("补正期间", "papers to be supplemented"),
    "closed": ("办结至重新办理之间", "between its end and its reopening"),
}

EVENT_STANDINGS: Final[Mapping[str, Texts]] = {
    "counts": ("", ""),
    "voided": ("已作废，不计", "voided, does not count"),
    "merged": ("另一来源已报，合并", "told before by another source, merged"),
    "ahead": ("时间未到", "dated ahead"),
}

EVENT_FIELDS: Final[Mapping[str, Texts]] = {
    "due": ("给定期限", "given limit"),
    "procedure": ("程序", "procedure"),
    "planned_days": ("预计天数", "planned days"),
    "days": ("延长天数", "days of extension"),
    "approver": ("批准人", "approved by"),
    "approver_rank": ("批准层级", "rank of approval"),
    "stage": ("环节", "stage"),
    "limit_days": ("环节时限（天）", "days for the stage"),
    "result": ("结果", "result"),
    "result_doc": ("结果文书", "document"),
    "voids": ("作废事件", "voids event"),
    "ticket": ("取号", "ticket"),
    "joint": ("联办", "joint"),
}

FIELD_VALUES: Final[Mapping[str, Mapping[str, Texts]]] = {
    "result": {"granted": ("准予", "granted"), "denied": ("不予许可", "denied")},
    "approver_rank": {"unit": ("本单位", "the unit"), "government": ("本级政府", "the government")},
    "joint": {"True": ("是", "yes"), "False": ("否", "no")},
}

ORIGINS: Final[Mapping[str, Texts]] = {
    "device": ("评价器", "evaluator"),
    "web": ("网上", "web"),
    "screen": ("触摸屏", "touch screen"),
    "paper": ("纸质", "paper"),
}

PARTS: Final[Mapping[str, Texts]] = {
    "hall": ("大厅", "hall"),
    "unit": ("单位", "unit"),
    "window": ("窗口", "window"),
    "item": ("事项", "item"),
    "staff": ("人员", "person"),
}
"""What statistics are parted by."""
