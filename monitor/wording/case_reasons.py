"""What the reasons of cases, orders and case sources say; the language of templates is told in `reasons`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

_LIMIT: Final[Texts] = (
    "[，{limit_source}时限 {limit} {unit}][（中止 {paused_days} 天不计）][（延长 {extension_days} 天）]"
    "[，{due} 届满][；{provisional}]",
    "[, {limit_source} limit {limit} {unit}][ ({paused_days} paused days not counted)]"
    "[ (extended by {extension_days} days)][, due {due}][; {provisional}]",
)
_CASE: Final[Texts] = (
    "办件 {case}[（{item_name}）][，{accepted} 受理][（{deemed}）]",
    "Case {case}[ ({item_name})][, accepted {accepted}][ ({deemed})]",
)
_NAMED: Final[Texts] = ("办件 {case}[（{item_name}）]", "Case {case}[ ({item_name})]")
_DUE: Final[Texts] = (
    "，时限 {limit} 个工作日[，{due} 届满][；{provisional}]",
    ", limit {limit} working days[, due {due}][; {provisional}]",
)
_LATE: Final[Texts] = (
    "[；{ended} {end}][，超期 {overdue_days} 个工作日]",
    "[; {end} {ended}][, {overdue_days} working days late]",
)
_END: Final[Texts] = (
    "[；{ended} {end}][，超期 {overdue_days} 个工作日]",
    "[; {end} {ended}][, {overdue_days} working days late]",
)


def _texts(*parts: Texts | tuple[str, str]) -> Texts:
    return "".join(zh for zh, _ in parts), "".join(en for _, en in parts)


_RECEIPT: Final[Texts] = (
    "，{began} 收到材料[（第 {round} 次）]，应在 {limit} 个工作日内（{due} 前）受理或一次性告知[；{provisional}]",
    ", papers received {began}[ (round {round})], to be accepted or answered within {limit} working days, by {due}"
    "[; {provisional}]",
)
_ANSWERED: Final[Texts] = ("[；{ended} {answer}]", "[; {answer} {ended}]")


def _timer(rule: str, what: Texts, undone: Texts) -> Mapping[str, Texts]:
    """The texts of a timer inside a case: reminder, yellow and red."""

    def said(zh: str, en: str) -> Texts:
        return _texts(_NAMED, (f"，{what[0]}", f", {what[1]}"), _DUE, (zh, en), _LATE, ("。", "."))

    return {
        f"{rule}.reminder": said(f"，即将到期{undone[0]}", f", about to run out, {undone[1]}"),
        f"{rule}.yellow": said(f"，届满时{undone[0]}", f", {undone[1]} when it ran out"),
        f"{rule}.red": said(
            f"，届满后又过 {{over}} 个工作日仍{undone[0]}", f", still {undone[1]} {{over}} working days after"
        ),
    }


CASES: Final[Mapping[str, Texts]] = {
    "case.limit.reminder": _texts(_CASE, _LIMIT, ("，即将到期", ", about to expire"), _END, ("。", ".")),
    "case.limit.yellow": _texts(_CASE, _LIMIT, ("，届满时未办结", ", open when it expired"), _END, ("。", ".")),
    "case.limit.red": _texts(
        _CASE,
        _LIMIT,
        (
            "，{cause}[（法定期限 {statutory_due}）][（督办 {order_opened} 发出）]",
            ", {cause}[ (statutory limit {statutory_due})][ (order of {order_opened})]",
        ),
        _END,
        ("。", "."),
    ),
    "case.immediate.yellow": _texts(
        _CASE,
        (
            "，即办件，当日（{due} 前）未办结[；{provisional}]",
            ", an immediate case, open at the close of its day ({due})[; {provisional}]",
        ),
        _END,
        ("。", "."),
    ),
    "case.immediate.red": _texts(
        _CASE,
        (
            "，即办件，次一工作日结束（{red_due}）仍未办结[；{provisional}]",
            ", an immediate case, still open at the close of the next working day ({red_due})[; {provisional}]",
        ),
        _END,
        ("。", "."),
    ),
    "case.notice.reminder": _texts(
        _NAMED,
        _RECEIPT,
        ("，即将期满，尚未受理或告知", ", about to run out: neither accepted nor answered"),
        _ANSWERED,
        ("。", "."),
    ),
    "case.notice.yellow": _texts(
        _NAMED,
        _RECEIPT,
        (
            "，期满未受理、未一次性告知，依法自收到申请材料之日起视为受理",
            ", neither accepted nor answered by then: it counts as accepted from the receipt on",
        ),
        _ANSWERED,
        ("。", "."),
    ),
    **_timer(
        "case.stage", ("环节“{stage}”（{began} 开始）", "stage {stage} (begun {began})"), ("未完成", "not finished")
    ),
    **_timer(
        "case.pause",
        ("特别程序（{procedure}，{began} 中止计时）", "special procedure ({procedure}, clock stopped {began})"),
        ("未恢复", "not resumed"),
    ),
    **_timer("case.delivery", ("{began} 办结的结果", "the result of {began}"), ("未送达", "not delivered")),
    "order.reply.reminder": (
        "[办件 {case} 的][{subject} 的]督办（{opened} 发出）须在 {due} 前回复[；已于 {answered} 回复]。",
        "The supervision order on [case {case}][{subject}] (of {opened}) is to be answered by {due}"
        "[; answered {answered}].",
    ),
    "order.reply.yellow": (
        "{subject} 的督办（{opened} 发出）至期限 {due} 未回复[；已于 {answered} 回复]。",
        "The supervision order on {subject} (of {opened}) was not answered by {due}[; answered {answered}].",
    ),
    "order.reply.red": (
        "{subject} 的督办（{opened} 发出）逾期限 {due} 多日仍未回复[；已于 {answered} 回复]。",
        "The supervision order on {subject} (of {opened}) was still unanswered days after {due}"
        "[; answered {answered}].",
    ),
    "order.reply.pending": (
        "[办件 {case} 的][{subject} 的]督办（{opened} 发出）待回复，期限 {due}。",
        "The supervision order on [case {case}][{subject}] (of {opened}) awaits its answer, due {due}.",
    ),
    "order.reply.ok": (
        "{subject} 的督办已于 {answered} 回复（期限 {due}）。",
        "The supervision order on {subject} was answered at {answered} (due {due}).",
    ),
    "order.reply.answered": (
        "办件 {case} 的督办已于 {answered} 回复（期限 {due}）。",
        "The supervision order on case {case} was answered at {answered} (due {due}).",
    ),
    "order.promise.reminder": (
        "第 {card} 号牌于 {opened} 签收时承诺 {due} 前办理，至时未回复[；已于 {answered} 回复或了结]。",
        "Who acknowledged card {card} at {opened} promised to deal with it by {due}; there was no answer by then"
        "[; answered or ended {answered}].",
    ),
    "order.promise.pending": (
        "第 {card} 号牌承诺于 {due} 前办理（{opened} 签收）。",
        "Card {card} is promised to be dealt with by {due} (acknowledged {opened}).",
    ),
    "order.promise.ok": (
        "第 {card} 号牌已在承诺时间 {due} 前回复或了结（{answered}）。",
        "Card {card} was answered or ended at {answered}, within the promised time ({due}).",
    ),
    "feed.incomplete.reminder": (
        "数据源 {source} 自 {began} 起连续 {days} 个工作日只报受理、未报办结，其办件暂无法判定。",
        "Source {source} has reported acceptances and no completion for {days} working days, since {began};"
        " its cases are unknown.",
    ),
    "feed.incomplete.ok": ("数据源 {source} 正常报送办结。", "Source {source} reports completions."),
    "feed.incomplete.not_emitted": (
        "数据源 {source} 登记为不报办结，不作判定。",
        "Source {source} is registered as reporting no completions: not judged.",
    ),
    "case.finding.accepted_after_completed": (
        "办结（{completed}）之后又报受理，请核实（F02，来源 {source}）。",
        "An acceptance is dated after the completion ({completed}): to be verified (F02, source {source}).",
    ),
    "case.finding.accepted_again": (
        "重复报受理，以首次（{first}）为准（来源 {source}）。",
        "Accepted a second time; the first ({first}) stands (source {source}).",
    ),
    "case.finding.ended_again": (
        "已{first}的办件又报{event}，以首次为准（来源 {source}）。",
        "The case was already {first} when {event} was reported; the first stands (source {source}).",
    ),
    "case.finding.reopened_open": (
        "未结束的办件报重新办理（来源 {source}）。",
        "A case that was open is reported as reopened (source {source}).",
    ),
    "case.finding.suspended_closed": (
        "已结束的办件报中止（来源 {source}）。",
        "A case that had ended is reported as suspended (source {source}).",
    ),
    "case.finding.resumed_running": (
        "未中止的办件报恢复（来源 {source}）。",
        "A case that was not suspended is reported as resumed (source {source}).",
    ),
    "case.finding.void_unknown": (
        "作废的事件 {voids} 不存在（来源 {source}）。",
        "It voids an event that is not there: {voids} (source {source}).",
    ),
    "case.finding.extension_late": (
        "期限届满后才报延期（{days} 天，审批人 {approver}），不予计算，按超期认定（来源 {source}）。",
        "The extension ({days} days, approved by {approver}) was asked for after the limit had passed: it does not"
        " count (source {source}).",
    ),
    "case.finding.extension_capped": (
        "延期超过法定上限，{days} 天不予计算（审批人 {approver}，来源 {source}）。",
        "The extension goes beyond what the law allows: {days} days do not count (approved by {approver}, source"
        " {source}).",
    ),
    "case.finding.extension_rank": (
        "联办件延期超过十天须经政府负责人批准，{days} 天不予计算（审批人 {approver}，来源 {source}）。",
        "A joint case is extended beyond ten days by the head of the government only: {days} days do not count"
        " (approved by {approver}, source {source}).",
    ),
    "case.finding.supplement_again": (
        "第 {rounds} 次告知补正，未做到一次性告知，请核实（C09，来源 {source}）。",
        "Missing papers were asked for {rounds} times and not all at once: to be verified (C09, source {source}).",
    ),
    "case.finding.returned_unexplained": (
        "退件理由过短（{characters} 字，应不少于 {least} 字），请核实（C10，来源 {source}）。",
        "Papers returned with a reason of {characters} characters ({least} are wanted): to be verified (C10, source"
        " {source}).",
    ),
    "case.finding.rejected_unexplained": (
        "不予受理未记载理由，请核实（C11，来源 {source}）。",
        "Not accepted, and no reason recorded: to be verified (C11, source {source}).",
    ),
    "case.finding.edited_after_end": (
        "{end}（{ended}）之后仍有新记录，未重新办理，请核实（F02，来源 {source}）。",
        "Something was recorded after it was {end} ({ended}) without being reopened: to be verified (F02, source"
        " {source}).",
    ),
    "case.finding.completed_unaccepted": (
        "未见受理即报办结，请核实（F02，来源 {source}）。",
        "Completed without an acceptance: to be verified (F02, source {source}).",
    ),
    "case.finding.result_missing": (
        "准予办结但未登记结果文书，请核实（F03，来源 {source}）。",
        "Granted, and no document of the result is named: to be verified (F03, source {source}).",
    ),
    "case.finding.completed_reopened": (
        "办结（{completed}）后又重新办理，请核实当时是否确已办结（F03，来源 {source}）。",
        "Completed ({completed}) and opened again: was it done then? (F03, source {source}).",
    ),
    "case.finding.pause_short": (
        "中止仅 {minutes} 分钟（工作时间），不足一个班次却免计一天，请核实（来源 {source}）。",
        "Suspended for {minutes} minutes of working time, less than a session, which takes a day out of the count: to"
        " be verified (source {source}).",
    ),
    "case.finding.case_missing": (
        "评价所指办件 {case} 在审批库中没有记录，请核实是否漏录（F01）。",
        "The rating names case {case}, which nobody has entered: to be verified (F01).",
    ),
    "case.finding.rated_not_done": (
        "办件 {completed} 报办结，当事人评价称“{tag}”，请核实（F03，评价 {rating}）。",
        "Completed {completed}, and the citizen says “{tag}”: to be verified (F03, rating {rating}).",
    ),
    "case.finding.number_gap": (
        "办件编号缺 {count} 个：{first}[ 至 {last}]，请核实是否漏录（F01）。",
        "{count} case numbers are missing: {first}[ to {last}]. Were they left out? (F01).",
    ),
    "case.finding.bulk_closing": (
        "{by} 在非工作时间（{from} 至 {to}）连续办结 {count} 件，请核实（F02）。",
        "{by} completed {count} cases outside working hours, from {from} to {to}: to be verified (F02).",
    ),
    "case.finding.overdue_month": (
        "{by} 在 {month} 有 {count} 件超期未办结，最长超期 {days} 个工作日：{cases}，请核实（{row}）。",
        "{by} had {count} overdue cases in {month}, up to {days} working days late: {cases}. To be verified ({row}).",
    ),
    "case.finding.late_entries": (
        "{by} 在 {days} 个工作日内连续两次迟录：{before} 之后，{at} 的事项 {entered} 才录入，请核实（F05）。",
        "{by} entered late twice in a row within {days} working days: after {before}, what happened {at} was entered"
        " {entered}. To be verified (F05).",
    ),
    "case.finding.due_late": (
        "来源 {source} 给定的期限 {due} 晚于法定期限 {statutory_due}。",
        "The limit {due} given by source {source} is later than the statutory one, {statutory_due}.",
    ),
}
