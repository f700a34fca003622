"""The hall at a glance (监察大屏): each window as it stands now, from the facts that cards are judged on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.supervision import boardkeeper
from monitor.supervision.board import TILE_STATES
from monitor.supervision.boardkeeper import BoardKeeper
from monitor.supervision.postdays import post_days
from monitor.supervision.refused import Refused
from tests.boards import board, board_json
from tests.halls import at, hall, told
from tests.world import World

pytestmark = pytest.mark.scenarios

WINDOWS = [{"id": f"w{n}", "unit": "u1", "name": f"{n}号窗口"} for n in range(1, 5)]
POSTS = [{"window": f"w{n}", "staff": f"s0{n}", "rank": "A"} for n in range(1, 5)]
DEVICES = [
    {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
    {"id": "c1", "kind": "camera", "window": "w1"},
    {"id": "c2", "kind": "camera", "window": "w2"},
    {"id": "c3", "kind": "camera", "window": "w3"},
    {"id": "e1", "kind": "evaluator", "window": "w1"},
    {"id": "cases", "kind": "cases", "hall": "h1", "namespace": "n"},
]  # fmt: skip


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(4, windows=WINDOWS, posts=POSTS, devices=DEVICES))


def looked(world: World, when: str) -> dict[str, Any]:
    now = world.clock.set(at(when))
    with world.store.read() as conn:
        return board_json(board(world.judging.look(conn, now), world.settings.policy.post, "h1"))


def states(found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {tile["window"]: (tile["state"], told(tile["since"])) for tile in found["windows"]}


def seen(world: World, camera: str, first: str, last: str, people: int, **more: Any) -> None:
    when = at(first)
    while when <= at(last):
        world.event(camera, "presence", told(when), people=people, view="ok", **more)
        world.beat(camera, told(when))
        when = when.replace() + (at("00:00:30") - at("00:00:00"))


@pytest.mark.both_databases
def test_each_window_shows_what_is_known_of_it_and_since_when(world: World) -> None:
    """Somebody in view; nobody for ten minutes; a camera that went silent; nothing that could tell."""
    seen(world, "c1", "08:30", "09:00", 1)
    seen(world, "c2", "08:30", "08:50", 1)
    seen(world, "c2", "08:50:30", "09:00", 0)
    seen(world, "c3", "08:30", "08:40", 1)
    found = looked(world, "09:00")
    shown = states(found)
    assert shown["w1"] == ("A", "08:30")
    assert shown["w2"] == ("empty", "08:50:30")
    assert shown["w3"][0] == "unknown"
    assert shown["w4"][0] == "unwatched"
    assert [t["who"] for t in found["windows"]][:2] == [["s01"], []]
    assert (found["name"], found["windows"][1]["name"]) == ("政务中心", "2号窗口")
    counted = found["counters"]
    assert {k: counted[k] for k in ("present", "empty", "unknown", "unwatched", "off")} == {
        "present": 1, "empty": 1, "unknown": 1, "unwatched": 1, "off": 0,
    }  # fmt: skip


def test_what_was_not_heard_of_yet_is_not_unknown_before_it_is_late(world: World) -> None:
    """Between two heartbeats a window stands as it was last known; a camera that says nothing more is told."""
    seen(world, "c2", "08:30", "09:00", 0)
    assert states(looked(world, "09:00:40"))["w2"] == ("empty", "08:30")
    assert states(looked(world, "09:02"))["w2"] == ("empty", "08:30")
    assert states(looked(world, "09:02:01"))["w2"] == ("unknown", "09:00")


def test_outside_service_hours_nobody_has_to_be_there(world: World) -> None:
    seen(world, "c1", "08:30", "08:31", 0)
    assert set(states(looked(world, "12:30")).values()) == {("off", "-")}
    assert set(states(looked(world, "03-07 10:00")).values()) == {("off", "-")}, "a Saturday"


def test_a_tile_says_what_the_timeline_of_the_day_says_last(world: World) -> None:
    """An outing slip, then a sign-on by a colleague: state, who and cause are those of `report posts`."""
    world.plan(outings=[{"id": "o1", "staff": "s02", "from": at("08:40"), "to": at("09:05")}])
    seen(world, "c2", "08:30", "08:40", 1)
    seen(world, "c2", "08:40:30", "09:00", 0)
    world.event("t1", "duty", "08:45", action="on", staff="s03", window="w1")
    for when in ("08:39", "08:50", "09:00"):
        tiles = looked(world, when)["windows"]
        with world.store.read() as conn:
            look = world.judging.look(conn, at(when).astimezone(UTC))
            days = post_days(look, world.settings.policy.post, look.now.date(), hall="h1")
        last = [(d.window, d.segments[-1].state, d.segments[-1].who, d.segments[-1].charged) for d in days]
        assert [(t["window"], t["state"], tuple(t["who"]), t["charged"]) for t in tiles] == last, when


@pytest.mark.both_databases
def test_cases_ratings_and_cards_stand_on_their_window(world: World) -> None:
    seen(world, "c1", "08:30", "09:00", 1)
    seen(world, "c2", "08:30", "09:00", 0)
    for n, window in ((1, "w1"), (2, "w1"), (3, "w4")):
        world.event("cases", "case", "08:40", case=f"{n}", event="accepted", item="i1", window=window, numbered=False)
    world.event("cases", "case", "08:50", case="2", event="completed", result="granted", numbered=False)
    world.event("e1", "rating", "08:45", score=2)
    world.event("e1", "rating", "08:55", score=5)
    world.judge("09:00")
    found = looked(world, "09:00")
    first, second, third, _ = found["windows"]
    assert [t["running"] for t in found["windows"]] == [1, 0, 0, 1]
    assert (first["rating"]["score"], told(first["rating"]["at"])) == (5, "08:55")
    assert second["rating"] is None
    assert (second["card"]["level"], second["card"]["rule"]) == ("red", "post.empty")
    assert (first["card"]["level"], first["card"]["rule"]) == ("yellow", "rating.bad")
    assert third["card"] is None
    assert (first["device_card"]["rule"], second["device_card"]) == ("device.silent", None)
    assert found["counters"]["running"] == 2
    assert (found["cards"]["red"], found["cards"]["yellow"]) == (5, 1), "devices that never spoke have cards, too"


def test_a_case_past_its_limit_is_overdue_on_its_window_until_it_is_completed(world: World) -> None:
    world.event("cases", "case", "08:40", case="1", event="accepted", item="i1", window="w1", numbered=False)
    world.beat("cases", "03-16 09:00", last_seq=None)
    world.judge("03-16 09:00")
    assert [(t["running"], t["overdue"]) for t in looked(world, "03-16 09:00")["windows"]][0] == (1, 1)
    world.event("cases", "case", "03-16 09:10", case="1", event="completed", result="granted", numbered=False)
    world.judge("03-16 09:15")
    assert [(t["running"], t["overdue"]) for t in looked(world, "03-16 09:15")["windows"]][0] == (0, 0)


def test_a_hall_that_there_is_not(world: World) -> None:
    with world.store.read() as conn, pytest.raises(Refused, match="h9"):
        board(world.judging.look(conn, at("09:00").astimezone(UTC)), world.settings.policy.post, "h9")


def test_every_state_has_its_words() -> None:
    from monitor.wording.posts import SEGMENTS

    assert set(TILE_STATES) == set(SEGMENTS) | {"off"}


# --------------------------------------------------------------------------- kept while somebody looks


class Kept:
    """A keeper beside the board made afresh each time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keeper = BoardKeeper("h1", world.settings.policy.post)

    def at(self, when: str) -> tuple[dict[str, Any], dict[str, Any]]:
        now = self.world.clock.set(at(when))
        with self.world.store.read() as conn:
            look = self.world.judging.look(conn, now)
            return board_json(self.keeper.refresh(look)), board_json(board(look, self.world.settings.policy.post, "h1"))


