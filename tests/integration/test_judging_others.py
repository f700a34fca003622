"""Ratings, posts, devices and operators' reminders on a real store, judged as the daemon judges (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from monitor.model import Span, SubjectRef
from monitor.store.calendars import save_notice
from monitor.store.engine import Store
from monitor.store.facts.look import Path as BrokerPath
from monitor.store.facts.others import load_ratings
from monitor.store.subjects import mark
from monitor.supervision.cardlist import explain
from monitor.supervision.commands import transition
from monitor.supervision.refused import Refused
from monitor.workcal import parse_notice
from tests.halls import MINUTE, Line, at, hall, leave, told
from tests.world import World

pytestmark = pytest.mark.scenarios

CAMERA = {"id": "cam1", "kind": "camera", "window": "w1"}
EVALUATOR = {"id": "ev1", "kind": "evaluator", "window": "w1"}
TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}
POST = "post:w1/0830"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(3, attendance="", devices=[CAMERA, EVALUATOR]))


# --------------------------------------------------------------------------- ratings


def rated(world: World, score: int = 1, **body: object) -> None:
    world.event("ev1", "rating", "09:15", score=score, id="r1", **body)  # type: ignore[arg-type]
    world.judge("09:15")


def bad(level: str, since: str, *, by: str = "s01", cleared: str = "-", state: str = "open") -> list[str]:
    return [f"rating.bad {level} rating:ev1/r1 since {since} by {by} cleared {cleared} {state}"]


def act(world: World, event: str, when: str, rule: str = "rating.bad") -> None:
    number = world.cards(rule)[0]["number"]
    world.store.step(lambda conn: transition(conn, number, event, actor="op", why="已回访", now=at(when)))


@pytest.mark.both_databases
def test_ratings_are_looked_up_and_never_searched_for_through_the_table(world: World) -> None:
    """Of one batch: a year of a large hall has hundreds of thousands."""
    rated(world)
    said: list[tuple[str, Any]] = []
    with world.store.read() as conn:
        listen(conn, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
        found = load_ratings(world.judging.look(conn, world.clock.now()), ["ev1/r1", "ev1/none", "gone/r1"])
        ways = [one for one in said if "FROM rating" in one[0]]
        asked = ways if world.store.is_sqlite else []  # PostgreSQL chooses by what it knows of the rows
        plans = [conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all() for sql, given in asked]
    assert (list(found), len(ways)) == (["ev1/r1"], 2)
    steps = [row[3] for plan in plans for row in plan]
    assert not any(step.startswith("SCAN rating") for step in steps), steps
    assert not plans or any("uq_rating" in step or "autoindex_rating" in step for step in steps), steps


@pytest.mark.both_databases
def test_a_bad_rating_not_followed_up_turns_red_after_five_working_days(world: World) -> None:
    rated(world, staff="s01")
    assert world.card_lines("rating.bad") == bad("yellow", "09:15")
    world.judge("03-09 17:29")
    assert world.card_lines("rating.bad") == bad("yellow", "09:15")
    world.judge("03-09 17:30")
    assert world.card_lines("rating.bad") == bad("red", "03-09 17:30")


def test_a_follow_up_in_time_prevents_the_red_for_good(world: World) -> None:
    rated(world, staff="s01")
    act(world, "closed", "03-05 10:00")
    world.judge("03-05 10:00")
    closed = bad("yellow", "09:15", cleared="03-05 10:00", state="closed")
    assert (world.card_lines("rating.bad"), world.verdict("rating:ev1/r1")) == (closed, "yellow")
    world.judge("03-20 10:00")
    assert world.card_lines("rating.bad") == closed


def test_a_follow_up_by_a_clock_that_is_ahead_is_seen_when_its_time_comes(world: World) -> None:
    """Another replica's, or a step committed while a judge that had looked at its clock before was on its way."""
    rated(world, staff="s01")
    act(world, "closed", "03-05 10:00:02")
    with world.store.write() as conn:
        mark(conn, [SubjectRef("rating", "ev1/r1")], due=at("03-05 10:00:01"))
    world.judge("03-05 10:00:01")
    assert world.card_lines("rating.bad") == bad("yellow", "09:15", state="closed")
    world.judge("03-05 10:00:02")
    assert world.card_lines("rating.bad") == bad("yellow", "09:15", cleared="03-05 10:00:02", state="closed")


