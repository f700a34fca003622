"""The audit under seal: every tampering by SQL is found and named, two sealers make one chain, memory stays flat."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from monitor.ops.audit.chain import Head
from monitor.ops.audit.sealer import STEP, Sealer, head_of
from monitor.ops.audit.verify import Found, verify
from monitor.store import audit, seals
from monitor.store.engine import Store

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KEY = b"k" * 64
MINUTE = timedelta(minutes=1)


def write(store: Store, *texts: str, at: datetime = NOW, apart: timedelta = MINUTE) -> list[int]:
    """One audit row a text, each with a private reason; `apart` from one to the next."""
    ids = []
    for n, text in enumerate(texts):
        body = {"rule": "E06", "text": text, "number": 1.5, "nested": {"名": [None, True]}}
        with store.write() as conn:
            ids.append(
                audit.record(conn, at + n * apart, "cli:op", "card.closed", "card", text, body, {"why": f"因{text}"})
            )
    return ids


def seal(store: Store) -> int:
    return Sealer(store, KEY).seal(thorough=True)


def verified(store: Store, *heads: Head, now: datetime = NOW + 60 * MINUTE, key: bytes = KEY) -> Found:
    with store.read() as conn:
        return verify(conn, key, now, heads)


def tamper(store: Store, *statements: str) -> None:
    with store.write() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def test_a_chain_nobody_touched_holds(store: Store) -> None:
    write(store, *"abcde")
    assert seal(store) == 5
    assert seal(store) == 0
    write(store, "f", at=NOW + 6 * MINUTE)
    found = verified(store, head_of(store) or Head(no=0, mac=""))
    assert found.to_json() | {"head": None} == {
        "ok": True, "rows": 6, "first_bad": None, "why": None, "faults": 0, "bad": [], "sealed": 5, "unsealed": 1,
        "erased": 0, "head": None,
    }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows 1 to 6 are sealed under the seals 1 to 6, row 7 waits; `sql` is done to them."""

    name: str
    sql: Sequence[str]
    first_bad: int | None
    why: str | None
    faults: int = 1
    head: bool = False
    """Whether the head as it was before is given."""


