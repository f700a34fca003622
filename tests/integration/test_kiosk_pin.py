"""Check-in at a kiosk by PIN: the routes, the event it becomes, repeats, lock-outs, who is told what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from monitor.store.engine import Store
from monitor.store.pins import PIN as PINS
from monitor.store.schema import HeartbeatRow, Quarantine
from monitor.store.sql import table_of
from monitor.supervision.erasure import erase
from monitor.supervision.pins import clear_pin
from monitor.supervision.tokens import create_token, revoke_token
from tests.halls import at
from tests.kiosks import API, HEAD, PIN, Kiosk, deps_of, give_pin, kiosk, small_world
from tests.world import World

pytestmark = pytest.mark.scenarios


@pytest.fixture
def page(store: Store, tmp_path: Path) -> Iterator[Kiosk]:
    world = small_world(store, tmp_path)
    give_pin(world, "s01")
    with kiosk(world) as opened:
        assert opened.beat().status_code == 200
        yield opened


@pytest.mark.both_databases
def test_a_right_pin_is_a_check_in_at_its_own_time_and_names_the_person(page: Kiosk) -> None:
    done = page.pin("s01", at=page.now(seconds=-5), direction="in")
    assert done.status_code == 200
    body = done.json()
    assert (body["state"], body["staff"], body["name"], body["method"]) == ("done", "s01", "员工1", "pin")
    (row,) = page.checkins()
    assert (row.staff, row.method, row.direction, row.source) == ("s01", "pin", "in", "k1")
    assert row.at == at("08:19:55")
    assert (row.distance, row.liveness, row.boot) == (None, None, "page-1")
    (noted,) = page.audit("kiosk.attempt")
    assert (noted.body["staff"], noted.body["result"], noted.object_id) == ("s01", "right", "k1")
    assert PIN not in str(noted.body)


@pytest.mark.both_databases
def test_the_same_again_is_the_same_answer_and_one_check_in(page: Kiosk) -> None:
    said = {"id": str(uuid4()), "at": page.now(), "staff": "s01", "pin": PIN}
    first, again = page.post("pin", said), page.post("pin", said)
    assert first.json() == again.json()
    assert len(page.checkins()) == 1
    other = page.post("pin", {**said, "staff": "s02"})
    assert (other.status_code, other.json()["code"]) == (409, "kiosk.other")


def test_a_wrong_pin_is_counted_and_five_lock_longer_each_time(page: Kiosk) -> None:
    clock = page.world.clock
    for left in (4, 3, 2, 1):
        wrong = page.pin("s01", "999998")
        assert (wrong.status_code, wrong.json()["code"], wrong.json()["left"]) == (403, "pin.wrong", left)
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        fifth = page.pin("s01", "999998")
        assert (fifth.status_code, fifth.json()["code"]) == (429, "pin.locked")
        assert fifth.json()["until"] == (clock.now() + timedelta(minutes=minutes)).isoformat()
        assert int(fifth.headers["Retry-After"]) == minutes * 60
        clock.advance(timedelta(minutes=minutes, seconds=-1))
        assert page.pin("s01").json()["code"] == "pin.locked", "a right one is not looked at either"
        clock.advance(timedelta(seconds=1))
    assert page.pin("s01").json()["state"] == "done"
    assert page.pin("s01", "999998").json()["left"] == 4, "a right one takes the count back"
    assert {row.body["result"] for row in page.audit("kiosk.attempt")} == {"wrong", "locked", "right"}


def test_whoever_has_none_is_told_the_same_as_whoever_has_one(page: Kiosk) -> None:
    told = [[page.pin(staff, "999998") for _ in range(6)] for staff in ("s01", "s02")]
    assert [[(r.status_code, r.json()["code"], r.json().get("left")) for r in row] for row in told][0] == [
        (r.status_code, r.json()["code"], r.json().get("left")) for r in told[1]
    ]


@pytest.mark.both_databases
def test_another_replica_knows_of_the_lock(page: Kiosk) -> None:
    for _ in range(5):
        page.pin("s01", "999998")
    with kiosk(page.world, "k2") as other:
        assert other.pin("s01").json()["code"] == "pin.locked"


@pytest.mark.parametrize(
    ("says", "staff"),
    [("nobody the registry knows", "s99"), ("of another hall", "x90"), ("an odd number", "x' OR 1=1")],
)
def test_who_does_not_check_in_here_is_refused_in_the_same_words(says: str, staff: str, page: Kiosk) -> None:
    refused = page.pin(staff)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (404, "kiosk.staff", "staff")
    assert refused.json()["detail"].startswith("此工号不能在本机签到")
    assert "外人" not in refused.text
    assert page.checkins() == []


@pytest.mark.both_databases
def test_a_kept_pin_that_is_wrong_is_recorded_for_review_and_names_nobody(page: Kiosk) -> None:
    kept = page.pin("s01", "999998", kept=True, at=page.now(minutes=-30)).json()
    assert (kept["state"], kept["staff"], "name" in kept) == ("review", "s01", False)
    (row,) = page.checkins()
    assert (row.method, row.liveness, row.at) == ("pin", 0.0, at("07:50"))
    assert page.pin("s01", kept=True, at=page.now(minutes=-20)).json()["state"] == "done"


def test_a_kept_one_is_not_lost_where_the_person_is_locked_out(page: Kiosk) -> None:
    for _ in range(5):
        page.pin("s01", "999998")
    assert page.pin("s01", kept=True).json()["state"] == "review"


@pytest.mark.parametrize(
    ("says", "change", "field"),
    [
        ("no id", {"id": None}, "id"),
        ("an id that is none", {"id": "1"}, "id"),
        ("a time without offset", {"at": "2026-03-02T08:20:00"}, "at"),
        ("a key that nobody knows", {"extra": 1}, "extra"),
        ("a direction that there is not", {"direction": "up"}, "direction"),
        ("a number for a PIN", {"pin": 274951}, "pin"),
    ],
)
def test_what_is_wrong_in_a_body_is_named_without_its_value(says: str, change: Any, field: str, page: Kiosk) -> None:
    refused = page.pin("s01", **change)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert refused.json()["detail"].startswith("请求内容不对")
    assert PIN not in refused.text


def test_a_body_that_is_too_long_or_no_json(page: Kiosk) -> None:
    assert page.http.post(f"{API}/pin", content=b"x" * 5000).status_code == 413
    assert page.http.post(f"{API}/pin", content=b"[").status_code == 422


def test_a_time_that_lies_ahead_is_refused_as_ingest_does(page: Kiosk, store: Store) -> None:
    refused = page.pin("s01", at=page.now(minutes=5))
    assert (refused.status_code, refused.json()["field"]) == (422, "at")
    assert page.checkins() == []
    with store.read() as conn:
        assert conn.execute(select(table_of(Quarantine).c.reason)).scalar_one() == "future"


def test_a_kiosk_tries_no_more_than_so_many_in_a_minute(store: Store, tmp_path: Path) -> None:
    world = small_world(store, tmp_path)
    with kiosk(world, deps=deps_of(world, pins_a_minute=3)) as page:
        codes = [page.pin(f"s0{n + 1}", "999998").json()["code"] for n in range(4)]
        assert codes == ["pin.wrong", "pin.wrong", "pin.wrong", "pin.too_many"]
        with kiosk(world, "k2", page.deps) as other:
            assert other.pin("s01", "999998").json()["code"] == "pin.wrong", "another kiosk is not held up"
        world.clock.advance(timedelta(minutes=1))
        assert page.pin("s01", "999998").json()["code"] == "pin.wrong"


def test_heartbeats_are_the_devices_own(page: Kiosk, store: Store) -> None:
    assert page.beat(queue=3, at=page.now(seconds=40)).status_code == 200
    with store.read() as conn:
        rows = conn.execute(select(table_of(HeartbeatRow)).order_by(table_of(HeartbeatRow).c.at)).all()
    assert [(row.device, row.boot, row.queue, row.delta_ms) for row in rows] == [
        ("k1", "page-1", 0, 0), ("k1", "page-1", 3, -40_000)
    ]  # fmt: skip


def test_what_the_page_may_offer(page: Kiosk) -> None:
    told = page.http.get(f"{API}/config").json()
    assert told == {
        "now": page.now(), "device": "k1", "hall": "h1", "hall_name": "政务中心", "zone": "Asia/Shanghai",
        "one_to_many": False, "faces": False, "pin": True, "challenge": True, "step_seconds": 8.0, "kept_most": 500,
    }  # fmt: skip


def test_only_a_kiosks_own_token_opens_it(page: Kiosk, store: Store) -> None:
    with store.write() as conn:
        device = create_token(conn, devices=["k1"], now=page.world.clock.now())
    for header, status in (({}, 401), ({"Authorization": f"Bearer {device}"}, 403)):
        assert page.http.request("GET", f"{API}/config", headers={"Authorization": "", **header}).status_code == status
    events = page.http.post("/api/v1/events", json=[])
    assert (events.status_code, "events:write" in events.text) == (403, True), "it has no other scope"
    store.step(lambda conn: revoke_token(conn, 1, actor=local(), why="失窃", now=page.world.clock.now()))
    assert page.http.get(f"{API}/config").status_code == 401


def local() -> Any:
    from monitor.supervision.commands import local as machine

    return machine("cli")


@pytest.mark.both_databases
def test_clearing_and_erasing_take_the_pin_away(page: Kiosk, store: Store) -> None:
    world: World = page.world
    give_pin(world, "s02")

    def clear(conn: Any) -> None:
        clear_pin(conn, world.program.registry.get(conn), "s01", actor=HEAD, now=world.clock.now())

    store.step(clear)
    assert page.pin("s01").json()["code"] == "pin.wrong"
    assert page.pin("s02").json()["state"] == "done"
    erased = store.step(lambda conn: erase(conn, "staff", "s02", actor="cli", now=world.clock.now()))
    assert erased.rows["staff_pin"] == 1
    with store.read() as conn:
        assert "s02" not in conn.execute(select(PINS.c.staff)).scalars().all()
