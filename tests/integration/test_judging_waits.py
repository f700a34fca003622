"""Silence of the path is not absence of the person (DESIGN §1C): what is unknown waits for its source, is woken when
that has delivered, and is told to operators when it takes too long.

Judged as the daemon judges: nothing is looked at again but for a mark, a watermark or a due time.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.store.engine import Store
from monitor.store.facts.look import Path as BrokerPath
from monitor.store.schema import SubjectWait
from monitor.store.sql import table_of
from monitor.supervision.devices import revoke
from monitor.supervision.losses import declare_lost
from monitor.supervision.views import list_subjects
from tests.halls import MONDAY, at, hall, told
from tests.world import World

pytestmark = pytest.mark.scenarios

WAIT = table_of(SubjectWait)
SLOT = "slot:s01/am_in"
TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}
CAMERA = {"id": "cam1", "kind": "camera", "window": "w1"}
CASES = {"id": "c1", "kind": "cases", "hall": "h1"}


def world_of(store: Store, folder: Path, *devices: dict[str, object], people: int = 1, **more: object) -> World:
    posts = [{"window": "w1", "staff": "s01", "rank": "A"}]
    return World(store, folder, hall(people, devices=devices, posts=posts, **more))  # type: ignore[arg-type]


@pytest.fixture
def slots(store: Store, tmp_path: Path) -> World:
    """One person, one terminal that was heard until 08:00."""
    world = world_of(store, tmp_path, TERMINAL)
    world.beats("t1", "07:46", "08:00")
    return world


def waits(world: World, ref: str) -> list[tuple[str, str]]:
    with world.store.read() as conn:
        rows = conn.execute(select(WAIT).where(WAIT.c.subject == world.subject(ref).id)).all()
    return [(row.source, told(row.until)) for row in rows]


def declare(world: World, start: str, end: str) -> None:
    """`device lost t1` at 13:30."""
    lost = partial(declare_lost, device="t1", starts=at(start), ends=at(end), actor="op", why="硬盘坏", now=at("13:30"))
    world.store.step(lost)


def stale(world: World) -> list[str]:
    return world.card_lines("unknown.stale")


def test_a_boundary_beyond_the_watermark_is_unknown_and_waits_for_it(slots: World) -> None:
    slots.judge("08:29")
    assert slots.verdict(SLOT) == "pending"
    slots.judge("08:31")
    assert (slots.verdict(SLOT), waits(slots, SLOT)) == ("unknown", [("t1", "08:30")])
    assert told(slots.subject(SLOT).watermark) == "08:00"
    assert slots.card_lines("checkin.slot") == []


def test_a_heartbeat_short_of_the_boundary_wakes_nobody_one_that_reaches_it_does(slots: World) -> None:
    slots.judge("08:31")
    version = slots.subject(SLOT).version
    slots.beat("t1", "08:29:59", received="08:32")
    assert slots.subject(SLOT).version == version
    slots.beat("t1", "08:33")
    assert slots.subject(SLOT).version == version + 1
    slots.judge("08:33")
    assert slots.card_lines("checkin.slot") == [f"checkin.slot reminder {SLOT} since 08:30 by s01 cleared - open"]


@pytest.mark.both_databases
def test_a_wait_that_is_over_is_woken_once_however_many_heartbeats_follow(slots: World) -> None:
    """Else the judge, slower than the heartbeats, would find the slot touched again whenever it writes."""
    slots.judge("08:31")
    slots.beat("t1", "08:33")
    version = slots.subject(SLOT).version
    slots.beats("t1", "08:34", "08:36")
    assert (slots.subject(SLOT).version, waits(slots, SLOT)) == (version, [])
    slots.judge("08:36")
    assert slots.verdict(SLOT) == "reminder"


@pytest.mark.both_databases
def test_a_heartbeat_that_comes_while_a_slot_is_judged_is_not_missed(slots: World) -> None:
    """It finds no wait yet, and may be the terminal's last."""
    heard: list[None] = []

    def path() -> BrokerPath:
        if not heard:
            heard.append(None)
            slots.beat("t1", "08:31:10")
        return BrokerPath()

    slots.judge("08:29")
    slots.program.judge(path=path).step(at("08:31"))
    assert (slots.verdict(SLOT), waits(slots, SLOT)) == ("unknown", [("t1", "08:30")])
    slots.judge("08:32")
    assert slots.verdict(SLOT) == "reminder"