def test_answered_is_not_followed_up(world: World) -> None:
    rated(world, staff="s01")
    act(world, "answered", "03-05 10:00")
    world.judge("03-10 09:00")
    assert world.card_lines("rating.bad") == bad("red", "03-09 17:30")


def test_withdrawn_after_an_appeal_it_stays_withdrawn(world: World) -> None:
    rated(world, staff="s01")
    act(world, "withdrawn", "03-05 10:00")
    world.judge("03-10 09:00")
    assert world.card_lines("rating.bad") == bad("yellow", "09:15", state="withdrawn")
    with pytest.raises(Refused, match="withdrawn"):
        act(world, "closed", "03-10 10:00")


def test_the_card_of_a_bad_rating_tells_the_days_of_its_follow_up(world: World) -> None:
    rated(world, staff="s01")
    with world.store.read() as conn:
        explained = explain(conn, world.cards("rating.bad")[0]["number"], world.program.zones(conn))
    assert explained is not None
    assert [s["date"] for s in explained["steps"] if s["counted"]] == [
        f"2026-03-{day:02}" for day in (3, 4, 5, 6, 9)
    ]  # fmt: skip


def test_a_rating_without_a_name_charges_nobody_and_a_good_one_has_no_card(world: World) -> None:
    rated(world)
    assert world.card_lines("rating.bad") == bad("yellow", "09:15", by="-")
    world.event("ev1", "rating", "09:20", score=3, staff="s01")
    world.judge("09:20")
    assert len(world.cards("rating.bad")) == 1


def test_the_first_stored_payload_of_an_id_stands(world: World) -> None:
    rated(world, score=5, staff="s01")
    again = world.event("ev1", "rating", "09:15", received="09:16", score=1, id="r1", seq=1, staff="s01")
    assert again.quarantined == 1
    world.judge("09:16")
    assert world.card_lines("rating.bad") == []


# --------------------------------------------------------------------------- posts


def watched(world: World, first: str, last: str, people: int) -> None:
    """A reading every half minute from first to last, both included, and a heartbeat behind it."""
    when = at(first)
    while when <= at(last):
        world.event("cam1", "presence", f"{when:%H:%M:%S}", people=people, view="ok")
        when += timedelta(seconds=30)
    world.beat("cam1", last)


def empty(level: str, since: str, *, by: str, cleared: str = "-") -> list[str]:
    return [f"post.empty {level} {POST} since {since} by {by} cleared {cleared} open"]


