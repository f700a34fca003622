"""The rules that a card issued by hand (人工发牌) can rest on: what no device sees and a person finds.

Ids and sections are those of the regulations as read row by row (Tianyang county 001.2 §, Tongshan 001.5, H07 001.4);
the words are ours. The card's rule is `manual.ID`, so that routes and reports can tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.wording.words import Texts

PREFIX: Final = "manual."


@dataclass(frozen=True, slots=True)
class HandRule:
    """`where`: the section of the regulation; `name`: Chinese and English."""

    where: str
    name: Texts


HAND_RULES: Final[Mapping[str, HandRule]] = {
    "A05": HandRule("001.2 §23(1)", ("脱岗", "away from the post")),
    "A08": HandRule("001.2 §13(4)", ("窗口无人在岗", "nobody at the window")),
    "A13": HandRule("001.2 §14(8)", ("无故不参加会议、学习", "absent from a meeting or training")),
    "A14": HandRule("001.2 §18(4)", ("联合踏勘迟到、早退、缺席", "late for or absent from a joint inspection")),
    "A17": HandRule("001.5", ("抽查不合格", "failed a spot check")),
    "B04": HandRule("001.2 §23(5)", ("违反请假制度", "breach of the leave rules")),
    "B07": HandRule("001.2 §14(9)", ("未提交请假条", "no leave form handed in")),
    "C08": HandRule("001.2 §15(1)", ("未提供办事指南致补办", "no guide given, the applicant came again")),
    "C10": HandRule("001.2 §15(3)", ("无正当理由退件", "returned without good reason")),
    "C13": HandRule("001.2 §15(4)", ("联办件未说明致串联审批", "joint case handled one after another")),
    "C16": HandRule("001.2 §18(1)", ("未按时完成交办业务", "a task not done in time")),
    "D06": HandRule("001.2 §24(3)", ("办理结果不满意，查实属窗口责任", "dissatisfaction, the window's fault")),
    "D07": HandRule("001.2 §22(1)", ("推诿咨询", "put off an enquiry")),
    "D08": HandRule("001.2 §21(3)", ("态度问题引起投诉或争吵", "a complaint or quarrel over manners")),
    "D09": HandRule("001.2 §18(5)", ("未依法办理审批事项", "an approval not handled by law")),
    "D10": HandRule("001.2 §18(8)", ("服务态度、质量、效率差", "poor manners, quality or speed of service")),
    "E01": HandRule("001.2 §12(1)(4)", ("未按操作规范开展审批", "approval not by the handbook")),
    "E02": HandRule("001.2 §12(5)", ("不执行中心协调、决定", "a decision of the centre not carried out")),
    "E03": HandRule("001.2 §13(1)", ("在原单位收件或出件", "papers taken or given outside the hall")),
    "E05": HandRule("001.2 §13(3)", ("要求申请人到科室咨询", "applicant sent to the department")),
    "E06": HandRule("001.2 §14(2)(5)", ("未使用文明用语", "impolite language")),
    "E07": HandRule("001.2 §14(3)", ("不服从管理", "instructions not followed")),
    "E08": HandRule("001.2 §14(6)", ("串岗聊天、嬉闹、吃东西", "chatting, fooling about or eating at work")),
    "E09": HandRule("001.2 §14(7)", ("着装、佩证不合规定", "dress or badge not as required")),
    "E10": HandRule("001.2 §15(5)(6)", ("违反操作规范造成失误", "a mistake by breach of the handbook")),
    "E11": HandRule("001.2 §16", ("收费违规", "breach of the fee rules")),
    "E14": HandRule("001.2 §17(3)(4)", ("违反档案、设备管理", "breach of file or equipment rules")),
    "E16": HandRule("001.2 §21", ("工作纪律、吃拿卡要", "discipline, favours taken")),
    "E17": HandRule("001.2 §22(2)(4)", ("解答含糊、告知不完整", "vague or incomplete answers")),
    "E18": HandRule("001.2 §23(2)", ("上班吃东西、打瞌睡、串岗", "eating, dozing or straying at work")),
    "E19": HandRule("001.2 §23(7)(8)(9)", ("违纪违法、中介行为", "breach of discipline or law, brokering")),
    "H07": HandRule("001.4", ("值班巡查发现，当面提醒", "found on patrol, reminded on the spot")),
}


def hand_rule(rule: str) -> HandRule | None:
    """The rule of a card `manual.ID`; None for another."""
    return HAND_RULES.get(rule.removeprefix(PREFIX)) if rule.startswith(PREFIX) else None
