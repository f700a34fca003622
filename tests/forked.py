"""The `jiancha` command, as a process of its own without its start: forked from one that has imported everything.

Most of a short command's time goes into imports, and so do two seconds of a daemon's start; the tests run a thousand of
the one and two hundred of the other. A child has its own environment, folder, output and exit status; what is lost is
what a test of the start itself needs (it runs the program).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LEFT = (
    "monitor.store.migrations.",
    "monitor.agents.postwatch",
    "monitor.agents.terminal",
    "monitor.attendance.recognition.",
)
"""What a child imports itself: steps of the schema, and what needs OpenCV, which starts threads."""
HERE = Path(__file__).resolve().parent.parent
_server: subprocess.Popen[str] | None = None
_asking = threading.Lock()


def run(
    arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None, timeout: float = 240, entry: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command with these arguments and this whole environment; the child is killed after `timeout` seconds.

    `entry`: "module:function" that takes the arguments instead of the command, such as those of `tests.killable`.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/stdout", f"{folder}/stderr"]
        asked = {
            "arguments": list(arguments), "env": dict(env), "cwd": str(cwd or Path.cwd()), "files": files,
            "timeout": timeout, "entry": entry,
        }  # fmt: skip
        status = _ask(asked)
        out, err = (Path(name).read_text(encoding="utf-8", errors="replace") for name in files)
    assert status is not None
    if status == -signal.SIGALRM:
        raise subprocess.TimeoutExpired(list(arguments), timeout, out, err)
    return subprocess.CompletedProcess(list(arguments), status, out, err)


class Child:
    """A command that runs on, such as a daemon: what of `subprocess.Popen` the tests use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = _ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    arguments: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path | None = None, entry: str = ""
) -> Child:
    """Begin the command and do not wait for its end; all that it writes is added to `log`. `entry` as of `run`."""
    asked = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd or Path.cwd()), "log": str(log)}
    pid = _ask({**asked, "entry": entry})
    assert pid is not None
    return Child(pid)


def _ask(asked: Mapping[str, Any]) -> int | None:
    with _asking:
        return _asked(asked)


def _asked(asked: Mapping[str, Any]) -> int | None:
    global _server
    if _server is None or _server.poll() is not None:
        _server = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # numpy (fpdf has it) starts its threads when imported
        )
        atexit.register(_end, _server)
    assert _server.stdin is not None
    assert _server.stdout is not None
    _server.stdin.write(json.dumps(asked) + "\n")
    _server.stdin.flush()
    answer: int | None = json.loads(_server.stdout.readline())
    return answer


def _end(server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None
    with contextlib.suppress(OSError):
        server.stdin.close()
    server.wait()


# --------------------------------------------------------------------------- the process that forks


def _serve() -> None:
    """A line asks, a line answers: a command's exit status (a signal that ended it as in `subprocess`), the number of a
    process that was begun, or what became of it (null: it runs).
    """
    _import_all()
    answers = os.dup(1)
    for line in sys.stdin:
        asked = json.loads(line)
        if "poll" in asked:
            answer = _ended(asked["poll"], os.WNOHANG)
        else:
            if asked["entry"]:
                importlib.import_module(asked["entry"].partition(":")[0])
            child = os.fork()
            if child == 0:
                os.close(answers)
                _be(asked)
            answer = child if "log" in asked else _ended(child)
        os.write(answers, f"{json.dumps(answer)}\n".encode())


def _ended(child: int, options: int = 0) -> int | None:
    found, status = os.waitpid(child, options)
    return os.waitstatus_to_exitcode(status) if found else None


def _import_all() -> None:
    """What commands import when they run, which is nearly everything, and the tree of commands. None of it starts a
    thread or reads the environment.
    """
    import alembic.command  # noqa: F401
    import psycopg  # noqa: F401

    import alerts
    import monitor
    from monitor.cli.running import commands

    for package in (monitor, alerts):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith(LEFT):
                importlib.import_module(found.name)
    commands()
    assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1, "a thread would be lost by the fork"
    gc.freeze()  # what is there stays: no child's collection walks and copies it


def _be(asked: Mapping[str, Any]) -> None:
    """The child: never comes back."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if "log" in asked:
            log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
        else:
            signal.alarm(int(asked["timeout"]))
            for number, name in enumerate(asked["files"], 1):
                os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        if asked["entry"]:
            module, _, name = asked["entry"].partition(":")
            getattr(importlib.import_module(module), name)(*asked["arguments"])
            status = 0
        else:
            from monitor.cli.running import run_app

            status = run_app(asked["arguments"])
    except Exception:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