@pytest.mark.parametrize(
    ("why", "plans", "by"),
    [
        ("A is there to answer", {}, "s01"),
        ("A on leave: B answers (B02)", {"leave": [leave("s01", "00:00", "12:00")]}, "s02"),
        ("leave that nobody approved excuses nobody", {"leave": [leave("s01", "00:00", "12:00", approved=None)]},
         "s01"),
        ("both on leave, no letter: the post's A (B03)",
         {"leave": [leave("s01", "00:00", "12:00"), leave("s02", "00:00", "12:00")]}, "s01"),
        ("both on leave with a letter, nobody filed: the unit alone (B05)",
         {"leave": [leave("s01", "00:00", "12:00", letter="函1"), leave("s02", "00:00", "12:00", letter="函1")]}, "-"),
        ("both on leave, a substitute filed: the substitute",
         {"leave": [leave("s01", "00:00", "12:00", letter="函1"), leave("s02", "00:00", "12:00", letter="函1")],
          "substitutes": [{"id": "x", "window": "w1", "staff": "s03", "from": at("08:00"), "to": at("12:00"),
                           "letter": "函1"}]}, "s03"),
        ("all three on leave, with a letter: the unit alone",
         {"leave": [leave("s01", "00:00", "12:00", letter="函1"), leave("s02", "00:00", "12:00"),
                    leave("s03", "00:00", "12:00")],
          "substitutes": [{"id": "x", "window": "w1", "staff": "s03", "from": at("08:00"), "to": at("12:00")}]}, "-"),
        ("A on an outing slip: B answers",
         {"outings": [{"id": "o", "staff": "s01", "from": at("09:10"), "to": at("09:40")}]}, "s02"),
    ],
)  # fmt: skip
def test_who_answers_for_an_empty_window(
    world: World, why: str, plans: Mapping[str, Sequence[Mapping[str, Any]]], by: str
) -> None:
    world.plan(**plans)
    watched(world, "08:30", "08:59:30", 1)
    watched(world, "09:00", "09:20", 0)
    world.judge("09:20")
    assert world.card_lines("post.empty") == empty("yellow", "09:15", by=by), why
    assert (world.cards("post.empty")[0]["unit"], world.cards("post.empty")[0]["window"]) == ("u1", "w1")


@pytest.mark.parametrize(
    ("why", "start", "lines"),
    [
        ("she stands in since 09:00: her check-in is a sign of her", "09:00", []),
        ("her turn begins when her check-in says nothing any more", "09:16", empty("yellow", "09:15", by="s01")),
    ],
)
def test_a_check_in_of_who_stands_in_is_a_sign_of_presence(
    store: Store, tmp_path: Path, why: str, start: str, lines: list[str]
) -> None:
    world = World(store, tmp_path, hall(3, attendance="", devices=[CAMERA, EVALUATOR, TERMINAL]))
    substitute = {"id": "x", "window": "w1", "staff": "s03", "from": at(start), "to": at("12:00"), "letter": "函1"}
    away = [leave("s01", "00:00", "12:00"), leave("s02", "00:00", "12:00")]
    world.plan(leave=away, substitutes=[substitute])
    watched(world, "08:30", "08:59:30", 1)
    world.event("t1", "checkin", "09:01", staff="s03", method="face")
    watched(world, "09:00", "09:15:30", 0)
    world.judge("09:15:30")
    assert world.card_lines("post.empty") == lines, why


@pytest.mark.both_databases
def test_a_window_empty_for_half_an_hour_is_red_and_a_later_spell_another_card(world: World) -> None:
    watched(world, "08:30", "08:59:30", 1)
    watched(world, "09:00", "09:14:30", 0)
    world.judge("09:14:59")
    assert world.card_lines("post.empty") == []
    watched(world, "09:15", "09:29:30", 0)
    world.judge("09:29:59")
    assert world.card_lines("post.empty") == empty("yellow", "09:15", by="s01")
    watched(world, "09:30", "09:31", 0)
    world.judge("09:31")
    assert world.card_lines("post.empty") == empty("red", "09:30", by="s01")
    watched(world, "09:31:30", "09:40", 1)
    watched(world, "09:40:30", "10:00", 0)
    world.judge("10:00")
    assert world.card_lines("post.empty") == [
        *empty("red", "09:30", by="s01", cleared="09:31:30"),
        *empty("yellow", "09:55:30", by="s01"),
    ]
    assert [card["episode"] for card in world.cards("post.empty")] == ["1", "2"]
    assert world.verdict(POST) == "red"


def test_a_break_ends_the_spell_and_spells_are_not_added(world: World) -> None:
    watched(world, "08:30", "11:49:30", 1)
    watched(world, "11:50", "12:00", 0)
    watched(world, "14:30", "14:40", 0)
    watched(world, "14:40:30", "14:50", 1)
    world.judge("14:50")
    assert world.card_lines("post.empty") == []


