"""Ratings as pages and API read them: figures by hand, who sees what, pages of lists, cases that nobody rated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from monitor.console.app import make_app
from monitor.console.deps import Deps
from monitor.console.health import Health
from monitor.console.server import HttpServer
from monitor.metrics import Metrics
from monitor.store.engine import Store
from monitor.store.gauges import _satisfaction
from monitor.supervision.commands import transition
from monitor.supervision.people import Person, save_person
from monitor.supervision.policies import Policies
from monitor.supervision.tokens import create_token
from tests import plain_http
from tests.halls import Tables, at, hall
from tests.world import World

pytestmark = pytest.mark.both_databases

WINDOWS = [
    {"id": "w1", "unit": "u1", "name": "1号窗口"},
    {"id": "w2", "unit": "u2", "name": "2号窗口"},
    {"id": "x1", "unit": "u9", "name": "外厅窗口"},
]
PEOPLE = [("s01", "u1"), ("s02", "u1"), ("s03", "u2"), ("s90", "u9")]
DEVICES = [
    {"id": "e1", "kind": "evaluator", "window": "w1", "hall": "h1", "namespace": "n"},
    {"id": "e2", "kind": "evaluator", "window": "w2", "hall": "h1", "namespace": "n"},
    {"id": "lobby", "kind": "evaluator", "hall": "h1", "namespace": "n"},
    {"id": "e9", "kind": "evaluator", "window": "x1", "hall": "h2"},
    {"id": "cases", "kind": "cases", "hall": "h1", "namespace": "n"},
    {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
]
USERS = {
    "duty": {"role": "duty_supervisor", "halls": ("h1",)},
    "head": {"role": "unit_head", "units": ("u1",)},
    "other": {"role": "unit_head", "units": ("u2",)},
    "lead": {"role": "window_lead", "windows": ("w2",)},
    "person": {"role": "staff", "staff": "s01"},
    "far": {"role": "duty_supervisor", "halls": ("h2",)},
    "auditor": {"role": "auditor"},
}
GIVEN = [
    # device, when, score, more: w1 has 5, 4, 2 and 1; w2 has 3; the lobby a 1 that names s03, and a 5 that names nobody
    ("e1", "03-02 09:00", 5, {"staff": "s01", "case": "1", "stage": "completed"}),
    ("e1", "03-02 10:00", 4, {"staff": "s02", "case": "2"}),
    ("e1", "03-02 11:00", 2, {"staff": "s01", "comment": "材料要求前后不一", "tags": ["未办结"]}),
    ("e1", "03-03 09:00", 1, {"comment": "乱说一通"}),
    ("e2", "03-03 09:30", 3, {"staff": "s03", "origin": "screen"}),
    ("lobby", "03-03 10:00", 1, {"staff": "s03"}),
    ("lobby", "03-03 10:10", 5, {}),
    ("e9", "03-03 10:20", 1, {"staff": "s90"}),
]
DONE = [("1", "w1", "s01"), ("2", "w1", "s02"), ("3", "w1", "s01"), ("4", "w2", "s03")]


@dataclass
class Place:
    world: World
    http: httpx.Client
    tokens: dict[str, str]

    def get(self, user: str, path: str, **params: Any) -> httpx.Response:
        return self.http.get(f"/api/v1/{path}", params=params, headers={"Authorization": f"Bearer {self.tokens[user]}"})

    def json(self, user: str, path: str, **params: Any) -> Any:
        answer = self.get(user, path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def served_world(world: World, **more: Any) -> Iterator[tuple[httpx.Client, Deps]]:
    made = Deps(
        store=world.store, clock=world.clock, metrics=Metrics(), health=Health(monotonic=world.clock.monotonic),
        registry=world.program.registry, calendars=world.program.calendars,
        policies=Policies.fixed(world.settings.policy), look=world.judging.look, **more,
    )  # fmt: skip
    server = HttpServer(make_app(made))
    server.start()
    with plain_http.client(base_url=server.url, timeout=30) as http:
        yield http, made
    server.stop()


def world_rows() -> Tables:
    return hall(
        1,
        halls=[
            {"id": "h1", "name": "政务中心", "attendance": "tongshan"},
            {"id": "h2", "name": "镇便民中心", "attendance": "tongshan"},
        ],
        units=[
            {"id": "u1", "hall": "h1", "name": "审批局"},
            {"id": "u2", "hall": "h1", "name": "税务局"},
            {"id": "u9", "hall": "h2", "name": "镇政府"},
        ],
        windows=[{**w, "hall": "h2" if w["id"] == "x1" else "h1"} for w in WINDOWS],
        staff=[{"id": s, "unit": u, "name": f"员工{s}"} for s, u in PEOPLE],
        posts=[{"window": "w1", "staff": "s01", "rank": "A"}],
        devices=DEVICES,
    )


def made_world(store: Store, folder: Path) -> World:
    return World(store, folder, world_rows())


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Iterator[Place]:
    world = made_world(store, tmp_path)
    for number, window, staff in DONE:
        for event, when in (("accepted", "03-02 08:10"), ("completed", "03-02 08:40")):
            more = {"result": "granted"} if event == "completed" else {"item": "i1"}
            world.event("cases", "case", when, case=number, event=event, window=window, staff=staff, numbered=False,
                        **more)  # fmt: skip
    for device, when, score, more in GIVEN:
        world.event(device, "rating", when, score=score, numbered=False, **more)
    world.judge("03-03 15:00")
    for user, told in USERS.items():
        person = Person(id=user, name=user, **told)  # type: ignore[arg-type]
        store.step(lambda c, p=person: save_person(c, world.program.registry.get(c), p, actor="cli", now=at("08:00")))
    tokens = {user: store.step(lambda c, u=user: create_token(c, now=at("08:00"), user=u)) for user in USERS}
    with served_world(world) as (http, _):
        yield Place(world, http, tokens)


def set_aside(place: Place, finding: str = "malicious") -> int:
    """The card of 「乱说一通」 is verified so; its number."""
    [card] = [c for c in place.world.cards("rating.bad") if c["reason"]["figures"].get("score") == 1 and
              c["window"] == "w1"]  # fmt: skip
    number = int(card["number"])
    for event, given in (("acknowledged", {}), ("verified", {"finding": finding})):
        place.world.store.step(
            lambda c, e=event, g=given: transition(
                c, number, e, actor="cli", why="已核实", now=place.world.clock.now(), given=g
            )
        )
    return number


# --------------------------------------------------------------------------- figures by hand


def test_figures_are_those_that_a_hand_counts(place: Place) -> None:
    found = place.json("duty", "ratings/summary", by="window")
    assert (found["first"], found["last"], found["bad_at_most"]) == ("2026-03-01", "2026-03-03", 2)
    assert (found["ratings"], found["scores"]) == (7, {"1": 2, "2": 1, "3": 1, "4": 1, "5": 2})
    assert found["satisfaction_ratio"] == pytest.approx(4 / 7, abs=1e-6)
    assert found["average"] == pytest.approx(21 / 7, abs=1e-4)
    assert (found["completed"], found["unrated"]) == (4, 2)
    days = {one["day"]: (one["ratings"], one["satisfaction_ratio"]) for one in found["trend"]}
    assert days == {"2026-03-01": (0, None), "2026-03-02": (3, 0.666667), "2026-03-03": (4, 0.5)}
    parts = {p["id"]: (p["ratings"], p["scores"]["1"], p["completed"], p["unrated"], p["few"]) for p in found["parts"]}
    assert parts == {"w1": (4, 1, 3, 1, True), "w2": (1, 0, 1, 1, True), None: (2, 1, 0, 0, True)}


def test_what_was_found_malicious_counts_neither_way_as_in_the_metric(place: Place) -> None:
    number = set_aside(place)
    found = place.json("duty", "ratings/summary")
    assert (found["ratings"], found["set_aside"], found["scores"]["1"]) == (6, 1, 1)
    with place.world.store.read() as conn:
        metric = _satisfaction(conn, at("03-01 00:00").astimezone(UTC), 2)
    assert found["satisfaction_ratio"] == pytest.approx(metric["h1"], abs=1e-6)
    [row] = [r for r in place.json("duty", "ratings", bad="true") if not r["counts"]]
    assert (row["card"]["number"], row["card"]["followup"], row["comment"]) == (number, "malicious", "乱说一通")


def test_by_item_through_the_case_and_by_person(place: Place) -> None:
    items = {p["id"]: p for p in place.json("duty", "ratings/summary", by="item")["parts"]}
    assert (items["i1"]["ratings"], items["i1"]["completed"], items["i1"]["unrated"]) == (2, 4, 2)
    assert items[None]["ratings"] == 5
    people = {p["id"]: (p["ratings"], p["unrated"]) for p in
              place.json("duty", "ratings/summary", by="staff")["parts"]}  # fmt: skip
    assert people == {"s01": (2, 1), "s02": (1, 0), "s03": (2, 1), None: (2, 0)}


ASKED: Final = [
    ({"span": "today"}, 1, 4),
    ({"span": "week"}, 2, 7),
    ({"span": "quarter"}, 62, 7),
    ({"from": "2026-03-02", "to": "2026-03-02"}, 1, 3),
    ({"from": "2025-01-01", "to": "2026-03-31"}, 15, 7),
    ({"span": "own", "to": "2026-03-02"}, 2, 3),
    ({"window": "w1"}, 3, 4),
    ({"staff": "s03"}, 3, 2),
    ({"origin": "screen"}, 3, 1),
    ({"score": "1"}, 3, 2),
    ({"bad": "true"}, 3, 3),
    ({"commented": "true"}, 3, 2),
    ({"item": "i1"}, 3, 2),
    ({"hall": "h1"}, 3, 7),
    ({"hall": "h2"}, 3, 0),
    ({"window": "nothing"}, 3, 0),
]


def test_spans_and_filters(place: Place) -> None:
    for asked, days, ratings in ASKED:
        found = place.json("duty", "ratings/summary", **asked)
        assert (len(found["trend"]), found["ratings"]) == (days, ratings)
        assert sum(one["ratings"] for one in found["trend"]) == ratings
        assert len(place.json("duty", "ratings", **asked)) == ratings


NOT_ASKED: Final = [
    {"from": "gestern"},
    {"from": "2026-02-30"},
    {"from": "0001-01-01"},
    {"to": "9999-12-31"},
    {"span": "year"},
    {"from": "2026-03-03", "to": "2026-03-02"},
    {"from": "2020-01-01", "to": "2026-03-02"},
    {"score": "6"},
    {"origin": "phone"},
    {"bad": "vielleicht"},
    {"window": "x" * 201},
    {"window": "a\x00b"},
    {"limit": "0"},
    {"cursor": "!"},
    {"cursor": "WzEsMl0x"},
    {"cursor": "WyJhIiwgIm4vMSJd"},
    {"cursor": "Wzk5OTk5OTk5OTk5OTk5OTk5OTksIDFd"},
    {"cursor": "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsIDFd"},
]


def test_what_cannot_be_asked_is_told_and_not_a_fault(place: Place) -> None:
    for asked in NOT_ASKED:
        answer = place.get("duty", "ratings", **asked)
        assert (answer.status_code, bool(answer.json()["detail"])) == (422, True), answer.text


# --------------------------------------------------------------------------- who sees what


REACH: Final = [
    ("duty", [5, 1, 3, 1, 2, 4, 5], ["n/4", "n/3"]),
    ("head", [1, 2, 4, 5], ["n/3"]),
    ("other", [1, 3], ["n/4"]),
    ("lead", [3], ["n/4"]),
    ("person", [2, 5], ["n/3"]),
    ("far", [1], []),
    ("auditor", [1, 5, 1, 3, 1, 2, 4, 5], ["n/4", "n/3"]),
]


def test_each_role_sees_its_own_reach_and_nothing_else(place: Place) -> None:
    for user, scores, unrated in REACH:
        assert [row["score"] for row in place.json(user, "ratings")] == scores
        assert place.json(user, "ratings/summary")["ratings"] == len(scores)
        assert [row["case"] for row in place.json(user, "ratings/unrated")] == unrated


def test_a_rating_of_a_device_that_is_out_of_service_is_still_its_halls(place: Place) -> None:
    from monitor.supervision.devices import revoke

    place.world.store.step(lambda c: revoke(c, "lobby", actor="cli", why="报废", now=place.world.clock.now()))
    assert place.json("duty", "ratings/summary")["ratings"] == 7


def test_without_the_scope_nobody_reads(place: Place) -> None:
    token = place.world.store.step(lambda c: create_token(c, now=at("08:00"), halls=["h1"], scopes=["cards:read"]))
    for path in ("ratings", "ratings/summary", "ratings/unrated"):
        assert place.http.get(f"/api/v1/{path}").status_code == 401
        asked = place.http.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        assert asked.status_code == 403


# --------------------------------------------------------------------------- lists in pages


def test_pages_one_after_the_other_are_the_whole_list(place: Place) -> None:
    for path, limit in product(("ratings", "ratings/unrated"), (1, 2, 3)):
        _page_through(place, path, limit)


def _page_through(place: Place, path: str, limit: int) -> None:
    whole = place.json("duty", path)
    found, answer = [], place.get("duty", path, limit=limit)
    for _ in range(20):
        assert len(answer.json()) <= limit
        found += answer.json()
        if "next" not in answer.links:
            break
        headers = {"Authorization": f"Bearer {place.tokens['duty']}"}
        answer = place.http.get(answer.links["next"]["url"], headers=headers)
    assert found == whole


def test_a_comment_that_is_erased_is_gone_from_the_list(place: Place) -> None:
    from monitor.ops.retention.run import run
    from monitor.settings import RetentionSettings

    set_aside(place)
    assert len(place.json("duty", "ratings", commented="true")) == 2
    for card in [c for c in place.world.cards("rating.bad") if c["state"] != "withdrawn"]:
        place.world.store.step(
            lambda c, n=card["number"]: transition(
                c, n, "withdrawn", actor="cli", why="测试", now=place.world.clock.now()
            )
        )
    run(place.world.store, RetentionSettings(comments_days=1), place.world.clock.now() + timedelta(days=9), "op")
    assert place.json("duty", "ratings", commented="true") == []
    assert {row["comment"] for row in place.json("duty", "ratings")} == {None}


def test_a_case_counts_as_rated_whoever_rated_it_at_whichever_stage(place: Place) -> None:
    place.world.event("e2", "rating", "03-03 15:10", score=4, case="4", stage="accepted", numbered=False)
    place.world.clock.set(at("03-03 15:20"))
    assert [row["case"] for row in place.json("duty", "ratings/unrated")] == ["n/3"]
