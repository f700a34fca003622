"""异常明细: every exception of a month with its evidence, a row each, in Chinese. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from monitor.attendance.overtime import ProvenOvertime, Standing
from monitor.exports.attendance.local import clock, local, stamp
from monitor.exports.attendance.month import HallMonth, Person
from monitor.exports.attendance.symbols import Card, Half, JudgedSlot, OffPost, Punch, Symbol, uncounted
from monitor.model import Outcome
from monitor.wording import level_word, outcome_word
from monitor.wording.sheet import CLOSED, CORRECTED, SLOT_SAYS
from monitor.wording.words import DIRECTIONS, LEAVES, SLOTS, Texts

PUNCHES_SHOWN: Final = 8
WEEKDAYS: Final = "一二三四五六日"
DETAIL_COLUMNS: Final = (
    "日期", "星期", "工号", "姓名", "部门", "时段", "应到/应离", "异常", "分钟", "考勤记录", "请假单", "牌号", "核实",
    "备注",
)  # fmt: skip


def details(month: HallMonth) -> Iterator[tuple[str | int, ...]]:
    """A row for each slot that is no plain √ or rests on a correction (补签), for each off-post that a window tells of,
    and for booked overtime; by date, then in the order of the sheet's rows.
    """
    for day in month.days:
        for person in month.people:
            cells = month.cells[person.id]
            for half in Half:
                cell = cells.get((day, half))
                for slot in cell.slots if cell else ():
                    if slot.plain:
                        continue
                    if slot.waived or slot.corrected or slot.symbol not in (None, Symbol.PRESENT):
                        yield _of_slot(month, person, day, slot)
            for post in month.posts.get(person.id, ()):
                if post.day == day:
                    yield _of_post(month, person, post)
            for worked in month.overtime.get(person.id, ()):
                if local(month.zone, worked.booked.start).date() == day:
                    yield _of_overtime(month, person, day, worked)


def _of_slot(month: HallMonth, person: Person, day: date, slot: JudgedSlot) -> tuple[str | int, ...]:
    leave = [str(slot.figures["id"])] if slot.figures.get("by") == "leave" else []
    return (
        *_whose(person, day),
        slot_word(slot.slot.name),
        clock(month.zone, slot.figures.get("due", slot.slot.due))[:5],
        what(slot),
        slot.minutes or "",
        evidence(slot.punches, month.zone),
        "、".join([*leave, *(f"{unapproved}（未批准）" for unapproved in slot.unapproved)]),
        "、".join(f"{card.number}{'（已撤）' if card.withdrawn else ''}" for card in slot.cards),
        found(slot.cards) if slot.symbol in (Symbol.OFF_POST, Symbol.ABSENT) or slot.waived else "",
        _remark(month, slot),
    )


def _of_post(month: HallMonth, person: Person, post: OffPost) -> tuple[str | int, ...]:
    """An empty window that the person answers for; where a check-in tells of the same time it is counted there."""
    cells = month.cells[person.id].values()
    counted = post.card.withdrawn or post.card.waived or bool(uncounted([post], cells))
    ended = f"至 {clock(month.zone, post.ended)}" if post.ended else "未见恢复"
    minutes = int((post.ended - post.began).total_seconds() // 60) if post.ended else ""
    return (
        *_whose(person, post.day),
        f"窗口 {post.window}",
        clock(month.zone, post.began)[:5],
        "脱岗（窗口无人）",
        minutes,
        f"{clock(month.zone, post.began)} 起无人，{ended}" + (f"；{post.evidence}" if post.evidence else ""),
        "",
        f"{post.card.number}{'（已撤）' if post.card.withdrawn else ''}",
        found([post.card]),
        level_word(post.level) + ("" if counted else "；与同时段打卡异常同为一次，不另计"),
    )


_OVERTIME: Final[Mapping[Standing, str]] = {
    Standing.PROVEN: "加班",
    Standing.DOUBTFUL: "加班（存疑，须人工认定）",
    Standing.UNPROVEN: "加班（数据未到或丢失，不予认定）",
    Standing.NONE: "加班（无打卡）",
}


def _of_overtime(month: HallMonth, person: Person, day: date, worked: ProvenOvertime) -> tuple[str | int, ...]:
    """Booked overtime with what check-ins prove of it; it is never to anybody's charge."""
    booked = worked.booked
    seen = "、".join(clock(month.zone, at) for at in (worked.start, worked.end) if at is not None)
    return (
        *_whose(person, day),
        "加班",
        clock(month.zone, booked.start)[:5],
        _OVERTIME[worked.standing],
        worked.minutes if worked.standing is Standing.PROVEN else "",
        "；".join(([f"认定 {seen}"] if seen else []) + list(worked.evidence)),
        "",
        "",
        "",
        f"{booked.id} 预约 {stamp(month.zone, booked.start)[:16]} 至 {stamp(month.zone, booked.end)[:16]}",
    )


