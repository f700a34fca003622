"""What the reasons of dated tasks say; the language of templates is told in `reasons`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

_TASK: Final[Texts] = (
    "{task_kind} {task}[（{opened} 交办）][（涉及办件 {related_case}）]，应于 {due} 前办结答复"
    "[（未载明期限，按 {limit} 个工作日计）][；{provisional}][（退回 {refusals} 次）]",
    "{task_kind} {task}[ (opened {opened})][ (on case {related_case})], to be answered by {due}"
    "[ (no due told: {limit} working days)][; {provisional}][ (answers refused: {refusals})]",
)
_LATE: Final[Texts] = (
    "[；{ended} {task_end}][，逾期 {overdue_days} {overdue_unit}]。",
    "[; {task_end} {ended}][, {overdue_days} {overdue_unit} late].",
)


def _said(zh: str, en: str) -> Texts:
    return f"{_TASK[0]}，{zh}{_LATE[0]}", f"{_TASK[1]}, {en}{_LATE[1]}"


_LEVELS: Final[Mapping[str, Texts]] = {
    "reminder": _said("即将到期", "soon due"),
    "yellow": _said("到期未办结", "not answered by then"),
    "red": _said("逾期 {over} 个工作日仍未办结", "still not answered {over} working days after"),
    "not_reported": (
        "[{task_kind} {task}：]数据源登记为不报答复和办结，不作判定。",
        "[{task_kind} {task}: ]its source is registered as reporting neither answers nor closings: not judged.",
    ),
    "not_opened": (
        "[{task_kind} {task}：]尚未收到交办记录，无期限可判。",
        "[{task_kind} {task}: ]nothing tells that it was opened, or by when it is due.",
    ),
}

TASKS: Final[Mapping[str, Texts]] = {
    **{f"{rule}.{word}": texts for rule in ("task.due", "complaint.due") for word, texts in _LEVELS.items()},
    "task.finding.due_late": (
        "{task} 原期限 {due} 届满后才另定期限 {told}，不予采用，请核实（来源 {source}）。",
        "Another due of {task}, {told}, was told after {due} had passed: it does not count, to be verified"
        " (source {source}).",
    ),
    "task.finding.report_late": (
        "{task} 应于 {due} 前报送[，{ended} 报送][，至 {until} 仍未报送]，逾期 {overdue_days} 个工作日，"
        "超过 {allowed} 个工作日，请核实（{row}）。",
        "{task} was due {due}[, handed in {ended}][, not handed in by {until}]: {overdue_days} working days late, more"
        " than {allowed}, to be verified ({row}).",
    ),
    "task.finding.complaints_verified": (
        "{days} 个工作日内两次被投诉且均经查实：{tasks}（{first_at} 和 {second_at}），请核实（D12）。",
        "Two complaints within {days} working days, both verified: {tasks} ({first_at} and {second_at}), to be"
        " confirmed (D12).",
    ),
}
