"""Effects of Tianyang's whole book, whatever the facts: their order and repetition change nothing, and knowing less
never brings one about or costs a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.assessment.assess import assess
from monitor.assessment.derive import derive
from monitor.assessment.effects import effects
from monitor.assessment.firing import Ground
from monitor.assessment.ledger import Standing, reconcile
from monitor.assessment.model import Entry, Fact, Proposal
from monitor.assessment.results import Assessed
from monitor.assessment.scores import Score, month_score
from monitor.supervision.assessment.books import parsed, shipped_text
from monitor.workcal import build_calendar
from tests.assessed import fact

BOOK: Final = parsed(shipped_text("tianyang"))
CALENDAR: Final = build_calendar()
MONTHS: Final = ("2026-01", "2026-02", "2026-03")
WHOM: Final = (("p1", "w1"), ("p2", "w1"), ("p3", "w2"))
SOURCES: Final = (
    "late", "early", "absent", "absent", "absent", "off_post", "unstaffed", "case.overdue", "case.overdue",
    "case.late_entry", "complaint.verified", "posting.vacant", "mark", "hand",
)  # fmt: skip
ROWS: Final = {"mark": ("E19.broker", "G14", "E13", "G12.second"), "hand": ("E18", "E16")}
CONFIRMED: Final[dict[str, Any]] = {"proof": "confirmed", "proposer": "p8", "confirmed_by": "p9", "evidence": True}
HALVES: Final = ("am_in", "pm_in")


@st.composite
def happened(draw: st.DrawFn) -> list[Fact]:
    """Up to sixteen facts of three people at two windows in a quarter; of one day as often as not."""
    found: dict[tuple[str, str], Fact] = {}
    for number in range(draw(st.integers(0, 16))):
        source = draw(st.sampled_from(SOURCES))
        staff, window = draw(st.sampled_from(WHOM))
        day = f"{draw(st.sampled_from(MONTHS))}-{draw(st.sampled_from(['05', '06', '09', '10', '26']))}"
        more: dict[str, Any] = {"staff": staff, "window": window, "lead": "p1" if window == "w1" else "p3"}
        key = f"slot:{staff}/{day}/{draw(st.sampled_from(HALVES))}" if source in ("late", "absent") else f"f:{number}"
        if source in ROWS:
            more |= {"row": draw(st.sampled_from(ROWS[source])), **CONFIRMED, "cards": (number,)}
        elif source in ("off_post", "unstaffed", "complaint.verified", "case.late_entry", "posting.vacant"):
            more |= CONFIRMED
        if source == "case.overdue":
            more["amount"] = Decimal(draw(st.integers(1, 4)))
        if more.get("row") == "E13":
            more["rung"] = "county"
        found.setdefault((source, key), fact(source, key, day, **more))
    return list(found.values())


def ledger_of(facts: Sequence[Fact]) -> tuple[tuple[Entry, ...], tuple[Proposal, ...]]:
    made = reconcile(derive(facts, BOOK), Standing(), "2026-03")
    return made.entries, tuple(replace(one, number=at) for at, one in enumerate(made.proposed, start=1))


def stand(facts: Sequence[Fact]) -> set[tuple[str, ...]]:
    """Everything that stands in one of the months, by what it counted in."""
    entries, proposals = ledger_of(facts)
    ground = Ground(facts=facts, entries=entries, proposals=proposals)
    found = [one for month in MONTHS for one in effects(ground, BOOK, CALENDAR, month)]
    return {(one.id, one.effect, one.ledger, one.whom, one.counted) for one in found if one.stands}


def scores_of(entries: Sequence[Entry], month: str) -> list[Score]:
    people = [month_score("staff", whom, month, entries, BOOK) for whom in ("p1", "p2", "p3")]
    return people + [month_score("window", whom, month, entries, BOOK) for whom in ("w1", "w2")]


def assessed(facts: Sequence[Fact], month: str, mix: st.DataObject | None = None) -> Assessed:
    """Of a ledger that is the same whatever the order of its facts; everything given in an order that is drawn."""
    entries, proposals = ledger_of(facts)
    scores = scores_of(entries, month)
    if mix is not None:
        facts = mix.draw(st.permutations([*facts, *facts]))
        entries, proposals = (tuple(mix.draw(st.permutations(entries))), tuple(mix.draw(st.permutations(proposals))))
        scores = mix.draw(st.permutations(scores))
    return assess(month, scores, facts, BOOK, CALENDAR, entries=entries, proposals=proposals,
                  duty={"p1": 20, "p2": 20, "p3": 20}, cases={"w1": 40, "w2": 40})  # fmt: skip


@given(facts=happened(), month=st.sampled_from(MONTHS), data=st.data())
@settings(max_examples=40, deadline=None)
def test_order_and_repetition_change_no_effect_grade_or_place(
    facts: list[Fact], month: str, data: st.DataObject
) -> None:
    assert assessed(facts, month, data) == assessed(facts, month)


@given(facts=happened(), forgotten=st.sets(st.integers(0, 15)))
@settings(max_examples=60, deadline=None)
def test_what_is_not_known_brings_about_nothing(facts: list[Fact], forgotten: set[int]) -> None:
    """Facts that a silent source swallowed: never an effect that was not there, never a point less."""
    left = [one for number, one in enumerate(facts) if number not in forgotten]
    assert stand(left) <= stand(facts)
    cheaper_or_equal(left, facts)


@given(facts=happened(), unsure=st.sets(st.integers(0, 15)))
@settings(max_examples=60, deadline=None)
def test_what_nobody_has_confirmed_brings_about_nothing(facts: list[Fact], unsure: set[int]) -> None:
    """The same facts with fewer confirmed: what is open is told, and has no consequence."""
    doubtful = [
        replace(one, proof="open", confirmed_by=None) if number in unsure else one for number, one in enumerate(facts)
    ]
    assert stand(doubtful) <= stand(facts)
    cheaper_or_equal(doubtful, facts)


def cheaper_or_equal(fewer: Sequence[Fact], facts: Sequence[Fact]) -> None:
    few, many = ledger_of(fewer)[0], ledger_of(facts)[0]
    for month in MONTHS:
        for less, more in zip(scores_of(few, month), scores_of(many, month), strict=True):
            assert less.points >= more.points, (less.whom, month)


@given(facts=happened())
@settings(max_examples=40, deadline=None)
def test_an_effect_names_facts_that_are_there_and_stands_on_none_that_is_open(facts: list[Fact]) -> None:
    known = {(one.source, one.key): one for one in facts}
    for month in MONTHS:
        for one in assessed(facts, month).fired:
            assert one.facts or one.open or one.entries or one.id in ("H03", "G13")
            for ref in one.facts:
                assert known[ref.source, ref.key].proof != "open"
            assert not (one.stands and one.open)