def test_a_check_in_settles_a_slot_at_once_although_nothing_is_delivered(slots: World) -> None:
    slots.judge("08:31")
    slots.event("t1", "checkin", "08:25", received="08:32", staff="s01", method="face")
    slots.judge("08:32")
    assert (slots.verdict(SLOT), waits(slots, SLOT)) == ("ok", [])


@pytest.mark.both_databases
def test_of_two_terminals_the_slower_one_holds_the_verdict(store: Store, tmp_path: Path) -> None:
    world = world_of(store, tmp_path, TERMINAL, {**TERMINAL, "id": "t2"})
    world.beats("t1", "07:46", "08:50")
    world.beats("t2", "07:46", "08:40")
    world.judge("08:50")
    assert (world.verdict(SLOT), waits(world, SLOT)) == ("unknown", [("t2", "08:45")])
    assert told(world.subject(SLOT).watermark) == "08:40"
    world.beat("t2", "08:45")
    world.judge("08:51")
    assert world.verdict(SLOT) == "yellow"


@pytest.mark.both_databases
def test_a_hole_in_the_numbers_holds_the_verdict_and_the_late_event_frees_it(slots: World) -> None:
    slots.beat("t1", "08:46", last_seq=1)
    slots.judge("08:46")
    assert slots.verdict(SLOT) == "unknown"
    slots.event("t1", "checkin", "08:20", received="08:50", staff="s01", method="face")
    slots.judge("08:50")
    assert slots.verdict(SLOT) == "ok"


def test_a_hole_of_somebody_elses_event_frees_the_verdict_too(store: Store, tmp_path: Path) -> None:
    world = world_of(store, tmp_path, TERMINAL, people=2)
    world.beats("t1", "07:46", "08:00")
    world.beat("t1", "08:46", last_seq=1)
    world.judge("08:46")
    world.event("t1", "checkin", "08:20", received="08:50", staff="s02", method="face")
    world.judge("08:50")
    assert (world.verdict("slot:s02/am_in"), world.verdict(SLOT)) == ("ok", "yellow")


def test_a_reboot_accuses_nobody_whose_check_in_the_boot_before_had_announced(slots: World) -> None:
    """A power cut takes the broker and what it had, and the terminal boots anew: `make torture` led to it."""
    slots.beat("t1", "08:30", last_seq=1)
    slots.beat("t1", "08:50", boot="b2", last_seq=0)
    slots.judge("08:50")
    assert (slots.verdict(SLOT), slots.cards("checkin.slot")) == ("unknown", [])
    slots.event("t1", "checkin", "08:20", received="09:40", staff="s01", method="face")
    slots.judge("09:40")
    assert (slots.verdict(SLOT), slots.cards("checkin.slot")) == ("ok", [])


def test_what_frees_the_boot_before_frees_what_the_next_one_proves(store: Store, tmp_path: Path) -> None:
    """At once: the terminal may be off by then, and its last heartbeat have come."""
    world = world_of(store, tmp_path, TERMINAL, people=2)
    world.beats("t1", "07:46", "08:00")
    world.beat("t1", "08:30", last_seq=1)
    world.beat("t1", "08:50", boot="b2", last_seq=0)
    world.judge("08:50")
    assert world.verdict(SLOT) == "unknown"
    world.event("t1", "checkin", "08:20", received="09:40", staff="s02", method="face")
    world.judge("09:40")
    assert (world.verdict("slot:s02/am_in"), world.verdict(SLOT)) == ("ok", "yellow")


# --------------------------------------------------------------------------- operators are told


