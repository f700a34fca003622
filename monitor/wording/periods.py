"""Words for closing a period of assessment (考评结账) and its reports, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

KINDS: Final[Mapping[str, Texts]] = {
    "month": ("月度", "month"),
    "quarter": ("季度", "quarter"),
    "half": ("半年", "half year"),
    "year": ("年度", "year"),
}
STATES: Final[Mapping[str, Texts]] = {
    "signed": ("已结账", "signed off"),
    "over": ("已期满，未结账", "over, not signed off"),
    "open": ("进行中", "running"),
}
WORKS: Final[Mapping[str, Texts]] = {
    "queued": ("排队中", "waiting"),
    "running": ("核算中", "being worked out"),
    "done": ("已完成", "done"),
    "failed": ("未成", "failed"),
}
HINDRANCES: Final[Mapping[str, Texts]] = {
    "closed": ("已经结账：此后的变化记入未结账的月份", "It is signed off: later changes are entries of an open month"),
    "not_over": ("本期尚未结束，期满后才能结账", "The period is not over: it is signed after its end"),
    "earlier_open": ("须先结账的期间", "To be signed off first"),
    "behind": (
        "台账与事实不符：后台每日核算一次，也可在台账页运行核算",
        "The ledger is behind the facts: it is run each day, or at once from the ledger's page",
    ),
    "proposals": (
        "有未查实的建议，须逐项确认或退回；也可在下方写明仍要结账",
        "Proposals are open: confirm or reject each; or say below that you sign all the same",
    ),
    "reviews": (
        "有未决的复核申请，须先复核；也可在下方写明仍要结账",
        "Reviews are not decided: decide them first; or say below that you sign all the same",
    ),
}
"""What stands in the way of closing (`supervision.assessment.closing.Hindrance`)."""
UNKNOWN: Final[Mapping[str, Texts]] = {
    "unknown": ("数据未到", "no data"),
    "unproven": ("不能证明", "not proven"),
    "review": ("待复核", "to be reviewed"),
    "unwatched": ("未监测", "not watched"),
}
OPEN: Final[Mapping[str, Texts]] = {
    "unconfirmed": ("尚未查实", "not confirmed"),
    "no_evidence": ("缺证据", "evidence is missing"),
    "row": ("本条须由人确认", "this row is confirmed by a person"),
}
SEATS: Final[Mapping[str, Mapping[str, Texts]]] = {
    "award": {"yes": ("表彰", "award"), "tied": ("表彰：并列待定", "award: tied")},
    "excellent": {"yes": ("优秀名额", "excellent"), "tied": ("优秀：并列待定", "excellent: tied")},
    "bottom": {"yes": ("末位", "among the last"), "tied": ("末位：并列待定", "among the last: tied")},
}
CHOICES: Final[Mapping[str, Texts]] = {
    "award": ("得分并列，由谁受表彰", "Equal scores: who is awarded"),
    "excellent": ("得分并列，由谁评优秀", "Equal scores: who is excellent"),
    "bottom": ("得分并列，由谁列末位", "Equal scores: who is among the last"),
}
FEW: Final[Mapping[str, Texts]] = {
    "days": ("在岗天数太少，不排名", "too few days known to give a place"),
    "cases": ("办件太少，不排名", "too few cases known to give a place"),
}
REPORTS: Final[Mapping[str, Texts]] = {
    "all": ("全部报表", "everything"),
    "sheets": ("得分单", "score sheets"),
    "ranking": ("排名", "ranking"),
    "statistics": ("统计", "statistics"),
    "circular": ("通报", "circular"),
    "feedback": ("反馈函", "feedback letter"),
    "week": ("周小结", "weekly summary"),
}
NAMINGS: Final[Mapping[str, Texts]] = {
    "full": ("全名", "in full"),
    "masked": ("隐去名字（张*）", "masked"),
    "none": ("不列姓名", "none"),
}
"""How people stand in a circular, which leaves the hall."""
