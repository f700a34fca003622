"""说明: what the sheet rests on, how far its data carry, and what each mark and total means. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from monitor.attendance.policy import CheckinPolicy, PlannedSlot
from monitor.exports.attendance.details import WEEKDAYS, slot_word
from monitor.exports.attendance.local import stamp
from monitor.exports.attendance.month import HallMonth
from monitor.model import Outcome
from monitor.wording import outcome_word

Note = tuple[str, str]


def notes(month: HallMonth, policy: CheckinPolicy, version: str, exceptions: int) -> Iterator[Note]:
    """Rows of (项目, 内容). `version`: of the policy; `exceptions`: rows of 异常明细."""
    yield from _origin(month, version)
    yield from _state(month, exceptions)
    only = month.presets[0] if len(month.presets) == 1 else None
    yield from _definitions(policy.of(only.own) if only is not None else policy)


def _origin(month: HallMonth, version: str) -> Iterator[Note]:
    first, last = month.days[0], month.days[-1]
    yield "大厅", f"{month.hall.name}（{month.hall.id}）" if month.hall.name else month.hall.id
    yield "期间", f"{first} 至 {last}，时区 {month.zone.key}"
    yield "编制时间", f"{month.made.astimezone(month.zone).isoformat(timespec='seconds')}；只计此前已结束的半天"
    yield "政策版本", version
    for preset in month.presets:
        yield "考勤时段", f"{preset.name} {preset.title}".rstrip()
        yield from (("", _planned(row)) for row in preset.slots)
        if preset.checkin:
            yield "", "本时段另定：" + "，".join(f"checkin.{key} = {value}" for key, value in preset.checkin.items())
    yield "人员", f"{len(month.people)} 人，按现行登记；首次登记之前不计"
    make_up = [day.isoformat() for day in month.days if month.why[day] == "make_up_day"]
    if make_up:
        yield "调休上班", "、".join(make_up)
    holidays = [f"{day} {month.why[day].partition(':')[2]}" for day in month.days if _is_holiday(month.why[day])]
    if holidays:
        yield "放假", "、".join(holidays)


def _is_holiday(why: str) -> bool:
    return why.startswith("holiday:")


def _planned(row: PlannedSlot) -> str:
    """A row of the preset: from when, by when and until when a check-in counts."""
    limit = "不晚于" if row.direction == "in" else "不早于"
    text = f"{slot_word(row.name)}：{limit} {row.due:%H:%M}（{row.opens:%H:%M}–{row.closes:%H:%M} 打卡有效）"
    if len(row.weekdays) < len(WEEKDAYS):
        text += f"，周{''.join(WEEKDAYS[day - 1] for day in sorted(row.weekdays))}"
    return text


_DOUBTS: Final = (Outcome.UNKNOWN, Outcome.REVIEW, Outcome.UNPROVEN, Outcome.UNWATCHED)


def _state(month: HallMonth, exceptions: int) -> Iterator[Note]:
    """How far the data carry: what the reader must know before anybody is held to anything."""
    if not month.published:
        yield "日历", f"{month.days[0].year} 年放假安排未公布，工作日为推算，全部时段待定"
    for source in month.terminals:
        until = stamp(month.zone, source.watermark) if source.watermark else "尚无"
        yield "数据截至", f"考勤机 {source.id}：{until}{'' if source.trusted else '（时钟不可采信）'}"
    if not month.terminals:
        yield "数据截至", "没有可用的考勤机，未打卡的时段不能判定"
    outcomes = [slot.outcome for cells in month.cells.values() for half in cells.values() for slot in half.slots]
    for outcome in _DOUBTS:
        yield f"{outcome_word(outcome)}时段", f"{outcomes.count(outcome)} 个"
    yield "异常明细", f"{exceptions} 行：凡不按时的时段各一行，含请假、停办、补签，以及窗口无人的脱岗"


def _definitions(policy: CheckinPolicy) -> tuple[Note, ...]:
    late, early, out = policy.yellow_after_minutes, policy.early_tolerance_minutes, policy.outing_max_minutes
    return (
        ("√ 出勤", "半天内各时段均按时；经批准的补签视同打卡"),
        ("迟 迟到", f"晚到不超过 {late} 分钟（checkin.yellow_after_minutes），只登记"),
        ("早 早退", f"早离不超过 {early} 分钟（checkin.early_tolerance_minutes），只登记"),
        (
            "脱 脱岗",
            f"晚到超过 {late} 分钟、早离超过 {early} 分钟（脱岗），"
            "或半天内另有打卡而缺签到、缺签退（缺卡，计入缺卡次数，可补签）。仅据打卡提出，须经查实",
        ),
        ("旷 旷工", "整个半天没有任何打卡，计旷工半天，须经查实"),
        ("假 请假", "应到或应离时刻由已批准的假覆盖；事后批准的，批准后重出本表即计；假自应离时刻起的，该半天照计出勤"),
        ("差 公假", "同上，假别为公假（official）或出差（trip）"),
        ("？ 未知", "考勤机数据未到、时间不可采信或已声明丢失，不作迟到、缺勤认定；数据补到后重出本表"),
        ("－ 休", "休息日、该半天不办公，或各时段均因停办免签"),
        ("空白", "当月没有的日期、编制时尚未结束的半天、本人首次登记之前"),
        ("上 下", "上午、下午；同属一个半天的时段合记一格"),
        ("一格多项", "取最重的一项：旷 > 脱 > 迟 > 早 > ？ > 假、差 > √ > －；各时段见异常明细"),
        ("不予认定", "经申诉撤回的牌，和以不属实、说明成立办结的牌，不予认定：脱改计 √，旷改计 ？（不予认定半天）"),
        (
            "外出",
            f"外出单覆盖应到时刻的，顺延至外出结束；覆盖应离时刻的，自外出开始可离；"
            f"最多计 {out} 分钟（checkin.outing_max_minutes）；外出次数按当月开始的外出单计",
        ),
        ("应出勤半天", "即 出勤 + 旷工 + 各类假 + 未知 + 待复核 + 不予认定（均为半天，每格只计一次；－ 与空白不计）"),
        ("出勤半天", "记 √、迟、早、脱 的半天"),
        ("次数", "迟到、早退、缺卡、脱岗按时段计，同一半天可有两次"),
        (
            "脱岗次数",
            "打卡提出的脱岗，加上本人应负责的窗口无人黄牌、红牌（未撤的）；两者说的是同一段时间的只计一次。"
            "其中查实：所发的牌以属实或已整改办结的；扣分只按查实",
        ),
        ("分钟", "只计迟到、早退的时段，不足一分钟按一分钟；脱岗的分钟见异常明细"),
        (
            "加班分钟",
            "报备的加班中，有来、离两次打卡证明的部分，以报备时段为限；只有一次打卡、数据未到的不计，见异常明细。"
            f"来、离打卡在报备时段前后 {policy.overtime_margin_minutes} 分钟内有效（checkin.overtime_margin_minutes）",
        ),
        ("未知半天", "记 ？ 且尚可能查明的半天；含未监测"),
        ("待复核半天", "记 ？ 且考勤机时间不可采信、须人工复核的半天"),
        ("不予认定半天", "记 ？ 且数据已声明丢失或所发的牌不予认定的半天，不追究"),
        ("签核", "签核后的月份不再变动；此后的变化另列更正，各有时间、原记和理由，另成版本；各版可照原样重出"),
    )
