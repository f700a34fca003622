"""Three people and two windows of a hall under Tianyang's regulation, first quarter of 2026, computed by hand.

w1 has p1, who leads it, and p2; w2 has p3. What happened stands in `HAPPENED`, what the regulation makes of it in
`BOOKED`, article by article; every score, grade, veto and award below was added up by hand from these.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.assess import assess
from monitor.assessment.book import RuleBook, read_book
from monitor.assessment.derive import derive
from monitor.assessment.ledger import Standing, reconcile
from monitor.assessment.model import Entry, Fact, Ledger, Proposal
from monitor.assessment.results import Assessed, Earlier
from monitor.assessment.scores import Score, month_score, months_of, period_score
from monitor.wording import render
from monitor.workcal import build_calendar
from tests.assessed import fact

BOOKS = Path(__file__).resolve().parents[2] / "config" / "assessment"
CALENDAR = build_calendar()
FOUND: dict[str, Any] = {"proof": "confirmed", "proposer": "inspector", "confirmed_by": "supervisor", "evidence": True}
"""Found by one and confirmed by another (经查实)."""
P1: dict[str, Any] = {"window": "w1", "staff": "p1", "lead": "p1"}
P2: dict[str, Any] = {"window": "w1", "staff": "p2", "lead": "p1"}
P3: dict[str, Any] = {"window": "w2", "staff": "p3", "lead": "p3"}
W1: dict[str, Any] = {"window": "w1", "staff": None, "lead": "p1"}
W2: dict[str, Any] = {"window": "w2", "staff": None, "lead": "p3"}

HAPPENED: tuple[Fact, ...] = (
    # January
    fact("late", "slot:p3/2026-01-05/am_in", "2026-01-05", **P3),
    fact("hand", "card:11", "2026-01-14", row="E18", cards=(11,), **P2 | FOUND),
    # February
    fact("mark", "mark:1", "2026-02-04", row="E24.marked", amount=Decimal(4), **P1 | {"window": None} | FOUND),
    fact("case.false_close", "case:h/7", "2026-02-10", **W1 | FOUND),
    fact("hand", "card:12", "2026-02-11", row="E16", cards=(12,), **P3 | FOUND),
    # March
    fact("late", "slot:p1/2026-03-02/am_in", "2026-03-02", **P1),
    fact("early", "slot:p2/2026-03-03/pm_out", "2026-03-03", **P2),
    fact("off_post", "card:21", "2026-03-04", cards=(21,), **P1 | {"window": None} | FOUND),
    fact("unstaffed", "card:22", "2026-03-05", cards=(22,), **W1 | FOUND),
    fact("absent", "slot:p3/2026-03-06/am_in", "2026-03-06", **P3),
    fact("absent", "slot:p3/2026-03-06/pm_in", "2026-03-06", **P3),
    fact("absent", "slot:p3/2026-03-09/am_in", "2026-03-09", **P3),
    fact("case.overdue", "case:h/31", "2026-03-10", amount=Decimal(2), cards=(31,), **P2),
    fact("case.supplements", "case:h/32", "2026-03-11", amount=Decimal(2), **P3),
    fact("case.refusal_reason", "case:h/33", "2026-03-12", **P1),
    fact("complaint.verified", "task:t1", "2026-03-13", **P3 | FOUND),
    fact("complaint.in_time", "task:t1", "2026-03-16", **P3 | FOUND),
    fact("rating.bad", "rating:9", "2026-03-17", proof="open", **P3),
    fact("leave.uncovered", "leave:l1/2026-03", "2026-03-18", spared=True, **P2),
    fact("mark", "mark:2", "2026-03-19", row="D15", **P1 | {"window": None} | FOUND),
    fact("mark", "mark:3", "2026-03-20", row="E13", rung="centre", event="e1", **P2 | FOUND),
    fact("mark", "mark:4", "2026-03-24", row="E13", rung="county", event="e1", **P2 | FOUND),
)  # fmt: skip

BOOKED = """
staff  p3 2026-01 A03          §23(1)           -0.20
window w2 2026-01 A07.late     §14(4)           -0.50
staff  p2 2026-01 E18          §23(2)           -1.00
staff  p1 2026-02 E24.marked   §25(1)            4.00
window w1 2026-02 F03          §18(7)           -5.00
staff  p3 2026-02 E16          §21              -0.20
staff  p1 2026-03 A03          §23(1)           -0.20
window w1 2026-03 A07.late     §14(4)           -0.50
staff  p2 2026-03 A04          §23(1)           -0.20
window w1 2026-03 A07.early    §14(4)           -0.50
staff  p1 2026-03 A05          §23(1)           -0.50
window w1 2026-03 A08          §13(4)           -2.00
window w2 2026-03 A07.absent   §14(4)           -1.00
window w2 2026-03 A07.absent   §14(4)           -1.00
window w2 2026-03 A07.absent   §14(4)           -1.00
window w1 2026-03 C01          §15(7)          -10.00
staff  p2 2026-03 C02          §24(1)          -10.00
window w2 2026-03 C09          §15(2)           -1.00
staff  p1 2026-03 C11          §22(3)           -1.00
window w2 2026-03 D09.complaint §18(5)(8)       -2.00
window w2 2026-03 D13          §19(3)            1.00
window w1 2026-03 B05          §23(5)           -1.00
staff  p1 2026-03 D15          §25(4)            2.00
window w1 2026-03 E13          §17(2), §23(6)   -8.00
staff  p2 2026-03 E13          §17(2), §23(6)   -8.00
"""
"""Each entry against its article of 001.2. p1 leads w1, but the overdue case was not his fault: rejected (C02). p1
refused without a reason as lead and as the one who did: charged once (C11). Of one circular the county's level alone
(E13). p2's leave by letter costs the window (B05). p3's bad rating waits for somebody to verify it (D06).
"""

SCORES = {
    # window w1: Jan 100; Feb 100-5; Mar 100-0.5-0.5-2-10-1-8
    # window w2: Jan 100-0.5; Feb 100; Mar 100-3-1-2+1
    # staff p1: Jan 100; Feb 100+4; Mar 100-1+2; p2: Jan 100-1; Feb 100; Mar 100-10-8; p3: Feb 100-0.2
    ("window", "w1"): ("100", "95", "78"),
    ("window", "w2"): ("99.5", "100", "95"),
    ("staff", "p1"): ("100", "104", "101"),
    ("staff", "p2"): ("99", "100", "82"),
    ("staff", "p3"): ("100", "99.8", "100"),
}
QUARTER = {  # means of the three months: 273/3, 294.5/3, 305/3, 281/3, 299.8/3
    ("window", "w1"): "91.00",
    ("window", "w2"): "98.17",
    ("staff", "p1"): "101.67",
    ("staff", "p2"): "93.67",
    ("staff", "p3"): "99.93",
}
YEAR = {  # with A03, A04 and A05, which are of the year's score (年终考核分值): -0.2-0.5, -0.2, -0.2
    ("staff", "p1"): "100.97",
    ("staff", "p2"): "93.47",
    ("staff", "p3"): "99.73",
}
MONTHS = ("2026-01", "2026-02", "2026-03")


@cache
def _book() -> RuleBook:
    return read_book((BOOKS / "tianyang.toml").read_text(encoding="utf-8"))


def _ledger(facts: Sequence[Fact]) -> tuple[tuple[Entry, ...], tuple[Proposal, ...]]:
    """The ledger after the proposals on the overdue case were decided: p2's fault, not the lead's."""
    claims = derive(facts, _book())
    first = reconcile(claims, Standing(), "2026-03")
    decided = [
        replace(one, number=n, state="confirmed" if one.key.whom == "p2" else "rejected", decided_by="supervisor")
        if one.key.row == "C02"
        else replace(one, number=n)
        for n, one in enumerate(first.proposed, start=1)
    ]
    second = reconcile(claims, Standing(entries=first.entries, proposals=decided), "2026-03")
    return (*first.entries, *second.entries), tuple(decided)


def _scores(entries: Sequence[Entry], period: str) -> list[Score]:
    found = []
    for ledger, whom in SCORES:
        side: Ledger = "window" if ledger == "window" else "staff"
        months = {m: month_score(side, whom, m, entries, _book()).points for m in MONTHS}
        if len(months_of(period)) == 1:
            found.append(month_score(side, whom, period, entries, _book()))
        else:
            found.append(period_score(side, whom, period, entries, months, _book()))
    return found


def _assessed(period: str, facts: Sequence[Fact] = HAPPENED, before: Sequence[Earlier] = ()) -> Assessed:
    entries, proposals = _ledger(facts)
    months = len(months_of(period))
    return assess(
        period, _scores(entries, period), facts, _book(), CALENDAR, before, entries=entries, proposals=proposals,
        duty={"p1": 20 * months, "p2": 20 * months, "p3": 18 * months}, cases={"w1": 90 * months, "w2": 60 * months},
        posts={"p1": "w1", "p2": "w1", "p3": "w2"},
    )  # fmt: skip


def _line(entry: Entry) -> tuple[str, ...]:
    row = _book().row(entry.key.row)
    assert row is not None
    article = row.article.removeprefix("001.2 ")
    return entry.key.ledger, entry.key.whom, entry.month, row.id, article, f"{entry.points:.2f}"


def test_each_entry_against_its_article() -> None:
    entries, proposals = _ledger(HAPPENED)
    expected = []
    for line in BOOKED.strip().splitlines():
        ledger, whom, month, row, *article, points = line.split()
        expected.append((ledger, whom, month, row, " ".join(article), points))
    assert sorted(_line(one) for one in entries) == sorted(expected)
    assert all(one.reverses is None for one in entries)
    open_ = [(one.key.whom, one.key.row, one.why_open) for one in proposals if one.state == "open"]
    assert open_ == [("p3", "D06.rating", "unconfirmed")]
    assert [(one.key.whom, one.state) for one in proposals if one.key.row == "C02"] == [
        ("p1", "rejected"), ("p2", "confirmed"),
    ]  # fmt: skip


@pytest.mark.parametrize(("place", "month"), list(enumerate(MONTHS)))
def test_the_months_scores(place: int, month: str) -> None:
    entries, _ = _ledger(HAPPENED)
    found = {(one.ledger, one.whom): one for one in _scores(entries, month)}
    assert {key: one.points for key, one in found.items()} == {key: Decimal(p[place]) for key, p in SCORES.items()}
    for one in found.values():
        assert one.start + sum(e.points for e in one.entries) + sum(a.points for a in one.adjustments) == one.points


def test_the_quarter_and_the_year() -> None:
    entries, _ = _ledger(HAPPENED)
    assert {(s.ledger, s.whom): str(s.points) for s in _scores(entries, "2026-Q1")} == QUARTER
    year = {(s.ledger, s.whom): str(s.points) for s in _scores(entries, "2026") if s.ledger == "staff"}
    assert year == YEAR


def _told(found: Assessed) -> list[tuple[str, str, str, str, str, int | None]]:
    return [(r.ledger, r.whom, f"{r.points:.2f}", r.by_score, r.grade, r.place) for r in found.results]


def test_march_its_grades_and_its_veto() -> None:
    """w2 has 95, but three half days absent make it 不合格 (§20b(4)). A fifth of three people is nobody (§4)."""
    march = _assessed("2026-03")
    assert _told(march) == [
        ("staff", "p1", "101.00", "excellent", "qualified", 1),
        ("staff", "p2", "82.00", "qualified", "qualified", 3),
        ("staff", "p3", "100.00", "excellent", "qualified", 2),
        ("window", "w1", "78.00", "qualified", "qualified", 2),
        ("window", "w2", "95.00", "excellent", "unqualified", 1),
    ]
    stands = [(f.id, f.whom, f.effect, f.reached.isoformat()) for f in march.fired if f.stands]
    assert stands == [
        ("A10", "p3", "no_award", "2026-03-09"),
        ("C01", "w1", "circular", "2026-03-10"),
        ("A09", "w2", "unqualified", "2026-03-09"),
    ]
    (veto,) = [f for f in march.fired if f.effect == "unqualified"]
    assert [ref.key for ref in veto.facts] == [
        "slot:p3/2026-03-06/am_in", "slot:p3/2026-03-06/pm_in", "slot:p3/2026-03-09/am_in",
    ]  # fmt: skip
    assert render(veto.why, "zh", names={"window:w2": "二号窗"}) == (
        "窗口 二号窗 2026-03 “旷工3次或1次2天以上：当月不合格”（001.2 §20b(4)）于 2026-03-09 成立"
        "，共 3 次（件），标准 3 次（件）。后果：不合格。"
    )
    assert march.awards == ()
    assert [f for f in march.fired if f.effect == "talk"] == [], (
        "Tianyang has no talk with the last (H03 is Tongshan's)"
    )


def test_january_and_february() -> None:
    assert [one[4] for one in _told(_assessed("2026-01"))] == ["qualified"] * 3 + ["excellent"] * 2
    assert [one[4] for one in _told(_assessed("2026-02"))] == ["qualified"] * 3 + ["excellent"] * 2
    assert _assessed("2026-01").fired == ()
    assert _assessed("2026-02").fired == ()


def test_the_quarter_its_grades_and_its_award() -> None:
    """w2 is the window of the quarter with 98.17: the veto was March's. w1 is second of the first three, but below 95
    (§9). w2's only person lost the award (§26(3)): it has nobody to nominate.
    """
    before = [one.kept() for month in MONTHS for one in _assessed(month).results]
    quarter = _assessed("2026-Q1", before=before)
    assert _told(quarter) == [
        ("staff", "p1", "101.67", "excellent", "qualified", 1),
        ("staff", "p2", "93.67", "qualified", "qualified", 3),
        ("staff", "p3", "99.93", "excellent", "qualified", 2),
        ("window", "w1", "91.00", "qualified", "qualified", 2),
        ("window", "w2", "98.17", "excellent", "excellent", 1),
    ]
    assert [(one.ledger, one.whom, one.state, one.nominees) for one in quarter.awards] == [
        ("window", "w2", "awarded", ())
    ]
    p3 = quarter.of("staff", "p3")
    assert p3 is not None
    assert render(p3.why[0], "zh", names={"staff:p3": "李四"}) == "李四 2026-Q1 得分达到优秀，但因A10取消评优资格。"
    assert all(one.carried for one in quarter.fired), "the months told of them: nothing is sent again"


def test_the_award_is_two_points_in_the_month_that_is_open_then() -> None:
    """§19(9), §25(6): +2 to the window of the quarter and to who stood at it, once each, of the day it was signed."""
    signed: dict[str, Any] = {"lead": "p3"}
    facts = [
        fact("award.window", "2026-Q1/w2", "2026-04-08", **signed | {"window": "w2", "staff": None}),
        fact("award.window", "2026-Q1/w2/p3", "2026-04-08", **signed | {"window": None, "staff": "p3"}),
    ]
    entries, _ = _ledger([*HAPPENED, *facts])
    assert sorted(_line(one) for one in entries if one.month == "2026-04") == [
        ("staff", "p3", "2026-04", "E23", "§19(9), §25(6)", "2.00"),
        ("window", "w2", "2026-04", "E23", "§19(9), §25(6)", "2.00"),
    ]
    assert month_score("window", "w2", "2026-04", entries, _book()).points == Decimal(102)
    assert [s.points for s in _scores(entries, "2026-03") if s.whom == "w2"] == [Decimal(95)], "March stays as it was"


def test_half_a_year_has_grades_and_no_awards() -> None:
    half = _assessed("2026-H1")
    assert [one[2] for one in _told(half)] == ["101.67", "93.67", "99.93", "91.00", "98.17"]
    assert half.awards == ()


def test_the_order_and_repetition_of_facts_change_nothing() -> None:
    first = _assessed("2026-03")
    for seed in range(3):
        mixed = [*HAPPENED, *HAPPENED[5:9]]
        random.Random(seed).shuffle(mixed)
        assert _assessed("2026-03", mixed) == first
