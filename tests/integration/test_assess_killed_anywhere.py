"""Runs, bulk decisions and signings that are killed, and people who decide at once in processes of their own: nothing
is half written or posted twice, and done again it is what an undisturbed hall has.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.snapshot import Snapshot
from monitor.store.engine import Store
from monitor.supervision.people import Person, save_person
from tests import forked
from tests.assessed_hall import HALL
from tests.closable import Closable
from tests.migrated import lay

pytestmark = pytest.mark.both_databases

MARCH = "2026-03"
RUN = ("run", "--hall", HALL, "--month", MARCH)
CLOSE = ("close", "--hall", HALL, "--period", MARCH, "--reason", "经核对", "--as", "zhao")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """With the schema that commands ask for."""
    if database_url.startswith("sqlite:///"):
        lay(Path(database_url.removeprefix("sqlite:///")))
    opened = Store(database_url)
    yield opened
    opened.close()


class Killed(Closable):
    """Commands as processes, each a minute later in the hall; `many` marks of March wait to be found."""

    def __init__(self, store: Store, folder: Path, many: int) -> None:
        super().__init__(store, folder)
        with store.write() as conn:
            for user in ("wang", "zhao"):
                person = Person(id=user, role="supervision_head", halls=[HALL])
                save_person(conn, self.registry, person, actor="cli:x", now=self.now)
        for number in range(many):
            self.mark(day=f"2026-03-{2 + number % 5:02}", staff=f"s0{1 + number % 6}")
        self.world.clock.advance(timedelta(minutes=1))

    def environ(self, failpoint: str = "") -> dict[str, str]:
        bare = {k: v for k, v in os.environ.items() if not k.startswith("JIANCHA_")}
        bare |= {"JIANCHA_STORE__URL": self.store.engine.url.render_as_string(hide_password=False),
                 "JIANCHA_CLOCK__START": self.now.isoformat()}  # fmt: skip
        return bare | ({"JIANCHA_FAILPOINT": failpoint} if failpoint else {})

    def command(self, words: Sequence[str], failpoint: str = "") -> int:
        done = forked.run(["assess", *words], env=self.environ(failpoint))
        assert done.returncode in (0, 2, -signal.SIGKILL), done.stdout + done.stderr
        self.world.clock.advance(timedelta(minutes=1))
        return done.returncode

    def confirm(self, by: str = "wang") -> tuple[str, ...]:
        return ("confirm", *map(str, self.open()), "--reason", "查实", "--as", by)

    def require_whole(self) -> None:
        """Each proposal that is confirmed has its one entry, and no other has any."""
        confirmed = sorted(p.key for p in self.proposals if p.state == "confirmed")
        assert sorted(e.key for e in self.entries) == confirmed
        assert all(e.reverses is None and e.confirmer is not None for e in self.entries)

    def booked(self) -> Counter[tuple[Any, ...]]:
        """What the ledgers have come to, whoever confirmed it and however the numbers fell."""
        return Counter((e.key, e.points, e.month, e.of_month) for e in self.entries)


def told(made: Snapshot | None) -> Any:
    assert made is not None
    return [(one.id, one.points, one.grade, one.place, one.lines) for one in (*made.people, *made.windows)]


def undisturbed(store: Store, folder: Path, many: int) -> tuple[Any, Any]:
    made = Killed(store, folder, many)
    assert made.command(RUN) == 0
    assert made.command(made.confirm()) == 0
    assert made.command(CLOSE) == 0
    return made.booked(), told(made.signed())


@pytest.fixture
def expected(tmp_path: Path) -> Iterator[Any]:
    """`expected(many)`: ledger and signed sheets of a hall that nobody disturbed, on SQLite."""
    lay(tmp_path / "calm.sqlite")
    calm = Store(f"sqlite:///{tmp_path / 'calm.sqlite'}")
    yield lambda many: undisturbed(calm, tmp_path, many)
    calm.close()


def test_a_bulk_confirmation_that_is_killed_confirmed_some_wholly_and_goes_on(
    store: Store, tmp_path: Path, expected: Any
) -> None:
    made = Killed(store, tmp_path, 7)
    assert made.command(RUN) == 0
    for at, there in (("decide.before_commit:1", 0), ("decide.before_commit:3", 2), ("decide.before_commit:2", 3)):
        assert made.command(made.confirm(), at) == -signal.SIGKILL
        made.require_whole()
        assert len(made.entries) == there, at
    assert made.command(RUN) == 0, "a run between changes nothing of it"
    made.require_whole()
    assert made.command(made.confirm()) == 0
    assert made.command(CLOSE, "scores.before_commit") == -signal.SIGKILL
    assert made.signed() is None
    assert made.command(CLOSE) == 0
    assert (made.booked(), told(made.signed())) == expected(7)


def test_two_who_confirm_all_at_once_in_processes_of_their_own_post_each_once(store: Store, tmp_path: Path) -> None:
    made = Killed(store, tmp_path, 8)
    assert made.command(RUN) == 0
    at_once = [
        forked.start(["assess", *made.confirm(by)], env=made.environ(), log=tmp_path / f"{by}.log")
        for by in ("wang", "zhao")
    ]
    status = [one.wait(120) for one in at_once]
    assert set(status) <= {0, 2}, [(tmp_path / f"{by}.log").read_text() for by in ("wang", "zhao")]
    made.require_whole()
    assert len(made.entries) == 8
    said = "".join((tmp_path / f"{by}.log").read_text() for by in ("wang", "zhao"))
    assert said.count("已查实 confirmed") == 8


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_twenty_times_at_any_moment_it_comes_to_what_an_undisturbed_hall_has(
    store: Store, tmp_path: Path, expected: Any, seed: int
) -> None:
    """By the clock, not at a named point: in the midst of reading, writing, committing, or just before or after."""
    drawn = random.Random(seed)
    made = Killed(store, tmp_path, 60)
    killed = 0
    while killed < 20:
        signed = made.signed() is not None
        if not signed:
            words = drawn.choice([RUN, made.confirm() if made.open() else RUN, CLOSE])
            child = forked.start(["assess", *words], env=made.environ(), log=tmp_path / "killed.log")
            time.sleep(drawn.uniform(0.02, 1.5))
            killed += child.poll() is None
            child.kill()
            child.wait(60)
        made.require_whole()
        made.world.clock.advance(timedelta(minutes=1))
        if signed or len([p for p in made.proposals if p.state == "confirmed"]) == 60:
            break
    assert killed >= 5
    assert made.command(RUN) == 0
    if made.open():
        assert made.command(made.confirm()) == 0
    if made.signed() is None:
        assert made.command(CLOSE) == 0
    assert (made.booked(), told(made.signed())) == expected(60)
