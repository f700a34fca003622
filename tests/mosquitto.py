"""A real Mosquitto with the shipped configuration, on a loopback port, for tests and measurements."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

CONFIG = Path(__file__).resolve().parent.parent / "config" / "mosquitto"
DAEMON = "jiancha"
PASSWORD = "secret"
"""The password of every user here."""
NO_CONNECT = b"\xc0\x00" * 8
"""Packets that may not come first, and no beginning of TLS either."""


def answers(port: int, seconds: float) -> bool:
    """Whether a broker's loop runs: it hangs up on who does not begin with CONNECT.

    The port alone listens sooner, and what is sent to the process then is lost: SIGHUP ends it, for which it has no
    handler yet, and a SIGTERM before the loop is forgotten when the loop begins.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), max(0.1, seconds)) as probe:
            probe.sendall(NO_CONNECT)
            return probe.recv(1) is not None
    except ConnectionResetError:
        return True
    except OSError:
        return False


class Mosquitto:
    """A broker in its own folder: `start`, `stop`, `kill` (SIGKILL) and `start` again keep port and persisted queue.

    `users` are the devices beside the daemon. `settings` replaces or adds single configuration values; `append` goes to
    the end of the file, as the shipped listeners do.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        users: Iterable[str] = (),
        settings: Mapping[str, str] | None = None,
        program: str | None = None,
        append: str = "",
    ) -> None:
        self.port = port
        self.folder = folder
        self._program = program or shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._write_users([DAEMON, *users])
        shutil.copy(CONFIG / "jiancha.acl", folder / "jiancha.acl")
        (folder / "jiancha.acl").chmod(0o600)
        (folder / "mosquitto.conf").write_text(self._configuration(settings or {}) + append)

    def _configuration(self, settings: Mapping[str, str]) -> str:
        """The shipped file with this folder's paths, the port, and the user that the tests run as."""
        text = (CONFIG / "mosquitto.conf").read_text()
        here = {
            "password_file": str(self.folder / "jiancha.passwd"),
            "acl_file": str(self.folder / "jiancha.acl"),
            "persistence_location": f"{self.folder}/",
            "listener": f"{self.port} 127.0.0.1",
            **settings,
        }
        for key, value in here.items():
            text, found = re.subn(rf"^{key} .*$", f"{key} {value}", text, flags=re.MULTILINE)
            if not found:
                text += f"{key} {value}\n"
        return text + "user root\n"  # started as root it would turn into `mosquitto` and not read this folder

    def _write_users(self, users: Iterable[str]) -> None:
        """Passwords in clear, then hashed in place by the broker's own tool."""
        path = self.folder / "jiancha.passwd"
        path.write_text("".join(f"{user}:{PASSWORD}\n" for user in users))
        path.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True, capture_output=True)

    def add_user(self, user: str) -> None:
        """A device more; the running broker reads its passwords again."""
        path = self.folder / "jiancha.passwd"
        subprocess.run(["mosquitto_passwd", "-b", str(path), user, PASSWORD], check=True, capture_output=True)
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def start(self) -> Mosquitto:
        if self._program is None:
            raise FileNotFoundError("mosquitto")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"mosquitto did not start: {self.log()}")
            if answers(self.port, end - time.monotonic()):
                return self
            time.sleep(0.01)
        raise RuntimeError(f"mosquitto does not listen on {self.port}: {self.log()}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def reload(self) -> None:
        """SIGHUP: passwords and ACL are read again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def publish(self, device: str, channel: str, payload: str, *options: str, user: str | None = None) -> None:
        """`mosquitto_pub` as a device, QoS 1; `user` pretends to be another."""
        subprocess.run(
            [
                "mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-u", user or device,
                "-P", PASSWORD, "-t", f"jiancha/v1/{device}/{channel}", "-m", payload, *options,
            ],
            check=True,
            capture_output=True,
            timeout=20,
        )  # fmt: skip

    def __enter__(self) -> Mosquitto:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