def test_a_closure_filed_afterwards_withdraws_the_card(world: World) -> None:
    watched(world, "08:30", "08:59:30", 1)
    watched(world, "09:00", "09:20", 0)
    world.judge("09:20")
    closed = {"id": "c1", "window": "w1", "from": at("09:00"), "to": at("12:00"), "why": "系统检修"}
    world.plan(closures=[closed])
    world.judge("09:21")
    assert [card["state"] for card in world.cards("post.empty")] == ["withdrawn"]


def test_a_window_without_anything_that_could_tell_is_unwatched(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(attendance="", devices=[EVALUATOR]))
    world.beats("ev1", "08:00", "09:30")
    world.judge("09:30")
    assert (world.verdict(POST), world.cards()) == ("unwatched", [])


RECORDER = {"id": "g1", "kind": "gateway", "hall": "h1"}


@pytest.mark.parametrize(
    ("why", "device", "afternoon"),
    [
        ("a recorder for many windows", {**RECORDER, "channels": ["presence"]}, "unknown"),
        ("a camera that belongs to no window", {**RECORDER, "kind": "camera"}, "unknown"),
        ("a gateway of everything: silent, it might never have carried a camera", RECORDER, "unwatched"),
    ],
)
def test_a_camera_that_names_the_window_itself_watches_it(
    store: Store, tmp_path: Path, why: str, device: Mapping[str, Any], afternoon: str
) -> None:
    windows = [{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}]
    world = World(store, tmp_path, hall(2, attendance="", windows=windows, devices=[device]))
    for n in range(73):
        people = 0 if 20 <= n < 60 else 1
        world.event("g1", "presence", told(at("08:30") + n * MINUTE / 2), people=people, view="ok", window="w1")
    world.beat("g1", "09:06")
    world.judge("09:06")
    assert world.card_lines("post.empty") == empty("yellow", "08:55", by="s01", cleared="09:00")
    assert world.verdict("post:w2/0830") == "unwatched"
    world.judge("15:00")
    assert world.verdict("post:w1/1430") == afternoon, why


def test_who_signed_off_at_a_terminal_may_sign_on_there_again(store: Store, tmp_path: Path) -> None:
    """The window's own evaluator goes on delivering; the terminal, where she signed off, is silent since 10:05."""
    world = World(store, tmp_path, hall(2, attendance="", devices=[EVALUATOR, TERMINAL]))
    world.event("t1", "duty", "08:25", action="on", staff="s01", window="w1")
    world.event("t1", "duty", "10:00", action="off", staff="s01", window="w1")
    world.beats("ev1", "08:20", "10:40")
    world.beats("t1", "08:20", "10:05")
    world.judge("10:40")
    assert (world.verdict(POST), world.cards("post.empty")) == ("unknown", [])
    world.event("t1", "duty", "10:20", received="10:50", action="on", staff="s01", window="w1")
    world.beats("t1", "10:50", "10:50")
    world.beats("ev1", "10:50", "10:50")
    world.judge("10:50")
    assert world.card_lines("post.empty") == empty("yellow", "10:15", by="s01", cleared="10:20")


# --------------------------------------------------------------------------- devices


def silent(level: str, since: str, *, cleared: str = "-", state: str = "open") -> list[str]:
    return [f"device.silent {level} device:ev1 since {since} by - cleared {cleared} {state}"]


@pytest.fixture
def heard(store: Store, tmp_path: Path) -> World:
    """An evaluator that beats until 08:50."""
    world = World(store, tmp_path, hall(attendance="", devices=[EVALUATOR]))
    world.beats("ev1", "07:46", "08:50")
    return world


@pytest.mark.both_databases
def test_a_silent_device_climbs_and_closes_by_itself(heard: World) -> None:
    for clock, lines in {
        "08:51:59": [],
        "08:52": silent("reminder", "08:52"),
        "08:53": silent("yellow", "08:53"),
        "09:19": silent("yellow", "08:53"),
        "09:20": silent("red", "09:20"),
    }.items():
        heard.judge(clock)
        assert heard.card_lines("device.silent") == lines, clock
    heard.beat("ev1", "09:30")
    heard.judge("09:30")
    assert heard.card_lines("device.silent") == silent("red", "09:20", cleared="09:30", state="closed")
    heard.judge("09:32")
    again = silent("reminder", "09:32")
    assert heard.card_lines("device.silent") == [*silent("red", "09:20", cleared="09:30", state="closed"), *again]


