"""What a browser calls itself, shortened to what a person recognises. A guess for display: nothing rests on it."""

from __future__ import annotations

from typing import Final

from monitor.wording.render import Lang, pick
from monitor.wording.words import Texts

_PROGRAMS: Final = (
    ("360SE", "360"), ("QQBrowser/", "QQ"), ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""Mark in the agent's text → name; the first that fits, for each of them also calls itself by those behind it."""
_SYSTEMS: Final[tuple[tuple[str, Texts], ...]] = (
    ("Android", ("安卓", "Android")),
    ("iPhone", ("苹果手机", "iPhone")),
    ("iPad", ("苹果平板", "iPad")),
    ("Windows", ("Windows", "Windows")),
    ("Mac OS X", ("苹果电脑", "Mac")),
    ("Linux", ("Linux（含麒麟、统信）", "Linux")),
)


def agent_text(agent: str, lang: Lang = "zh") -> str:
    """`Chrome · Windows`; what is not recognised as it is, shortened; nothing: that it did not say."""
    program = next((name for mark, name in _PROGRAMS if mark in agent), "")
    system = next((pick(texts, lang) for mark, texts in _SYSTEMS if mark in agent), "")
    found = " · ".join(part for part in (program, system) if part)
    return found or agent[:60] or pick(("未说明", "not said"), lang)
