"""What the signs of gaming (迎合考核的迹象) say: what was counted, of how many, and that a person is to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

_LOOK: Final[Texts] = ("仅供核查，不作扣分依据。", "For a person to look into; it is no ground for points.")

GAMING: Final[Mapping[str, Texts]] = {
    "gaming.last_hour": (
        "窗口 {window} 有时限的办件 {of} 件，其中 {count} 件（{percent}%）在时限届满前 {minutes} 分钟内办结"
        "[，其他窗口为 {rest}%]。也可能是办件本身复杂或集中送签。" + _LOOK[0],
        "Window {window}: of {of} cases with a limit {count} ({percent}%) were completed in its last {minutes} minutes"
        "[, {rest}% at the other windows]. Difficult cases or one hour of signing may be why. " + _LOOK[1],
    ),
    "gaming.reopened": (
        "窗口 {window} 有时限的办件 {of} 件，其中 {count} 件（{percent}%）按时办结后又重新开启。"
        "也可能是申请人补正或录入更正。" + _LOOK[0],
        "Window {window}: of {of} cases with a limit {count} ({percent}%) were completed in time and then opened again."
        " An applicant's correction or a wrong entry may be why. " + _LOOK[1],
    ),
    "gaming.bulk_closing": (
        "{by} 于非工作时间 {from} 至 {to} 连续办结 {count} 件。也可能是加班或集中补录。" + _LOOK[0],
        "{by} completed {count} cases out of hours, {from} to {to}. Overtime or entering what was done before may be"
        " why. " + _LOOK[1],
    ),
    "gaming.ratings_without_case": (
        "窗口 {window} 收到评价 {of} 条，其中 {count} 条（{percent}%）没有对应的办件。"
        "也可能是咨询后的评价或办件未联网录入。" + _LOOK[0],
        "Window {window}: of {of} ratings {count} ({percent}%) have no case. Ratings after an inquiry, or cases entered"
        " elsewhere, may be why. " + _LOOK[1],
    ),
    "gaming.rating_burst": (
        "评价器 {device}（窗口 {window}）在 {from} 至 {to} 收到评价 {count} 条，同期窗口办结 {cases} 件。"
        "也可能是集体办事。" + _LOOK[0],
        "Device {device} (window {window}) took {count} ratings from {from} to {to}; {cases} cases were completed there"
        " meanwhile. A group of citizens may be why. " + _LOOK[1],
    ),
}
