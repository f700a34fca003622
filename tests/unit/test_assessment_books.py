"""The shipped rule books against the regulations: what each fact costs or earns by Tianyang's, what the others say.

The figures are read from domain/rules.md by hand; where that page lies beside the checkout it is held against the book.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.ledger import Standing, reconcile
from monitor.assessment.regulations import REGULATIONS
from monitor.assessment.sources import SOURCES
from monitor.supervision.assessment.books import parsed, shipped, shipped_text
from tests.assessed import fact

DOMAIN = Path(__file__).resolve().parents[3] / "shared" / "domain"
beside = pytest.mark.skipif(not DOMAIN.is_dir(), reason="the domain's pages are not beside this checkout")
W, P, LEAD = "w1", "p1", "p8"
ROWS = re.compile(r"\| ([A-I][0-9]{2}) ")


def book(name: str) -> RuleBook:
    return parsed(shipped_text(name))


def cost(name: str, source: str, *, proof: str = "certain", attached: bool = True, **more: Any) -> dict[Any, Any]:
    """(row, whom) → points, of those claims that post as they are."""
    cards = (7,) if source == "hand" else ()
    found = fact(source, f"{source}:1", "2026-03-02", lead=LEAD, head="p9", proof=proof, cards=cards,
                 confirmed_by="p7" if proof == "confirmed" else None, evidence=attached, **more)  # fmt: skip
    return {(c.key.row, c.key.whom): c.points for c in derive([found], book(name)) if c.posts}


AUTOMATIC: dict[str, tuple[str, dict[str, Any], dict[tuple[str, str], str]]] = {
    "A03 A07 late": ("late", {}, {("A03", P): "-0.2", ("A07.late", W): "-0.5"}),
    "A04 A07 early": ("early", {}, {("A04", P): "-0.2", ("A07.early", W): "-0.5"}),
    "A07 half a day absent": ("absent", {}, {("A07.absent", W): "-1"}),
    "B05 a letter, nobody sent: the window alone": ("leave.uncovered", {"spared": True}, {("B05", W): "-1"}),
    "B13 within a quarter": ("posting.short", {"rung": "quarter"}, {("B13", W): "-2"}),
    "B13 within a year": ("posting.short", {"rung": "year"}, {("B13", W): "-1"}),
    "C01 the window at once": ("case.overdue", {"amount": Decimal(4)}, {("C01", W): "-10"}),
    "C05": ("case.stage_late", {}, {("C05", P): "-2"}),
    "C06": ("item.immediate", {"staff": None}, {("C06", W): "1"}),
    "C07": ("item.shortened", {"amount": Decimal(60)}, {("C07", W): "2"}),
    "C09": ("case.supplements", {"amount": Decimal(3)}, {("C09", W): "-1"}),
    "C11 lead and person": ("case.refusal_reason", {}, {("C11", LEAD): "-1", ("C11", P): "-1"}),
    "C12": ("case.notice_late", {}, {("C12", P): "-1"}),
    "D11 three days": ("complaint.overdue", {"amount": Decimal(3)}, {("D11", W): "-3"}),
    "E23": ("award.window", {"staff": None}, {("E23", W): "2"}),
    "F01 window and person": ("case.unrecorded", {}, {("F01", W): "-1", ("F01", P): "-1"}),
}
"""Fact of Tianyang → what it costs and earns without a person."""

CONFIRMED: dict[str, tuple[str, dict[str, Any], dict[tuple[str, str], str]]] = {
    "A05": ("off_post", {}, {("A05", P): "-0.5"}),
    "A08": ("unstaffed", {}, {("A08", W): "-2"}),
    "B03 as off post": ("cover.none", {}, {("B03", P): "-0.5"}),
    "B04 B07 no form": ("leave.unfiled", {}, {("B04.unfiled", P): "-1", ("B07.unfiled", W): "-1"}),
    "B04 a card": ("hand", {"row": "B04"}, {("B04", P): "-1"}),
    "B06": ("leave.retroactive", {}, {("B06", P): "-1"}),
    "B07 a card": ("hand", {"row": "B07"}, {("B07", W): "-1"}),
    "C02 lead and person, ten each": (
        "case.overdue",
        {},
        {("C01", W): "-10", ("C02", LEAD): "-10", ("C02", P): "-10"},
    ),
    "C10 no reason": ("case.return_reason", {}, {("C10.reason", W): "-1"}),
    "C10 a card": ("hand", {"row": "C10"}, {("C10", W): "-1"}),
    "C14 three days beyond": ("report.late", {"row": "C14", "amount": Decimal(3)}, {("C14", W): "-0.6"}),
    "C15 three days beyond": ("report.late", {"row": "C15", "amount": Decimal(3)}, {("C15", W): "-1.5"}),
    "C16": ("order.late", {"amount": Decimal(9)}, {("C16.late", W): "-2"}),
    "C16 a card": ("hand", {"row": "C16"}, {("C16", W): "-2"}),
    "D06": ("rating.bad", {}, {("D06.rating", P): "-2"}),
    "D06 a card": ("hand", {"row": "D06"}, {("D06", P): "-2"}),
    "D07": ("hand", {"row": "D07"}, {("D07", P): "-2"}),
    "D08": ("hand", {"row": "D08"}, {("D08", P): "-2"}),
    "D09 a card": ("hand", {"row": "D09"}, {("D09", W): "-2"}),
    "D09 D10 a complaint found true, once": ("complaint.verified", {}, {("D09.complaint", W): "-2"}),
    "D10 a card": ("hand", {"row": "D10"}, {("D10", W): "-2"}),
    "D13": ("complaint.in_time", {}, {("D13", W): "1"}),
    "E15": ("mark", {"row": "E15"}, {("E15", W): "-2"}),
    **{
        f"{row} a ground, no points": ("mark", {"row": row}, {(row, whom): "0"})
        for row, whom in (
            ("G10.third", W),
            ("G11.second", W),
            ("G11.third", W),
            ("G11.sixth", W),
            ("G11.seventh", W),
            ("G12.second", P),
            ("G12.sixth", P),
            ("G14", P),
        )
    },
    "E16 a card: the mildest": ("hand", {"row": "E16"}, {("E16", P): "-0.2"}),
    "E16 language": ("mark", {"row": "E16.polite"}, {("E16.polite", P): "-0.5"}),
    "E16 taboo": ("mark", {"row": "E16.taboo"}, {("E16.taboo", P): "-2"}),
    "E16 insubordination": ("mark", {"row": "E16.disobey"}, {("E16.disobey", P): "-2"}),
    "E16 favours": ("mark", {"row": "E16.favours"}, {("E16.favours", P): "-2"}),
    "F02": ("case.contradiction", {}, {("F02", W): "-1"}),
    "F03": ("case.false_close", {}, {("F03", W): "-5"}),
}
"""What a person confirms first (经查实)."""

BY_HAND: dict[str, tuple[str, dict[str, Any], dict[tuple[str, str], str]]] = {
    **{
        f"{row} a card": ("hand", {"row": row}, {(row, whom): points})
        for row, whom, points in (
            ("A13", W, "-1"), ("A14", W, "-1"), ("C08", W, "-0.5"), ("C13", W, "-2"), ("E01", W, "-0.5"),
            ("E02", W, "-1"), ("E03", W, "-0.5"), ("E05", W, "-1"), ("E06", W, "-0.5"), ("E07", W, "-2"),
            ("E08", W, "-1"), ("E09", W, "-0.2"), ("E10", W, "-2"), ("E11", W, "-1"), ("E14", W, "-0.5"),
            ("E17", P, "-0.5"), ("E18", P, "-1"),
        )
    },
    **{
        f"{row} entered": ("mark", {"row": row}, {(row, whom): points})
        for row, whom, points in (
            ("A07.away", W, "-0.5"), ("A15", P, "-1"), ("A16", P, "-2"), ("D14", W, "2"), ("D15", P, "2"),
            ("E04", W, "-0.5"), ("E06.answer", W, "-0.5"), ("E06.taboo", W, "-2"), ("E11.first", W, "-2"),
            ("E11.third", W, "-2"), ("E12", W, "-2"), ("E14.equipment", W, "-1"), ("E17.joint", P, "-2"),
            ("E19.discipline", P, "-10"), ("E19.law", P, "-10"), ("E19.broker", P, "-5"), ("E20.fault", P, "-2"),
            ("E20", P, "-5"), ("E21.first", W, "2"), ("E21.second", W, "2"), ("E21", W, "5"), ("E24", P, "2"),
            ("E24.second", P, "2"), ("E24.third", P, "5"), ("F04", P, "-1"),
        )
    },
    **{
        f"E13 {rung}": ("mark", {"row": "E13", "rung": rung}, {("E13", W): points, ("E13", P): points})
        for rung, points in (
            ("found", "-1"), ("centre", "-5"), ("county", "-8"), ("city", "-10"), ("province", "-15"),
        )
    },
    **{
        f"E22 {rung}": ("mark", {"row": "E22", "rung": rung}, {("E22", W): points, ("E22", P): points})
        for rung, points in (("county", "2"), ("city", "5"), ("province", "8"), ("nation", "10"))
    },
    "E22 of the window alone": ("mark", {"row": "E22", "rung": "city", "staff": None}, {("E22", W): "5"}),
    "E24 marked merit of four": ("mark", {"row": "E24.marked", "amount": Decimal(4)}, {("E24.marked", P): "4"}),
    "E24 marked merit is 5 at most": ("mark", {"row": "E24.marked", "amount": Decimal(9)}, {("E24.marked", P): "5"}),
}  # fmt: skip
"""What a person finds and enters."""


def worth(expected: dict[tuple[str, str], str]) -> dict[tuple[str, str], Decimal]:
    return {key: Decimal(points) for key, points in expected.items()}


@pytest.mark.parametrize("said", AUTOMATIC)
def test_what_costs_by_itself(said: str) -> None:
    source, more, expected = AUTOMATIC[said]
    assert cost("tianyang", source, **more) == worth(expected)


@pytest.mark.parametrize("said", [*CONFIRMED, *BY_HAND])
def test_what_costs_once_a_person_has_confirmed_it(said: str) -> None:
    """Open it costs nothing, but what a window owes for an overdue case without anybody (C01)."""
    source, more, expected = {**CONFIRMED, **BY_HAND}[said]
    open_ = {key: points for key, points in cost("tianyang", source, proof="open", **more).items() if key[0] != "C01"}
    assert open_ == {}
    assert cost("tianyang", source, proof="confirmed", **more) == worth(expected)


EVIDENCE = [said for said in BY_HAND if said.split()[0] in (
    "D14", "D15", "E19.discipline", "E19.law", "E19.broker", "E20", "E21", "E22", "E24", "F04"
)]  # fmt: skip


@pytest.mark.parametrize("said", [*EVIDENCE, "E16 favours"])
def test_without_its_evidence_it_waits(said: str) -> None:
    source, more, _ = {**CONFIRMED, **BY_HAND}[said]
    assert cost("tianyang", source, proof="confirmed", attached=False, **more) == {}


def test_of_one_event_the_highest_praise_alone_counts() -> None:
    """E22: 按一件事不重复奖励的原则."""
    praised = [
        fact(
            "mark",
            f"mark:{n}",
            "2026-03-02",
            row="E22",
            rung=rung,
            event=event,
            proof="confirmed",
            confirmed_by="p7",
            evidence=True,
        )
        for n, (rung, event) in enumerate((("county", "fair"), ("province", "fair"), ("city", "fair"), ("county", "")))
    ]
    posted = reconcile(derive(praised, book("tianyang")), Standing(), "2026-03").entries
    assert sorted((entry.key.whom, entry.points) for entry in posted) == [(P, 2), (P, 8), (W, 2), (W, 8)]


def test_every_row_and_source_of_tianyang_is_in_these_tables() -> None:
    named = {row for _, _, expected in [*AUTOMATIC.values(), *CONFIRMED.values(), *BY_HAND.values()]
             for row, _ in expected}  # fmt: skip
    assert named == {row.id for row in book("tianyang").rows}
    there = {row.source for row in book("tianyang").rows} | {s for e in book("tianyang").effects for s in e.sources}
    assert SOURCES.keys() - there == {
        "punch.missing", "share.completion", "share.on_time", "share.satisfaction", "count.complaints", "count.reports",
    }  # fmt: skip


OTHERS: dict[str, tuple[str, str, dict[str, Any], dict[tuple[str, str], str]]] = {
    "cangnan: within ten minutes": ("cangnan", "late", {}, {("A03", P): "-1"}),
    "cangnan: a missing check-in": ("cangnan", "punch.missing", {}, {("A01.missing", P): "-2"}),
    "cangnan: half a day": ("cangnan", "absent", {}, {("A01.absent", P): "-5"}),
    "cangnan: off post": ("cangnan", "off_post", {}, {("A05", P): "-3"}),
    "cangnan: to the bureau unsigned": ("cangnan", "mark", {"row": "B06.signout"}, {("B06.signout", P): "-2"}),
    "cangnan: a bonus of 5 at most": (
        "cangnan", "mark", {"row": "E24", "amount": Decimal(7), "window": None}, {("E24", P): "5"},
    ),
    "township: C24 nine tenths done": (
        "township", "share.completion", {"amount": Decimal("0.1")}, {("C24", W): "-1.5"},
    ),
    "township: D16 two complaints": ("township", "count.complaints", {"amount": Decimal(2)}, {("D16", W): "-10"}),
    "township: G22 three of five reports": (
        "township", "count.reports", {"amount": Decimal(3)}, {("G22.reports", W): "-2"},
    ),
    "township: G22 six reports": ("township", "count.reports", {"amount": Decimal(6)}, {}),
    "township: G22 a visit": (
        "township", "mark", {"row": "G22.visits", "amount": Decimal("2.5")}, {("G22.visits", W): "-2.5"},
    ),
    "tongshan: D05 97 % where 99 are wanted": (
        "tongshan", "share.satisfaction", {"amount": Decimal("0.03")}, {("D05", W): "-2"},
    ),
    "tongshan: D05 99 %": ("tongshan", "share.satisfaction", {"amount": Decimal("0.01")}, {}),
    "tongshan: D19 the centre's judgement": (
        "tongshan", "mark", {"row": "D19.centre", "amount": Decimal(3), "window": None}, {("D19.centre", P): "-3"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", OTHERS)
def test_what_the_other_books_say(said: str) -> None:
    name, source, more, expected = OTHERS[said]
    assert cost(name, source, proof="confirmed", **more) == worth(expected)


def test_the_numbers_of_the_cycle_are_those_of_the_texts() -> None:
    tongshan, tianyang = book("tongshan"), book("tianyang")
    cycle = tongshan.cycle
    assert (cycle.bottom, cycle.streak, cycle.award_windows, cycle.award_staff) == (2, 3, 8, 20)  # H03, H05, H06
    assert (tongshan.window.excellent_top, tongshan.staff.excellent_top) == (8, 20)
    cycle = tianyang.cycle
    assert (cycle.award_windows, cycle.award_staff, cycle.annual_after, cycle.basic_quarters) == (3, None, 3, 2)
    assert (tianyang.window.excellent_top, tianyang.staff.excellent_share) == (3, Decimal("0.2"))  # G08, G09
    assert [g.at_least for g in tianyang.window.grades] == [95, 75, 0]  # G02, G03
    assert [g.at_least for g in tianyang.staff.grades] == [95, 75, 70, 0]  # G04
    assert (cycle.self_assessment_day, len(cycle.distribution)) == (28, 5)  # G07, G19
    assert {name: book(name).choices.checks for name in shipped()} == {
        "cangnan": 4, "tianyang": 2, "tongshan": 4, "township": 2,
    }  # fmt: skip
    assert [part.weight for part in book("township").parts] == [5, 10, 10, 10, 10, 15, 10, 5, 10, 15]  # G22
    assert book("cangnan").ceiling == 105


# --------------------------------------------------------------------------- against the page beside the checkout


def table() -> dict[str, list[str]]:
    """Rows of A.1 to A.8: id → where, quotation, number, mark, software."""
    page = (DOMAIN / "rules.md").read_text(encoding="utf-8").partition("\n## A.9 ")[0]
    cells = [line.strip().strip("|").split(" | ") for line in page.splitlines() if ROWS.match(line)]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells}


SIGNED = re.compile(r"(?<![\d.])[−+](\d+(?:\.\d+)?)")
LADDERS = {"E13": {"1", "5", "8", "10", "15"}, "E22": {"2", "5", "8", "10"}}
"""Written without a sign for each step."""


@beside
def test_the_figures_are_those_of_the_regulation() -> None:
    """Each signed figure of the column `number` is the points of a row of the book, and the other way round."""
    rows, lines = book("tianyang").rows, table()
    for name in REGULATIONS["001.2"]:
        mine = [row for row in rows if row.id.partition(".")[0] == name]
        figures = {f"{abs(p):f}".rstrip("0").rstrip(".") if "." in f"{p:f}" else f"{abs(p):f}"
                   for row in mine for p in points_of(row)}  # fmt: skip
        wanted = LADDERS.get(name) or set(SIGNED.findall(lines[name][2] + " " + extra(name, lines)))
        if mine and wanted:
            assert figures == wanted, name


def extra(name: str, lines: dict[str, list[str]]) -> str:
    """What stands in another column: E16's and E10's items; B06 has the figure of the leave rules, B04."""
    return {"E06": "−0.5", "E10": lines["E10"][4], "B06": lines["B04"][2], "C16": "", "E11": ""}.get(name, "")


def points_of(row: Any) -> list[Decimal]:
    if row.ladder is not None:
        return list(row.ladder.values())
    return [row.points * (row.most or 1)]


MILDER = {"B03": "an empty window without a substitute is off-post, which somebody confirms (A05)"}
"""Rows that the page marks A and the book lets wait, with why."""
HOW = {"A": {"automatic"}, "A*": {"automatic"}, "C": {"automatic"}, "S": {"proposed"}, "M": {"manual", "proposed"}}


@beside
def test_the_marks_are_those_of_the_regulation() -> None:
    lines = table()
    for row in book("tianyang").rows:
        mark = lines[row.id.partition(".")[0]][3]
        if row.id in MILDER:
            assert (mark, row.mark) == ("A", "proposed")
        elif row.id == "A07.away":  # a part of A07 that no feed tells of
            assert row.mark == "manual"
        else:
            assert row.mark in HOW[mark], row.id


@beside
def test_the_rows_of_the_regulation_that_cost_or_earn_are_known() -> None:
    """Whoever adds a row with a figure to the page has to say what becomes of it."""
    lines = table()
    of_text = {row for row, cells in lines.items() if cells[0].startswith("001.2") and row[0] in "ABCDEF"}
    costing = {row for row in of_text if SIGNED.search(lines[row][2])}
    assert costing - set(REGULATIONS["001.2"]) == set()
    assert set(REGULATIONS["001.2"]) <= lines.keys()


@beside
def test_every_choice_of_the_page_is_stated_by_every_book() -> None:
    page = (DOMAIN / "rules.md").read_text(encoding="utf-8").partition("\n## A.10 ")[2]
    keys = {line.split("|")[1].strip() for line in page.splitlines() if re.match(r"\| [a-z0-9_]+ \|", line)} - {"key"}
    for name in shipped():
        stated = set(re.findall(r"^(\w+) = ", shipped_text(name).partition("[choices]")[2].partition("\n[")[0], re.M))
        assert stated == {key.removeprefix("40_") for key in keys}, name