def test_a_device_never_heard_is_silent_since_it_was_registered_however_often_it_is_judged(
    store: Store, tmp_path: Path
) -> None:
    world = World(store, tmp_path, hall(attendance="", devices=[EVALUATOR]))
    for clock in ("07:45:30", "07:46", "07:46:30", "07:47", "08:31"):
        world.judge(clock)
        world.register(hall(attendance="", devices=[EVALUATOR]))
        world.store.step(lambda conn: mark(conn, [SubjectRef(kind="device", key="ev1")], due=world.clock.now()))
    assert world.card_lines("device.silent") == silent("reminder", "07:47")


@pytest.mark.both_databases
def test_heartbeats_that_a_second_file_brings_take_back_a_silence_that_never_was(heard: World) -> None:
    """The first file lacks 08:51 to 09:59; the card it gave rise to is over and closed before the second comes."""
    times = [at("08:51") + MINUTE * n for n in range(69)]
    missing = [
        Line(received=when, device="ev1", channel="heartbeat", payload={"at": when.isoformat(), "boot": "b1"})
        for when in times
    ]
    heard.beats("ev1", "10:00", "10:30")
    heard.judge("10:30")
    assert heard.card_lines("device.silent") == silent("red", "09:20", cleared="10:00", state="closed")
    heard.hear(*missing, from_file=True)
    heard.judge("10:31")
    assert heard.card_lines("device.silent") == silent("red", "09:20", cleared="10:00", state="withdrawn")


def test_at_night_a_silence_is_a_reminder_only(heard: World) -> None:
    heard.beats("ev1", "17:00", "20:00")
    heard.judge("20:00")
    heard.judge("21:00")
    assert heard.card_lines("device.silent")[-1:] == silent("reminder", "20:02")


class Way:
    """How the daemon hears its broker; moved by the test."""

    def __init__(self) -> None:
        self.now = BrokerPath(up=True, heard_since=at("07:00"))

    def __call__(self) -> BrokerPath:
        return self.now

    def down(self) -> None:
        self.now = BrokerPath(up=False)

    def up(self, since: str, *deaf: Span) -> None:
        self.now = BrokerPath(up=True, heard_since=at(since), deaf=deaf)


@pytest.mark.both_databases
def test_while_the_broker_is_away_no_device_is_blamed(heard: World) -> None:
    way = Way()
    heard.judging = heard.program.judge(path=way)
    heard.judge("08:50")
    way.down()
    heard.judge_each("08:52", "09:30")
    assert (heard.card_lines("device.silent"), heard.verdict("device:ev1")) == ([], "unknown")
    way.up("09:30:10", (at("08:50:30"), at("09:30:10")))
    heard.beat("ev1", "09:30:20")
    heard.judge_each("09:30:20", "09:32:19")
    assert heard.card_lines("device.silent") == []
    # and now it really is silent
    heard.judge("09:33:20")
    assert heard.card_lines("device.silent") == silent("yellow", "09:33:20")


@pytest.mark.both_databases
def test_a_device_whose_heartbeat_is_just_being_stored_is_not_silent(heard: World) -> None:
    """A heartbeat that comes alone waits for company: what it would disprove is not told meanwhile (ADR 61)."""
    way = Way()
    heard.judging = heard.program.judge(path=way)
    heard.judge("08:50")
    way.now = BrokerPath(up=True, heard_since=at("07:00"), in_hand=frozenset({"ev1"}))
    heard.judge("08:52:01")
    assert (heard.card_lines("device.silent"), heard.verdict("device:ev1")) == ([], "unknown")
    heard.beat("ev1", "08:52")
    way.up("07:00")
    heard.judge_each("08:52:01", "08:54:01")
    assert (heard.card_lines("device.silent"), heard.verdict("device:ev1")) == (silent("reminder", "08:54"), "reminder")


