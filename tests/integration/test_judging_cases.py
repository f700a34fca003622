"""The life of cases on a real store: reminder, yellow, order, red, and what prevents each (DESIGN §5).

Accepted Monday 2026-03-02; 5 working days promised (03-09), 20 by statute (03-30); the reminder falls on 03-06.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.store.calendars import save_notice
from monitor.store.engine import Store
from monitor.supervision.commands import transition
from monitor.workcal import parse_notice
from tests.halls import at, hall, told
from tests.world import World

pytestmark = pytest.mark.scenarios

CASE = "case:c1/A1"
ITEMS = [
    {"id": "i1", "unit": "u1", "promised": 5, "statutory": 20},
    {"id": "now", "unit": "u1", "kind": "immediate", "fallback": 3},
    {"id": "long", "unit": "u1", "promised": 16},
]
REGISTRY = hall(
    3,
    attendance="",
    items=ITEMS,
    windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}],
    devices=[{"id": "c1", "kind": "cases", "hall": "h1"}],
)
NOTICE_2027 = {
    "year": 2027,
    "days": [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "元旦", "date": "2027-01-02", "isOffDay": True},
        {"name": "元旦", "date": "2027-01-03", "isOffDay": True},
    ],
}


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


def says(world: World, event: str, when: str, *, case: str = "A1", **body: object) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)  # type: ignore[arg-type]


def accepted(world: World, when: str = "10:00", item: str = "i1", case: str = "A1", **body: object) -> None:
    says(world, "accepted", when, case=case, item=item, **{"window": "w1", "staff": "s01"} | body)


def judged(world: World, when: str) -> list[str]:
    """The cards of the case after a heartbeat and a judgement at the time."""
    world.beat("c1", when)
    world.judge(when)
    return world.card_lines("case.limit")


def limit(level: str, since: str, *, by: str = "s01", cleared: str = "-", state: str = "open") -> list[str]:
    return [f"case.limit {level} {CASE} since {since} by {by} cleared {cleared} {state}"]


def act(world: World, event: str, when: str) -> None:
    number = world.cards("case.limit")[0]["number"]
    world.store.step(lambda conn: transition(conn, number, event, actor="op", why="已处理", now=at(when)))


def orders(world: World) -> list[str]:
    return world.card_lines("order.reply")


@pytest.mark.both_databases
def test_reminder_yellow_and_red_by_the_unanswered_order(world: World) -> None:
    accepted(world)
    assert judged(world, "03-06 17:29") == []
    assert judged(world, "03-06 17:31") == limit("reminder", "03-06 17:30")
    assert judged(world, "03-09 17:29") == limit("reminder", "03-06 17:30")
    assert judged(world, "03-09 17:31") == limit("yellow", "03-09 17:30")
    # the card was issued on Monday the 9th: three working days are Thursday's close, the reminder a day before
    assert orders(world) == []
    assert judged(world, "03-11 17:31") == limit("yellow", "03-09 17:30")
    assert orders(world) == ["order.reply reminder order:c1/A1 since 03-11 17:30 by s01 cleared - open"]
    assert judged(world, "03-12 17:29") == limit("yellow", "03-09 17:30")
    assert judged(world, "03-12 17:31") == limit("red", "03-12 17:30")
    (card,) = world.cards("case.limit")
    assert [(h["event"], h["level"]) for h in card["history"]] == [
        ("issued", "reminder"), ("upgraded", "yellow"), ("upgraded", "red"),
    ]  # fmt: skip
    assert (card["window"], card["unit"], card["hall"]) == ("w1", "u1", "h1")


def test_the_orders_days_count_from_the_cards_issue_not_from_the_limit(world: World) -> None:
    """First judged on Wednesday the 11th: the reply is due on Monday the 16th."""
    accepted(world)
    assert judged(world, "03-11 09:00") == limit("yellow", "03-09 17:30")
    assert judged(world, "03-16 17:29") == limit("yellow", "03-09 17:30")
    assert judged(world, "03-16 17:31") == limit("red", "03-16 17:30")


def test_an_answered_order_turns_nothing_red_until_the_statutory_limit(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31")
    act(world, "answered", "03-11 10:00")
    assert judged(world, "03-13 17:31") == limit("yellow", "03-09 17:30", state="answered")
    assert orders(world) == []
    assert judged(world, "03-30 17:29") == limit("yellow", "03-09 17:30", state="answered")
    assert judged(world, "03-30 17:31") == limit("red", "03-30 17:30")


def test_an_answer_after_the_deadline_comes_too_late(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31")
    act(world, "answered", "03-12 17:31")
    assert judged(world, "03-13 09:00") == limit("red", "03-12 17:30")


def test_completing_the_case_answers_the_order(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31")
    says(world, "completed", "03-11 11:00", result="granted")
    assert judged(world, "03-13 09:00") == limit("yellow", "03-09 17:30", cleared="03-11 11:00")
    assert orders(world) == []
    assert world.verdict(CASE) == "yellow"


def test_completed_in_time_leaves_a_closed_reminder_only(world: World) -> None:
    accepted(world)
    judged(world, "03-06 17:31")
    says(world, "completed", "03-09 17:30", result="granted")  # the very instant of the limit is in time
    assert judged(world, "03-09 17:31") == limit("reminder", "03-06 17:30", cleared="03-09 17:30", state="closed")
    assert world.verdict(CASE) == "ok"


def test_completed_late_but_heard_of_before_it_was_judged(world: World) -> None:
    accepted(world)
    says(world, "completed", "03-10 11:00", result="granted")
    assert judged(world, "03-10 12:00") == limit("yellow", "03-09 17:30", cleared="03-10 11:00")


@pytest.mark.both_databases
def test_a_completion_that_comes_late_withdraws_the_card_that_never_held(world: World) -> None:
    accepted(world)
    judged(world, "03-09 17:31")
    world.event("c1", "case", "03-09 16:00", received="03-10 09:00", case="A1", event="completed", result="granted")
    lines = judged(world, "03-10 09:01")
    assert lines == limit("yellow", "03-09 17:30", state="withdrawn")
    assert world.cards("case.limit")[0]["history"][-1]["actor"] == "system"
    assert judged(world, "03-16 09:00") == lines
    assert orders(world) == []


def test_who_held_the_case_at_the_yellow_answers_for_the_red_too(world: World) -> None:
    accepted(world)
    judged(world, "03-06 17:31")
    says(world, "transferred", "03-09 09:00", window="w2", staff="s02")
    assert judged(world, "03-09 17:31") == limit("yellow", "03-09 17:30", by="s02")
    says(world, "transferred", "03-10 09:00", window="w1", staff="s03")
    assert judged(world, "03-12 17:31") == limit("red", "03-12 17:30", by="s02")
    assert world.cards("case.limit")[0]["window"] == "w2"


@pytest.mark.both_databases
def test_a_transfer_told_late_moves_the_charge_with_it(world: World) -> None:
    accepted(world)
    assert judged(world, "03-09 17:31") == limit("yellow", "03-09 17:30", by="s01")
    world.event("c1", "case", "03-09 09:00", received="03-10 08:00", case="A1", event="transferred", window="w2",
                staff="s02")  # fmt: skip
    assert judged(world, "03-10 08:01") == limit("yellow", "03-09 17:30", by="s02")


def test_a_suspension_moves_the_limit_and_takes_back_the_card_when_told_late(world: World) -> None:
    """Paused 03-04 15:00 to 03-06 10:00: three days are not counted, the limit is 03-12 (DESIGN §4)."""
    accepted(world)
    assert judged(world, "03-09 17:31") == limit("yellow", "03-09 17:30")
    body = {"case": "A1", "received": "03-10 08:00"}
    world.event("c1", "case", "03-04 15:00", event="suspended", procedure="testing", **body)  # type: ignore[arg-type]
    world.event("c1", "case", "03-06 10:00", event="resumed", **body)  # type: ignore[arg-type]
    assert judged(world, "03-10 08:01") == limit("yellow", "03-09 17:30", state="withdrawn")
    assert judged(world, "03-12 17:31") == limit("yellow", "03-12 17:30")


def test_reopened_the_clock_goes_on_and_the_closed_span_does_not_count(world: World) -> None:
    accepted(world)
    says(world, "completed", "03-04 17:30", result="granted")
    says(world, "reopened", "03-10 08:30")  # two days had been counted: 03-03 and 03-04
    assert judged(world, "03-11 17:31") == limit("reminder", "03-11 17:30")
    assert judged(world, "03-12 17:31") == limit("yellow", "03-12 17:30")


def test_an_immediate_case_is_yellow_at_the_days_close_and_red_at_the_next(world: World) -> None:
    accepted(world, item="now")
    world.beat("c1", "17:31")
    world.judge("17:31")
    line = f"case.immediate {{}} {CASE} since {{}} by s01 cleared - open"
    assert world.card_lines("case.immediate") == [line.format("yellow", "17:30")]
    world.beat("c1", "03-03 17:31")
    world.judge("03-03 17:31")
    assert world.card_lines("case.immediate") == [line.format("red", "03-03 17:30")]


def test_a_fallback_takes_the_immediate_case_to_days(world: World) -> None:
    accepted(world, item="now")
    says(world, "fallback", "16:00", reason="网络故障")
    assert judged(world, "03-03 17:31") == []
    assert world.card_lines("case.immediate") == []
    assert judged(world, "03-05 17:31") == limit("yellow", "03-05 17:30")


def test_nothing_yellow_rests_on_a_guessed_year_until_the_notice_or_ten_days(world: World) -> None:
    """2026-12-10 and 16 days: 2027-01-04, if that year has no other days off than by statute (DESIGN §4)."""
    accepted(world, "12-10 10:00", item="long")
    assert judged(world, "2027-01-05 09:00") == limit("reminder", "12-31 17:30")
    assert world.verdict(CASE) == "reminder"
    assert judged(world, "2027-01-14 17:29") == limit("reminder", "12-31 17:30")
    assert judged(world, "2027-01-14 17:31") == limit("yellow", "2027-01-14 17:30")
    card = world.cards("case.limit")[0]
    assert card["reason"]["figures"]["provisional"] is True


@pytest.mark.both_databases
def test_the_notice_makes_the_deadline_certain_and_back_dates_the_card(world: World) -> None:
    accepted(world, "12-10 10:00", item="long")
    judged(world, "2027-01-05 09:00")
    world.store.step(lambda conn: save_notice(conn, parse_notice(NOTICE_2027), at("2027-01-06 10:00")))
    assert judged(world, "2027-01-06 10:01") == limit("yellow", "2027-01-04 17:30")
    assert world.cards("case.limit")[0]["reason"]["figures"]["provisional"] is False


# --------------------------------------------------------------------------- a source that sends no completions


@pytest.mark.both_databases
def test_a_source_that_completes_nothing_is_told_and_its_cases_are_unknown(world: World) -> None:
    for n, day in enumerate(("03-02", "03-03", "03-04", "03-05", "03-06")):
        accepted(world, f"{day} 10:00", case=f"A{n + 1}")
    assert judged(world, "03-09 17:29") == limit("reminder", "03-06 17:30")
    assert world.card_lines("feed.incomplete") == []
    judged(world, "03-09 17:31")
    assert world.card_lines("feed.incomplete") == [
        "feed.incomplete reminder source:c1 since 03-09 17:30 by - cleared - open"
    ]
    # what was reached by then stands; the others are not late by a silence
    assert world.verdict("case:c1/A3") == "unknown"
    judged(world, "03-12 17:31")
    assert [line for line in world.card_lines("case.limit") if "A1" not in line and " yellow " in line] == []
    says(world, "completed", "03-13 10:00", case="A5", result="granted")
    judged(world, "03-13 10:01")
    assert world.card_lines("feed.incomplete") == [
        "feed.incomplete reminder source:c1 since 03-09 17:30 by - cleared 03-13 10:00 closed"
    ]
    assert world.verdict("case:c1/A3") == "yellow"
    back_dated = sorted(line.split(" since ")[1][:11] for line in world.card_lines("case.limit") if " yellow " in line)
    assert back_dated == ["03-09 17:30", "03-10 17:30", "03-11 17:30", "03-12 17:30"]  # A5 was completed in time


def test_a_reminder_over_before_it_was_judged_leaves_no_card(world: World) -> None:
    accepted(world)
    says(world, "completed", "03-09 09:00", result="granted")
    assert judged(world, "03-09 10:00") == []


TWO_SYSTEMS = [
    {"id": name, "kind": "cases", "hall": "h1", "namespace": "county", "watermark": "events"} for name in ("c1", "c2")
]
TOLD_BY = {
    "c1": {"item": "i1", "id": "old"},
    "c2": {"item": "i1", "id": "new", "window": "w2", "staff": "s02", "due": at("03-05 12:00").isoformat()},
}


@pytest.mark.both_databases
@pytest.mark.parametrize("order", [("c1", "c2"), ("c2", "c1")], ids=["the scant telling first", "the full one first"])
@pytest.mark.parametrize(
    ("voids", "since", "by"),
    [
        (None, "03-05 12:00", "s02"),  # merged: what one leaves out the other says
        ("old", "03-05 12:00", "s02"),  # one source takes its telling back, the other's stands
        ("new", "03-09 17:30", "None"),
    ],
    ids=["both stand", "the scant one voided", "the full one voided"],
)
def test_one_acceptance_told_by_two_systems_is_the_same_whoever_is_heard_first(
    world: World, order: tuple[str, str], voids: str | None, since: str, by: str
) -> None:
    world.register({"devices": TWO_SYSTEMS})
    for source in order:
        world.event(source, "case", "10:00", case="A1", event="accepted", **TOLD_BY[source])
    if voids:
        source = next(name for name, body in TOLD_BY.items() if body["id"] == voids)
        world.event(source, "case", "11:00", case="A1", event="voided", voids=voids)
    for source in order:
        world.event(source, "case", "03-09 17:30", case="B1", event="received")
    world.judge("03-09 17:31")
    (card,) = world.cards("case.limit")
    assert (card["level"], told(card["since"]), str(card["staff"])) == ("yellow", since, by)


def test_a_card_that_was_taken_back_and_comes_again_opens_another_order(world: World) -> None:
    """Extended by three days, told late: the yellow of 03-09 goes and that of 03-12 comes, with three days to reply."""
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    world.beat("c1", "03-10 09:00")
    world.judge("03-10 09:00")  # yellow, and an order that would be due on 03-13
    says(world, "extended", "03-06 09:00", received="03-10 10:00", days=3, approver="s02", approver_rank="unit")
    for when in ("03-10 10:01", "03-12 17:31", "03-13 17:31", "03-16 17:29"):
        world.beat("c1", when)
        world.judge(when)
    assert world.card_lines("case.limit") == ["case.limit yellow case:c1/A1 since 03-12 17:30 by s01 cleared - open"]
    assert world.card_lines("order.reply") == []
    for when in ("03-16 17:31", "03-17 17:31"):
        world.beat("c1", when)
        world.judge(when)
    assert world.card_lines("order.reply") == [
        "order.reply reminder order:c1/A1 since 03-16 17:30 by s01 cleared - open"
    ]
    assert world.card_lines("case.limit") == ["case.limit red case:c1/A1 since 03-17 17:30 by s01 cleared - open"]


def test_reopened_after_its_order_ran_the_end_in_between_has_answered_it(world: World) -> None:
    """Completed on 03-11, a day before the order's reminder, and opened again on 03-20: no reply was owed on 03-12."""
    accepted(world, "09:00")
    judged(world, "03-10 09:00")
    says(world, "completed", "03-11 09:00", window="w1", staff="s01", result="granted")
    judged(world, "03-11 09:01")
    says(world, "reopened", "03-20 09:00")
    judged(world, "03-20 09:01")
    assert orders(world) == []
    assert judged(world, "04-10 17:29") == limit("yellow", "03-09 17:30")
    assert judged(world, "04-10 17:31") == limit("red", "04-10 17:30"), "eight closed days behind 03-30"
