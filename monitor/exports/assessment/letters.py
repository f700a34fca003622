"""What a circular (通报) and a feedback letter (反馈函) say: their texts and tables, whatever the file. Pure.

The circular leaves the hall, so people stand in it as the policy of names says; who is last is what closing found by
the rule book (`bottom`, H03), not counted anew here. The letter goes to the unit that sent the window (G18).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Award, FiredEffect, Sheet
from monitor.exports.assessment import figures, notes, words
from monitor.exports.assessment.papers import NO_NUMBER, NOT_ISSUED, Paper, chinese_date
from monitor.exports.assessment.reading import Reading
from monitor.exports.assessment.sheets import (
    LEDGERS,
    award,
    effect_text,
    entries_of,
    grade,
    place,
    seat,
)
from monitor.exports.assessment.table import Report, Row, Table, columns, texts_of
from monitor.wording.statistics import FIGURES

Grid = tuple[tuple[str, ...], ...]
_TOP: Final = 10
"""So many of the first are named in a circular; the ranking itself is a report of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """`values`: what a template's placeholders stand for (`documents.PLACEHOLDERS`); `report`: the same as a page."""

    name: str
    values: dict[str, object]
    report: Report


# --------------------------------------------------------------------------- circular


def circular(reading: Reading, paper: Paper = NOT_ISSUED) -> Letter:
    tables = {
        "top": _top(reading),
        "awards": _awards(reading),
        "bottom": _bottom(reading),
        "effects": _effects(reading),
        "figures": _figures(reading),
        "notes": notes.table(reading),
    }
    texts = tuple(_circular_texts(reading))
    return _letter(reading, "circular", f"{reading.hall} {reading.period}考评情况通报", texts, tables, {}, paper)


def _circular_texts(reading: Reading) -> Iterator[str]:
    kept = reading.snapshot
    yield "各窗口单位："
    yield (
        f"依据《{reading.snapshot.book.title.zh}》，对{reading.period}的窗口和人员进行了考评，"
        f"共 {len(kept.windows)} 个窗口、{len(kept.people)} 人。现将情况通报如下。"
    )
    if not reading.closed:
        yield "本稿未结账，供核对，不作为表彰和处理的依据。"
    said = "，".join(_said(reading))
    if said:
        yield f"一、办件情况。{said}。"
    else:
        yield "一、办件情况。本期无统计数据。"
    yield "二、等次。" + "；".join(_grades(reading, ledger) for ledger in LEDGERS) + "。"
    windows, people = figures.awarded(reading)
    yield f"三、表彰。{f'窗口 {windows} 个、个人 {people} 人次，名单附后。' if windows or people else '本期没有。'}"
    seats = [sheet.bottom for ledger in LEDGERS for sheet in kept.sheets(ledger)]
    last, tied = seats.count("yes"), seats.count("tied")
    yield "四、末位。" + "；".join(_last(last, tied)) + "。"
    stands = sum(one.stands for one in kept.effects)
    waits = len(kept.effects) - stands
    yield f"五、处理。成立 {stands} 项，附后" + (f"；另有 {waits} 项未查实，不在本通报之列。" if waits else "。")
    yield (
        f"另有 {len(kept.proposals)} 条事项尚未查实、{len(kept.unknown)} 个时段无法判定，均未扣分。"
        "对考评结果不服的，可以向考核领导小组申请复核。"
    )


def _last(last: int, tied: int) -> Iterator[str]:
    if last:
        yield f"列入 {last} 个，名单附后，由分管领导与窗口单位谈话，限期整改"
    if tied:
        yield f"{'另有 ' if last else ''}{tied} 个得分并列，未由人选定，不作末位对待"
    if not last and not tied:
        yield "本期没有"


def _said(reading: Reading) -> Iterator[str]:
    found = reading.snapshot.statistics.get("figures") or {}
    names = ("received", "completed", "immediate_rate", "promised_on_time_rate", "promised_early_rate")
    for name in names:
        value = figures.value_text(name, found.get(name))
        if value is not None:
            unit = "" if FIGURES[name].share else " 件"
            yield f"{FIGURES[name].zh} {value}{unit}"


def _grades(reading: Reading, ledger: Ledger) -> str:
    counted: dict[str, int] = {}
    for sheet in sorted(reading.snapshot.sheets(ledger), key=lambda s: (-s.points, s.id)):
        counted[grade(sheet)] = counted.get(grade(sheet), 0) + 1
    parts = "、".join(f"{name} {number}" for name, number in counted.items())
    return f"{words.LEDGERS[ledger]}：{parts or '无'}"


