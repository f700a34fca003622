"""The weekly summary (周小结, H01) as a report: the figures that were kept when it was made, and its words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from monitor.exports.assessment.reading import ZONE, short
from monitor.exports.assessment.table import Report, Row, Table, columns
from monitor.exports.attendance.local import one_line
from monitor.model import Outcome
from monitor.wording import outcome_word, rule_title

_FOUND = {"order": "秩序正常", "reminded": "当面提醒", "card": "人工发牌"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """A kept summary. `figures`: those of `supervision.assessment.cycle.weeks`; `made_by`: a name; `zone`: the hall's,
    in which instants are printed.
    """

    hall: str
    week: str
    figures: Mapping[str, Any]
    text: str
    made_at: datetime
    made_by: str
    zone: tzinfo = ZONE


def weekly(week: Week) -> Report:
    """The same summary gives the same report."""
    made = week.made_at.astimezone(week.zone)
    figures = week.figures
    counted = f"数据截至 {_local(figures['as_of'], week.zone)}；" if "as_of" in figures else ""
    when = made.isoformat(sep=" ", timespec="seconds")
    return Report(
        title=f"{short(one_line(week.hall))} {week.week[:4]}年第{int(week.week[6:])}周监察小结",
        period=f"{figures.get('from', '')} 至 {figures.get('to', '')}",
        state=f"{counted}编制于 {when}，编制人 {short(one_line(week.made_by))}",
        foot=f"{week.week} · 作小结以后的变化不在其内；只是情况，不是得分",
        made=made,
        texts=tuple(one_line(part) for part in week.text.splitlines() if part.strip()),
        tables=(_cards(figures), _slots(figures), _rest(figures)),
    )


def _local(instant: object, zone: tzinfo) -> str:
    return f"{datetime.fromisoformat(str(instant)).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _cards(figures: Mapping[str, Any]) -> Table:
    found: Mapping[str, Mapping[str, int]] = figures.get("cards") or {}
    rows: Sequence[Row] = [
        (rule_title(rule), rule, levels.get("yellow", 0), levels.get("red", 0))
        for rule, levels in sorted(found.items())
    ]
    heads = columns(("规则", 40), ("代码", 30), ("黄牌", 10, "int"), ("红牌", 10, "int"))
    return Table(name="发牌", columns=heads, rows=tuple(rows), note="本周发出、未撤回的牌；牌不等于扣分")


def _slots(figures: Mapping[str, Any]) -> Table:
    found: Mapping[str, int] = figures.get("checkins") or {}
    known = {one.value for one in Outcome}
    rows: Sequence[Row] = [
        (outcome_word(Outcome(verdict)) if verdict in known else verdict, number)
        for verdict, number in sorted(found.items())
    ]
    return Table(name="打卡时段", columns=columns(("判定", 40), ("个数", 12, "int")), rows=tuple(rows))


def _rest(figures: Mapping[str, Any]) -> Table:
    ratings: Mapping[str, int] = figures.get("ratings") or {}
    patrols: Mapping[str, int] = figures.get("patrols") or {}
    rows: Sequence[Row] = [
        ("评价", ratings.get("total")),
        ("其中差评", ratings.get("bad")),
        ("巡查轮次", patrols.get("rounds")),
        *((f"巡查：{word}", patrols.get(found, 0)) for found, word in _FOUND.items()),
    ]
    return Table(name="评价与巡查", columns=columns(("项目", 40), ("数量", 12, "int")), rows=tuple(rows))
