"""What a report counts beside scores: praise (D20), awards over a year (I08), what each item comes to (I05)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.assessment.counted import awards_of, praise_of
from monitor.assessment.model import ClaimKey, Entry, Ledger
from monitor.assessment.results import Award, Earlier
from monitor.exports.assessment.figures import tables
from monitor.exports.assessment.reading import Reading
from monitor.model import Reason
from tests.assessed import book_of, entry, row
from tests.snapshots import small

BOOK = book_of(
    row("D14", "mark", "2", charges=("window",), mark="manual"),
    row("D15", "mark", "2", mark="manual"),
    row("E22", "mark", None, ladder={"county": 2, "city": 5}, mark="manual", charges=("window", "person")),
    row("E13", "mark", None, ladder={"found": -1}, mark="manual"),
    row("A15", "mark", "-1", mark="manual"),
    row("C06", "item.immediate", "1", charges=("window",)),
)


def _entry(rule: str, fact: str, *, points: str = "2", whom: str = "p1", source: str = "mark", **more: Any) -> Entry:
    ledger: Ledger = "window" if whom.startswith("w") else "staff"
    return entry(ClaimKey(ledger, whom, rule, source, fact), points, "2026-03-02", **more)


def test_praise_is_counted_once_for_each_happening_and_never_what_was_taken_back() -> None:
    taken = _entry("D15", "mark:9")
    entries = [
        _entry("D15", "mark:1"), _entry("D15", "mark:2", whom="p2"), _entry("D14", "mark:3", whom="w1"),
        _entry("E22", "mark:4", whom="w1"), _entry("E22", "mark:4", whom="p1"),
        _entry("E13", "mark:5", points="-1"), _entry("A15", "mark:6", points="-1"),
        _entry("C06", "item:1", whom="w1", source="item.immediate"),
        taken, replace(taken, revision=1, points=-taken.points, reverses=0),
    ]  # fmt: skip
    assert praise_of(entries, BOOK) == {"D14": 1, "D15": 2, "E22": 1}
    assert praise_of([*entries, *entries[::-1]], BOOK) == praise_of(entries, BOOK)
    assert praise_of([], BOOK) == {}


def _award(whom: str, period: str, state: str = "awarded") -> Award:
    ledger: Ledger = "window" if whom.startswith("w") else "staff"
    given: Any = state
    return Award(ledger=ledger, whom=whom, period=period, place=1, state=given, why=Reason(code="assessment.award"))


def _earlier(period: str, *whom: str, awarded: bool = True) -> list[Earlier]:
    return [
        Earlier(period=period, ledger="window" if one.startswith("w") else "staff", whom=one, grade="excellent",
                awarded=awarded)
        for one in whom
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2025", {"windows": 3, "staff": 6}),
        ("2025-H2", {"windows": 2, "staff": 4}),
        ("2025-Q4", {"windows": 1, "staff": 2}),
        ("2025-12", {"windows": 1, "staff": 2}),
    ],
)
def test_i08_windows_are_counted_once_and_people_each_time_over_the_year(period: str, expected: dict[str, int]) -> None:
    """「20個窗口…受到表彰，有118人次獲得服務標兵稱號」: w1 twice is one window, p1 three times is three."""
    before = [
        *_earlier("2025-Q1", "w1", "w2", "p1", "p2"), *_earlier("2025-Q3", "w3", "p1", "p3"),
        *_earlier("2025-Q2", "w4", "p4", awarded=False), *_earlier("2024-Q4", "w5", "p5"),
        *_earlier("2025-11", "w6", "p6"),
    ]  # fmt: skip
    now = [_award("w1", period), _award("p1", period), _award("p4", period), _award("p9", period, "tied")]
    assert awards_of(period, now, [*before, *_earlier(period, "p8")]) == expected


def test_the_report_prints_them_with_what_each_item_comes_to() -> None:
    kept = {
        **small().statistics,
        "items": [{"id": "i9", "name": "三证合一营业执照", "figures": {
            "received": 460, "completed": 460, "completion_rate": 1.0, "completed_per_workday": 20.91,
            "promised_on_time_rate": 1.0}}],
        "praise": [{"row": "D15", "name": "当事人感谢、表扬", "count": 35}],
        "awarded": {"windows": 20, "staff": 118},
    }  # fmt: skip
    whole, *parts = tables(Reading(replace(small(), statistics=kept, kind="year", period="2025")))
    said = {(str(line[0]), str(line[1])): (line[2], str(line[3])) for line in whole.rows}
    assert said["I08", "受表彰窗口"] == ("20", "本期及期内各季度列入表彰的窗口个数；同一窗口计一次")
    assert said["I08", "服务标兵（先进个人）"][0] == "118"
    assert said["D20", "当事人感谢、表扬"][0] == "35"
    (of_items,) = [one for one in parts if one.name == "分事项统计"]
    assert of_items.rows == (("i9", "三证合一营业执照", "460", "460", "100.00%", "20.91", "100.00%"),)
