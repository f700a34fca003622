"""The three sheets of a month as rows (考勤表, 异常明细, 说明): what a reader sees, in Chinese (DESIGN §7). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from monitor.attendance.policy import CheckinPolicy, PlannedSlot
from monitor.exports.attendance.month import HallMonth, Person
from monitor.exports.attendance.symbols import Half, JudgedSlot, Punch, Symbol, Totals, total
from monitor.model import Outcome
from monitor.wording import outcome_word
from monitor.wording.words import DIRECTIONS, LEAVES, SLOTS

Cell: TypeAlias = str | int
Row: TypeAlias = tuple[Cell, ...]

DAYS: Final = 31
"""Every month has the columns of the longest one; days that it lacks stay blank (DESIGN §7)."""
PUNCHES_SHOWN: Final = 8
WEEKDAYS: Final = "一二三四五六日"
LEGEND: Final = "√ 出勤 · 迟 迟到 · 早 早退 · 脱 脱岗 · 旷 旷工 · 假 请假 · 差 公假 · ？ 未知 · － 休"

PERSON_COLUMNS: Final = ("工号", "姓名", "部门")
DAY_COLUMNS: Final = tuple(f"{day}{half}" for day in range(1, DAYS + 1) for half in Half)
TOTAL_COLUMNS: Final = (
    "应出勤半天", "出勤半天", "迟到次数", "迟到分钟", "早退次数", "早退分钟", "脱岗次数", "旷工半天",
    *(f"{chinese}半天" for chinese, _ in LEAVES.values()),
    "未知半天", "待复核半天", "不予认定半天",
)  # fmt: skip
COLUMNS: Final = (*PERSON_COLUMNS, *DAY_COLUMNS, *TOTAL_COLUMNS)
DETAIL_COLUMNS: Final = (
    "日期", "星期", "工号", "姓名", "部门", "时段", "应到/应离", "异常", "分钟", "考勤记录", "请假单", "牌号", "备注",
)  # fmt: skip
NOTE_COLUMNS: Final = ("项目", "内容")


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Rows below the headers; `title` is what a printed page says above them."""

    title: str
    sheet: tuple[Row, ...]
    details: tuple[Row, ...]
    notes: tuple[Row, ...]


def tables_of(month: HallMonth, policy: CheckinPolicy, policy_version: str) -> Tables:
    """The sheets of a month. `policy` is what its slots were judged by."""
    totals = {person.id: total(month.cells[person.id].values()) for person in month.people}
    details = tuple(_details(month))
    name = month.hall.name or month.hall.id
    return Tables(
        title=f"{name} {month.days[0]:%Y}年{month.days[0].month}月考勤表",
        sheet=tuple(_person_row(month, person, totals[person.id]) for person in month.people),
        details=details,
        notes=tuple(_notes(month, policy, policy_version, details)),
    )


# --------------------------------------------------------------------------- 考勤表


def _person_row(month: HallMonth, person: Person, totals: Totals) -> Row:
    cells = month.cells[person.id]
    marks = {
        (day.day, half): cells[day, half].symbol.value for day in month.days for half in Half if (day, half) in cells
    }
    return (
        person.id,
        person.name,
        person.unit,
        *(marks.get((day, half), "") for day in range(1, DAYS + 1) for half in Half),
        totals.due,
        totals.present,
        totals.late,
        totals.late_minutes,
        totals.early,
        totals.early_minutes,
        totals.off_post,
        totals.absent,
        *(totals.leave.get(kind, 0) for kind in LEAVES),
        totals.unknown,
        totals.review,
        totals.unproven,
    )


# --------------------------------------------------------------------------- 异常明细


def _details(month: HallMonth) -> Iterator[Row]:
    """A row for each slot that is no plain √, by date, then in the order of the sheet's rows."""
    for day in month.days:
        for person in month.people:
            cells = month.cells[person.id]
            for half in Half:
                cell = cells.get((day, half))
                for slot in cell.slots if cell else ():
                    if slot.symbol not in (None, Symbol.PRESENT):
                        yield _detail(month, person, day, slot)


