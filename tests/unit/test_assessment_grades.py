"""Effects, grades, places, awards: one table for each row of the regulation, a sentence for each line (ADR 0048)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from monitor.assessment.assess import assess
from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.effects import effects
from monitor.assessment.firing import Ground
from monitor.assessment.ledger import Standing, reconcile
from monitor.assessment.model import ClaimKey, Entry, Fact, Ledger, Proposal
from monitor.assessment.ranking import Seats, last, rank, seated
from monitor.assessment.results import Assessed, Chosen, Earlier, Fired
from monitor.assessment.scores import Score
from monitor.assessment.spans import before as back
from monitor.assessment.spans import bounds, over
from monitor.wording import render
from monitor.wording.reasons import REASONS
from monitor.workcal import build_calendar
from tests.assessed import SCALE, book_of, entry, fact, row

CALENDAR = build_calendar()
STAFF = {
    "excellent_share": "0.2",
    "grades": [
        {"id": name, "name": {"zh": name, "en": name}, "at_least": mark}
        for name, mark in (("excellent", 95), ("qualified", 75), ("basic", 70), ("unqualified", 0))
    ],
}
WINDOW = {
    "excellent_top": 3,
    "grades": [
        {"id": name, "name": {"zh": name, "en": name}, "at_least": mark}
        for name, mark in (("excellent", 95), ("qualified", 75), ("unqualified", 0))
    ],
}


def effect(row_id: str, on: str, what: str, *sources: str, **more: Any) -> dict[str, Any]:
    named = {"zh": f"第{row_id}条", "en": f"row {row_id}"}
    return {"id": row_id, "article": f"§{row_id}", "name": named, "on": on, "effect": what, "sources": sources, **more}


ROWS = (
    row("A03", "late", "-0.2", score="year"),
    row("A04", "early", "-0.2", score="year"),
    row("A05", "off_post", "-0.5", score="year", mark="proposed"),
    row("A07.absent", "absent", "-1", charges=("window",)),
    row("C01", "case.overdue", "-10", charges=("window",)),
    row("C02", "case.overdue", "-10", charges=("lead", "person"), mark="proposed"),
    row("D09", "complaint.verified", "-2", charges=("window",), mark="proposed"),
    row("E16", "hand", "-0.2", mark="proposed"),
    row("E19.broker", "mark", "-5", mark="manual"),
)
EFFECTS = (
    effect("A06", "staff", "circular", "late", "early", "off_post", sum=5, period="year", mark="automatic"),
    effect("A09", "window", "unqualified", "absent", times=3, run=4),
    effect("A10", "staff", "no_award", "absent", times=3, run=4, period="quarter"),
    effect("A11", "staff", "return", "absent", times=6, period="year"),
    effect("A12", "staff", "no_award", "late", "early", "hand", rows=("E16",), times=3),
    effect("C03", "window", "unqualified", "case.overdue", times=3, amount=3),
    effect("C04", "staff", "no_award", "case.overdue", times=2, amount=3),
    effect("D12", "window", "unqualified", "complaint.verified", times=2, within=20),
    effect("E19", "staff", "no_award", "mark", rows=("E19.broker",), times=1, period="year"),
    effect("F05", "staff", "no_award", "case.late_entry", times=2, within=20, period="quarter"),
    effect("G10", "window", "no_excellent", "posting.vacant", times=1, period="quarter"),
    effect("G14", "staff", "return", "mark", rows=("G14",), times=3, within=250, period="year"),
)


def book(**more: Any) -> RuleBook:
    return book_of(*ROWS, effects=EFFECTS, staff=STAFF, window=WINDOW, **more)


BOOK = book()


def posted(facts: Iterable[Fact], of: RuleBook = BOOK, month: str | None = None) -> list[Entry]:
    """The entries that the book's claims of certain and confirmed facts come to."""
    return [
        Entry(
            key=c.key, revision=0, points=c.points, month=month or c.month, of_month=c.month, at=c.at, date=c.date,
            unit=c.unit, window=c.window, staff=c.staff, cards=c.cards, figures=c.figures,
        )
        for c in derive(facts, of)
        if c.posts
    ]  # fmt: skip


def fired(
    facts: Sequence[Fact], period: str, of: RuleBook = BOOK, *, entries: Sequence[Entry] | None = None,
    proposals: Sequence[Proposal] = (), before: Sequence[Earlier] = (), overdue: Sequence[Fact] | None = None,
) -> tuple[Fired, ...]:  # fmt: skip
    ground = Ground(
        facts=facts, entries=posted(facts, of) if entries is None else entries, proposals=proposals, overdue=overdue
    )
    return effects(ground, of, CALENDAR, period, before)


def told(found: Iterable[Fired]) -> list[str]:
    """`A09 w1 2026-03-05`, with a `?` where it only would fire, a `<` where an earlier closing told of it."""
    return [
        f"{one.id} {one.whom} {one.reached}{'' if one.stands else '?'}{'<' if one.carried else ''}" for one in found
    ]


def absent(*halves: str, whom: str = "p1", **more: Any) -> list[Fact]:
    """Half days `03-02am`, in 2026."""
    return [
        fact("absent", f"slot:{whom}/2026-{one[:5]}/{one[5:]}_in", f"2026-{one[:5]}", staff=whom, **more)
        for one in halves
    ]


def many(source: str, days: Iterable[str], **more: Any) -> list[Fact]:
    return [fact(source, f"{source}:{n}/{day}", day, **more) for n, day in enumerate(days)]


# --------------------------------------------------------------------------- A06


def lates(count: int, first: str, whom: str = "p1") -> list[Fact]:
    start = date.fromisoformat(first)
    return [
        fact("late", f"slot:{whom}/{start + timedelta(n)}/am_in", f"{start + timedelta(n)}", staff=whom, window=None)
        for n in range(count)
    ]


SUM = book_of(*ROWS, effects=(EFFECTS[0],))


