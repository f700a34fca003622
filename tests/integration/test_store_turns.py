"""Processes that write one SQLite file: nobody waits for another's every batch, and whoever judges is left room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from monitor.app.program import open_program, sole_judge
from monitor.ingest.feed import BATCH, BATCH_ALONE, import_events
from monitor.settings import load
from monitor.store.engine import Store
from tests.conftest import Eventually
from tests.ingest_world import NINE, REGISTRY, beat
from tests.integration.test_ingest_feed import lines

GREEDY = """
import sqlite3, sys, threading, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
done = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
while not done.is_set():
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE turns SET taken = taken + 1")
    done.wait(0.1)
    db.execute("COMMIT")
    time.sleep(0.005)
"""
"""Writes 0.1 s of every 0.105: SQLite's own waiting finds the door open at one look in twenty, 0.1 s apart."""
WRITES = 10
TURNS_A_WRITE = 2.5
"""On average; one in two writes is the rule. By SQLite's own waiting it was one to seven."""


@pytest.fixture
def contested(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'turns.sqlite'}")
    with store.write() as conn:
        conn.execute(text("CREATE TABLE turns (taken INTEGER NOT NULL)"))
        conn.execute(text("INSERT INTO turns VALUES (0)"))
    greedy = subprocess.Popen([sys.executable, "-c", GREEDY, str(tmp_path / "turns.sqlite")], stdin=subprocess.PIPE)
    yield store
    assert greedy.stdin is not None
    greedy.stdin.close()
    assert greedy.wait(30) == 0
    store.close()


def test_a_writer_gets_its_turn_beside_one_that_never_rests(contested: Store, eventually: Eventually) -> None:
    def taken() -> int:
        with contested.read() as conn:
            return int(conn.execute(text("SELECT taken FROM turns")).scalar_one())

    waited = 0
    for _ in range(WRITES):
        before = taken()
        eventually(lambda seen=before: taken() > seen, what="the other writes")  # type: ignore[misc]
        before = taken()
        with contested.write() as conn:
            waited += int(conn.execute(text("SELECT taken FROM turns")).scalar_one()) - before
    assert waited <= WRITES * TURNS_A_WRITE


def test_a_program_leaves_room_as_long_as_another_judges(tmp_path: Path) -> None:
    settings = load(None, {"JIANCHA_STORE__URL": f"sqlite:///{tmp_path / 'jiancha.sqlite'}"})
    working, judging = open_program(settings), open_program(settings)
    assert not working.store.polite()
    with sole_judge(judging.store):
        assert working.store.polite()
        assert not judging.store.polite(), "it is the one that judges"
    assert not working.store.polite()
    working.close()
    judging.close()


@pytest.mark.parametrize(
    ("judges_from", "transactions"),
    [(None, 3), (1, 1 + 3), (0, 6)],
    ids=["nobody judges", "from the second batch on", "from the beginning"],
)
def test_a_file_is_taken_in_by_smaller_steps_as_soon_as_another_judges(
    store: Store, tmp_path: Path, judges_from: int | None, transactions: int
) -> None:
    written: list[int] = []
    event.listen(store.engine, "commit", written.append)
    count = BATCH_ALONE + 3 * BATCH
    file = lines(tmp_path / "day.jsonl", *(beat("term-1", at=NINE + timedelta(seconds=n)) for n in range(count)))
    written.clear()
    store.polite = lambda: judges_from is not None and len(written) >= judges_from
    assert import_events(store, file, REGISTRY).stored == count
    assert len(written) == transactions
