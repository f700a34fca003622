"""The figures of `report statistics`: title and definition of each, Chinese and English, as they are printed."""

from __future__ import annotations

from typing import Final, NamedTuple


class Figure(NamedTuple):
    """How a figure is headed and what exactly it counts; `share`: shown as a percentage."""

    zh: str
    en: str
    defined_zh: str
    defined_en: str
    share: bool = False


FIGURES: Final[dict[str, Figure]] = {
    "received": Figure(
        "收件", "received",
        "收件时间在期内的办件；没有收件记录的，以受理时间计，再无受理的以办结时间计",
        "cases whose receipt lies in the period; without a told receipt the acceptance counts, else the completion",
    ),
    "received_immediate": Figure(
        "即办件收件", "received, immediate", "其中即办件；转入限时办理的计入承诺件",
        "of these, of immediate items; one that fell back to days is a promised one",
    ),
    "received_promised": Figure("承诺件收件", "received, promised", "其中承诺件", "of these, of items with a promise"),
    "received_joint": Figure("联办件收件", "received, joint", "其中联办件", "of these, of joint items"),
    "received_preexam": Figure("预审件收件", "received, pre-examined", "其中预审件", "of these, of pre-examined items"),
    "received_other": Figure(
        "其他收件", "received, other", "其中事项不在台账的", "of these, of items that the registry lacks"
    ),
    "accepted": Figure(
        "受理", "accepted", "受理时间在期内的办件；逾期未告知补正的，收件之日即受理（行政许可法第三十二条）",
        "cases whose acceptance lies in the period, also that by law from the receipt (Art. 32)",
    ),
    "completed": Figure(
        "办结", "completed", "办结时间在期内且此后未重新办理的办件",
        "cases whose completion lies in the period and was not taken back by a reopening",
    ),
    "completed_immediate": Figure("即办件办结", "completed, immediate", "其中即办件", "of these, immediate ones"),
    "completed_promised": Figure("承诺件办结", "completed, promised", "其中承诺件", "of these, promised ones"),
    "completed_joint": Figure("联办件办结", "completed, joint", "其中联办件", "of these, joint ones"),
    "completed_preexam": Figure("预审件办结", "completed, pre-examined", "其中预审件", "of these, pre-examined ones"),
    "completed_other": Figure("其他办结", "completed, other", "其中事项不在台账的", "of these, of unknown items"),
    "left": Figure(
        "退出", "left the count", "期内不予受理、撤回、退件的办件，不计入按时率",
        "rejected, withdrawn or returned in the period; outside the on-time rates",
    ),
    "completion_rate": Figure("办结率", "completion rate", "办结÷收件", "completed / received", share=True),
    "immediate_rate": Figure(
        "即办件率", "immediate rate", "即办件办结÷办结", "completed immediate / completed", share=True
    ),
    "promised_on_time": Figure(
        "承诺件按期办结", "promised, on time", "承诺件中在承诺时限（或来源给出的期限，再无则法定时限）之内办结的",
        "promised ones completed within the promised limit (or the source's own, else the statutory one)",
    ),
    "promised_on_time_rate": Figure(
        "承诺期办结率", "on-time rate", "承诺件按期办结÷承诺件办结", "promised on time / promised completed", share=True
    ),
    "promised_early": Figure(
        "承诺件提前办结", "promised, early", "承诺件中在时限届满之日以前（不含当日）办结的",
        "promised ones completed before the day on which the limit passes",
    ),
    "promised_early_rate": Figure(
        "提前办结率", "early rate", "承诺件提前办结÷承诺件办结", "promised early / promised completed", share=True
    ),
    "completed_on_time": Figure(
        "按时办结", "completed on time", "期内办结、未超时限的各类办件；无时限的视为按时",
        "completed in the period within their limit, all kinds; one without any limit is in time",
    ),
    "completed_late": Figure(
        "超时办结", "completed late", "期内办结、办结时已超时限的各类办件", "completed in the period after their limit"
    ),
    "open": Figure(
        "在办", "open", "期末已受理、尚未办结也未退出的办件", "accepted and not ended at the end of the period"
    ),
    "open_overdue": Figure(
        "在办超时", "open, overdue", "其中期末已超时限的；只计来源数据足以证明的",
        "of these, past their limit by then, as far as the sources' data prove it",
    ),
    "overdue": Figure("超时", "overdue", "超时办结＋在办超时", "completed late + open overdue"),
    "received_per_workday": Figure(
        "工作日日均收件", "received a working day", "收件÷期内工作日数", "received / working days of the calendar"
    ),
    "received_per_day": Figure(
        "日历日日均收件", "received a calendar day", "收件÷期内日历天数", "received / calendar days"
    ),
    "completed_per_workday": Figure(
        "工作日日均办结", "completed a working day", "办结÷期内工作日数", "completed / working days of the calendar"
    ),
    "completed_per_day": Figure(
        "日历日日均办结", "completed a calendar day", "办结÷期内日历天数", "completed / calendar days"
    ),
    "saved_workdays": Figure(
        "压缩时限（工作日）", "working days saved",
        "期末有效、法定与承诺时限均以工作日计的事项，Σ（法定－承诺）；按事项计一次，不按件",
        "Σ (statutory − promised) over the items in force on the last day with both limits in working days; per item, "
        "not per case",
    ),
    "saved_items": Figure("压缩时限的事项数", "items compared", "参与上述计算的事项数", "how many items that is over"),
}  # fmt: skip

NOTES: Final = (
    "以目前掌握的全部数据计算，不论何时收到；期间含起不含止。处室、窗口、人员以办结时（未办结的以目前）的承办者计。",
    "Counted from everything known now, whenever it came; a period holds its start and not its end. Unit, window and "
    "person are those who held the case at its end, or hold it now.",
)
