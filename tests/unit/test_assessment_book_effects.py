"""What follows by Tianyang's book from facts: each effect with facts that reach it, and with what falls just short."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from monitor.assessment.derive import derive
from monitor.assessment.effects import Ground, effects
from monitor.assessment.ledger import Standing, reconcile
from monitor.assessment.model import Fact
from monitor.supervision.assessment.books import parsed, shipped_text
from monitor.workcal import build_calendar
from tests.assessed import fact

BOOK = parsed(shipped_text("tianyang"))
CALENDAR = build_calendar()
CONFIRMED: dict[str, Any] = {"proof": "confirmed", "proposer": "p6", "confirmed_by": "p7", "evidence": True}


def days(source: str, *dates: str, **more: Any) -> list[Fact]:
    """A fact each; one of several on one date is told apart by its place."""
    return [fact(source, f"{source}:{n}", day, **more) for n, day in enumerate(dates)]


def absent(*halves: str) -> list[Fact]:
    """Half days: `03-02 am`."""
    return [fact("absent", f"slot:p1/2026-{half[:5]}/{half[6:]}_in", f"2026-{half[:5]}") for half in halves]


def entered(row: str, *dates: str, **more: Any) -> list[Fact]:
    return [fact("mark", f"mark:{row}:{n}", day, row=row, **CONFIRMED | more) for n, day in enumerate(dates)]


LATES = [f"2026-03-{day:02}" for day in range(2, 27)]
DAY, NEXT, LATER = "2026-03-02", "2026-03-03", "2026-04-01"

SCENES: dict[str, tuple[str, list[Fact], set[str]]] = {
    "A06: 25 lates are exactly 5.0": ("2026-03", days("late", *LATES), {"A06 circular p1", "A12 no_award p1"}),
    "A06: 24 are 4.8": ("2026-03", days("late", *LATES[:24]), {"A12 no_award p1"}),
    "A09 A10: three half days, each alone": (
        "2026-03", absent("03-02 am", "03-04 am", "03-06 am"), {"A09 unqualified w1", "A10 no_award p1"},
    ),
    "A09 A10: two half days": ("2026-03", absent("03-02 am", "03-04 am"), set()),
    "A10: three in a quarter, not in a month": (
        "2026-Q1", absent("01-05 am", "02-04 am", "03-06 am"), {"A10 no_award p1"},
    ),
    "A11: six half days are three days": (
        "2026-03", absent("03-02 am", "03-04 am", "03-06 am", "03-09 am", "03-11 am", "03-13 am"),
        {"A09 unqualified w1", "A10 no_award p1", "A11 return p1", "A11 circular p1"},
    ),
    "A12: late, early and dozing": (
        "2026-03", [*days("late", DAY), *days("early", NEXT),
                    fact("hand", "card:1", "2026-03-04", row="E18", cards=(1,), **CONFIRMED)], {"A12 no_award p1"},
    ),
    "A12: late twice": ("2026-03", days("late", DAY, NEXT), set()),
    "B14: a post left vacant": (
        "2026-03", days("posting.vacant", DAY, staff=None, **CONFIRMED), {"B14 no_excellent w1"},
    ),
    "E03: papers outside the hall": (
        "2026-03", [fact("hand", "card:1", DAY, row="E03", cards=(1,), **CONFIRMED)], {"E03 no_excellent w1"},
    ),
    "C01: one overdue": (
        "2026-03", days("case.overdue", DAY, amount=Decimal(1)), {"C01 circular w1"},
    ),
    "C03: three overdue, whose fault it was nobody has said": (
        "2026-03", days("case.overdue", DAY, NEXT, "2026-03-04"), {"C01 circular w1", "C03 unqualified w1"},
    ),
    "C03 C04: three overdue by the person's fault": (
        "2026-03", days("case.overdue", DAY, NEXT, "2026-03-04", **CONFIRMED),
        {"C01 circular w1", "C03 unqualified w1", "C04 no_award p1"},
    ),
    "C04: two overdue": (
        "2026-03", days("case.overdue", DAY, NEXT, **CONFIRMED), {"C01 circular w1", "C04 no_award p1"},
    ),
    "C03 C04: one by three days": (
        "2026-03", days("case.overdue", DAY, amount=Decimal(3), **CONFIRMED),
        {"C01 circular w1", "C03 unqualified w1", "C04 no_award p1"},
    ),
    "D12: two within twenty working days": (
        "2026-03", days("complaint.verified", DAY, "2026-03-27", **CONFIRMED),
        {"D12 unqualified w1", "D12 no_award p1"},
    ),
    "D12: the 21st working day": ("2026-03", days("complaint.verified", DAY, "2026-03-30", **CONFIRMED), set()),
    "E19: brokering": ("2026-03", entered("E19.broker", DAY), {"E19 no_award p1"}),
    "F05: late twice in a row": ("2026-03", days("case.late_entry", DAY, **CONFIRMED), {"F05 no_award p1"}),
    **{
        f"{row.partition('.')[0]}: {row}": ("2026-03", entered(row, DAY, **who), {f"{row} {effect}"})
        for row, who, effect in (
            ("G10.third", {"staff": None}, "no_excellent w1"),
            ("G11.second", {"staff": None}, "unqualified w1"),
            ("G11.third", {"staff": None}, "unqualified w1"),
            ("G11.sixth", {"staff": None}, "unqualified w1"),
            ("G11.seventh", {"staff": None}, "unqualified w1"),
            ("G12.second", {}, "no_award p1"),
            ("G12.sixth", {}, "no_award p1"),
        )
    },
    "G14: three breaches in a year": (
        "2026-03", entered("G14", "2025-05-06", "2025-12-01", DAY), {"G14 return p1"},
    ),
    "G14: the first over a year ago": ("2026-03", entered("G14", "2025-02-27", "2025-12-01", DAY), set()),
}  # fmt: skip


def fired(facts: list[Fact], period: str = "2026-03", **ground: Any) -> set[str]:
    found = effects(Ground(facts=facts, **ground), BOOK, CALENDAR, period)
    return {f"{one.id} {one.effect} {one.whom}" for one in found if one.stands}


@pytest.mark.parametrize("said", SCENES)
def test_what_follows(said: str) -> None:
    period, facts, expected = SCENES[said]
    posted = reconcile(derive(facts, BOOK), Standing(), "2026-03").entries
    assert fired(facts, period, entries=posted) == expected


def test_every_effect_of_the_book_is_in_the_table() -> None:
    shown = {line for _, _, expected in SCENES.values() for line in expected}
    whom = {"window": "w1", "staff": "p1"}
    assert shown == {f"{e.id} {e.effect} {whom[e.on]}" for e in BOOK.effects}


def test_a_ground_counts_once_another_person_has_confirmed_it() -> None:
    """G11: it costs no point, stands in the ledger with its article, and the month is unqualified."""
    facts = [fact("mark", "mark:1", DAY, row="G11.second", staff=None, proof="open", proposer="p6")]
    (asked,) = reconcile(derive(facts, BOOK), Standing(), "2026-03").proposed
    assert (asked.points, asked.why_open) == (0, "unconfirmed")
    assert fired(facts, proposals=[asked]) == set()
    decided = [replaced(asked, "confirmed")]
    (entry,) = reconcile(derive(facts, BOOK), Standing(proposals=decided), "2026-03").entries
    assert (entry.points, entry.confirmer, entry.key.row) == (0, "p7", "G11.second")
    assert fired(facts, proposals=decided, entries=[entry]) == {"G11.second unqualified w1"}
    again = reconcile(derive(facts, BOOK), Standing(proposals=decided, entries=[entry]), "2026-03")
    assert not again
    gone = reconcile((), Standing(proposals=decided, entries=[entry]), "2026-03").entries
    assert [one.reverses for one in gone] == [0]
    rejected = [replaced(asked, "rejected")]
    assert not reconcile(derive(facts, BOOK), Standing(proposals=rejected), "2026-03")
    assert fired(facts, proposals=rejected) == set()


def replaced(asked: Any, state: str) -> Any:
    return replace(asked, state=state, decided_by="p7", number=1)


def test_a11_says_with_the_figure_itself_whatever_inclusive_says() -> None:
    """「曠工3天以上（含3天）」, §27(2): six half days return, though every other 以上 excludes its figure then."""
    exclusive = BOOK.model_copy(update={"choices": BOOK.choices.model_copy(update={"inclusive": False})})
    six = absent("01-05 am", "01-20 am", "02-04 am", "02-24 am", "03-09 am", "03-13 am")
    found = effects(Ground(facts=six), exclusive, CALENDAR, "2026-03")
    assert {f"{one.id} {one.effect}" for one in found if one.stands and one.id != "A10"} == {
        "A11 return",
        "A11 circular",
    }
    assert not [one for one in effects(Ground(facts=six[:5]), exclusive, CALENDAR, "2026-03") if one.id == "A11"]
