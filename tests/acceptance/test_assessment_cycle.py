"""A month's cycle of a small hall (H01–H05, G07, G15–G18): what is owed is reminded of, carded, done; an appeal granted
takes an entry back in the open month. March 28 is a Saturday: self-assessments are due by the end of Monday 30.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.assessment.derive import derive
from monitor.assessment.ledger import Standing, reconcile
from monitor.store import cycle, ledgers
from monitor.store.engine import Store
from monitor.supervision.assessment.cycle import circulars, feedback, reviews, selfwork, talks
from monitor.supervision.refused import Refused
from tests.cycles import DUTY, HEAD, HEAD2, LEAD1, LEAD2, S01, UNIT, Cycles

pytestmark = pytest.mark.both_databases

SELF2 = "task.due {} task:assess.self/2026-03/h1/w2 since {} by {} cleared {} {}"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Cycles:
    return Cycles(store, tmp_path)


def test_a_month_from_self_assessment_to_an_appeal_that_is_granted(world: Cycles) -> None:
    # -- what is owed is opened ahead, once
    assert world.expect("03-02 08:00") > 0
    assert world.expect("03-02 08:01") == 0, "made again it adds nothing"
    assert world.owed("self", "close", "week") == [
        "assess.close/2026-03/h1", "assess.close/2026-Q1/h1", "assess.self/2026-03/h1/w1", "assess.self/2026-03/h1/w2",
        "assess.week/2026-W10/h1",
    ]  # fmt: skip

    # -- one window in time, one late: reminded, then a yellow card on the window
    world.act("03-26 15:00", selfwork.hand_in, LEAD1, "w1", "2026-03", Decimal("98.5"), "迟到一次，已整改")
    selves = [line for line in world.task_cards("03-27 20:00") if "assess.self" in line]
    assert selves == [SELF2.format("reminder", "03-27 17:30", "-", "-", "open")]
    selves = [line for line in world.task_cards("03-30 23:59") if "assess.self" in line]
    assert [" reminder " in line for line in selves] == [True], "the day itself is still in time"
    world.judge("03-31 00:01")
    (late,) = [card for card in world.cards("task.due") if "assess.self" in str(card["subject"])]
    assert (late["level"], late["window"], late["unit"], late["hall"]) == ("yellow", "w2", "u1", "h1")
    second = world.act("03-31 10:00", selfwork.hand_in, LEAD2, "w2", "2026-03", Decimal("96"), "人手紧张，迟报")
    world.judge("03-31 10:01")
    (late,) = [card for card in world.cards("task.due") if "assess.self" in str(card["subject"])]
    assert late["cleared_at"] is not None
    assert world.verdict("task:assess.self/2026-03/h1/w1") == "ok"

    # -- reviewed and locked, by somebody else than who handed it in
    assert world.owed("selfreview") == ["assess.selfreview/2026-03/h1/w1", "assess.selfreview/2026-03/h1/w2"]
    world.act("04-01 09:00", selfwork.review, DUTY, second - 1, Decimal("98"), "核对后扣 0.5")
    world.act("04-01 09:05", selfwork.review, DUTY, second, Decimal("96"), "属实")
    assert world.owed("selfreview") == []
    with pytest.raises(Refused, match="锁定"):
        world.act("04-01 09:10", selfwork.hand_in, LEAD1, "w1", "2026-03", Decimal("100"), "再报")

    # -- closed: talks with the last, a circular; closing itself is owed no more
    entry = world.post("03-10 09:00")
    world.close(
        "04-02 10:00", "2026-03",
        {"ledger": "window", "whom": "w1"}, {"ledger": "window", "whom": "w2", "bottom": True},
        {"ledger": "staff", "whom": "s01", "bottom": True}, {"ledger": "staff", "whom": "s02"},
    )  # fmt: skip
    world.expect("04-02 10:01")
    assert "assess.close/2026-03/h1" not in world.owed("close")
    assert world.owed("talk", "circular") == [
        "assess.circular/2026-03/h1", "assess.talk/2026-03/h1/staff.s01", "assess.talk/2026-03/h1/window.w2",
    ]  # fmt: skip
    due = {row.whom: row.id for row in world.rows(cycle.TALK)}
    said = {"attended": "分管主任、单位分管领导、窗口负责人", "talked": "迟到原因", "outcome": "四月起专人核对"}
    world.act("04-07 15:00", talks.hold, DUTY, due["w2"], date(2026, 4, 7), **said)
    draft = world.act("04-07 16:00", circulars.draft, DUTY, "h1", "2026-03", "三月考评通报", "w2 居末位")
    world.act("04-08 09:00", circulars.issue, HEAD, draft, "政务监〔2026〕7号")
    assert world.owed("talk", "circular") == ["assess.talk/2026-03/h1/staff.s01"]

    # -- the talk that nobody held: supervision is reminded itself, and charged, no window and no person
    world.judge("04-20 09:00")
    (unheld,) = [card for card in world.cards("task.due") if "assess.talk" in str(card["subject"])]
    assert (unheld["level"], unheld["hall"], unheld["unit"], unheld["window"], unheld["staff"]) == (
        "red", "h1", None, None, None,
    )  # fmt: skip

    # -- feedback to the unit, which answers
    assert world.act("04-20 10:00", feedback.issue, HEAD, "h1", "2026-03") == 2
    first = world.rows(cycle.FEEDBACK)[0]
    world.act("04-20 11:00", feedback.acknowledge, UNIT, first.id)
    world.act("04-21 09:00", feedback.answer, UNIT, first.id, "已安排专人")
    assert world.owed("answer") == ["assess.answer/2026-03/h1/w2"]

    # -- an appeal: asked by who is charged, decided by neither who confirmed nor who closed
    asked = world.act("04-21 10:00", reviews.ask_of_entry, S01, entry, "当日因公外出，有函")
    for wrong in (DUTY, HEAD, S01):
        with pytest.raises(Refused):
            world.act("04-21 11:00", reviews.decide, wrong, asked, True, "属实")
    before = (world.rows(cycle.CLOSED), world.rows(cycle.RESULT))
    world.act("04-22 09:00", reviews.decide, HEAD2, asked, True, "外出函属实")
    assert (world.rows(cycle.CLOSED), world.rows(cycle.RESULT)) == before, "the closed sheet stays"
    taken = world.entries()
    assert [(e.points, e.month, e.of_month, e.reverses) for e in taken] == [
        (Decimal("-0.20"), "2026-03", "2026-03", None), (Decimal("0.20"), "2026-04", "2026-03", 0),
    ]  # fmt: skip
    assert sum(e.points for e in taken) == 0
    assert world.owed("review") == []

    # -- and the ledger's own run finds nothing to post of it again
    with world.store.read() as conn:
        held = ledgers.proposals_of(conn, "h1")
    assert [p.state for p in held] == ["rejected"]
    changes = reconcile(
        list(derive([_late()], _book(world))), Standing(entries=taken, proposals=held, closed=frozenset({"2026-03"})),
        "2026-04",
    )  # fmt: skip
    assert not changes


def _late() -> object:
    from tests.assessed import fact

    return fact("late", "slot:s01/2026-03-10/am_in", "2026-03-10", hall="h1", staff="s01")


def _book(world: Cycles) -> object:
    from tests.assessed import book_of, row

    return book_of(row("A03", "late", "-0.2"))