@pytest.mark.parametrize(
    ("says", "facts", "period", "expected"),
    [
        ("twenty-four lates are 4.8 and nothing", lates(24, "2026-01-01"), "2026-01", []),
        ("the twenty-fifth makes 5.0, 含5分", lates(25, "2026-01-01"), "2026-01", ["A06 p1 2026-01-25"]),
        ("it fires in the month of the crossing", lates(25, "2026-03-20"), "2026-03", []),
        ("and there at the date", lates(25, "2026-03-20"), "2026-04", ["A06 p1 2026-04-13"]),
        ("once, not again in the next", lates(40, "2026-03-20"), "2026-05", []),
        ("a year's points begin anew", lates(20, "2025-12-20"), "2026-01", []),
        ("the quarter repeats what a month told", lates(25, "2026-03-20"), "2026-Q2", ["A06 p1 2026-04-13<"]),
        (
            "what waits for confirmation only would",
            [*lates(24, "2026-01-01"), fact("off_post", "card:1", "2026-01-28", proof="open")],
            "2026-01",
            ["A06 p1 2026-01-28?"],
        ),
        (
            "what was confirmed counts by its own points",
            [*lates(23, "2026-01-01"),
             fact("off_post", "card:1", "2026-01-28", proof="confirmed", confirmed_by="u1", proposer="u2")],
            "2026-01",
            ["A06 p1 2026-01-28"],
        ),
    ],
)  # fmt: skip
def test_a06_the_sum_of_the_year(says: str, facts: list[Fact], period: str, expected: list[str]) -> None:
    assert told(fired(facts, period, SUM)) == expected


def test_a06_shows_its_entries_and_words_them() -> None:
    (one,) = fired(lates(25, "2026-01-01"), "2026-01", SUM)
    assert (len(one.entries), len(one.facts), one.open) == (25, 25, ())
    assert render(one.why, "zh") == (
        "p1 2026 “第A06条”（§A06）于 2026-01-25 成立，累计扣 5.0 分，达 5.0 分（含），迟到 25 次。后果：通报。"
    )
    assert render(one.why, "en") == (
        "p1, 2026: “row A06” (§A06) since 2026-01-25, 5.0 points in all, which reaches 5.0, late 25 times."
        " It follows: circular."
    )


def test_a06_counts_from_the_month_in_which_an_entry_is_booked() -> None:
    """Confirmed after January was closed: it is February's ledger that comes to 5.0."""
    early = lates(24, "2026-01-01")
    late = fact("off_post", "card:1", "2026-01-28", proof="confirmed", confirmed_by="u1", proposer="u2")
    entries = [*posted(early, SUM), *posted([late], SUM, month="2026-02")]
    facts = [*early, late]
    assert told(fired(facts, "2026-01", SUM, entries=entries)) == []
    assert told(fired(facts, "2026-02", SUM, entries=entries)) == ["A06 p1 2026-02-01"]


def test_a06_is_not_told_twice_when_it_is_taken_back_and_comes_again() -> None:
    facts = [*lates(25, "2026-01-01"), *lates(1, "2026-03-03")]
    entries = posted(facts, SUM)
    first = next(e for e in entries if e.date == date(2026, 1, 5))
    entries.append(entry(first.key, "0.2", "2026-02-10", revision=1, reverses=0, of_month="2026-01"))
    assert told(fired(facts, "2026-01", SUM, entries=entries)) == ["A06 p1 2026-01-25"]
    assert told(fired(facts, "2026-02", SUM, entries=entries)) == []
    closed = Earlier(period="2026-01", ledger="staff", whom="p1", grade="qualified", effects=("circular A06",))
    assert told(fired(facts, "2026-03", SUM, entries=entries, before=[closed])) == []


def test_a06_is_not_told_twice_in_a_year_when_the_book_changes() -> None:
    of = book_of(*ROWS, effects=(EFFECTS[0] | {"sum": 6},))
    facts = [*lates(25, "2026-01-01"), *lates(5, "2026-02-02")]
    assert told(fired(facts, "2026-02", of)) == ["A06 p1 2026-02-06"]
    closed = Earlier(period="2026-01", ledger="staff", whom="p1", grade="qualified", effects=("circular A06",))
    assert told(fired(facts, "2026-02", of, before=[closed])) == []


def test_a06_by_quarter_where_the_hall_chose_so() -> None:
    quarterly = book_of(*ROWS, effects=(EFFECTS[0],), choices={"accumulate_period": "quarter"})
    facts = lates(25, "2026-03-20")
    assert told(fired(facts, "2026-04", quarterly)) == []
    assert told(fired(lates(25, "2026-04-01"), "2026-04", quarterly)) == ["A06 p1 2026-04-25"]


# --------------------------------------------------------------------------- A09-A12


@pytest.mark.parametrize(
    ("says", "facts", "expected"),
    [
        ("two half days are nothing", absent("03-02am", "03-10am"), []),
        (
            "three half days: the window fails, the person loses the award",
            absent("03-02am", "03-10am", "03-20pm"),
            ["A10 p1 2026-03-20", "A09 w1 2026-03-20"],
        ),
        (
            "of three people one each: the window's alone",
            [*absent("03-02am"), *absent("03-10am", whom="p2"), *absent("03-20pm", whom="p3")],
            ["A09 w1 2026-03-20"],
        ),
        ("nobody is charged for what is open", absent("03-02am", "03-10am", "03-20pm", proof="open"),
         ["A10 p1 2026-03-20?", "A09 w1 2026-03-20?"]),
        ("spared: the window answers, not the person", absent("03-02am", "03-10am", "03-20pm", spared=True),
         ["A09 w1 2026-03-20"]),
    ],
)  # fmt: skip
def test_a09_a10_three_times_absent(says: str, facts: list[Fact], expected: list[str]) -> None:
    assert told(fired(facts, "2026-03")) == expected


RUN = book_of(*ROWS, effects=(effect("A09", "window", "unqualified", "absent", run=4),))


@pytest.mark.parametrize(
    ("says", "halves", "expected"),
    [
        ("two whole days", ("03-03am", "03-03pm", "03-04am", "03-04pm"), ["A09 w1 2026-03-04"]),
        ("a day and a half", ("03-03am", "03-03pm", "03-04am"), []),
        ("over a weekend", ("03-06am", "03-06pm", "03-09am", "03-09pm"), ["A09 w1 2026-03-09"]),
        ("from a noon to a noon", ("03-03pm", "03-04am", "03-04pm", "03-05am"), ["A09 w1 2026-03-05"]),
        ("a half day between breaks it", ("03-03am", "03-03pm", "03-04pm", "03-05am"), []),
        ("a day between breaks it", ("03-03am", "03-03pm", "03-05am", "03-05pm"), []),
        (
            "over the Spring Festival",
            ("02-13am", "02-13pm", "02-14am", "02-14pm"),
            ["A09 w1 2026-02-14"],
        ),
    ],
)
def test_a09_a_run_is_unbroken_on_the_halls_calendar(says: str, halves: Sequence[str], expected: list[str]) -> None:
    assert told(fired(absent(*halves), f"2026-{halves[0][:2]}", RUN)) == expected


