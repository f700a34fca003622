"""What pages of scores and ledgers (得分、台账) say: periods and places, the lines of a sum, what a fact rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from monitor.model import Reason
from monitor.wording.periods import FEW
from monitor.wording.render import NO_NAMES, Lang, Names, instant_text, pick, render, subject_text
from monitor.wording.words import BY_FIELD, KINDS, Texts

LEDGERS: Final[Mapping[str, Texts]] = {"window": ("窗口台账", "windows"), "staff": ("人员台账", "people")}
STEPS: Final[Mapping[str, Texts]] = {
    "base": ("基础分", "base"),
    "mean": ("各月平均", "mean of the months"),
    "cap": ("超过上限，退回", "beyond the cap, given back"),
    "floor": ("低于下限，补足", "below the floor, made up"),
    "ceiling": ("高于封顶，减去", "above the ceiling, taken off"),
}
TIED: Final[Texts] = ("（并列）", " (tied)")
FIGURES: Final[Mapping[str, Texts]] = {
    "minutes": ("分钟", "minutes"), "days": ("天数", "days"), "due": ("期限", "due"), "at": ("时刻", "at"),
    "case": ("办件", "case"), "item": ("事项", "item"), "slot": ("时段", "check-in"), "began": ("起", "began"),
    "from": ("起", "from"), "to": ("止", "to"), "ended": ("结束", "ended"), "cleared_at": ("恢复", "cleared"),
    "last": ("最后一天", "last day"), "rounds": ("次数", "rounds"), "unit": ("天数单位", "counted in"),
    "months": ("月数", "months"), "leave": ("请假单", "leave"), "letter": ("有函", "by letter"),
    "approved": ("批准", "approved"), "filed": ("备案", "filed"), "document": ("文号", "document"),
    "level": ("级别", "level"), "task": ("任务", "task"), "mark": ("登记", "entered as no."),
    "verified": ("查实", "found true"), "allowed": ("限期天数", "days allowed"), "staff": ("人员", "person"),
    "window": ("窗口", "window"), "lead": ("窗口负责人", "window's lead"), "head": ("单位负责人", "unit's head"),
    "answers": ("责任人", "who answers"), "share": ("比率", "share"), "received": ("收件", "received"),
    "completed": ("办结", "completed"), "on_time": ("按时办结", "in time"),
    "open_overdue": ("在办超时", "open past the limit"), "ratings": ("评价", "ratings"), "bad": ("差评", "bad"),
    "complaints": ("投诉", "complaints"), "reports": ("报送", "reports"), "set_aside": ("不计", "set aside"),
    "quarter": ("季度", "quarter"), "subject": ("对象", "about"),
}  # fmt: skip
"""Figures of a fact, by name."""
_PEOPLE: Final = frozenset({"staff", "lead", "head", "person", "charged"})
_KEYS: Final[Mapping[str, Texts]] = {
    "mark": ("第 {} 号登记", "entry no. {} by hand"), "leave": ("请假单 {}", "leave {}"),
    "item": ("事项 {}", "item {}"),
}  # fmt: skip
_JOINT: Final[Texts] = ("；", "; ")


def period_text(period: str, lang: Lang) -> str:
    """2026年3月, 2026年第1季度, 2026年上半年, 2026年度; in English as it is written: `2026-Q1`."""
    year, _, rest = period.partition("-")
    if lang == "en":
        return period
    if not rest:
        return f"{year}年度"
    if rest[0] == "Q":
        return f"{year}年第{rest[1:]}季度"
    if rest[0] == "H":
        return f"{year}年{'上' if rest[1:] == '1' else '下'}半年"
    return f"{year}年{int(rest)}月"


def place_text(place: int | None, *, tied: bool, few: str, lang: Lang) -> str:
    """`3（并列）`; why there is no place; empty where none is given for another reason."""
    if place is None:
        return pick(FEW[few], lang) if few else ""
    return f"{place}{pick(TIED, lang) if tied else ''}"


def fact_word(fact: str, names: Names = NO_NAMES, lang: Lang = "zh") -> str:
    """What a fact is about, by its key: `slot:p1/2026-03-02/am_in` → 张三 2026-03-02 上午签到; else the key."""
    kind, _, key = fact.partition(":")
    if kind in _KEYS:
        return pick(_KEYS[kind], lang).format(key)
    return subject_text(kind, key.partition("#")[0], names, lang) if key and kind in KINDS else fact


def figures_text(figures: Mapping[str, Any], lang: Lang, zone: Any, names: Names = NO_NAMES) -> str:
    """`分钟 9；期限 2026-03-02 09:00`; a finding of the program in its sentence. What has no word is left out."""
    code = figures.get("code")
    if isinstance(code, str):
        told = Reason(code=code, figures={key: value for key, value in figures.items() if key != "code"})
        return render(told, lang, zone, names)
    return pick(_JOINT, lang).join(_figures(figures, lang, zone, names))


def _figures(figures: Mapping[str, Any], lang: Lang, zone: Any, names: Names) -> Iterator[str]:
    for key, value in figures.items():
        said = _value(key, value, lang, zone, names)
        if key == "days" and said and "unit" in figures:
            yield f"{pick(FIGURES[key], lang)} {said} {_value('unit', figures['unit'], lang, zone, names)}"
        elif key in FIGURES and key != "unit" and said:
            yield f"{pick(FIGURES[key], lang)} {said}"


def _value(key: str, value: object, lang: Lang, zone: Any, names: Names) -> str:
    """Empty for what has no value, or more than one."""
    if isinstance(value, bool):
        return pick(("是", "yes") if value else ("否", "no"), lang)
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        return ""
    if key in _PEOPLE or key == "window":
        return names.get(f"{'window' if key == 'window' else 'staff'}:{value}", value)
    if value in BY_FIELD.get(key, {}):
        return pick(BY_FIELD[key][value], lang)
    if key == "case":
        return value.partition("/")[2] or value
    return _instant(value, zone) or value


def _instant(text: str, zone: Any) -> str:
    """A text of date and time with an offset as a clock shows it; empty for any other."""
    if "T" not in text:
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return instant_text(at, zone) if at.tzinfo is not None else ""
