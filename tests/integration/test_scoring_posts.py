"""Empty windows, cover, leave, postings, stages, the catalogue as facts of assessment (A05, A08, A.2, C05 to C12)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.store.engine import Store
from monitor.supervision.commands import transition
from tests.halls import Feed, at, hall, leave
from tests.scored import lines, scored
from tests.world import World

pytestmark = pytest.mark.scenarios

CAMERA = {"id": "cam1", "kind": "camera", "window": "w1"}
WINDOWS = [{"id": "w1", "unit": "u1", "name": "1号窗口", "lead": "s03"}]
POSTS = [{"window": "w1", "staff": s, "rank": rank} for s, rank in (("s01", "A"), ("s02", "B"))]


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """The camera sees nobody at the window from 09:00 on."""
    made = World(store, tmp_path, hall(3, devices=[CAMERA], windows=WINDOWS, posts=POSTS, attendance=""))
    feed = Feed()
    for minute in range(510, 590):
        feed.event("cam1", "presence", f"{minute // 60:02}:{minute % 60:02}", people=int(minute < 540), view="ok")
    feed.beats("cam1", "09:00", "10:00", timedelta(minutes=10))
    made.hear(*feed.lines())
    return made


POST = "post:w1/2026-03-02/0830"
AWAY = {"from": "08:00", "to": "18:00"}


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([], [f"off_post {POST} open [w1 s01]", f"unstaffed {POST} open [w1]"]),
        ([leave("s01", "08:00", "18:00")], [f"off_post {POST} open [w1 s02]", f"unstaffed {POST} open [w1]"]),
        (
            [leave("s01", "08:00", "18:00"), leave("s02", "08:00", "18:00")],
            [f"cover.none {POST} open [w1 s01]", f"unstaffed {POST} open [w1]"],
        ),
        (
            [leave("s01", "08:00", "18:00", letter="函1"), leave("s02", "08:00", "18:00")],
            ["leave.uncovered leave:l-s01/2026-03 certain [w1]", f"unstaffed {POST} open [w1]"],
        ),
    ],
    ids=["A05 A08", "B02 the B answers", "B03 nobody filed", "B05 by letter"],
)
def test_an_empty_window_by_who_answers_for_it(world: World, leaves: list[dict[str, Any]], expected: list[str]) -> None:
    world.plan(**({"leave": leaves} if leaves else {}))
    world.judge("10:00")
    found = scored(world)
    assert lines(found) == expected
    assert {fact.lead for fact in found.facts} == {"s03"}
    spared = [fact for fact in found.facts if fact.source == "leave.uncovered"]
    assert all(fact.spared and fact.staff is None for fact in spared)


@pytest.mark.both_databases
@pytest.mark.parametrize("result", ["founded", "unfounded"])
def test_one_card_confirms_both_ledgers_facts_or_takes_both_away(world: World, result: str) -> None:
    world.judge("10:00")
    (card,) = world.cards("post.empty")
    now = world.clock.now()
    given = {"result": result}
    world.store.step(
        lambda conn: transition(conn, card["number"], "closed", actor="cli:x", why="核实", now=now, given=given)
    )
    told = [f"off_post {POST} confirmed [w1 s01]", f"unstaffed {POST} confirmed [w1]"]
    assert lines(scored(world)) == (told if result == "founded" else [])


@pytest.mark.sqlite_only
def test_what_the_camera_did_not_see_is_unknown_and_no_day_of_duty(world: World) -> None:
    for minute in range(590, 690):
        world.event("cam1", "presence", f"{minute // 60:02}:{minute % 60:02}", people=1, view="ok")
    world.beat("cam1", "12:10")
    world.judge("12:30")
    assert scored(world).watched == {"w1": 1}
    world.judge("03-03 19:00")  # the camera has been silent since
    found = scored(world)
    assert {u.subject for u in found.unknowns} >= {"post:w1/2026-03-03/0830", "post:w1/2026-03-03/1430"}
    assert (found.watched, found.duty) == ({"w1": 1}, {"s01": 1, "s02": 1})


def test_b04_b06_b07_leave_that_was_handed_in_and_approved_afterwards(world: World) -> None:
    late = leave("s01", "03-04 08:00", "03-04 18:00", approved="03-05 09:00")
    world.judge("03-05 08:00")
    world.plan(leave=[{**late, "filed_at": at("03-04 20:00")}, leave("s02", "03-05 08:00", "03-05 18:00")])
    world.judge("03-05 10:00")
    assert lines(scored(world), "leave.unfiled", "leave.retroactive") == [
        "leave.retroactive leave:l-s01 open [w1 s01]",
        "leave.unfiled leave:l-s01 open [w1 s01]",
    ]
    assert lines(scored(world, "2026-04"), "leave.unfiled", "leave.retroactive") == []


@pytest.mark.both_databases
def test_b13_b14_c06_c07_of_the_registry(store: Store, tmp_path: Path) -> None:
    posts = [
        {"window": "w1", "staff": "s01", "rank": "A", "from": date(2026, 1, 5), "to": date(2026, 3, 2)},
        {"window": "w2", "staff": "s02", "rank": "A", "from": date(2025, 6, 2), "to": date(2026, 3, 3)},
        {"window": "w2", "staff": "s03", "rank": "A", "from": date(2026, 3, 3)},
    ]
    items = [
        {"id": "i1", "unit": "u1", "promised": 20, "statutory": 20},
        {"id": "i1", "unit": "u1", "promised": 8, "statutory": 20, "from": date(2026, 3, 4)},
        {"id": "i2", "unit": "u1", "promised": 5},
        {"id": "i2", "unit": "u1", "kind": "immediate", "promised": 0, "from": date(2026, 3, 5)},
        {"id": "i3", "unit": "u1", "promised": 5},
        {"id": "i3", "unit": "u1", "promised": 4, "from": date(2026, 3, 5)},
    ]
    units = [{"id": "u1", "hall": "h1", "head": "s03"}]
    windows = [{"id": w, "unit": "u1"} for w in ("w1", "w2")]
    registry = hall(3, attendance="", posts=posts, items=items, units=units, windows=windows)
    world = World(store, tmp_path, registry, start="03-02 07:00")
    world.judge("03-06 10:00")
    found = scored(world)
    assert lines(found) == [
        "item.immediate item:i2/2026-03-05/w1 certain [w1]",
        "item.immediate item:i2/2026-03-05/w2 certain [w2]",
        "item.shortened item:i1/2026-03-04/w1 certain x60.00 [w1]",
        "item.shortened item:i1/2026-03-04/w2 certain x60.00 [w2]",
        "posting.short posting:s01/w1/2026-01-05 certain [w1]",
        "posting.short posting:s02/w2/2025-06-02 certain [w2]",
        "posting.vacant vacant:w1/2026-03 open [w1]",
    ]
    assert [fact.rung for fact in found.facts if fact.source == "posting.short"] == ["quarter", "year"]
    assert [fact.head for fact in found.facts if fact.source == "item.immediate"] == ["s03", None]
    assert [f.figures["days"] for f in found.facts if f.source == "posting.vacant"] == [5]
    assert scored(world, "2026-02").facts == ()


def test_c05_c12_a_stage_and_an_answer_too_late_once_a_case(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(2, attendance="", devices=[{"id": "c1", "kind": "cases", "hall": "h1"}]))

    def says(event: str, when: str, case: str, **body: Any) -> None:
        world.event("c1", "case", when, case=case, event=event, **{"window": "w1", "staff": "s01"} | body)

    says("received", "09:00", "N1", item="i1")  # nobody answers it
    says("accepted", "09:00", "T1", item="i1")
    says("stage", "09:30", "T1", stage="送部门", limit_days=1)
    says("stage", "03-05 09:30", "T1", stage="返回", limit_days=1)  # two days late, and this one will be late too
    world.beat("c1", "03-10 10:00")
    world.judge("03-10 10:00")
    assert lines(scored(world), "case.stage_late", "case.notice_late") == [
        "case.notice_late case:c1/N1 certain [w1 s01]",
        "case.stage_late case:c1/T1 certain x2 [w1 s01]",
    ]
    world.judge("04-10 10:00")  # red long since: still of March
    assert lines(scored(world, "2026-04"), "case.stage_late", "case.notice_late") == []
    assert len(lines(scored(world), "case.stage_late", "case.notice_late")) == 2
