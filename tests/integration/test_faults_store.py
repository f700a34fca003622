"""The SQLite store is locked, full, or judged by somebody else: the daemon waits, says so, and goes on without loss."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Eventually, skip_or_fail
from tests.mosquitto import Mosquitto
from tests.outage import DEVICE, Talker, Watched

SOME = 30
pytestmark = pytest.mark.long  # real outages of real servers take their time

LOCKER = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
store.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
store.execute("COMMIT")
"""


class Locked:
    """Another process that holds the write lock, until the block ends."""

    def __init__(self, database: Path) -> None:
        command = [sys.executable, "-c", LOCKER, str(database)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Locked:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "locked\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate("go\n", timeout=20)
        assert self._process.returncode == 0


@pytest.fixture(scope="module")
def broker(
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str], free_port: Callable[[], int]
) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker"), free_port(), [DEVICE], program=tool("mosquitto")) as running:
        yield running


class Trouble:
    """A daemon over a store that is in trouble while a device talks."""

    def __init__(self, watched: Watched, talker: Talker, eventually: Eventually) -> None:
        self.watched, self.talker, self.eventually = watched, talker, eventually

    def more(self) -> None:
        goal = len(self.stored()) + SOME
        self.eventually(lambda: len(self.stored()) >= goal, 30, "events come no more")

    def stored(self) -> list[str]:
        return self.watched.stored(self.talker.boot)

    def says_away(self, why: str, timeout: float = 20) -> None:
        self.eventually(lambda: why in self.watched.ready().get("store", ""), timeout, f"/readyz does not say: {why}")
        assert self.watched.metric('jiancha_ready{part="store"}') == 0
        assert self.watched.metric('jiancha_ready{part="broker"}') == 1

    def says_back(self) -> None:
        self.eventually(lambda: not self.watched.ready(), 30, "/readyz does not come back")
        assert self.watched.metric('jiancha_ready{part="store"}') == 1

    def lost_nothing(self) -> None:
        self.watched.holds(self.talker.finish(), self.talker.boot, self.eventually)


@pytest.fixture
def trouble(broker: Mosquitto, eventually: Eventually) -> Iterator[Callable[..., Trouble]]:
    """`trouble(watched)`: the daemon runs, a device talks and is heard."""
    opened: list[Talker | Watched] = []

    def start(watched: Watched) -> Trouble:
        watched.daemon.start()
        opened.append(watched)
        eventually(lambda: not watched.ready(), 20, "the daemon is not ready")
        talker = Talker(broker.port, boot=f"run{watched.daemon.url[-5:]}").start()
        opened.append(talker)
        made = Trouble(watched, talker, eventually)
        made.more()
        return made

    yield start
    for one in reversed(opened):
        if isinstance(one, Talker):
            one.close()
        else:
            one.daemon.__exit__()


def test_another_writer_holds_the_lock_for_longer_than_sqlite_waits(
    tmp_path: Path, broker: Mosquitto, trouble: Callable[..., Trouble]
) -> None:
    """Ingest waits, and tries again when its wait was in vain; judging waits behind it."""
    watched = Watched(tmp_path / "daemon", broker.port, JIANCHA_STORE__BUSY_SECONDS="3")
    watched.register()
    here = trouble(watched)
    with Locked(watched.database):
        here.says_away("write lock")
        here.eventually(lambda: watched.logged("ingest.waiting"), 20, "the log says nothing")
        here.says_away("locked")
        held = here.talker.said
    here.says_back()
    here.more()
    here.lost_nothing()
    assert here.talker.said > held
    assert watched.logged("store.back")


def test_another_writer_holds_the_lock_for_a_moment(
    tmp_path: Path, broker: Mosquitto, trouble: Callable[..., Trouble]
) -> None:
    """Shorter than SQLite waits: nothing fails, yet it is told."""
    watched = Watched(tmp_path / "daemon", broker.port)
    watched.register()
    here = trouble(watched)
    with Locked(watched.database):
        here.says_away("write lock")
    here.says_back()
    here.lost_nothing()
    assert not watched.logged("ingest.waiting")
    assert watched.logged("store.waited")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB: the database, and a WAL of 4 MiB before its first checkpoint."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        skip_or_fail("a tmpfs is mounted by root only")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        skip_or_fail(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes what is left of the disk."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 4096)
        except OSError:
            return ballast


def test_the_disk_is_full_while_events_arrive(
    tmp_path: Path, small_disk: Path, broker: Mosquitto, trouble: Callable[..., Trouble]
) -> None:
    """What cannot be stored stays unacknowledged at the broker; with room again it is stored."""
    url = f"sqlite:///{small_disk / 'jiancha.sqlite'}"
    watched = Watched(tmp_path / "daemon", broker.port, JIANCHA_STORE__URL=url)
    watched.register()
    here = trouble(watched)
    ballast = fill(small_disk)
    here.says_away("full", 30)
    goal = here.talker.said + SOME
    here.eventually(lambda: here.talker.said >= goal)
    assert watched.logged("ingest.waiting")
    ballast.unlink()
    here.says_back()
    here.more()
    here.lost_nothing()
    assert watched.query("PRAGMA integrity_check") == [("ok",)]


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, broker: Mosquitto, free_port: Callable[[], int], eventually: Eventually
) -> None:
    """/dev/full: a disk that has no room for the log."""
    port = free_port()
    watched = Watched(tmp_path / "daemon", broker.port, JIANCHA_HTTP__PORT=str(port))
    watched.register()
    watched.daemon.url = f"http://127.0.0.1:{port}"
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(watched.daemon._line("run"), env=watched.daemon.environment, stderr=full)
    try:
        eventually(lambda: watched.answers() and not watched.ready(), 20, "the daemon is not ready")
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_two_daemons_on_one_store_the_second_refuses(tmp_path: Path, broker: Mosquitto) -> None:
    """Other commands still work beside the first."""
    first = Watched(tmp_path / "first", broker.port)
    first.register()
    second = Watched(
        tmp_path / "second", broker.port, JIANCHA_STORE__URL=first.daemon.environment["JIANCHA_STORE__URL"]
    )
    with first.daemon:
        for words in (["run"], ["judge", "--as-of", "2026-03-02T09:00:00+08:00"]):
            done = subprocess.run(
                second.daemon._line(*words), env=second.daemon.environment, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 2, f"{words}: {done.stdout}{done.stderr}"
            assert "another process judges this store" in done.stderr
            assert "stop `jiancha run` first" in done.stderr
            assert "Traceback" not in done.stderr
        first.register()
        assert first.daemon.command("cards", "list", "--json").startswith("[")
        assert first.daemon.stop() == 0
        assert second.daemon.start().stop() == 0
