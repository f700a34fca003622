"""Why something was not charged (未计分): what the explanation of a score says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

_WAITS: Final[Texts] = ("{article}，{points} 分[（第 {number} 号）]：", "{article}, {points} points[ (no. {number})]: ")

EXPLAINING: Final[Mapping[str, Texts]] = {
    "assessment.left.span.unknown": (
        "{subject:subjects}：数据未到，无法判定，不扣分。",
        "{subject:subjects}: the data have not arrived; unknown, and no points.",
    ),
    "assessment.left.span.unproven": (
        "{subject:subjects}：数据已声明丢失，不予认定，不扣分。",
        "{subject:subjects}: data were declared lost; not proven, and no points.",
    ),
    "assessment.left.span.review": (
        "{subject:subjects}：所依据的签到或时间存疑，待人工复核，不扣分。",
        "{subject:subjects}: in doubt, to be reviewed by a person; no points.",
    ),
    "assessment.left.span.unwatched": (
        "{subject:subjects}：没有可用的数据来源，未监测，不扣分。",
        "{subject:subjects}: not watched, no source could tell; no points.",
    ),
    "assessment.left.open.unconfirmed": (
        _WAITS[0] + "待他人查实，查实前不计分。",
        _WAITS[1] + "waits for another person to confirm it; no points before.",
    ),
    "assessment.left.open.no_evidence": (
        _WAITS[0] + "缺少凭证，补齐并查实前不计分。",
        _WAITS[1] + "evidence is missing; no points before it is there and confirmed.",
    ),
    "assessment.left.open.row": (
        _WAITS[0] + "本条须由人确认，确认前不计分。",
        _WAITS[1] + "the row is one that a person confirms; no points before.",
    ),
    "assessment.left.open.contested": (
        _WAITS[0] + "曾被否决，其后情况有变，待再次确认，确认前不计分。",
        _WAITS[1] + "rejected once, and changed since: it waits to be confirmed again; no points before.",
    ),
    "assessment.left.open.review": (
        _WAITS[0] + "经复核撤回，待再次确认，确认前不计分。",
        _WAITS[1] + "taken back after a review; no points before it is confirmed again.",
    ),
    "assessment.left.spared": (
        "{staff} 凭函请假，派驻单位未派人代岗：计入窗口 {window}[（{article}）]，不计入个人（B05）。",
        "{staff} was on leave by letter and the unit sent nobody: charged to window {window}[ ({article})], not to the"
        " person (B05).",
    ),
    "assessment.left.choice": (
        "依选择项 {choice}，只计入{whose}台账。",
        "By the choice {choice} it is charged in the ledger of {whose} alone.",
    ),
    "assessment.left.rejected": (
        "第 {number} 号提议[由 {by} ]否决，不计分。",
        "Proposal {number} was rejected[ by {by}]: no points.",
    ),
    "assessment.left.charges": (
        "细则[ {articles} ]不将此项计入该对象。",
        "The rule book[ ({articles})] does not charge it to them.",
    ),
    "assessment.left.grace": (
        "在细则[ {articles} ]的宽限之内，或未达其标准。",
        "Within the grace of the rule book[ ({articles})], or below its measure.",
    ),
    "assessment.left.no_row": (
        "现行细则没有与此对应的条款，不计分。",
        "No row of the rule book is about it: no points.",
    ),
    "assessment.left.event": (
        "同一事项只计最高的一项，已另计。",
        "Of one event the highest alone counts; another does.",
    ),
    "assessment.left.behind": (
        "台账尚未更新，下次运行时计入或提请查实。",
        "The ledger has not been brought up to date: the next run posts or proposes it.",
    ),
}
