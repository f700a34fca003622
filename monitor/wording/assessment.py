"""What the reasons of assessment (考评) say; the language of templates is told in `reasons`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

EFFECTS: Final[Mapping[str, Texts]] = {
    "unqualified": ("不合格", "unqualified"),
    "no_award": ("取消评奖资格", "no award"),
    "no_excellent": ("取消优秀资格", "cannot be excellent"),
    "return": ("建议退回原单位", "return to the unit proposed"),
    "circular": ("通报", "circular"),
    "talk": ("谈话", "talk"),
    "replace": ("责令单位限期调整人员", "the unit is to replace the person"),
}
"""Consequences (后果): `monitor.assessment.book.EffectKind`."""

_WHO: Final[Texts] = ("[窗口 {window}][{staff}] {counted} ", "[window {window}][{staff}], {counted}")
_LIMBS: Final[Texts] = (
    "[，{within} 个工作日内][，共 {count} 次（件），标准 {times} 次（件）][；单件最多 {amount}，标准 {amount_limit}]"
    "[，最长连续旷工 {run} 个半天，标准 {run_limit} 个][，累计扣 {points} 分，达 {sum} 分（含）][，迟到 {late} 次]"
    "[，早退 {early} 次][，经查实脱岗 {off_post} 次]",
    "[, within {within} working days][, {count} times, the measure is {times}]"
    "[, {amount} for one, the measure is {amount_limit}]"
    "[, absent for {run} half days in a row, the measure is {run_limit}]"
    "[, {points} points in all, which reaches {sum}][, late {late} times][, left early {early} times]"
    "[, off post {off_post} times, confirmed]",
)

ASSESSMENT: Final[Mapping[str, Texts]] = {
    "assessment.effect": (
        _WHO[0] + "“{name}”（{article}）于 {on} 成立" + _LIMBS[0] + "。后果：{effect}。",
        _WHO[1] + ": “{name}” ({article}) since {on}" + _LIMBS[1] + ". It follows: {effect}.",
    ),
    "assessment.effect.open": (
        _WHO[0] + "“{name}”（{article}）尚未成立[：其中 {open} 项未经查实]"
        "[：所涉 {unpublished} 年放假安排未公布]；如经查实" + _LIMBS[0] + "，后果将为：{effect}。目前不作任何处理。",
        _WHO[1] + ": “{name}” ({article}) does not stand[: {open} of it are not confirmed]"
        "[: it rests on {unpublished}, whose calendar is not published]; if they were"
        + _LIMBS[1]
        + ", it would follow: {effect}. Nothing is done now.",
    ),
    "assessment.last": (
        _WHO[0] + "列第 {place} 名（共 {ranked} 名），属末位，应安排谈话整改。",
        _WHO[1] + ": place {place} of {ranked}, among the last: a talk is due.",
    ),
    "assessment.streak": (
        _WHO[0] + "已连续 {streak} 个月列末位（{months}），责令单位限期调整。",
        _WHO[1] + ": among the last for {streak} months in a row ({months}); the unit is to replace the person.",
    ),
    "assessment.failed": (
        _WHO[0] + "季度考核为不称职，建议退回原单位。",
        _WHO[1] + ": the quarter is graded not competent; return to the unit is proposed.",
    ),
    "assessment.basic": (
        _WHO[0] + "连续季度考核为基本称职（{quarters}），建议退回原单位。",
        _WHO[1] + ": basically competent in successive quarters ({quarters}); return to the unit is proposed.",
    ),
    "assessment.silent": (
        _WHO[0] + "没有任何已知的在岗、办件或记录，不定等次，也不计入更长期间的平均。",
        _WHO[1]
        + ": no day of duty, no case and no line is known: not assessed, and left out of longer periods' means.",
    ),
    "assessment.few.days": (
        _WHO[0] + "已知在岗 {known} 天，不足 {need} 天，样本过少，不排名次。",
        _WHO[1] + ": {known} days of duty are known, fewer than {need}: too few to give a place.",
    ),
    "assessment.few.cases": (
        _WHO[0] + "已知办件 {known} 件，不足 {need} 件，样本过少，不排名次。",
        _WHO[1] + ": {known} cases are known, fewer than {need}: too few to give a place.",
    ),
    "assessment.excellent.veto": (
        _WHO[0] + "得分达到优秀，但因{articles}定为不合格。",
        _WHO[1] + ": the score would be excellent, but {articles} makes the period unqualified.",
    ),
    "assessment.excellent.lost": (
        _WHO[0] + "得分达到优秀，但因{articles}取消评优资格。",
        _WHO[1] + ": the score would be excellent, but {articles} takes the right to it.",
    ),
    "assessment.excellent.full": (
        _WHO[0] + "得分达到优秀，列第 {place} 名，优秀名额 {seats} 个已满。",
        _WHO[1] + ": the score would be excellent, place {place}; the {seats} seats are taken.",
    ),
    "assessment.excellent.tied": (
        _WHO[0] + "与他人同分（共 {equals} 个），争最后 {left} 个优秀名额，由人决定，系统不作取舍。",
        _WHO[1] + ": one of {equals} equals for the last {left} excellent seats; a person decides, not the program.",
    ),
    "assessment.last.tied": (
        _WHO[0] + "与他人同分（共 {equals} 个），末位只余 {left} 个，由人决定，系统不作取舍。",
        _WHO[1] + ": one of {equals} equals for {left} of the last places; a person decides, not the program.",
    ),
    "assessment.award": (
        _WHO[0] + "列第 {place} 名，在表彰的前 {seats} 名之内。",
        _WHO[1] + ": place {place}, within the first {seats} that are awarded.",
    ),
    "assessment.award.tied": (
        _WHO[0] + "列第 {place} 名，与他人同分（共 {equals} 个），表彰名额只余 {left} 个，由人决定，系统不作取舍。",
        _WHO[1] + ": place {place}, one of {equals} equals for {left} awards left; a person decides, not the program.",
    ),
    "assessment.award.nominated": (
        "{staff} {counted} 由获奖窗口 {window} 推荐为先进个人。",
        "{staff}, {counted}: named by the awarded window {window}.",
    ),
    "assessment.award.annual": (
        _WHO[0] + "年内获季度表彰 {count} 次（{quarters}），给予年度表彰。",
        _WHO[1] + ": {count} quarterly awards ({quarters}) make the annual one.",
    ),
    "assessment.told.excellent": (
        "{counted} {whose}：优秀名额 {seats} 个，最后 {left} 个有 {equals} 个同分[（{window}）][（{staff}）]，请决定。",
        "{counted}, {whose}: of {seats} excellent seats {equals} equals contend for the last {left}"
        " [ ({window})][ ({staff})]; please decide.",
    ),
    "assessment.told.last": (
        "{counted} {whose}：末位余 {left} 个，有 {equals} 个同分[（{window}）][（{staff}）]，请决定。",
        "{counted}, {whose}: {equals} equals for {left} of the last places [ ({window})][ ({staff})]; please decide.",
    ),
    "assessment.told.award": (
        "{counted} {whose}：表彰名额余 {left} 个，有 {equals} 个同分[（{window}）][（{staff}）]，请决定。",
        "{counted}, {whose}: {equals} equals for {left} awards left [ ({window})][ ({staff})]; please decide.",
    ),
    "assessment.told.few.days": (
        "{counted} {whose}：{count} 人已知在岗不足 {need} 天，不排名次，也不列末位。",
        "{counted}, {whose}: {count} with fewer than {need} days known have no place, and are not the last.",
    ),
    "assessment.told.few.cases": (
        "{counted} {whose}：{count} 个窗口已知办件不足 {need} 件，不排名次，也不列末位。",
        "{counted}, {whose}: {count} with fewer than {need} cases known have no place, and are not the last.",
    ),
}

WHOSE: Final[Mapping[str, Texts]] = {"window": ("窗口", "windows"), "staff": ("个人", "people")}
"""The two ledgers, as what is told of a whole side names them."""
