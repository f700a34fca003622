"""A room that stands for the machine which the guide installs: its chapters are typed here, one after the other.

Paths and ports are moved (`mapping`), what needs a whole system is played (`played`), everything else is the real
program: the shell, Mosquitto and its clients, openssl, curl, nginx, promtool, the wheelhouse, and `jiancha` itself.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.guide.checkout import VERSION, lay_checkout
from tests.guide.mapping import Mapping
from tests.guide.page import Step, agrees, steps
from tests.guide.played import PLAYED, Asked, Machine, Told
from tests.guide.services import Services
from tests.postgres import PASSWORD, Postgres

NOW: Final = datetime(2026, 10, 20, 1, 30, tzinfo=UTC)
"""What the clocks of the room show when it opens: a Tuesday in October, 09:30 in the hall."""
PLACES_THERE: Final = (
    "etc/systemd/system", "etc/mosquitto", "etc/nginx/conf.d", "etc/prometheus", "etc/default",
    "etc/chrony/sources.d",
    "usr/local/sbin", "media/usb", "mnt/backup", "srv", "root", "opt", "var/lib/mosquitto", "var/lib/grafana",
)  # fmt: skip
"""Folders that Debian and its packages have made."""
STEP_SECONDS: Final = 300.0
OWN: Final = {"jiancha", "python3 -m venv"}
"""What is played from a place of its own: the checkout, the wheelhouse."""
CLIENT: Final = Path(__file__).parent / "programs" / "client.py"


class Room:
    """`play(page)` types a chapter. `postgres`: the server that its pages find on port 5432. `real`: the product as it
    is installed from the wheelhouse, a process each; else as a fork of one that has imported it.
    """

    def __init__(self, *, postgres: Postgres | None = None, real: bool = False) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="guide", dir="/tmp"))
        self._held: list[socket.socket] = []
        self.mapping = Mapping(self.root, self._hold, {"5432": str(postgres.port)} if postgres else {})
        self.clock = {
            "JIANCHA_CLOCK__START": NOW.isoformat(),
            "JIANCHA_CLOCK__ANCHOR": datetime.now(UTC).isoformat(),
        }
        ports = {"JIANCHA_HTTP__PORT": self.mapping.ports["8642"], "JIANCHA_MQTT__PORT": self.mapping.ports["1883"]}
        self.services = Services(self.mapping, self.clock | ports, real=real)
        self.machine = Machine(self.mapping, self.services, self.clock | ports, real=real)
        for place in PLACES_THERE:
            (self.root / place).mkdir(parents=True)
        for name, version in (("jiancha", VERSION), ("jiancha-next", f"{VERSION}.post1")):
            lay_checkout(self.root / "root" / name, version, real=real)
        self._programs()
        self._listen()
        skew = int(time.time() - NOW.timestamp())
        self.environment = {
            "PATH": f"{self.root}/programs:{self.root}/usr/local/sbin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.root / "root"),
            "LANG": "C.UTF-8",
            "TZ": "Asia/Shanghai",
            "ROOM": str(self.root / "room"),
            "ROOM_SKEW": str(skew),
            "PYTHON": sys.executable if real else str(self.root / "programs" / "python-of-the-room"),
            "ROOM_PYTHON": sys.executable,
            **self.clock,
            **ports,
            **(self._database(postgres) if postgres else {}),
            # pip asks no index in the short form: what the wheelhouse takes lies in the checkout
            **({} if real else {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "no", "PIP_NO_CACHE_DIR": "1"}),
        }

    def _hold(self) -> int:
        """A port that is the room's until it closes, also while nobody listens on it: a chapter may come to it long
        after it was given, and on a busy machine it would be somebody else's by then. A server, which sets
        SO_REUSEADDR, gets it.
        """
        held = socket.socket()
        self._held.append(held)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])

    def _database(self, postgres: Postgres) -> dict[str, str]:
        """psql and createdb as they are for the user postgres of Debian's package: let in without a word."""
        for name in ("psql", "createdb", "createuser"):
            (self.root / "programs" / name).symlink_to(postgres.programs / name)
        return {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGUSER": "postgres", "PGPASSWORD": PASSWORD}

    @property
    def medium(self) -> Path:
        """What is carried between the machine outside and the server."""
        return self.root / "media" / "usb"

    # ------------------------------------------------------------------ playing

    def play(self, page: Path, tell: Callable[[Step, str], None] | None = None) -> list[str]:
        """Type the chapter; what went otherwise than the page says, one entry a step."""
        wrong: list[str] = []
        shell = Shell(self.environment, self.root / "root")
        try:
            for step in steps(page):
                status, raw = shell.type(self.mapping.here(step.typed))
                said = self.mapping.there(raw)
                if tell is not None:
                    tell(step, said)
                where = f"{page.name}:{step.line}"
                if status is None:
                    wrong.append(f"{where}: the shell ended or hung; said was\n{said}")
                    break
                if not agrees(said, step.said):
                    wrong.append(f"{where}: said was\n{said}\nthe page shows\n{step.said}")
        finally:
            shell.end()
        return wrong

    def close(self) -> None:
        self.services.stop_all()
        self._server.close()
        for held in self._held:
            held.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # ------------------------------------------------------------------ programs that are played

    def _programs(self) -> None:
        folder = self.root / "programs"
        folder.mkdir()
        for name in PLAYED.keys() - OWN:
            path = folder / name
            path.write_text(f"#!{sys.executable} -SI\n{CLIENT.read_text()}")
            path.chmod(0o755)
        for script in (Path(__file__).parent / "programs").glob("*.sh"):
            shutil.copy(script, folder / script.stem)
            (folder / script.stem).chmod(0o755)

    def _listen(self) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.root / "room"))
        self._server.listen(32)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                asking, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(asking,), daemon=True).start()

    def _answer(self, asking: socket.socket) -> None:
        with asking, asking.makefile("rwb") as stream:
            asked = Asked(**json.loads(stream.readline()))

            def runs(child: int) -> None:
                stream.write(json.dumps({"child": child}).encode() + b"\n")
                stream.flush()

            try:
                told = self.machine.answer(asked, runs)
            except Exception as error:  # the shell sees it, and so does the test
                told = Told(status=70, err=f"{asked.program}: {error!r}\n")
            stream.write(json.dumps(told.__dict__).encode() + b"\n")


class Shell:
    """One bash for a chapter: variables and folders last from block to block; the first command that fails ends it."""

    MARK: Final = "--8<--"

    def __init__(self, environment: dict[str, str], home: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash", "-e", "-u", "-o", "pipefail"], env=environment, cwd=home, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def type(self, text: str) -> tuple[int | None, str]:
        """Its status, None where the shell ended or hung, and all that was said."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        script = f"{text.rstrip()}\necho '{self.MARK}'\n"
        try:
            self._bash.stdin.write(script.encode())
            self._bash.stdin.flush()
        except BrokenPipeError:
            return None, ""
        watch = threading.Timer(STEP_SECONDS, self._bash.kill)
        watch.start()
        lines: list[str] = []
        try:
            for raw in self._bash.stdout:
                line = raw.decode(errors="replace")
                if line.rstrip("\n").endswith(self.MARK):
                    return 0, "".join([*lines, line.rstrip("\n").removesuffix(self.MARK)])
                lines.append(line)
            return None, "".join(lines)
        finally:
            watch.cancel()

    def end(self) -> None:
        assert self._bash.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._bash.stdin.close()
        try:
            self._bash.wait(10)
        except subprocess.TimeoutExpired:
            self._bash.kill()
            self._bash.wait()