def test_a09_a_run_is_one_persons() -> None:
    facts = [*absent("03-03am", "03-03pm"), *absent("03-04am", "03-04pm", whom="p2")]
    assert fired(facts, "2026-03", RUN) == ()


def test_a09_absent_units_says_how_many_sessions_a_day_has() -> None:
    one_session = book_of(*ROWS, effects=RUN.model_dump()["effects"], choices={"absent_units": 1})
    assert told(fired(absent("03-03pm", "03-04am"), "2026-03", one_session)) == ["A09 w1 2026-03-04"]


def test_a_year_whose_calendar_is_not_published_is_no_ground() -> None:
    facts = [
        fact("absent", f"slot:p1/{day}/{half}_in", day) for day in ("2027-03-03", "2027-03-04") for half in ("am", "pm")
    ]
    (one,) = fired(facts, "2027-03", RUN)
    assert not one.stands
    assert "2027 年放假安排未公布" in render(one.why, "zh")


def test_a11_three_days_in_a_year_return_once() -> None:
    facts = absent("01-05am", "01-20pm", "02-03am", "02-20pm", "03-02am", "03-30pm", "04-01am")
    year = book_of(*ROWS, effects=(EFFECTS[3],))
    assert told(fired(facts[:5], "2026-03", year)) == []
    assert told(fired(facts, "2026-03", year)) == ["A11 p1 2026-03-30"]
    assert told(fired(facts, "2026-04", year)) == []


def test_a11_spells_its_figure_out_whatever_the_book_says_of_yi_shang() -> None:
    """「曠工3天以上（含3天）」: `included`; A09's figure is left to `inclusive`."""
    facts = absent("01-05am", "01-20pm", "02-03am", "02-20pm", "03-02am", "03-30pm")
    spelled = EFFECTS[3] | {"included": ["times"]}
    for of, expected in ((spelled, ["A11 p1 2026-03-30"]), (EFFECTS[3], [])):
        exclusive = book_of(*ROWS, effects=(of,), choices={"inclusive": False})
        assert told(fired(facts, "2026-03", exclusive)) == expected
    seventh = [*facts, *absent("03-31am")]
    assert told(fired(seventh, "2026-03", book_of(*ROWS, effects=(EFFECTS[3],), choices={"inclusive": False}))) == [
        "A11 p1 2026-03-31"
    ]


def test_a11_what_a_closed_month_could_not_know_is_told_in_the_next() -> None:
    facts = absent("01-05am", "01-20pm", "02-03am", "02-20pm", "03-02am", "03-30pm")
    year = book_of(*ROWS, effects=(EFFECTS[3],))
    unaware = Earlier(period="2026-03", ledger="staff", whom="p1", grade="qualified")
    assert told(fired(facts, "2026-04", year, before=[unaware])) == ["A11 p1 2026-03-30"]
    april = Earlier(period="2026-04", ledger="staff", whom="p1", grade="qualified", effects=("return A11",))
    assert told(fired(facts, "2026-05", year, before=[unaware, april])) == []