@pytest.mark.both_databases
def test_a_kept_board_is_the_one_made_afresh_and_judges_only_what_changed(world: World) -> None:
    kept = Kept(world)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)
    told_, afresh = kept.at("08:40")
    assert told_ == afresh
    kept.at("08:40:01")
    assert kept.keeper.judged == 8
    for n, (device, channel, body, windows) in enumerate([
        ("c2", "presence", {"people": 0, "view": "ok"}, 1),
        ("c1", "presence", {"people": 1, "view": "dark"}, 1),
        ("e1", "rating", {"score": 5}, 1),
        ("t1", "duty", {"action": "on", "staff": "s03", "window": "w3"}, 1),
        ("t1", "checkin", {"staff": "s04", "method": "card"}, 1),
        ("cases", "case", {"case": "1", "event": "accepted", "item": "i1", "window": "w4"}, 1),
    ], 1):  # fmt: skip
        before = kept.keeper.judged
        world.event(device, channel, f"08:40:{2 * n:02}", **body)
        kept.at(f"08:40:{2 * n:02}")
        told_, afresh = kept.at(f"08:40:{2 * n + 1:02}")
        assert told_ == afresh, channel
        assert kept.keeper.judged - before == 2 * windows, channel
    before = kept.keeper.judged
    kept.at("08:40:14")
    assert kept.keeper.judged == before, "nothing came"


