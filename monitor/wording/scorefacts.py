"""What a claim of assessment rests on, whom it charges and why it waits (待查实), in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, Final

from monitor.model import Reason
from monitor.wording.render import Lang, Names, figure_text, pick, render, subject_text
from monitor.wording.words import KINDS, Texts

STATES: Final[Mapping[str, Texts]] = {
    "open": ("待查实", "waits"),
    "confirmed": ("已查实", "confirmed"),
    "rejected": ("不予认定", "rejected"),
    "withdrawn": ("已撤回", "withdrawn"),
}
"""Of proposals."""
WHY_OPEN: Final[Mapping[str, Texts]] = {
    "unconfirmed": ("尚未经人查实", "nobody has confirmed it yet"),
    "no_evidence": ("缺少细则要求的依据", "the evidence that the rule book demands is missing"),
    "row": ("本条须由人确认", "the row is one that a person always confirms"),
    "contested": ("曾不予认定，其后情况有变", "rejected once, and changed since"),
    "review": ("经复核冲销", "taken back after a review"),
}
HINDRANCES: Final[Mapping[str, Texts]] = {
    "role": ("您的角色不查实此项", "your role does not decide it"),
    "settled": ("已处理", "settled already"),
    "proposer": ("由您提出，须由另一人查实", "you proposed it: another person decides"),
    "charged": ("与您本人有关，须由他人查实", "it concerns yourself: another person decides"),
    "confirmer": ("由您查实，须由另一人复核", "you confirmed it: another person reviews it"),
    "no_evidence": ("缺少依据，补充后方可查实", "evidence is missing: it can be confirmed once it is there"),
}
"""Why somebody may not decide a proposal, or take an entry back."""
CHARGED: Final[Mapping[str, Texts]] = {
    "window": ("窗口", "window"),
    "person": ("本人", "the person"),
    "lead": ("窗口负责人", "lead of the window"),
    "head": ("单位负责人", "head of the unit"),
}
RUNGS: Final[Mapping[str, Texts]] = {
    "found": ("检查发现", "found by inspection"),
    "centre": ("中心级", "centre"),
    "county": ("县级", "county"),
    "city": ("市级", "city"),
    "province": ("省级", "province"),
    "nation": ("国家级", "nation"),
    "quarter": ("按季度", "quarter"),
    "year": ("按年度", "year"),
}
EVIDENCE: Final[Mapping[str, Texts]] = {
    "none": ("不须附凭证", "no evidence demanded"),
    "card": ("须有所发的牌为据", "a card is demanded"),
    "document": ("须有文号或附件", "a document's number or a file is demanded"),
}
FIGURES: Final[Mapping[str, Texts]] = {
    "level": ("所发{}", "{} card"),
    "minutes": ("{} 分钟", "{} minutes"),
    "days": ("{} 天", "{} days"),
    "rounds": ("{} 次", "{} times"),
    "months": ("{} 个月", "{} months"),
    "at": ("实际时间 {}", "at {}"),
    "due": ("期限 {}", "due {}"),
    "began": ("自 {} 起", "from {}"),
    "from": ("自 {} 起", "from {}"),
    "to": ("至 {}", "until {}"),
    "ended": ("结束于 {}", "ended {}"),
    "cleared_at": ("恢复于 {}", "over {}"),
    "last": ("最后一天 {}", "last day {}"),
    "approved": ("批准于 {}", "approved {}"),
    "filed": ("备案于 {}", "filed {}"),
    "allowed": ("限期 {} 天", "{} days allowed"),
    "letter": ("有函：{}", "letter: {}"),
    "task": ("任务：{}", "task: {}"),
    "event": ("事件：{}", "happening: {}"),
    "rung": ("级别：{}", "level: {}"),
    "score": ("评分 {}", "rated {}"),
    "staff": ("人员 {}", "person {}"),
    "window": ("窗口 {}", "window {}"),
    "received": ("收件 {}", "received {}"),
    "completed": ("办结 {}", "completed {}"),
    "on_time": ("按时办结 {}", "on time {}"),
    "open_overdue": ("在办超时 {}", "open past the limit {}"),
    "ratings": ("评价 {}", "ratings {}"),
    "bad": ("差评 {}", "bad {}"),
    "complaints": ("投诉 {}", "complaints {}"),
    "reports": ("报送 {}", "reports {}"),
    "set_aside": ("不计 {}", "not counted {}"),
    "quarter": ("季度 {}", "quarter {}"),
}
"""Figures of a fact in their order; what is not here is told by the API alone."""
_NUMBERED: Final = ("rating", "device")
_YEARLY: Final[Texts] = ("计入年度得分", "counts in the year's score")
_JOINT: Final[Texts] = ("；", "; ")


def about(fact: str, names: Names, lang: Lang) -> str:
    """What the fact is about: `slot:s07/2026-03-02/am_in` → 张三 2026-03-02 上午签到; empty where its id tells nobody
    anything (an entry by hand, a rating).
    """
    kind, _, key = fact.partition(":")
    return subject_text(kind, key, names, lang) if kind in KINDS and kind not in _NUMBERED else ""


def fact_text(figures: Mapping[str, Any], lang: Lang, zone: tzinfo, names: Names) -> str:
    """Its figures in a line; a finding of the program as its sentence."""
    code = figures.get("code")
    if isinstance(code, str):
        return render(Reason(code=code, figures={k: v for k, v in figures.items() if k != "code"}), lang, zone, names)
    return pick(_JOINT, lang).join(_told(figures, lang, zone, names))


def _told(figures: Mapping[str, Any], lang: Lang, zone: tzinfo, names: Names) -> Iterator[str]:
    for name, template in FIGURES.items():
        value = figures.get(name)
        if value in (None, "") or isinstance(value, Mapping):
            continue
        if name == "score" and value == "year":
            yield pick(_YEARLY, lang)
        elif name == "rung":
            yield pick(template, lang).format(pick(RUNGS.get(str(value), (str(value),) * 2), lang))
        elif name == "days" and figures.get("unit"):
            yield f"{value} {figure_text('unit', figures['unit'], lang, zone, names)}"
        else:
            yield pick(template, lang).format(figure_text(name, value, lang, zone, names))