@pytest.mark.parametrize(
    ("says", "facts", "inclusive", "expected"),
    [
        ("late, late, early", [*many("late", ("2026-03-02", "2026-03-03")), *many("early", ("2026-03-09",))], True,
         ["A12 p1 2026-03-09"]),
        ("a row that is not named does not count",
         [*many("late", ("2026-03-02", "2026-03-03")), fact("hand", "card:1", "2026-03-09", row="E07")], True, []),
        ("a card by hand counts once it is confirmed",
         [*many("late", ("2026-03-02", "2026-03-03")),
          fact("hand", "card:1", "2026-03-09", row="E16", proof="confirmed", confirmed_by="u1", proposer="u2")], True,
         ["A12 p1 2026-03-09"]),
        ("a card by hand that waits only would",
         [*many("late", ("2026-03-02", "2026-03-03")), fact("hand", "card:1", "2026-03-09", row="E16", proof="open")],
         True, ["A12 p1 2026-03-09?"]),
        ("two months do not add up", many("late", ("2026-02-26", "2026-03-03", "2026-03-04")), True, []),
        ("以上 without the figure itself", many("late", ("2026-03-02", "2026-03-03", "2026-03-04")), False, []),
        ("and one beyond it", many("late", ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05")), False,
         ["A12 p1 2026-03-05"]),
    ],
)  # fmt: skip
def test_a12_conduct_of_a_month(says: str, facts: list[Fact], inclusive: bool, expected: list[str]) -> None:
    of = book_of(*ROWS, effects=(EFFECTS[4],), choices={"inclusive": inclusive})
    assert told(fired(facts, "2026-03", of)) == expected


# --------------------------------------------------------------------------- C03, C04


def overdue(*days: str, **more: Any) -> list[Fact]:
    return [
        fact("case.overdue", f"case:c{n}", f"2026-03-{n + 2:02}", amount=Decimal(late), lead="p9", **more)
        for n, late in enumerate(days)
    ]


CONFIRMED: dict[str, Any] = {"proof": "confirmed", "confirmed_by": "u1"}


@pytest.mark.parametrize(
    ("says", "facts", "both", "expected"),
    [
        ("two cases of a day or two", overdue("1", "2"), "either", ["C04 p1 2026-03-03?"]),
        ("three cases", overdue("1", "2", "1"), "either", ["C04 p1 2026-03-03?", "C03 w1 2026-03-04"]),
        ("one by three days", overdue("3"), "either", ["C04 p1 2026-03-02?", "C03 w1 2026-03-02"]),
        ("three cases where both are wanted", overdue("1", "2", "1"), "both", []),
        ("three cases, one of them by three days", overdue("1", "3", "1"), "both",
         ["C04 p1 2026-03-03?", "C03 w1 2026-03-04"]),
        ("the person once the responsibility is confirmed", overdue("1", "2", **CONFIRMED), "either",
         ["C04 p1 2026-03-03"]),
    ],
)  # fmt: skip
def test_c03_c04_overdue_cases(says: str, facts: list[Fact], both: str, expected: list[str]) -> None:
    """The window's at once, the person's only after confirmation (`overdue_10`); 及 by `and_or_20b5`."""
    of = book_of(*ROWS, effects=EFFECTS[5:7], choices={"and_or_20b5": both})
    assert told(fired(facts, "2026-03", of)) == expected


def test_c03_counts_what_was_overdue_in_the_month_whenever_its_limit_passed() -> None:
    old = [fact("case.overdue", f"case:{n}", "2026-02-27", amount=Decimal(1)) for n in range(3)]
    still = [fact("case.overdue", f"case:{n}", "2026-03-31", amount=Decimal(2)) for n in range(3)]
    of = book_of(*ROWS, effects=EFFECTS[5:6])
    assert told(fired(old, "2026-03", of, entries=posted(old, of))) == []
    assert told(fired(old, "2026-03", of, entries=posted(old, of), overdue=[*still])) == ["C03 w1 2026-03-31"]


def test_a_rejected_case_counts_for_nobody() -> None:
    facts = overdue("1", "2")
    keys = [ClaimKey("staff", "p1", "C02", "case.overdue", one.key) for one in facts]
    rejected = [
        Proposal(key=key, points=Decimal(-10), state="rejected", at=facts[0].at, date=facts[0].date, unit="u1",
                 window="w1", staff="p1", decided_by="u1", number=n)
        for n, key in enumerate(keys)
    ]  # fmt: skip
    of = book_of(*ROWS, effects=EFFECTS[6:7])
    assert told(fired(facts, "2026-03", of, proposals=rejected[:1])) == []
    confirmed = [Proposal(key=p.key, points=p.points, state="confirmed", at=p.at, date=p.date, unit="u1", window="w1",
                          staff="p1", decided_by="u2", number=10 + n) for n, p in enumerate(rejected)]  # fmt: skip
    assert told(fired(facts, "2026-03", of, proposals=[*confirmed, *rejected])) == ["C04 p1 2026-03-03"]


# --------------------------------------------------------------------------- D12, F05, G14


def complaints(*days: str, **more: Any) -> list[Fact]:
    return many("complaint.verified", days, **CONFIRMED | more)


@pytest.mark.parametrize(
    ("says", "days", "rolling", "period", "expected"),
    [
        # 2026-03-02 is a Monday; its 20th working day is 2026-03-27, the 21st 2026-03-30
        ("on the twentieth working day", ("2026-03-02", "2026-03-27"), "rolling", "2026-03", ["D12 w1 2026-03-27"]),
        ("on the twenty-first no more", ("2026-03-02", "2026-03-30"), "rolling", "2026-03", []),
        ("over the month's end, in the month of the second", ("2026-03-20", "2026-04-02"), "rolling", "2026-04",
         ["D12 w1 2026-04-02"]),
        ("and not in that of the first", ("2026-03-20", "2026-04-02"), "rolling", "2026-03", []),
        # 11-14, 24-28 February (the 14th and 28th worked, the 15th to 23rd off), 2-6, 9-13, 16 March
        ("days off do not count", ("2026-02-11", "2026-03-16"), "rolling", "2026-03", ["D12 w1 2026-03-16"]),
        ("one by one they are apart", ("2026-03-02",), "rolling", "2026-03", []),
        ("fixed blocks of the year: 01-05 to 01-30 is one", ("2026-01-05", "2026-01-29"), "fixed", "2026-01",
         ["D12 w1 2026-01-29"]),
        ("fixed: two blocks", ("2026-01-29", "2026-02-04"), "fixed", "2026-02", []),
        ("which roll together", ("2026-01-29", "2026-02-04"), "rolling", "2026-02", ["D12 w1 2026-02-04"]),
    ],
)  # fmt: skip
def test_d12_two_true_complaints_in_twenty_working_days(
    says: str, days: Sequence[str], rolling: str, period: str, expected: list[str]
) -> None:
    of = book_of(*ROWS, effects=(EFFECTS[7],), choices={"rolling_20": rolling})
    assert told(fired(complaints(*days), period, of)) == expected


def test_exclusive_is_for_figures_that_the_text_calls_at_least() -> None:
    """「2次投诉」 has no 以上, and once is once (E19): `inclusive` = false is not about them."""
    of = book_of(*ROWS, effects=(EFFECTS[7], EFFECTS[8]), choices={"inclusive": False})
    broker = fact("mark", "mark:1", "2026-03-02", row="E19.broker", evidence=True, **CONFIRMED)
    found = told(fired([broker, *complaints("2026-03-02", "2026-03-27")], "2026-03", of))
    assert found == ["E19 p1 2026-03-02", "D12 w1 2026-03-27"]


def test_d12_an_unconfirmed_complaint_and_two_of_one_event() -> None:
    of = book_of(*ROWS, effects=(EFFECTS[7],))
    one, two = complaints("2026-03-02", "2026-03-10")
    waits = fact("complaint.verified", "c:3", "2026-03-11", proof="open")
    (found,) = fired([one, waits], "2026-03", of)
    assert told([found]) == ["D12 w1 2026-03-11?"]
    assert (found.facts, found.open) == (((one.source, one.key),), ((waits.source, "c:3"),))
    assert render(found.why, "zh").startswith("窗口 w1 2026-03 “第D12条”（§D12）尚未成立：其中 1 项未经查实；如经查实")
    again = fact("complaint.verified", "c:4", "2026-03-12", event="e1", **CONFIRMED)
    same = fact("complaint.verified", "c:5", "2026-03-13", event="e1", **CONFIRMED)
    assert told(fired([again, same], "2026-03", of)) == []
    assert told(fired([one, two], "2026-03", of)) == ["D12 w1 2026-03-10"]


def test_whoever_found_it_does_not_confirm_it() -> None:
    of = book_of(*ROWS[:5], effects=(EFFECTS[7],))
    own = many("complaint.verified", ("2026-03-02", "2026-03-10"), proof="confirmed", confirmed_by="u1", proposer="u1")
    assert told(fired(own, "2026-03", of)) == ["D12 w1 2026-03-10?"]


def test_f05_two_late_entries_in_twenty_working_days() -> None:
    of = book_of(*ROWS, effects=(EFFECTS[9],))
    assert told(fired(many("case.late_entry", ("2026-03-02", "2026-03-27")), "2026-03", of)) == ["F05 p1 2026-03-27"]
    assert told(fired(many("case.late_entry", ("2026-03-02", "2026-03-31")), "2026-03", of)) == []


@pytest.mark.parametrize(
    ("says", "days", "period", "expected"),
    [
        ("three within a year", ("2025-05-12", "2025-11-03", "2026-03-02"), "2026-03", ["G14 p1 2026-03-02"]),
        ("the first a year and a day ago", ("2025-03-02", "2025-11-03", "2026-03-02"), "2026-03", []),
        ("two", ("2025-11-03", "2026-03-02"), "2026-03", []),
    ],
)
def test_g14_three_breaches_in_a_rolling_year(says: str, days: Sequence[str], period: str, expected: list[str]) -> None:
    of = book_of(*ROWS, effects=(EFFECTS[11],))
    assert told(fired(many("mark", days, row="G14", **CONFIRMED), period, of)) == expected


# --------------------------------------------------------------------------- grounds without points (G10-G12)


def test_a_ground_that_costs_no_points_waits_for_another_person_and_is_asked_once() -> None:
    """§20b(2), (3), (6), (7), §26(2), (6): what somebody enters makes no month 不合格 before another confirms it."""
    ground = row("G11.second", "mark", "0", charges=("window",), mark="manual")
    of = book_of(
        *ROWS, ground, effects=(effect("G11", "window", "unqualified", "mark", rows=("G11.second",), times=1),)
    )
    mark = fact("mark", "mark:1", "2026-03-05", row="G11.second", proof="open", proposer="u1", staff=None)
    claims = derive([mark], of)
    assert [(c.key.ledger, c.key.whom, c.points, c.posts) for c in claims] == [("window", "w1", Decimal(0), False)]
    first = reconcile(claims, Standing(), "2026-03")
    assert (len(first.entries), len(first.proposed)) == (0, 1)
    waiting = [replace(first.proposed[0], number=1)]
    assert not reconcile(claims, Standing(proposals=waiting), "2026-03"), "it is asked once"
    assert told(fired([mark], "2026-03", of, proposals=waiting)) == ["G11 w1 2026-03-05?"]
    confirmed = [replace(waiting[0], state="confirmed", decided_by="u2")]
    booked = reconcile(claims, Standing(proposals=confirmed), "2026-03")
    assert ([e.points for e in booked.entries], booked.proposed) == ([Decimal(0)], ())
    assert told(fired([mark], "2026-03", of, entries=booked.entries, proposals=confirmed)) == ["G11 w1 2026-03-05"]
    rejected = [replace(waiting[0], state="rejected", decided_by="u2")]
    assert not reconcile(claims, Standing(proposals=rejected), "2026-03")
    assert told(fired([mark], "2026-03", of, proposals=rejected)) == []


def test_a_ground_of_one_ledger_that_was_rejected_in_the_other_bears_nothing() -> None:
    complaint = fact("complaint.verified", "c:1", "2026-03-05", proof="open")
    of = book_of(*ROWS, effects=(effect("D12", "staff", "no_award", "complaint.verified", times=1),))
    key = ClaimKey("window", "w1", "D09", complaint.source, complaint.key)
    proposal = Proposal(key=key, points=Decimal(-2), state="rejected", at=complaint.at, date=complaint.date, unit="u1",
                        window="w1", staff="p1", decided_by="u2", number=1)  # fmt: skip
    assert told(fired([complaint], "2026-03", of)) == ["D12 p1 2026-03-05?"]
    assert told(fired([complaint], "2026-03", of, proposals=[proposal])) == []
    confirmed = replace(proposal, state="confirmed")
    assert told(fired([complaint], "2026-03", of, proposals=[confirmed])) == ["D12 p1 2026-03-05"]


# --------------------------------------------------------------------------- grades (G02-G04, G09, G11)


def score(whom: str, points: str, ledger: Ledger = "staff", period: str = "2026-03") -> Score:
    value = Decimal(points)
    return Score(ledger=ledger, whom=whom, period=period, start=Decimal(100), months=(), entries=(), adjustments=(),
                 full=value, points=value)  # fmt: skip


def assessed(
    scores: Sequence[Score], facts: Sequence[Fact] = (), of: RuleBook = BOOK, *, before: Sequence[Earlier] = (),
    days: Mapping[str, int] | None = None, cases: Mapping[str, int] | None = None,
    posts: Mapping[str, str] | None = None, chosen: Iterable[Chosen] = (),
) -> Assessed:  # fmt: skip
    return assess(
        scores[0].period, scores, facts, of, CALENDAR, before, entries=posted(facts, of), duty=days, cases=cases,
        posts=posts, chosen=chosen,
    )  # fmt: skip


def table(points: Mapping[str, str], ledger: Ledger = "staff", period: str = "2026-03") -> list[Score]:
    return [score(whom, one, ledger, period) for whom, one in points.items()]


@pytest.mark.parametrize(
    ("points", "staff", "window"),
    [
        ("100", "excellent", "excellent"),
        ("95", "excellent", "excellent"),
        ("94.99", "qualified", "qualified"),
        ("75", "qualified", "qualified"),
        ("74.99", "basic", "unqualified"),
        ("70", "basic", "unqualified"),
        ("69.99", "unqualified", "unqualified"),
        ("0", "unqualified", "unqualified"),
        ("-3", "unqualified", "unqualified"),
    ],
)
def test_g02_to_g04_thresholds(points: str, staff: str, window: str) -> None:
    others = {f"x{n}": "0" for n in range(9)}
    people = assessed(table({"a": points} | others)).of("staff", "a")
    windows = assessed(table({"a": points} | others, "window")).of("window", "a")
    assert people is not None
    assert windows is not None
    assert (people.by_score, people.grade) == (staff, staff)
    assert (windows.by_score, windows.grade) == (window, window)


def test_g11_a_veto_overrides_the_grade_and_leaves_the_score() -> None:
    facts = absent("03-02am", "03-10am", "03-20pm")
    found = assessed([score("w1", "97", "window"), score("w2", "96", "window")], facts)
    one = found.of("window", "w1")
    assert one is not None
    assert (one.points, one.by_score, one.grade, one.place) == (Decimal(97), "excellent", "unqualified", 1)
    assert "得分达到优秀，但因A09定为不合格" in render(one.why[0], "zh")
    waiting = absent("03-02am", "03-10am", "03-20pm", proof="open")
    unproven = assessed([score("w1", "97", "window")], waiting).of("window", "w1")
    assert unproven is not None
    assert (unproven.grade, [one.stands for one in unproven.effects]) == ("excellent", [False])


def test_a_months_veto_is_the_months() -> None:
    facts = absent("03-02am", "03-10am", "03-20pm")
    quarter = assessed([score("w1", "97", "window", "2026-Q1")], facts).of("window", "w1")
    assert quarter is not None
    assert quarter.grade == "excellent"
    assert told(quarter.effects) == ["A09 w1 2026-03-20<"]


def test_a_veto_that_no_closing_told_is_told_by_no_quarter() -> None:
    """It came to light after its month was signed: the signed grade stays, and it is not called one told before."""
    facts = absent("02-02am", "02-10am", "02-20pm")
    months = [Earlier(period="2026-02", ledger="window", whom="w1", grade="qualified", effects=known)
              for known in (("unqualified A09",), ())]  # fmt: skip
    windows = [[t for t in told(fired(facts, "2026-Q1", before=[one])) if "w1" in t] for one in months]
    assert windows == [["A09 w1 2026-02-20<"], []]
    unaware = fired(facts, "2026-Q1", before=[months[1]])
    assert [one.effect for one in unaware] == ["no_award"], "what takes the quarter's award away is told all the same"


def test_g10_g12_the_right_to_be_excellent_is_lost() -> None:
    vacant = [fact("posting.vacant", "post:w1", "2026-03-02", proof="confirmed", confirmed_by="u1")]
    window = assessed([score("w1", "99", "window", "2026-Q1")], vacant)
    assert window.of("window", "w1").grade == "qualified"  # type: ignore[union-attr]
    assert window.awards == ()
    broker = [fact("mark", "mark:1", "2026-02-02", row="E19.broker", evidence=True, **CONFIRMED)]
    people = {f"p{n}": str(90 - n) for n in range(2, 12)} | {"p1": "99"}
    for period, graded in (("2026-02", "excellent"), ("2026-Q1", "qualified"), ("2026-Q3", "qualified"),
                           ("2026-H2", "qualified"), ("2026", "qualified")):  # fmt: skip
        found = assessed(table(people, period=period), broker).of("staff", "p1")
        assert found is not None
        assert (period, found.grade) == (period, graded), "E19: all awards of the year; a month has none to lose"
    later = assessed(table(people, period="2027-Q1"), broker).of("staff", "p1")
    assert later is not None
    assert later.grade == "excellent"


@pytest.mark.parametrize(
    ("says", "points", "excellent", "tied"),
    [
        ("two of ten", [99, 98, 97, 96, 90, 90, 90, 90, 90, 90], ["p0", "p1"], []),
        ("rounded down: one of nine", [99, 98, 97, 96, 90, 90, 90, 90, 90], ["p0"], []),
        ("none of four", [99, 98, 97, 96], [], []),
        ("fewer are good enough", [99, 94, 94, 94, 90, 90, 90, 90, 90, 90], ["p0"], []),
        ("a tie over the last seat", [99, 98, 98, 96, 90, 90, 90, 90, 90, 90], ["p0"], ["p1", "p2"]),
        ("a tie that fits", [98, 98, 97, 96, 90, 90, 90, 90, 90, 90], ["p0", "p1"], []),
        ("all the same", [97] * 10, [], [f"p{n}" for n in range(10)]),
    ],
)
def test_g09_a_fifth_is_excellent_and_a_tie_is_not_decided(
    says: str, points: list[int], excellent: list[str], tied: list[str]
) -> None:
    scores = table({f"p{n}": str(one) for n, one in enumerate(points)})
    for seed in range(3):
        random.Random(seed).shuffle(scores)
        found = assessed(scores)
        assert [one.whom for one in found.results if one.grade == "excellent"] == excellent
        assert [one.whom for one in found.results if one.excellent == "tied"] == tied
        assert [one.code for one in found.told if one.code.endswith("excellent")] == (
            ["assessment.told.excellent"] if tied else []
        )


def test_g09_a_person_decides_the_tie() -> None:
    scores = table({f"p{n}": str(one) for n, one in enumerate([99, 98, 98, 96, 90, 90, 90, 90, 90, 90])})
    found = assessed(scores, chosen=[Chosen("excellent", "staff", "p2")])
    assert [one.whom for one in found.results if one.grade == "excellent"] == ["p0", "p2"]
    assert [one.code for one in found.told if one.code.endswith("excellent")] == []
    both = assessed(scores, chosen=[Chosen("excellent", "staff", "p2"), Chosen("excellent", "staff", "p1")])
    assert [one.whom for one in both.results if one.grade == "excellent"] == ["p0"], "two for one seat are no decision"
    stranger = assessed(scores, chosen=[Chosen("excellent", "staff", "p9")])
    assert [one.whom for one in stranger.results if one.grade == "excellent"] == ["p0"]


# --------------------------------------------------------------------------- places, the last, rows of months


def test_equal_scores_share_the_place() -> None:
    points = {"a": Decimal(99), "b": Decimal(98), "c": Decimal(98), "d": Decimal(97)}
    assert {whom: (one.place, one.tied) for whom, one in rank(points, {}).items()} == {
        "a": (1, 1), "b": (2, 2), "c": (2, 2), "d": (4, 1),
    }  # fmt: skip
    few = rank(points, {"a": "days", "d": "days"})
    assert (few["a"].place, few["d"].place, few["b"].place) == (None, None, 1)


def test_too_few_known_days_or_cases_give_no_place() -> None:
    people = table({f"p{n}": str(99 - n) for n in range(6)})
    days = {f"p{n}": 20 for n in range(6)} | {"p5": 9}
    found = assessed(people, days=days)
    last_one = found.of("staff", "p5")
    assert last_one is not None
    assert (last_one.place, last_one.few, last_one.known, last_one.bottom) == (None, "days", 9, "no")
    assert [one.whom for one in found.results if one.bottom == "yes"] == ["p3", "p4"]
    assert "已知在岗 9 天，不足 10 天" in render(last_one.why[0], "zh")
    windows = assessed(table({"w1": "99", "w2": "98"}, "window"), cases={"w1": 10, "w2": 9})
    assert [(one.whom, one.place, one.few) for one in windows.results] == [("w1", 1, ""), ("w2", None, "cases")]
    quarter = assessed(table({"p1": "99"}, period="2026-Q1"), days={"p1": 29}).of("staff", "p1")
    assert quarter is not None
    assert quarter.few == "days", "three months want three times the days"


@pytest.mark.parametrize(
    ("says", "points", "bottom", "tied"),
    [
        ("the last two of five", [99, 98, 97, 96, 95], ["p3", "p4"], []),
        ("of three nobody", [99, 98, 97], [], []),
        ("all equal: nobody", [98, 98, 98, 98, 98], [], []),
        ("one behind equals: that one", [98, 98, 98, 98, 95], ["p4"], []),
        ("a tie over the last seat but one", [99, 97, 97, 97, 95], ["p4"], ["p1", "p2", "p3"]),
        ("two equals are the last two", [99, 98, 97, 95, 95], ["p3", "p4"], []),
        ("three equals for two seats", [99, 98, 95, 95, 95], [], ["p2", "p3", "p4"]),
    ],
)
def test_h03_the_last_two(says: str, points: list[int], bottom: list[str], tied: list[str]) -> None:
    found = assessed(table({f"p{n}": str(one) for n, one in enumerate(points)}))
    assert [one.whom for one in found.results if one.bottom == "yes"] == bottom
    assert [one.whom for one in found.results if one.bottom == "tied"] == tied
    assert [one.whom for one in found.fired if one.effect == "talk"] == bottom
    assert [one.code for one in found.told if one.code.endswith("last")] == (["assessment.told.last"] if tied else [])
    quarter = assessed(table({f"p{n}": str(one) for n, one in enumerate(points)}, period="2026-Q1"))
    assert [one.bottom for one in quarter.results] == ["no"] * len(points), "H03 is of the month"


def at_bottom(*months: str, told_in: str = "") -> list[Earlier]:
    return [
        Earlier(period=month, ledger="staff", whom="p4", grade="qualified", bottom=True,
                effects=("replace H05",) if month == told_in else ())
        for month in months
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "before", "expected"),
    [
        ("third month in a row", at_bottom("2026-01", "2026-02"), True),
        ("second month", at_bottom("2026-02"), False),
        ("a month between", at_bottom("2025-12", "2026-01"), False),
        ("over the new year", at_bottom("2025-12", "2026-01", "2026-02"), True),
        ("told already", at_bottom("2025-12", "2026-01", "2026-02", told_in="2026-02"), False),
    ],
)
def test_h05_three_months_among_the_last(says: str, before: list[Earlier], expected: bool) -> None:
    found = assessed(table({f"p{n}": str(99 - n) for n in range(5)}), before=before)
    replaced = [one.whom for one in found.fired if one.effect == "replace"]
    assert replaced == (["p4"] if expected else [])