def test_operators_are_told_of_slots_at_the_sessions_end_and_the_card_closes(slots: World) -> None:
    slots.judge_each("08:30", "12:59:00")
    assert (slots.verdict(SLOT), stale(slots)) == ("unknown", [])
    slots.judge("13:00")
    assert stale(slots) == ["unknown.stale reminder hall:h1 since 13:00 by - cleared - open"]
    slots.beat("t1", "13:20")
    slots.judge("13:20")
    assert slots.verdict(SLOT) == "red"
    assert stale(slots) == ["unknown.stale reminder hall:h1 since 13:00 by - cleared 13:20 closed"]


@pytest.mark.both_databases
@pytest.mark.parametrize("limit", [1000, 1], ids=["in one step with its hall", "in a later step than its hall"])
def test_a_backlog_that_is_there_when_the_session_end_is_judged_alarms_nobody(slots: World, limit: int) -> None:
    """The daemon was away over 13:00, or the file of the day was judged in two parts."""
    slots.judge_each("08:30", "12:59:00")
    assert (slots.verdict(SLOT), stale(slots)) == ("unknown", [])
    slots.beat("t1", "13:20")
    judge = slots.program.judge()
    while judge.step(at("13:20"), limit)[1]:
        pass
    assert (slots.verdict(SLOT), stale(slots)) == ("red", [])


def test_a_watermark_a_moment_short_of_the_end_alarms_nobody(slots: World) -> None:
    """A heartbeat a minute: at 13:00:00 the last one is of 12:59:30. That is no silence."""
    slots.beats("t1", "08:01:30", "12:59:30")
    slots.judge("13:00")
    slots.beat("t1", "13:00:30")
    slots.judge("13:00:30")
    slots.judge("13:10")
    assert (slots.verdict(SLOT), stale(slots)) == ("red", [])


@pytest.mark.both_databases
def test_lost_for_good_the_slot_is_unproven_and_nobody_charged(slots: World) -> None:
    slots.judge("13:05")
    declare(slots, "08:00", "13:30")
    slots.judge("13:30")
    assert (slots.verdict(SLOT), slots.verdict("slot:s01/am_out")) == ("unproven", "unproven")
    assert slots.card_lines("checkin.slot") == []
    assert stale(slots) == ["unknown.stale reminder hall:h1 since 13:00 by - cleared 13:30 closed"]


def test_a_loss_declared_only_later_leaves_what_was_proven_before_it(slots: World) -> None:
    """The yellow stood on delivered data; the loss from 09:00 on takes the red away, not the yellow."""
    slots.beats("t1", "08:01", "09:00")
    slots.judge("09:00")
    declare(slots, "09:00", "13:30")
    slots.judge("13:31")
    assert slots.card_lines("checkin.slot") == [f"checkin.slot yellow {SLOT} since 08:45 by s01 cleared - open"]


def test_a_check_in_from_within_a_lost_span_still_counts_for_the_person(slots: World) -> None:
    slots.judge("13:05")
    declare(slots, "08:00", "13:30")
    slots.judge("13:30")
    slots.event("t1", "checkin", "08:20", received="14:00", staff="s01", method="face")
    slots.judge("14:00")
    assert slots.verdict(SLOT) == "ok"


@pytest.fixture
def posts(store: Store, tmp_path: Path) -> World:
    """A window whose camera sees somebody every half minute until 09:00 and then falls silent."""
    world = world_of(store, tmp_path, CAMERA, attendance="")
    world.beats("cam1", "07:46", "09:00")
    for n in range(61):
        world.event("cam1", "presence", f"08:{30 + n // 2:02}:{30 * (n % 2):02}" if n < 60 else "09:00", people=1,
                    view="ok")  # fmt: skip
    return world


@pytest.mark.both_databases
def test_a_silent_camera_makes_the_post_unknown_and_operators_are_told_after_an_hour_of_service(posts: World) -> None:
    posts.judge_each("08:31", "09:01")
    assert posts.verdict("post:w1/0830") == "ok"
    posts.judge_each("09:02", "10:00")
    assert (posts.verdict("post:w1/0830"), stale(posts)) == ("unknown", [])
    posts.judge("10:05")
    (line,) = stale(posts)
    assert line == "unknown.stale reminder hall:h1 since 10:01 by - cleared - open"  # 09:01: the last reading is spent
    card = posts.cards("unknown.stale")[0]
    assert (card["reason"]["code"], card["reason"]["figures"]["windows"]) == ("unknown.spot_check", ["w1"])
    posts.beat("cam1", "10:06")
    posts.event("cam1", "presence", "10:06", people=1, view="ok")
    posts.judge("10:06")
    assert stale(posts) == ["unknown.stale reminder hall:h1 since 10:01 by - cleared 10:06 closed"]
    assert posts.card_lines("post.empty") == []


