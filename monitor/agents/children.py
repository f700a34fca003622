"""Processes that the demo starts and ends: a Mosquitto with the shipped configuration, and the daemon."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import httpx

from monitor.clock import Clock
from monitor.settings import config_dir

ADMIN_PATH: Final = "/usr/sbin:/usr/local/sbin:/sbin"
"""Debian keeps mosquitto where a user's PATH does not look."""
END_SECONDS: Final = 15.0
READY_SECONDS: Final = 60.0
DAEMON_USER: Final = "jiancha"


class CannotStart(RuntimeError):
    """A process that the demo needs does not come up; the text says what it wrote last."""


class Child:
    """A process in a session of its own, so that Ctrl-C reaches the demo alone and it ends its children in order."""

    def __init__(self, command: list[str], log: Path, environ: Mapping[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(environ) if environ is not None else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self, seconds: float = END_SECONDS) -> None:
        """SIGTERM, then SIGKILL for one that does not listen for so long."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()

    def last_words(self, lines: int = 8) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])


def find_mosquitto(path: str | None = None) -> tuple[str, str] | None:
    """Paths of mosquitto and mosquitto_passwd on `path`, else on PATH and ADMIN_PATH; None where either is missing."""
    where = f"{os.environ.get('PATH', os.defpath)}:{ADMIN_PATH}" if path is None else path
    found = [shutil.which(name, path=where) for name in ("mosquitto", "mosquitto_passwd")]
    return (found[0], found[1]) if found[0] and found[1] else None


class Broker:
    """Mosquitto in a folder of its own, on a free port of 127.0.0.1, with a new password for every user."""

    def __init__(self, programs: tuple[str, str], folder: Path, users: Iterable[str]) -> None:
        self._program, self._hasher = programs
        self._folder = folder
        folder.mkdir(mode=0o700)
        self.port = free_port()
        self.passwords = {user: secrets.token_urlsafe(18) for user in (DAEMON_USER, *users)}
        self._write_passwords()
        shutil.copy(config_dir() / "mosquitto" / "jiancha.acl", folder / "jiancha.acl")
        (folder / "jiancha.acl").chmod(0o600)
        (folder / "mosquitto.conf").write_text(self._configuration())

    def start(self) -> Child:
        """The running broker, once it listens. Raises CannotStart."""
        child = Child([self._program, "-c", str(self._folder / "mosquitto.conf")], self._folder / "mosquitto.log")
        for _ in _until(10.0):
            if not child.is_running:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return child
        child.end()
        raise CannotStart(f"Mosquitto: {child.last_words()}")

    def _write_passwords(self) -> None:
        """In clear, then hashed in place by the broker's own tool."""
        path = self._folder / "jiancha.passwd"
        path.touch(mode=0o600)
        path.write_text("".join(f"{user}:{password}\n" for user, password in self.passwords.items()))
        subprocess.run([self._hasher, "-U", str(path)], check=True, capture_output=True)

    def _configuration(self) -> str:
        """The shipped file with this folder's paths and port."""
        text = (config_dir() / "mosquitto" / "mosquitto.conf").read_text()
        here = {
            "password_file": str(self._folder / "jiancha.passwd"),
            "acl_file": str(self._folder / "jiancha.acl"),
            "persistence_location": f"{self._folder}/",
            "listener": f"{self.port} 127.0.0.1",
        }
        for key, value in here.items():
            text, found = re.subn(rf"^{key} .*$", f"{key} {value}", text, flags=re.MULTILINE)
            if found != 1:
                raise CannotStart(f"config/mosquitto/mosquitto.conf: 应恰有一行 the line `{key} …` is expected once")
        # started as root it would turn into the user `mosquitto`, who cannot read this folder
        return f"{text}user {pwd.getpwuid(os.geteuid()).pw_name}\n"


class Daemon:
    """`jiancha run` as a child, with this Python. `environ` is added to the environment, which loses its JIANCHA_…"""

    def __init__(self, config: Path, port: int, environ: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("JIANCHA_")}
        command = [sys.executable, "-m", "monitor", "--config", str(config), "run"]
        self.child = Child(command, config.parent / "daemon.log", {**inherited, **environ})

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Until /readyz says so, or `stop` is set. Raises CannotStart."""
        answer = "no answer"
        with httpx.Client(timeout=2) as client:
            for _ in _until(READY_SECONDS):
                if stop.is_set():
                    return
                if not self.child.is_running:
                    raise CannotStart(f"jiancha run: 已退出 it ended: {self.child.last_words()}")
                try:
                    response = client.get(f"{self.url}/readyz")
                except httpx.HTTPError:
                    continue
                if response.status_code == 200:
                    return
                answer = response.text
        raise CannotStart(
            f"jiancha run: {READY_SECONDS:.0f} 秒后仍未就绪 is not ready after {READY_SECONDS:.0f} s: "
            f"{answer}\n{self.child.last_words()}"
        )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(seconds: float) -> Iterable[None]:
    """Rounds of a few hundredths of a second until so many seconds are over."""
    pause, clock = threading.Event(), Clock()
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        yield
        pause.wait(0.03)