ROW = "(id, at, actor, action, object_kind, object_id, body) VALUES"
OLD = "'2026-03-02 01:00:00.000000'"
CASES = [
    Case(name="the body changed", sql=["UPDATE audit SET body = '{}' WHERE id = 3"], first_bad=3, why="changed"),
    Case(name="the actor changed", sql=["UPDATE audit SET actor = 'x' WHERE id = 1"], first_bad=1, why="changed"),
    Case(name="the instant by a microsecond", sql=[
        "UPDATE audit SET at = '2026-03-02 01:01:00.000001' WHERE id = 2"], first_bad=2, why="changed"),
    Case(name="the object changed", sql=["UPDATE audit SET object_id = 'z' WHERE id = 6"], first_bad=6, why="changed"),
    Case(name="two rows changed: the first is named, both are told", sql=[
        "UPDATE audit SET actor = 'x' WHERE id IN (5, 2)"], first_bad=2, why="changed", faults=2),
    Case(name="two rows exchanged", sql=[
        "UPDATE audit SET id = 99 WHERE id = 2", "UPDATE audit SET id = 2 WHERE id = 3",
        "UPDATE audit SET id = 3 WHERE id = 99"], first_bad=2, why="changed", faults=2),
    Case(name="a row removed", sql=["DELETE FROM audit WHERE id = 4"], first_bad=4, why="row_removed"),
    Case(name="the first row removed", sql=["DELETE FROM audit WHERE id = 1"], first_bad=1, why="row_removed"),
    Case(name="a row removed with its private value", sql=[
        "DELETE FROM audit WHERE id = 4", "DELETE FROM audit_private WHERE audit = 4"], first_bad=4, why="row_removed"),
    Case(name="a row and its seal removed: by the gap in the numbers", sql=[
        "DELETE FROM audit WHERE id = 4", "DELETE FROM audit_private WHERE audit = 4", "DELETE FROM seal WHERE no = 4"],
        first_bad=4, why="seal_removed"),
    Case(name="a seal removed: its row is named", sql=["DELETE FROM seal WHERE no = 4"], first_bad=4,
         why="seal_removed"),
    Case(name="the first seal removed", sql=["DELETE FROM seal WHERE no = 1"], first_bad=1, why="seal_removed"),
    Case(name="a row with its seal removed, the numbers closed up", sql=[
        "DELETE FROM audit WHERE id = 4", "DELETE FROM audit_private WHERE audit = 4", "DELETE FROM seal WHERE no = 4",
        "UPDATE seal SET no = 4 WHERE no = 5", "UPDATE seal SET no = 5 WHERE no = 6"],
        first_bad=5, why="changed", faults=2),
    Case(name="a seal's mac changed", sql=["UPDATE seal SET mac = prev WHERE no = 3"], first_bad=3, why="changed",
         faults=2),
    Case(name="a row put in with a seal of another key", sql=[
        f"INSERT INTO audit {ROW} (8, {OLD}, 'x', 'card.closed', 'card', '1', '{{}}')",
        "INSERT INTO seal (no, audit_id, prev, mac) SELECT 7, 8, mac, 'ab' FROM seal WHERE no = 6"],
        first_bad=8, why="changed"),
    Case(name="an old row put in below, not sealed", sql=[
        f"INSERT INTO audit {ROW} (-1, {OLD}, 'x', 'card.closed', 'card', '1', '{{}}')"],
        first_bad=-1, why="inserted"),
    Case(name="a private value changed", sql=["UPDATE audit_private SET value = 'x' WHERE audit = 2"], first_bad=2,
         why="private_changed"),
    Case(name="a private value of a row that waits changed", sql=[
        "UPDATE audit_private SET value = 'x' WHERE audit = 7"], first_bad=7, why="private_changed"),
    Case(name="a salt that is none", sql=["UPDATE audit_private SET salt = 'zz' WHERE audit = 2"], first_bad=2,
         why="private_changed"),
    Case(name="a private value put beside a row", sql=[
        "INSERT INTO audit_private (audit, name, value, salt) VALUES (2, 'name', 'x', '00')"], first_bad=2,
        why="private_added"),
    Case(name="a private value erased: lawful", sql=["DELETE FROM audit_private WHERE audit IN (2, 3)"], first_bad=None,
         why=None, faults=0),
    Case(name="a row that waits removed: by the private value it left", sql=["DELETE FROM audit WHERE id = 7"],
         first_bad=7, why="row_removed"),
    Case(name="the end cut off, without a head: not seen", sql=[
        "DELETE FROM seal WHERE no > 4", "DELETE FROM audit WHERE id > 4", "DELETE FROM audit_private WHERE audit > 4"],
        first_bad=None, why=None, faults=0),
    Case(name="the end cut off, against the head", sql=[
        "DELETE FROM seal WHERE no > 4", "DELETE FROM audit WHERE id > 4", "DELETE FROM audit_private WHERE audit > 4"],
        first_bad=5, why="cut_off", head=True),
    Case(name="everything removed, against the head", sql=[
        "DELETE FROM seal", "DELETE FROM audit", "DELETE FROM audit_private"], first_bad=1, why="cut_off", head=True),
    Case(name="nothing done, against the head", sql=[], first_bad=None, why=None, faults=0, head=True),
]  # fmt: skip


@pytest.mark.scenarios
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_done_to_the_audit_is_found_and_named(store: Store, case: Case) -> None:
    assert write(store, *"abcdef") == [1, 2, 3, 4, 5, 6]
    seal(store)
    write(store, "g", at=NOW + 7 * MINUTE)
    head = head_of(store)
    assert head is not None
    assert head.no == 6
    tamper(store, *case.sql)
    found = verified(store, *([head] if case.head else []))
    told = found.to_json()
    assert (told["ok"], told["first_bad"], told["why"], told["faults"]) == (
        case.first_bad is None, case.first_bad, case.why, case.faults
    )  # fmt: skip
    assert found.erased == (2 if "lawful" in case.name else 0)


def test_a_row_put_in_later_with_an_old_time_is_found_after_the_sealer_has_numbered_it(store: Store) -> None:
    write(store, *"abc")
    tamper(store, "DELETE FROM audit WHERE id = 2", "DELETE FROM audit_private WHERE audit = 2")  # never sealed
    write(store, "d", at=NOW + 30 * MINUTE)
    seal(store)
    tamper(store, f"INSERT INTO audit {ROW} (2, {OLD}, 'x', 'card.closed', 'card', '1', '{{}}')")
    assert seal(store) == 1
    found = verified(store)
    assert [(f.why, f.row, f.seal) for f in found.faults] == [("inserted", 2, 4)]


