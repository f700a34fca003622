"""One thread looks for all others: whom it wakes, for what, and what it does where the store is away (ADR 63)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from monitor.app.lookout import Lookout
from monitor.clock import Clock
from monitor.pace import Tempo
from monitor.store import meta, policies, sheetjobs, subjects
from monitor.store.engine import Store
from tests.alert_world import START, World, fill_hall, policy_of
from tests.conftest import Eventually
from tests.receivers import http_receiver

pytestmark = pytest.mark.both_databases
SECOND = timedelta(seconds=1)


class CountedTempo(Tempo):
    """Counts what stirs it."""

    stirred = 0

    def stir(self) -> None:
        super().stir()
        self.stirred += 1


class Woken:
    """The parts of a daemon, none of which looks for itself."""

    def __init__(self, store: Store) -> None:
        self.now = self.real = START
        self.parts: list[str] = []
        names = ("judge", "policy", "planner", "senders", "sheets")
        self.tempo = CountedTempo(Clock())
        self.lookout = Lookout(
            store,
            now=lambda: self.now,
            real=lambda: self.real,
            wake={name: self._of(name) for name in names},
            tempo=self.tempo,
        )

    def _of(self, name: str) -> Callable[[], None]:
        return lambda: self.parts.append(name)

    def look(self) -> list[str]:
        self.parts.clear()
        self.lookout.look()
        return self.parts


@pytest.fixture
def woken(store: Store) -> Woken:
    made = Woken(store)
    assert made.look() == ["policy", "judge"], "the first look knows no version"
    assert made.look() == []
    return made


def test_the_judge_is_woken_by_what_is_due_and_by_what_changed_beside_it(store: Store, woken: Woken) -> None:
    row = {"kind": "case", "key": "c/1", "hall": "h1", "next_check_at": START + SECOND}
    store.step(lambda conn: subjects.expect(conn, [row]))
    assert woken.look() == []
    woken.now += SECOND
    stirred = woken.tempo.stirred
    assert woken.look() == ["judge"]
    assert woken.look() == ["judge"], "again, until it is judged"
    assert woken.tempo.stirred == stirred, "devices that are well are looked at all night"
    woken.now = START
    for key in (meta.REGISTRY_VERSION, meta.CALENDAR_VERSION, meta.ROSTER_VERSION, meta.PLANS_VERSION):
        store.step(lambda conn, k=key: meta.bump(conn, k))  # type: ignore[misc]
        assert woken.look() == ["judge"]
        assert woken.look() == []
        stirred += 1
        assert woken.tempo.stirred == stirred, "somebody is at work"
    store.step(lambda conn: meta.bump(conn, policies.COUNTER))
    assert woken.look() == ["policy", "judge"]
    assert woken.look() == []


def test_a_card_wakes_the_planner_and_its_message_the_senders(store: Store, woken: Woken) -> None:
    fill_hall(store)
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        assert woken.look() == ["planner"]
        world.service.plan_once(world.time())
        woken.real = START - SECOND
        assert woken.look() == [], "it leaves by real time"
        woken.real = START
        assert woken.look() == ["senders"]
        assert world.service.send_once() == 1
        assert woken.look() == []
        woken.now += timedelta(days=1)  # told again after hours
        assert woken.look() == ["planner"]


def test_what_was_asked_for_wakes_its_maker(store: Store, woken: Woken) -> None:
    asked = {"hall": "h1", "month": "2026-02", "format": "xlsx", "asked_by": "boss", "asked_at": START,
             "expires": START + timedelta(days=1), "asked": {}}  # fmt: skip
    number = store.step(lambda conn: sheetjobs.add(conn, asked))
    assert woken.look() == ["sheets"]
    store.step(lambda conn: sheetjobs.take(conn, "me", START, START + SECOND))
    assert woken.look() == []
    woken.real += 2 * SECOND
    assert woken.look() == ["sheets"], "its maker's lease is over"
    store.step(lambda conn: sheetjobs.drop(conn, number))
    assert woken.look() == []


def test_where_the_store_is_away_each_part_looks_for_itself(
    woken: Woken, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    with monkeypatch.context() as gone:
        gone.setattr(store, "read", away)
        assert sorted(woken.look()) == ["judge", "planner", "policy", "senders", "sheets"]
    assert woken.look() == []


def test_it_looks_again_and_again_until_it_is_stopped(store: Store, eventually: Eventually) -> None:
    row = {"kind": "case", "key": "c/1", "hall": "h1", "next_check_at": START}
    store.step(lambda conn: subjects.expect(conn, [row]))
    seen: list[str] = []
    clock = Clock()
    names = ("policy", "planner", "senders", "sheets")
    lookout = Lookout(
        store,
        now=clock.now,
        real=clock.real_now,
        wake={**dict.fromkeys(names, lambda: None), "judge": lambda: seen.append("judge")},
        tempo=Tempo(clock),
    )
    lookout.start()
    eventually(lambda: len(seen) >= 2, what="two looks")
    lookout.stop()
