"""Sources as their stored rows show them (DESIGN §1C, §3.1): how far a device has provably delivered, whether its time
can be trusted, and that the same rows give the same answer for every time that is asked.
"""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.ingest import replay as replaying
from monitor.store.engine import Store
from monitor.store.sources import Sources
from monitor.supervision.losses import declare_lost
from tests.halls import MINUTE, Feed, at, hall, told
from tests.world import World

pytestmark = pytest.mark.both_databases

REGISTRY = hall(
    devices=[
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "web", "kind": "gateway", "hall": "h1", "channels": ["checkin"], "watermark": "events"},
    ]
)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


def punch(world: World, when: str, **more: object) -> None:
    world.event("t1", "checkin", when, staff="s01", method="face", **more)  # type: ignore[arg-type]


def lost(world: World, start: str, end: str, now: str, device: str = "t1") -> None:
    world.store.step(lambda conn: declare_lost(conn, device, at(start), at(end), actor="test", why="坏了", now=at(now)))


# --------------------------------------------------------------------------- by heartbeat


def test_before_any_heartbeat_nothing_is_proven_and_nothing_trusted(world: World) -> None:
    punch(world, "08:20")
    state = world.state_of("t1", "08:30")
    assert (state.watermark, state.trusted) == (None, False)


def test_a_heartbeat_proves_up_to_its_own_time_once_every_number_is_stored(world: World) -> None:
    punch(world, "08:20")
    world.beat("t1", "08:21")
    assert world.watermark("t1", "08:30") == "08:21"
    world.beat("t1", "08:22", last_seq=2)  # number 2 was sent and is not here
    assert world.watermark("t1", "08:30") == "08:21"
    punch(world, "08:21:30", received="08:25")
    assert world.watermark("t1", "08:30") == "08:22"


def test_asked_for_an_earlier_time_the_same_rows_say_what_was_known_then(world: World) -> None:
    world.beat("t1", "08:21", last_seq=0)
    world.beat("t1", "08:22", last_seq=1)
    punch(world, "08:21:30", received="08:25")
    marks = {when: world.watermark("t1", when) for when in ("08:20", "08:21", "08:24:59", "08:25")}
    assert marks == {"08:20": "-", "08:21": "08:21", "08:24:59": "08:21", "08:25": "08:22"}


def test_a_queue_holds_the_watermark_until_it_is_empty(world: World) -> None:
    world.beat("t1", "08:00")
    world.beat("t1", "08:30", queue=3)
    assert world.watermark("t1", "09:00") == "08:00"
    world.beat("t1", "08:31")
    assert world.watermark("t1", "09:00") == "08:31"


def test_without_numbers_a_heartbeat_proves_what_was_committed_before_it(world: World) -> None:
    punch(world, "08:20", numbered=False)
    world.beat("t1", "08:21", last_seq=None)
    assert world.watermark("t1", "08:30") == "08:21"


def test_a_quarantined_event_with_a_readable_number_closes_the_hole_and_holds_its_own_time(world: World) -> None:
    punch(world, "08:20")
    refused = world.event("t1", "checkin", "08:25", staff="nobody", method="face")
    assert refused.quarantined == 1
    world.beat("t1", "08:40")
    assert world.watermark("t1", "08:41") == "08:25"
    world.store.step(lambda conn: replaying.dismiss(conn, [1], actor="test", why="测试", now=at("08:42")))
    assert world.watermark("t1", "08:42") == "08:40"


def test_a_replayed_event_holds_nothing_back_any_more(world: World) -> None:
    world.event("t1", "checkin", "08:25", staff="s03", method="face")
    world.beat("t1", "08:40")
    assert world.watermark("t1", "08:41") == "08:25"
    world.register(hall(3, devices=REGISTRY["devices"]))
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    done = world.store.step(lambda conn: replaying.replay(conn, registry, now=at("08:45"), actor="test"))
    assert (len(done.released), done.still_held) == (1, ())
    assert world.watermark("t1", "08:45") == "08:40"


