"""Members of a shared group write for one device at the same time, without a lock on it (docs/adr/0010).

Whoever waits for the device's watermark must be due once all have committed, in whichever order they did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from monitor.ingest.check import prepare
from monitor.ingest.feed import ingest_items, parse_items
from monitor.ingest.marks import Boots, BootState
from monitor.ingest.writer import Writing, write_prepared
from monitor.settings import MqttSettings
from monitor.store.engine import Store
from monitor.store.schema import HeartbeatRow, RawEvent, SubjectWait
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT
from tests.conftest import Eventually
from tests.halls import Line, at, hall
from tests.postgres import TEMPLATE, Postgres
from tests.world import World

BEAT, RAW, WAIT = table_of(HeartbeatRow), table_of(RawEvent), table_of(SubjectWait)
SLOT = "slot:s01/am_in"
CASES = {"id": "c1", "kind": "cases", "hall": "h1", "watermark": "events"}


def group(store: Store, folder: Path, **more: Any) -> World:
    """A hall of two, heard by members of a group; t1 was heard until 08:31, so that next 08:45 matters."""
    world = World(store, folder, hall(2, **more), mqtt=MqttSettings(shared_group="g"))
    write(world, *(beat(f"07:{minute}") for minute in range(46, 60)), beat("08:31"))
    return world


@pytest.fixture
def pg(postgres: Postgres) -> Iterator[Store]:
    with postgres.database(TEMPLATE) as url:
        opened = Store(url)
        yield opened
        opened.close()


# --------------------------------------------------------------------------- what t1 says


def beat(when: str, *, received: str | None = None, last_seq: int = 0, boot: str = "b1") -> Line:
    payload = {"at": at(when).isoformat(), "boot": boot, "queue": 0, "last_seq": last_seq}
    return Line(received=at(received or when), device="t1", channel="heartbeat", payload=payload)


def checkin(when: str, *, received: str, seq: int, staff: str = "s02") -> Line:
    payload = {"id": f"e{seq}", "at": at(when).isoformat(), "boot": "b1", "seq": seq, "staff": staff, "method": "face"}
    return Line(received=at(received), device="t1", channel="checkin", payload=payload)


def write(world: World, *lines: Line, boots: Boots | None = None) -> None:
    """A batch of one member, committed."""
    world.store.step(lambda conn: put(conn, world, lines, boots or Boots()))


def put(conn: Connection, world: World, lines: Sequence[Line], boots: Boots) -> None:
    registry = world.program.registry.get(conn)
    how = Writing(due=min(line.received for line in lines), boots=boots, shared=True)
    write_prepared(conn, [prepare(line.message(), registry) for line in lines], registry, how)


# --------------------------------------------------------------------------- what has to hold


def assert_nobody_sleeps(world: World, when: str) -> None:
    """No wait that the watermark has reached belongs to a subject that is not due."""
    with world.store.read() as conn:
        waits = conn.execute(select(WAIT, SUBJECT).join_from(WAIT, SUBJECT, WAIT.c.subject == SUBJECT.c.id)).all()
    asleep = [
        f"{w.kind}:{w.key} waits for {w.source} until {w.until}, which is at {mark}"
        for w in waits
        if (mark := world.state_of(w.source, when).watermark) is not None
        and mark >= w.until
        and (w.next_check_at is None or w.next_check_at > at(when))
    ]
    assert asleep == []


# --------------------------------------------------------------------------- one after the other


@pytest.mark.both_databases
def test_an_event_that_was_taken_before_a_heartbeat_and_stored_after_it_wakes_as_far_as_the_heartbeat(
    store: Store, tmp_path: Path
) -> None:
    """A member's batch waits for the store, while another stores the heartbeat that comes after the event."""
    world = group(store, tmp_path)
    write(world, beat("08:46", last_seq=1))
    world.judge("08:46:01")
    assert world.verdict(SLOT) == "unknown"
    write(world, checkin("08:21", received="08:44:59", seq=1))
    assert_nobody_sleeps(world, "08:46:02")
    world.judge("08:46:02")
    assert world.verdict(SLOT) == "yellow"


@pytest.mark.both_databases
def test_an_event_by_http_that_closes_a_hole_wakes_as_far_as_what_members_have_stored(
    store: Store, tmp_path: Path
) -> None:
    """The watermark of such a source ends before the hole: it jumps over all that stands behind it."""
    world = group(store, tmp_path, devices=[CASES])
    write(world, accepted("03-02 09:00", seq=1, case="A"))
    world.judge("03-09 17:30:01")
    write(world, accepted("03-10 09:00", seq=3, case="C"))
    world.judge("03-10 10:00")
    assert (world.verdict("case:c1/A"), world.watermark("c1")) == ("unknown", "09:00")
    late = accepted("03-03 09:00", seq=2, case="B")
    body = json.dumps([{"device": "c1", "channel": "case", "payload": late.payload}]).encode()
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    ingest_items(store, parse_items(body), registry, at("03-10 10:01"), shared=world.program.is_shared)
    assert_nobody_sleeps(world, "03-10 10:02")
    world.judge("03-10 10:02")
    assert world.verdict("case:c1/A") == "yellow"


