"""A score explained: the sum line by line, what was not charged and why; two snapshots held against each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from monitor.assessment.book import RuleBook
from monitor.assessment.compared import changes
from monitor.assessment.explained import Explained, explained, of_facts
from monitor.assessment.model import Fact, Ledger, Proposal
from monitor.assessment.snapshot import (
    Adjusted,
    BookUsed,
    Line,
    OpenProposal,
    Sheet,
    Snapshot,
    UnknownSpan,
    Words,
)
from monitor.wording import render
from tests.assessed import CHOICES, book_of, entry, fact, key, proposal, row

DAY: Final = date(2026, 3, 2)


def line(points: str, fact_key: str = "slot:p1/2026-03-02/am_in", **more: Any) -> Line:
    given: dict[str, Any] = {
        "row": "A03", "article": "§20b(3)", "name": Words("迟到", "late"), "date": DAY, "month": "2026-03",
        "of_month": "2026-03", "source": "late", "staff": "p1", "window": "w1", **more,
    }  # fmt: skip
    return Line(points=Decimal(points), fact=fact_key, **given)


def sheet(whom: str, points: str, *lines: Line, **more: Any) -> Sheet:
    given: dict[str, Any] = {"unit": "u1", "window": "w1", "start": Decimal("100.00"), "full": Decimal(points)} | more
    return Sheet(id=whom, points=Decimal(points), lines=lines, **given)


def snapshot(people: tuple[Sheet, ...] = (), windows: tuple[Sheet, ...] = (), **more: Any) -> Snapshot:
    given: dict[str, Any] = {
        "hall": "h1", "name": "大厅", "period": "2026-03", "kind": "month", "version": 1, "state": "closed",
        "made_at": datetime(2026, 4, 2, tzinfo=UTC), "made_by": "zhao", "policy": "p",
        "book": BookUsed(version="trial@1", name="trial", title=Words("试", "trial")), "choices": CHOICES,
        "inputs": "i", **more,
    }  # fmt: skip
    return Snapshot(people=people, windows=windows, **given)


def told(found: Explained | None) -> list[tuple[str, str]]:
    assert found is not None
    return [(one.why, one.source) for one in found.left]


def test_the_sum_goes_line_by_line_to_the_score() -> None:
    lines = (line("-1.00"), line("-2.50", "slot:p1/2026-03-03/am_in", cards=(7, 3)), line("1.00", reverses=0))
    given = (Adjusted(kind="cap", points=Decimal("0.50"), row="A03"),)
    found = explained(snapshot((sheet("p1", "98.00", *lines, adjustments=given),)), "staff", "p1")
    assert found is not None
    assert [(s.kind, str(s.points), str(s.total)) for s in found.steps] == [
        ("base", "100.00", "100.00"), ("line", "-1.00", "99.00"), ("line", "-2.50", "96.50"),
        ("line", "1.00", "97.50"), ("cap", "0.50", "98.00"),
    ]  # fmt: skip
    assert found.adds_up
    assert found.cards == (3, 7)
    wrong = explained(snapshot((sheet("p1", "97.00", *lines),)), "staff", "p1")
    assert wrong is not None
    assert not wrong.adds_up
    assert explained(snapshot(), "staff", "p1") is None


B05: Final = line("-10.00", "leave:4/2026-03", source="leave.uncovered", row="B04", staff=None, window="w1",
                  figures={"staff": "p1", "leave": 4, "letter": True})  # fmt: skip
LATE: Final = line("-1.00", row="A07")
OFF: Final = line("-2.00", "post:w1/2026-03-02/0830", source="off_post", row="A05")
OPEN: Final = OpenProposal(
    ledger="staff", whom="p1", row="A05", article="§23(1)", name=Words("脱岗", "off post"), points=Decimal("-2.00"),
    date=DAY, source="off_post", fact="post:w1/2026-03-02/0830", why="unconfirmed", number=5, cards=(9,),
)  # fmt: skip
SPAN: Final = UnknownSpan(subject="slot:p1/2026-03-04/am_in", date=DAY, why="unknown", window="w1", staff="p1")
WINDOW_ONLY: Final = CHOICES | {"late_amount": "window", "offpost_vs_unstaffed": "window"}
STAFF_ONLY: Final = CHOICES | {"late_amount": "staff", "offpost_vs_unstaffed": "staff"}


@pytest.mark.parametrize(
    ("ledger", "whom", "windows", "people", "more", "why"),
    [
        ("staff", "p1", (), (), {"unknown": (SPAN,)}, [("span.unknown", "slot")]),
        ("staff", "p2", (), (), {"unknown": (SPAN,)}, []),
        ("window", "w1", (), (), {"unknown": (SPAN,)}, [("span.unknown", "slot")]),
        ("staff", "p1", (), (), {"proposals": (OPEN,)}, [("open.unconfirmed", "off_post")]),
        ("window", "w1", (), (), {"proposals": (OPEN,)}, []),
        ("staff", "p1", (B05,), (), {}, [("spared", "leave.uncovered")]),
        ("staff", "p2", (B05,), (), {}, []),
        ("staff", "p1", (B05, replace(B05, points=Decimal("10.00"), reverses=0)), (), {}, []),
        ("staff", "p1", (LATE,), (), {"choices": WINDOW_ONLY}, [("choice", "late")]),
        ("staff", "p1", (LATE,), (), {}, []),
        ("window", "w1", (), (LATE,), {"choices": STAFF_ONLY}, [("choice", "late")]),
        ("window", "w1", (), (OFF,), {"choices": STAFF_ONLY}, [("choice", "off_post")]),
        ("window", "w1", (), (replace(OFF, fact="card:9"),), {"choices": STAFF_ONLY}, []),
        ("staff", "p1", (OFF,), (), {"choices": WINDOW_ONLY, "proposals": (OPEN,)}, [("open.unconfirmed", "off_post")]),
    ],
)  # fmt: skip
def test_what_the_snapshot_says_was_not_charged(
    ledger: Ledger, whom: str, windows: tuple[Line, ...], people: tuple[Line, ...], more: dict[str, Any],
    why: list[tuple[str, str]],
) -> None:  # fmt: skip
    staff = (sheet("p1", "100.00", *people), sheet("p2", "100.00"))
    assert told(explained(snapshot(staff, (sheet("w1", "100.00", *windows),), **more), ledger, whom)) == why


BOOK: Final = book_of(
    row("A03", "late", "-1"),
    row("C02", "case.overdue", "-1", per="amount", grace=2),
    row("B04", "leave.uncovered", "-10", charges=("window",)),
    row("E20", "item.immediate", "2", charges=("window",)),
    row("E22", "mark", None, ladder={"city": 3, "county": 2}, mark="proposed", once_per_event=True),
)  # fmt: skip
NO: Final = proposal(key("slot:p1/2026-03-02/am_in"), "-1", "2026-03-02", state="rejected", decided_by="wang", number=3)
CERTAIN: Final = fact("late", "slot:p1/2026-03-02/am_in", "2026-03-02")
PRAISE: Final = fact("mark", "mark:2", "2026-03-05", row="E22", rung="county", event="letter", proof="confirmed",
                     confirmed_by="wang", proposer="li")  # fmt: skip


@pytest.mark.parametrize(
    ("one", "asked", "book", "why"),
    [
        (CERTAIN, (), BOOK, ["behind"]),
        (CERTAIN, (NO,), BOOK, ["rejected"]),
        (CERTAIN, (replace(NO, state="open"),), BOOK, []),
        (replace(CERTAIN, staff="p2"), (), BOOK, []),
        (CERTAIN, (), book_of(row("A03", "late", "-1"), choices={"late_amount": "window"}), ["choice"]),
        (fact("early", "slot:p1/2026-03-02/pm_out", "2026-03-02"), (), BOOK, ["no_row"]),
        (fact("case.overdue", "case:h1/1", "2026-03-02", amount=Decimal(2)), (), BOOK, ["grace"]),
        (fact("case.overdue", "case:h1/1", "2026-03-02", amount=Decimal(3)), (), BOOK, ["behind"]),
        (fact("item.immediate", "item:i1", "2026-03-02"), (), BOOK, ["charges"]),
        (fact("leave.uncovered", "leave:4/2026-03", "2026-03-02", spared=True), (), BOOK, ["spared"]),
        (PRAISE, (), BOOK, ["event"]),
    ],
)  # fmt: skip
def test_what_the_facts_say_beside_it(one: Fact, asked: tuple[Proposal, ...], book: RuleBook, why: list[str]) -> None:
    left = of_facts([one], (), asked, book, "staff", "p1")
    assert [item.why for item in left] == why
    for item in left:
        assert "assessment.left" not in render(item.reason, "zh") + render(item.reason, "en")
        assert "（未载明）" not in render(item.reason, "zh")


def test_what_an_entry_is_made_of_was_charged() -> None:
    posted = entry(key(CERTAIN.key), "-1", "2026-03-02")
    assert of_facts([CERTAIN], [posted], (), BOOK, "staff", "p1") == ()
    other = entry(key(CERTAIN.key, whom="p2"), "-1", "2026-03-02")
    assert [one.why for one in of_facts([CERTAIN], [other], (), BOOK, "staff", "p1")] == ["behind"]


def test_the_same_is_told_once() -> None:
    at_hand = snapshot((sheet("p1", "100.00"),), (sheet("w1", "90.00", B05),))
    spared = fact("leave.uncovered", "leave:4/2026-03", "2026-03-02", staff=None, figures={"staff": "p1"}, spared=True)
    more = of_facts([spared], (), (), BOOK, "staff", "p1")
    assert len(more) == 1
    assert told(explained(at_hand, "staff", "p1", more)) == [("spared", "leave.uncovered")]


def test_a_comparison_names_who_changes_and_by_which_rows() -> None:
    before = snapshot(
        (sheet("p1", "99.00", line("-1.00"), grade="excellent", place=2), sheet("p2", "100.00", place=1)),
        (sheet("w1", "100.00"),),
    )  # fmt: skip
    after = snapshot(
        (sheet("p1", "94.00", line("-6.00"), grade="qualified", place=2, effects=("circular A09",)),
         sheet("p2", "100.00", place=1)),
        (sheet("w1", "99.00", line("-1.00", row="A07")),),
    )  # fmt: skip
    found = changes(before, after)
    assert [(c.ledger, c.whom, str(c.by), bool(c)) for c in found] == [
        ("window", "w1", "-1.00", True), ("staff", "p1", "-5.00", True), ("staff", "p2", "0.00", False),
    ]  # fmt: skip
    p1 = found[1]
    assert (p1.regraded, p1.moved, p1.effects) == (True, False, ((), ("circular A09",)))
    assert [(r.row, str(r.before), str(r.after)) for r in p1.rows] == [("A03", "-1.00", "-6.00")]
    with pytest.raises(ValueError, match="2026-04"):
        changes(before, replace(after, period="2026-04"))
