"""What only several writers at once can do wrong (DESIGN §10): readings, claims, marks, waits and the bell between."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import OperationalError

from monitor.ingest.writer import Writing, write_batch
from monitor.model import SubjectRef, Wait
from monitor.store import subjects
from monitor.store.bell import Bell
from monitor.store.engine import Store
from monitor.store.schema import RawEvent
from monitor.store.subjects import SUBJECT, WAIT, Judged, claim, compare_and_set, mark, mark_each, moves_of, wake
from tests.conftest import Eventually
from tests.halls import at, hall
from tests.ingest_world import REGISTRY, count, message
from tests.postgres import TEMPLATE, Postgres
from tests.world import World

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CASES = [SubjectRef(kind="case", key=f"ns/{n:03}") for n in range(20)]


@pytest.fixture
def pg(postgres: Postgres) -> Iterator[Store]:
    with postgres.database(TEMPLATE) as url:
        opened = Store(url)
        yield opened
        opened.close()


def rows(store: Store) -> dict[str, tuple[int, int, datetime | None]]:
    """(id, version, next_check_at) by key."""
    with store.read() as conn:
        return {r.key: (r.id, r.version, r.next_check_at) for r in conn.execute(select(SUBJECT))}


def judged(store: Store, key: str, *, version: int | None = None, waits: tuple[Wait, ...] = ()) -> Judged:
    number, stored, _ = rows(store)[key]
    return Judged(id=number, version=stored if version is None else version, hall=None, verdict="pending",
                  next_check_at=None, watermark=None, stale_at=None, judged_at=NOW, waits=waits)  # fmt: skip


# --------------------------------------------------------------------------- writing what devices say


@pytest.mark.parametrize("shared", [True, False])
def test_only_members_of_a_group_write_for_one_device_at_the_same_time(pg: Store, shared: bool) -> None:
    """Theirs are different events; two with a session each hear the same, and the second waits and finds it stored."""
    first, second = (pg.engine.connect(), pg.engine.connect())
    with first, second, first.begin(), second.begin():
        write_batch(first, [message(id="e1")], REGISTRY, Writing(shared=shared))
        second.execute(text("SET LOCAL lock_timeout = '500ms'"))
        with contextlib.nullcontext() if shared else pytest.raises(OperationalError, match="lock timeout"):
            write_batch(second, [message(id="e2")], REGISTRY, Writing(shared=shared))
        if not shared:
            second.get_transaction().rollback()  # type: ignore[union-attr]
    assert count(pg, RawEvent) == (2 if shared else 1)


# --------------------------------------------------------------------------- reading


def test_a_read_sees_the_store_as_of_its_first_query(pg: Store) -> None:
    """Else a judge could see a heartbeat without the check-in that was committed before it."""
    with pg.read() as conn:
        assert conn.execute(select(SUBJECT)).all() == []
        pg.step(lambda other: mark(other, CASES, due=NOW))
        assert conn.execute(select(SUBJECT)).all() == []
    assert len(rows(pg)) == 20


def test_a_read_cannot_write(pg: Store) -> None:
    with pytest.raises(Exception, match="read-only transaction"), pg.read() as conn:
        mark(conn, CASES, due=NOW)
    pg.step(lambda conn: mark(conn, CASES, due=NOW))  # the connection goes back to the pool as it was


@pytest.mark.parametrize("query", ["due", "claim"])
def test_the_due_are_found_by_index_among_all_that_ever_were(pg: Store, query: str) -> None:
    many = [
        {"kind": "case", "key": f"ns/{n}", "version": 1, "verdict": "pending", "historic": False, "failures": 0,
         "next_check_at": NOW + timedelta(hours=n)}
        for n in range(20_000)
    ]  # fmt: skip
    with pg.write() as conn:
        conn.execute(insert(SUBJECT), many)
    with pg.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE subject"))

    sent: list[tuple[str, Any]] = []

    @event.listens_for(pg.engine, "before_cursor_execute")
    def heard(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    with pg.write() as conn:
        assert len(getattr(subjects, query)(conn, NOW + timedelta(hours=40), 500)) == 41
        [(statement, parameters)] = sent
        plan = "\n".join(conn.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert "ix_subject_due" in plan
    assert "Seq Scan on subject" not in plan


# --------------------------------------------------------------------------- claiming and writing


def test_two_that_claim_at_the_same_time_share_what_is_due(pg: Store) -> None:
    pg.step(lambda conn: mark(conn, CASES, due=NOW))
    with pg.write() as first, pg.write() as second:
        mine, others = claim(first, NOW, 8), claim(second, NOW, 50)
    assert (len(mine), len(others)) == (8, 12)
    assert {r.id for r in mine}.isdisjoint(r.id for r in others)
    with pg.write() as conn:
        assert claim(conn, NOW, 50) == []
        assert len(claim(conn, NOW + subjects.CLAIMED, 50)) == 20  # what nobody has written comes back


def test_a_judge_does_not_wait_for_a_mark_that_makes_its_outcome_worthless(pg: Store) -> None:
    pg.step(lambda conn: mark(conn, CASES[:2], due=NOW))
    outcomes = [judged(pg, "ns/000"), judged(pg, "ns/001")]
    with pg.write() as ingest:
        mark(ingest, CASES[:1], due=NOW)
        with pg.write() as judge:
            judge.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert compare_and_set(judge, outcomes) == {outcomes[1].id}
    assert rows(pg)["ns/000"][2] == NOW


def test_marks_in_any_order_of_two_writers_never_lock_each_other_out(pg: Store) -> None:
    """Each batch in an order of its own; a deadlock would show as a retry of the step."""
    attempts: list[int] = []

    def write(turn: int) -> None:
        order = CASES[turn % 20 :] + CASES[: turn % 20]

        def work(conn: object) -> None:
            attempts.append(turn)
            mark_each(conn, dict.fromkeys(order, NOW + timedelta(seconds=turn)))  # type: ignore[arg-type]

        pg.step(work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(200)))
    assert sorted(attempts) == list(range(200))
    assert {version for _, version, _ in rows(pg).values()} == {200}


def test_two_that_lock_each_other_out_are_both_done_in_the_end(pg: Store) -> None:
    pg.step(lambda conn: mark(conn, CASES[:2], due=NOW))
    both = threading.Barrier(2)

    def write(keys: list[str]) -> int:
        attempts: list[str] = []

        def work(conn: object) -> None:
            attempts.append("")
            for n, key in enumerate(keys):
                raised = update(SUBJECT).where(SUBJECT.c.key == key).values(version=SUBJECT.c.version + 1)
                conn.execute(raised)  # type: ignore[attr-defined]
                if n == 0 and len(attempts) == 1:
                    both.wait(10)

        pg.step(work)
        return len(attempts)

    with ThreadPoolExecutor(2) as pool:
        tries = list(pool.map(write, (["ns/000", "ns/001"], ["ns/001", "ns/000"])))
    assert sorted(tries) == [1, 2]
    assert {version for _, version, _ in rows(pg).values()} == {3}


# --------------------------------------------------------------------------- waiting for a watermark


def test_a_source_that_moves_while_who_waits_is_written_is_not_missed(pg: Store) -> None:
    """The heartbeat has looked for who waits, and is not committed, when the judge writes that a subject waits."""
    pg.step(lambda conn: mark(conn, CASES[:1], due=NOW))
    outcome = judged(pg, "ns/000", waits=(Wait(source="t1", until=NOW),))
    seen = moves_of_now(pg)
    waited = threading.Event()

    def judge() -> None:
        def work(conn: object) -> None:
            waited.set()
            standing = moves_of(conn, ["t1"], lock="share")  # type: ignore[arg-type]
            moved = {s for s, version in standing.items() if version != seen.get(s, 0)}
            assert compare_and_set(conn, [outcome]) == {outcome.id}  # type: ignore[arg-type]
            subjects.wake_overtaken(conn, [outcome], moved, NOW)  # type: ignore[arg-type]

        pg.step(work)

    with ThreadPoolExecutor(1) as pool:
        with pg.write() as ingest:
            wake(ingest, "t1", until=NOW, due=NOW)
            done = pool.submit(judge)
            assert waited.wait(10)
        done.result(30)
    due = rows(pg)["ns/000"][2]
    assert due is not None, "the watermark has passed what it waits for, and nobody would wake it"
    assert due <= NOW + timedelta(seconds=1)


def test_a_source_that_moves_after_who_waits_is_written_finds_the_wait(pg: Store) -> None:
    pg.step(lambda conn: mark(conn, CASES[:1], due=NOW))
    outcome = judged(pg, "ns/000", waits=(Wait(source="t1", until=NOW),))
    asked = threading.Event()

    def beat() -> None:
        def work(conn: object) -> None:
            asked.set()
            wake(conn, "t1", until=NOW, due=NOW)  # type: ignore[arg-type]

        pg.step(work)

    with ThreadPoolExecutor(1) as pool:
        with pg.write() as conn:
            moves_of(conn, ["t1"], lock="share")
            done = pool.submit(beat)
            assert asked.wait(10)
            compare_and_set(conn, [outcome])
        done.result(30)
    assert rows(pg)["ns/000"][2] == NOW
    with pg.read() as conn:
        assert conn.execute(select(WAIT)).all() == []


def moves_of_now(store: Store) -> dict[str, int]:
    with store.read() as conn:
        return moves_of(conn, ["t1"])


def test_what_another_replica_heard_of_a_boot_is_read_again(pg: Store, tmp_path: Path) -> None:
    """One hears the heartbeat that announces three events, the other the one that closes the hole: it must know so."""
    world = World(pg, tmp_path, hall(2))
    other = World(pg, tmp_path, hall(2))
    other.event(
        "t1", "checkin", "08:01", id="o1", seq=1, staff="s02", method="face"
    )  # it has seen the boot, without heartbeat
    world.event("t1", "checkin", "08:02", seq=3, staff="s02", method="face")
    world.beat("t1", "08:46", last_seq=3)
    world.judge("08:46")
    assert world.verdict("slot:s01/am_in") == "unknown"
    other.event("t1", "checkin", "08:03", received="08:47", id="o2", seq=2, staff="s02", method="face")
    world.judge("08:47")
    assert world.verdict("slot:s01/am_in") == "yellow"


# --------------------------------------------------------------------------- the bell


def test_a_ring_is_heard_by_the_others_and_not_by_oneself(postgres: Postgres, eventually: Eventually) -> None:
    with postgres.database(TEMPLATE) as url:
        heard: dict[str, list[str]] = {"one": [], "two": []}
        bells = [bell(url, heard[name]) for name in heard]
        for each in bells:
            each.start()
        eventually(lambda: heard["one"] and heard["two"], what="both listen, and look once")
        heard["one"].clear()
        heard["two"].clear()
        bells[0].ring("facts")
        eventually(lambda: heard["two"] == ["facts"])
        assert heard["one"] == []
        for each in bells:
            each.stop()


def bell(url: str, heard: list[str]) -> Bell:
    def note(topic: str) -> Callable[[], None]:
        return lambda: heard.append(topic)

    return Bell(Store(url), {"facts": note("facts")})


def test_a_bell_comes_back_with_its_server(free_port: Callable[[], int], eventually: Eventually) -> None:
    server = Postgres(free_port()).start()
    try:
        heard: list[str] = []
        one, two = bell(server.url(), heard), bell(server.url(), [])
        one.start()
        two.start()
        eventually(lambda: heard)
        server.kill()
        heard.clear()
        server.start()
        eventually(lambda: heard, what="it looks once when it is back")
        heard.clear()
        eventually(lambda: two.ring("facts") or heard, what="rung again")  # type: ignore[func-returns-value]
        one.stop()
        two.stop()
    finally:
        server.remove()


def test_the_clock_of_the_session_does_not_matter(pg: Store) -> None:
    """Instants come back as UTC whatever zone the server is in."""
    with pg.write() as conn:
        conn.execute(text("SET LOCAL timezone = 'Asia/Shanghai'"))
        mark(conn, CASES[:1], due=at("09:00"))
        assert conn.execute(select(SUBJECT.c.next_check_at)).scalar_one() == at("09:00")
        assert conn.execute(select(SUBJECT.c.next_check_at)).scalar_one().utcoffset() == timedelta(0)
