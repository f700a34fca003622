"""Dated tasks on a real store and by the command line: complaints, work orders, supervision orders, reports.

Opened Monday 2026-03-02, due Monday 03-09 17:30: reminder 03-06 17:30, yellow 03-09 17:30, red 03-12 17:30.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.ops.checks import check_configuration
from monitor.settings import Policy
from monitor.store.calendars import save_notice
from monitor.store.engine import Store
from monitor.supervision.cardlist import explain
from monitor.supervision.findings import findings
from monitor.workcal import parse_notice
from tests.halls import Commands, Feed, at, hall, write_lines
from tests.world import World

pytestmark = pytest.mark.scenarios

DUE = at("03-09 17:30").isoformat()
C1 = {"id": "c1", "kind": "cases", "hall": "h1"}
REGISTRY = hall(3, attendance="", windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}], devices=[C1])
OPENED = {"due": DUE, "window": "w1", "staff": "s01"}


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


def says(world: World, event: str, when: str, *, kind: str = "complaint", task: str = "T1", **body: Any) -> None:
    world.event(body.pop("device", "c1"), "task", when, task=task, kind=kind, event=event, **body)


def judged(world: World, when: str, *devices: str) -> list[str]:
    """The cards of tasks after heartbeats and a judgement at the time."""
    for device in devices or ("c1",):
        world.beat(device, when)
    world.judge(when)
    return [line for line in world.card_lines() if " task:" in line]


def card(
    level: str, since: str, *, rule: str = "complaint.due", by: str = "s01", cleared: str = "-", state: str = "open"
) -> str:
    return f"{rule} {level} task:T1 since {since} by {by} cleared {cleared} {state}"


@pytest.mark.both_databases
def test_reminder_yellow_red_and_the_answer_that_clears_it(world: World) -> None:
    says(world, "opened", "10:00", **OPENED)
    assert judged(world, "03-06 17:29") == []
    assert world.verdict("task:T1") == "pending"
    assert judged(world, "03-06 17:31") == [card("reminder", "03-06 17:30")]
    assert judged(world, "03-09 17:31") == [card("yellow", "03-09 17:30")]
    assert judged(world, "03-12 17:31") == [card("red", "03-12 17:30")]
    says(world, "answered", "03-13 10:00")
    assert judged(world, "03-13 10:01") == [card("red", "03-12 17:30", cleared="03-13 10:00")]
    (one,) = world.cards("complaint.due")
    assert [(h["event"], h["level"]) for h in one["history"]] == [
        ("issued", "reminder"), ("upgraded", "yellow"), ("upgraded", "red"), ("cleared", "red"),
    ]  # fmt: skip
    assert (one["hall"], one["unit"], one["window"]) == ("h1", "u1", "w1")
    assert (one["reason"]["figures"]["overdue_days"], one["reason"]["figures"]["overdue_unit"]) == (4, "calendar_day")


@pytest.mark.parametrize("kind", ["hotline", "order", "report"])
def test_the_other_kinds_have_their_own_rule(world: World, kind: str) -> None:
    says(world, "opened", "10:00", kind=kind, **OPENED)
    assert judged(world, "03-09 17:31") == [card("yellow", "03-09 17:30", rule="task.due")]


def test_silence_of_the_path_is_not_silence_of_the_person(world: World) -> None:
    says(world, "opened", "10:00", **OPENED)
    judged(world, "03-09 12:00")
    world.judge("03-10 17:29")
    assert (world.verdict("task:T1"), world.card_lines("unknown.stale")) == ("unknown", [])
    world.judge("03-10 17:31")  # one working day after the boundary operators are told
    assert len(world.card_lines("unknown.stale")) == 1
    says(world, "answered", "03-09 16:00", received="03-11 09:00")
    assert judged(world, "03-11 09:01") == [card("reminder", "03-06 17:30", cleared="03-09 16:00", state="closed")]
    assert world.verdict("task:T1") == "ok"
    assert [c["state"] for c in world.cards("unknown.stale")] == ["closed"]


@pytest.mark.both_databases
def test_an_answer_that_comes_late_withdraws_the_card_that_never_held(world: World) -> None:
    says(world, "opened", "10:00", **OPENED)
    assert judged(world, "03-09 17:31") == [card("yellow", "03-09 17:30")]
    world.event("c1", "task", "03-09 09:00", received="03-10 09:00", task="T1", kind="complaint", event="answered")
    assert judged(world, "03-10 09:01") == [card("yellow", "03-09 17:30", state="withdrawn")]


def test_an_answer_refused_opens_the_task_again_and_a_new_due_is_another_card(world: World) -> None:
    says(world, "opened", "10:00", **OPENED)
    judged(world, "03-09 17:31")
    says(world, "answered", "03-10 10:00", staff="s02")
    assert judged(world, "03-10 10:01") == [card("yellow", "03-09 17:30", cleared="03-10 10:00")]
    says(world, "rejected", "03-11 10:00", due=at("03-18 17:30").isoformat())
    first = card("yellow", "03-09 17:30", cleared="03-10 10:00")
    assert judged(world, "03-18 17:31") == [first, card("yellow", "03-18 17:30", by="s02")]
    assert len({c["episode"] for c in world.cards("complaint.due")}) == 2


def test_refused_without_a_due_the_card_stands_again(world: World) -> None:
    says(world, "opened", "10:00", **OPENED)
    judged(world, "03-09 17:31")
    says(world, "answered", "03-10 10:00")
    judged(world, "03-10 10:01")
    says(world, "rejected", "03-11 10:00")
    assert judged(world, "03-11 10:01") == [card("yellow", "03-09 17:30")]
    assert world.cards("complaint.due")[0]["history"][-1]["event"] == "resumed"


def test_a_longer_due_told_in_time_withdraws_nothing_and_one_told_too_late_is_a_finding(world: World) -> None:
    says(world, "opened", "10:00", kind="order", **OPENED)
    says(world, "opened", "03-05 10:00", kind="order", due=at("03-11 17:30").isoformat())
    assert judged(world, "03-10 17:29") == []
    yellow = [card("yellow", "03-11 17:30", rule="task.due")]
    assert judged(world, "03-11 17:31") == yellow
    says(world, "opened", "03-12 10:00", kind="order", due=at("03-31 17:30").isoformat())
    assert judged(world, "03-12 10:01") == yellow
    assert [(f["rule"], f["subject"]) for f in found(world, "03-12 10:02")] == [("task.events", "task:T1")]


def found(world: World, when: str) -> list[dict[str, Any]]:
    world.clock.set(at(when))
    with world.store.read() as conn:
        return findings(world.judging.look(conn, world.clock.now()), Policy())


@pytest.mark.both_databases
def test_findings_of_reports_and_of_complaints(world: World) -> None:
    says(world, "opened", "10:00", kind="report", task="R1", due=DUE)
    for number, day in enumerate(("03-02", "03-04")):
        says(world, "opened", f"{day} 11:00", task=f"K{number}", **OPENED)
        says(world, "verified", f"{day} 16:00", task=f"K{number}")
    judged(world, "03-18 09:00")
    rows = {(f["rule"], f["subject"]) for f in found(world, "03-18 09:01")}
    assert rows == {("C14", "task:R1"), ("C15", "task:R1"), ("D12", "staff:s01"), ("D12", "window:w1")}


def test_the_notice_of_the_year_makes_a_due_certain_and_wakes_the_task(world: World) -> None:
    """Five working days from 2026-12-28 end on 2027-01-05, if that year has no other days off than by statute. What
    rests on 2026 alone is not looked at again, though a card stands on it."""
    says(world, "opened", "12-28 10:00", window="w1", staff="s01")
    says(world, "opened", "12-14 10:00", task="T2", due=at("12-18 17:30").isoformat())
    assert card("reminder", "2027-01-04 17:30") in judged(world, "2027-01-06 09:00")
    days = [{"name": "元旦", "date": f"2027-01-0{d}", "isOffDay": True} for d in (1, 2, 3)]
    notice = parse_notice({"year": 2027, "days": days})
    world.store.step(lambda conn: save_notice(conn, notice, at("2027-01-06 10:00")))
    assert (world.subject("task:T1").cause is None, world.subject("task:T2").cause) == (False, None)
    world.judge("2027-01-06 10:00")
    assert card("yellow", "2027-01-05 17:30") in world.card_lines("complaint.due")
    mine = next(c for c in world.cards("complaint.due") if c["level"] == "yellow")
    assert "calendar changed" in mine["history"][-1]["why"]


def test_explain_tells_the_due_and_the_days_up_to_it(world: World) -> None:
    says(world, "opened", "10:00", id="o1", **OPENED)
    judged(world, "03-09 17:31")
    with world.store.read() as conn:
        told = explain(conn, world.cards("complaint.due")[0]["number"], world.program.zones(conn))
    assert told is not None
    assert (told["limit"]["limit"], told["limit"]["event"]) == ("told", "o1")
    assert [s["date"] for s in told["steps"] if s["counted"]] == [f"2026-03-0{d}" for d in (3, 4, 5, 6, 9)]
    assert told["facts"]["events"][0]["event"] == "opened"
    assert told["policy"]["timeliness.task_complaint_days"] == 5


# --------------------------------------------------------------------------- who would tell


def with_devices(store: Store, folder: Path, *devices: dict[str, Any]) -> World:
    return World(store, folder, {**REGISTRY, "devices": [C1, *devices]})


@pytest.mark.parametrize(
    ("why", "device", "verdict"),
    [
        ("another hall system that tells of cases only", {"id": "c2", "kind": "cases", "hall": "h1"}, "yellow"),
        ("one that is registered for tasks", {"id": "c2", "kind": "cases", "hall": "h1", "channels": ["task"]},
         "unknown"),
        ("one of the same namespace", {"id": "c2", "kind": "cases", "hall": "h1", "namespace": "c1"}, "unknown"),
        ("one that never tells of an answer", {"id": "c2", "kind": "cases", "hall": "h1", "namespace": "c1",
                                               "emits": ["opened"]}, "yellow"),
    ],
)  # fmt: skip
def test_whose_silence_is_waited_for(
    store: Store, tmp_path: Path, why: str, device: dict[str, Any], verdict: str
) -> None:
    world = with_devices(store, tmp_path, device)
    says(world, "opened", "10:00", **OPENED)
    judged(world, "03-09 17:31", "c1")  # c2 is silent
    assert world.verdict("task:T1") == verdict, why
    judged(world, "03-09 17:32", "c1", "c2")
    assert world.verdict("task:T1") == "yellow"


def test_a_source_that_tells_of_no_answer_is_not_judged_and_the_check_says_so(store: Store, tmp_path: Path) -> None:
    silent = {**C1, "emits": ["opened", "accepted", "completed"]}
    world = World(store, tmp_path, {**REGISTRY, "devices": [silent]})
    says(world, "opened", "10:00", **OPENED)
    assert judged(world, "03-20 09:00") == []
    assert world.verdict("task:T1") == "ok"
    with store.read() as conn:
        told = check_configuration(world.judging.look(conn, world.clock.now()), world.settings)
    assert any("c1" in line and "answered" in line for line in told)


def test_a_device_whose_clock_is_wrong_proves_no_lateness(world: World) -> None:
    world.beat("c1", "03-02 09:00", received="03-02 09:10")  # ten minutes slow
    says(world, "opened", "10:00", received="10:10", **OPENED)
    says(world, "answered", "03-09 17:35", received="03-09 17:45")
    world.beat("c1", "03-10 09:00", received="03-10 09:10")
    world.judge("03-10 09:11")
    assert (world.verdict("task:T1"), world.card_lines("complaint.due")) == ("review", [])


# --------------------------------------------------------------------------- the command line


@pytest.mark.both_databases
def test_a_day_by_the_command_line(tmp_path: Path, database_url: str) -> None:
    """`events import`, `judge --as-of`, `cards list`, `subjects list`, `explain`, `report findings`."""
    jiancha = Commands(tmp_path, clock="03-20 09:00", env={"JIANCHA_STORE__URL": database_url})
    jiancha.set_up(REGISTRY, clock="03-02 07:45")
    feed = Feed()
    for task, kind, answered in (("K1", "complaint", "03-11 10:00"), ("B1", "report", None), ("G1", "hotline", None)):
        feed.event("c1", "task", "03-02 10:00", task=task, kind=kind, event="opened", **OPENED)
        if answered:
            feed.event("c1", "task", answered, task=task, kind=kind, event="answered")
    feed.event("c1", "task", "03-04 10:00", task="G1", kind="hotline", event="closed")
    feed.beat("c1", "03-19 09:00")
    write_lines(tmp_path / "tasks.jsonl", feed.lines())
    jiancha.run("events", "import", "tasks.jsonl")
    jiancha.judge("03-19 09:00")
    cards = [
        (c["rule"], c["level"], c["subject"]["id"], c["staff"]) for c in jiancha.cards() if c["rule"] != "device.silent"
    ]
    assert sorted(c for c in cards if c[0].endswith(".due")) == [
        ("complaint.due", "yellow", "K1", "s01"),
        ("task.due", "red", "B1", "s01"),
    ]
    assert jiancha.verdicts("task") == {"K1": "yellow", "B1": "red", "G1": "ok"}
    (late,) = jiancha.cards("--rule", "complaint.due")
    told = jiancha.json("explain", str(late["number"]))
    assert (told["limit"]["due"][:10], len(told["steps"]) > 5) == ("2026-03-09", True)
    assert late["reason"]["figures"]["overdue_days"] == 2
    rows = [(f["rule"], f["subject"]) for f in jiancha.json("report", "findings")]
    assert [row for row in rows if row[1].startswith("task:")] == [("C15", "task:B1"), ("C14", "task:B1")]
    assert jiancha.judge("03-19 09:00")["issued"] == 0