def test_an_unreadable_event_holds_the_watermark_at_its_receipt(world: World) -> None:
    world.beat("t1", "08:20")
    world.event("t1", "checkin", "08:25", numbered=False, staff=7, method="face", at="soon")
    world.beat("t1", "08:40", last_seq=None)
    assert world.watermark("t1", "08:41") == "08:25"


def test_a_quarantined_rating_or_repeated_event_holds_nothing_back(world: World) -> None:
    punch(world, "08:20")
    world.event("t1", "rating", "08:22", score=1)  # not a terminal's channel
    world.event("t1", "checkin", "08:20", received="08:23", numbered=False, staff="s01", method="face", id="e1", seq=1)
    world.beat("t1", "08:24")
    assert world.watermark("t1", "08:30") == "08:24"


# --------------------------------------------------------------------------- boots


def test_numbers_start_anew_with_a_boot(world: World) -> None:
    punch(world, "08:20")
    world.beat("t1", "08:21")
    punch(world, "09:20", boot="b2")
    world.beat("t1", "09:21", boot="b2")
    assert world.watermark("t1", "09:30") == "09:21"


def test_a_boot_that_proves_nothing_yet_leaves_the_watermark_of_the_one_before(world: World) -> None:
    punch(world, "08:20")
    world.beat("t1", "08:21")
    world.beat("t1", "09:21", boot="b2", last_seq=2)
    assert world.watermark("t1", "09:30") == "08:21"
    punch(world, "09:10", received="09:22", boot="b2")
    punch(world, "09:12", received="09:22", boot="b2")
    assert world.watermark("t1", "09:30") == "09:21"


def test_skew_belongs_to_the_boot(world: World) -> None:
    """A terminal that boots an hour slow and is set right: only the latest boot decides whether it is trusted."""
    world.beat("t1", "07:00", received="08:00")
    assert not world.state_of("t1", "08:30").trusted
    world.beat("t1", "08:10", boot="b2")
    assert world.state_of("t1", "08:30").trusted
    assert world.watermark("t1", "08:30") == "08:10"


# --------------------------------------------------------------------------- skew


@pytest.mark.parametrize(
    ("seconds", "trusted"),
    [(0, True), (4, True), (120, True), (-120, True), (300, True), (-300, True), (301, False), (-301, False)],
)
def test_skew_is_subtracted_and_over_five_minutes_not_trusted(world: World, seconds: int, trusted: bool) -> None:
    """Positive: the device's clock is behind. What it calls 08:20 happened `seconds` later."""
    off = timedelta(seconds=seconds)
    for minute in range(5):
        world.beat("t1", f"08:2{minute}", received=told(at(f"08:2{minute}") + off))
    state = world.state_of("t1", "08:40")
    assert (state.skew_seconds, state.trusted) == (seconds, trusted)
    assert told(state.watermark) == told(at("08:24") + off)


@pytest.mark.parametrize(
    ("why", "asked", "said"),
    [
        ("before the reboot", "09:00", ("09:00", True, "09:00")),
        (
            "the new boot is ten minutes slow: it delivers, and is sure of nothing new",
            "10:00",
            ("10:00", False, "09:00"),
        ),
        ("set right, and something is still held back", "10:02", ("10:00", False, "09:00")),
        ("all delivered by a clock that is right", "10:05", ("10:05", True, "10:05")),
    ],
)
def test_what_was_proven_by_a_right_clock_stays_so_after_a_reboot_with_a_wrong_one(
    world: World, why: str, asked: str, said: tuple[str, bool, str]
) -> None:
    world.beats("t1", "08:50", "09:00")
    for minute in range(1, 60, 4):
        world.beat("t1", told(at(f"09:{minute:02}") - 10 * MINUTE), received=f"09:{minute:02}", boot="b2")
    world.beat("t1", "09:50", received="10:00", boot="b2")
    world.beat("t1", "10:01", boot="b3", queue=1)
    world.beat("t1", "10:05", boot="b3")
    state = world.state_of("t1", asked)
    assert (told(state.watermark), state.trusted, told(state.trusted_to)) == said, why