def _top(reading: Reading) -> Table:
    rows: list[Row] = []
    for ledger in LEDGERS:
        first = [sheet for sheet in reading.ranked(ledger) if sheet.place is not None and sheet.place <= _TOP]
        rows += [_placed(reading, ledger, sheet) for sheet in first]
    return Table(name=f"名次（前 {_TOP}）", columns=_PLACED, rows=tuple(rows), note="得分相同的并列；样本不足的不排名")


_PLACED: Final = columns(("账", 6), ("名次", 10), ("名称", 24), ("单位", 24), ("得分", 9, "points"), ("等次", 14))


def _placed(reading: Reading, ledger: Ledger, sheet: Sheet) -> Row:
    return (
        words.LEDGERS[ledger], place(sheet), reading.whom(ledger, sheet.id), reading.unit(sheet.unit), sheet.points,
        grade(sheet),
    )  # fmt: skip


def _bottom(reading: Reading) -> Table:
    """Who is last as closing found it; where equals straddle the last seat a person has still to tell (H03)."""
    rows: tuple[Row, ...] = tuple(
        (*_placed(reading, ledger, sheet), "并列，待人选定" if sheet.bottom == "tied" else "列入")
        for ledger in LEDGERS
        for sheet in reversed(reading.ranked(ledger))
        if sheet.bottom != "no"
    )
    note = "据考评细则的末位名额；样本不足的不在其列"
    return Table(name="末位", columns=(*_PLACED, *columns(("状态", 16))), rows=rows, note=note)


def _awards(reading: Reading) -> Table:
    rows = tuple(_award(reading, one) for one in reading.snapshot.awards)
    return Table(name="表彰", columns=columns(("奖项", 24), ("名称", 28), ("名次", 12), ("状态", 12)), rows=rows)


def _award(reading: Reading, one: Award) -> Row:
    chosen = "待人选定" if one.state == "tied" else "列入"
    return award(one), reading.whom(one.ledger, one.whom), seat(one.place, tied=one.state == "tied"), chosen


def _effects(reading: Reading) -> Table:
    """Of a circular those that stand alone: what waits for a person is nobody's business yet."""
    return _effect_table(reading, [one for one in reading.snapshot.effects if one.stands])


def _effect_table(reading: Reading, found: Sequence[FiredEffect]) -> Table:
    rows: tuple[Row, ...] = tuple(
        (words.LEDGERS[one.ledger], reading.whom(one.ledger, one.whom), effect_text(one), one.article,
         reading.said(one.why))
        for one in found
    )  # fmt: skip
    return Table(
        name="处理",
        columns=columns(("账", 6), ("名称", 18), ("后果", 24), ("依据条文", 18), ("理由", 54)),
        rows=rows,
    )


def _figures(reading: Reading) -> Table:
    found = reading.snapshot.statistics.get("figures") or {}
    rows: tuple[Row, ...] = tuple(
        (row, FIGURES[name].zh, figures.value_text(name, found.get(name)), FIGURES[name].defined_zh)
        for row, names in figures.ROWS
        for name in names
        if name in found
    )
    return Table(name="统计", columns=columns(("编号", 7), ("指标", 22), ("数值", 14), ("定义", 66)), rows=rows)


def proposed(reading: Reading) -> tuple[str, str]:
    """Title and text of a circular as the program would write it, for whoever drafts one: a paragraph a line. Whom an
    effect calls a circular for (A06, A11) is named as the report names people.
    """
    letter = circular(reading)
    texts = [*letter.report.texts[:-1], *_called(reading), letter.report.texts[-1]]
    return letter.report.title, "\n".join(texts)


def _called(reading: Reading) -> Iterator[str]:
    found = [one for one in reading.snapshot.effects if one.effect == "circular" and one.stands and not one.carried]
    if found:
        said = "；".join(
            f"{reading.whom(one.ledger, one.whom)}（{one.article}，{reading.said(one.why)}）" for one in found
        )
        yield f"六、点名通报。{said}。"


def worded(letter: Letter, title: str, text: str, document: str) -> Letter:
    """The letter with the words of whoever drafted it in place of the program's; its tables stay. `document`: its
    number (文号), empty for a draft, which its title then says.
    """
    whole = title if document else f"【草稿】{title}"
    lines = (line.strip() for line in text.splitlines())
    texts = (*((document,) if document else ()), *(line for line in lines if line))
    report = replace(letter.report, title=whole, texts=texts)
    return replace(letter, values={**letter.values, "title": whole, "texts": texts}, report=report)


# --------------------------------------------------------------------------- feedback