def _detail(month: HallMonth, person: Person, day: date, slot: JudgedSlot) -> Row:
    leave = [str(slot.figures["id"])] if slot.figures.get("by") == "leave" else []
    cards = (f"{card.number}{'（已撤）' if card.withdrawn else ''}" for card in month.cards.get(slot.key, ()))
    return (
        day.isoformat(),
        WEEKDAYS[day.weekday()],
        person.id,
        person.name,
        person.unit,
        slot_word(slot.slot.name),
        _clock(month.zone, slot.figures.get("due", slot.slot.due))[:5],
        what(slot),
        slot.minutes or "",
        evidence(slot.punches, month.zone),
        "、".join([*leave, *(f"{unapproved}（未批准）" for unapproved in slot.unapproved)]),
        "、".join(cards),
        _remark(month, slot),
    )


def evidence(punches: Sequence[Punch], zone: ZoneInfo) -> str:
    """Check-ins with direction and terminal; of very many the first and the last, which are what counts."""
    told = [
        f"{_clock(zone, p.at)} {DIRECTIONS[p.direction][0]} {p.source}{'' if p.trusted else '（存疑）'}"
        for p in punches
    ]
    if len(told) > PUNCHES_SHOWN:
        half = PUNCHES_SHOWN // 2
        told = [*told[:half], f"…共 {len(told)} 次", *told[-half:]]
    return "；".join(told)


_WHAT: Final[Mapping[str, str]] = {
    "late": "迟到",
    "very_late": "脱岗（迟到）",
    "missing": "脱岗（未签到）",
    "absent": "旷工半天",
    "early": "早退",
    "left_early": "脱岗（早退）",
    "no_checkout": "脱岗（未签退）",
    "unpublished": "未知（放假安排未公布）",
}


def what(slot: JudgedSlot) -> str:
    """What a slot is called in 异常明细."""
    if slot.outcome is Outcome.EXCUSED:
        kind = str(slot.figures.get("kind", ""))
        return LEAVES.get(kind, (kind, kind))[0] if slot.figures.get("by") == "leave" else "停办"
    return _WHAT.get(slot.code) or outcome_word(slot.outcome)


def slot_word(name: str) -> str:
    return SLOTS.get(name, (name, name))[0]


def _remark(month: HallMonth, slot: JudgedSlot) -> str:
    """What the verdict rests on beside the check-ins."""
    figures, said = slot.figures, []
    if "planned_due" in figures:
        said.append(f"外出，原定 {_clock(month.zone, figures['planned_due'])[:5]}")
    if slot.outcome is Outcome.UNKNOWN and figures.get("sources"):
        said.append(f"{'、'.join(figures['sources'])} 未送达 {_clock(month.zone, figures['boundary'])[:5]} 前的数据")
    if slot.outcome is Outcome.REVIEW and figures.get("sources"):
        said.append(f"{'、'.join(figures['sources'])} 的时间不可采信")
    if slot.outcome is Outcome.UNPROVEN and "lost_from" in figures:
        said.append(
            f"数据已声明丢失：{_stamp(month.zone, figures['lost_from'])} 至 {_stamp(month.zone, figures['lost_to'])}"
        )
    if figures.get("by") == "closure":
        said.append(f"停办 {figures['id']} {figures.get('why', '')}".rstrip())
    return "；".join(said)


# --------------------------------------------------------------------------- 说明


def _notes(month: HallMonth, policy: CheckinPolicy, version: str, details: Sequence[Row]) -> Iterator[Row]:
    yield from _origin(month, version)
    yield from _state(month, details)
    yield from _definitions(policy)


def _origin(month: HallMonth, version: str) -> Iterator[Row]:
    first, last = month.days[0], month.days[-1]
    yield "大厅", f"{month.hall.name}（{month.hall.id}）" if month.hall.name else month.hall.id
    yield "期间", f"{first} 至 {last}，时区 {month.zone.key}"
    yield "编制时间", f"{month.made.astimezone(month.zone).isoformat(timespec='seconds')}；只计此前已结束的半天"
    yield "政策版本", version
    yield "考勤时段", f"{month.preset.name} {month.preset.title}".rstrip()
    yield from (("", _planned(row)) for row in month.preset.slots)
    yield "人员", f"{len(month.people)} 人，按现行登记；首次登记之前不计"


def _planned(row: PlannedSlot) -> str:
    """A row of the preset: from when, by when and until when a check-in counts."""
    limit = "不晚于" if row.direction == "in" else "不早于"
    text = f"{slot_word(row.name)}：{limit} {row.due:%H:%M}（{row.opens:%H:%M}–{row.closes:%H:%M} 打卡有效）"
    if len(row.weekdays) < len(WEEKDAYS):
        text += f"，周{''.join(WEEKDAYS[day - 1] for day in sorted(row.weekdays))}"
    return text


