"""Notices for the public screen in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

KINDS: Final[Mapping[str, Texts]] = {
    "notice": ("公告", "notice"),
    "praise": ("表扬", "praise"),
    "circular": ("通报", "circular"),
}
STATES: Final[Mapping[str, Texts]] = {
    "draft": ("草稿", "draft"),
    "waiting": ("待显示", "waits for its first day"),
    "shown": ("显示中", "shown"),
    "hidden": ("暂不显示（牌已撤或申诉未决）", "hidden (card withdrawn or appealed)"),
    "over": ("已到期", "over"),
    "taken_back": ("已收回", "taken back"),
}