def test_somebody_seen_where_somebody_was_is_no_news(world: World) -> None:
    kept = Kept(world)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)
    kept.at("08:40")
    kept.at("08:40:01")
    before = kept.keeper.judged
    for minute in ("08:41", "08:42", "08:43", "08:44", "08:45", "08:46"):
        for camera in ("c1", "c2", "c3"):
            seen(world, camera, minute, minute, 1)
        told_, afresh = kept.at(minute)
        assert told_ == afresh, minute
    assert kept.keeper.judged - before == 6 + 3, "the one without a camera each time, the others once in five minutes"
    world.event("c1", "presence", "08:29:40", received="08:46:01", people=1, view="ok")
    told_, afresh = kept.at("08:46:01")
    assert told_ == afresh, "one that comes late shows that somebody was there before"
    world.event("c2", "presence", "08:46:02", people=0, view="ok")
    kept.at("08:46:02")
    world.beat("c2", "08:46:10")
    told_, afresh = kept.at("08:46:10")
    assert told_ == afresh
    assert states(told_)["w2"][0] == "empty", "and that nobody is, at once"


def test_who_is_there_changes_when_time_alone_changes_it_however_rarely_one_looks(world: World) -> None:
    """A name given by a case runs out, and a leave begins and ends, while cameras see somebody all the time."""
    seconds = [{"window": "w1", "staff": "s02", "rank": "B"}, {"window": "w3", "staff": "s04", "rank": "B"}]
    world.register(hall(4, windows=WINDOWS, posts=[*POSTS, *seconds], devices=DEVICES))
    told_of = {"approver": "lead", "approved_at": at("08:00"), "from": at("08:47"), "to": at("08:53")}
    world.plan(leave=[{"id": "l1", "staff": "s03", "kind": "official", **told_of}])
    kept, told = Kept(world), list[tuple[str, Any, Any]]()
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)
    kept.at("08:40")
    world.event("cases", "case", "08:40:05", case="1", event="accepted", item="i1", window="w1", staff="s02")
    for second in range(7, 20 * 60, 7):
        when = f"08:{40 + second // 60}:{second % 60:02}"
        for camera in ("c1", "c2", "c3") if second % 4 == 0 else ():
            seen(world, camera, when, when, 1)
        if when == "08:46:46":  # looked at a moment before its leave begins
            seen(world, "c3", "08:46:44", "08:46:44", 0)
            seen(world, "c3", "08:46:46", "08:46:46", 1)
        both = kept.at(when)
        for found in both:
            for tile in found["windows"]:
                tile.pop("cause")
        told_, afresh = both
        assert told_ == afresh, when
        told.append((when, *(tile["who"] for tile in told_["windows"][:3:2])))
    assert len({str(who) for _, who, _ in told}) == 2, "the name ran out"
    assert len({str(who) for _, _, who in told if who}) == 2, "the leave"
    assert kept.keeper.judged < len(told), "of four windows at each look"


def test_serving_where_one_is_seen_is_no_news_but_by_somebody_else_it_is(world: World) -> None:
    kept = Kept(world)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)
    for second in ("08:40", "08:40:01"):
        kept.at(second)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:40:10", "08:40:10", 1)
    kept.at("08:40:10")
    accepted = {"event": "accepted", "item": "i1", "window": "w1", "numbered": False}
    for n, (device, channel, body, judged) in enumerate([
        ("e1", "rating", {"score": 5}, 0),
        ("cases", "case", {"case": "1", **accepted}, 0),
        ("cases", "case", {"case": "2", "staff": "s01", **accepted}, 2),  # until then nothing had named who is there
        ("cases", "case", {"case": "4", "staff": "s01", **accepted}, 0),
        ("cases", "case", {"case": "3", "staff": "s02", **accepted}, 2),
    ], 1):  # fmt: skip
        before = kept.keeper.judged
        world.event(device, channel, f"08:40:{10 + 2 * n}", **body)
        world.judge(f"08:40:{10 + 2 * n}")
        kept.at(f"08:40:{10 + 2 * n}")
        told_, afresh = kept.at(f"08:40:{11 + 2 * n}")
        for tile in (*told_["windows"], *afresh["windows"]):
            tile["cause"] = tile["cause"] in ("camera", "rating", "case")  # which of them is told at the next look
        assert told_ == afresh, n
        assert kept.keeper.judged - before == judged, n


