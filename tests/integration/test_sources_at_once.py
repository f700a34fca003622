"""Many sources looked at by a few statements say what each says by itself (PostgreSQL)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from monitor.model import Device, Hall, Registry
from monitor.store import bootsums
from monitor.store.engine import Store
from monitor.store.facts import beats
from monitor.store.facts.look import Look
from monitor.store.schema import HeartbeatRow, LostSpan, Quarantine, RawEvent
from monitor.store.sources import Sources, last_beats
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT, WAIT, wake_each
from tests.postgres import TEMPLATE, Postgres

BEAT, RAW, HELD, LOST = (table_of(t) for t in (HeartbeatRow, RawEvent, Quarantine, LostSpan))
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DEVICES = [f"d{n:02}" for n in range(24)]
REGISTRY = Registry(
    halls={"h1": Hall(id="h1")}, devices={d: Device(id=d, kind="camera", hall="h1", window="w1") for d in DEVICES}
)


@pytest.fixture(scope="module")
def conn(postgres: Postgres) -> Iterator[Connection]:
    """Devices of every kind of trouble: holes, late numbers, two boots, none, wrong clocks, no numbers, quarantine."""
    with postgres.database(TEMPLATE) as url:
        store = Store(url)
        with store.write() as opened:
            _fill(opened, random.Random(7))
        with store.read() as opened:
            yield opened
        store.close()


def _fill(conn: Connection, chance: random.Random) -> None:
    given: dict[str, list[dict[str, Any]]] = {"beat": [], "raw": [], "held": []}
    for n, device in enumerate(DEVICES[:-2]):  # two have said nothing
        for boot in ("b1", "b2")[: 1 + n % 2]:
            _boot(given, chance, device, boot, n)
    for name, table in (("beat", BEAT), ("raw", RAW), ("held", HELD)):
        conn.execute(insert(table), given[name])
    lost = {"device": "d05", "starts": NOW - 300 * SECOND, "ends": NOW - 60 * SECOND, "reason": "x",
            "declared_at": NOW - 10 * SECOND, "actor": "x"}  # fmt: skip
    conn.execute(insert(LOST), [lost])


def _boot(given: dict[str, list[dict[str, Any]]], chance: random.Random, device: str, boot: str, n: int) -> None:
    start = NOW - timedelta(minutes=30 if boot == "b1" else 12)
    skew, last = timedelta(seconds=chance.choice([0, 0, 2, 400])), 0
    for minute in range(chance.randrange(1, 11)):
        at = start + timedelta(minutes=minute)
        for _ in range(chance.randrange(4)):
            last += 1
            row = {"device": device, "event_id": f"{boot}-{last}", "channel": "presence", "at": at, "seq": last,
                   "received": at + skew + chance.choice([0, 1, 3_000]) * SECOND, "boot": boot, "payload": "{}",
                   "payload_hash": f"{device}{boot}{last}".ljust(64, "0")}  # fmt: skip
            fate = chance.random()
            if fate > 0.1 or n % 3 == 0:
                given["raw"].append(row)
            elif fate > 0.04:
                kept = {
                    "reason": "malformed",
                    "detail": "x",
                    "digest": row["payload_hash"],
                    "state": "open",
                    "length": 2,
                    "seen": 1,
                }
                given["held"].append({k: v for k, v in {"detail": "x", **row, **kept}.items() if k in HELD.c})
        given["beat"].append({
            "device": device, "boot": boot, "at": at, "received": at + skew + chance.randrange(900) * SECOND / 1000,
            "delta_ms": skew // timedelta(milliseconds=1) + chance.randrange(900), "queue": chance.choice([0, 0, 0, 5]),
            "last_seq": None if n % 7 == 3 else last,
        })  # fmt: skip
    if n % 4 == 1:  # stored, and not received yet
        given["beat"].append({"device": device, "boot": boot, "at": NOW + SECOND, "received": NOW + n * SECOND,
                              "delta_ms": 0, "queue": 0, "last_seq": last})  # fmt: skip


@pytest.mark.parametrize("shared", [True, False], ids=["in a group", "alone"])
@pytest.mark.parametrize("minutes", [0, 3, 15, 60], ids=lambda m: f"{m} minutes ago")
def test_states_are_those_of_one_by_one(conn: Connection, shared: bool, minutes: int) -> None:
    now = NOW - timedelta(minutes=minutes)
    alone, together = (Sources(conn, REGISTRY, now=now, shared=shared) for _ in range(2))
    together.look_at([*DEVICES, "nobody"])
    for device in DEVICES:
        assert together.state(device) == alone.state(device)
        assert together.more_at(device) == alone.more_at(device)
        for boot in ("b1", "b2"):
            assert together.skew(device, boot) == alone.skew(device, boot)
            assert together.first_missing(device, boot) == alone.first_missing(device, boot)
        assert list(together.recent_boots(device)) == list(alone.recent_boots(device))
        assert together.empty_before(device, now) == alone.empty_before(device, now)


def test_there_is_something_to_tell_apart(conn: Connection) -> None:
    sources = Sources(conn, REGISTRY, now=NOW, shared=True)
    states = [sources.state(device) for device in DEVICES]
    assert len({state.watermark for state in states}) >= 6
    assert {state.trusted for state in states} == {True, False}
    missing = {sources.first_missing(device, "b1") is None for device in DEVICES}
    assert missing == {True, False}


def test_the_last_beats_are_those_of_one_by_one(conn: Connection) -> None:
    boots = [(device, boot) for device in DEVICES for boot in ("b1", "b2", "b3")]
    found = last_beats(conn, boots, NOW, {})
    assert found.keys() >= {("d01", "b1"), ("d01", "b2")}
    for key in boots:
        assert (found[key].skew if key in found else None) == bootsums.skew(conn, *key, NOW)
        last = conn.execute(
            BEAT.select().where(BEAT.c.device == key[0], BEAT.c.boot == key[1]).order_by(BEAT.c.at.desc())
        ).first()
        assert (last is None) == (key not in found)
        if last is not None:
            assert (found[key].at, found[key].last_seq) == (last.at, last.last_seq)


def test_heartbeats_of_many_are_those_of_one_by_one(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Look(conn=conn, now=NOW, registry=REGISTRY, book=None, sources=None, presets={})  # type: ignore[arg-type]
    since = {device: NOW - timedelta(minutes=n) for n, device in enumerate(DEVICES)}
    boots = [(device, "b1") for device in DEVICES[:-2]]

    def asked() -> list[Any]:
        rows = beats.beats_from(look, since)
        shown = {device: [(r.boot, r.at, r.received, r.queue) for r in mine] for device, mine in rows.items()}
        began = beats.boots_began(look, boots)
        return [beats.queued_since(look, DEVICES), beats.beats_before(look, since), shown, began]

    together = asked()
    monkeypatch.setattr(beats, "_is_sqlite", lambda conn: True)
    assert together == asked()
    assert any(together[0].values())
    assert any(together[1].values())


def test_all_who_wait_for_what_moved_are_woken_and_no_others(postgres: Postgres) -> None:
    with postgres.database(TEMPLATE) as url:
        store = Store(url)
        ids = store.step(_waiting)
        moved = {"s1": (NOW, NOW), "s2": (NOW - SECOND, NOW), "s3": (NOW, NOW), "s4": (NOW, NOW + SECOND)}
        store.step(lambda conn: wake_each(conn, moved))
        with store.read() as opened:
            left = set(opened.execute(WAIT.select().with_only_columns(WAIT.c.subject)).scalars())
        store.close()
    assert left == {ids["late"], ids["s2"], ids["elsewhere"]}


def _waiting(conn: Connection) -> dict[str, int]:
    """Who waits for what: one each for three sources, one for a time that is not reached, one for another source."""
    waits = {"s1": ("s1", NOW), "s2": ("s2", NOW), "late": ("s3", NOW + SECOND), "s4": ("s4", NOW),
             "elsewhere": ("s9", NOW)}  # fmt: skip
    ids: dict[str, int] = {}
    for name, (source, until) in waits.items():
        row = {
            "kind": "case",
            "key": f"ns/{name}",
            "version": 1,
            "verdict": "pending",
            "historic": False,
            "failures": 0,
        }
        ids[name] = int(conn.execute(insert(SUBJECT).values(row).returning(SUBJECT.c.id)).scalar_one())
        conn.execute(insert(WAIT).values(subject=ids[name], source=source, until=until))
    return ids
