"""Boards that are looked at: what is sent is made once for all who see the same; what who comes back is given."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.access import Principal, Target, covers
from monitor.console import live
from monitor.console.live import LiveBoards, Reader
from monitor.console.pages import board as pages
from monitor.console.pages.board import View, said
from monitor.store.engine import Store
from monitor.supervision.board import Tile
from tests.halls import at, hall
from tests.integration.test_board import DEVICES, POSTS, WINDOWS
from tests.world import World


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    made = World(store, tmp_path, hall(4, windows=WINDOWS, posts=POSTS, devices=DEVICES))
    made.clock.set(at("08:40"))
    return made


class Running:
    """The world's clock, whose seconds are those that it was moved by."""

    def __init__(self, world: World) -> None:
        self.now = world.clock.now

    def monotonic(self) -> float:
        return self.now().timestamp()


@pytest.fixture
def boards(world: World) -> Iterator[LiveBoards]:
    """Nobody looks by itself: `looked` does."""
    clock: Any = Running(world)
    made = LiveBoards(world.store, clock, world.judging.look, world.settings.policy.post)
    made._wake = lambda: None  # type: ignore[method-assign]
    yield made
    made.close()


def looked(boards: LiveBoards, world: World, when: str) -> None:
    world.clock.set(at(when))
    boards._refresh(boards._of("h1"))


def about(reader: Reader) -> list[str | None]:
    return [message.about for message in reader.take()]


def test_a_reader_hears_what_changed_and_that_the_board_lives(boards: LiveBoards, world: World) -> None:
    with boards.reading("h1") as reader:
        assert reader.take() == []
        world.event("c1", "presence", "08:40:30", people=1, view="ok")
        world.beat("c1", "08:40:30")
        looked(boards, world, "08:40:31")
        looked(boards, world, "08:40:32")
        assert about(reader) == ["w1", "", None], "the tile, the counters, the time; each once"
        looked(boards, world, "08:40:33")
        looked(boards, world, "08:40:34")
        assert about(reader) == [None], "nothing changed: that it was looked at, once"


def test_what_is_told_in_between_wakes_the_reader(boards: LiveBoards, world: World) -> None:
    came = threading.Event()
    with boards.reading("h1") as reader:
        with reader.told(came.set):
            looked(boards, world, "08:41")
            assert came.is_set()
        came.clear()
        looked(boards, world, "08:42")
        assert not came.is_set()


def test_who_comes_back_is_given_what_was_missed_or_told_to_load_anew(
    boards: LiveBoards, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEPT", 6)
    with boards.reading("h1") as reader:
        looked(boards, world, "08:41")
        last = reader.take()[-1].id
    for second in range(10):
        looked(boards, world, f"08:41:{second + 10}")
    with boards.reading("h1") as reader:
        assert reader.resume(last), "ten looks at which nothing happened are no gap"
        assert about(reader)[-1] is None
    for n in range(8):
        world.event("c1", "presence", f"08:42:{n:02}", people=n % 2, view="ok")
        world.beat("c1", f"08:42:{n:02}")
        looked(boards, world, f"08:42:{n:02}")
    with boards.reading("h1") as reader:
        assert not reader.resume(last)
        for wrong in ("", "x-1", f"{live.EPOCH}-", f"{live.EPOCH}-x", f"{live.EPOCH}-¹", None):
            assert not reader.resume(wrong), wrong


def test_what_changes_while_a_page_is_on_its_way_is_on_it_afterwards(boards: LiveBoards, world: World) -> None:
    looked(boards, world, "08:41")
    shown, last = boards.page("h1")
    world.event("c1", "presence", "08:41:01", people=1, view="ok")
    world.beat("c1", "08:41:01")
    world.clock.set(at("08:41:03"))
    with boards.reading("h1") as reader:
        assert shown.as_of < at("08:41:01")
        assert reader.resume(last)
        assert about(reader)[0] == "w1"


def view(world: World, role: str, **theirs: Any) -> View:
    who = Principal(id=role, role=role, **theirs)

    def mine(tile: Tile) -> bool:
        return covers(who, Target(hall="h1", unit=tile.unit, window=tile.window))

    whole = covers(who, Target(hall="h1"))
    return View(key=None if whole else (who.role, who.units, who.windows, who.staff), mine=mine)


def test_what_all_see_alike_is_made_once(boards: LiveBoards, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    inner = pages.fragments

    def counted(message: Any, language: Any, mine: Any) -> Any:
        made.append(language)
        return inner(message, language, mine)

    monkeypatch.setattr(pages, "fragments", counted)
    duty, head = (view(world, role, halls=frozenset({"h1"})) for role in ("duty_supervisor", "supervision_head"))
    lead, other = (view(world, "window_lead", windows=frozenset({w})) for w in ("w1", "w2"))
    with boards.reading("h1") as reader:
        world.event("c1", "presence", "08:40:30", people=1, view="ok")
        world.beat("c1", "08:40:30")
        looked(boards, world, "08:40:31")
        tile, around, beat = reader.take()
    assert said(tile, "zh", duty) is said(tile, "zh", head) is said(tile, "zh", lead)
    assert said(tile, "zh", other) == b"", "a window that is not theirs"
    assert b"event: tile-w1" in said(tile, "zh", duty)
    assert made == ["zh"]
    assert said(around, "zh", duty) is said(around, "zh", head)
    assert len({said(around, "zh", one) for one in (duty, lead, other)}) == 3, "counters of what each sees"
    assert said(around, "en", duty) != said(around, "zh", duty)
    assert said(beat, "zh", duty).startswith(b"id: ")
    before = len(made)
    for one in (duty, head, lead, other):
        for message in (tile, around, beat):
            said(message, "zh", one)
    assert len(made) == before, "all of it had been made"


def test_a_long_day_on_the_board_keeps_no_long_memory(boards: LiveBoards, world: World) -> None:
    with boards.reading("h1"):
        for minute in range(60):
            for second in (0, 20, 40):
                looked(boards, world, f"10:{minute:02}:{second:02}")
        held = boards._of("h1")
        tiles = {id(tile) for message in held.ring if message.board is not None for tile in message.board.tiles}
        assert len(held.ring) < 40, "looks at which nothing happened leave one message"
        assert len(tiles) < 40, "what did not change is kept once"
