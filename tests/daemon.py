"""The real daemon as a child process, for tests: `jiancha run` with a configuration of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests import forked, migrated, plain_http


class Daemon:
    """`start` returns once /healthz answers; `url` is where. The folder holds the database, the log and the file.

    `entry`: "module:function" that is run in place of the command (`tests.forked`).
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], config: str = "", entry: str = "") -> None:
        self.folder = folder
        self._entry = entry
        self._file = folder / "jiancha.toml"
        self._file.write_text(config)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("JIANCHA_")},
            "JIANCHA_STORE__URL": f"sqlite:///{folder / 'jiancha.sqlite'}",
            "JIANCHA_HTTP__PORT": "0",
            **environment,
        }
        self.url = ""
        self._process: forked.Child | None = None
        self._begun = 0

    def command(self, *words: str) -> str:
        """Run another command on the same store; its standard output. Fails on a status other than 0."""
        if words[:2] in (("registry", "import"), ("user", "add")):
            self._lay()
        done = forked.run(["--config", str(self._file), *words], env=self.environment, timeout=60)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> Daemon:
        self.begin()
        return self.await_start()

    def begin(self, **environment: str) -> forked.Child:
        """Start it and do not wait until it runs."""
        self._lay()
        log = self.folder / "daemon.log"
        log.touch()  # whoever waits for what it says may look before it has opened it
        self._begun = log.stat().st_size
        words = ["--config", str(self._file), "run"]
        self._process = forked.start(words, env=self.environment | environment, log=log, entry=self._entry)
        return self._process

    def _lay(self) -> None:
        database = self.folder / "jiancha.sqlite"
        if self.environment["JIANCHA_STORE__URL"] == f"sqlite:///{database}":
            migrated.lay(database)

    def await_start(self, timeout: float = 30) -> Daemon:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            assert self._process is not None
            assert self._process.poll() is None, f"the daemon ended: {self.log()}"
            for line in (self.folder / "daemon.log").read_bytes()[self._begun :].decode(errors="replace").splitlines():
                if '"daemon.started"' in line:
                    self.url = str(json.loads(line)["http"])
                    plain_http.get(f"{self.url}/healthz").raise_for_status()
                    return self
            time.sleep(0.02)
        raise AssertionError(f"the daemon did not start: {self.log()}")

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def status(self) -> int | None:
        """How it ended by itself; None while it lives."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def log(self) -> str:
        return (self.folder / "daemon.log").read_text(errors="replace")

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        status = self._process.wait(30)
        self._process = None
        return status

    def _line(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "monitor", "--config", str(self._file), *words]

    def __enter__(self) -> Daemon:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop()