@pytest.mark.both_databases
def test_a_card_that_changes_is_on_it_at_once(world: World) -> None:
    kept = Kept(world)
    kept.at("08:40")
    world.event("e1", "rating", "08:40:01", score=1, id="r1")
    kept.at("08:40:01")
    world.judge("08:40:02")
    told_, afresh = kept.at("08:40:02")
    assert told_ == afresh
    assert told_["windows"][0]["card"]["state"] == "open"
    with world.store.write() as conn:
        conn.execute(update(CARD).where(CARD.c.rule == "rating.bad").values(state="acknowledged", sequence=2))
    told_, afresh = kept.at("08:40:03")
    assert told_ == afresh
    assert told_["windows"][0]["card"]["state"] == "acknowledged"


@pytest.mark.both_databases
def test_a_case_that_is_judged_a_moment_after_its_event_is_counted_at_the_next_look(world: World) -> None:
    world.judge("08:40")
    kept = Kept(world)
    kept.at("08:40")
    world.event("cases", "case", "08:40:01", case="1", event="accepted", item="i1", window="w1", numbered=False)
    kept.at("08:40:01")
    world.judge("08:40:02")
    told_, afresh = kept.at("08:40:02")
    assert told_ == afresh
    assert told_["windows"][0]["running"] == 1


def test_time_a_plan_a_heartbeat_and_the_end_of_hours_change_it_too(world: World) -> None:
    kept = Kept(world)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)
    kept.at("08:40")
    told_, afresh = kept.at("08:45")
    assert told_ == afresh, "cameras that fell silent"
    assert states(told_)["w1"][0] == "unknown"
    world.plan(outings=[{"id": "o1", "staff": "s02", "from": at("08:45"), "to": at("09:05")}])
    told_, afresh = kept.at("08:45:01")
    assert told_ == afresh, "a plan"
    world.beat("c1", "08:45:02")
    told_, afresh = kept.at("08:45:02")
    assert told_ == afresh, "a heartbeat"
    told_, afresh = kept.at("11:59:59")
    told_, afresh = kept.at("12:00")
    assert told_ == afresh
    assert {state for state, _ in states(told_).values()} == {"off"}


def test_what_came_before_a_look_that_failed_is_on_the_next_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(world)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)
    kept.at("08:40")
    world.event("c2", "presence", "08:40:02", people=0, view="ok")
    world.beat("c2", "08:40:10")

    def fails(*_: Any) -> Any:
        raise OSError("the store is away")

    with monkeypatch.context() as away:
        away.setattr(boardkeeper, "states", fails)
        with pytest.raises(OSError, match="away"):
            kept.at("08:40:12")
    told_, afresh = kept.at("08:40:13")
    assert told_ == afresh
    assert states(told_)["w2"][0] == "empty"


def test_what_did_not_change_are_the_very_tiles_of_before(world: World) -> None:
    kept = Kept(world)
    for camera in ("c1", "c2", "c3"):
        seen(world, camera, "08:30", "08:40", 1)

    def look(when: str) -> Any:
        now = world.clock.set(at(when))
        with world.store.read() as conn:
            return kept.keeper.refresh(world.judging.look(conn, now))

    look("08:40")
    before = look("08:40:01")
    quiet = look("08:40:03")
    assert quiet.as_of > before.as_of
    assert quiet.tiles is before.tiles
    world.event("e1", "rating", "08:40:04", score=5)
    after = look("08:40:05")
    assert [new is old for new, old in zip(after.tiles, before.tiles, strict=True)] == [False, True, True, True]


def test_a_window_that_is_new_is_on_it(world: World) -> None:
    kept = Kept(world)
    kept.at("08:40")
    world.register(hall(4, windows=[*WINDOWS, {"id": "w5", "unit": "u1"}], posts=POSTS, devices=DEVICES))
    told_, afresh = kept.at("08:40:01")
    assert told_ == afresh
    assert [t["window"] for t in told_["windows"]] == ["w1", "w2", "w3", "w4", "w5"]
