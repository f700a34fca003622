"""What holds of any facts, in any order, however often they are found, whatever people decide between."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.assessment.derive import derive
from monitor.assessment.ledger import total
from monitor.assessment.model import Entry, Fact
from monitor.assessment.scores import month_score, period_score
from tests.assessed import book_of, fact, row
from tests.unit.test_assessment_ledger import Book

PARTS = [{"id": "duty", "name": {"zh": "考勤", "en": "duty"}, "weight": 10},
         {"id": "work", "name": {"zh": "业务", "en": "work"}, "weight": 90}]  # fmt: skip
RULES = book_of(
    row("A03", "late", "-0.2", score="year", part="duty"),
    row("A07", "late", "-0.5", charges=("window", "lead"), part="duty"),
    row("A05", "off_post", "-3", mark="proposed", part="duty", cap=5, cap_period="quarter"),
    row("C02", "case.overdue", "-1.25", per="amount", grace=1, charges=("person", "window"), part="work"),
    row("E22", "mark", None, ladder={"county": 2, "city": 5, "province": 8}, mark="manual", once_per_event=True,
        charges=("person", "window"), part="work"),
    row("E13", "mark", None, ladder={"found": -1, "county": -8}, mark="manual", evidence="document", part="work"),
    parts=PARTS, ceiling=110,
)  # fmt: skip
PLAIN = RULES.model_copy(update={"parts": ()})
RUNGS = ["found", "county", "city"]
MONTHS = ("2026-02", "2026-03", "2026-04")


@st.composite
def facts_of(draw: st.DrawFn, proofs: tuple[str, ...] = ("certain", "confirmed", "open")) -> list[Fact]:
    found = []
    for number in range(draw(st.integers(0, 7))):
        source = draw(st.sampled_from(["late", "off_post", "case.overdue", "mark"]))
        more: dict[str, Any] = {
            "amount": Decimal(draw(st.integers(0, 4))) / 2 + 1,
            "proof": draw(st.sampled_from(proofs)),
        }
        if more["proof"] == "confirmed":
            more["confirmed_by"] = draw(st.sampled_from(["s2", "s3"]))
        if source == "mark":
            more |= {"row": draw(st.sampled_from(["E22", "E13"])), "rung": draw(st.sampled_from(RUNGS)),
                     "event": draw(st.sampled_from(["", "rescue", "flood"])), "proposer": "s1",
                     "evidence": draw(st.booleans())}  # fmt: skip
        day = f"{draw(st.sampled_from(MONTHS))}-0{draw(st.integers(1, 4))}"
        whom = draw(st.sampled_from([("p1", "w1"), ("p2", "w1"), ("p2", None), (None, "w1")]))
        found.append(fact(source, f"{source}:{number}", day, staff=whom[0], window=whom[1], lead="p1", **more))
    return found


def decide_all(book: Book, verdicts: list[bool]) -> None:
    for at, one in enumerate(book.proposals):
        if one.state == "open":
            state = "confirmed" if verdicts[at % len(verdicts)] else "rejected"
            book.proposals[at] = replace(one, state=state, decided_by="s9")  # type: ignore[arg-type]


VERDICTS = st.lists(st.booleans(), min_size=1, max_size=4)


@given(facts=facts_of(), data=st.data())
@settings(max_examples=30, deadline=None)
def test_order_and_repetition_of_facts_change_nothing(facts: list[Fact], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(facts + facts[: len(facts) // 2]))
    assert derive(shuffled, RULES) == derive(facts, RULES)


@given(facts=facts_of(), verdicts=VERDICTS)
@settings(max_examples=40, deadline=None)
def test_a_second_run_changes_nothing_and_a_confirmed_proposal_posts_once(
    facts: list[Fact], verdicts: list[bool]
) -> None:
    book = Book(RULES)
    book.run(facts)
    assert not book.run(facts)
    decide_all(book, verdicts)
    book.run(facts)
    assert not book.run(facts)
    standing = Counter(e.key for e in book.entries if e.reverses is None)
    taken = Counter(e.key for e in book.entries if e.reverses is not None)
    assert all(standing[key] - taken[key] in (0, 1) for key in standing)


@given(before=facts_of(), after=facts_of(), verdicts=VERDICTS)
@settings(max_examples=40, deadline=None)
def test_what_is_gone_is_countered_to_nothing(before: list[Fact], after: list[Fact], verdicts: list[bool]) -> None:
    book = Book(RULES)
    book.run(before)
    decide_all(book, verdicts)
    book.run(before)
    book.run(after)
    again = Book(RULES)
    again.proposals = list(book.proposals)
    again.run(after)
    assert net(book.entries) == net(again.entries)  # whatever stood before, the ledger is what the facts come to
    book.run([])
    assert net(book.entries) == {}


def net(entries: list[Entry]) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = {}
    for one in entries:
        group = (one.key[:3], one.figures.get("event"))  # of one event any of equals may stand
        found[group] = found.get(group, Decimal(0)) + one.points
    return {group: points for group, points in found.items() if points}


@given(facts=facts_of(proofs=("open",)))
@settings(max_examples=30, deadline=None)
def test_what_is_open_never_costs(facts: list[Fact]) -> None:
    book = Book(RULES)
    book.run(facts)
    assert book.entries == []


@given(facts=facts_of(), later=facts_of(), verdicts=VERDICTS)
@settings(max_examples=30, deadline=None)
def test_a_closed_month_never_changes_whatever_is_found_or_decided_later(
    facts: list[Fact], later: list[Fact], verdicts: list[bool]
) -> None:
    book = Book(RULES)
    book.run(facts)
    book.closed = frozenset({"2026-02", "2026-03"})
    kept = [e for e in book.entries if e.month in book.closed]
    scored = [month_score("staff", "p1", m, book.entries, PLAIN).points for m in sorted(book.closed)]
    decide_all(book, verdicts)
    for month in MONTHS:
        book.run(later, month)
    assert [e for e in book.entries if e.month in book.closed] == kept
    assert [month_score("staff", "p1", m, book.entries, PLAIN).points for m in sorted(book.closed)] == scored


@given(facts=facts_of(), verdicts=VERDICTS, data=st.data())
@settings(max_examples=30, deadline=None)
def test_months_run_one_by_one_in_any_order_come_to_the_same(
    facts: list[Fact], verdicts: list[bool], data: st.DataObject
) -> None:
    whole, parted = Book(RULES), Book(RULES)
    whole.run(facts)
    decide_all(whole, verdicts)
    whole.run(facts)
    parted.proposals = list(whole.proposals)
    for month in data.draw(st.permutations(MONTHS)):
        parted.run(facts, month)
    assert net(parted.entries) == net(whole.entries)


@given(facts=facts_of(), verdicts=VERDICTS)
@settings(max_examples=30, deadline=None)
def test_the_lines_of_a_score_add_up_to_it(facts: list[Fact], verdicts: list[bool]) -> None:
    book = Book(RULES)
    book.run(facts)
    decide_all(book, verdicts)
    book.run(facts)
    months = {}
    for rules in (RULES, PLAIN):
        for ledger, whom in (("staff", "p1"), ("window", "w1")):
            for month in MONTHS:
                scored = month_score(ledger, whom, month, book.entries, rules)  # type: ignore[arg-type]
                lines = total(scored.entries) + sum((a.points for a in scored.adjustments), Decimal(0))
                assert scored.start + lines == scored.points
                assert 0 <= scored.points <= 110
                months[month] = scored.points
            year = period_score(ledger, whom, "2026", book.entries, months, rules)  # type: ignore[arg-type]
            lines = total(year.entries) + sum((a.points for a in year.adjustments), Decimal(0))
            assert year.start + lines == year.points


@given(facts=facts_of(), verdicts=VERDICTS)
@settings(max_examples=30, deadline=None)
def test_a_cap_of_a_quarter_is_met_by_its_months_together(facts: list[Fact], verdicts: list[bool]) -> None:
    book = Book(RULES)
    book.run(facts)
    decide_all(book, verdicts)
    book.run(facts)
    off = total(e for e in book.entries if e.key.row == "A05" and e.key.whom == "p1" and e.month < "2026-04")
    given_back = Decimal(0)
    for month in ("2026-01", "2026-02", "2026-03"):
        scored = month_score("staff", "p1", month, book.entries, PLAIN)
        given_back += sum((a.points for a in scored.adjustments if a.kind == "cap"), Decimal(0))
    assert off + given_back == max(off, Decimal(-5))
