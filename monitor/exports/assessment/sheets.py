"""Score sheets (得分单): every window and person with each entry, and what stands beside the scores. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from monitor.assessment.model import Ledger
from monitor.assessment.scores import kind_of
from monitor.assessment.snapshot import Award, FiredEffect, Line, Sheet
from monitor.exports.assessment import words
from monitor.exports.assessment.reading import Reading, total
from monitor.exports.assessment.table import Column, Row, Table, columns
from monitor.wording.assessment import EFFECTS

LEDGERS: Final[tuple[Ledger, ...]] = ("window", "staff")
_MOST_FACTS: Final = 12
"""Of what an effect rests on so many are named; the rest are counted, the JSON has them all."""


def tables(reading: Reading) -> tuple[Table, ...]:
    """Scores and entries of both ledgers, then effects, awards, open proposals and unknown spans, also where empty."""
    return (
        *(scores(reading, ledger) for ledger in LEDGERS),
        *(entries(reading, ledger) for ledger in LEDGERS),
        effects(reading),
        awards(reading),
        proposals(reading),
        unknown(reading),
    )


# --------------------------------------------------------------------------- scores


def scores(reading: Reading, ledger: Ledger) -> Table:
    """One row each; the columns from 起始分 to 调整 add up to 得分."""
    staff = ledger == "staff"
    months = _months(reading, ledger)
    return Table(
        name=f"{words.LEDGERS[ledger]}得分",
        columns=(
            *columns(("编号", 12), ("姓名" if staff else "窗口", 16), ("单位", 18)),
            *(columns(("窗口", 14)) if staff else ()),
            *(Column(name=f"{int(month[5:])}月", width=8, kind="points") for month in months),
            *columns(("起始分", 8, "points"), ("扣分", 8, "points"), ("加分", 8, "points"), ("调整", 8, "points"),
                     ("得分", 9, "points"), ("不设限合计", 11, "points"), ("等次", 12), ("名次", 10)),
            *(columns(("已知在岗天数", 13, "int")) if staff else ()),
            *columns(("未知时段", 9, "int"), ("处理", 26)),
        ),
        rows=tuple(_score(reading, ledger, sheet, months) for sheet in reading.sheets(ledger)),
        note="得分＝起始分＋扣分＋加分＋调整（上限、下限、封顶）；未知、未查实、未确认的不扣分",
    )  # fmt: skip


def _months(reading: Reading, ledger: Ledger) -> Sequence[str]:
    there = {point.month for sheet in reading.snapshot.sheets(ledger) for point in sheet.months}
    return sorted(there)


def _score(reading: Reading, ledger: Ledger, sheet: Sheet, months: Sequence[str]) -> Row:
    of_month = {point.month: point.points for point in sheet.months}
    staff = ledger == "staff"
    return (
        sheet.id,
        reading.whom(ledger, sheet.id),
        reading.unit(sheet.unit),
        *((reading.window(sheet.window),) if staff else ()),
        *(of_month.get(month) for month in months),
        sheet.start,
        total(line.points for line in sheet.lines if line.points < 0),
        total(line.points for line in sheet.lines if line.points > 0),
        total(one.points for one in sheet.adjustments),
        sheet.points,
        sheet.full,
        grade(sheet),
        place(sheet),
        *((sheet.duty,) if staff else ()),
        sheet.unknown,
        "；".join(effect_text(one) for one in reading.effects_of(ledger, sheet.id)),
    )


def grade(sheet: Sheet) -> str:
    if sheet.grade_name is not None:
        return sheet.grade_name.zh
    return words.GRADES.get(sheet.grade, sheet.grade) or "不定等次"


def place(sheet: Sheet) -> str:
    """样本不足 where too little is known to tell (`few`): a small sample is no place."""
    if sheet.place is None:
        return f"样本不足（{words.FEW[sheet.few]}）" if sheet.few else "不排名"
    return seat(sheet.place, tied=sheet.tied)


def effect_word(effect: str) -> str:
    return EFFECTS.get(effect, (effect, effect))[0]


def effect_text(one: FiredEffect) -> str:
    """退回原单位（A11），with what keeps it from having a consequence."""
    return f"{effect_word(one.effect)}（{one.id}{'' if one.stands else '，未查实'}）"


# --------------------------------------------------------------------------- entries


def entries(reading: Reading, ledger: Ledger) -> Table:
    return entries_of(reading, ledger, reading.sheets(ledger))


def entries_of(reading: Reading, ledger: Ledger, sheets: Sequence[Sheet]) -> Table:
    """Under each window or person what it began with, every entry, every adjustment: 分值 of a group add up to 得分."""
    rows: list[Row] = []
    groups = set()
    for sheet in sheets:
        groups.add(len(rows))
        rows += _entries(reading, ledger, sheet)
    return Table(
        name=f"{words.LEDGERS[ledger]}明细",
        columns=columns(
            ("编号", 10), ("姓名" if ledger == "staff" else "窗口", 12), ("日期", 13), ("条款", 12), ("依据条文", 16),
            ("事由", 24), ("分值", 9, "points"), ("牌号", 9), ("事实", 30), ("确认人", 10), ("说明", 24),
        ),
        rows=tuple(rows),
        groups=frozenset(groups),
        note="每一组自起始分起，分值相加即得分",
    )  # fmt: skip


def _entries(reading: Reading, ledger: Ledger, sheet: Sheet) -> Iterator[Row]:
    who = (sheet.id, reading.whom(ledger, sheet.id))
    months = "、".join(f"{point.month} {point.points:.2f}" for point in sheet.months)
    told = f"得分 {sheet.points:.2f}，{grade(sheet)}" + (f"，未知 {sheet.unknown} 段" if sheet.unknown else "")
    yield (*who, "", "", "", f"起始分（各月平均：{months}）" if months else "起始分", sheet.start, "", "", "", told)
    for line in sheet.lines:
        yield (
            *who, line.date.isoformat(), line.row, line.article, line.name.zh, line.points,
            "、".join(map(str, line.cards)), fact_text(reading, line), reading.actor(line.confirmer),
            remark(reading, line),
        )  # fmt: skip
    for one in sheet.adjustments:
        yield (*who, "", one.row, "", words.ADJUSTMENTS.get(one.kind, one.kind), one.points, "", "", "",
               f"部分 {one.part}" if one.part else "")  # fmt: skip


def fact_text(reading: Reading, line: Line) -> str:
    told = words.figures_text(line.figures)
    return reading.public(f"{words.source_word(line.source)}：{told}" if told else words.source_word(line.source))


def remark(reading: Reading, line: Line) -> str:
    """Whether it takes another entry back, and which closed month it corrects."""
    told = []
    if line.reverses is not None:
        told.append("冲销原记")
    if line.of_month != line.month:
        told.append(f"更正已结账的 {line.of_month}，记入 {line.month}")
    if line.proposer is not None:
        told.append(f"提出人 {reading.actor(line.proposer)}")
    if line.part:
        told.append(f"部分 {line.part}")
    return "；".join(told)


# --------------------------------------------------------------------------- beside the scores


def effects(reading: Reading) -> Table:
    rows: list[Row] = [
        (
            words.LEDGERS[one.ledger], one.whom, reading.whom(one.ledger, one.whom),
            effect_word(one.effect), one.id, one.article, one.name.zh,
            standing(reading, one), one.reached.isoformat(),
            basis(reading, one),
        )
        for one in sorted(reading.snapshot.effects, key=lambda e: (LEDGERS.index(e.ledger), e.whom, e.id, e.effect))
    ]  # fmt: skip
    return Table(
        name="处理",
        columns=columns(("账", 6), ("编号", 11), ("名称", 16), ("后果", 18), ("条款", 12), ("依据条文", 16),
                        ("事由", 26), ("状态", 14), ("达到之日", 11), ("理由", 60)),
        rows=tuple(rows),
        note="未查实的没有后果；须由人确认的，以签核结账为确认",
    )  # fmt: skip


def basis(reading: Reading, one: FiredEffect) -> str:
    """Why an effect fired, then the facts that it rests on and those that nobody has confirmed."""
    told = [reading.said(one.why)]
    told += [f"依据：{_facts(one.facts)}"] if one.facts else []
    told += [f"未查实：{_facts(one.open)}"] if one.open else []
    return "；".join(told)


def _facts(facts: Sequence[str]) -> str:
    named = []
    for fact in facts[:_MOST_FACTS]:
        source, _, key = fact.partition(" ")
        named.append(f"{words.source_word(source)} {key}".strip())
    more = f" 等共 {len(facts)} 项" if len(facts) > _MOST_FACTS else ""
    return "、".join(named) + more


def standing(reading: Reading, one: FiredEffect) -> str:
    """成立, 未查实, or 待签核: the book has a person confirm it, and whoever signs the period does."""
    if not one.stands:
        return "未查实"
    told = "待签核" if one.proposed and not reading.closed else "成立"
    return f"{told}（前期已通报）" if one.carried else told


def awards(reading: Reading) -> Table:
    rows: list[Row] = [
        (
            award(one), one.whom, reading.whom(one.ledger, one.whom), seat(one.place, tied=one.state == "tied"),
            "须由人在并列者中选定" if one.state == "tied" else "列入",
            "、".join(map(reading.person, one.nominees)), reading.said(one.why),
        )
        for one in reading.snapshot.awards
    ]  # fmt: skip
    rows += [
        ("人工决定", one.whom, reading.whom(one.ledger, one.whom), "", "选定", "", one.what)
        for one in reading.snapshot.decided
    ]
    return Table(
        name="表彰",
        columns=columns(
            ("奖项", 18), ("编号", 11), ("名称", 18), ("名次", 10), ("状态", 16), ("可推荐人员", 28), ("依据", 40)
        ),
        rows=tuple(rows),
        note="名单据得分、名次与取消资格的情形提出，由考核领导小组审定",
    )


def award(one: Award) -> str:
    """季度优秀窗口, 年度先进个人."""
    kind = words.KINDS[kind_of(one.period)]
    return f"{kind}{'优秀窗口' if one.ledger == 'window' else '先进个人（服务标兵）'}"


def seat(number: int | None, *, tied: bool) -> str:
    """A place as it is printed; empty where there is none."""
    if number is None:
        return ""
    return f"{number}（并列）" if tied else str(number)


def proposals(reading: Reading) -> Table:
    rows: list[Row] = [
        (
            one.number, words.LEDGERS[one.ledger], one.whom, reading.whom(one.ledger, one.whom), one.date.isoformat(),
            one.row, one.article, one.name.zh, one.points, words.source_word(one.source),
            "、".join(map(str, one.cards)), words.OPEN.get(one.why, one.why),
        )
        for one in reading.snapshot.proposals
    ]  # fmt: skip
    waiting: Decimal = total(one.points for one in reading.snapshot.proposals)
    return Table(
        name="待定",
        columns=columns(("提议", 7, "int"), ("账", 6), ("编号", 11), ("名称", 16), ("日期", 11), ("条款", 12),
                        ("依据条文", 16), ("事由", 24), ("分值", 9, "points"), ("来源", 18), ("牌号", 9),
                        ("为何未定", 14)),
        rows=tuple(rows),
        note=f"{len(rows)} 条尚未由人确认（经查实），均不计分；若全部确认，各账合计 {waiting:.2f} 分",
    )  # fmt: skip


def unknown(reading: Reading) -> Table:
    rows: list[Row] = [
        (
            one.date.isoformat(), reading.window(one.window), reading.person(one.staff),
            words.UNKNOWN.get(one.why, one.why), one.subject,
        )
        for one in sorted(reading.snapshot.unknown, key=lambda u: (u.date, u.subject))
    ]  # fmt: skip
    return Table(
        name="未知时段",
        columns=columns(("日期", 11), ("窗口", 18), ("人员", 14), ("为何", 12), ("对象", 44)),
        rows=tuple(rows),
        note=f"{len(rows)} 段无法判定，不扣任何人的分",
    )
