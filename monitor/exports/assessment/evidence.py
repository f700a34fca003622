"""What an entry rests on, in words: its source and the figures of the fact. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from monitor.assessment.sources import SOURCES
from monitor.exports.assessment.reading import Reading
from monitor.model import Reason
from monitor.wording.scores import FIGURES
from monitor.wording.words import BY_FIELD

_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")
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
        told = "；".join(f"{FIGURES[key][0] if key in FIGURES else key} {text}" for key, text in said if text)
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