@pytest.mark.both_databases
def test_what_was_in_hand_and_told_nothing_new_is_looked_at_again(heard: World) -> None:
    way = Way()
    heard.judging = heard.program.judge(path=way)
    heard.judge("08:50")
    way.now = BrokerPath(up=True, heard_since=at("07:00"), in_hand=frozenset({"ev1"}))
    heard.judge("08:52:01")
    way.up("07:00")
    heard.judge("08:52:03")
    assert heard.card_lines("device.silent") == silent("reminder", "08:52")


def test_a_device_that_keeps_events_back_is_told(heard: World) -> None:
    heard.beats("ev1", "08:51", "09:30", queue=2)
    heard.judge("09:20")
    assert heard.card_lines("feed.backlog") == []
    heard.judge("09:21")
    line = "feed.backlog reminder device:ev1 since 09:21 by - cleared {}"
    assert heard.card_lines("feed.backlog") == [line.format("- open")]
    heard.beat("ev1", "09:31")
    heard.judge("09:31")
    assert heard.card_lines("feed.backlog") == [line.format("09:31 closed")]


def test_a_queue_is_counted_from_its_first_heartbeat_however_often_it_is_judged(heard: World) -> None:
    for minute in range(51, 60):
        heard.beat("ev1", f"08:{minute}", queue=minute)
        heard.judge(f"08:{minute}")
    heard.beats("ev1", "09:00", "09:21", queue=99)
    heard.judge_each("09:00", "09:21")
    assert heard.card_lines("feed.backlog") == ["feed.backlog reminder device:ev1 since 09:21 by - cleared - open"]


def test_a_hole_older_than_an_hour_is_told_until_the_number_comes(heard: World) -> None:
    heard.beats("ev1", "08:51", "10:10", last_seq=1)
    heard.judge("09:50")
    assert heard.card_lines("feed.backlog") == []
    heard.judge("09:51")
    line = "feed.backlog reminder device:ev1 since 09:51 by - cleared {}"
    assert heard.card_lines("feed.backlog") == [line.format("- open")]
    heard.event("ev1", "rating", "08:50:30", received="10:10", score=5)
    heard.judge("10:10")
    assert heard.card_lines("feed.backlog") == [line.format("10:10 closed")]


# --------------------------------------------------------------------------- the calendar

NOTICE = {"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": True}]}


def test_next_years_calendar_is_called_in_from_november_until_it_is_imported(heard: World) -> None:
    heard.judge("10-31 23:59:59")
    assert heard.card_lines("calendar.missing") == []
    heard.judge("11-01 00:00")
    line = "calendar.missing reminder calendar:2027 since 11-01 00:00 by - cleared {}"
    assert heard.card_lines("calendar.missing") == [line.format("- open")]
    heard.store.step(lambda conn: save_notice(conn, parse_notice(NOTICE), at("11-05 10:00")))
    heard.judge("11-05 10:00")
    assert heard.card_lines("calendar.missing") == [line.format("11-05 10:00 closed")]


def test_slots_and_posts_of_an_unpublished_year_are_unknown_until_the_notice(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(1, posts=[], devices=[TERMINAL]), start="2027-01-04 07:45")
    world.beats("t1", "2027-01-04 07:46", "2027-01-04 08:50")
    world.judge("2027-01-04 08:50")
    assert world.verdict("slot:s01/2027-01-04/am_in") == "unknown"
    assert world.cards("checkin.slot") == []
    world.store.step(lambda conn: save_notice(conn, parse_notice(NOTICE), at("2027-01-04 08:51")))
    world.judge("2027-01-04 08:51")
    assert world.card_lines("checkin.slot") == [
        "checkin.slot yellow slot:s01/2027-01-04/am_in since 2027-01-04 08:45 by s01 cleared - open"
    ]
