"""What the checker says of a rule book: each kind of fault and note with a book that has it, and one that has not."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.assessment.book import BadBook, RuleBook, read_book
from monitor.assessment.check import FEEDS, POLICY_KEYS, TOGETHER, Finding, Hall, check
from monitor.assessment.sources import SOURCES
from monitor.supervision.assessment.books import parsed, shipped, shipped_text
from tests.assessed import CHOICES, SCALE, book_of, row

BOTH = ("person", "lead")


def effect(number: str, sources: tuple[str, ...], **more: Any) -> dict[str, Any]:
    named = {"zh": f"后果{number}", "en": f"effect {number}"}
    base: dict[str, Any] = {"article": number, "name": named, "on": "staff", "effect": "no_award"}
    return {"id": number, "sources": sources, **base, **more}


def told(book: RuleBook, hall: Hall | None = None) -> set[tuple[str, bool, str]]:
    """Findings without those on sources and rows that a book of two rows naturally lacks."""
    return {(f.kind, f.fault, f.where) for f in check(book, hall) if f.where != "sources"}


late, window_late = row("A03", "late", "-1"), row("A07.late", "late", "-1", charges=("window",))
part = {"id": "first", "name": {"zh": "一", "en": "one"}, "weight": 40}
other = {"id": "second", "name": {"zh": "二", "en": "two"}, "weight": 60}

SCENES: dict[str, tuple[RuleBook, set[tuple[str, bool, str]]]] = {
    "two rows charge the person for one fact": (
        book_of(late, row("A04", "late", "-2", charges=BOTH)), {("overlap", True, "A03, A04")},
    ),
    "person and window are two ledgers": (book_of(late, window_late), set()),
    "the year's score and the month's are two": (book_of(late, row("A04", "late", "-2", score="year")), set()),
    "two rows that people name apart": (book_of(row("E05", "hand", "-1", mark="manual"),
                                                row("E06", "hand", "-1", mark="manual")), set()),
    "whoever is holder and lead pays twice": (
        book_of(late, row("A04", "late", "-2", charges=("lead",))), {("overlap", False, "A03, A04")},
    ),
    "ladders that share no rung": (
        book_of(row("B13", "posting.short", None, charges=("window",), ladder={"quarter": -2}),
                row("B14", "posting.short", None, charges=("window",), ladder={"year": -1})),
        {("never", False, "B13"), ("never", False, "B14")},
    ),
    "ladders that share one": (
        book_of(row("B13", "posting.short", None, charges=("window",), ladder={"quarter": -2, "year": -1}),
                row("B14", "posting.short", None, charges=("window",), ladder={"year": -1})),
        {("overlap", True, "B13, B14"), ("never", False, "B14")},
    ),
    "two sources that tell of one leave": (
        book_of(row("B04", "leave.unfiled", "-1", mark="proposed"),
                row("B06", "leave.retroactive", "-1", mark="proposed")), {("overlap", False, "B04, B06")},
    ),
    "of one leave, the window and the person": (
        book_of(row("B04", "leave.unfiled", "-1", mark="proposed", charges=("window",)),
                row("B06", "leave.retroactive", "-1", mark="proposed")), set(),
    ),
    "an absence is off post or uncovered, never both": (
        book_of(row("A05", "off_post", "-0.5", mark="proposed"), row("B03", "cover.none", "-0.5", mark="proposed")),
        set(),
    ),
    "an empty window that both ledgers may have": (
        book_of(row("A05", "off_post", "-0.5", mark="proposed", charges=("window",)),
                row("A08", "unstaffed", "-2", mark="proposed", charges=("window",))), {("overlap", False, "A05, A08")},
    ),
    "an empty window that goes to people alone": (
        book_of(row("A05", "off_post", "-0.5", mark="proposed", charges=("window", "lead")),
                row("A08", "unstaffed", "-2", mark="proposed", charges=("window", "lead")),
                choices={"offpost_vs_unstaffed": "window"}), {("overlap", False, "A05, A08")},
    ),
    "a late case and the share of late cases": (
        book_of(row("C01", "case.overdue", "-1", charges=("window",)),
                row("D05", "share.on_time", "-10", charges=("window",), per="amount")),
        {("overlap", False, "C01, D05")},
    ),
    "a part that nobody can lose": (
        book_of(late | {"part": "first"}, parts=[part, other]), {("orphan", True, "parts.second")},
    ),
    "a card by hand that nobody can issue": (
        book_of(row("E12", "hand", "-1", mark="manual")), {("never", True, "E12")},
    ),
    "an entry that wants a card": (
        book_of(row("E12", "mark", "-1", mark="manual", evidence="card")), {("never", True, "E12")},
    ),
    "manual, though a machine finds it": (book_of(late | {"mark": "manual"}), {("never", True, "A03")}),
    "late left to the window": (
        book_of(late, choices={"late_amount": "window"}), {("never", True, "A03")},
    ),
    "all of a share is free": (
        book_of(row("C24", "share.completion", "-15", charges=("window",), per="amount", grace=1)),
        {("never", True, "C24")},
    ),
    "all that is wanted is free": (
        book_of(row("G22", "count.reports", "-1", charges=("window",), per="amount", wanted=5, grace=5)),
        {("never", True, "G22")},
    ),
    "more absences than a month has": (
        book_of(late, effects=[effect("A10", ("absent",), times=47)]), {("never", True, "A10 staff")},
    ),
    "as many as it has": (book_of(late, effects=[effect("A10", ("absent",), times=46)]), set()),
    "more, but a run would do": (book_of(late, effects=[effect("A10", ("absent",), times=47, run=4)]), set()),
    "more, and both are asked": (
        book_of(late, effects=[effect("A10", ("absent",), times=47, run=4, both=True)]), {("never", True, "A10 staff")},
    ),
    "twice the window of one quarter": (
        book_of(late, effects=[effect("E23", ("award.window",), period="quarter", times=2)]),
        {("never", True, "E23 staff")},
    ),
    "a run of something else than absence": (
        book_of(late, effects=[effect("A10", ("late",), run=4)]), {("never", True, "A10 staff")},
    ),
    "a share greater than all": (
        book_of(late, effects=[effect("C24", ("share.completion",), on="window", amount=2)]),
        {("never", True, "C24 window")},
    ),
    "a sum of what costs this ledger nothing": (
        book_of(window_late, effects=[effect("A06", ("late",), sum="5")]), {("never", True, "A06 staff")},
    ),
    "a sum of what costs it": (book_of(late, effects=[effect("A06", ("late",), sum="5")]), set()),
    "an effect of a row that nobody enters": (
        book_of(late, effects=[effect("E19", ("hand",), rows=("E12",), times=1)]), {("never", True, "E19 staff")},
    ),
    "an effect of all that is entered": (
        book_of(late, effects=[effect("E19", ("mark",), times=1)]), {("never", True, "E19 staff")},
    ),
    "an effect of a row that is none": (
        book_of(late, effects=[effect("G11", ("mark",), rows=("G11.second",), times=1)]),
        {("never", True, "G11 staff")},
    ),
    "a ground that nothing counts": (
        book_of(row("G11.second", "mark", "0", mark="proposed")), {("never", True, "G11.second")},
    ),
    "an effect of a ground": (
        book_of(row("G11.second", "mark", "0", mark="proposed"),
                effects=[effect("G11", ("mark",), rows=("G11.second",), times=1)]), set(),
    ),
    "C03 says both, the choices say either": (
        book_of(late, effects=[effect("C03", ("case.overdue",), times=3, amount=3, both=True)]),
        {("never", True, "C03 staff")},
    ),
    "a book after 001.5 without its rows": (
        book_of(late | {"article": "001.5"}),
        {("orphan", False, "A01"), ("orphan", False, "A17"), ("orphan", False, "D05"), ("orphan", False, "D19")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", SCENES)
def test_a_book(said: str) -> None:
    book, expected = SCENES[said]
    assert told(book) == expected


@pytest.mark.parametrize("name", shipped())
def test_the_shipped_books_have_no_fault(name: str) -> None:
    found = check(parsed(shipped_text(name)))
    assert [f for f in found if f.fault] == []
    assert all(f.zh and f.en for f in found)


def test_tianyang_lacks_no_row_and_faults_come_first() -> None:
    found = check(parsed(shipped_text("tianyang")))
    assert {f.where for f in found} == {"sources", "E13", "E22", "A08, B05", "B04.unfiled, B06"}
    twice = check(book_of(late, late | {"id": "A04"}, row("E22", "mark", None, ladder={"city": 5}, mark="manual")))
    assert [f.fault for f in twice] == sorted((f.fault for f in twice), reverse=True)


SENDS = frozenset({"checkin", "duty", "presence", "rating", "case", "task", "completed", "received", "rejected",
                   "returned", "supplement_requested", "stage"})  # fmt: skip
POLICY = {
    "checkin.late_over_15": "offpost", "post.yellow_minutes": 15, "tally.late_amount": "both",
    "tally.offpost_vs_unstaffed": "both", "tally.accumulate_period": "year", "timeliness.overdue_month_both": False,
    "tally.inclusive": True, "tally.half_days_per_day": 2,
}  # fmt: skip
WHOLE = Hall(policy=POLICY, checks=4, sign_outs=2, sends=SENDS)

CHANGED: dict[str, tuple[str, Any]] = {
    "late_over_15": ("checkin.late_over_15", "absent_from"),
    "offpost_minutes": ("post.yellow_minutes", 30),
    "late_amount": ("tally.late_amount", "staff"),
    "offpost_vs_unstaffed": ("tally.offpost_vs_unstaffed", "window"),
    "accumulate_period": ("tally.accumulate_period", "quarter"),
    "and_or_20b5": ("timeliness.overdue_month_both", True),
    "inclusive": ("tally.inclusive", False),
    "absent_units": ("tally.half_days_per_day", 3),
}


def differing(book: RuleBook, hall: Hall) -> list[Finding]:
    return [f for f in check(book, hall) if f.kind == "choice"]


def test_choices_that_the_policy_shares_are_no_finding() -> None:
    assert differing(book_of(late), WHOLE) == []
    assert CHANGED.keys() == POLICY_KEYS.keys()


@pytest.mark.parametrize("choice", CHANGED)
def test_a_choice_that_differs_from_the_policy(choice: str) -> None:
    key, value = CHANGED[choice]
    found = differing(book_of(late), Hall(policy=POLICY | {key: value}, checks=4, sign_outs=2, sends=SENDS))
    assert [(f.fault, f.where) for f in found] == [(True, f"choices.{choice}")]
    assert f"policy.{key}" in found[0].zh
    assert f"policy.{key}" in found[0].en


@pytest.mark.parametrize(
    ("choice", "hall"),
    [
        ({"overdue_days_unit": "calendar_day"}, WHOLE),
        ({"rolling_20": "fixed"}, WHOLE),
        ({"checks": 2}, WHOLE),
        ({}, Hall(policy=POLICY, checks=2, sends=SENDS)),
    ],
    ids=["days of a case", "a fixed span", "checks of the book", "checks of the hall"],
)
def test_a_choice_that_the_hall_does_not_carry_out(choice: dict[str, Any], hall: Hall) -> None:
    found = differing(book_of(late, choices=choice), hall)
    assert [f.where for f in found] == [f"choices.{next(iter(choice), 'checks')}"]


FED = [
    ("late", "checkin"), ("early", "checkin"), ("case.stage_late", "stage"), ("rating.bad", "rating"),
    ("complaint.overdue", "task"), ("case.overdue", "completed"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "feed"), FED)
def test_a_row_whose_feed_the_hall_does_not_send(source: str, feed: str) -> None:
    book = book_of(row("A03", source, "-1", mark="proposed"))
    assert told(book, WHOLE) == set()
    without = Hall(policy=POLICY, checks=4, sign_outs=2, sends=SENDS - {feed})
    assert told(book, without) == {("never", False, "A03")}
    assert any(feed in f.en for f in check(book, without) if f.where == "A03")


def test_nobody_leaves_early_where_nobody_signs_out() -> None:
    """Tianyang: two check-ins, both in (A02)."""
    book = book_of(row("A04", "early", "-0.2"), choices={"checks": 2})
    assert told(book, Hall(policy=POLICY, checks=2, sign_outs=0, sends=SENDS)) == {("never", False, "A04")}


def test_feeds_are_of_sources_that_there_are() -> None:
    assert FEEDS.keys() <= SOURCES.keys()


TWICE = {
    "cangnan": [],
    "tianyang": [("A08, B05", "窗口"), ("B04.unfiled, B06", "本人")],
    "tongshan": [],
    "township": [("C24, C22", "窗口")],
}


@pytest.mark.parametrize("name", shipped())
def test_where_shipped_books_may_count_one_happening_twice(name: str) -> None:
    found = [one for one in check(parsed(shipped_text(name))) if one.kind == "overlap"]
    assert [one.where for one in found] == [where for where, _ in TWICE[name]]
    assert all(f"（{whom}）" in one.zh for one, (_, whom) in zip(found, TWICE[name], strict=True))
    assert not any(one.fault for one in found)


def test_pairs_that_may_tell_of_one_happening_can_charge_the_same() -> None:
    for pair in TOGETHER:
        one, other = sorted(pair)
        assert set(SOURCES[one].charges) & set(SOURCES[other].charges), pair


BAD = {
    "no points": ({"points": None}, "rows.A03: points、ladder 二者给其一 give points or a ladder"),
    "points and a ladder": ({"ladder": {}}, "rows.A03: points、ladder 二者给其一 give points or a ladder"),
    "a source that there is not": ({"source": "latte"}, "rows.A03: source: 没有这个来源 'latte' is none of late"),
    "nobody is charged": ({"charges": []}, "rows.A03.charges: "),
    "a misspelt key": ({"pionts": 1}, "rows.A03.pionts: "),
    "per amount of what has none": ({"per": "amount"}, "rows.A03: per: late 的事实没有数量 a fact"),
    "the most of what has none": ({"most": 5}, "rows.A03: most: late 的事实没有数量 a fact"),
    "a ground that a machine finds": ({"points": "0"}, "rows.A03: points: 0 is no deduction"),
    "three decimals": ({"points": "-0.125"}, "rows.A03.points: 小数至多两位 "),
}
TORN = {
    "of the row in which it lies": ('points = "-1"', "points = zero", "rows.A03: 不是有效的 TOML"),
    "of a row without an id": ('id = "A03"', "id = A03", "rows: 不是有效的 TOML"),
    "of no table": ('name = "trial"', "name = trial", "不是有效的 TOML"),
}


@pytest.mark.parametrize("said", TORN)
def test_a_text_that_is_no_toml_names_the_row_too(said: str) -> None:
    old, new, expected = TORN[said]
    text = text_of(late)
    assert old in text
    with pytest.raises(BadBook) as bad:
        read_book(text.replace(old, new))
    assert str(bad.value).startswith(expected)


@pytest.mark.parametrize("said", BAD)
def test_a_file_that_is_no_book_names_row_and_key(said: str) -> None:
    changed, expected = BAD[said]
    with pytest.raises(BadBook, match=expected.replace("[", r"\[")):
        read_book(text_of(late | changed))


def text_of(one: dict[str, Any]) -> str:
    """A book of this row as TOML."""

    def value(given: Any) -> str:
        if isinstance(given, dict):
            return "{ " + ", ".join(f"{key} = {value(v)}" for key, v in given.items()) + " }"
        if isinstance(given, (list, tuple)):
            return "[" + ", ".join(map(value, given)) + "]"
        return str(given).lower() if isinstance(given, (bool, int)) else f'"{given}"'

    top = {"name": "trial", "title": {"zh": "试", "en": "trial"}, "window": SCALE, "staff": SCALE, "choices": CHOICES}
    lines = [f"{key} = {value(given)}" for key, given in top.items()]
    return "\n".join([*lines, "[[rows]]", *(f"{key} = {value(v)}" for key, v in one.items() if v is not None)])
