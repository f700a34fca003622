"""Claims against a ledger: what is posted, proposed, countered, and what a person's decision holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.ledger import Changes, Standing, event_of, reconcile, total
from monitor.assessment.model import ClaimKey, Entry, Fact, Proposal, ProposalState
from monitor.assessment.scores import month_score, months_needed, period_score
from tests.assessed import book_of, entry, fact, key, row

LATE = row("A03", "late", "-0.2")
OFF = row("A05", "off_post", "-0.5", mark="proposed")
DAYS = row("C02", "case.overdue", "-1", per="amount", mark="proposed")
PRAISE = row("E22", "mark", None, ladder={"county": 2, "city": 5, "province": 8, "nation": 10}, mark="manual",
             once_per_event=True)  # fmt: skip
BOOK = book_of(LATE, OFF, DAYS, PRAISE, choices={"overdue_10": "automatic"})


class Book:
    """A ledger as the store would keep it: changes are written into it, proposals are numbered."""

    def __init__(self, book: RuleBook = BOOK, *, closed: Sequence[str] = ()) -> None:
        self.rules, self.closed, self.open_month = book, frozenset(closed), "2026-04"
        self.entries: list[Entry] = []
        self.proposals: list[Proposal] = []

    def run(self, facts: Sequence[Fact], *span: str) -> Changes:
        months = frozenset(span) if span else None
        claims = derive([f for f in facts if months is None or f"{f.date:%Y-%m}" in months], self.rules)
        held = Standing(entries=self.entries, proposals=self.proposals, closed=self.closed, span=months)
        changes = reconcile(claims, held, self.open_month)
        self.entries += changes.entries
        for one in changes.proposed:
            self.proposals.append(replace(one, number=len(self.proposals) + 1))
        for one in (*changes.changed, *changes.withdrawn):
            assert one.number is not None
            self.proposals[one.number - 1] = one
        return changes

    def decide(self, state: ProposalState, number: int = -1, by: str = "s2") -> None:
        at = number - 1 if number > 0 else -1
        assert self.proposals[at].state == "open"
        self.proposals[at] = replace(self.proposals[at], state=state, decided_by=by)

    def points(self, month: str | None = None) -> Any:
        return total(e for e in self.entries if month in (None, e.month))

    def open(self) -> list[Any]:
        return [p.points for p in self.proposals if p.state == "open"]


def off(**more: Any) -> Fact:
    return fact("off_post", "post:w1/1", "2026-03-02", **{"proof": "open", **more})


def overdue(days: int, **more: Any) -> Fact:
    return fact("case.overdue", "case:1", "2026-03-02", amount=Decimal(days), **{"proof": "open", **more})


def praise(number: int, rung: str, day: str = "2026-03-02", **more: Any) -> Fact:
    given = {"row": "E22", "rung": rung, "event": "rescue", "proof": "open", "proposer": "s1", "evidence": True}
    return fact("mark", f"mark:{number}", day, **{**given, **more})


def test_a_measured_fact_is_posted_and_taken_back_when_it_is_gone() -> None:
    book, late = Book(), fact("late", "slot:1", "2026-03-02")
    assert [e.points for e in book.run([late]).entries] == [Decimal("-0.20")]
    assert not book.run([late])
    [back] = book.run([]).entries
    assert (back.points, back.reverses, back.revision, back.confirmer) == (Decimal("0.20"), 0, 1, None)
    assert book.points() == 0
    [again] = book.run([late]).entries
    assert (again.points, again.revision, again.reverses) == (Decimal("-0.20"), 2, None)


def test_what_nobody_confirmed_costs_nothing_and_a_confirmation_posts_once() -> None:
    book = Book()
    assert not book.run([off()]).entries
    assert book.open() == [Decimal("-0.50")]
    book.decide("confirmed")
    [posted] = book.run([off()]).entries
    assert (posted.points, posted.confirmer) == (Decimal("-0.50"), "s2")
    assert not book.run([off()])


def test_a_card_that_its_finder_closed_confirms_nothing() -> None:
    book = Book()
    book.run([off(proof="confirmed", confirmed_by="s1", proposer="s1")])
    assert (book.points(), book.open()) == (0, [Decimal("-0.50")])
    book.run([off(proof="confirmed", confirmed_by="s2", proposer="s1")])
    assert (book.points(), book.open()) == (Decimal("-0.50"), [])


def test_a_charged_person_confirms_nothing_against_themselves_nor_does_nobody() -> None:
    book = Book()
    for by in ("p1", None):
        assert not book.run([off(proof="confirmed", confirmed_by=by)]).entries


@pytest.mark.parametrize(
    ("then", "posted", "asked"),
    [
        (3, "-3.00", []),  # as it was confirmed
        (2, "-2.00", []),  # it came to less: the less
        (5, "-3.00", ["-5.00"]),  # it came to more: what was confirmed stands, the more waits
    ],
)
def test_a_confirmation_holds_for_what_was_confirmed(then: int, posted: str, asked: list[str]) -> None:
    book = Book()
    book.run([overdue(3)])
    book.decide("confirmed")
    book.run([overdue(3)])
    book.run([overdue(then)])
    assert (book.points(), book.open()) == (Decimal(posted), [Decimal(p) for p in asked])
    assert not book.run([overdue(then)])


def test_the_more_that_is_rejected_leaves_what_was_confirmed() -> None:
    book = Book()
    book.run([overdue(3)])
    book.decide("confirmed")
    book.run([overdue(5)])
    book.decide("rejected")
    assert not book.run([overdue(5)])
    assert book.points() == Decimal("-3.00")


@pytest.mark.parametrize(("then", "asked"), [(3, []), (2, []), (4, ["-4.00"])])
def test_what_was_rejected_is_asked_again_only_when_it_comes_to_more(then: int, asked: list[str]) -> None:
    book = Book()
    book.run([overdue(3)])
    book.decide("rejected")
    book.run([overdue(then)])
    assert (book.points(), book.open()) == (0, [Decimal(p) for p in asked])


def test_a_rejection_and_another_persons_finding_are_put_before_a_person_once() -> None:
    book = Book()
    book.run([off()])
    book.decide("rejected", by="s2")
    founded = off(proof="confirmed", confirmed_by="s3", proposer=None)
    book.run([founded])
    assert [(p.state, p.why_open) for p in book.proposals] == [("rejected", "unconfirmed"), ("open", "contested")]
    assert book.points() == 0
    book.decide("rejected", by="s4")
    assert not book.run([founded])


def test_what_a_review_took_back_is_not_posted_again_although_it_is_measured() -> None:
    book, late = Book(), fact("late", "slot:1", "2026-03-02", proof="confirmed", confirmed_by="s1")
    book.run([late])
    taken = Proposal(
        key=key("slot:1"), points=Decimal("-0.20"), state="rejected", at=late.at, date=late.date, unit=None,
        window=None, staff="p1", decided_by="h1", why_open="review", number=1,
    )  # fmt: skip
    book.proposals.append(taken)
    assert [e.points for e in book.run([late]).entries] == [Decimal("0.20")]
    assert not book.run([late])


def test_what_a_person_confirmed_and_a_review_took_back_stands_no_more() -> None:
    book = Book()
    book.run([off()])
    book.decide("confirmed")
    book.run([off()])
    book.proposals.append(replace(book.proposals[0], state="rejected", why_open="review", decided_by="h1", number=2))
    assert [e.points for e in book.run([off()]).entries] == [Decimal("0.50")]
    assert not book.run([off()])


def test_b05_a_person_on_leave_with_a_letter_is_not_charged_the_window_is() -> None:
    rules = book_of(row("B05", "leave.uncovered", "-1", charges=("window", "head")), row("A03", "late", "-0.2"))
    spared = fact("late", "slot:1", "2026-03-02", spared=True)
    uncovered = fact("leave.uncovered", "leave:1", "2026-03-02", spared=True)
    assert [c.key.whom for c in derive([spared, uncovered], rules)] == ["w1"]


def test_a_proposal_without_a_fact_is_withdrawn_and_made_again_when_it_is_back() -> None:
    book = Book()
    book.run([off()])
    book.run([])
    assert [p.state for p in book.proposals] == ["withdrawn"]
    book.run([off()])
    assert [p.state for p in book.proposals] == ["withdrawn", "open"]


def test_an_open_proposal_follows_its_fact() -> None:
    book = Book()
    book.run([overdue(3)])
    changes = book.run([overdue(4, cards=(9,))])
    assert [(p.points, p.cards, p.number) for p in changes.changed] == [(Decimal("-4.00"), (9,), 1)]
    assert not book.run([overdue(4, cards=(9,))])


def test_whoever_led_when_it_was_booked_stays_charged() -> None:
    book = Book(book_of(row("A08", "late", "-2", charges=("window", "lead"))))
    late = fact("late", "slot:1", "2026-03-02", lead="p7")
    book.run([late])
    later = replace(late, lead="p8")
    assert not book.run([later])
    assert {e.key.whom for e in book.entries} == {"w1", "p7"}
    taken = next(e for e in book.entries if e.key.whom == "p7")
    book.proposals.append(
        Proposal(
            key=taken.key, points=taken.points, state="rejected", at=late.at, date=late.date, unit=None, window=None,
            staff=None, why_open="review", number=1, figures=taken.figures,
        )
    )  # fmt: skip
    book.run([later])
    assert not book.run([later])  # taken back by a review: it does not fall to the successor either
    assert {e.key.whom: e.points for e in book.entries[-1:]} == {"p7": 2}


def test_figures_that_the_store_gives_back_otherwise_are_no_change() -> None:
    book = Book()
    book.run([off(figures={"span": (1, 2)})])
    assert book.proposals[0].figures["span"] == [1, 2]
    assert not book.run([off(figures={"span": [1, 2]})])


# --------------------------------------------------------------------------- events


def test_of_one_event_the_highest_confirmed_stands_and_higher_ones_wait() -> None:
    book, facts = Book(), [praise(1, "county"), praise(2, "province"), praise(3, "city")]
    book.run(facts)
    assert sorted(book.open()) == [2, 5, 8]
    book.decide("confirmed", 1)
    book.run(facts)
    assert (book.points(), sorted(book.open())) == (2, [5, 8])
    book.decide("confirmed", next(p.number or 0 for p in book.proposals if p.points == 8))
    book.run(facts)
    assert (book.points(), book.open()) == (8, [])
    assert not book.run(facts)


def test_a_rejected_higher_one_leaves_the_lower_to_be_confirmed() -> None:
    book, facts = Book(), [praise(1, "county"), praise(2, "province")]
    book.run(facts)
    book.decide("rejected", 2)
    book.decide("confirmed", 1)
    book.run(facts)
    assert book.points() == 2


def test_one_event_over_two_months_counts_once_and_the_lower_comes_back() -> None:
    book = Book(closed=["2026-03"])
    county = praise(1, "county", proof="confirmed", confirmed_by="s2")
    province = praise(2, "province", "2026-04-03", proof="confirmed", confirmed_by="s2")
    book.run([county], "2026-03")
    assert book.entries[0].month == "2026-04"  # the month is closed: it is booked in the open one
    book.run([county, province], "2026-04")
    assert book.points() == 8
    assert not book.run([county, province], "2026-03", "2026-04")
    book.run([county], "2026-03", "2026-04")
    assert book.points() == 2


def test_of_equals_the_one_that_stands_stays() -> None:
    book = Book()
    second, first = praise(2, "city", proof="confirmed", confirmed_by="s2"), praise(1, "city", proof="open")
    book.run([first, second])
    sure = [replace(f, proof="confirmed", confirmed_by="s2") for f in (first, second)]
    assert not book.run(sure).entries
    assert [e.key.fact for e in book.entries] == ["mark:2"]


# --------------------------------------------------------------------------- months


def test_what_belongs_to_other_months_stays_as_it_is() -> None:
    book = Book()
    march, april = fact("late", "slot:1", "2026-03-02"), fact("late", "slot:2", "2026-04-02")
    book.run([march, april])
    assert not book.run([], "2026-05")
    assert [e.key.fact for e in book.run([], "2026-04").entries] == ["slot:2"]


def test_a_fact_that_moved_into_another_month_is_booked_there_once() -> None:
    book = Book()
    book.run([fact("late", "slot:1", "2026-03-31")], "2026-03")
    moved = fact("late", "slot:1", "2026-04-01")
    book.run([moved], "2026-04")
    assert (book.points("2026-03"), book.points("2026-04")) == (0, Decimal("-0.20"))
    assert not book.run([moved], "2026-03")


def test_a_closed_month_never_changes() -> None:
    book, late = Book(), fact("late", "slot:1", "2026-03-02")
    book.run([late])
    book.closed = frozenset({"2026-03"})
    before = [e for e in book.entries if e.month == "2026-03"]
    [back] = book.run([], "2026-03").entries
    assert (back.month, back.of_month, back.reverses) == ("2026-04", "2026-03", 0)
    assert [e for e in book.entries if e.month == "2026-03"] == before
    with pytest.raises(ValueError, match="closed"):
        reconcile([], Standing(closed=frozenset({"2026-04"})), "2026-04")


def test_an_entry_whose_row_left_the_book_is_taken_back_from_where_it_went() -> None:
    annual = book_of(row("A03", "late", "-0.2", score="year"))
    book = Book(annual)
    book.run([fact("late", "slot:1", "2026-03-02")])
    book.rules = book_of(OFF)
    book.run([fact("late", "slot:1", "2026-03-02")])
    scored = month_score("staff", "p1", "2026-03", book.entries, book.rules)
    assert (book.points(), scored.points) == (0, Decimal(100))
    assert not scored.entries


def test_what_a_finding_of_a_case_calls_its_event_makes_one_event_of_two_cases_no_more() -> None:
    rules = book_of(row("F02", "case.contradiction", "-3", mark="proposed"))
    book = Book(rules)
    facts = [
        fact("case.contradiction", f"case:{n}", "2026-03-02", figures={"event": "completed"}, proof="open")
        for n in (1, 2)
    ]
    book.run(facts)
    assert [event_of(one.figures) for one in book.proposals] == ["", ""]
    assert event_of({"event": "rescue", "once": True}) == "rescue"


@pytest.mark.parametrize("mark", [1, 2])
def test_a_bad_rating_that_was_confirmed_is_in_the_score_whatever_mark_it_gave(mark: int) -> None:
    """What the citizen gave is called `score` too, and is not the score that the entry goes into."""
    book = Book(book_of(row("D06", "rating.bad", "-2")))
    book.run([fact("rating.bad", "rating:e1/7", "2026-03-02", figures={"score": mark})])
    scored = month_score("staff", "p1", "2026-03", book.entries, book.rules)
    assert (book.points(), scored.points) == (-2, Decimal(98))


def test_nothing_is_claimed_within_the_grace_or_on_a_rung_that_the_ladder_lacks() -> None:
    rules = book_of(row("A07", "case.overdue", "-1", per="amount", grace=2), PRAISE)
    facts = [overdue(2, proof="certain"), praise(1, "centre")]
    assert derive(facts, rules) == ()


def test_two_facts_under_one_key_come_to_the_same_in_any_order() -> None:
    one, other = overdue(2), overdue(3)
    assert derive([one, other], BOOK) == derive([other, one], BOOK)


# --------------------------------------------------------------------------- caps


def bonus(month: int, points: str) -> Entry:
    return entry(ClaimKey("staff", "p1", "E24", "mark", f"mark:{month}"), points, f"2026-{month:02}-05")


CAPPED: dict[str, Any] = {"cap": 5, "cap_period": "quarter", "mark": "manual"}


def test_a_cap_of_the_quarter_holds_over_its_months_and_begins_anew() -> None:
    rules = book_of(row("E24", "mark", "2", **CAPPED))
    entries = [bonus(1, "3"), bonus(2, "4"), bonus(3, "1"), bonus(4, "4")]
    scored = [month_score("staff", "p1", f"2026-{m:02}", entries, rules).points for m in range(1, 5)]
    assert scored == [103, 102, 100, 104]
    assert months_needed("2026-03", rules) == ("2026-01", "2026-02", "2026-03")
    assert months_needed("2026-04", rules) == ("2026-04",)


def test_what_was_capped_comes_back_when_something_below_the_cap_is_taken_back() -> None:
    rules = book_of(row("E24", "mark", "2", **CAPPED))
    entries = [bonus(1, "8"), bonus(2, "-5")]
    scored = [month_score("staff", "p1", f"2026-{m:02}", entries, rules).points for m in (1, 2)]
    assert scored == [105, 98]  # 8 - 5 = 3 in the quarter


def test_a_cap_of_a_month_holds_in_each_month_of_a_quarter_from_entries() -> None:
    rules = book_of(row("E24", "mark", "2", cap=2, cap_period="month", mark="manual"), quarter_from="entries")
    entries = [bonus(1, "3"), bonus(2, "3"), bonus(3, "1")]
    scored = period_score("staff", "p1", "2026-Q1", entries, {}, rules)
    assert scored.points == 105
    assert [a.points for a in scored.adjustments] == [-1, -1]


def test_a_score_takes_its_own_lines_alone() -> None:
    rules = book_of(LATE)
    other = entry(key("slot:1", whom="p2"), "-0.20", "2026-03-02")
    assert month_score("staff", "p1", "2026-03", [other], rules).points == 100
