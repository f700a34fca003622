"""The strip of the legal clock: what each date shows, and how weeks are laid out."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from monitor.console.pages.frame import environment
from monitor.console.pages.languages import Language
from monitor.console.pages.strip import days

STEPS: list[dict[str, Any]] = [
    {"date": "2026-03-05", "counted": False, "why": "start_day"},
    {"date": "2026-03-06", "counted": True, "why": "counted"},
    {"date": "2026-03-07", "counted": False, "why": "weekend"},
    {"date": "2026-03-08", "counted": False, "why": "weekend"},
    {"date": "2026-03-09", "counted": False, "why": "pause:suspended/e7"},
    {"date": "2026-03-10", "counted": True, "why": "counted"},
]


def shown(language: Language, steps: list[dict[str, Any]] | None = None) -> str:
    made = days(STEPS if steps is None else steps, date(2026, 3, 10), date(2026, 3, 9), language)
    template = environment(language).from_string('{% from "part_strip.html" import strip %}{{ strip(days) }}')
    return template.render(days=made)


def test_counted_days_are_numbered_and_the_others_say_why() -> None:
    made = days(STEPS, date(2026, 3, 10), date(2026, 3, 9), "zh")
    assert [d["n"] for d in made] == [None, 1, None, None, None, 2]
    assert [d["weekday"] for d in made] == ["四", "五", "六", "日", "一", "二"]
    assert [d["date"].day for d in made if d["is_today"]] == [9]
    assert [d["date"].day for d in made if d["is_due"]] == [10]
    assert made[4]["why"] == "中止期间，不计入（特别程序，事件 e7）"
    assert days(STEPS, None, date(2026, 1, 1), "en")[2]["why"] == "weekend, not counted"


def test_the_paper_behind_a_day_stands_beside_the_short_text() -> None:
    by = {"kind": "notice", "title": "放假通知", "year": 2026, "source": None}
    (made,) = days([{"date": "2026-02-17", "counted": False, "why": "holiday:春节", "by": by}], None, date.min, "zh")
    assert made["why"] == "春节，法定节假日，不计入"
    assert "放假通知" in made["more"]


def test_working_hours_are_counted_and_not_numbered() -> None:
    steps = [{"date": "2026-03-06", "counted": True, "why": "hours:6.5"}]
    (made,) = days(steps, None, date.min, "zh")
    assert (made["counted"], made["n"], made["why"]) == (True, None, "按工作时间计 6.5 小时")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_row_is_a_week(language: Language) -> None:
    text = shown(language)
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    assert [len(re.findall(r"<td", row)) for row in rows] == [7, 7]
    assert [len(re.findall("strip-none", row)) for row in rows] == [3, 5]


def test_what_a_colour_says_is_a_word_too() -> None:
    text = shown("zh")
    assert text.count("第 1 天") == text.count("第 2 天") == 1
    assert text.count('strip-flag due">到期') == 1
    assert text.count('strip-flag today">今天') == 1


def test_without_steps_there_is_nothing() -> None:
    assert shown("zh", []).strip() == ""
