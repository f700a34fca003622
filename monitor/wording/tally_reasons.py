"""What the reasons of accumulations (累计) say; the language of templates is told in `reasons`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

TALLIES: Final[Mapping[str, Texts]] = {
    "attendance.sum.reached": (
        "{staff} {period} 考勤扣分累计 {points} 分，达 {threshold} 分以上（含）[：迟到 {late} 次][、早退 {early} 次]"
        "[、经查实脱岗 {off_post} 次][；另有 {proposed} 次脱岗待查实，未计入]。"
        "按规定通报原单位，上报县政府、纪委和监察局，并在电子显示屏通报。",
        "{staff}: the attendance points of {period} come to {points}, which reaches {threshold}[: late {late} times]"
        "[, left early {early} times][, off-post {off_post} times, confirmed][; {proposed} more off-posts wait to be"
        " confirmed and do not count]. A circular to the unit, a report to three bodies and the notice on the screen"
        " are due.",
    ),
    "absence.person.reached": (
        "{staff} {period} 旷工 {half_days} 个半天，其中最长连续 {longest} 个半天"
        "（旷工 {times} 次，或 1 次旷工 {run_days} 天以上）；建议取消该季度和年度评优资格。",
        "{staff}: absent for {half_days} half days in {period}, the longest run {longest} half days ({times} times, or"
        " {run_days} days in one run): the award of the quarter and the year is proposed to be lost.",
    ),
    "absence.return.reached": (
        "{staff} {period} 年旷工累计 {half_days} 个半天，达 {days} 天以上（含）；建议退回原单位并通报。",
        "{staff}: absent for {half_days} half days in {period}, which reaches {days} days: return to the unit and a"
        " circular are proposed.",
    ),
    "absence.window.reached": (
        "窗口 {window} {period} 工作人员旷工 {half_days} 个半天（{people} 人），其中最长连续 {longest} 个半天"
        "（旷工 {times} 次，或 1 次旷工 {run_days} 天以上）；建议当月定为不合格窗口。",
        "Window {window}: its people were absent for {half_days} half days in {period} ({people} persons), the longest"
        " run {longest} half days ({times} times, or {run_days} days in one run): it is proposed to fail the month.",
    ),
    "conduct.month.reached": (
        "{staff} {period} 违反工作纪律合计 {count} 次，达 {limit} 次以上[：迟到 {late} 次][、早退 {early} 次]"
        "[、人工记录 {conduct} 次]；提请查实。",
        "{staff}: {count} breaches of discipline in {period}, which reaches {limit}[: late {late} times]"
        "[, left early {early} times][, {conduct} found by supervisors]; to be confirmed.",
    ),
}

HAPPENINGS: Final[Mapping[str, Texts]] = {
    "late": ("迟到", "late"),
    "early": ("早退", "left early"),
    "off_post": ("脱岗", "off-post"),
    "absent": ("旷工半天", "absent for half a day"),
    "unstaffed": ("窗口无人在岗", "window unstaffed"),
    "conduct": ("违反工作纪律", "breach of discipline"),
}
"""Kinds of what is added up."""
