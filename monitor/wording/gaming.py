"""What the signs of gaming (迎合考核的迹象) say: what was counted, of how many, what else may be the reason, and that a
person is to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

LOOK: Final[Texts] = ("仅供核查，不作扣分依据。", "For a person to look into; it is no ground for points.")
TITLES: Final[Mapping[str, Texts]] = {
    "last_hour": ("临期集中办结", "Completed at the last moment"),
    "reopened": ("办结后重新开启", "Completed, then opened again"),
    "bulk_closing": ("非工作时间集中办结", "Many completed out of hours"),
    "ratings_without_case": ("评价没有对应办件", "Ratings without a case"),
    "rating_burst": ("短时间内集中评价", "Many ratings within minutes"),
}
COUNTED: Final[Mapping[str, Texts]] = {
    "last_hour": (
        "窗口 {window} 有时限的办件 {of} 件，其中 {count} 件（{percent}%）在时限届满前 {minutes} 分钟内办结"
        "[，其他窗口为 {rest}%]。",
        "Window {window}: of {of} cases with a limit {count} ({percent}%) were completed in its last {minutes} minutes"
        "[, {rest}% at the other windows].",
    ),
    "reopened": (
        "窗口 {window} 有时限的办件 {of} 件，其中 {count} 件（{percent}%）按时办结后又重新开启。",
        "Window {window}: of {of} cases with a limit {count} ({percent}%) were completed in time and opened again.",
    ),
    "bulk_closing": (
        "{by:subjects} 于非工作时间 {from} 至 {to} 连续办结 {count} 件。",
        "{by:subjects} completed {count} cases out of hours, {from} to {to}.",
    ),
    "ratings_without_case": (
        "窗口 {window} 收到评价 {of} 条，其中 {count} 条（{percent}%）没有对应的办件。",
        "Window {window}: of {of} ratings {count} ({percent}%) have no case.",
    ),
    "rating_burst": (
        "评价器 {device}（窗口 {window}）在 {from} 至 {to} 收到评价 {count} 条，同期窗口办结 {cases} 件。",
        "Device {device} (window {window}) took {count} ratings from {from} to {to}; {cases} cases were completed there"
        " meanwhile.",
    ),
}
ALSO: Final[Mapping[str, Texts]] = {
    "last_hour": ("也可能是办件本身复杂或集中送签。", "Difficult cases or one hour of signing may be why."),
    "reopened": ("也可能是申请人补正或录入更正。", "An applicant's correction or a wrong entry may be why."),
    "bulk_closing": ("也可能是加班或集中补录。", "Overtime or entering what was done before may be why."),
    "ratings_without_case": (
        "也可能是咨询后的评价或办件未联网录入。",
        "Ratings after an inquiry, or cases entered elsewhere, may be why.",
    ),
    "rating_burst": ("也可能是集体办事。", "A group of citizens may be why."),
}
MEASURED: Final[Mapping[str, Texts]] = {
    "last_hour": (
        "窗口至少 {least_cases} 件时限不短于 {long_limit_hours} 个工作小时的办件，其中 {last_percent}% 及以上在届满前 "
        "{last_minutes} 个工作分钟内办结，且不低于其他窗口的 {rest_times} 倍（其他窗口合计至少 {least_cases} 件时）",
        "of at least {least_cases} cases of the window with a limit of {long_limit_hours} working hours or more,"
        " {last_percent}% or more completed within {last_minutes} working minutes of it, and at least {rest_times}"
        " times the share of the other windows, where these have {least_cases}",
    ),
    "reopened": (
        "窗口至少 {least_cases} 件有时限的办件，其中 {reopened_percent}% 及以上且不少于 {reopened_cases} 件"
        "按时办结后重新开启",
        "of at least {least_cases} cases of the window with a limit, {reopened_percent}% or more and at least"
        " {reopened_cases} completed in time and then opened again",
    ),
    "bulk_closing": (
        "同一人非工作时间内、间隔不超过 {bulk_close_minutes} 分钟连续办结不少于 {bulk_close_cases} 件",
        "at least {bulk_close_cases} cases by one hand out of hours, no more than {bulk_close_minutes} minutes from one"
        " to the next",
    ),
    "ratings_without_case": (
        "窗口至少 {least_ratings} 条评价，其中 {without_case_percent}% 及以上所称办件无人录入，或当日窗口没有办结",
        "of at least {least_ratings} ratings of the window, {without_case_percent}% or more name a case that nobody"
        " entered, or came on a day without a completed case",
    ),
    "rating_burst": (
        "评价器当月至少 {least_ratings} 条评价，{burst_minutes} 分钟内不少于 {burst_ratings} 条，且多于同期办结的两倍",
        "a device with at least {least_ratings} ratings in the month, {burst_ratings} or more within {burst_minutes}"
        " minutes, more than twice the cases completed there around then",
    ),
}
"""The measures, with the values of the policy in force."""
GAMING: Final[Mapping[str, Texts]] = {
    **{
        f"gaming.{kind}": (zh + ALSO[kind][0] + LOOK[0], f"{en} {ALSO[kind][1]} {LOOK[1]}")
        for kind, (zh, en) in COUNTED.items()
    },
    **{f"gaming.counted.{kind}": texts for kind, texts in COUNTED.items()},
    **{f"gaming.measure.{kind}": texts for kind, texts in MEASURED.items()},
}
