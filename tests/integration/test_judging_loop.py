"""The loop's own promises on a real store (DESIGN §1B, §10): a mark between read and write is not lost, one bad subject
stops nobody, expected subjects are there before any event, and judging again changes nothing.
"""

from __future__ import annotations

import random
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from monitor.app.program import judge_as_of
from monitor.model import SubjectRef
from monitor.store import subjects
from monitor.store.engine import FairLock, Store
from monitor.store.facts.look import Path as BrokerPath
from monitor.store.schema import CardEvent
from monitor.store.sql import table_of
from tests.halls import at, hall, told
from tests.postgres import TEMPLATE, Postgres
from tests.world import SUBJECT, World

pytestmark = pytest.mark.both_databases

NOTICE = table_of(CardEvent)
SLOT = "slot:s01/am_in"


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    made = World(store, tmp_path, hall(2))
    made.beats("t1", "07:46", "08:40")
    return made


class Meanwhile:
    """Does something once, between a step's reading and its writing: the loop asks here for its path, at each portion
    that it reads.
    """

    def __init__(self, deed: object) -> None:
        self._deed = deed
        self.calls = 0

    def __call__(self) -> BrokerPath:
        self.calls += 1
        if self.calls == 1:
            self._deed()  # type: ignore[operator]
        return BrokerPath()


def test_a_fact_that_comes_between_read_and_write_is_not_overwritten(world: World) -> None:
    """A check-in of 08:29 is stored while the slots of 08:31 are being judged without it."""
    world.judge("08:29")
    now = world.clock.set(at("08:31"))
    late = Meanwhile(lambda: world.event("t1", "checkin", "08:29", received="08:31", staff="s01", method="face"))
    judge = world.program.judge(path=late)
    applied, claimed = judge.step(now)
    assert late.calls >= 1
    assert applied.judged < claimed
    assert world.subject(SLOT).judged_at < now  # left as it was, and still due
    assert [line for line in world.card_lines() if "s01" in line] == []
    judge.run_until_nothing_due(now)
    assert world.verdict(SLOT) == "ok"
    assert world.card_lines() == ["checkin.slot reminder slot:s02/am_in since 08:30 by s02 cleared - open"]


def test_a_step_lets_ingest_go_first_between_its_statements_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.judge("08:29")
    gave_way = list[FairLock]()
    monkeypatch.setattr(FairLock, "give_way", lambda lock: gave_way.append(lock))
    now = world.clock.set(at("08:31"))
    _, claimed = world.program.judge().step(now)
    assert len(gave_way) > 2 * claimed > 0


@pytest.mark.parametrize("received", ["08:49:30", "08:50:01"])
@pytest.mark.parametrize("watermark", ["heartbeat", "events"])
def test_a_watermark_that_moves_between_read_and_write_wakes_who_waits(
    store: Store, tmp_path: Path, watermark: str, received: str
) -> None:
    """The wait for 08:30 was spent by what came until 08:40; the one for 08:45 is written after its end was stored."""
    terminal = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"], "watermark": watermark}
    world = World(store, tmp_path, hall(2, devices=[terminal]))

    def hear(when: str, received: str) -> None:
        if watermark == "events":
            world.event("t1", "checkin", when, received=received, staff="s02", method="face")
        else:
            world.beat("t1", when, received=received)

    hear("08:29", "08:29")
    world.judge("08:31")
    hear("08:40", "08:40")
    now = world.clock.set(at("08:50"))
    world.program.judge(path=Meanwhile(lambda: hear("08:49", received))).step(now)
    assert world.verdict(SLOT) == "unknown"
    world.judge("08:50:02")
    assert world.verdict(SLOT) == "yellow"


