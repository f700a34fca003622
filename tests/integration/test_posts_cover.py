"""Posts and cover across windows on a real store: who is at another window, who covers a lone one, leave published."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from monitor.attendance.policy import PostPolicy
from monitor.store.engine import Store
from monitor.store.facts.posts import load_posts
from monitor.supervision.findings import findings
from monitor.supervision.leavefeed import leave_feed
from monitor.supervision.postdays import post_day_json, post_days
from monitor.supervision.refused import Refused
from tests.halls import MONDAY, Feed, at, hall, leave, told
from tests.world import World

both = pytest.mark.both_databases

DEVICES = [
    {"id": "cam1", "kind": "camera", "window": "w1"},
    {"id": "ev2", "kind": "evaluator", "window": "w2"},
    {"id": "cam3", "kind": "camera", "window": "w3"},
]
WINDOWS = [{"id": w, "unit": "u1", "name": f"{w[1]}号窗口"} for w in ("w1", "w2", "w3")]
POSTS = [
    {"window": w, "staff": s, "rank": rank}
    for w, s, rank in (
        ("w1", "s01", "A"),
        ("w1", "s02", "B"),
        ("w2", "s03", "A"),
        ("w2", "s02", "B"),
        ("w3", "s04", "A"),
    )
]


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """w1: s01, B s02; w2: s03, B s02 too; w3: s04 alone. The cameras see nobody from 09:00 on."""
    made = World(store, tmp_path, hall(5, devices=DEVICES, windows=WINDOWS, posts=POSTS, attendance=""))
    feed = Feed()
    for camera in ("cam1", "cam3"):
        for minute in range(510, 590):
            clock = f"{minute // 60:02}:{minute % 60:02}"
            feed.event(camera, "presence", clock, people=int(minute < 540), view="ok")
        feed.beats(camera, "09:00", "10:00", timedelta(minutes=10))
    made.hear(*feed.lines())
    return made


def charged(world: World) -> list[tuple[str, str | None, str, list[str]]]:
    """(window, who, why, rows) of the cards that stand."""
    cards = [c for c in world.cards("post.empty") if c["state"] != "withdrawn"]
    return [(c["window"], c["staff"], c["reason"]["figures"]["answers"], c["reason"]["figures"]["rows"]) for c in cards]


def segments(world: World, window: str) -> list[str]:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        (day,) = map(post_day_json, post_days(look, PostPolicy(), at("12:00").date(), window=window))
    return [
        f"{told(s['from'])}-{told(s['to'])} {s['state']} {','.join(s['who'])}".strip()
        for s in day["segments"]
        if s["state"] != "unknown"
    ]


def feed(world: World, names: str = "masked", day: str = MONDAY, of: str | None = None) -> dict[str, Any]:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        policy = PostPolicy(published_names=names)  # type: ignore[arg-type]
        return leave_feed(look, policy, at(f"{day} 12:00").date(), hall=of)


def test_b02_b_answers_while_a_is_on_leave(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "18:00")])
    world.judge("10:00")
    assert ("w1", "s02", "post_b", ["A08", "A05"]) in charged(world)


def test_who_is_signed_on_at_another_window_is_not_charged_with_this_one(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "18:00")])
    world.event("ev2", "duty", "08:50", staff="s02", action="on")
    world.judge("10:00")
    assert ("w1", None, "elsewhere", ["A08"]) in charged(world)
    (card,) = [c for c in world.cards("post.empty") if c["window"] == "w1"]
    assert (card["unit"], card["reason"]["figures"]["elsewhere"]) == ("u1", "w2")


@both
def test_that_sign_on_synced_late_takes_the_charge_back(world: World) -> None:
    """A duty terminal that was offline: what it tells of one window is looked at where its people are posted too."""
    world.plan(leave=[leave("s01", "08:00", "18:00")])
    world.judge("10:00")
    assert ("w1", "s02", "post_b", ["A08", "A05"]) in charged(world)
    world.event("ev2", "duty", "08:50", received="10:30", staff="s02", action="on")
    world.judge("10:30")
    assert ("w1", None, "elsewhere", ["A08"]) in charged(world)
    (card,) = [c for c in world.cards("post.empty") if c["window"] == "w1"]
    assert card["history"][-1]["event"] == "corrected"


@both
def test_a_lone_window_is_covered_by_a_b_of_its_unit_while_its_holder_is_out(world: World) -> None:
    world.plan(outings=[{"id": "o1", "staff": "s04", "from": at("09:00"), "to": at("09:30")}])
    world.event("ev2", "duty", "08:50", staff="s02", action="on")
    world.judge("10:00")
    assert segments(world, "w3")[:3] == ["08:30-09:00 A s04", "09:00-09:30 substitute s02", "09:30-09:50 empty"]
    (card,) = [c for c in world.cards("post.empty") if c["window"] == "w3"]
    assert (told(card["since"]), card["staff"]) == ("09:45", "s04")


def test_without_cover_nobody_is_charged_with_a_permitted_slip(world: World) -> None:
    world.plan(outings=[{"id": "o1", "staff": "s04", "from": at("09:00"), "to": at("09:30")}])
    world.judge("10:00")
    assert ("w3", None, "outing", []) in charged(world)
    assert segments(world, "w3")[:2] == ["08:30-09:00 A s04", "09:00-09:30 excused"]


def test_b01_b08_what_the_roster_lacks(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(1, windows=WINDOWS[:1], posts=POSTS[:1], devices=[], attendance=""))
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, world.clock.now()), world.settings.policy)
    assert {("B01", "window:w1"), ("B08", "unit:u1")} <= {(r["rule"], r["subject"]) for r in rows}


def test_facts_of_many_posts_take_no_more_queries_than_of_one(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "18:00"), leave("s04", "08:00", "18:00")])
    world.clock.set(at("10:00"))

    def queries(keys: list[str]) -> int:
        said: list[str] = []
        with world.store.read() as conn:
            look = world.judging.look(conn, world.clock.now())
            load_posts(look, keys)  # what a look remembers
            event.listen(conn, "before_cursor_execute", lambda *args: said.append(args[2]))
            assert len(load_posts(look, keys)) == len(keys)
        return len(said)

    keys = [f"{w}/{day}/{begins}" for w in ("w1", "w2", "w3") for day in (MONDAY, "2026-03-03")
            for begins in ("0830", "1430")]  # fmt: skip
    assert queries(keys) <= queries(["w1/2026-03-02/0830"])


# --------------------------------------------------------------------------- leave published


@both
def test_b09_who_is_away_and_who_stands_in_and_never_why(world: World) -> None:
    away = leave("s01", "08:00", "18:00", letter="函-77")
    sick = {**leave("s04", "13:00", "18:00"), "id": "l2"}
    world.plan(
        leave=[away, sick],
        substitutes=[
            {"id": "x1", "window": "w3", "staff": "s05", "from": at("13:00"), "to": at("18:00"), "letter": "函"}
        ],
    )
    world.clock.set(at("09:00"))
    told_feed = feed(world)
    assert told_feed["rows"] == [
        {
            "hall": "h1", "unit": "u1", "unit_name": "行政审批局", "name": "员*",
            "from": at("08:00").isoformat(), "to": at("18:00").isoformat(),
            "windows": [{"window": "w1", "window_name": "1号窗口", "cover": [
                {"name": "员*", "from": at("08:00").isoformat(), "to": at("18:00").isoformat()}]}],
        },
        {
            "hall": "h1", "unit": "u1", "unit_name": "行政审批局", "name": "员*",
            "from": at("13:00").isoformat(), "to": at("18:00").isoformat(),
            "windows": [{"window": "w3", "window_name": "3号窗口", "cover": [
                {"name": "员*", "from": at("13:00").isoformat(), "to": at("18:00").isoformat()}]}],
        },
    ]  # fmt: skip
    assert not {"sick", "函", "病"} & set(json.dumps(told_feed, ensure_ascii=False).split('"'))
    assert "77" not in json.dumps(told_feed)


def test_b09_names_by_policy(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "18:00")])
    world.clock.set(at("09:00"))
    assert [feed(world, how)["rows"][0]["name"] for how in ("full", "masked", "none")] == ["员工1", "员*", None]


def test_b09_only_approved_leave_of_that_day(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "18:00", approved=None), leave("s02", "08:00", "18:00", approved="10:00")])
    world.clock.set(at("09:00"))
    assert feed(world)["rows"] == []
    world.clock.set(at("10:00"))
    assert len(feed(world)["rows"]) == 1
    assert feed(world, day="2026-03-03")["rows"] == []
    with pytest.raises(Refused):
        feed(world, of="hx")


def test_b09_nobody_stands_in_where_all_are_away(world: World) -> None:
    world.plan(leave=[leave("s01", "08:00", "18:00"), leave("s02", "08:00", "18:00")])
    world.clock.set(at("09:00"))
    rows = {row["from"]: row for row in feed(world)["rows"]}
    assert {w["window"]: w["cover"] for row in rows.values() for w in row["windows"]}["w1"] == []
