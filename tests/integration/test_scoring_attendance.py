"""A hall's days as facts for assessment: lates, absences, off-posts, empty windows, what nobody knows (A.1, A.2)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import Level
from monitor.store.engine import Store
from monitor.store.marks import MARK
from monitor.supervision.commands import transition
from monitor.supervision.handcards import issue_by_hand
from tests.halls import hall
from tests.scored import lines, scored
from tests.world import World

pytestmark = pytest.mark.scenarios

TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"], "watermark": "events"}
PEOPLE = [{"id": f"s{n:02}", "unit": "u1"} for n in (1, 2, 3, 9)]
"""s09 holds no post: their check-in at the day's end says that the terminal has delivered everything before."""
POSTS = [{"window": "w1", "staff": s, "rank": r} for s, r in (("s01", "A"), ("s02", "B"))]
UNITS = [{"id": "u1", "hall": "h1", "name": "行政审批局", "head": "s03"}]
WINDOWS = [{"id": "w1", "unit": "u1", "name": "1号窗口", "lead": "s02"}]


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    registry = hall(attendance="tianyang", staff=PEOPLE, posts=POSTS, devices=[TERMINAL], units=UNITS, windows=WINDOWS)
    return World(store, tmp_path, registry, start="03-02 07:00")


def day_of(world: World, day: str, **clocks: tuple[str, ...]) -> None:
    """A day's check-ins: of each person named those times, of the others both in time; judged in the evening."""
    punches = {person["id"]: ("08:20", "14:20") for person in PEOPLE} | clocks
    for clock, staff in sorted((clock, staff) for staff, mine in punches.items() for clock in mine):
        world.event("t1", "checkin", f"{day} {clock}", staff=staff, method="face")
    world.event("t1", "checkin", f"{day} 19:30", staff="s09", method="face")
    world.judge(f"{day} 20:00")


LATE, VERY_LATE = ("08:35", "14:20"), ("09:10", "14:20")


def step(world: World, number: int, what: str, *, actor: str = "cli:x", **given: Any) -> None:
    now = world.clock.now()
    world.store.step(lambda conn: transition(conn, number, what, actor=actor, why="核实", now=now, given=given or None))
    world.judge(now)


def number_of(world: World, staff: str) -> int:
    (number,) = [c["number"] for c in world.cards("checkin.slot") if c["staff"] == staff]
    return int(number)


@pytest.mark.both_databases
def test_a03_a07_a_late_person_is_a_fact_with_window_lead_and_head(world: World) -> None:
    day_of(world, "03-02", s01=LATE)
    found = scored(world)
    assert lines(found) == ["late slot:s01/2026-03-02/am_in certain [w1 s01]"]
    (fact,) = found.facts
    assert (fact.unit, fact.lead, fact.head, fact.date.isoformat()) == ("u1", "s02", "s03", "2026-03-02")
    assert found.duty == {"s01": 1, "s02": 1, "s03": 1, "s09": 1}
    assert [(u.subject, u.why) for u in found.unknowns] == [
        (f"post:w1/2026-03-02/{begins}", "unwatched") for begins in ("0830", "1430")
    ]
    assert scored(world, "2026-04").facts == scored(world, "2026-02").facts == ()
    assert scored(world) == found


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, "off_post slot:s01/2026-03-02/am_in open [w1 s01]"),
        ("founded", "off_post slot:s01/2026-03-02/am_in confirmed [w1 s01]"),
        ("rectified", "off_post slot:s01/2026-03-02/am_in confirmed [w1 s01]"),
        ("other", "off_post slot:s01/2026-03-02/am_in open [w1 s01]"),
        ("unfounded", None),
        ("explained", None),
    ],
)
def test_a05_an_off_post_waits_for_a_person_who_may_also_take_it_away(
    world: World, result: str | None, expected: str | None
) -> None:
    day_of(world, "03-02", s01=VERY_LATE)
    if result is not None:
        step(world, number_of(world, "s01"), "closed", result=result)
    found = scored(world)
    assert lines(found) == [expected] * (expected is not None)
    assert [fact.confirmed_by for fact in found.facts] == [None if "open" in (expected or "") else "cli:x"] * len(
        found.facts
    )