# --------------------------------------------------------------------------- G13, awards (G06, G08, H06)


@pytest.mark.parametrize(
    ("says", "points", "before", "expected"),
    [
        ("two quarters 基本称职", "72", {"2025-Q4": "basic"}, ["return G13"]),
        ("the first of them", "72", {"2025-Q4": "qualified"}, []),
        ("a quarter between", "72", {"2025-Q3": "basic"}, []),
        ("one 不称职 is enough", "69", {}, ["return G13"]),
        ("称职", "80", {"2025-Q4": "basic", "2025-Q3": "basic"}, []),
    ],
)
def test_g13_return_to_the_unit(says: str, points: str, before: Mapping[str, str], expected: list[str]) -> None:
    history = [Earlier(period=one, ledger="staff", whom="p1", grade=grade) for one, grade in before.items()]
    found = assessed(table({"p1": points}, period="2026-Q1"), before=history)
    assert [one.name for one in found.fired] == expected


def test_g13_in_as_many_quarters_as_the_book_says() -> None:
    three = book(cycle={"basic_quarters": 3})
    for grades, expected in ((("basic", "basic"), ["return G13"]), (("qualified", "basic"), [])):
        history = [
            Earlier(period=quarter, ledger="staff", whom="p1", grade=grade)
            for quarter, grade in zip(("2025-Q3", "2025-Q4"), grades, strict=True)
        ]
        found = assessed(table({"p1": "72"}, period="2026-Q1"), before=history, of=three)
        assert [one.name for one in found.fired] == expected


