"""What time zones are called by those who live in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.render import Lang

CHINESE: Final[Mapping[str, str]] = {
    "Asia/Shanghai": "北京时间",
    "Asia/Chongqing": "北京时间",
    "Asia/Urumqi": "新疆时间",
    "UTC": "协调世界时",
}


def zone_word(zone: object, lang: Lang) -> str:
    """北京时间 for Asia/Shanghai; in English, and where none is known here, the name of the zone itself."""
    return CHINESE.get(str(zone), str(zone)) if lang == "zh" else str(zone)
