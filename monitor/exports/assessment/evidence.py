"""What an entry rests on, in words: its source and the figures of the fact. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from monitor.assessment.sources import SOURCES
from monitor.exports.assessment.reading import Reading
from monitor.model import Reason
from monitor.wording.words import BY_FIELD

_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")
_NAMES: Final[Mapping[str, str]] = {
    "minutes": "分钟", "days": "天数", "due": "期限", "at": "时刻", "case": "办件", "item": "事项", "slot": "时段",
    "began": "起", "from": "起", "to": "止", "ended": "结束", "cleared_at": "恢复",
    "last": "最后一天", "rounds": "次数", "unit": "天数单位",
    "months": "月数", "leave": "请假单", "letter": "有函", "approved": "批准", "filed": "备案",
    "document": "文号", "level": "级别", "task": "任务", "mark": "登记", "verified": "查实", "allowed": "限期天数",
    "staff": "人员", "window": "窗口", "lead": "窗口负责人", "head": "单位负责人", "answers": "责任人", "share": "比率",
    "received": "收件", "completed": "办结", "on_time": "按时办结", "open_overdue": "在办超时", "ratings": "评价",
    "bad": "差评", "complaints": "投诉", "reports": "报送", "set_aside": "不计", "quarter": "季度", "subject": "对象",
}  # fmt: skip
_PEOPLE: Final = frozenset({"staff", "lead", "head", "person", "charged"})


def source_word(source: str) -> str:
    known = SOURCES.get(source)
    return known.name[0] if known else source


def fact_text(reading: Reading, source: str, figures: Mapping[str, object]) -> str:
    """`迟到：分钟 9；时段 上午签到`; a finding of the program in its sentence. Nested values are left to the JSON."""
    code = figures.get("code")
    if isinstance(code, str):
        told = reading.said(Reason(code=code, figures={key: v for key, v in figures.items() if key != "code"}))
    else:
        said = ((key, _value(reading, key, value)) for key, value in figures.items())
        told = "；".join(f"{_NAMES.get(key, key)} {text}" for key, text in said if text)
    return reading.public(f"{source_word(source)}：{told}" if told else source_word(source))


def _value(reading: Reading, key: str, value: object) -> str:
    """Empty for what has no value, or more than one."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        return ""
    if key in _PEOPLE:
        return reading.person(value)
    if key == "window":
        return reading.window(value)
    if key in BY_FIELD and value in BY_FIELD[key]:
        return BY_FIELD[key][value][0]
    if _INSTANT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(reading.zone):%Y-%m-%d %H:%M:%S}"
    return value
