"""Check-ins on a real store where a person's side of it matters: leave filed afterwards, slips, a clock that is off,
a second terminal, a plan taken back (DESIGN §5, fine print of check-ins).
"""

from __future__ import annotations

from datetime import UTC
from functools import partial
from pathlib import Path

import pytest

from monitor.store.engine import Store
from monitor.supervision.findings import findings
from monitor.supervision.losses import declare_lost
from tests.halls import MINUTE, at, hall, leave, told
from tests.world import World

pytestmark = pytest.mark.scenarios

TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}
SLOT = "slot:s01/am_in"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(1, posts=[], devices=[TERMINAL]))


def punch(world: World, when: str, **more: object) -> None:
    world.event("t1", "checkin", when, staff="s01", method="face", **more)  # type: ignore[arg-type]


def cards(world: World) -> list[str]:
    return world.card_lines("checkin.slot")


@pytest.mark.both_databases
def test_leave_filed_and_approved_afterwards_withdraws_the_card(world: World) -> None:
    world.beats("t1", "07:46", "13:01")
    world.judge("13:01")
    assert cards(world) == [f"checkin.slot red {SLOT} since 13:00 by s01 cleared - open"]
    world.clock.set(at("15:00"))
    world.plan(leave=[leave("s01", "08:00", "12:30", approved=None)])
    world.judge("15:00")
    assert world.verdict(SLOT) == "red"  # filed, not approved
    world.plan(leave=[leave("s01", "08:00", "12:30", approved="16:00")])
    world.judge("15:59")
    assert world.verdict(SLOT) == "red"
    world.judge("16:00")
    assert world.verdict(SLOT) == "excused"
    assert cards(world) == [f"checkin.slot red {SLOT} since 13:00 by s01 cleared - withdrawn"]


@pytest.mark.parametrize(
    ("why", "more", "said"),
    [
        ("a distance of doubt", {"distance": 0.47}, "人脸距离 0.47 超过 0.45"),
        ("a failed challenge", {"distance": 0.3, "liveness": 0.0}, "活体动作"),
    ],
)
def test_a_check_in_in_doubt_is_for_review_and_a_correction_settles_it(
    world: World, why: str, more: dict[str, float], said: str
) -> None:
    punch(world, "08:20", **more)
    punch(world, "12:05", distance=0.3)
    world.beats("t1", "07:46", "13:01")
    world.judge("13:01")
    assert (world.verdict(SLOT), cards(world)) == ("review", []), why
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, at("17:00").astimezone(UTC)), world.settings.policy)
    assert [(r["rule"], r["subject"], told(r["at"])) for r in rows] == [("checkin.doubt", "staff:s01", "08:20")]
    assert said in rows[0]["why"]
    world.clock.set(at("15:00"))
    world.plan(corrections=[{
        "id": "c1", "staff": "s01", "date": "2026-03-02", "slot": "am_in", "at": at("08:20").isoformat(),
        "reason": "本人", "approver": "boss", "approved_at": at("14:00").isoformat(),
    }])  # fmt: skip
    world.judge("15:00")
    assert world.verdict(SLOT) == "ok"


@pytest.mark.parametrize(
    ("why", "approved", "found"),
    [
        ("approved before it began", "07:59", []),
        ("approved as it began", "08:00", []),
        ("approved afterwards", "16:00", [("B06", "staff:s01", "16:00")]),
        ("approved only later than now", "18:00", []),
        ("not approved", None, []),
    ],
)
def test_leave_approved_after_it_began_is_a_finding(
    world: World, why: str, approved: str | None, found: list[tuple[str, str, str]]
) -> None:
    world.plan(leave=[leave("s01", "08:00", "12:30", approved=approved)])
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, at("17:00").astimezone(UTC)), world.settings.policy)
    assert [(r["rule"], r["subject"], told(r["at"])) for r in rows] == found, why


def test_a_finding_on_leave_says_when_it_began_and_when_it_was_approved(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "12:30", approved="16:00")])
    with world.store.read() as conn:
        (row,) = findings(world.judging.look(conn, at("17:00").astimezone(UTC)), world.settings.policy)
    assert row["why"] == (
        "请假 l-s01 自 2026-03-02 08:00 起，2026-03-02 16:00 才获批准，属事后补批 "
        "leave l-s01 from 2026-03-02 08:00 was approved only at 2026-03-02 16:00"
    )


@pytest.mark.both_databases
def test_leave_taken_back_brings_the_card(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "12:30", approved="07:00")])
    world.beats("t1", "07:46", "13:01")
    world.judge("13:01")
    assert (world.verdict(SLOT), cards(world)) == ("excused", [])
    world.clock.set(at("15:00"))
    world.plan(leave=[leave("s01", "08:00", "12:30", approved=None)])
    world.judge("15:00")
    assert cards(world) == [f"checkin.slot red {SLOT} since 13:00 by s01 cleared - open"]


@pytest.mark.parametrize(
    ("why", "off", "punched", "verdict"),
    [
        ("two minutes slow: what it calls 08:29 was 08:31", "00:02", "08:29", "late"),
        ("two minutes slow: what it calls 08:28 was 08:30, in time", "00:02", "08:28", "ok"),
        ("set right", "00:00", "08:30", "ok"),
        ("set right: a second late", "00:00", "08:30:01", "late"),
    ],
)
def test_the_clocks_error_is_subtracted(world: World, why: str, off: str, punched: str, verdict: str) -> None:
    error = at(off) - at("00:00")
    for n in range(36):
        world.beat("t1", told(at("07:50") + n * MINUTE), received=told(at("07:50") + n * MINUTE + error))
    punch(world, punched, received=told(at(punched) + error))
    world.beat("t1", "08:50", received=told(at("08:50") + error))
    world.judge("09:00")
    assert world.verdict(SLOT) == verdict, why