def accepted(when: str, *, seq: int, case: str) -> Line:
    payload = {"id": f"c{seq}", "at": at(when).isoformat(), "seq": seq, "boot": "b1", "event": "accepted"}
    return Line(received=at(when), device="c1", channel="case", payload=payload | {"case": case, "item": "i1"})


# --------------------------------------------------------------------------- one within the other


@dataclass(frozen=True, kw_only=True, slots=True)
class Race:
    """`one` and `other` are written by two members at once, after `before`; then the verdicts of s01 and s02."""

    before: tuple[Line, ...] = ()
    one: Line
    other: Line
    ends: tuple[str, str]


EVENT = checkin("08:21", received="08:44:59", seq=1)
ANNOUNCED = beat("08:46", last_seq=1)
FAR, NEAR = beat("08:44:48", received="08:44:58", boot="b2"), beat("08:44:58", boot="b2")
"""Ten seconds under way, and none: each of them proves 08:44:58, both together (five seconds) 08:45:03."""
RACES = {
    "an event, and meanwhile the heartbeat that announces it": Race(one=EVENT, other=ANNOUNCED, ends=("yellow", "ok")),
    "a heartbeat, and meanwhile the event that it announces": Race(one=ANNOUNCED, other=EVENT, ends=("yellow", "ok")),
    "two heartbeats that only together prove a boundary": Race(one=FAR, other=NEAR, ends=("yellow", "yellow")),
    "the same the other way round": Race(one=NEAR, other=FAR, ends=("yellow", "yellow")),
    "two events of a boot that a heartbeat has announced": Race(
        before=(beat("08:46", last_seq=2),),
        one=checkin("08:22", received="08:44:58", seq=2, staff="s01"),
        other=EVENT,
        ends=("ok", "ok"),
    ),
}


class Interrupted(Boots):
    """What a member knows of boots; once, at a point of its step, something else happens.

    `begun`: the step has written nothing. `read`: its rows are written, and it has read of the boot what it wakes by.
    """

    def __init__(self, point: str, then: Callable[[], object]) -> None:
        super().__init__()
        self._point, self._then = point, then

    def lock(self, conn: Connection, devices: Iterable[str], *, shared: bool = False) -> None:
        super().lock(conn, devices, shared=shared)
        self._happens("begun")

    def get(self, conn: Connection, device: str, boot: str) -> BootState:
        state = super().get(conn, device, boot)
        written = conn.execute(select(RAW.c.id).where(RAW.c.event_id.in_(["e1", "e2"])).limit(1)).first()
        beaten = conn.execute(select(BEAT.c.id).where(BEAT.c.at > at("08:44")).limit(1)).first()
        if written or beaten:
            self._happens("read")
        return state

    def _happens(self, point: str) -> None:
        if point == self._point:
            self._point = ""
            self._then()


@pytest.mark.parametrize("point", ["begun", "read"])
@pytest.mark.parametrize("race", RACES.values(), ids=RACES.keys())
def test_what_another_commits_within_a_members_step_leaves_nobody_asleep(
    pg: Store, tmp_path: Path, race: Race, point: str
) -> None:
    """One has begun, the other stores and commits, the judge writes who waits; then the first goes on and commits."""
    world = group(pg, tmp_path)
    if race.before:
        write(world, *race.before)
    happened: list[str] = []

    def meanwhile() -> None:
        write(world, race.other)
        world.judge("08:46:30")
        happened.append(world.verdict(SLOT))

    write(world, race.one, boots=Interrupted(point, meanwhile))
    assert happened == ["unknown"]
    assert_all_is_judged(world, race)


@pytest.mark.parametrize("race", RACES.values(), ids=RACES.keys())
def test_one_who_waits_for_a_members_commit_leaves_nobody_asleep(
    pg: Store, tmp_path: Path, race: Race, eventually: Eventually
) -> None:
    """The other, and the judge, come while all of the first's step is written and nothing is committed."""
    world = group(pg, tmp_path)
    if race.before:
        write(world, *race.before)
    with ThreadPoolExecutor(2) as pool:
        with pg.write() as conn:
            put(conn, world, [race.one], Boots())
            parts: list[Future[Any]] = [pool.submit(write, world, race.other), pool.submit(world.judge, "08:46:30")]
            eventually(lambda: kept_waiting(pg) + sum(part.done() for part in parts) == 2, what="both have come")
            assert kept_waiting(pg) > 0
        for part in parts:
            part.result(30)
    assert_all_is_judged(world, race)


def kept_waiting(store: Store) -> int:
    """How many sessions of this database wait for a lock."""
    with store.read() as conn:
        found = conn.execute(
            text(
                "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
        )
        return int(found.scalar_one())


def assert_all_is_judged(world: World, race: Race) -> None:
    assert_nobody_sleeps(world, "08:47")
    world.judge("08:47")
    assert (world.verdict(SLOT), world.verdict("slot:s02/am_in")) == race.ends