class NoWindow(ValueError):
    """The snapshot has no such window."""


def feedback(reading: Reading, window: str, paper: Paper = NOT_ISSUED) -> Letter:
    """Raises NoWindow."""
    sheet = next((one for one in reading.snapshot.windows if one.id == window), None)
    if sheet is None:
        known = "、".join(one.id for one in reading.sheets("window")) or "无"
        raise NoWindow(f"{window}: 快照中没有这个窗口 no such window in the snapshot; 有 there are: {known}")
    mine = [one for one in reading.ranked("staff") if one.window == window]
    tables = {
        "entries": entries_of(reading, "window", [sheet]),
        "people": _people(reading, mine),
        "effects": _effect_table(reading, _mine(reading, sheet, mine)),
        "notes": notes.table(reading),
    }
    more = {"unit": reading.unit(sheet.unit) or "（未登记单位）", "window": reading.window(window),
            "receipt": paper.receipt}  # fmt: skip
    title = f"关于{more['window']}{reading.period}考评情况的反馈函"
    return _letter(reading, "feedback", title, tuple(_feedback_texts(reading, sheet, more, mine)), tables, more, paper)


def _mine(reading: Reading, sheet: Sheet, people: Sequence[Sheet]) -> list[FiredEffect]:
    found = reading.effects_of("window", sheet.id)
    for person in people:
        found += reading.effects_of("staff", person.id)
    return found


def _feedback_texts(
    reading: Reading, sheet: Sheet, named: dict[str, str], people: Sequence[Sheet]
) -> Iterator[str]:  # fmt: skip
    yield f"{named['unit']}："
    if not reading.closed:
        yield "本稿未结账，供核对，不作为依据。"
    of = sum(one.place is not None for one in reading.snapshot.windows)
    placed = f"列 {of} 个窗口的第 {place(sheet)} 名" if sheet.place is not None else "因样本不足不排名"
    yield (
        f"依据《{reading.snapshot.book.title.zh}》，你单位派驻的{named['window']}在{reading.period}的考评中"
        f"得 {sheet.points:.2f} 分，等次为{grade(sheet)}，{placed}。"
    )
    yield (
        f"本期共有分录 {len(sheet.lines)} 笔，逐笔附后，各注明条款、事实和确认人；窗口人员 {len(people)} 人，得分附后。"
        f"本窗口有 {sheet.unknown} 个时段无法判定，未扣分。"
    )
    waiting = sum(
        (one.ledger, one.whom) in {("window", sheet.id), *(("staff", p.id) for p in people)}
        for one in reading.snapshot.proposals
    )
    if waiting:
        yield f"另有 {waiting} 条涉及本窗口或其人员的事项尚未查实，未计分。"
    yield "对考评结果不服的，可以向考核领导小组申请复核（§31）。"


def _people(reading: Reading, people: Sequence[Sheet]) -> Table:
    rows: tuple[Row, ...] = tuple(
        (one.id, reading.person(one.id), one.points, grade(one), place(one), one.duty, one.unknown,
         "；".join(effect_text(e) for e in reading.effects_of("staff", one.id)))
        for one in people
    )  # fmt: skip
    return Table(
        name="人员得分",
        columns=columns(("工号", 12), ("姓名", 16), ("得分", 9, "points"), ("等次", 14), ("名次", 12),
                        ("已知在岗天数", 13, "int"), ("未知时段", 9, "int"), ("处理", 26)),
        rows=rows,
    )  # fmt: skip


# --------------------------------------------------------------------------- both


def _letter(
    reading: Reading,
    name: str,
    title: str,
    texts: tuple[str, ...],
    tables: dict[str, Table],
    more: dict[str, str],
    paper: Paper,
) -> Letter:
    whole = f"{reading.mark}{title}"
    values: dict[str, object] = {
        "title": whole, "hall": reading.hall, "period": reading.period, "state": reading.state, "texts": texts,
        "document": paper.document or NO_NUMBER,
        "made": chinese_date(paper.issued or reading.made), "book": reading.book, "foot": reading.foot, **more,
        **{key: _grid(table) for key, table in tables.items()},
    }  # fmt: skip
    told = (*texts, f"文号：{paper.document or NO_NUMBER}", *([paper.receipt] if "receipt" in more else ()))
    report = Report(
        title=whole, period=reading.period, state=reading.state, foot=reading.foot, made=reading.made, texts=told,
        tables=tuple(tables.values()),
    )  # fmt: skip
    return Letter(name=name, values=values, report=report)


def _grid(table: Table) -> Grid:
    return tuple(tuple(texts_of(row, table.columns)) for row in table.rows)