@pytest.mark.parametrize("watermark", ["heartbeat", "events"])
def test_what_is_stored_but_received_after_the_clock_was_read_is_seen_at_the_next_look(
    store: Store, tmp_path: Path, watermark: str
) -> None:
    """The loop reads the clock, then the store; what comes between is stored, does not count yet, and its mark is
    spent before anybody waits. So it is, too, with a file of events that a running clock comes to one by one.
    """
    terminal = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"], "watermark": watermark}
    world = World(store, tmp_path, hall(2, devices=[terminal]))
    for when in ("08:20", "08:50:01", "13:00:01"):
        if watermark == "events":
            world.event("t1", "checkin", when, staff="s02", method="face")
        else:
            world.beat("t1", when)
    world.judge("08:50")
    assert (world.verdict(SLOT), told(world.subject(SLOT).next_check_at)) == ("unknown", "08:50:01")
    world.judge("08:50:01")
    assert world.verdict(SLOT) == "yellow"
    world.judge("13:00")
    world.judge("13:00:01")
    assert world.verdict(SLOT) == "red"


def test_a_missing_number_that_is_received_later_is_looked_for_then(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(2, devices=[{"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}]))
    world.beat("t1", "08:50", last_seq=1)
    world.event("t1", "checkin", "08:20", received="08:55", staff="s02", method="face")
    world.judge("08:51")
    assert (world.verdict(SLOT), told(world.subject(SLOT).next_check_at)) == ("unknown", "08:55")
    world.judge("08:55")
    assert world.verdict(SLOT) == "yellow"


def test_two_judges_write_one_card(world: World) -> None:
    """Both read the same subjects; the one that writes second finds the versions moved and writes nothing.

    On PostgreSQL that takes a claim that has run out before its judge had written.
    """
    world.judge("08:29")
    now = world.clock.set(at("08:31"))
    other = world.program.judge()

    def overtake() -> None:
        claimed = (SUBJECT.c.next_check_at > now, SUBJECT.c.next_check_at <= now + subjects.CLAIMED)
        world.store.step(lambda conn: conn.execute(update(SUBJECT).where(*claimed).values(next_check_at=now)))
        other.run_until_nothing_due(now)

    applied, claimed = world.program.judge(path=Meanwhile(overtake)).step(now)
    assert (claimed > 0, applied.judged, applied.issued) == (True, 0, 0)
    cards = world.cards()
    assert len(cards) == 2
    assert [len(card["history"]) for card in cards] == [1, 1]


def test_what_one_replica_has_claimed_no_other_judges(postgres: Postgres, tmp_path: Path) -> None:
    """And a mark makes it everybody's again at once, without waiting for the claim to run out."""
    with postgres.database(TEMPLATE) as url:
        world = World(Store(url), tmp_path, hall(2))
        world.judge("08:29")
        now = world.clock.set(at("08:31"))
        other = world.program.judge()
        found: list[int] = []

        def look() -> None:
            found.append(other.step(now)[1])
            world.store.step(lambda conn: subjects.mark(conn, [SubjectRef(kind="device", key="t1")], due=now))
            found.append(other.step(now)[1])

        _, claimed = world.program.judge(path=Meanwhile(look)).step(now)
        assert (claimed > 1, found) == (True, [0, 1])
        world.store.close()


def test_a_subject_that_cannot_be_judged_is_recorded_and_pushed_forward_the_others_go_on(world: World) -> None:
    now = world.clock.set(at("08:31"))
    world.store.step(
        lambda conn: subjects.expect(
            conn, [{"kind": kind, "key": "broken", "hall": "h1", "next_check_at": now} for kind in ("slot", "post")]
        )
    )
    world.judge("08:31")
    assert len(world.cards("checkin.slot")) == 2
    for kind in ("slot", "post"):
        row = world.subject(f"{kind}:broken")
        assert (row.failures, told(row.next_check_at), "broken" in row.failure) == (1, "08:41", True)
    world.judge("08:42")
    assert world.subject("slot:broken").failures == 2


def test_every_change_of_a_card_has_one_notice_in_sequence(world: World) -> None:
    for clock in ("08:31", "08:40"):
        world.judge(clock)
    world.beat("t1", "08:46")
    world.judge("08:46")
    world.event("t1", "checkin", "08:50", staff="s01", method="face")
    world.beat("t1", "08:51")
    world.judge("08:51")
    with world.store.read() as conn:
        rows = conn.execute(select(NOTICE).order_by(NOTICE.c.card, NOTICE.c.sequence)).all()
    told_of = {(r.card, r.sequence): (r.event, r.level) for r in rows if r.card == 1}
    assert told_of == {(1, 1): ("issued", "reminder"), (1, 2): ("upgraded", "yellow"), (1, 3): ("cleared", "yellow")}
    assert all(r.planned_at is None for r in rows)


def test_slots_sessions_and_devices_are_expected_before_any_event(store: Store, tmp_path: Path) -> None:
    """From the first import of their row on, to the end of tomorrow; weekends have none."""
    world = World(store, tmp_path, hall(1, posts=[]), start="03-06 10:00")
    world.judge("03-06 10:00")
    with store.read() as conn:
        keys = sorted(conn.execute(select(SUBJECT.c.key).where(SUBJECT.c.kind.in_(("slot", "post")))).scalars())
    friday = ["s01/2026-03-06/am_out", "s01/2026-03-06/pm_in", "s01/2026-03-06/pm_out", "w1/2026-03-06/1430"]
    assert [key for key in keys if "2026-03-06" in key] == friday  # 08:30 was before the import
    assert not [key for key in keys if "2026-03-07" in key or "2026-03-08" in key]
    world.judge("03-08 12:00")
    with store.read() as conn:
        monday = select(SUBJECT.c.key).where(SUBJECT.c.key.contains("2026-03-09"))
        assert len(conn.execute(monday).scalars().all()) == 4 + 2


def test_a_person_who_joins_is_expected_from_then_on(world: World) -> None:
    world.judge("10:00")
    world.register(hall(3))
    world.judge("10:00:30")
    with world.store.read() as conn:
        keys = conn.execute(select(SUBJECT.c.key).where(SUBJECT.c.key.startswith("s03/2026-03-02"))).scalars().all()
    assert sorted(keys) == ["s03/2026-03-02/am_out", "s03/2026-03-02/pm_in", "s03/2026-03-02/pm_out"]


def test_judging_again_changes_nothing_and_nothing_is_due_sooner_than_said(world: World) -> None:
    world.judge("08:40")
    with world.store.read() as conn:
        before = conn.execute(select(SUBJECT.c.kind, SUBJECT.c.key, SUBJECT.c.version)).all()
        due = subjects.next_due(conn)
    assert due is not None
    assert due > at("08:40")
    world.judge(due - timedelta(seconds=1))
    with world.store.read() as conn:
        assert conn.execute(select(SUBJECT.c.kind, SUBJECT.c.key, SUBJECT.c.version)).all() == before


@pytest.mark.scenarios
def test_the_way_through_the_network_corrects_no_card(store: Store, tmp_path: Path) -> None:
    """Heartbeats that take 20 to 400 ms move the median with each one; a card of the morning must not follow it."""
    camera = {"id": "cam1", "kind": "camera", "window": "w1"}
    world = World(store, tmp_path, hall(attendance="", devices=[camera]))
    chance = random.Random(3)
    for n in range(120):
        when = at("08:30") + timedelta(seconds=30) * n
        empty = 20 <= n < 60  # 08:40-09:00
        came = told(when + timedelta(milliseconds=chance.randrange(20, 400)))
        world.event("cam1", "presence", told(when), received=came, people=0 if empty else 1, view="ok")
        if n % 2 == 0:
            world.beat("cam1", told(when), received=came)
        world.judge(when + timedelta(seconds=1))
    (card,) = world.cards("post.empty")
    assert (told(card["since"]), told(card["cleared_at"])) == ("08:55", "09:00")
    assert [step["event"] for step in card["history"]] == ["issued", "cleared"]


def test_judging_everything_finds_what_the_marks_had_found(world: World) -> None:
    """`judge --as-of` looks at every unsettled subject; it must not know more than the loop did."""
    world.event("t1", "checkin", "08:50", staff="s01", method="face")
    world.beat("t1", "08:51")
    world.judge("08:51")
    cards = world.cards()
    judge_as_of(world.program, at("08:51").astimezone(UTC))
    assert world.cards() == cards


def test_a_mark_of_something_not_expected_makes_no_slot(world: World) -> None:
    world.store.step(
        lambda conn: subjects.mark(conn, [SubjectRef(kind="slot", key="s09/2026-03-02/")], due=at("09:00"))
    )
    with world.store.read() as conn:
        assert conn.execute(select(SUBJECT).where(SUBJECT.c.key.startswith("s09"))).all() == []
