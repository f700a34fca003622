"""`assess explain` and `assess whatif` on real stores: a score back to its facts, the same facts by another book."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from monitor.access import Principal
from monitor.assessment.explained import Explained
from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Snapshot
from monitor.cli.running import run_app
from monitor.store.engine import Store
from monitor.store.migrate import HEAD as NEWEST
from monitor.store.migrate import VERSION_TABLE
from monitor.supervision.assessment.books import parsed
from monitor.supervision.assessment.explain import explain, explanation, nobody
from monitor.supervision.assessment.preview import preview
from monitor.supervision.assessment.sheetreach import within_reach
from monitor.supervision.assessment.whatif import WhatIf, what_if
from monitor.supervision.refused import Refused
from tests.assessed_hall import HALL, HEAD, person
from tests.closable import Closable, book_text

MARCH: Final = "2026-03"


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Closable:
    return Closable(store, tmp_path)


def harder(points: str = "-50") -> str:
    """The book in force with a dearer A15."""
    head, row, rest = book_text().partition('id = "A15"')
    assert row
    assert "\npoints = -1\n" in rest
    return head + row + rest.replace("\npoints = -1\n", f"\npoints = {points}\n", 1)


def told(made: Closable, whom: str, period: str = MARCH, **how: Any) -> Explained:
    with made.store.read() as conn:
        look = made.world.judging.look(conn, made.now)
        return explain(look, how.pop("hall", None), period, whom, made.settings.policy, who=how.pop("who", HEAD))


def trial(made: Closable, text: str, **how: Any) -> WhatIf:
    with made.store.read() as conn:
        look = made.world.judging.look(conn, made.now)
        return what_if(look, HALL, MARCH, parsed(text), made.settings.policy, who=how.pop("who", HEAD))


def rows(store: Store) -> dict[str, int]:
    """How many each table has."""
    tables = SQLModel.metadata.tables
    with store.read() as conn:
        return {name: int(conn.execute(select(func.count()).select_from(t)).scalar_one()) for name, t in tables.items()}


def test_a_score_is_told_line_by_line_with_what_was_not_charged_before_and_after_closing(made: Closable) -> None:
    made.found(staff="s02")
    made.mark(staff="s02", day="2026-03-03")
    refused = made.mark(staff="s02", day="2026-03-04")
    made.run(MARCH)
    first, second = sorted(made.open())
    made.decide(second, "rejected")
    found = told(made, "s02")
    assert [(str(s.points), str(s.total)) for s in found.steps] == [("100.00", "100.00"), ("-1.00", "99.00")]
    assert (found.adds_up, found.complete) == (True, True)
    assert [(one.why, one.fact) for one in found.left if not one.why.startswith("span.")] == [
        ("open.unconfirmed", f"mark:{refused - 1}"), ("rejected", f"mark:{refused}"),
    ]  # fmt: skip
    assert found.left[-1].reason.figures["by"] == "wang"
    quarter = told(made, "s02", "2026-Q1")
    assert [(m.month, str(m.points)) for m in quarter.sheet.months] == [("2026-03", "99.00")]
    assert "behind" not in {one.why for one in quarter.left}
    made.sign(accept_open=True)
    made.decide(first)
    made.run(MARCH)
    signed = told(made, "staff:s02")
    assert signed.snapshot.state == "closed"
    assert (str(signed.sheet.points), signed.complete) == ("99.00", False)
    assert [one.why for one in signed.left if not one.why.startswith("span.")] == ["open.unconfirmed"]


@pytest.mark.both_databases
def test_another_book_says_who_changes_and_writes_nothing(made: Closable) -> None:
    made.found(staff="s02")
    made.found(staff="s03", day="2026-03-03")
    made.mark(staff="s03", day="2026-03-04")
    made.run(MARCH)
    found = trial(made, harder())
    changed = [(c.whom, str(c.before.points), str(c.after.points)) for c in found.changes if c.by]
    assert changed == [("s02", "99.00", "50.00"), ("s03", "99.00", "50.00")]
    assert {(c.before.grade, c.after.grade) for c in found.changes if c.by} == {("qualified", "unqualified")}
    [s03] = [c for c in found.changes if c.whom == "s03"]
    assert s03.waiting == (1, 1)
    assert [(r.row, str(r.before), str(r.after)) for r in s03.rows] == [("A15", "-1.00", "-50.00")]
    same = trial(made, book_text())
    assert [c.whom for c in same.changes if c] == [], "by its own book nothing changes"
    assert [str(c.before.points) for c in same.changes if c.whom == "s02"] == ["99.00"]
    made.sign(accept_open=True)
    before = rows(made.store)
    again = trial(made, harder())
    assert again.signed
    assert [(c.whom, str(c.by)) for c in again.changes if c.by] == [("s02", "-49.00"), ("s03", "-49.00")]
    assert rows(made.store) == before


def test_what_is_refused(made: Closable) -> None:
    outside = person("sun", halls=["h9"])
    for act in (lambda: told(made, "s02", who=outside), lambda: trial(made, book_text(), who=outside)):
        with pytest.raises(Refused):
            act()
    for whom, period, hall in (
        ("nobody", MARCH, None), ("nobody", MARCH, HALL), ("s02", "2026-3", None), ("s02", "2027-01", None),
        ("s02", MARCH, "h9"), ("window:s02", MARCH, HALL),
    ):  # fmt: skip
        with pytest.raises(Refused):
            told(made, whom, period, hall=hall)


def test_by_the_command_line(made: Closable, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("JIANCHA_STORE__URL", str(made.store.url))
    monkeypatch.setenv("JIANCHA_CLOCK__START", made.now.isoformat())
    with made.store.write() as conn:
        conn.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} AS SELECT '{NEWEST}' AS version_num")
    made.found(staff="s02")
    other = tmp_path / "other.toml"
    other.write_text(harder(), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        status = run_app(["assess", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    status, out, err = run("explain", "s02", "--month", MARCH)
    assert (status, "does not" in err) == (0, False), err
    assert "s02 员工2" in out
    assert "基础分 base  100.00" in out
    assert "-1.00  → 99.00  2026-03-02  A15" in out
    assert "事实 fact 人工登记 entered by hand mark:1  查实 confirmed by wang" in out
    assert "合计 sum = 99.00" in out
    assert "late_amount=" in out
    told_of = json.loads(run("explain", "s02", "--month", MARCH, "--hall", HALL, "--json")[1])
    assert (told_of["points"], told_of["adds_up"], told_of["sum"][1]["line"]["fact"]) == ("99.00", True, "mark:1")
    status, _, err = run("explain", "s99", "--month", MARCH)
    assert status == 2
    assert "--hall" in err
    status, out, _ = run("whatif", "--book", str(other), "--month", MARCH, "--hall", HALL)
    assert status == 0
    assert "s02 员工2  99.00 → 50.00 (-49.00)" in out
    assert "A15 -1.00 → -50.00" in out
    changed = json.loads(run("whatif", "--book", str(other), "--month", MARCH, "--hall", HALL, "--json")[1])
    assert [one["whom"] for one in changed["changes"] if one["by"] != "0.00"] == ["s02"]
    assert run("whatif", "--book", "none.toml", "--month", MARCH, "--hall", HALL)[0] == 2
    assert run("whatif", "--book", str(other), "--month", "2026-Q1", "--hall", HALL)[0] == 2


# --------------------------------------------------------------------------- who is told what

WINDOWS = {f"w{n}" for n in range(1, 5)}
PEOPLE = {f"s0{n}" for n in range(1, 7)}
REACHES: Final[dict[str, tuple[Principal, set[str]]]] = {
    "supervision": (HEAD, PEOPLE | WINDOWS),
    "an auditor": (Principal(id="qi", role="auditor"), PEOPLE | WINDOWS),
    "the unit's head": (Principal(id="u", role="unit_head", units=frozenset(["u1"])), PEOPLE | WINDOWS),
    "another unit's head": (Principal(id="v", role="unit_head", units=frozenset(["u9"])), set()),
    "a window's lead": (Principal(id="l", role="window_lead", windows=frozenset(["w1"])), {"w1", "s01", "s05"}),
    "a person": (Principal(id="p", role="staff", staff="s02"), {"s02"}),
    "a person of nowhere": (Principal(id="n", role="staff", staff="s99"), set()),
    "supervision of another hall": (person("sun", halls=["h9"]), set()),
}


def may_be_told(whole: Snapshot, whom: str, who: Principal) -> bool:
    ledger: Ledger = "window" if whom in WINDOWS else "staff"
    try:
        return explanation(whole, ledger, whom, who=who).sheet.id == whom
    except Refused as error:
        return str(error) != str(nobody(whom))


@pytest.mark.parametrize("signed", [False, True], ids=["open", "signed"])
def test_each_is_told_what_lies_within_reach_and_the_rest_is_nobody(made: Closable, signed: bool) -> None:
    made.found(staff="s02")
    made.found(staff="s06", day="2026-03-03")
    made.run(MARCH)
    if signed:
        made.sign()
    with made.store.read() as conn:
        look = made.world.judging.look(conn, made.now)
        whole = preview(look, HALL, MARCH, made.settings.policy, by="test")
        for name, (who, theirs) in REACHES.items():
            seen = {whom for whom in PEOPLE | WINDOWS if may_be_told(whole, whom, who)}
            assert seen == theirs, name
            within = within_reach(whole, who)
            assert {one.id for one in (*within.people, *within.windows)} == theirs, name
            assert {one.whom for one in (*within.proposals, *within.effects, *within.awards)} <= theirs, name
            assert {one.staff or one.window for one in within.unknown} <= theirs, name


def answer(made: Closable, whom: str, who: Principal) -> str:
    """`told`, or why not, without the id."""
    try:
        return "told" if told(made, whom, who=who).sheet.id == whom.rpartition(":")[2] else "another"
    except Refused as error:
        return str(error).replace(whom, "ID").replace(whom.rpartition(":")[2], "ID")


def test_the_command_s_way_tells_nobody_more(made: Closable) -> None:
    for name in ("a window's lead", "a person", "another unit's head", "supervision of another hall"):
        who, theirs = REACHES[name]
        for whom, unknown in (("s02", "s99"), ("s06", "s99"), ("window:w1", "window:w99")):
            said = [answer(made, one, who) for one in (whom, unknown)]
            assert (said[0] == "told") is (whom.rpartition(":")[2] in theirs), (name, whom)
            assert said[0] in ("told", said[1]), (name, whom)
