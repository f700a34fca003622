"""Why a step on a card is refused (`supervision.workflow`), and what a card issued by hand rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

WORK: Final[Mapping[str, Texts]] = {
    "work.state": (
        "第 {number} 号牌{state}，只能由{states}办理“{step}”。",
        "Card {number} is {state}: it can be {step} only from {states}.",
    ),
    "work.reminder": (
        "第 {number} 号是预警，不是牌，不办理此项。",
        "Number {number} is a reminder and no card: there is nothing of the kind to do.",
    ),
    "work.no_rating": (
        "第 {number} 号牌的规则是 {rule}；核实、整改、回访只用于差评（rating.bad）。",
        "Card {number} is of the rule {rule}; only a bad rating (rating.bad) is verified, rectified, called back.",
    ),
    "work.not_founded": (
        "第 {number} 号牌的差评尚未核实为属实，请先核实。",
        "The bad rating of card {number} is not verified as founded yet; verify it first.",
    ),
    "work.not_rectified": (
        "第 {number} 号牌尚未报整改，整改后才能回访。",
        "Card {number} is not rectified yet; the person is called back after that.",
    ),
    "work.follow_up_open": (
        "第 {number} 号牌的差评{followup}，整改、回访后才能办结。",
        "The bad rating of card {number} is {followup}: it can be closed after rectification and call-back.",
    ),
    "work.appeal_pending": (
        "第 {number} 号牌申诉待复核，请先复核。",
        "An appeal against card {number} is pending; decide it first.",
    ),
    "work.appealed_before": (
        "第 {number} 号牌已有申诉（{appeal}），一牌一诉。",
        "There is an appeal against card {number} already ({appeal}); a card is appealed against once.",
    ),
    "work.no_appeal": ("第 {number} 号牌没有待复核的申诉。", "No appeal against card {number} is pending."),
    "work.own_case": (
        "{who} 是第 {number} 号牌的发牌人、申诉人或责任人，应由他人复核。",
        "{who} issued card {number}, appeals against it or is charged by it: somebody else decides (G16).",
    ),
    "work.past": ("{key}：{at} 已过，请写将来的时间。", "{key}: {at} is past; give a time to come."),
    "work.far": ("{key}：{at} 在一年以后，请核对。", "{key}: {at} is more than a year away; look again."),
    "work.other_hall": (
        "{key}：{value} 属大厅 {other}，第 {number} 号牌属大厅 {hall}；责任只能认定给本大厅的单位、窗口或人员。",
        "{key}: {value} lies in the hall {other}, card {number} in {hall}: who answers for it has to be of that hall.",
    ),
    "work.none_of": ("{key}：“{value}”不在可选值 {known} 之内。", "{key}: {value} is none of {known}."),
    "work.nobody": (
        "请写明由谁负责：单位、窗口或人员。",
        "Say who is to answer for it: a unit, a window or a member of staff.",
    ),
}

HAND_ISSUED: Final[Mapping[str, Texts]] = {
    "manual": ("人工发牌：{hand_rule}（依据 {row}）。", "Issued by hand: {hand_rule} (under {row})."),
}