def test_the_median_is_not_moved_by_a_slow_network(world: World) -> None:
    world.beats("t1", "08:00", "08:10")
    world.beat("t1", "08:11", received="08:40")
    assert world.state_of("t1", "08:41").skew_seconds == 0


# --------------------------------------------------------------------------- declared lost


def test_a_lost_span_is_stepped_over(world: World) -> None:
    world.beats("t1", "08:00", "08:10")
    lost(world, "08:10", "12:00", now="12:30")
    assert world.watermark("t1", "12:29") == "08:10"  # not declared yet
    state = world.state_of("t1", "12:30")
    assert told(state.watermark) == "12:00"
    assert [(told(a), told(b)) for a, b in state.lost] == [("08:10", "12:00")]


def test_a_span_declared_from_about_the_last_sign_of_life_leaves_no_gap(world: World) -> None:
    """The device died between two heartbeats: what lies between is lost too, never proof."""
    world.beats("t1", "08:00", "08:10")
    lost(world, "08:12", "12:00", now="12:30")
    state = world.state_of("t1", "12:30")
    assert told(state.watermark) == "12:00"
    assert [(told(a), told(b)) for a, b in state.lost] == [("08:10", "12:00")]


def test_a_span_that_starts_later_does_not_vouch_for_the_time_before(world: World) -> None:
    world.beats("t1", "08:00", "08:10")
    lost(world, "09:00", "12:00", now="12:30")
    assert world.watermark("t1", "12:30") == "08:10"


def test_a_hole_is_mended_by_declaring_its_time_lost(world: World) -> None:
    punch(world, "08:20")
    world.beat("t1", "08:21")
    punch(world, "10:00", seq=3)
    world.beat("t1", "10:01", last_seq=3)
    assert world.watermark("t1", "10:30") == "08:21"
    lost(world, "09:00", "09:30", now="10:31")
    assert world.watermark("t1", "10:31") == "10:01"


def test_a_hole_elsewhere_is_not_mended(world: World) -> None:
    punch(world, "08:20")
    punch(world, "08:30", seq=3)
    punch(world, "10:00", seq=4)
    world.beat("t1", "10:01", last_seq=4)
    lost(world, "09:00", "09:30", now="10:31")
    assert world.watermark("t1", "10:31") == "-"


# --------------------------------------------------------------------------- by events


def test_a_source_of_events_is_trusted_and_reaches_its_greatest_time(world: World) -> None:
    world.event("web", "checkin", "08:20", staff="s01", method="manual")
    world.event("web", "checkin", "08:10", received="08:25", staff="s02", method="manual")
    state = world.state_of("web", "08:30")
    assert (told(state.watermark), state.trusted) == ("08:20", True)


def manual(world: World, when: str, seq: int, **more: str) -> None:
    world.event("web", "checkin", when, seq=seq, staff="s01", method="manual", **more)


def test_a_source_of_events_that_numbers_them_waits_where_one_is_missing(world: World) -> None:
    manual(world, "08:00", 1)
    manual(world, "08:40", 3)
    assert world.watermark("web", "08:45") == "08:00"
    manual(world, "08:20", 2, received="08:50")
    assert world.watermark("web", "08:50") == "08:40"
    manual(world, "09:00", 5)
    lost(world, "08:41", "08:59", now="09:01", device="web")
    assert world.watermark("web", "09:01") == "09:00"


def test_numbers_that_do_not_begin_with_one_tell_of_no_hole(world: World) -> None:
    manual(world, "08:00", 41)
    manual(world, "08:40", 43)
    assert world.watermark("web", "08:45") == "08:40"


CASES = hall(
    devices=[{"id": "sys", "kind": "gateway", "hall": "h1", "channels": ["case", "rating"], "watermark": "events"}]
)
OVER = "03-12 10:00"
"""Past the limit of a case that was accepted on Monday the 2nd."""
MISSING: dict[str, tuple[str, dict[str, Any]]] = {
    "the case was completed in time": ("case", {"case": "1", "event": "completed", "item": "i1"}),
    "another was": ("case", {"case": "3", "event": "completed", "item": "i1"}),
    "a rating that cannot be read": ("rating", {"score": "well"}),
}


