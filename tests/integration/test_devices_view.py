"""Devices as the console shows them: their states, how far their data are complete, what a loss would mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitor.access import Principal
from monitor.store.engine import Store
from monitor.store.schema import DeviceStatus, LostSpan
from monitor.store.sql import table_of
from monitor.supervision.devicelist import Chosen, DeviceLine, list_devices
from monitor.supervision.devices import revoke
from monitor.supervision.deviceview import device_file
from monitor.supervision.losses import declare_lost
from monitor.supervision.lossview import LossPreview, preview
from monitor.supervision.refused import Refused
from tests.halls import at, hall, told
from tests.world import World

pytestmark = pytest.mark.scenarios

WINDOWS = [{"id": f"w{n}", "unit": "u1", "name": f"{n}号窗口"} for n in (1, 2)] + [{"id": "w9", "unit": "u9"}]
DEVICES = [
    {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
    {"id": "c1", "kind": "camera", "window": "w1"},
    {"id": "c2", "kind": "camera", "window": "w2"},
    {"id": "e1", "kind": "evaluator", "window": "w1"},
    {"id": "e2", "kind": "evaluator", "window": "w2"},
    {"id": "g1", "kind": "gateway", "hall": "h1", "watermark": "events"},
    {"id": "e9", "kind": "evaluator", "window": "w9"},
]  # fmt: skip
DUTY = Principal(id="duty", role="duty_supervisor", halls=frozenset(["h1"]))
AUDITOR = Principal(id="auditor", role="auditor")


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    tables = hall(
        3,
        halls=[{"id": "h1", "name": "政务中心", "attendance": "tongshan"}, {"id": "h9", "name": "别的大厅"}],
        units=[{"id": "u1", "hall": "h1"}, {"id": "u9", "hall": "h9"}],
        windows=WINDOWS,
        posts=[{"window": f"w{n}", "staff": f"s0{n}", "rank": "A"} for n in (1, 2)],
        devices=DEVICES,
    )
    return World(store, tmp_path, tables)


def listed(world: World, when: str, who: Principal = DUTY, **chosen: object) -> dict[str, DeviceLine]:
    now = world.clock.set(at(when))
    with world.store.read() as conn:
        look = world.judging.look(conn, now)
        found, _ = list_devices(look, world.settings.policy.device, who, Chosen(**chosen))  # type: ignore[arg-type]
    return {line.id: line for line in found}


def plain(world: World) -> None:
    """Events and heartbeats as they should be."""
    for clock in ("08:31", "08:40", "08:59"):
        world.event("c1", "presence", clock, people=1, view="ok")
        world.beat("c1", clock)


def queued(world: World) -> None:
    plain(world)
    world.beat("c1", "09:00", queue=3)


def holed(world: World) -> None:
    plain(world)
    world.event("c1", "presence", "09:00", people=1, view="ok", seq=7)
    world.beat("c1", "09:01", last_seq=7)


def slow(world: World) -> None:
    for n in range(4):
        world.beat("c1", f"08:3{n}", received=f"08:4{n}")


def slow_once(world: World) -> None:
    """Wrong for most of the boot, then set right."""
    for n in range(20):
        world.beat("c1", f"08:{10 + n}", received=f"08:{20 + n}")
    for n in range(9):
        world.beat("c1", f"08:5{n}")


def restarted(world: World) -> None:
    """The newest boot has proven nothing yet."""
    plain(world)
    world.beat("c1", "09:02", boot="b2", queue=2)


def declared(world: World) -> None:
    plain(world)
    start, end = (at(clock).astimezone(UTC) for clock in ("09:00", "09:20"))
    world.clock.set(at("09:25"))
    world.store.step(lambda c: declare_lost(c, "c1", start, end, actor="x", why="坏了", now=world.clock.now()))


def held(world: World) -> None:
    plain(world)
    world.event("c1", "presence", "09:00", people=1, view="ok", window="w77")
    world.beat("c1", "09:05")


def held_beside(world: World) -> None:
    """What is held is no evidence of what is judged on it, but its number is."""
    plain(world)
    world.event("e1", "rating", "09:00", score=5, window="w77")
    world.beat("e1", "09:05")
    world.event("e1", "rating", "09:06", score=5)
    world.beat("e1", "09:10")


def unnumbered(world: World) -> None:
    world.event("c1", "presence", "08:40", people=1, view="ok", numbered=False)
    world.beat("c1", "08:41", last_seq=None)


def nothing(world: World) -> None:
    """It never said a word."""


@pytest.mark.parametrize(
    "story", [plain, queued, holed, slow, slow_once, restarted, declared, held, held_beside, unnumbered, nothing]
)
def test_how_far_data_are_complete_is_what_the_judge_says(world: World, story: Callable[[World], None]) -> None:
    story(world)
    world.event("g1", "rating", "08:50", score=5, window="w1")
    world.judge("09:30")
    for _ in range(2):  # the second time with what the first one has found out
        lines = listed(world, "09:30")
        for device in ("c1", "g1", "e1"):
            state = world.state_of(device, "09:30")
            assert lines[device].complete_to == state.watermark, device
            assert lines[device].trusted == (state.trusted and state.watermark is not None), device


@pytest.mark.both_databases
def test_the_list_has_what_is_within_reach_the_worst_first(world: World) -> None:
    world.beats("c1", "08:30", "09:00")
    world.beats("e1", "08:30", "08:50")
    world.beat("e9", "09:00")
    insert = table_of(DeviceStatus).insert()
    row = {"device": "c2", "state": "offline", "received": at("08:45").astimezone(UTC), "firmware": "1"}
    world.store.step(lambda conn: conn.execute(insert.values(row)))
    world.store.step(lambda conn: revoke(conn, "e2", actor="x", why="拆除", now=world.clock.now()))
    found = listed(world, "09:01", worst_first=True)
    assert [(line.id, line.state) for line in found.values()] == [
        ("e1", "silent"), ("c2", "offline"), ("t1", "never"), ("c1", "online"), ("g1", "events"), ("e2", "revoked"),
    ]  # fmt: skip
    assert set(listed(world, "09:01", AUDITOR)) == {*found, "e9"}
    assert set(listed(world, "09:01", window="-")) == {"t1", "g1"}
    assert set(listed(world, "09:01", kind="camera", state="offline")) == {"c2"}
    assert set(listed(world, "09:01", hall="h9")) == set()
    assert list(listed(world, "09:01", after=(0, "e1"))) == ["e2", "g1", "t1"]
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        assert device_file(look, world.settings.policy.device, DUTY, "e9") is None
        file = device_file(look, world.settings.policy.device, DUTY, "e1")
    assert file is not None
    assert [(told(a), told(b)) for a, b in file.beats.gaps][-1] == ("08:50", "09:01")
    assert [(boot.beats, boot.missing, boot.trusted) for boot in file.boots] == [(21, None, True)]


def previewed(world: World, device: str, first: str, last: str) -> LossPreview:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        return preview(look, world.settings.policy, device, *(at(t).astimezone(UTC) for t in (first, last)))


def emptied(world: World) -> None:
    """Window 2 is empty from 09:00 on; the terminal heard nobody, and both went on sending."""
    for n in range(150):
        when = told(at("08:30") + timedelta(minutes=n))
        world.event("c2", "presence", when, people=1 if n < 30 else 0, view="ok")
        world.beat("c2", when)
        world.beat("t1", when)
    world.judge("11:00")


@pytest.mark.both_databases
@pytest.mark.parametrize("device", ["c2", "t1"])
def test_a_preview_is_what_then_happens(world: World, device: str) -> None:
    emptied(world)
    before = {card["number"]: card["state"] for card in world.cards()}
    found = previewed(world, device, "08:00", "10:55")
    kind = "post" if device == "c2" else "slot"
    assert found.exact
    assert found.changed[kind] > 0
    assert {one.after for one in found.first} <= {"unproven", "pending"}, "a session that runs on is pending again"
    assert found.withdrawn
    assert {card["number"]: card["state"] for card in world.cards()} == before, "nothing was written"
    with world.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(table_of(LostSpan))).scalar_one() == 0
    start, end = (at(clock).astimezone(UTC) for clock in ("08:00", "10:55"))
    world.store.step(lambda c: declare_lost(c, device, start, end, actor="x", why="坏了", now=world.clock.now()))
    world.judge("11:00")
    after = {card["number"]: card["state"] for card in world.cards()}
    gone = {number for number, state in after.items() if state == "withdrawn" and before.get(number) != "withdrawn"}
    assert gone == set(found.withdrawn)
    for one in found.first:
        assert world.verdict(f"{one.kind}:{one.key}") == one.after, one


def test_a_device_that_proves_nothing_of_the_span_changes_nothing(world: World) -> None:
    emptied(world)
    found = previewed(world, "c1", "08:00", "08:10")
    assert (sum(found.changed.values()), found.withdrawn, found.first) == (0, (), ())


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("10:00", "11:30", "尚未到来"),
        ("10:00", "10:00", "结束须晚于开始"),
        ("10:00", "09:00", "结束须晚于开始"),
        ("2025-01-01 10:00", "10:00", "至多 92 天"),
        ("1970-01-01 10:00", "1970-01-01 11:00", "至多 92 天"),
    ],
)
def test_a_span_that_cannot_be_declared(world: World, first: str, last: str, says: str) -> None:
    world.clock.set(at("11:00"))
    with pytest.raises(Refused, match=says):
        previewed(world, "c1", first, last)
