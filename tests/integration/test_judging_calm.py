"""Good news of who is well make nobody look again (`Verdict.calm_until`, ADR 60), and lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model import SubjectRef
from monitor.store import subjects
from monitor.store.engine import Store
from monitor.store.facts.look import Path as BrokerPath
from tests.halls import Line, at, hall
from tests.world import World

pytestmark = pytest.mark.both_databases

HALF_MINUTE = timedelta(seconds=30)
ITEMS = [{"id": "i1", "unit": "u1", "kind": "committed", "promised": 30}]
MORNING, AFTERNOON, CAMERA = "post:w1/0830", "post:w1/1430", "device:cam1"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """Window w1 with its camera, which has seen somebody until 09:00; judged then."""
    made = World(store, tmp_path, hall(2, devices=[{"id": "cam1", "kind": "camera", "window": "w1"}]))
    watched(made, "08:29", "08:59")
    made.judge("08:59:01")
    watched(made, "08:59:30", "09:00")
    made.judge("09:00:01")
    return made


def watched(world: World, first: str, last: str, people: int = 1) -> None:
    """A picture and a heartbeat each half minute, as one batch."""
    count = (at(last) - at(first)) // HALF_MINUTE + 1
    times = [at(first) + n * HALF_MINUTE for n in range(count)]
    seen = {"people": people, "view": "ok", "boot": "b1"}
    world.hear(*(
        Line(received=when, device="cam1", channel="presence",
             payload={"id": f"{when:%H%M%S}", "at": when.isoformat(), **seen})
        for when in times
    ))  # fmt: skip
    world.beats("cam1", first, last, HALF_MINUTE)


def look_at(world: World, ref: str) -> tuple[str, object, int]:
    row = world.subject(ref)
    return row.verdict, row.next_check_at, row.version


def test_somebody_who_is_seen_again_leaves_a_window_that_is_well_as_it_is(world: World) -> None:
    """Touched, so that what is judged without it is not written; looked at when it would have been anyway."""
    before = {ref: look_at(world, ref) for ref in (MORNING, AFTERNOON, CAMERA)}
    assert [verdict for verdict, _, _ in before.values()] == ["ok", "pending", "ok"]
    watched(world, "09:00:30", "09:00:30")
    for ref, (verdict, check, version) in before.items():
        assert look_at(world, ref)[:2] == (verdict, check), ref
        assert look_at(world, ref)[2] > version, ref
    assert world.judge("09:00:31").judged == 0
    watched(world, "09:01", "10:30")
    assert world.judge("10:30").judged > 0, "time came, and it is found well"
    assert (world.verdict(MORNING), world.verdict(CAMERA)) == ("ok", "ok")
    assert world.cards() == []


@pytest.mark.parametrize(
    "news",
    [
        lambda world: world.event("cam1", "presence", "09:00:30", people=0, view="ok"),
        lambda world: world.event("cam1", "presence", "09:00:30", people=1, view="dark"),
        lambda world: world.event("cam1", "presence", "08:50:30", received="09:00:30", people=1, view="ok"),
        lambda world: world.event("cam1", "presence", "08:59:55", received="09:00:10", people=1, view="ok"),
        lambda world: world.event("cam1", "presence", "09:00:50", received="09:00:20", people=1, view="ok"),
    ],
    ids=["nobody", "dark", "late", "of what was judged", "by a wrong clock"],
)
def test_all_else_is_looked_at_at_once(world: World, news: Callable[[World], object]) -> None:
    news(world)
    assert world.subject(MORNING).next_check_at <= at("09:00:30")


def test_what_comes_before_a_session_is_read_when_it_begins(world: World) -> None:
    """Each rating and case of the morning would have the afternoon looked at, which has nothing to be judged yet."""
    world.event("cam1", "presence", "09:00:30", people=0, view="ok")
    assert world.subject(MORNING).next_check_at == at("09:00:30")
    assert world.subject(AFTERNOON).next_check_at == at("14:30")
    world.judge("09:00:31")
    assert world.subject(AFTERNOON).judged_at is None
    world.beats("cam1", "12:00", "14:30", HALF_MINUTE)
    world.event("cam1", "presence", "14:29:50", people=1, view="ok")
    world.judge("14:30:01")
    assert world.subject(AFTERNOON).judged_at == at("14:30:01")
    world.event("cam1", "presence", "14:30:20", people=0, view="ok")
    assert world.subject(AFTERNOON).next_check_at == at("14:30:20")


def test_a_heartbeat_that_holds_something_back_or_comes_late_is_looked_at(world: World) -> None:
    world.beat("cam1", "09:00:30", queue=3)
    assert world.subject(CAMERA).next_check_at == at("09:00:30")
    world.judge("09:00:31")
    watched(world, "09:01", "09:01")
    assert world.subject(CAMERA).next_check_at == at("09:01"), (
        "it had held something back: that it no longer does counts"
    )
    world.judge("09:01:01")
    world.judge("09:20")
    assert world.verdict(CAMERA) == "yellow"
    watched(world, "09:20:30", "09:20:30")
    assert world.subject(CAMERA).next_check_at == at("09:20:30")
    world.judge("09:20:31")
    assert world.verdict(CAMERA) == "ok"


def test_good_news_between_read_and_write_are_not_overlooked(world: World) -> None:
    """What is judged without them is not written: the device would be silent, the window unknown."""
    now = world.clock.set(at("09:02:02"))
    done: list[object] = []

    def meanwhile() -> BrokerPath:
        if not done:
            done.append(watched(world, "09:01:59", "09:02"))
        return BrokerPath()

    judge = world.program.judge(path=meanwhile)
    applied, claimed = judge.step(now)
    assert claimed >= 2
    assert applied.judged <= claimed - 2
    judge.run_until_nothing_due(now)
    assert (world.verdict(MORNING), world.verdict(CAMERA)) == ("ok", "ok")
    assert world.cards() == []


def test_a_session_that_is_over_and_one_that_has_not_begun_are_not_looked_at_for_it(world: World) -> None:
    watched(world, "09:00:30", "12:01")
    world.judge("12:02")
    watched(world, "14:29", "14:40")
    world.judge("14:40")
    before = {ref: look_at(world, ref) for ref in (MORNING, AFTERNOON)}
    assert [verdict for verdict, _, _ in before.values()] == ["ok", "ok"]
    watched(world, "14:40:30", "14:40:30")
    assert {ref: look_at(world, ref)[:2] for ref in before} == {ref: found[:2] for ref, found in before.items()}


def test_an_ended_session_with_a_card_is_left_alone_too(world: World) -> None:
    """Its window was empty for twenty minutes: what is seen there in the afternoon changes nothing of it."""
    watched(world, "09:00:30", "09:10")
    watched(world, "09:10:30", "09:30", people=0)
    watched(world, "09:30:30", "12:01")
    world.judge("12:02")
    assert world.verdict(MORNING) == "yellow"
    before = look_at(world, MORNING)
    watched(world, "14:30", "14:30")
    assert look_at(world, MORNING)[:2] == before[:2]


def test_one_that_there_is_not_yet_is_made(world: World) -> None:
    new, now = SubjectRef("device", "cam9"), world.clock.now()
    with world.store.write() as conn:
        subjects.mark_each(conn, {new: now}, news={new: now})
        subjects.mark_each(conn, {SubjectRef("device", "cam1"): now, new: now}, news={new: now})
    assert look_at(world, "device:cam9") == ("pending", now, 2)


def test_who_was_claimed_or_could_not_be_judged_is_not_calm(world: World) -> None:
    post = world.subject(MORNING)
    with world.store.write() as conn:
        subjects.push_forward(conn, post.id, "broken", at("09:30"))
    watched(world, "09:00:30", "09:00:30")
    assert world.subject(MORNING).next_check_at == at("09:00:30")
    world.judge("09:00:31")
    with world.store.write() as conn:
        subjects.claim(conn, at("09:02:40"), 100)
    assert world.subject(MORNING).next_check_at == at("09:02:40") + subjects.CLAIMED
    watched(world, "09:00:50", "09:00:50")
    assert world.subject(MORNING).next_check_at == at("09:00:50")


def test_a_source_that_falls_silent_after_its_last_acceptance_is_told_all_the_same(
    store: Store, tmp_path: Path
) -> None:
    """Its acceptances span the days with the last of them; nothing comes afterwards that would have it looked at."""
    world = World(store, tmp_path, hall(2, items=ITEMS, devices=[{"id": "c1", "kind": "cases", "hall": "h1"}]))
    for n, day in enumerate(("03-02", "03-03", "03-04", "03-05", "03-06")):
        world.event("c1", "case", f"{day} 10:00", case=f"A{n}", event="accepted", item="i1", window="w1")
        world.beat("c1", f"{day} 10:00")
        world.judge(f"{day} 10:01")
    assert world.cards("feed.incomplete") == []
    world.judge("03-09 17:31")
    assert [card["level"] for card in world.cards("feed.incomplete")] == ["reminder"]


@pytest.mark.parametrize("seconds", [4, 5])
def test_who_is_well_and_soon_due_for_time_alone_is_looked_at_in_company(world: World, seconds: int) -> None:
    """On SQLite; it comes to what it would have come to by itself, and is due later."""
    due = world.subject(CAMERA).next_check_at
    now = world.clock.set(due - timedelta(seconds=5))
    watched(world, "09:00:30", "09:00:30")
    with world.store.write() as conn:
        subjects.mark(conn, [SubjectRef(kind="post", key=world.subject(MORNING).key)], due=now)
    judging = replace(world.judging, company=timedelta(seconds=seconds))
    company = world.store.is_sqlite and seconds == 5
    assert judging.step(now)[1] == (2 if company else 1)
    assert world.verdict(MORNING) == world.verdict(CAMERA) == "ok"
    assert (world.subject(CAMERA).next_check_at > due) is company
    assert world.card_lines("post.empty") == world.card_lines("device.silent") == []