def test_a_row_committed_late_with_a_smaller_id_is_sealed_in_the_order_found(store: Store) -> None:
    write(store, *"abc")
    tamper(store, "DELETE FROM audit WHERE id = 2", "DELETE FROM audit_private WHERE audit = 2")  # drawn, not committed
    assert seal(store) == 2
    tamper(store, f"INSERT INTO audit {ROW} (2, {OLD}, 'x', 'card.closed', 'card', '1', '{{}}')")
    assert Sealer(store, KEY).seal() == 1, "found without going through the whole table"
    with store.read() as conn:
        assert conn.execute(select(seals.SEAL.c.audit_id).order_by(seals.SEAL.c.no)).scalars().all() == [1, 3, 2]
    assert verified(store).ok


def test_a_chain_made_anew_by_another_key_shows_everywhere_and_against_the_head(store: Store) -> None:
    write(store, *"abc")
    seal(store)
    head = head_of(store)
    assert head is not None
    tamper(store, "DELETE FROM seal")
    Sealer(store, b"x" * 64).seal()
    found = verified(store, head)
    assert [(f.why, f.row) for f in found.faults] == [("changed", 1), ("changed", 2), ("changed", 3), ("other_head", 3)]
    assert [f.why for f in verified(store, head, key=b"x" * 64).faults] == ["other_head"]


def test_two_sealers_beside_writers_make_one_chain(store: Store) -> None:
    """Threads with stores of their own, as replicas have: they collide on the keys, and every row has one seal."""
    stores = [Store(store.url) for _ in range(4)]
    done, failed = threading.Event(), []

    def guarded(work: Callable[[Store], None]) -> Callable[[Store], None]:
        def run(own: Store) -> None:
            try:
                work(own)
            except Exception as error:
                failed.append(error)

        return run

    @guarded
    def writer(own: Store) -> None:
        write(own, *(f"r{n}" for n in range(60)), apart=timedelta(seconds=1))

    @guarded
    def sealer(own: Store) -> None:
        sealing = Sealer(own, KEY)
        while not done.is_set():
            sealing.seal()
        sealing.seal()

    work = (writer, writer, sealer, sealer)
    threads = [threading.Thread(target=each, args=(own,)) for each, own in zip(work, stores, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads[:2]:
        thread.join()
    done.set()
    for thread in threads[2:]:
        thread.join()
    for own in stores:
        own.close()
    assert failed == []
    found = verified(store)
    assert (found.ok, found.sealed, found.unsealed) == (True, 120, 0)


def test_a_sealer_that_was_overtaken_adds_nothing(store: Store) -> None:
    write(store, *"ab")
    seal(store)
    row = {"no": 2, "audit_id": 9, "prev": "p", "mac": "m"}
    fresh = {"no": 3, "audit_id": 10, "prev": "q", "mac": "n"}
    with pytest.raises(seals.Collided):
        store.step(lambda conn: seals.add(conn, [fresh, row]))
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(seals.SEAL)).scalar_one() == 2


@pytest.mark.parametrize("sizes", [(3_000, 6_000), pytest.param((3_000, 12_000), marks=pytest.mark.long)])
def test_memory_stays_flat_however_long_the_audit_is(store: Store, sizes: tuple[int, int]) -> None:
    peaks = []
    for rows in sizes:
        with store.write() as conn:
            entries = [
                audit.Entry(action="a", object_kind="k", object_id=str(n), private={"w": "x"}) for n in range(rows)
            ]
            audit.record_all(conn, NOW, "system", entries)
        assert seal(store) == rows
        tracemalloc.start()
        assert verified(store).ok
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5, peaks


def test_a_step_of_the_sealer_lets_ingest_in_between(store: Store) -> None:
    """The lock is held for the insert of one batch, not for the whole round."""
    write_many = [audit.Entry(action="a", object_kind="k", object_id=str(n)) for n in range(STEP * 5 + 7)]
    with store.write() as conn:
        audit.record_all(conn, NOW, "system", write_many)
    held: list[Any] = []
    step = store.step
    store.step = lambda work, **how: held.append(1) or step(work, **how)  # type: ignore[method-assign,func-returns-value]
    assert seal(store) == STEP * 5 + 7
    assert len(held) == 6