def _whose(person: Person, day: date) -> tuple[str, ...]:
    return day.isoformat(), WEEKDAYS[day.weekday()], person.id, person.name, person.unit


def found(cards: Sequence[Card]) -> str:
    """What people found of the cards: an off-post counts once it is 查实 (mark S)."""
    if any(card.confirmed for card in cards):
        return "查实"
    if any(card.waived for card in cards):
        return "不予认定"
    return "待查实" if any(not card.withdrawn for card in cards) else ""


def evidence(punches: Sequence[Punch], zone: ZoneInfo) -> str:
    """Check-ins with direction and terminal; of very many the first and the last, which are what counts."""
    told = [f"{clock(zone, p.at)} {DIRECTIONS[p.direction][0]} {_origin(p)}" for p in punches]
    if len(told) > PUNCHES_SHOWN:
        half = PUNCHES_SHOWN // 2
        told = [*told[:half], f"…共 {len(told)} 次", *told[-half:]]
    return "；".join(told)


def _origin(punch: Punch) -> str:
    if punch.correction:
        return f"补签 {punch.correction}"
    return f"{punch.source}{'' if punch.trusted else '（存疑）'}"


def what(slot: JudgedSlot) -> str:
    """What a slot is called in 异常明细."""
    return what_of(slot)[0]


def what_of(slot: JudgedSlot) -> Texts:
    if slot.outcome is Outcome.EXCUSED:
        kind = str(slot.figures.get("kind", ""))
        return LEAVES.get(kind, (kind, kind)) if slot.figures.get("by") == "leave" else CLOSED
    if slot.outcome is Outcome.OK and slot.corrected:
        return CORRECTED
    return SLOT_SAYS.get(slot.code) or (outcome_word(slot.outcome), outcome_word(slot.outcome, "en"))


def slot_word(name: str) -> str:
    return SLOTS.get(name, (name, name))[0]


def _remark(month: HallMonth, slot: JudgedSlot) -> str:
    """What the verdict rests on beside the check-ins."""
    figures, said = slot.figures, []
    if "planned_due" in figures:
        said.append(f"外出，原定 {clock(month.zone, figures['planned_due'])[:5]}")
    if slot.outcome is Outcome.UNKNOWN and figures.get("sources"):
        said.append(f"{'、'.join(figures['sources'])} 未送达 {clock(month.zone, figures['boundary'])[:5]} 前的数据")
    if slot.outcome is Outcome.REVIEW and figures.get("sources"):
        said.append(f"{'、'.join(figures['sources'])} 的时间不可采信")
    if slot.outcome is Outcome.UNPROVEN and "lost_from" in figures:
        said.append(
            f"数据已声明丢失：{stamp(month.zone, figures['lost_from'])} 至 {stamp(month.zone, figures['lost_to'])}"
        )
    if figures.get("by") == "closure":
        said.append(f"停办 {figures['id']} {figures.get('why', '')}".rstrip())
    if slot.idle:
        said.append("假自应离时刻起，该半天照计出勤")
    return "；".join(said)