@pytest.mark.both_databases
def test_an_on_time_check_in_at_any_terminal_settles_the_slot(store: Store, tmp_path: Path) -> None:
    """t2 has not been heard since 08:00; that s01 came is known all the same."""
    world = World(store, tmp_path, hall(2, posts=[], devices=[TERMINAL, {**TERMINAL, "id": "t2"}]))
    world.beats("t2", "07:46", "08:00")
    world.beats("t1", "07:46", "08:30")
    punch(world, "08:20")
    world.beats("t1", "08:31", "09:00")
    world.judge("09:00")
    assert (world.verdict(SLOT), world.verdict("slot:s02/am_in")) == ("ok", "unknown")


@pytest.mark.both_databases
def test_a_late_check_in_is_late_only_as_far_as_the_other_terminal_has_delivered(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(1, posts=[], devices=[TERMINAL, {**TERMINAL, "id": "t2"}]))
    world.beats("t2", "07:46", "08:00")
    world.beats("t1", "07:46", "08:49")
    punch(world, "08:50")
    world.beats("t1", "08:51", "09:00")
    world.judge("09:00")
    assert (world.verdict(SLOT), cards(world)) == ("unknown", [])
    world.event("t2", "checkin", "08:29", received="09:05", staff="s01", method="face")
    world.beat("t2", "09:05")
    world.judge("09:05")
    assert (world.verdict(SLOT), cards(world)) == ("ok", [])


def test_a_missing_number_of_one_terminal_keeps_everybody_from_being_absent(store: Store, tmp_path: Path) -> None:
    """Number 1 may be anybody's check-in: nobody is late before it is there or declared lost."""
    world = World(store, tmp_path, hall(2, posts=[], devices=[TERMINAL]))
    world.beat("t1", "08:00")
    world.beats("t1", "08:31", "09:00", last_seq=1)
    world.judge("09:00")
    assert {world.verdict(f"slot:{who}/am_in") for who in ("s01", "s02")} == {"unknown"}
    lost = partial(
        declare_lost, device="t1", starts=at("08:00"), ends=at("08:31"), actor="op", why="x", now=at("09:10")
    )
    world.store.step(lost)
    world.judge("09:10")
    assert {world.verdict(f"slot:{who}/am_in") for who in ("s01", "s02")} == {"unproven"}
    assert cards(world) == []


def test_a_terminal_taken_from_the_registry_no_longer_holds_anybody(store: Store, tmp_path: Path) -> None:
    """t2 died for good; as long as it may serve s01 nothing is known, once it serves nobody here all is."""
    other = {"id": "t2", "kind": "terminal", "hall": "h1", "serves": ["s01"]}
    world = World(store, tmp_path, hall(2, posts=[], devices=[TERMINAL, other]))
    world.beats("t1", "07:46", "13:01")
    world.judge("13:01")
    assert world.verdict(SLOT) == "unknown"
    world.clock.set(at("13:30"))
    world.register(hall(2, posts=[], devices=[TERMINAL, {**other, "serves": ["s02"]}]))
    world.judge("13:30")
    assert world.verdict(SLOT) == "red"


@pytest.mark.parametrize(
    ("why", "installed", "verdicts", "lines"),
    [
        ("it was there before the due time", "08:00", ("red", "merged"), ["red slot:s01/am_in since 13:00"]),
        ("until 09:00 nobody could check in: it proves nothing of that", "09:00", ("unwatched", "merged"), []),
        ("it came for the afternoon", "12:30", ("unwatched", "unwatched"), []),
    ],
)
def test_a_terminal_proves_nothing_of_the_time_before_it_was_installed(
    store: Store, tmp_path: Path, why: str, installed: str, verdicts: tuple[str, str], lines: list[str]
) -> None:
    world = World(store, tmp_path, hall(1, posts=[], devices=[]))
    for clock in ("07:46", "08:00", "09:00"):
        if clock <= installed:
            world.judge(clock)
    world.clock.set(at(installed))
    world.register(hall(1, posts=[], devices=[TERMINAL]))
    world.beats("t1", installed, "13:01")
    world.judge("13:01")
    assert (world.verdict(SLOT), world.verdict("slot:s01/am_out")) == verdicts, why
    assert cards(world) == [f"checkin.slot {line} by s01 cleared - open" for line in lines]


@pytest.mark.both_databases
def test_a_lost_camera_makes_the_session_unproven_and_charges_nobody(store: Store, tmp_path: Path) -> None:
    camera = {"id": "cam1", "kind": "camera", "window": "w1"}
    world = World(store, tmp_path, hall(2, attendance="", devices=[camera]))
    world.beats("cam1", "08:00", "08:30")
    world.judge("12:30")
    assert world.verdict("post:w1/0830") == "unknown"
    lost = partial(declare_lost, device="cam1", starts=at("08:30"), ends=at("12:30"), actor="op", why="x",
                   now=at("12:31"))  # fmt: skip
    world.store.step(lost)
    world.judge("12:31")
    assert world.verdict("post:w1/0830") == "unproven"
    assert world.card_lines("post.empty") == []
    assert [card["state"] for card in world.cards("unknown.stale")] == ["closed"]
