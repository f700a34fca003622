"""Nobody is graded on nothing (不定等次): of whom anything is known, and what a month without it comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from monitor.assessment.assess import assess
from monitor.assessment.book import RuleBook
from monitor.assessment.known import NOT_ASSESSED, known_of
from monitor.assessment.model import Ledger, Unknown
from monitor.assessment.results import Earlier
from monitor.assessment.scores import Score
from monitor.assessment.scoring import Scoring
from monitor.assessment.streaks import History, returned
from monitor.timeliness.statistics import Counts
from monitor.wording import render
from monitor.workcal import build_calendar
from tests.assessed import book_of, entry, fact, key, row

CALENDAR = build_calendar()
MONTH = Scoring(hall="ty", month="2026-03", first=date(2026, 3, 1), last=date(2026, 3, 31))
STOOD = {"p1": "w1", "p2": "w1", "p3": "w2"}
UNKNOWN = Unknown(subject="slot:p1/2026-03-02/am_in", date=date(2026, 3, 2), window="w1", staff="p1", why="unknown")


@pytest.mark.parametrize(
    ("says", "month", "expected"),
    [
        ("nothing is nothing, and unknown time is not known", {"unknowns": (UNKNOWN,)}, ""),
        ("a day of duty is the person's alone", {"duty": {"p1": 1}}, "staff.p1"),
        ("of a window watched its people too, where nobody checks in", {"watched": {"w1": 3}},
         "staff.p1 staff.p2 window.w1"),
        ("but not where others check in: whoever did not is not known", {"watched": {"w1": 3}, "duty": {"p1": 2}},
         "staff.p1 window.w1"),
        ("a case that was received is known", {"cases": {"w2": Counts(received=1)}}, "staff.p3 window.w2"),
        ("a window that is listed with none is not", {"cases": {"w2": Counts()}}, ""),
        ("a fact is known of whom it names", {"facts": (fact("absent", "slot:p2/2026-03-02/am_in", "2026-03-02",
                                                             staff="p2"),)}, "staff.p1 staff.p2 window.w1"),
    ],
)  # fmt: skip
def test_of_whom_anything_is_known(says: str, month: dict[str, Any], expected: str) -> None:
    found = known_of([replace(MONTH, **month)], STOOD, ())
    assert " ".join(sorted(f"{ledger}.{whom}" for ledger, whom in found)) == expected, says


def test_a_line_of_the_ledger_is_known() -> None:
    assert known_of([], {}, [entry(key("f", whom="p9"), "-1", "2026-03-02")]) == {("staff", "p9")}


def _book(least: int, **more: Any) -> RuleBook:
    return book_of(row("A03", "late", "-0.2"), cycle={"minimum_days": least, "minimum_cases": least}, **more)


def _score(whom: str, ledger: Ledger = "staff", points: str = "100", period: str = "2026-03") -> Score:
    value = Decimal(points)
    return Score(ledger=ledger, whom=whom, period=period, start=value, months=(), entries=(), adjustments=(),
                 full=value, points=value)  # fmt: skip


def _grades(least: int) -> list[str]:
    scores = [_score("p1"), _score("p2"), _score("w1", "window"), _score("w2", "window")]
    found = assess("2026-03", scores, (), _book(least), CALENDAR, entries=(), duty={"p1": 20}, cases={"w1": 30},
                   known={("staff", "p1"), ("window", "w1")})  # fmt: skip
    return [f"{one.whom} {one.grade} {one.place}" for one in found.results]


def test_a_month_of_which_nothing_is_known_has_no_grade_and_keeps_nobody_from_theirs() -> None:
    assert _grades(10) == ["p1 excellent 1", f"p2 {NOT_ASSESSED} None", "w1 excellent 1", f"w2 {NOT_ASSESSED} None"]


def test_a_book_that_demands_nothing_known_grades_all_the_same() -> None:
    assert _grades(0) == ["p1 excellent 1", "p2 excellent 1", "w1 excellent 1", "w2 excellent 1"]


def test_it_says_why() -> None:
    found = assess("2026-03", [_score("p2")], (), _book(10), CALENDAR, entries=(), duty={}, cases={}, known=())
    assert [render(one, "zh", names={"staff:p2": "李四"}) for one in found.results[0].why] == [
        "李四 2026-03 没有任何已知的在岗、办件或记录，不定等次，也不计入更长期间的平均。",
        "李四 2026-03 已知在岗 0 天，不足 10 天，样本过少，不排名次。",
    ]


@pytest.mark.parametrize(
    ("months", "places"),
    [(None, {"p1": None, "p2": None}), (3, {"p1": 1, "p2": None})],
    ids=["all twelve", "the book began in October"],
)
def test_of_a_year_as_many_days_are_demanded_as_months_were_assessed(
    months: int | None, places: dict[str, int | None]
) -> None:
    scores = [_score(whom, period="2026") for whom in ("p1", "p2")]
    found = assess("2026", scores, (), _book(10), CALENDAR, entries=(), duty={"p1": 30, "p2": 29}, cases={},
                   months=months)  # fmt: skip
    assert {one.whom: one.place for one in found.results} == places


def test_it_breaks_a_row_of_quarters_and_is_no_step_of_it() -> None:
    """G13: two quarters 基本称职 in a row; one of which nothing is known is neither that nor 不称职."""
    known = [Earlier(period=one, ledger="staff", whom="p1", grade=grade) for one, grade in
             (("2026-Q1", "basic"), ("2026-Q2", NOT_ASSESSED))]  # fmt: skip
    history = History(known).of("staff", "p1")
    assert returned("p1", "2026-Q2", NOT_ASSESSED, _book(10), history) is None
    assert returned("p1", "2026-Q3", "basic", _book(10), history) is None
    assert returned("p1", "2026-Q2", "basic", _book(10), history) is not None