def quarter_of_windows(points: Sequence[float]) -> list[Score]:
    return table({f"w{n}": str(one) for n, one in enumerate(points)}, "window", "2026-Q1")


def test_g08_the_first_three_windows_and_their_nominees() -> None:
    scores = [
        *quarter_of_windows([99, 98, 97, 96]),
        *table({"a": "99", "b": "96", "c": "94", "d": "97"}, period="2026-Q1"),
    ]
    posts = {"a": "w0", "b": "w0", "c": "w0", "d": "w3"}
    found = assessed(scores, posts=posts)
    assert [(one.whom, one.state, one.nominees) for one in found.awards] == [
        ("w0", "awarded", ("a", "b")), ("w1", "awarded", ()), ("w2", "awarded", ()),
    ]  # fmt: skip
    named = assessed(scores, posts=posts, chosen=[Chosen("award", "staff", "b"), Chosen("award", "staff", "d")])
    assert [one.whom for one in named.awards if one.ledger == "staff"] == ["b"], "d's window is not awarded"
    kept = {(one.ledger, one.whom): one.kept().awarded for one in named.results}
    assert [key for key, awarded in kept.items() if awarded] == [
        ("staff", "b"), ("window", "w0"), ("window", "w1"), ("window", "w2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "points", "awarded", "tied"),
    [
        ("a tie for the third seat", [99, 98, 97, 97], ["w0", "w1"], ["w2", "w3"]),
        ("a tie that fits", [99, 97, 97, 96], ["w0", "w1", "w2"], []),
        ("nobody below 95", [99, 94, 93, 92], ["w0"], []),
    ],
)
def test_g08_awards_are_not_decided_by_id(says: str, points: list[float], awarded: list[str], tied: list[str]) -> None:
    found = assessed(quarter_of_windows(points))
    assert [one.whom for one in found.awards if one.state == "awarded"] == awarded
    assert [one.whom for one in found.awards if one.state == "tied"] == tied
    assert ["assessment.told.award" in [one.code for one in found.told]] == [bool(tied)]


def test_h06_so_many_windows_and_people_by_place() -> None:
    of = book(cycle={"award_windows": 2, "award_staff": 3})
    scores = [*quarter_of_windows([99, 98, 97]), *table({f"p{n}": str(99 - n) for n in range(5)}, period="2026-Q1")]
    found = assessed(scores, of=of)
    assert [(one.ledger, one.whom) for one in found.awards] == [
        ("staff", "p0"), ("staff", "p1"), ("staff", "p2"), ("window", "w0"), ("window", "w1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "quarters", "inclusive", "expected"),
    [
        ("three of four", ("2026-Q1", "2026-Q2", "2026-Q4"), True, True),
        ("two", ("2026-Q1", "2026-Q2"), True, False),
        ("another year's does not count", ("2025-Q4", "2026-Q1", "2026-Q2"), True, False),
        ("以上 without the figure itself", ("2026-Q1", "2026-Q2", "2026-Q4"), False, False),
    ],
)
def test_g06_three_quarterly_awards_make_the_annual(
    says: str, quarters: Sequence[str], inclusive: bool, expected: bool
) -> None:
    history = [Earlier(period=one, ledger="window", whom="w1", grade="excellent", awarded=True) for one in quarters]
    found = assessed([score("w1", "97", "window", "2026")], before=history, of=book(choices={"inclusive": inclusive}))
    assert [one.whom for one in found.awards] == (["w1"] if expected else [])


# --------------------------------------------------------------------------- order, words, spans


def test_the_order_of_everything_changes_nothing() -> None:
    facts = [
        *lates(30, "2026-01-01"), *absent("03-02am", "03-10am", "03-20pm"), *overdue("1", "4", "1"),
        *complaints("2026-03-03", "2026-03-09"), fact("hand", "card:9", "2026-03-05", row="E16", proof="open"),
    ]  # fmt: skip
    scores = [*table({f"p{n}": str(99 - n // 2) for n in range(12)}), *table({"w1": "97", "w2": "96"}, "window")]
    history = at_bottom("2026-01", "2026-02")
    first = assess("2026-03", scores, facts, BOOK, CALENDAR, history, entries=posted(facts), duty=None, cases=None)
    assert len([one for one in first.fired if one.stands]) >= 4
    for seed in range(5):
        shuffle = random.Random(seed).shuffle
        mixed: list[list[Any]] = [[*scores], [*facts, *facts[:9]], [*history], posted(facts)]
        for one in mixed:
            shuffle(one)
        again = assess("2026-03", mixed[0], mixed[1], BOOK, CALENDAR, mixed[2], entries=mixed[3], duty=None, cases=None)
        assert again == first


def test_every_reason_has_its_words_and_its_figures() -> None:
    facts = [*lates(30, "2026-01-01"), *absent("03-02am", "03-10am", "03-20pm"), *overdue("1", "4", "1"),
             *complaints("2026-03-03", "2026-03-09")]  # fmt: skip
    runs = [
        assessed([*table({f"p{n}": str(99 - n // 2) for n in range(12)}), *table({"w1": "97"}, "window")], facts,
                 days={f"p{n}": n for n in range(12)}, cases={"w1": 3}),
        assessed([*quarter_of_windows([99, 98, 97, 97]), *table({"a": "72", "b": "60"}, period="2026-Q1")],
                 before=[Earlier(period="2025-Q4", ledger="staff", whom="a", grade="basic")]),
        assessed(table({f"p{n}": str(99 - n) for n in range(5)}), before=at_bottom("2026-01", "2026-02")),
        assessed(table({f"p{n}": "97" for n in range(30)})),
        assessed(table({f"p{n}": str(one) for n, one in enumerate([99, 98, 98, 95, 95, 95])})),
        assessed([score("w1", "97", "window", "2026")], before=[
            Earlier(period=f"2026-Q{n}", ledger="window", whom="w1", grade="excellent", awarded=True) for n in (1, 2, 3)
        ]),
    ]  # fmt: skip
    reasons = [
        why
        for run in runs
        for why in (
            *run.told,
            *(w for r in run.results for w in r.why),
            *(f.why for f in run.fired),
            *(a.why for a in run.awards),
        )
    ]
    assert len({one.code for one in reasons}) >= 15
    for why in reasons:
        assert why.code in REASONS, why.code
        for lang in ("zh", "en"):
            text = render(why, lang)
            assert "未载明" not in text, (why, text)
            assert "not stated" not in text, (why, text)


def test_a_month_of_250_people_takes_a_blink() -> None:
    facts = [one for n in range(250) for one in lates(24, f"2026-0{1 + n % 3}-01", f"p{n}")]
    entries, scores = posted(facts), table({f"p{n}": str(99 - n % 40) for n in range(250)})
    began = process_time()
    found = assess("2026-03", scores, facts, BOOK, CALENDAR, entries=entries, duty={}, cases={})
    assert process_time() - began < 2
    assert len(found.results) == 250


def test_spans() -> None:
    assert bounds("2026-Q1") == (date(2026, 1, 1), date(2026, 3, 31))
    assert bounds("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert over("2026-H2", "quarter") == ("2026-Q3", "2026-Q4")
    assert over("2026-03", "year") == ("2026",)
    assert [back(one) for one in ("2026-01", "2026-Q1", "2026-H1", "2026")] == ["2025-12", "2025-Q4", "2025-H2", "2025"]
    assert back("2026-02", 14) == "2024-12"


def test_seats_and_the_last_by_themselves() -> None:
    points = {"a": Decimal(3), "b": Decimal(2), "c": Decimal(2), "d": Decimal(1)}
    assert seated(points, points, 2) == Seats(("a",), ("b", "c"), 1)
    assert seated(points, points, None) == Seats(("a", "b", "c", "d"))
    assert seated(points, points, 0) == Seats()
    assert last(points, rank(points, {}), 2) == Seats(("d",), ("b", "c"), 1)
    assert last(points, rank(points, {"d": "days"}), 2) == Seats()
    assert SCALE["grades"][-1]["at_least"] == 0