def test_a_card_that_slots_opened_asks_for_a_spot_check_once_a_window_is_unknown_too(
    store: Store, tmp_path: Path
) -> None:
    """Unplugging a camera buys nothing (A17), also while the operators' card is open already for another cause."""
    world = world_of(store, tmp_path, TERMINAL)
    world.beats("t1", "07:46", "08:00")
    world.judge("13:00")
    (card,) = world.cards("unknown.stale")
    assert (card["reason"]["code"], card["reason"]["figures"].get("windows")) == ("unknown.stale", None)
    world.clock.set(at("14:00"))
    world.register(hall(1, devices=[TERMINAL, CAMERA], posts=[{"window": "w1", "staff": "s01", "rank": "A"}]))
    world.judge("14:35")
    world.judge("15:30")
    (card,) = world.cards("unknown.stale")
    assert (card["reason"]["code"], card["reason"]["figures"]["windows"]) == ("unknown.spot_check", ["w1"])
    assert [step["event"] for step in card["history"]] == ["issued", "corrected"]


def test_the_cameras_backlog_brings_the_card_back_dated(posts: World) -> None:
    """The window was empty 09:10-09:30 while the camera could not be heard."""
    posts.judge_each("08:31", "11:00")
    for n in range(240):
        minute = 540 + n // 2
        empty = 550 <= minute < 570
        posts.event("cam1", "presence", f"{minute // 60:02}:{minute % 60:02}:{30 * (n % 2):02}", received="11:01",
                    people=0 if empty else 1, view="ok")  # fmt: skip
    posts.beat("cam1", "11:01")
    posts.judge("11:01")
    assert posts.card_lines("post.empty") == ["post.empty yellow post:w1/0830 since 09:25 by s01 cleared 09:30 open"]


def test_a_case_unknown_for_a_working_day_is_told(store: Store, tmp_path: Path) -> None:
    world = world_of(store, tmp_path, CASES, attendance="")
    world.event("c1", "case", "10:00", case="A1", event="accepted", item="i1", window="w1", staff="s01")
    world.beat("c1", "10:01")
    world.judge("10:01")
    world.judge("03-06 17:31")  # the reminder's instant has passed: nothing is known of it
    assert world.verdict("case:c1/A1") == "unknown"
    assert waits(world, "case:c1/A1") == [("c1", "03-06 17:30")]
    world.judge("03-09 17:29")
    assert stale(world) == []
    world.judge("03-09 17:30")
    assert stale(world) == ["unknown.stale reminder hall:h1 since 03-09 17:30 by - cleared - open"]
    world.beat("c1", "03-09 17:40")
    world.judge("03-09 17:40")
    assert world.card_lines("case.limit") == ["case.limit yellow case:c1/A1 since 03-09 17:30 by s01 cleared - open"]
    assert stale(world) == ["unknown.stale reminder hall:h1 since 03-09 17:30 by - cleared 03-09 17:40 closed"]


# --------------------------------------------------------------------------- untrusted time


def test_a_wrong_clock_proves_no_lateness_and_the_device_gets_the_card(store: Store, tmp_path: Path) -> None:
    """The terminal is ten minutes slow: what it calls 08:40 was 08:50. Nobody is late by such a clock."""
    world = world_of(store, tmp_path, TERMINAL)
    for minute in range(55):
        world.beat("t1", f"{7 + (46 + minute) // 60:02}:{(46 + minute) % 60:02}",
                   received=told(at(f"{7 + (56 + minute) // 60:02}:{(56 + minute) % 60:02}")))  # fmt: skip
    world.event("t1", "checkin", "08:40", received="08:50", staff="s01", method="face")
    world.judge("08:51")
    assert world.verdict(SLOT) == "review"
    assert world.card_lines("checkin.slot") == []
    assert world.card_lines("device.skew") == ["device.skew yellow device:t1 since 07:56 by - cleared - open"]