@pytest.mark.parametrize("says", MISSING)
def test_nobody_is_accused_on_what_a_hole_may_hold_and_everybody_is_judged_once_it_is_closed(
    store: Store, tmp_path: Path, says: str
) -> None:
    """Nothing comes after what was missing."""
    world = World(store, tmp_path, CASES)
    world.event("sys", "case", "09:00", seq=1, case="1", event="accepted", item="i1", window="w1", staff="s01")
    world.event("sys", "case", OVER, seq=3, case="2", event="received", item="i1", window="w1")
    world.judge("03-12 10:01")
    assert world.cards("case.limit") == []
    channel, fields = MISSING[says]
    world.event("sys", channel, "03-04 10:00", received="03-12 10:05", seq=2, **fields)
    world.judge("03-12 10:06")
    late = [] if "in time" in says else ["sys/1"]
    assert [card["subject"]["id"] for card in world.cards("case.limit")] == late


def test_in_a_group_a_source_of_events_waits_for_its_numbers_unless_they_are_declared_lost(world: World) -> None:
    """What another member has taken may still come; what an operator declares lost will not."""

    def mark(when: str) -> str:
        with world.store.read() as conn:
            look = Sources(conn, world.program.registry.get(conn), now=at(when), shared=True)
            return told(look.state("web").watermark)

    for when, seq in (("08:00", 1), ("08:20", 2), ("08:40", 4), ("09:00", 6)):
        world.event("web", "checkin", when, seq=seq, staff="s01", method="manual")
    assert (mark("08:30"), mark("09:00")) == ("08:20", "08:20")
    lost(world, "08:21", "08:39", now="09:01", device="web")
    assert (mark("09:01"), mark("09:00")) == ("08:40", "08:20")
    world.event("web", "checkin", "08:50", received="09:10", seq=5, staff="s01", method="manual")
    assert (mark("09:09"), mark("09:10")) == ("08:40", "09:00")


@pytest.mark.parametrize("seed", range(4))
def test_the_same_messages_in_any_order_give_the_same_source(world: World, seed: int) -> None:
    """Arrival decides nothing but what is known when; once all is there the order has left no trace."""
    feed = Feed()
    feed.beats("t1", "08:00", "08:07")
    feed.beats("t1", "09:10", "09:20")
    for minute in range(8, 58, 7):
        feed.event("t1", "checkin", f"08:{minute:02}", received="09:10", staff="s01", method="face")
    world.hear(*random.Random(seed).sample(feed.lines(), len(feed.lines())))
    assert world.watermark("t1", "09:09") == "08:07"
    assert world.watermark("t1", "09:20") == "09:20"


# --------------------------------------------------------------------------- what the boot before had not delivered


def test_a_reboot_does_not_make_known_losses_good(world: World) -> None:
    """A power cut takes broker and terminal: what the one had of the other is gone, and the terminal boots anew."""
    punch(world, "08:00")
    world.beat("t1", "08:01")
    world.beat("t1", "08:21", last_seq=2)  # number 2 was sent and is not here
    world.beat("t1", "08:50", boot="b2", last_seq=0)
    assert world.watermark("t1", "09:00") == "08:01"
    punch(world, "08:20", received="09:10")
    assert world.watermark("t1", "09:05") == "08:01"
    assert world.watermark("t1", "09:10") == "08:50"


def test_a_loss_of_the_boot_before_is_mended_as_any_other(world: World) -> None:
    punch(world, "08:00")
    world.beat("t1", "08:01")
    world.beat("t1", "08:21", last_seq=2)
    world.beat("t1", "08:50", boot="b2", last_seq=0)
    lost(world, "08:00", "08:40", "09:00")
    assert world.watermark("t1", "09:01") == "08:50"
