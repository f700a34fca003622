"""What is kept of a boot says what all its heartbeats say, whatever comes in whatever order (docs/adr/0061)."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, select

from monitor.ingest.decode import Message
from monitor.ingest.writer import Writing, write_batch
from monitor.model import Heartbeat
from monitor.store import bootsums
from monitor.store.engine import Store
from monitor.store.sources import last_beats
from tests.ingest_world import NINE, REGISTRY, message
from tests.postgres import TEMPLATE, Postgres

SECOND = timedelta(seconds=1)
LATER = NINE + timedelta(days=1)


def beat(minute: int, delta_ms: int, *, last_seq: int | None = None, boot: str = "b1") -> Heartbeat:
    at = NINE + timedelta(minutes=minute)
    received = at + timedelta(milliseconds=delta_ms)
    return Heartbeat(device="ev-1", boot=boot, at=at, received=received, queue=0, last_seq=last_seq)


def said(one: Heartbeat) -> Message:
    fields = {} if one.last_seq is None else {"last_seq": one.last_seq}
    return message("heartbeat", received=one.received, at=one.at.isoformat(), boot=one.boot, queue=0, id=..., **fields)


def write(store: Store, beats: Sequence[Heartbeat], how: Writing | None = None) -> None:
    store.step(lambda conn: write_batch(conn, map(said, beats), REGISTRY, how))


def told(conn: Connection, now: datetime, boot: str = "b1") -> tuple[timedelta | None, int | None]:
    return bootsums.skew(conn, "ev-1", boot, now), bootsums.announced(conn, "ev-1", boot, now)


def by_hand(beats: Sequence[Heartbeat], now: datetime) -> tuple[timedelta | None, int | None]:
    known = [one for one in beats if one.received <= now]
    if not known:
        return None, None
    middle = statistics.median(bootsums.delta_ms(one) for one in known)
    return timedelta(seconds=round(middle / 1000)), max(
        (b.last_seq for b in known if b.last_seq is not None), default=None
    )


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_all_heartbeats_say_at_any_time(store: Store, seed: int) -> None:
    """Clocks right, wrong, drifting and set; halves of seconds; batches of any size, late and repeated ones."""
    chance = random.Random(seed)
    centre, beats = chance.choice([0, 500, 1500, -400_000]), list[Heartbeat]()
    for minute in range(120):
        if chance.random() < 0.05:
            centre += chance.choice([-1000, 500, 300_000])
        beats.append(
            beat(minute, centre + chance.choice([0, 1, -1, 250, 499, 500]), last_seq=chance.choice([None, minute]))
        )
    chance.shuffle(beats)
    stored: list[Heartbeat] = []
    while beats:
        many = chance.choice([1, 1, 2, 7])
        batch, beats = beats[:many], beats[many:]
        repeated = chance.sample(stored, min(len(stored), chance.choice([0, 0, 2])))
        write(store, [*batch, *repeated])
        stored += batch
        past = NINE + timedelta(minutes=chance.randrange(120))
        with store.read() as conn:
            for now in (LATER, past):
                assert told(conn, now) == by_hand(stored, now)
            assert last_beats(conn, [("ev-1", "b1")], LATER, {})["ev-1", "b1"].skew == by_hand(stored, LATER)[0]


@pytest.mark.both_databases
def test_a_boot_of_an_older_store_is_counted_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its next heartbeat the heartbeats are asked, after it its row; while the median stays, nothing else."""
    old = [beat(minute, 5 * minute, last_seq=minute) for minute in range(40)]
    write(store, old)
    with store.write() as conn:
        conn.execute(delete(bootsums.BOOT))
    with store.read() as conn:
        assert told(conn, LATER) == by_hand(old, LATER)
    counted: list[bootsums.Key] = []
    count = bootsums._counted
    monkeypatch.setattr(bootsums, "_counted", lambda conn, key: counted.append(key) or count(conn, key))
    new = [beat(minute, minute % 7 * 60, last_seq=minute) for minute in range(40, 100)]
    for one in new:
        write(store, [one])
    with store.read() as conn:
        assert told(conn, LATER) == by_hand([*old, *new], LATER)
        assert conn.execute(select(bootsums.BOOT.c.count)).scalar() == 100
    assert counted == [("ev-1", "b1")]


@pytest.mark.both_databases
def test_boots_do_not_mix_and_one_that_failed_left_nothing(store: Store) -> None:
    write(store, [beat(0, 100), beat(1, 9_000, boot="b2", last_seq=4)])
    store.tried(lambda conn: write_batch(conn, [said(beat(2, 70_000)), said(beat(3, 70_000))], REGISTRY))
    with store.read() as conn:
        assert told(conn, LATER) == (timedelta(0), None)
        assert told(conn, LATER, "b2") == (9 * SECOND, 4)
        assert told(conn, LATER, "b3") == (None, None)


def test_members_of_a_group_count_each_heartbeat_once(postgres: Postgres) -> None:
    """Both hear all heartbeats and write them at the same time: whoever comes second counts what it stored alone."""
    beats = [beat(minute, 800 * (minute % 5), last_seq=minute) for minute in range(60)]
    with postgres.database(TEMPLATE) as url:
        stores = [Store(url), Store(url)]

        def member(store: Store) -> None:
            for start in range(0, 60, 3):
                write(store, beats[start : start + 4], Writing(shared=True))

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(member, store) for store in stores]:
                done.result(60)
        with stores[0].read() as conn:
            assert told(conn, LATER) == by_hand(beats, LATER)
            assert conn.execute(select(bootsums.BOOT.c.count)).scalar() == 60
        for store in stores:
            store.close()