@pytest.mark.both_databases
def test_a_confirmation_under_appeal_confirms_nothing_and_a_granted_one_leaves_no_fact(world: World) -> None:
    day_of(world, "03-02", s01=VERY_LATE)
    number = number_of(world, "s01")
    step(world, number, "closed", result="founded")
    step(world, number, "appealed", by="cli:x")
    assert lines(scored(world)) == ["off_post slot:s01/2026-03-02/am_in open [w1 s01]"]
    now = world.clock.now()
    world.store.step(lambda conn: transition(conn, number, "withdrawn", actor="other", why="申诉成立", now=now))
    assert lines(scored(world)) == []


def test_a07_an_absence_is_one_half_day_and_certain_and_the_books_choice_makes_a_late_hour_one(world: World) -> None:
    day_of(world, "03-02", s01=("14:20",), s02=VERY_LATE)
    assert lines(scored(world)) == [
        "absent slot:s01/2026-03-02/am_in certain [w1 s01]",
        "off_post slot:s02/2026-03-02/am_in open [w1 s02]",
    ]
    assert lines(scored(world, late_over_15="absent")) == [
        "absent slot:s01/2026-03-02/am_in certain [w1 s01]",
        "absent slot:s02/2026-03-02/am_in open [w1 s02]",
    ]


def test_who_issued_a_card_by_hand_does_not_confirm_it_and_a_reminder_costs_nothing(world: World) -> None:
    day_of(world, "03-02")
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)

    def issue(rule: str, level: Level, **place: str) -> int:
        now = world.clock.now()
        return world.store.step(
            lambda conn: issue_by_hand(
                conn, registry, rule=rule, level=level, policy_version="x", actor="cli:x", why="所见", now=now, **place
            )
        )

    first, second = issue("E09", Level.YELLOW, staff="s01"), issue("A05", Level.YELLOW, staff="s02", window="w1")
    issue("H07", Level.REMINDER, staff="s01")
    empty = issue("A08", Level.YELLOW, window="w1")
    for number in (first, second):
        step(world, number, "closed", result="founded")
    step(world, empty, "closed", actor="cli:y", result="founded")
    found = scored(world)
    assert lines(found) == [
        f"hand card:{first} open [s01]",
        f"off_post card:{second} open [w1 s02]",
        f"unstaffed card:{empty} confirmed [w1]",
    ]
    by_key = {fact.key: fact for fact in found.facts}
    assert (by_key[f"card:{first}"].row, by_key[f"card:{first}"].proposer) == ("E09", "cli:x")
    assert by_key[f"card:{empty}"].confirmed_by == "cli:y"


@pytest.mark.both_databases
def test_marks_wait_for_another_person_and_a_withdrawn_one_is_none(world: World) -> None:
    day_of(world, "03-02")
    now, before = world.clock.now(), world.clock.now() - timedelta(hours=1)
    common = {"hall": "h1", "amount_cents": 100, "rung": "", "event": "", "unit": None, "window": None,
              "staff": "s01", "document": "", "entered_by": "cli:x", "entered_at": before, "date": date(2026, 3, 2),
              "withdrawn_by": None, "withdrawn_at": None}  # fmt: skip
    rows = [
        {**common, "row": "E13", "rung": "county", "window": "w1", "event": "通报1", "document": "通报〔2026〕1号"},
        {**common, "row": "E24.marked", "amount_cents": 350},
        {**common, "row": "E12", "withdrawn_by": "cli:x", "withdrawn_at": now},
        {**common, "row": "E12", "date": date(2026, 4, 1)},
        {**common, "row": "E12", "entered_at": now + timedelta(hours=1)},
        {**common, "row": "E12", "hall": "h2"},
    ]
    world.store.step(lambda conn: conn.execute(MARK.insert(), rows))
    found = scored(world)
    assert lines(found) == ["mark mark:1 open [w1 s01]", "mark mark:2 open x3.5 [s01]"]
    first = found.facts[0]
    assert (first.row, first.rung, first.event, first.evidence) == ("E13", "county", "通报1", True)
    assert {(fact.proposer, fact.confirmed_by) for fact in found.facts} == {("cli:x", None)}
    assert "通报" not in str(first.figures)  # what a person wrote lies where it can be erased
    assert (found.facts[1].evidence, found.facts[1].lead) == (False, None)


def test_what_nobody_knows_is_no_fact_and_is_counted(world: World) -> None:
    day_of(world, "03-02")
    world.judge("03-03 20:00")  # the terminal said nothing all day
    found = scored(world)
    assert found.facts == ()
    assert {(u.staff, u.date.day, u.why) for u in found.unknowns if u.staff} == {
        (staff, 3, "unknown") for staff in ("s01", "s02", "s03", "s09")
    }
    assert set(found.duty.values()) == {1}
