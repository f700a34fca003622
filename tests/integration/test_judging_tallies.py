"""Accumulations of attendance on a real store: check-ins come, people work the cards, sums cross and fall (A05-A12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlevent

from monitor.model import Level
from monitor.store.engine import Store
from monitor.store.facts.tallies import load_tallies
from monitor.supervision.commands import attribute, transition
from monitor.supervision.handcards import issue_by_hand
from tests.halls import at, hall, leave, told
from tests.world import World

pytestmark = pytest.mark.scenarios

TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"], "watermark": "events"}
PEOPLE = [{"id": f"s{n:02}", "unit": "u1"} for n in (1, 2, 3, 9)]
"""s09 holds no post: their check-in at the day's end says that the terminal has delivered everything before."""
RULES = ("attendance.sum", "absence.person", "absence.return", "absence.window", "conduct.month")


@pytest.fixture
def world(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """Registered in the morning of 4 January, a Sunday worked, or on the day that the test is given."""
    posts = [{"window": "w1", "staff": s, "rank": r} for s, r in (("s01", "A"), ("s02", "B"))]
    registry = hall(attendance="tianyang", staff=PEOPLE, posts=posts, devices=[TERMINAL])
    return World(store, tmp_path, registry, start=f"2026-{getattr(request, 'param', '01-04')} 07:00")


def workdays(world: World, first: str, count: int) -> list[str]:
    """So many working days from `MM-DD` on, written the same way."""
    with world.store.read() as conn:
        calendar = world.program.book(conn).default
    day, found = date.fromisoformat(f"2026-{first}"), []
    while len(found) < count:
        if calendar.is_workday(day):
            found.append(f"{day:%m-%d}")
        day += timedelta(days=1)
    return found


def day_of(world: World, day: str, **clocks: Sequence[str] | None) -> None:
    """A day's check-ins: of each person named those times (none: absent), of the others both in time."""
    punches = {person["id"]: ("08:20", "14:20") for person in PEOPLE} | {s: c or () for s, c in clocks.items()}
    told_at = sorted((clock, staff) for staff, mine in punches.items() for clock in mine)
    for clock, staff in told_at:
        world.event("t1", "checkin", f"{day} {clock}", staff=staff, method="face")
    world.event("t1", "checkin", f"{day} 19:30", staff="s09", method="face")


def judge_day(world: World, day: str, **clocks: Sequence[str] | None) -> None:
    day_of(world, day, **clocks)
    world.judge(f"{day} 20:00")


LATE, VERY_LATE, ABSENT = ("08:35", "14:20"), ("09:10", "14:20"), ()


def stands(world: World, rule: str) -> list[tuple[str, str, str, str]]:
    return [
        (c["subject"]["id"], c["level"], told(c["since"]), c["state"]) for c in world.cards(rule) if c["rule"] == rule
    ]


def step(world: World, number: int, what: str, **given: Any) -> None:
    now = world.clock.now()
    world.store.step(
        lambda conn: transition(conn, number, what, actor="cli:x", why="核实", now=now, given=given or None)
    )
    world.judge(now)


def slot_cards(world: World, staff: str) -> list[int]:
    return [c["number"] for c in world.cards("checkin.slot") if c["staff"] == staff]


def test_a06_the_sum_fires_once_at_the_25th_late_and_goes_on_rising_in_silence(world: World) -> None:
    days = workdays(world, "01-04", 28)
    for day in days[:24]:
        judge_day(world, day, s01=LATE)
    assert stands(world, "attendance.sum") == []
    for day in days[24:]:
        judge_day(world, day, s01=LATE)
    assert stands(world, "attendance.sum") == [("s01/2026", "red", f"{days[24]} 08:30", "open")]
    (card,) = world.cards("attendance.sum")
    assert [h["event"] for h in card["history"]] == ["issued"]
    assert (card["hall"], card["unit"], card["staff"], card["episode"]) == ("h1", "u1", "s01", "2026")
    assert (card["reason"]["figures"]["points"], len(card["reason"]["figures"]["entries"])) == ("5.0", 25)
    assert world.verdict("tally:s01/2026") == "red"
    assert [c[0] for c in stands(world, "conduct.month")] == ["s01/2026", "s01/2026"]  # January and February (A12)


def test_a06_a05_only_confirmed_off_posts_count_and_a_granted_appeal_takes_the_card_back(world: World) -> None:
    days = workdays(world, "01-04", 11)
    for day in days:
        judge_day(world, day, s01=VERY_LATE)
    cards = slot_cards(world, "s01")
    assert (len(cards), stands(world, "attendance.sum")) == (11, [])
    for number in cards[:9]:
        step(world, number, "closed", result="founded")
    step(world, cards[9], "closed", result="unfounded")
    assert stands(world, "attendance.sum") == []
    step(world, cards[10], "closed", result="rectified")
    crossed = f"{days[10]} 08:45"
    assert stands(world, "attendance.sum") == [("s01/2026", "red", crossed, "open")]

    step(world, cards[0], "appealed", by="cli:x")
    assert stands(world, "attendance.sum") == [("s01/2026", "red", crossed, "open")]
    now = world.clock.now()
    world.store.step(lambda conn: transition(conn, cards[0], "withdrawn", actor="other", why="申诉成立", now=now))
    world.judge(now)
    assert stands(world, "attendance.sum") == [("s01/2026", "red", crossed, "withdrawn")]

    (later,) = workdays(world, "02-02", 1)
    judge_day(world, later, s01=VERY_LATE)
    step(world, slot_cards(world, "s01")[-1], "closed", result="founded")
    (card,) = world.cards("attendance.sum")  # the same card again
    assert (told(card["since"]), card["state"]) == (f"{later} 08:45", "open")
    assert [h["event"] for h in card["history"]] == ["issued", "withdrawn", "issued"]


@pytest.mark.both_databases
def test_a05_a_card_attributed_to_another_counts_for_that_one(world: World) -> None:
    (day,) = workdays(world, "01-04", 1)
    judge_day(world, day, s01=VERY_LATE)
    (number,) = slot_cards(world, "s01")
    assert points_of(world, "s01") == [("A05", False)]
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    now = world.clock.now()
    world.store.step(
        lambda conn: attribute(
            conn, number, registry, unit=None, window=None, staff="s02", actor="cli:x", why="代班", now=now
        )
    )
    world.judge(now)
    assert (points_of(world, "s01"), points_of(world, "s02")) == ([], [("A05", False)])
    assert world.verdict("tally:s02/2026") == "ok"


def facts_of(world: World, key: str) -> Any:
    with world.store.read() as conn:
        return load_tallies(world.judging.look(conn, world.clock.now()), [key])[key].facts


def points_of(world: World, staff: str) -> list[tuple[str, bool]]:
    from monitor.attendance.tallies import entries

    facts = facts_of(world, f"{staff}/2026")
    return [(e.row, e.confirmed) for e in entries(facts.happened, world.settings.policy.tally) if e.ledger == "staff"]


@pytest.mark.both_databases
@pytest.mark.parametrize("world", ["03-05"], indirect=True)
def test_a10_a09_a11_absences_add_up_and_leave_filed_afterwards_takes_them_back(world: World) -> None:
    days = workdays(world, "03-05", 4)  # a Thursday, a Friday, a Monday, a Tuesday
    judge_day(world, days[0], s01=("08:20",))
    assert stands(world, "absence.person") == []
    judge_day(world, days[1], s01=ABSENT)
    (card,) = world.cards("absence.person")
    assert (told(card["since"]), card["level"], card["episode"]) == (f"{days[1]} 17:30", "yellow", "2026-Q1")
    judge_day(world, days[2], s01=ABSENT)
    assert stands(world, "absence.return") == []
    judge_day(world, days[3], s01=("14:20",))
    (red,) = world.cards("absence.return")
    assert (red["level"], red["reason"]["figures"]["half_days"], red["reason"]["figures"]["longest"]) == ("red", 6, 6)
    (window,) = world.cards("absence.window")
    assert (window["subject"]["id"], window["window"], window["staff"]) == ("w1/2026-03", "w1", None)

    world.plan(leave=[leave("s01", f"{days[1]} 08:00", f"{days[2]} 18:00", approved=f"{days[3]} 19:00")])
    world.judge(world.clock.now() + timedelta(minutes=1))
    assert {rule: [c[3] for c in stands(world, rule)] for rule in RULES[1:4]} == {
        "absence.person": ["withdrawn"], "absence.return": ["withdrawn"], "absence.window": ["withdrawn"],
    }  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("world", ["03-05"], indirect=True)
@pytest.mark.parametrize(
    ("why", "together"), [("each day by itself", False), ("a backlog judged in one go", True)], ids=lambda v: str(v)
)
def test_a_backlog_judged_late_ends_in_the_same_cards(world: World, why: str, together: bool) -> None:
    """Whatever is marked while a tally is judged is not lost, and the order of judging says nothing (DESIGN §10)."""
    days = workdays(world, "03-05", 4)
    for n, day in enumerate(days):
        day_of(world, day, s01=ABSENT if n != 2 else ("08:20",), s02=LATE)
        if not together:
            world.judge(f"{day} 20:00")
    world.judge(f"{days[-1]} 21:00")
    found = {rule: [(c[0], c[1], c[2]) for c in stands(world, rule)] for rule in RULES}
    assert found == {
        "attendance.sum": [],
        "absence.person": [("s01/2026", "yellow", f"{days[1]} 12:00")],
        "absence.return": [("s01/2026", "red", f"{days[3]} 12:00")],
        "absence.window": [("w1/2026-03", "yellow", f"{days[1]} 12:00")],
        "conduct.month": [("s02/2026", "yellow", f"{days[2]} 08:30")],
    }
    (longest,) = {c["reason"]["figures"]["longest"] for c in world.cards("absence.return")}
    assert longest == 4  # two days, ended by the morning on which they came


@pytest.mark.parametrize("world", ["03-05"], indirect=True)
def test_a12_conduct_found_by_a_supervisor_counts_with_late_and_is_proposed(world: World) -> None:
    days = workdays(world, "03-05", 2)
    for day in days:
        judge_day(world, day, s01=LATE)
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    now = world.clock.now()
    world.store.step(
        lambda conn: issue_by_hand(
            conn, registry, rule="E18", level=Level.YELLOW, policy_version="p", staff="s01", actor="cli:x",
            why="打瞌睡", now=now,
        )
    )  # fmt: skip
    world.judge(now)
    assert [(c[0], c[1], c[2]) for c in stands(world, "conduct.month")] == [("s01/2026", "yellow", f"{days[1]} 20:00")]
    (by_hand,) = (c["number"] for c in world.cards("manual.E18"))
    step(world, by_hand, "closed", result="unfounded")
    assert [c[3] for c in stands(world, "conduct.month")] == ["withdrawn"]


@pytest.mark.parametrize("world", ["12-30"], indirect=True)
def test_a06_a_year_is_a_tally_of_its_own(world: World) -> None:
    for day in ("12-30", "12-31"):
        judge_day(world, day, s01=LATE)
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        loaded = load_tallies(look, ["s01/2026", "s01/2027", "w1/2026-12", "w1/2026-11"])
    assert {key: len(found.facts.happened) for key, found in loaded.items()} == {
        "s01/2026": 2, "s01/2027": 0, "w1/2026-12": 2, "w1/2026-11": 0,
    }  # fmt: skip


def test_a05_a_very_late_holder_and_the_window_they_left_empty_are_one_off_post(store: Store, tmp_path: Path) -> None:
    registry = hall(
        attendance="tianyang",
        staff=PEOPLE,
        posts=[{"window": "w1", "staff": "s01", "rank": "A"}],
        devices=[TERMINAL, {"id": "c1", "kind": "camera", "hall": "h1", "window": "w1", "watermark": "events"}],
    )
    world = World(store, tmp_path, registry, start="2026-03-01 07:00")
    when = at("03-02 08:30")
    while when < at("03-02 12:00"):
        people = 0 if when < at("03-02 09:10") else 1
        world.event("c1", "presence", told(when), people=people, view="ok", confidence=0.9)
        when += timedelta(seconds=50)
    judge_day(world, "03-02", s01=VERY_LATE)
    cards = {c["rule"]: c["number"] for c in world.cards() if c["level"] != "reminder" and c["staff"] == "s01"}
    assert set(cards) == {"checkin.slot", "post.empty"}
    happened = facts_of(world, "s01/2026").happened
    assert [(h.kind, set(h.cards), h.confirmed) for h in happened] == [("off_post", set(cards.values()), False)]
    step(world, cards["checkin.slot"], "closed", result="founded")
    assert points_of(world, "s01") == [("A05", True)]
    of_window = facts_of(world, "w1/2026-03").happened
    assert {(h.kind, h.confirmed) for h in of_window} == {("unstaffed", False), ("off_post", True)}


@pytest.mark.parametrize("world", ["03-05"], indirect=True)
def test_a_person_without_a_mark_has_no_tally_and_a_plain_day_marks_none(world: World) -> None:
    (day,) = workdays(world, "03-05", 1)
    judge_day(world, day)
    with world.store.read() as conn:
        kinds = {s.kind for s in conn.exec_driver_sql("SELECT DISTINCT kind FROM subject")}
    assert "tally" not in kinds


@pytest.mark.both_databases
def test_a_tally_is_read_off_the_store_by_two_queries_however_long_the_year(world: World) -> None:
    days = workdays(world, "01-04", 6)
    for day in days:
        judge_day(world, day, s01=LATE)
    asked: list[str] = []
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now().astimezone(UTC))
        load_tallies(look, ["s01/2026"])  # the calendar and the registry are read once a look
        listen = lambda *args: asked.append(args[2])  # noqa: E731
        sqlevent.listen(conn, "before_cursor_execute", listen)
        load_tallies(look, ["s01/2026"])
        sqlevent.remove(conn, "before_cursor_execute", listen)
    assert len(asked) == 2, asked
