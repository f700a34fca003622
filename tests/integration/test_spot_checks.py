"""Spot checks (抽查, A17) on a real store: drawn, ordered for unknown posts, recorded once, and what they prove."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.attendance.policy import PostPolicy
from monitor.attendance.spotdraw import draw_windows
from monitor.store import audit, spotchecks
from monitor.store.engine import Store
from monitor.store.gauges import read_gauges
from monitor.supervision.findings import findings
from monitor.supervision.postdays import post_day_json, post_days
from monitor.supervision.refused import Refused
from monitor.supervision.spotresults import Found, list_checks, record
from monitor.supervision.spots import Order, order, verify
from tests.halls import MONDAY, Feed, at, hall, told
from tests.world import World

both = pytest.mark.both_databases

CAMERA = {"id": "cam1", "kind": "camera", "window": "w1"}
WINDOWS = [{"id": f"w{n}", "unit": "u1", "name": f"{n}号窗口"} for n in range(1, 6)]
POSTS = [{"window": f"w{n}", "staff": f"s{n:02}", "rank": "A"} for n in range(1, 6)]
SUPERVISOR = Principal(id="li", role="duty_supervisor", halls=frozenset({"h1"}))


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """Five windows, the first with a camera that sees somebody until 09:00 and then falls silent."""
    tables = hall(6, devices=[CAMERA], windows=WINDOWS, posts=POSTS, attendance="")
    made = World(store, tmp_path, tables)
    feed = Feed()
    for minute in range(510, 541):
        feed.event("cam1", "presence", f"{minute // 60:02}:{minute % 60:02}", people=1, view="ok")
    feed.beats("cam1", "07:46", "09:00", timedelta(minutes=2))
    made.hear(*feed.lines())
    return made


def drawn(world: World, when: str, *, actor: Principal | str = "op", **wanted: Any) -> dict[str, Any]:
    now = world.clock.set(at(when))
    asked = Order(hall=wanted.pop("hall", "h1"), **wanted)
    return world.store.step(lambda conn: order(world.judging.look(conn, now), PostPolicy(), asked, actor=actor))


def found(world: World, number: int, result: str, when: str, **said: Any) -> dict[str, Any]:
    now = world.clock.set(at(said.pop("now", when)))
    actor, correct = said.pop("actor", "op"), said.pop("correct", False)
    what = Found(result=result, at=at(when), **said)

    def step(conn: Any) -> dict[str, Any]:
        registry, book = world.program.registry.get(conn), world.program.book(conn)
        return record(conn, number, what, registry, book, actor=actor, now=now, correct=correct)

    return world.store.step(step)


def checks(world: World, *, open_only: bool = False) -> list[str]:
    with world.store.read() as conn:
        rows = list_checks(conn, world.program.registry.get(conn), world.clock.now(), open_only=open_only)
    return [
        f"{r['window']} {r['cause']} {told(r['ordered_at'])} due {told(r['due_at'])} {r['result'] or '-'}"
        + (" overdue" if r["overdue"] else "")
        for r in rows
    ]


def segments(world: World, window: str) -> list[str]:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        (day,) = post_days(look, PostPolicy(), at("12:00").date(), window=window)
    told_day = post_day_json(day)
    return [f"{told(s['from'])}-{told(s['to'])} {s['state']}" for s in told_day["segments"]]


def found_rows(world: World) -> list[str]:
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, world.clock.now()), world.settings.policy)
    return [f"{r['rule']} {r['subject'].replace(f'/{MONDAY}/', '/')}" for r in rows if r["rule"] not in ("B01", "B08")]


# --------------------------------------------------------------------------- the draw


@both
def test_a17_a_draw_orders_windows_in_service_and_can_be_repeated(world: World) -> None:
    made = drawn(world, "08:45", count=3, actor=SUPERVISOR)
    assert len({check["window"] for check in made["checks"]}) == 3
    assert {check["due_at"] for check in made["checks"]} == {at("09:15").isoformat()}
    with world.store.read() as conn:
        again = verify(conn, made["draw"])
    assert (again["ok"], again["seed"], again["seed_given"]) == (True, made["seed"], False)
    assert again["again"] == [check["window"] for check in made["checks"]]
    assert list(draw_windows(made["seed"], again["candidates"], [], 3).random) == again["drawn"]


def test_a_draw_that_was_tampered_with_does_not_repeat(world: World) -> None:
    made = drawn(world, "08:45", count=2, seed="七")
    other = next(w for w in ("w1", "w2", "w3") if w not in {c["window"] for c in made["checks"]})
    changed = spotchecks.SPOT.update().where(spotchecks.SPOT.c.id == made["checks"][0]["id"]).values(window=other)
    world.store.step(lambda conn: conn.execute(changed))
    with world.store.read() as conn:
        assert verify(conn, made["draw"])["ok"] is False


def test_every_window_is_as_likely_as_any_other() -> None:
    windows = [f"w{n}" for n in range(8)]
    counted = dict.fromkeys(windows, 0)
    for n in range(4000):
        counted[draw_windows(f"seed-{n}", windows, (), 1).windows[0]] += 1
    assert all(400 < times < 600 for times in counted.values())


def test_unknown_posts_come_first_even_where_they_are_more_than_asked_for() -> None:
    made = draw_windows("x", ["a", "b", "c", "d"], ["c", "d"], 1)
    assert (set(made.unknown), made.random) == ({"c", "d"}, ())
    assert len(draw_windows("x", ["a", "b", "c", "d"], ["c"], 3).windows) == 3


def test_a_window_without_anything_to_tell_by_comes_first_in_a_draw(world: World) -> None:
    world.judge("09:10")
    made = drawn(world, "09:10")
    assert [(c["window"], c["cause"]) for c in made["checks"]] == [("w1", "unknown")]


def test_a_window_that_is_closed_or_has_a_check_that_waits_is_not_drawn(world: World) -> None:
    closed = {"id": "c1", "window": "w2", "from": at("08:00"), "to": at("12:00"), "why": "停办"}
    world.plan(closures=[closed])
    drawn(world, "08:45", named=("w3",))
    made = drawn(world, "08:46", count=9)
    assert sorted(c["window"] for c in made["checks"]) == ["w1", "w4", "w5"]


REFUSED: list[tuple[str, str, dict[str, Any], Principal | str]] = [
    ("a hall that there is not", "08:45", {"hall": "hx"}, "op"),
    ("no window at all", "08:45", {"count": 0}, "op"),
    ("no time to make it in", "08:45", {"within": timedelta(0)}, "op"),
    ("a window of another hall", "08:45", {"named": ("w9",)}, "op"),
    ("a person who may not", "08:45", {}, Principal(id="s", role="staff", staff="s01")),
    ("a supervisor of another hall", "08:45", {}, replace(SUPERVISOR, halls=frozenset({"h2"}))),
    ("at lunch nobody is in service", "12:30", {}, "op"),
]


def test_orders_that_are_refused(world: World) -> None:
    for why, when, wanted, actor in REFUSED:
        with pytest.raises(Refused):
            drawn(world, when, actor=actor, **wanted)
        assert checks(world) == [], why


# --------------------------------------------------------------------------- unknown posts


@both
def test_a17_an_unknown_post_opens_one_spot_check_when_it_is_stale(world: World) -> None:
    world.judge_each("09:02", "10:00", timedelta(minutes=10))
    assert checks(world) == []
    for when in ("10:01", "10:05", "10:20"):
        world.judge(when)
    assert checks(world) == ["w1 unknown 10:01 due 10:31 -"]
    world.judge("11:00")
    assert checks(world, open_only=True) == ["w1 unknown 10:01 due 10:31 - overdue"]


def test_one_check_each_time_that_it_is_unknown(world: World) -> None:
    """The camera is heard again at 10:15 and falls silent once more: another hour, another check."""
    world.judge("10:01")
    found(world, 1, "present", "10:10", people=1)
    for when in ("10:10", "10:12"):
        world.judge(when)
    assert (checks(world, open_only=True), segments(world, "w1")) == (
        [],
        ["08:30-09:01 A", "09:01-10:10 unknown", "10:10-10:12 A"],
    )
    world.event("cam1", "presence", "10:15", people=1, view="ok", boot="b2")
    world.beat("cam1", "10:15", boot="b2")
    for when in ("10:15", "11:10", "11:20", "11:25"):
        world.judge(when)
    assert checks(world, open_only=True) == ["w1 unknown 11:20 due 11:50 -"]


def test_no_check_is_opened_once_the_session_is_over(world: World) -> None:
    world.judge("19:00")
    assert checks(world) == []


# --------------------------------------------------------------------------- results


def test_a08_found_empty_is_proposed_for_window_and_person_and_makes_no_card(world: World) -> None:
    drawn(world, "08:45", named=("w2",))
    check = found(world, 1, "empty", "08:50", note="群众等候")
    assert (check["result"], check["people"], check["overdue"]) == ("empty", 0, False)
    world.judge("09:30")
    assert segments(world, "w2") == ["08:30-08:50 unwatched", "08:50-08:51 empty", "08:51-09:30 unwatched"]
    assert found_rows(world) == ["A05 post:w2/0830", "A08 post:w2/0830"]
    assert world.card_lines("post.empty") == []


@both
def test_a_result_is_recorded_once_and_corrected_beside_the_first(world: World) -> None:
    drawn(world, "08:45", named=("w2",))
    found(world, 1, "empty", "08:50", note="无人")
    with pytest.raises(Refused, match="--correct"):
        found(world, 1, "present", "08:50", people=1, now="08:55")
    with pytest.raises(Refused, match="--note"):
        found(world, 1, "present", "08:50", people=1, now="08:55", correct=True)
    found(world, 1, "present", "08:50", people=1, now="08:56", correct=True, note="看错窗口")
    world.judge("09:30")
    assert (checks(world), found_rows(world)) == (["w2 named 08:45 due 09:15 present"], [])
    with world.store.read() as conn:
        rows = conn.execute(select(audit.AUDIT).where(audit.AUDIT.c.object_kind == "spot_check")).all()
        private = conn.execute(select(audit.PRIVATE.c.name, audit.PRIVATE.c.value)).all()
    assert [(r.action, r.body["result"], r.body.get("before", {}).get("result")) for r in rows] == [
        ("spot.recorded", "empty", None),
        ("spot.corrected", "present", "empty"),
    ]
    assert [tuple(p) for p in private if p.name == "note"] == [("note", "无人"), ("note", "看错窗口")]
    assert "看错窗口" not in str([r.body for r in rows])


WRONG: list[tuple[str, int, str, str, dict[str, Any]]] = [
    ("a check that there is not", 9, "present", "08:50", {"people": 1}),
    ("a word that is no result", 1, "busy", "08:50", {}),
    ("somebody, but nobody counted", 1, "present", "08:50", {}),
    ("nobody, and one counted", 1, "empty", "08:50", {"people": 1}),
    ("short where one is enough", 1, "short", "08:50", {"people": 1}),
    ("closed, and somebody counted", 1, "closed", "08:50", {"people": 1}),
    ("seen before it was ordered", 1, "empty", "08:40", {"now": "08:50"}),
    ("seen in the future", 1, "empty", "08:59", {"now": "08:50"}),
    ("dropped without a reason", 1, "dropped", "08:50", {}),
    ("by one who may not", 1, "empty", "08:50", {"actor": Principal(id="x", role="auditor")}),
    ("by a supervisor of another hall", 1, "empty", "08:50", {"actor": replace(SUPERVISOR, halls=frozenset())}),
    ("corrected before it was recorded", 1, "empty", "08:50", {"correct": True, "note": "x"}),
]


def test_results_that_are_refused(world: World) -> None:
    drawn(world, "08:45", named=("w2",))
    for why, number, result, when, said in WRONG:
        with pytest.raises(Refused):
            found(world, number, result, when, **said)
        assert checks(world) == ["w2 named 08:45 due 09:15 -"], why


@both
def test_checks_that_wait_are_a_metric_by_hall(world: World) -> None:
    drawn(world, "08:45", named=("w2", "w3"))
    found(world, 1, "closed", "08:50")
    with world.store.read() as conn:
        now = world.clock.now()
        assert read_gauges(conn, now=now, real_now=now).spot_checks_open == {"h1": 1}
