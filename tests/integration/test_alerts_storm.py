"""A power cut: 5,000 cards in a minute, two planners and two senders on one PostgreSQL (停电、断网)."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from monitor.store.engine import Store
from tests.alert_world import CARD, DELIVERY, ITEM, NOTICE, REASON, START, World, fill_hall, policy_of
from tests.postgres import TEMPLATE, Postgres
from tests.receivers import http_receiver, says

SLICES, SLICE_SECONDS = 6, 10
HALLS = ("h1", "h2", "h3", "h4", "h5")


def rows_of(first: int, count: int) -> list[dict[str, Any]]:
    """Cards of the cut: three silent devices for each absent person; the first of each hall is its gateway."""
    made = []
    for number in range(first, first + count):
        person = number % 4 == 0
        hall = HALLS[number % len(HALLS)]
        where = {"hall": hall, "unit": "u1", "window": f"{hall}-w{number % 20}", "staff": "s07"}
        made.append({
            "number": number, "subject": number, "kind": "post" if person else "device", "key": f"{number}",
            "rule": "post.empty" if person else "device.silent", "episode": "1", "level": "red" if person else "yellow",
            "state": "open", "since": START, "began": START, "issued": START, "cleared_at": None, "historic": False,
            "policy_version": "p1", "basis": "", "reason": REASON, "version": 1, "sequence": 1,
            **(where if person else {"hall": hall, "unit": None, "window": None, "staff": None}),
        })  # fmt: skip
    return made


def cut(store: Store, first: int, count: int) -> None:
    cards = rows_of(first, count)
    notices = [
        {"card": card["number"], "sequence": 1, "at": START, "event": "issued", "level": card["level"],
         "actor": "system", "why": "", "planned_at": None}
        for card in cards
    ]  # fmt: skip
    with store.write() as conn:
        conn.execute(insert(CARD), cards)
        conn.execute(insert(NOTICE), notices)


def both(worlds: list[World], work: Any) -> None:
    threads = [threading.Thread(target=work, args=(world,)) for world in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def drain(world: World) -> None:
    while world.service.plan_once(world.time()):
        pass
    while world.service.send_once():
        pass


def power_cut(url: str, cards: int) -> None:
    with http_receiver(says({"errcode": 0})) as receiver:
        robot = f"wecombot://abc/?base={receiver.base}"
        policy = policy_of({"hook": receiver.url, "robot": robot}, timeout_seconds=20, repeat_minutes=0)
        worlds = [World(Store(url), policy) for _ in range(2)]
        store = worlds[0].store
        fill_hall(store)
        for part in range(SLICES):
            cut(store, 1 + part * cards // SLICES, (part + 1) * cards // SLICES - part * cards // SLICES)
            both(worlds, drain)
            for world in worlds:
                world.time.pass_(SLICE_SECONDS)
        for _ in range(3):
            both(worlds, drain)
            for world in worlds:
                world.time.pass_(timedelta(minutes=5).total_seconds())
        both(worlds, drain)
        messages, got = worlds[0].rows(DELIVERY, DELIVERY.c.state != "dropped"), receiver.got
        items = worlds[0].rows(ITEM)
        for world in worlds:
            world.store.close()
    assert {row.state for row in messages} == {"sent"}
    assert max(Counter(row.address for row in messages).values()) <= 5
    tried = Counter("hook" if entry.path == "/alerts" else "robot" for entry in got)
    assert max(tried.values()) <= 5, tried
    hooked = [entry.json for entry in got if entry.path == "/alerts"]
    assert len({body["delivery"] for body in hooked}) == len(hooked), "a message was sent twice"
    said = [one["card"] for body in hooked for one in body.get("cards", [body])]
    devices = [card["number"] for card in rows_of(1, cards) if card["kind"] == "device"]
    assert sorted(said) == devices, "each device once, and no person"
    assert sorted(row.card for row in items if row.address == "robot") == devices
    assert "张三" not in "".join(entry.body.decode() for entry in got)


def test_a_small_power_cut(postgres: Postgres) -> None:
    with postgres.database(TEMPLATE) as url:
        power_cut(url, 300)


@pytest.mark.long
def test_a_power_cut_of_a_whole_city(postgres: Postgres) -> None:
    with postgres.database(TEMPLATE) as url:
        power_cut(url, 5000)