def _state(month: HallMonth, details: Sequence[Row]) -> Iterator[Row]:
    """How far the data carry: what the reader must know before anybody is held to anything."""
    if not month.published:
        yield "日历", f"{month.days[0].year} 年放假安排未公布，工作日为推算，全部时段待定"
    for source in month.terminals:
        until = _stamp(month.zone, source.watermark) if source.watermark else "尚无"
        yield "数据截至", f"考勤机 {source.id}：{until}{'' if source.trusted else '（时钟不可采信）'}"
    if not month.terminals:
        yield "数据截至", "没有可用的考勤机，未打卡的时段不能判定"
    outcomes = [slot.outcome for cells in month.cells.values() for half in cells.values() for slot in half.slots]
    for outcome in (Outcome.UNKNOWN, Outcome.REVIEW, Outcome.UNPROVEN, Outcome.UNWATCHED):
        yield f"{outcome_word(outcome)}时段", f"{outcomes.count(outcome)} 个"
    yield "异常明细", f"{len(details)} 行：凡不按时的时段各一行，含请假和停办"


def _definitions(policy: CheckinPolicy) -> tuple[Row, ...]:
    late, early, out = policy.yellow_after_minutes, policy.early_tolerance_minutes, policy.outing_max_minutes
    return (
        ("√ 出勤", "半天内各时段均按时"),
        ("迟 迟到", f"晚到不超过 {late} 分钟（checkin.yellow_after_minutes），只登记"),
        ("早 早退", f"早离不超过 {early} 分钟（checkin.early_tolerance_minutes），只登记"),
        (
            "脱 脱岗",
            f"晚到超过 {late} 分钟、早离超过 {early} 分钟，或半天内另有打卡而缺签到、缺签退。"
            "仅据打卡提出，须经查实；窗口在岗情况不在本表",
        ),
        ("旷 旷工", "整个半天没有任何打卡，计旷工半天，须经查实"),
        ("假 请假", "应到或应离时刻由已批准的假覆盖；事后批准的，批准后重出本表即计"),
        ("差 公假", "同上，假别为公假（official）"),
        ("？ 未知", "考勤机数据未到、时间不可采信或已声明丢失，不作迟到、缺勤认定；数据补到后重出本表"),
        ("－ 休", "休息日、该半天不办公，或各时段均因停办免签"),
        ("空白", "当月没有的日期、编制时尚未结束的半天、本人首次登记之前"),
        ("上 下", "上午、下午；同属一个半天的时段合记一格"),
        ("一格多项", "取最重的一项：旷 > 脱 > 迟 > 早 > ？ > 假、差 > √ > －；各时段见异常明细"),
        (
            "外出",
            f"外出单覆盖应到时刻的，顺延至外出结束；覆盖应离时刻的，自外出开始可离；"
            f"最多计 {out} 分钟（checkin.outing_max_minutes）",
        ),
        ("应出勤半天", "即 出勤 + 旷工 + 各类假 + 未知 + 待复核 + 不予认定（均为半天，每格只计一次；－ 与空白不计）"),
        ("出勤半天", "记 √、迟、早、脱 的半天"),
        ("次数", "迟到、早退、脱岗按时段计，同一半天可有两次"),
        ("分钟", "只计迟到、早退的时段，不足一分钟按一分钟；脱岗的分钟见异常明细"),
        ("未知半天", "记 ？ 且尚可能查明的半天；含未监测"),
        ("待复核半天", "记 ？ 且考勤机时间不可采信、须人工复核的半天"),
        ("不予认定半天", "记 ？ 且数据已声明丢失的半天，不追究"),
    )


# --------------------------------------------------------------------------- instants in the hall's zone


def _local(zone: ZoneInfo, instant: Any) -> datetime:
    """An instant, or its RFC 3339 text as reasons carry it, on the hall's clock."""
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(str(instant))
    return at.astimezone(zone)


def _clock(zone: ZoneInfo, instant: Any) -> str:
    return f"{_local(zone, instant):%H:%M:%S}"


def _stamp(zone: ZoneInfo, instant: Any) -> str:
    return f"{_local(zone, instant):%Y-%m-%d %H:%M:%S}"