@pytest.mark.both_databases
def test_a_clock_set_right_with_a_new_boot_ends_the_card(store: Store, tmp_path: Path) -> None:
    world = world_of(store, tmp_path, TERMINAL)
    world.beat("t1", "07:46", received="07:56")
    world.judge("07:56")
    world.beats("t1", "08:00", "08:50", boot="b2")
    world.judge("08:50")
    assert world.card_lines("device.skew") == ["device.skew yellow device:t1 since 07:56 by - cleared 08:50 closed"]
    assert world.verdict(SLOT) == "yellow"


@pytest.mark.parametrize("looks", [("08:51", "09:02"), ("09:02",)], ids=["seen in between", "judged once"])
def test_a_clock_set_right_settles_who_waited_for_review(store: Store, tmp_path: Path, looks: tuple[str, ...]) -> None:
    """Whether anybody judged while the clock was wrong makes no difference: s01 came by no clock at all."""
    world = world_of(store, tmp_path, TERMINAL, people=2)
    for minute in range(20, 51):
        world.beat("t1", f"08:{minute - 10}", received=f"08:{minute}")
    world.event("t1", "checkin", "08:38", received="08:48", staff="s02", method="face")
    for when in looks[:-1]:
        world.judge(when)
        assert (world.verdict(SLOT), world.verdict("slot:s02/am_in")) == ("review", "review")
    world.beats("t1", "09:00", "09:02", boot="b2")
    world.judge(looks[-1])
    assert (world.verdict(SLOT), world.verdict("slot:s02/am_in")) == ("yellow", "review")
    assert world.card_lines("checkin.slot") == [f"checkin.slot yellow {SLOT} since 08:45 by s01 cleared - open"]


def test_a_check_out_by_a_clock_gone_wrong_later_leaves_the_morning_as_it_was(store: Store, tmp_path: Path) -> None:
    """s01 is missing at 08:45 by a right clock; at 11:50 the terminal comes back ten minutes slow, she leaves 12:05."""
    world = world_of(store, tmp_path, TERMINAL)
    world.beats("t1", "08:20", "11:45")
    for minute in range(50, 60):
        world.beat("t1", f"11:{minute - 10}", received=f"11:{minute}", boot="b2")
    world.event("t1", "checkin", "11:55", received="12:05", boot="b2", staff="s01", method="face")
    world.beat("t1", "13:00", received="13:10", boot="b2")
    world.judge("13:10")
    assert (world.verdict(SLOT), world.verdict("slot:s01/am_out")) == ("yellow", "ok")
    assert world.card_lines("checkin.slot") == [f"checkin.slot yellow {SLOT} since 08:45 by s01 cleared - open"]


def test_a_terminal_that_is_revoked_keeps_nobody_under_review(store: Store, tmp_path: Path) -> None:
    other = {"id": "t2", "kind": "terminal", "hall": "h1", "serves": ["*"]}
    world = world_of(store, tmp_path, TERMINAL, other)
    world.beats("t2", "07:46", "08:50")
    world.beat("t1", "08:36", received="08:46")
    world.judge("08:46")
    world.beat("t1", "08:41", received="08:51")
    world.judge("08:51")
    assert world.verdict(SLOT) == "review"
    world.store.step(lambda conn: revoke(conn, "t1", actor="op", why="坏", now=at("08:52")))
    world.judge("08:52")
    assert world.verdict(SLOT) == "yellow"


def test_what_is_unknown_shows_its_watermark_and_when_it_is_looked_at_next(slots: World) -> None:
    slots.judge("08:31")
    with slots.store.read() as conn:
        (row,) = list_subjects(conn, ("slot", f"s01/{MONDAY}/am_in"), {"h1": "Asia/Shanghai"})
    assert (row["verdict"], told(row["watermark"]), told(row["next_check_at"])) == ("unknown", "08:00", "08:45")
