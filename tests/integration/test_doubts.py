"""Check-ins in doubt are decided by people (复核): what follows for slots and cards, who may, two at once, how fast."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.settings import load
from monitor.store import reviews
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.store.facts.slots import CHECKIN
from monitor.store.schema import CheckinRow
from monitor.store.sql import table_of
from monitor.supervision import erasure
from monitor.supervision.checkinfindings import checkin_findings
from monitor.supervision.doubts import Chosen, doubt_file, list_doubts
from monitor.supervision.doubtwork import decide
from monitor.supervision.refused import Refused
from tests.halls import at, hall
from tests.kiosks import rows_with
from tests.world import SUBJECT, World

pytestmark = pytest.mark.both_databases

DUTY = Principal(id="duty", role="duty_supervisor", halls=frozenset({"h1"}))
HEAD = Principal(id="head", role="supervision_head", halls=frozenset({"h1"}), staff="s01")


def world_with(store: Store, folder: Path, rows: Any = None) -> World:
    return World(store, folder, rows or hall(4), start="07:45")


def came(world: World, when: str, staff: str = "s01", **figures: Any) -> int:
    """A check-in by face; its number."""
    world.event("t1", "checkin", when, staff=staff, method="face", **{"distance": 0.5, **figures})
    with world.store.read() as conn:
        return int(conn.execute(select(CHECKIN.c.id).order_by(CHECKIN.c.id.desc()).limit(1)).scalar_one())


def decided(world: World, number: int, decision: str, who: Principal = DUTY, **more: Any) -> None:
    def step(conn: Any) -> None:
        policy = world.settings.policy.checkin
        decide(look(world, conn), policy, number, decision, actor=who, **{"why": "看过图像", **more})

    world.store.step(step)


def look(world: World, conn: Any) -> Any:
    return world.judging.look(conn, world.clock.now())


def verdict(world: World, key: str) -> str:
    with world.store.read() as conn:
        return str(conn.execute(select(SUBJECT.c.verdict).where(SUBJECT.c.key == key)).scalar_one())


def queue(world: World, who: Principal = DUTY, **chosen: Any) -> list[int]:
    with world.store.read() as conn:
        return [one.number for one in list_doubts(look(world, conn), world.settings.policy.checkin, who,
                                                  Chosen(**chosen))[0]]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    why: str
    came: str
    slot: str
    before: str
    decision: str
    after: str
    cards: tuple[str, ...] = ()


CASES = [
    Case(why="it was them, in time", came="08:20", slot="am_in", before="review", decision="is", after="ok"),
    Case(why="it was them, ten minutes late", came="08:40", slot="am_in", before="review", decision="is", after="late"),
    Case(why="it was them, far too late", came="09:10", slot="am_in", before="yellow", decision="is", after="yellow",
         cards=("yellow",)),
    Case(why="it was not them: nobody came", came="08:20", slot="am_in", before="review", decision="is_not",
         after="red", cards=("red",)),
    Case(why="nobody can tell: it stays for review", came="08:20", slot="am_in", before="review", decision="unclear",
         after="review"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_decision_is_a_fact_that_the_judge_folds_in(store: Store, tmp_path: Path, case: Case) -> None:
    world = world_with(store, tmp_path)
    number = came(world, case.came)
    world.beats("t1", "07:50", "13:00", timedelta(minutes=10))
    world.judge("13:00")
    key = f"s01/2026-03-02/{case.slot}"
    assert verdict(world, key) == case.before
    raw = _stored(world)
    with world.store.read() as conn:
        file = doubt_file(look(world, conn), world.settings.policy, DUTY, number)
    assert [slot.key for slot in file.doubt.slots][:1] == [key]
    decided(world, number, case.decision)
    world.judge("13:00:01")
    assert verdict(world, key) == case.after
    if case.decision in file.would:
        (would,) = [one for one in file.would[case.decision] if one.key == key]
        assert would.outcome == case.after, "what was shown before is what came"
    cards = [card["level"] for card in world.cards("checkin.slot") if card["subject"]["id"] == key]
    assert tuple(level for level in cards if level != "reminder") == case.cards
    assert _stored(world) == raw, "the check-in stays as it came"
    assert (number in queue(world)) is (case.decision == "unclear")
    assert (number in queue(world, decided=True)) is (case.decision != "unclear")
    with world.store.read() as conn:
        found = list(checkin_findings(look(world, conn), world.settings.policy.checkin))
    assert bool(found) is (case.decision == "unclear")


def _stored(world: World) -> list[Any]:
    with world.store.read() as conn:
        return list(conn.execute(select(CHECKIN)))


def test_what_was_judged_as_of_before_the_decision_stays_so(store: Store, tmp_path: Path) -> None:
    world = world_with(store, tmp_path)
    number = came(world, "08:20")
    world.beats("t1", "07:50", "13:00", timedelta(minutes=10))
    world.judge("13:00")
    decided(world, number, "is")
    with world.store.read() as conn:
        before = world.judging.look(conn, at("12:59:59"))
        assert [one.number for one in list_doubts(before, world.settings.policy.checkin, DUTY, Chosen())[0]] == []
        from monitor.store.facts.slots import load_slots

        loaded = load_slots(before, ["s01/2026-03-02/am_in"])["s01/2026-03-02/am_in"]
    assert [c.vouched for c in loaded.facts.checkins] == [False]
    assert loaded.more_at == at("13:00"), "and the replay is woken when it comes into view"


def test_refused_are_strangers_oneself_no_words_and_who_comes_second(store: Store, tmp_path: Path) -> None:
    world = world_with(store, tmp_path, rows_with("t1"))
    mine, sure, far = came(world, "08:20"), came(world, "08:21", distance=0.3), came(world, "08:22", staff="x90")
    world.judge("08:25")
    lead = Principal(id="lead", role="window_lead", windows=frozenset({"w1"}))
    for who, number, why in (
        (HEAD, mine, "本人"),
        *((DUTY, number, "没有此疑似签到") for number in (sure, far, 999)),
        (lead, mine, "window_lead|窗口负责人"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=why):
            decided(world, number, "is", who)
    with pytest.raises(Refused, match="理由"):
        decided(world, mine, "is", why=" ")
    assert queue(world) == [mine]
    decided(world, mine, "unclear", seen=0)
    with pytest.raises(Refused, match="已有人复核"):
        decided(world, mine, "is", seen=0)
    decided(world, mine, "is", seen=1)
    with pytest.raises(Refused, match="已有人复核"):
        decided(world, mine, "is_not")
    decided(world, mine, "is_not", seen=2, anew=True)
    with world.store.read() as conn:
        file = doubt_file(look(world, conn), world.settings.policy, DUTY, mine)
        assert [one.decision for one in file.history] == ["unclear", "is", "is_not"]
        audited = [
            row.body["decision"] for row in conn.execute(select(AUDIT).where(AUDIT.c.action == "checkin.decided"))
        ]
    assert audited == ["unclear", "is", "is_not"]


def test_what_a_place_accepts_says_what_is_in_doubt_there(store: Store, tmp_path: Path) -> None:
    """A preset with values of its own: slots, queue, one check-in and findings go by them, for its people alone."""
    presets = dict(load(environ={}).presets)
    presets["cangnan"] = presets["cangnan"].model_copy(update={"checkin": {"most_distance": 0.6}})
    world = World(store, tmp_path, hall(4), start="07:45", presets=presets)
    world.plan(shifts=[{"id": "k1", "preset": "cangnan", "staff": "s01", "from": date(2026, 3, 2)}])
    theirs, others = came(world, "08:20"), came(world, "08:21", staff="s02")
    far = came(world, "08:22", distance=0.65)
    world.judge("08:25")
    assert queue(world) == [others, far]
    assert queue(world, decided=True) == []
    with world.store.read() as conn:
        policy = world.settings.policy
        shown, count = list_doubts(look(world, conn), policy.checkin, DUTY, Chosen())
        assert count == 2
        assert [one.most_distance for one in shown] == [policy.checkin.most_distance, 0.6]
        with pytest.raises(Refused, match="没有此疑似签到"):
            doubt_file(look(world, conn), policy, DUTY, theirs)
        found = list(checkin_findings(look(world, conn), policy.checkin))
    assert sorted(one["subject"] for one in found) == ["staff:s01", "staff:s02"]
    with pytest.raises(Refused, match="没有此疑似签到"):
        decided(world, theirs, "is_not")


def test_of_two_who_decide_at_once_one_wins(store: Store, tmp_path: Path) -> None:
    world = world_with(store, tmp_path)
    numbers = [came(world, f"08:{minute}") for minute in range(10, 18)]
    others = [replace(DUTY, id=f"duty{n}") for n in range(4)]
    for number in numbers:
        barrier, told = threading.Barrier(len(others)), []

        def one(who: Principal, number: int = number, barrier: Any = barrier, told: Any = told) -> None:
            barrier.wait()
            try:
                decided(world, number, "is" if who.id in ("duty0", "duty2") else "is_not", who, seen=0)
                told.append("done")
            except Refused as error:
                told.append(error.sort)

        threads = [threading.Thread(target=one, args=(who,)) for who in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == ["done", "state", "state", "state"]
    with world.store.read() as conn:
        assert len(list(conn.execute(select(reviews.REVIEW)))) == len(numbers)


def test_erasing_somebody_takes_the_words_about_them(store: Store, tmp_path: Path) -> None:
    world = world_with(store, tmp_path)
    number = came(world, "08:20")
    decided(world, number, "is")
    done = world.store.step(lambda conn: erasure.erase(conn, "staff", "s01", actor="cli", now=world.clock.now()))
    assert done.rows["checkin_review"] == 1
    with world.store.read() as conn:
        assert [row.reason for row in conn.execute(select(reviews.REVIEW))] == [reviews.ERASED]


def test_the_queue_is_read_by_its_indexes(store: Store, tmp_path: Path) -> None:
    world = world_with(store, tmp_path)
    fill(world, 2_000)
    with world.store.read() as conn:
        plan = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
        text = "SELECT id FROM checkin WHERE distance > 0.45 OR liveness < 0.5"
        told = "\n".join(str(row) for row in conn.exec_driver_sql(plan + text))
        shown, count = list_doubts(look(world, conn), world.settings.policy.checkin, DUTY, Chosen())
    if conn.dialect.name == "sqlite":  # PostgreSQL goes by its statistics, which there are none of yet
        assert "ix_checkin_distance" in told
        assert "ix_checkin_liveness" in told
    assert (len(shown), count) == (51, 200)


def fill(world: World, many: int) -> None:
    """So many check-ins over a month, a tenth of them in doubt."""
    start = at("08:00") - timedelta(days=31)
    rows = []
    for n in range(many):
        when = start + timedelta(days=31) * n / many
        rows.append(
            {"raw_event": 10_000_000 + n, "event_id": f"q{n}", "source": "t1", "at": when, "received": when, "boot": "",
             "staff": f"s{n % 4 + 1:02}", "method": "face", "distance": 0.5 if n % 20 == 0 else 0.3,
             "liveness": 0.0 if n % 20 == 10 else 1.0, "seq": None, "direction": None}
        )  # fmt: skip
    with world.store.write() as conn:
        conn.execute(table_of(CheckinRow).insert(), rows)
