"""The rules of the law on a real store: receipts nobody answers, stages, procedures, deliveries, ladders, findings.

Received or accepted Monday 2026-03-02; times are Shanghai's.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import Policy, load
from monitor.store.calendars import save_notice
from monitor.store.engine import Store
from monitor.supervision.cardlist import explain
from monitor.supervision.commands import transition
from monitor.supervision.findings import findings
from monitor.workcal import CalendarSpec, parse_notice, week_of
from tests.halls import at, hall
from tests.world import World

pytestmark = pytest.mark.scenarios

ITEMS = [
    {"id": "i1", "unit": "u1", "promised": 5, "statutory": 20},
    {"id": "own", "unit": "u1", "promised": 5, "statutory": 20},
]
REGISTRY = hall(
    3,
    attendance="",
    items=ITEMS,
    windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}],
    devices=[
        {"id": "c1", "kind": "cases", "hall": "h1"},
        {"id": "e1", "kind": "evaluator", "hall": "h1", "window": "w1"},
    ],
)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


def says(world: World, event: str, when: str, *, case: str = "A1", **body: Any) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)


def judged(world: World, when: str, rule: str) -> list[str]:
    """The cards of the rule after a heartbeat and a judgement at the time."""
    world.beat("c1", when)
    world.judge(when)
    return [line.replace(" case:c1/A1", "").removeprefix(f"{rule} ") for line in world.card_lines(rule)]


@pytest.mark.both_databases
def test_papers_that_nobody_answers_are_accepted_by_law_and_the_clock_runs_from_their_receipt(world: World) -> None:
    says(world, "received", "10:00", item="i1", window="w1", staff="s01")
    assert judged(world, "03-06 17:29", "case.notice") == []
    assert judged(world, "03-06 17:31", "case.notice") == ["reminder since 03-06 17:30 by s01 cleared - open"]
    assert world.cards("case.limit") == []
    assert judged(world, "03-09 17:31", "case.notice") == ["yellow since 03-09 17:30 by s01 cleared - open"]
    # five days promised, from the receipt: its own limit passed at the same close
    assert judged(world, "03-09 17:31", "case.limit") == ["yellow since 03-09 17:30 by s01 cleared - open"]
    says(world, "accepted", "03-11 09:00", item="i1", window="w1", staff="s02")
    assert judged(world, "03-11 09:01", "case.notice") == ["yellow since 03-09 17:30 by s01 cleared 03-11 09:00 open"]
    assert judged(world, "03-11 09:02", "case.limit") == ["yellow since 03-09 17:30 by s01 cleared - open"]


def test_an_answer_that_arrives_late_but_was_in_time_takes_both_cards_back(world: World) -> None:
    says(world, "received", "10:00", item="i1", window="w1", staff="s01")
    assert len(judged(world, "03-09 17:31", "case.notice")) == len(world.cards("case.limit")) == 1
    world.event("c1", "case", "03-05 09:00", received="03-10 09:00", case="A1", event="accepted", item="i1")
    assert judged(world, "03-10 09:01", "case.notice") == ["yellow since 03-09 17:30 by s01 cleared - withdrawn"]
    assert judged(world, "03-10 09:02", "case.limit") == ["yellow since 03-09 17:30 by s01 cleared - withdrawn"]
    (card,) = world.cards("case.notice")
    assert [(h["event"], h["actor"]) for h in card["history"]][-1] == ("withdrawn", "system")
    assert judged(world, "03-12 17:31", "case.limit")[0].startswith("yellow since 03-12 17:30")


def test_two_stages_are_two_cards(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    says(world, "stage", "10:00", stage="送部门", limit_days=1, window="w2", staff="s02")
    assert judged(world, "03-03 17:31", "case.stage") == ["yellow since 03-03 17:30 by s02 cleared - open"]
    says(world, "stage", "03-04 09:00", stage="审核", limit_days=1, window="w1", staff="s03")
    assert judged(world, "03-05 17:31", "case.stage") == [
        "yellow since 03-03 17:30 by s02 cleared 03-04 09:00 open",
        "yellow since 03-05 17:30 by s03 cleared - open",
    ]
    assert [card["episode"] for card in world.cards("case.stage")] == ["e2", "e3"]


def test_a_procedure_longer_than_told_and_a_result_not_delivered(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    says(world, "suspended", "03-03 10:00", procedure="hearing", planned_days=2)
    assert judged(world, "03-05 17:31", "case.pause") == ["yellow since 03-05 17:30 by s01 cleared - open"]
    says(world, "resumed", "03-09 10:00")
    says(world, "completed", "03-10 10:00", result="granted")
    assert judged(world, "03-24 17:29", "case.delivery") == ["reminder since 03-23 17:30 by s01 cleared - open"]
    assert judged(world, "03-24 17:31", "case.delivery") == ["yellow since 03-24 17:30 by s01 cleared - open"]
    says(world, "delivered", "03-25 10:00")
    assert judged(world, "03-25 10:01", "case.delivery") == ["yellow since 03-24 17:30 by s01 cleared 03-25 10:00 open"]
    assert judged(world, "03-25 10:02", "case.pause") == ["yellow since 03-05 17:30 by s01 cleared 03-09 10:00 open"]


def test_a_card_explains_its_days_its_limits_version_and_its_own_policy(store: Store, tmp_path: Path) -> None:
    policy = Policy.model_validate({"timeliness": {"items": {"i1": {"reminder_days_before": 2}}}})
    world = World(store, tmp_path, REGISTRY, policy=policy)
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    says(world, "suspended", "03-03 10:00", procedure="testing")
    says(world, "resumed", "03-03 16:00")
    assert judged(world, "03-06 17:31", "case.limit") == ["reminder since 03-06 17:30 by s01 cleared - open"]
    with world.store.read() as conn:
        card = explain(conn, world.cards("case.limit")[0]["number"], {})
    assert card is not None
    assert card["policy"]["timeliness.reminder_days_before"] == 2
    assert card["steps"][1] == {"date": "2026-03-03", "counted": False, "why": "pause:suspended/e2", "by": None}
    assert card["limit"]["promised"] == 5
    assert card["limit"]["counted"][0]["paused_days"] == 1
    assert {f["source"] for f in card["facts"]["events"]} == {"c1"}
    assert all(f["received"] for f in card["facts"]["events"])


def test_a_ladder_without_orders_opens_none(store: Store, tmp_path: Path) -> None:
    ladder = [{"level": "yellow", "limit": "lead", "share": 0.9}, {"level": "red", "limit": "lead"}]
    policy = Policy.model_validate({"timeliness": {"items": {"own": {"limit_ladder": ladder}}}})
    world = World(store, tmp_path, REGISTRY, policy=policy)
    says(world, "accepted", "09:00", item="own", window="w1", staff="s01")
    assert judged(world, "03-09 17:31", "case.limit") == ["red since 03-09 17:30 by s01 cleared - open"]
    assert judged(world, "03-20 17:31", "order.reply") == []


@pytest.mark.both_databases
def test_findings_of_cases_and_across_them(world: World) -> None:
    for number in range(1, 13):
        if number != 7:
            says(world, "accepted", f"10:{number:02d}", case=f"2026-{number:03d}", item="i1", window="w1", staff="s01")
    says(world, "supplement_requested", "11:00", case="2026-001")
    says(world, "supplement_requested", "15:00", case="2026-001")
    says(world, "rejected", "15:00", case="2026-002")
    for number in range(3, 9):
        if number != 7:
            says(world, "completed", f"22:{number:02d}", case=f"2026-{number:03d}", staff="s01", result="granted")
    world.event("e1", "rating", "16:00", score=1, case="2026-099", window="w1")
    world.clock.set(at("03-03 09:00"))
    with world.store.read() as conn:
        rows = findings(world.program.judge().look(conn, at("03-03 09:00")), world.settings.policy)
    told = [(row["rule"], row["subject"]) for row in rows if row["rule"] != "B01"]
    assert sorted(told) == [
        ("C09", "case:c1/2026-001"),
        ("C11", "case:c1/2026-002"),
        ("F01", "case:c1/2026-007"),
        ("F01", "rating:e1/e20"),
        ("F02", "case:c1/2026-003"),
    ]


def test_findings_across_cases_go_by_the_hours_of_their_hall_and_window(store: Store, tmp_path: Path) -> None:
    """Five completions at 22:00: a bulk in w1, ordinary work in w2, which has evening hours of its own."""
    evening = CalendarSpec(week=week_of(dict.fromkeys(range(5), [(time(8, 30), time(23, 0))])))
    windows = [{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1", "calendar": "evening"}]
    calendars = load(environ={}).calendars | {"evening": evening}
    world = World(store, tmp_path, {**REGISTRY, "windows": windows}, calendars=calendars)
    for number in range(5):
        for window, staff in (("w1", "s01"), ("w2", "s02")):
            case = f"{window}-{number}"
            says(world, "accepted", f"10:0{number}", case=case, item="i1", window=window, staff=staff)
            says(world, "completed", f"22:0{number}", case=case, window=window, staff=staff, result="granted")
    world.clock.set(at("03-03 09:00"))
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, at("03-03 09:00")), world.settings.policy)
    assert [row["subject"] for row in rows if row["rule"] == "F02"] == ["case:c1/w1-0"]


def notice(world: World, *days: str) -> None:
    """A notice of days off comes, at the present."""
    rows = [{"name": "调整", "date": day, "isOffDay": True} for day in days]
    found = parse_notice({"year": 2026, "days": rows})
    world.store.step(lambda conn: save_notice(conn, found, world.clock.now()))


def test_a_notice_takes_back_a_card_that_was_never_due_and_the_row_says_why(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    assert judged(world, "03-30 17:31", "case.limit")[0].startswith("red since")  # nothing is left for time to change
    notice(world, *(f"2026-03-{day:02}" for day in range(3, 31)))
    assert judged(world, "03-30 17:32", "case.limit")[0].endswith("withdrawn")
    (card,) = world.cards("case.limit")
    last = card["history"][-1]
    assert (last["event"], last["actor"]) == ("withdrawn", "system")
    assert "日历变更 calendar changed: 2026-03-03…2026-03-30" in last["why"]


@pytest.mark.both_databases
def test_a_notice_looks_again_at_the_cases_that_rest_on_its_days_and_at_no_other(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")  # to 2026-03-30 by law
    says(world, "accepted", "03-20 09:00", case="B1", item="i1", window="w1", staff="s01")
    world.beat("c1", "03-20 09:01")
    world.judge("03-20 09:01")
    before = {key: world.subject(f"case:c1/{key}").version for key in ("A1", "B1")}
    notice(world, "2026-04-08")
    after = {key: world.subject(f"case:c1/{key}").version for key in ("A1", "B1")}
    assert (after["A1"] - before["A1"], after["B1"] > before["B1"]) == (0, True)


@pytest.mark.both_databases
def test_a_corrected_item_looks_again_at_its_own_cases_alone(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    says(world, "accepted", "09:00", case="B1", item="own", window="w1", staff="s01")
    assert judged(world, "03-09 17:31", "case.limit")[0].startswith("yellow since 03-09 17:30")
    before = world.subject("case:c1/B1").version
    longer = [{**ITEMS[0], "promised": 15}, ITEMS[1]]
    world.register({**REGISTRY, "items": longer})
    assert world.subject("case:c1/B1").version == before
    assert judged(world, "03-09 17:32", "case.limit")[0].endswith("withdrawn")
    card = next(c for c in world.cards("case.limit") if c["subject"]["id"] == "c1/A1")
    assert "事项变更 item changed: i1" in card["history"][-1]["why"]


def test_a_shortened_promise_holds_for_what_is_accepted_from_then_on_and_is_a_finding(world: World) -> None:
    """C07, C25: twenty working days until 03-08, ten from 03-09; the case of before keeps its promise."""
    long, short = {**ITEMS[0], "promised": 20, "statutory": 30}, {**ITEMS[0], "promised": 10, "statutory": 30}
    world.register({**REGISTRY, "items": [long, {**short, "from": "2026-03-09"}]})
    says(world, "accepted", "03-06 16:00", item="i1", window="w1", staff="s01")
    says(world, "accepted", "03-09 09:00", case="B1", item="i1", window="w1", staff="s01")
    assert judged(world, "03-23 17:31", "case.limit")[-1].startswith("yellow case:c1/B1 since 03-23 17:30")
    assert [line for line in judged(world, "04-03 17:31", "case.limit") if line.startswith("yellow since")] == [
        "yellow since 04-03 17:30 by s01 cleared - open"
    ]
    with world.store.read() as conn:
        told = [f for f in findings(world.judging.look(conn, world.clock.now()), Policy()) if f["rule"] == "C07"]
    assert [(f["subject"], f["at"]) for f in told] == [("item:i1", "2026-03-09T00:00:00+08:00")]


def test_a_reply_is_still_a_persons_command(world: World) -> None:
    says(world, "received", "10:00", item="i1", window="w1", staff="s01")
    judged(world, "03-09 17:31", "case.notice")
    number = world.cards("case.notice")[0]["number"]
    world.store.step(lambda conn: transition(conn, number, "answered", actor="op", why="已告知", now=at("03-10 09:00")))
    assert judged(world, "03-10 09:01", "case.notice") == ["yellow since 03-09 17:30 by s01 cleared - answered"]
